// What every fuzz target gives to the runner.

export interface FuzzTarget {
  readonly name: string;
  /** Well-formed and interesting inputs to start from. */
  seeds(): readonly Uint8Array[];
  /** Throws when a promised property does not hold. */
  run(input: Uint8Array): void;
}
