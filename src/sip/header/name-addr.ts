// name-addr and addr-spec with header parameters: From, To, Contact, Route … (RFC 3261 §20.10, §25.1).

import {
  fault,
  fromByteString,
  ok,
  toByteString,
  type Err,
  type Fault,
  type Result,
} from '../../base/index.ts';
import type { NameAddr, Params } from '../message/types.ts';
import {
  ALPHA,
  COLON,
  COMMA,
  DISPLAY,
  GREATER,
  LESS,
  QUESTION,
  QUOTE,
  SCHEME,
  SEMICOLON,
  URI,
  isClass,
  skipClass,
  skipQuoted,
  skipSpace,
  unquote,
} from './chars.ts';
import { NO_PARAMS, formatParams, quote, readParams, scanParams } from './params.ts';

/** A parsed value. Display name and parameters are read when asked for: the message path needs URI and tag only. */
class ParsedNameAddr implements NameAddr {
  readonly uri: string;
  readonly tag: string | undefined;
  readonly #raw: string;
  readonly #displayEnd: number;
  readonly #paramsStart: number;
  #params: Params | undefined;

  constructor(raw: string, displayEnd: number, uri: string, paramsStart: number, tag: string | undefined) {
    this.uri = uri;
    this.tag = tag;
    this.#raw = raw;
    this.#displayEnd = displayEnd;
    this.#paramsStart = paramsStart;
  }

  get displayName(): string {
    if (this.#displayEnd === 0) return '';
    const raw = this.#raw.slice(0, this.#displayEnd).trim();
    return fromByteString(
      raw.charCodeAt(0) === QUOTE ? unquote(raw, 0, raw.length) : raw.replaceAll(/[ \t]+/g, ' '),
    );
  }

  get params(): Params {
    this.#params ??= readParams(this.#raw, this.#paramsStart)?.params ?? NO_PARAMS;
    return this.#params;
  }
}

/** Reads one value (not a comma list). The URI is checked for its scheme and for stray characters only. */
export function parseNameAddr(raw: string): Result<NameAddr> {
  const end = raw.length;
  const start = skipSpace(raw, 0, end);
  let displayEnd = 0;
  let open = -1;
  if (raw.charCodeAt(start) === QUOTE) {
    displayEnd = skipQuoted(raw, start, end);
    if (displayEnd < 0) return broken('the quoted display name never ends');
    open = skipSpace(raw, displayEnd, end);
    if (raw.charCodeAt(open) !== LESS) return broken('no "<" after the display name');
  } else {
    // RFC 4475 §3.1.1.6: no white space is needed between a token and "<".
    const stop = skipClass(raw, start, end, DISPLAY);
    if (raw.charCodeAt(stop) === LESS) {
      open = stop;
      displayEnd = stop > start ? stop : 0;
    }
  }
  let uriStart: number;
  let uriEnd: number;
  let pos: number;
  if (open >= 0) {
    uriStart = open + 1;
    uriEnd = skipClass(raw, uriStart, end, URI);
    if (raw.charCodeAt(uriEnd) !== GREATER)
      return broken('the URI holds a character that is not allowed, or no ">" follows');
    pos = uriEnd + 1;
  } else {
    uriStart = start;
    // RFC 3261 §20: a URI with comma, question mark or semicolon must be in angle brackets.
    for (uriEnd = start; uriEnd < end; uriEnd++) {
      const code = raw.charCodeAt(uriEnd);
      if (code === SEMICOLON || !isClass(code, URI)) break;
      if (code === COMMA || code === QUESTION) return broken('"," or "?" in a URI without angle brackets');
    }
    pos = uriEnd;
  }
  if (!hasScheme(raw, uriStart, uriEnd)) return broken('no URI with a scheme');
  const { end: stop, value } = scanParams(raw, pos, 'tag');
  if (stop !== end) return broken('the parameters are broken');
  return ok(new ParsedNameAddr(raw, displayEnd, raw.slice(uriStart, uriEnd), pos, value));
}

/** What `formatNameAddr` writes after the URI. */
export interface NameAddrParts {
  /** Unicode; '' or undefined: none is written. */
  readonly displayName?: string | undefined;
  /** A byte string, already escaped as its scheme demands. */
  readonly uri: string;
  readonly params?: Params | undefined;
}

/**
 * A name-addr as a byte string: display name quoted with `"` and `\` escaped, CR, LF and NUL dropped (RFC 3261
 * §25.1), URI always in angle brackets. Throws for a URI that cannot stand in them (a fault of the caller).
 */
export function formatNameAddr(parts: NameAddrParts): string {
  const { uri, displayName = '', params = NO_PARAMS } = parts;
  if (uri.length === 0 || skipClass(uri, 0, uri.length, URI) !== uri.length) {
    throw new TypeError('a URI with characters that no header field can hold');
  }
  const name = displayName === '' ? '' : `${quote(toByteString(displayName))} `;
  return `${name}<${uri}>${formatParams(params)}`;
}

/** True when [start, end) is scheme ":" and something (RFC 3986 §3.1). */
export function hasScheme(text: string, start: number, end: number): boolean {
  if (start >= end || !isClass(text.charCodeAt(start), ALPHA)) return false;
  const colon = skipClass(text, start, end, SCHEME);
  return colon + 1 < end && text.charCodeAt(colon) === COLON;
}

function broken(what: string): Err<Fault> {
  return fault('ERR_SIP_HEADER_NAME_ADDR', `not a name-addr: ${what}`, 'RFC 3261 §20.10');
}
