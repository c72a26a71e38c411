// What every fuzz target gives to the runner.

export interface FuzzTarget {
  readonly name: string;
  /** Well-formed and interesting inputs to start from. */
  seeds(): readonly Uint8Array[];
  /** Longest ordinary input, octets; one in a thousand may be 16 times that. */
  readonly maxLength?: number;
  /** Throws when a promised property does not hold. */
  run(input: Uint8Array): void;
}
