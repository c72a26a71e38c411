// Multipart bodies (row IM-45; RFC 2046 §5.1): the part that says most to an XMPP user.

import type { Bytes } from '../base/index.ts';
import {
  decodeTransfer,
  mimeHeader,
  parseMediaType,
  parseMultipart,
  type MediaType,
  type MimePart,
} from '../mime/index.ts';
import { isOptional, MALFORMED, UNSUPPORTED, type BodyPlace, type SipBody } from './sip-body.ts';
import { languageForXml } from './languages.ts';

export function readMultipartBody(type: MediaType, body: Bytes, place: BodyPlace): SipBody {
  const parsed = parseMultipart(body, type.params.get('boundary'));
  if (!parsed.ok) return MALFORMED;
  const parts = parsed.value;
  // RFC 1847 §2.1: the first part is what was signed, the second the signature.
  if (type.name === 'multipart/signed') return firstUseful(parts.slice(0, 1), place);
  if (type.name === 'multipart/alternative') return bestAlternative(parts, place);
  // RFC 2046 §5.1.3: a multipart of unknown subtype is read as mixed.
  return firstUseful(parts, place);
}

/** text/plain wins over everything; else RFC 2046 §5.1.4: the last one that is understood is the best. */
function bestAlternative(parts: readonly MimePart[], place: BodyPlace): SipBody {
  const plain = parts.filter((part) => parseMediaType(part.contentType)?.name === 'text/plain');
  const first = firstUseful(plain, place);
  return first.kind === 'text' ? first : firstUseful([...parts].reverse(), place);
}

/** The first part with text, else the first with anything; a part that must be understood and is not spoils nothing. */
function firstUseful(parts: readonly MimePart[], place: BodyPlace): SipBody {
  let other: SipBody | undefined;
  for (const part of parts) {
    const read = readPart(part, place);
    if (read.kind === 'text') return read;
    if (other === undefined || other.kind === 'refused' || other.kind === 'empty') {
      if (read.kind !== 'refused' || other === undefined) other = read;
    }
  }
  return other ?? UNSUPPORTED;
}

function readPart(part: MimePart, place: BodyPlace): SipBody {
  const type = parseMediaType(part.contentType);
  if (type === undefined) return MALFORMED;
  const content = decodeTransfer(mimeHeader(part.headers, 'content-transfer-encoding'), part.body);
  const encoding = mimeHeader(part.headers, 'content-encoding') ?? 'identity';
  const usable = content !== undefined && encoding.toLowerCase() === 'identity';
  const read = usable ? place.read(type, content, place) : UNSUPPORTED;
  if (read.kind === 'text') {
    const lang = languageForXml(mimeHeader(part.headers, 'content-language') ?? '');
    return lang === undefined || read.lang !== undefined ? read : { ...read, lang };
  }
  return read.kind === 'refused' && isOptional(mimeHeader(part.headers, 'content-disposition'))
    ? { kind: 'ignored' }
    : read;
}
