// Fields of time: Expires, Min-Expires, Date, Retry-After (RFC 3261 §20.19, §20.23, §20.17, §20.33).

import {
  fault,
  fromByteString,
  ok,
  toByteString,
  type Err,
  type Fault,
  type Result,
} from '../../base/index.ts';
import { readNumber } from './chars.ts';
import { readParams } from './params.ts';
import { readSingle, type FieldSource } from './single.ts';

/** RFC 3261 §20.19: 0 … 2**32 - 1. */
const MAX_DELTA_SECONDS = 2 ** 32 - 1;
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const SIP_DATE =
  /^(Sun|Mon|Tue|Wed|Thu|Fri|Sat), ([0-9]{2}) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT$/;

/** Seconds in 0 … 2^32 - 1; code ERR_SIP_HEADER_DELTA_SECONDS. RFC 4475 §3.1.2.4: whoever meets a fault may take the default. */
export function parseDeltaSeconds(raw: string): Result<number> {
  const seconds = readNumber(raw, 0, raw.length);
  return seconds < 0 || seconds > MAX_DELTA_SECONDS
    ? fault('ERR_SIP_HEADER_DELTA_SECONDS', 'not 0 … 2^32 - 1 seconds', 'RFC 3261 §20.19')
    : ok(seconds);
}

/** Expires in seconds; undefined when absent. */
export function expires(source: FieldSource): Result<number | undefined> {
  return readSingle(source, 'expires', parseDeltaSeconds);
}

/** Min-Expires in seconds; undefined when absent. */
export function minExpires(source: FieldSource): Result<number | undefined> {
  return readSingle(source, 'min-expires', parseDeltaSeconds);
}

/** Date in milliseconds since 1970; undefined when absent. Only GMT is a time zone (RFC 4475 §3.1.2.12). */
export function date(source: FieldSource): Result<number | undefined> {
  return readSingle(source, 'date', parseSipDate);
}

/** Reads a SIP-date, which is compared with case; code ERR_SIP_HEADER_DATE. The day of the week must be the right one. */
export function parseSipDate(raw: string): Result<number> {
  const match = SIP_DATE.exec(raw);
  if (match === null) return badDate('not "Sat, 13 Nov 2010 23:29:00 GMT"');
  const [, weekday = '', day, month = '', year, hour, minute, second] = match;
  const ms = Date.UTC(
    Number(year),
    MONTHS.indexOf(month),
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
  const read = new Date(ms);
  // Date.UTC carries 31 February over to March, and 24:00 to the next day.
  if (
    read.getUTCDate() !== Number(day) ||
    read.getUTCHours() !== Number(hour) ||
    read.getUTCMinutes() !== Number(minute)
  ) {
    return badDate('no such day or time');
  }
  return read.getUTCDay() === DAYS.indexOf(weekday) ? ok(ms) : badDate('another day of the week');
}

/** A SIP-date of milliseconds since 1970. */
export function formatSipDate(ms: number): string {
  const at = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${DAYS[at.getUTCDay()] ?? ''}, ${two(at.getUTCDate())} ${MONTHS[at.getUTCMonth()] ?? ''}`;
  const time = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
  return `${day} ${String(at.getUTCFullYear()).padStart(4, '0')} ${time} GMT`;
}

export interface RetryAfter {
  readonly seconds: number;
  /** Decoded; '' when absent. */
  readonly comment: string;
  /** Seconds of reachability after that; undefined: without end. */
  readonly duration: number | undefined;
}

/** Retry-After; undefined when absent. */
export function retryAfter(source: FieldSource): Result<RetryAfter | undefined> {
  return readSingle(source, 'retry-after', parseRetryAfter);
}

/** Reads `delta-seconds [ comment ] *( ";" param )`; codes ERR_SIP_HEADER_RETRY_AFTER, ERR_SIP_HEADER_DELTA_SECONDS. */
export function parseRetryAfter(raw: string): Result<RetryAfter> {
  const digits = /^[0-9]+/.exec(raw)?.[0] ?? '';
  const seconds = parseDeltaSeconds(digits);
  if (!seconds.ok) return seconds;
  let pos = digits.length;
  let comment = '';
  const gap = /^[ \t]*\(/.exec(raw.slice(pos));
  if (gap !== null) {
    const end = endOfComment(raw, pos + gap[0].length);
    if (end < 0) return badRetry('the comment never ends');
    comment = fromByteString(raw.slice(pos + gap[0].length, end - 1).replaceAll(/\\(.)/g, '$1'));
    pos = end;
  }
  const rest = readParams(raw, pos);
  if (rest?.end !== raw.length) return badRetry('the parameters are broken');
  const text = rest.params.get('duration');
  const duration = text === undefined ? undefined : parseDeltaSeconds(text);
  if (duration?.ok === false) return duration;
  return ok({ seconds: seconds.value, comment, duration: duration?.value });
}

/** A Retry-After value as a byte string; the comment loses what would end it. */
export function formatRetryAfter(value: Pick<RetryAfter, 'seconds'> & Partial<RetryAfter>): string {
  const { seconds, comment = '', duration } = value;
  const text = toByteString(comment.replaceAll(/[\r\n\0]+/g, ' ').replaceAll(/[()\\]/g, '\\$&'));
  return `${seconds}${text === '' ? '' : ` (${text})`}${duration === undefined ? '' : `;duration=${duration}`}`;
}

/** Index after the parenthesis that closes a comment whose content starts at `pos`; comments nest (RFC 3261 §25.1). */
function endOfComment(raw: string, pos: number): number {
  let depth = 1;
  for (let i = pos; i < raw.length; i++) {
    const char = raw[i];
    if (char === '\\') i++;
    else if (char === '(') depth++;
    else if (char === ')' && --depth === 0) return i + 1;
  }
  return -1;
}

function badDate(what: string): Err<Fault> {
  return fault('ERR_SIP_HEADER_DATE', `not a SIP-date: ${what}`, 'RFC 3261 §20.17');
}

function badRetry(what: string): Err<Fault> {
  return fault('ERR_SIP_HEADER_RETRY_AFTER', `not a Retry-After: ${what}`, 'RFC 3261 §20.33');
}
