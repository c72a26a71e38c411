// SIP-ETag and SIP-If-Match (RFC 3903 §11.3, §12): one token each, compared byte by byte.

import { fault, ok, type Result } from '../../base/index.ts';
import { isToken } from './chars.ts';
import { readSingle, type FieldSource } from './single.ts';

/** Longer ones are not believed: each is held, and comes back with every request. */
const MAX_CHARACTERS = 256;

/** SIP-ETag; undefined when there is none. Codes ERR_SIP_HEADER_TOKEN, ERR_SIP_HEADER_REPEATED. */
export function sipEtag(source: FieldSource): Result<string | undefined> {
  return readSingle(source, 'sip-etag', parseEntityTag);
}

/** SIP-If-Match; undefined when there is none. The same codes. §6 step 3: "a single entity-tag". */
export function sipIfMatch(source: FieldSource): Result<string | undefined> {
  return readSingle(source, 'sip-if-match', parseEntityTag);
}

function parseEntityTag(raw: string): Result<string> {
  if (raw.length <= MAX_CHARACTERS && isToken(raw)) return ok(raw);
  return fault('ERR_SIP_HEADER_TOKEN', 'not an entity-tag', 'RFC 3903 §12');
}
