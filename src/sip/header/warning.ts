// Warning (RFC 3261 §20.43).

import { fault, fromByteString, ok, toByteString, type Result } from '../../base/index.ts';
import { QUOTE, skipQuoted, unquote } from './chars.ts';
import { quote } from './params.ts';
import { readList, type FieldSource } from './single.ts';

export interface Warning {
  /** 300 … 399 for SIP. */
  readonly code: number;
  /** Host and port, or a pseudonym. */
  readonly agent: string;
  /** Decoded. */
  readonly text: string;
}

/** All warnings. Of no use but to be shown: a reader may pass over a fault (RFC 4475 §3.1.2.5). */
export function warnings(source: FieldSource): Result<readonly Warning[]> {
  return readList(source, 'warning', parseWarning);
}

/** Reads `3DIGIT SP agent SP quoted-string`; code ERR_SIP_HEADER_WARNING. */
export function parseWarning(raw: string): Result<Warning> {
  const match = /^([0-9]{3})[ \t]+([^\s",]+)[ \t]+/.exec(raw);
  const start = match?.[0].length ?? 0;
  if (
    match === null ||
    raw.charCodeAt(start) !== QUOTE ||
    skipQuoted(raw, start, raw.length) !== raw.length
  ) {
    return fault('ERR_SIP_HEADER_WARNING', 'not a warning', 'RFC 3261 §20.43');
  }
  return ok({
    code: Number(match[1]),
    agent: match[2] ?? '',
    text: fromByteString(unquote(raw, start, raw.length)),
  });
}

/** A Warning value as a byte string. `agent` is ours: a host, not text of a peer. */
export function formatWarning(warning: Warning): string {
  return `${String(warning.code).padStart(3, '0')} ${warning.agent} ${quote(toByteString(warning.text))}`;
}
