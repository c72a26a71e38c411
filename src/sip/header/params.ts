// Parameters of header field values: *( SEMI generic-param ) (RFC 3261 §25.1).

import type { Params } from '../message/types.ts';
import {
  COMMA,
  EQUALS,
  QUOTE,
  SEMICOLON,
  TOKEN,
  VALUE,
  matchesAt,
  skipClass,
  skipQuoted,
  skipSpace,
  unquote,
} from './chars.ts';

/** No parameters, shared. */
export const NO_PARAMS: Params = new Map();

/** Outcome of one walk over parameters. */
export interface ParamScan {
  /** Where the walk ended: the end of the text, or a comma; -1 when the syntax is broken. */
  readonly end: number;
  /** Value of the wanted parameter; undefined when it is absent. */
  readonly value: string | undefined;
}

const BROKEN: ParamScan = { end: -1, value: undefined };

/**
 * Checks the parameters from `pos` (at a semicolon, white space, a comma or the end), picks out `wanted` (lower
 * case) and stops before a comma. Puts them all into `into` when it is given: the ordinary message needs one
 * parameter of three and no map. The wanted parameter twice is broken (RFC 3261 §7.3.1), and so it is without a value
 * (§25.1: tag-param, via-branch): a response with our tag beside it would have two.
 */
export function scanParams(
  raw: string,
  pos: number,
  wanted: string,
  into?: Map<string, string | undefined>,
): ParamScan {
  const end = raw.length;
  let value: string | undefined;
  let seen = false;
  for (;;) {
    pos = skipSpace(raw, pos, end);
    if (pos === end || raw.charCodeAt(pos) === COMMA) return { end: pos, value };
    if (raw.charCodeAt(pos) !== SEMICOLON) return BROKEN;
    const nameStart = skipSpace(raw, pos + 1, end);
    const nameEnd = skipClass(raw, nameStart, end, TOKEN);
    if (nameEnd === nameStart) return BROKEN;
    pos = skipSpace(raw, nameEnd, end);
    let valueStart = -1;
    let valueEnd = -1;
    if (pos < end && raw.charCodeAt(pos) === EQUALS) {
      valueStart = skipSpace(raw, pos + 1, end);
      valueEnd =
        raw.charCodeAt(valueStart) === QUOTE
          ? skipQuoted(raw, valueStart, end)
          : skipClass(raw, valueStart, end, VALUE);
      if (valueEnd <= valueStart) return BROKEN;
      pos = valueEnd;
    }
    if (nameEnd - nameStart === wanted.length && matchesAt(raw, nameStart, wanted)) {
      if (seen || valueStart < 0) return BROKEN;
      seen = true;
      value = readValue(raw, valueStart, valueEnd);
    }
    if (into !== undefined) {
      const name = raw.slice(nameStart, nameEnd).toLowerCase();
      // RFC 3261 §7.3.1: no name twice; of those who do it anyway the first counts.
      if (!into.has(name)) into.set(name, valueStart < 0 ? undefined : readValue(raw, valueStart, valueEnd));
    }
  }
}

/** The parameters from `pos` to the end or a comma as a map; undefined when broken. */
export function readParams(
  raw: string,
  pos: number,
): { readonly params: Params; readonly end: number } | undefined {
  const params = new Map<string, string | undefined>();
  const { end } = scanParams(raw, pos, '', params);
  if (end < 0) return undefined;
  return { params: params.size === 0 ? NO_PARAMS : params, end };
}

/** `;name=value` for each; values that are no token are quoted. */
export function formatParams(params: Params): string {
  let text = '';
  for (const [name, value] of params)
    text += value === undefined ? `;${name}` : `;${name}=${formatValue(value)}`;
  return text;
}

/** A token as it is, anything else as a quoted-string; CR, LF and NUL are dropped. */
export function formatValue(value: string): string {
  if (value.length > 0 && skipClass(value, 0, value.length, TOKEN) === value.length) return value;
  return quote(value);
}

/** A quoted-string (RFC 3261 §25.1): `"` and `\` escaped, CR, LF and NUL dropped. */
export function quote(byteString: string): string {
  let text = '"';
  for (const char of byteString) {
    if (char === '\r' || char === '\n' || char === '\0') continue;
    text += char === '"' || char === '\\' ? `\\${char}` : char;
  }
  return `${text}"`;
}

function readValue(raw: string, start: number, end: number): string {
  return raw.charCodeAt(start) === QUOTE ? unquote(raw, start, end) : raw.slice(start, end);
}
