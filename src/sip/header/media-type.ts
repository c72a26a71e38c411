// Content-Type (RFC 3261 §20.15) and the media types of Accept (§20.1).

import { fault, ok, type Err, type Fault, type Result } from '../../base/index.ts';
import type { Params } from '../message/types.ts';
import { SLASH, TOKEN, skipClass, skipSpace } from './chars.ts';
import { NO_PARAMS, readParams } from './params.ts';
import { readSingle, type FieldSource } from './single.ts';

export interface MediaType {
  /** Lower case, for example "text". */
  readonly type: string;
  /** Lower case, for example "plain". */
  readonly subtype: string;
  readonly params: Params;
}

const TEXT_PLAIN: Result<MediaType> = ok({ type: 'text', subtype: 'plain', params: NO_PARAMS });

/** Reads `type "/" subtype *( ";" parameter )`. */
export function parseMediaType(raw: string): Result<MediaType> {
  if (raw === 'text/plain') return TEXT_PLAIN;
  const end = raw.length;
  const start = skipSpace(raw, 0, end);
  const typeEnd = skipClass(raw, start, end, TOKEN);
  const slash = skipSpace(raw, typeEnd, end);
  const subtypeStart = skipSpace(raw, slash + 1, end);
  const subtypeEnd = skipClass(raw, subtypeStart, end, TOKEN);
  if (typeEnd === start || raw.charCodeAt(slash) !== SLASH || subtypeEnd === subtypeStart) {
    return broken('no type/subtype');
  }
  const rest = readParams(raw, subtypeEnd);
  if (rest?.end !== end) return broken('the parameters are broken');
  const type = raw.slice(start, typeEnd).toLowerCase();
  const subtype = raw.slice(subtypeStart, subtypeEnd).toLowerCase();
  return ok({ type, subtype, params: rest.params });
}

/** Content-Type of a message or body part, not remembered. */
export function readContentType(source: FieldSource): Result<MediaType | undefined> {
  return readSingle(source, 'content-type', parseMediaType);
}

function broken(what: string): Err<Fault> {
  return fault('ERR_SIP_HEADER_MEDIA_TYPE', `not a media type: ${what}`, 'RFC 3261 §20.15');
}
