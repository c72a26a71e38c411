// Time comes through `env`, so that 32 seconds of SIP timers test in a millisecond.

export interface Clock {
  /** Monotonic time in milliseconds; only differences mean anything. */
  now(): number;
  /** Wall-clock time in milliseconds since 1970-01-01T00:00:00Z. */
  wall(): number;
}
