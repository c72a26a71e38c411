// Time as it is held by the hundred thousand: whole hundredths of a second. A number with a fraction, or beyond 31 bits, is an
// object of 16 octets of its own in V8; a small whole one stands in the field that holds it. By the monotonic clock that
// lasts for 248 days, after which the same numbers take the 16 octets.

const TICK_MS = 10;

/** Milliseconds → ticks, the nearest. */
export function toTicks(ms: number): number {
  return Math.round(ms / TICK_MS);
}

/** Ticks → milliseconds. */
export function fromTicks(ticks: number): number {
  return ticks * TICK_MS;
}
