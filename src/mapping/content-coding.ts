// Content-Encoding of a body, or of what is inside message/cpim (row IM-47).

import type { Bytes } from '../base/index.ts';
import { IMDN_TYPE, inflate, IS_COMPOSING_TYPE, type MediaType } from '../mime/index.ts';

/** Unpacked; what is longer is broken: no notification is, and texts have a smaller limit. */
const MAX_OCTETS = 131_072;

/** What linphone compresses: it puts notifications and composing notices into message/cpim, and packs that. */
const PACKED_TYPES: ReadonlySet<string> = new Set(['message/cpim', IMDN_TYPE, IS_COMPOSING_TYPE]);

/** True for the types of which `deflate` is read. `name`: lower case, "type/subtype". */
export function mayBePacked(name: string): boolean {
  return PACKED_TYPES.has(name);
}

/**
 * IM-47: no content-codings, with one exception. Linphone compresses what is not a plain text and longer than 255
 * octets, and does not repeat it after a 415: `deflate` is read there, and nowhere else.
 */
export function decodeContent(
  type: MediaType,
  encoding: string | undefined,
  body: Bytes,
): Bytes | 'coded' | 'broken' {
  const coding = encoding?.trim().toLowerCase() ?? 'identity';
  if (coding === 'identity') return body;
  if (coding !== 'deflate' || !mayBePacked(type.name)) return 'coded';
  return inflate(body, MAX_OCTETS) ?? 'broken';
}
