// Date and time as XML formats write them. Source: RFC 3339 §5.6, XEP-0082 1.1.

/** The first and the last millisecond that four digits of year can say. */
const YEAR_0_MS = -62_167_219_200_000;
const YEAR_9999_MS = 253_402_300_799_999;

/**
 * UTC with "Z" (XEP-0082 §3.2), with a fraction only when there is one.
 * The range of the format is the years 0000–9999; times outside it are drawn to its ends.
 */
export function formatDateTime(wallMs: number): string {
  const bounded = Math.min(Math.max(wallMs, YEAR_0_MS), YEAR_9999_MS);
  const text = new Date(bounded).toISOString();
  return text.endsWith('.000Z') ? `${text.slice(0, -5)}Z` : text;
}
