// Accept, Accept-Encoding, Accept-Language: what the peer can take, with preferences (RFC 3261 §20.1 … §20.3).

import { fault, ok, type Result } from '../../base/index.ts';
import type { Params } from '../message/types.ts';
import { parseMediaType, type MediaType } from './media-type.ts';
import { readList, type FieldSource } from './single.ts';
import { parseTokenWithParams } from './tokens.ts';

export interface AcceptRange extends MediaType {
  /** 0 … 1; 1 when not given, 0: not acceptable. */
  readonly q: number;
}

/** A coding or a language range. */
export interface AcceptToken {
  /** Lower case; may be "*". */
  readonly token: string;
  readonly q: number;
}

/**
 * The media ranges in order, type and subtype may be "*". `undefined` when the field is absent: then application/sdp
 * is meant, and for MESSAGE text/plain (RFC 3261 §20.1, RFC 3428 §9). An empty field accepts nothing: `[]`.
 */
export function accept(source: FieldSource): Result<readonly AcceptRange[] | undefined> {
  if (!source.headers.some((field) => field.id === 'accept')) return ok(undefined);
  return readList(source, 'accept', (raw) => {
    const type = parseMediaType(raw);
    if (!type.ok) return type;
    const q = quality(type.value.params);
    return q.ok ? ok<AcceptRange>({ ...type.value, q: q.value }) : q;
  });
}

/** Codings in order; undefined when the field is absent: then identity is meant (RFC 3261 §20.2). */
export function acceptEncoding(source: FieldSource): Result<readonly AcceptToken[] | undefined> {
  return acceptTokens(source, 'accept-encoding');
}

/** Language ranges in order; undefined when the field is absent: then any is welcome (RFC 3261 §20.3). */
export function acceptLanguage(source: FieldSource): Result<readonly AcceptToken[] | undefined> {
  return acceptTokens(source, 'accept-language');
}

function acceptTokens(source: FieldSource, id: string): Result<readonly AcceptToken[] | undefined> {
  if (!source.headers.some((field) => field.id === id)) return ok(undefined);
  return readList(source, id, (raw) => {
    const read = parseTokenWithParams(raw);
    if (!read.ok) return read;
    const q = quality(read.value.params);
    return q.ok ? ok<AcceptToken>({ token: read.value.token.toLowerCase(), q: q.value }) : q;
  });
}

/** True when a list of `accept` takes this type: the most special range that fits decides (RFC 2616 §14.1). */
export function acceptsType(ranges: readonly AcceptRange[], type: string, subtype: string): boolean {
  let best = -1;
  let q = 0;
  for (const range of ranges) {
    const special =
      range.subtype === subtype && range.type === type
        ? 2
        : range.type === type && range.subtype === '*'
          ? 1
          : 0;
    if (special === 0 && !(range.type === '*' && range.subtype === '*')) continue;
    if (special > best) {
      best = special;
      q = range.q;
    }
  }
  return q > 0;
}

function quality(params: Params): Result<number> {
  const text = params.get('q');
  if (text === undefined) return ok(1);
  // RFC 3261 §25.1: qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )
  if (!/^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/.test(text)) {
    return fault('ERR_SIP_HEADER_QVALUE', 'the q parameter is not 0 … 1', 'RFC 3261 §25.1');
  }
  return ok(Number(text));
}
