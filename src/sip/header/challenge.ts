// Challenges and credentials: WWW-Authenticate, Proxy-Authenticate, Authorization … (RFC 3261 §20.44, RFC 7235 §2.1).

import { fault, ok, type Err, type Fault, type Result } from '../../base/index.ts';
import type { Params } from '../message/types.ts';
import { COMMA, EQUALS, QUOTE, TOKEN, VALUE, skipClass, skipQuoted, skipSpace, unquote } from './chars.ts';
import type { FieldSource } from './single.ts';

export interface Challenge {
  /** Lower case: "digest". */
  readonly scheme: string;
  /** Names in lower case; values without quotes, byte strings. */
  readonly params: Params;
}

const TOKEN68 = /[A-Za-z0-9._~+/-]+=*[ \t]*(?=,|$)/y;

/** All WWW-Authenticate challenges, in order. */
export function wwwAuthenticate(source: FieldSource): Result<readonly Challenge[]> {
  return challenges(source, 'www-authenticate');
}

/** All Proxy-Authenticate challenges, in order. */
export function proxyAuthenticate(source: FieldSource): Result<readonly Challenge[]> {
  return challenges(source, 'proxy-authenticate');
}

function challenges(source: FieldSource, id: string): Result<readonly Challenge[]> {
  const list: Challenge[] = [];
  for (const field of source.headers) {
    if (field.id !== id) continue;
    const line = parseChallenges(field.value);
    if (!line.ok) return line;
    list.push(...line.value);
  }
  return ok(list);
}

/**
 * Reads the challenges (or the credentials) of one field. A comma may go on with the parameters of one or begin the
 * next: a token followed by white space and no "=" is a scheme. Code ERR_SIP_HEADER_CHALLENGE.
 */
export function parseChallenges(raw: string): Result<readonly Challenge[]> {
  const list: Challenge[] = [];
  const end = raw.length;
  let params: Map<string, string | undefined> | undefined;
  let pos = 0;
  for (;;) {
    pos = skipSpace(raw, pos, end);
    let separated = list.length === 0;
    while (raw.charCodeAt(pos) === COMMA) {
      separated = true;
      pos = skipSpace(raw, pos + 1, end);
    }
    if (pos >= end) break;
    const tokenEnd = skipClass(raw, pos, end, TOKEN);
    if (tokenEnd === pos) return broken('no scheme or parameter');
    const after = skipSpace(raw, tokenEnd, end);
    if (raw.charCodeAt(after) === EQUALS) {
      if (params === undefined) return broken('a parameter before the scheme');
      const valueStart = skipSpace(raw, after + 1, end);
      const quoted = raw.charCodeAt(valueStart) === QUOTE;
      const valueEnd = quoted ? skipQuoted(raw, valueStart, end) : skipClass(raw, valueStart, end, VALUE);
      if (valueEnd <= valueStart) return broken('a parameter without value');
      const name = raw.slice(pos, tokenEnd).toLowerCase();
      // RFC 7616 §3.4: no directive twice; two answers to one question are no answer.
      if (params.has(name)) return broken(`the parameter ${name} stands twice`);
      params.set(name, quoted ? unquote(raw, valueStart, valueEnd) : raw.slice(valueStart, valueEnd));
      pos = skipSpace(raw, valueEnd, end);
      if (pos < end && raw.charCodeAt(pos) !== COMMA) return broken('no comma after a parameter');
    } else {
      if (!separated) return broken('no comma before a scheme');
      params = new Map();
      list.push({ scheme: raw.slice(pos, tokenEnd).toLowerCase(), params });
      if (after === tokenEnd && after < end && raw.charCodeAt(after) !== COMMA)
        return broken('no space after the scheme');
      const length = token68Length(raw, after);
      if (length > 0) params = undefined;
      pos = after + length;
    }
  }
  return list.length === 0 ? broken('empty') : ok(list);
}

/** Length of a token68 (RFC 7235 §2.1) with what follows up to a comma or the end: schemes other than Digest. */
function token68Length(raw: string, pos: number): number {
  TOKEN68.lastIndex = pos;
  return TOKEN68.exec(raw)?.[0].length ?? 0;
}

function broken(what: string): Err<Fault> {
  return fault('ERR_SIP_HEADER_CHALLENGE', `not a challenge: ${what}`, 'RFC 3261 §20.44');
}
