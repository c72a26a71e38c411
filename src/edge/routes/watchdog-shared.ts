// What the main thread and the watchdog share: four numbers, written by one and read by the other.

/** Places in the shared array. */
export const CELL = {
  /** Counts up while the main thread gets round. */
  beat: 0,
  /** 1 + index in HOOKS of the hook that runs now; 0: none does. */
  hook: 1,
  /** 1: end. */
  stop: 2,
} as const;

export const CELLS = 3;

export interface WatchdogData {
  readonly cells: SharedArrayBuffer;
  readonly hooks: readonly string[];
  /** How often the main thread counts, and how long it may not before it is told. */
  readonly beatMs: number;
  readonly patienceMs: number;
  readonly node: string;
}
