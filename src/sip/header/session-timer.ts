// Session-Expires and Min-SE (RFC 4028 §4, §5). The absolute minimum is a matter of the session, not of the syntax: a
// proxy may write less, and is answered 422 (§13 begins with 50 s).

import { fault, ok, type Result } from '../../base/index.ts';
import { DIGIT, skipClass } from './chars.ts';
import { readParams } from './params.ts';
import { readSingle, type FieldSource } from './single.ts';
import { parseDeltaSeconds } from './time.ts';
import type { Params } from '../message/types.ts';

export interface SessionExpires {
  readonly seconds: number;
  /** Who refreshes: the client or the server of this transaction. Absent: not chosen (or a word that is neither). */
  readonly refresher?: 'uac' | 'uas';
}

/** Session-Expires, also as "x"; undefined when there is none. Codes ERR_SIP_HEADER_DELTA_SECONDS, …_TOKEN, …_REPEATED. */
export function sessionExpires(source: FieldSource): Result<SessionExpires | undefined> {
  return readSingle(source, 'session-expires', (raw) => {
    const read = deltaWithParams(raw);
    if (!read.ok) return read;
    const refresher = read.value.params.get('refresher')?.toLowerCase();
    return ok<SessionExpires>(
      refresher === 'uac' || refresher === 'uas'
        ? { seconds: read.value.seconds, refresher }
        : { seconds: read.value.seconds },
    );
  });
}

/** The value of Session-Expires. */
export function formatSessionExpires({ seconds, refresher }: SessionExpires): string {
  return refresher === undefined ? String(seconds) : `${seconds};refresher=${refresher}`;
}

/** Min-SE in seconds; undefined when there is none. The same codes. */
export function minSe(source: FieldSource): Result<number | undefined> {
  return readSingle(source, 'min-se', (raw) => {
    const read = deltaWithParams(raw);
    return read.ok ? ok(read.value.seconds) : read;
  });
}

function deltaWithParams(raw: string): Result<{ readonly seconds: number; readonly params: Params }> {
  const digits = skipClass(raw, 0, raw.length, DIGIT);
  const seconds = parseDeltaSeconds(raw.slice(0, digits));
  if (!seconds.ok) return seconds;
  const rest = readParams(raw, digits);
  if (rest?.end !== raw.length) {
    return fault('ERR_SIP_HEADER_TOKEN', 'broken parameters after the seconds', 'RFC 4028 §4');
  }
  return ok({ seconds: seconds.value, params: rest.params });
}
