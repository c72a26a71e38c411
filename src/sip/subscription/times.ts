// When a subscription is refreshed and when a lost one is tried again. Jitter keeps thousands apart.

/** Refreshed when this part of its time is over, and at the latest at that one. */
const REFRESH_FROM = 0.75;
const REFRESH_TO = 0.9;
/** At least so long before the expiry, in milliseconds: a request may take one try at a dead server (timer F). */
const REFRESH_MARGIN_MS = 40_000;
/** A notifier that grants seconds is not asked every second. */
const MIN_REFRESH_MS = 5000;
const FIRST_RETRY_MS = 30_000;
const MAX_RETRY_MS = 3_600_000;

/**
 * Milliseconds until a subscription of so many seconds is refreshed. `unit` is random in [0, 1). Between 75 % and 90 % of
 * its time; 40 s before its end where that is sooner, but never before half of it.
 */
export function refreshDelayMs(seconds: number, unit: number): number {
  const wholeMs = seconds * 1000;
  const share = REFRESH_FROM + (REFRESH_TO - REFRESH_FROM) * unit;
  const inTime = Math.min(wholeMs * share, wholeMs - REFRESH_MARGIN_MS);
  return Math.max(inTime, wholeMs / 2, MIN_REFRESH_MS);
}

/**
 * Milliseconds until the next try after so many failures in a row: 30 s, doubled up to an hour, and not before
 * `atLeastSeconds`. A quarter of it, up or (where nothing was asked for) down, is chance.
 */
export function retryDelayMs(failures: number, atLeastSeconds: number, unit: number): number {
  const backOff = Math.min(FIRST_RETRY_MS * 2 ** Math.min(failures, 16), MAX_RETRY_MS);
  const asked = atLeastSeconds * 1000;
  return asked > backOff * 0.75 ? asked * (1 + unit / 4) : backOff * (0.75 + unit / 2);
}
