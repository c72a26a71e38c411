// The body of a MESSAGE → what an XMPP message can say (RFC 7572 §7; rows IM-32, IM-40 … IM-50).

import { utf8Length, utf8Text, type Bytes } from '../base/index.ts';
import {
  decodeText,
  htmlToText,
  IMDN_TYPE,
  IS_COMPOSING_TYPE,
  parseImdn,
  parseIsComposing,
  parseMediaType,
  type MediaType,
} from '../mime/index.ts';
import { decodeContent } from './content-coding.ts';
import { readCpimBody } from './cpim-body.ts';
import { readMultipartBody } from './multipart-body.ts';
import {
  isOptional,
  MALFORMED,
  UNSUPPORTED,
  type BodyPlace,
  type SipBody,
  type SipBodyInput,
  type SipBodyOptions,
  type TextBody,
} from './sip-body.ts';
import { cleanText } from './text.ts';

/** Well under the 262,144 octets of a stanza that servers take by default, and over any datagram. */
export const DEFAULT_MAX_TEXT_OCTETS = 100_000;

const EMPTY: SipBody = { kind: 'empty' };
const IGNORED: SipBody = { kind: 'ignored' };
const ENCODED: SipBody = { kind: 'refused', status: 415, headers: [['Accept-Encoding', 'identity']] };
const TOO_LARGE: SipBody = { kind: 'refused', status: 413, headers: [] };

/** Spellings that need no parser: nearly every message has one of these. */
const PLAIN: ReadonlySet<string> = new Set([
  'text/plain',
  'text/plain;charset=UTF-8',
  'text/plain;charset=utf-8',
  'text/plain; charset=UTF-8',
  'text/plain; charset=utf-8',
]);

/** What a MESSAGE says. Never throws for anything a peer can send. */
export function readSipBody(input: SipBodyInput, options: SipBodyOptions = {}): SipBody {
  const { body, contentType, contentEncoding, contentDisposition } = input;
  if (body.length === 0) return EMPTY;
  const limit = options.maxTextOctets ?? DEFAULT_MAX_TEXT_OCTETS;
  if (contentType !== undefined && contentEncoding === undefined && PLAIN.has(contentType)) {
    const text = utf8Text(body);
    if (text !== undefined && text.charCodeAt(0) !== 0xfeff)
      return fitting({ kind: 'text', text: cleanText(text) }, limit);
  }
  const result = readOuter(input, contentType, contentEncoding);
  if (result.kind === 'text') return fitting(result, limit);
  // RFC 3261 §20.11: what need not be understood is left alone.
  return result.kind === 'refused' && isOptional(contentDisposition) ? IGNORED : result;
}

function readOuter(
  input: SipBodyInput,
  contentType: string | undefined,
  encoding: string | undefined,
): SipBody {
  // RFC 3261 §20.15: "The Content-Type header field MUST be present if the body is not empty".
  if (contentType === undefined) return MALFORMED;
  const type = parseMediaType(contentType);
  if (type === undefined) return encoding === undefined ? MALFORMED : ENCODED;
  const body = decodeContent(type, encoding, input.body);
  if (body === 'coded') return ENCODED;
  return body === 'broken' ? MALFORMED : readEntity(type, body, { input, depth: 0, read: readEntity });
}

/** Containers within containers (IM-45). */
const MAX_DEPTH = 4;

/** Reads one entity of known type, itself or what it holds. */
function readEntity(type: MediaType, body: Bytes, place: BodyPlace): SipBody {
  switch (type.name) {
    case 'text/plain':
    case 'text/html':
      return readText(type, body);
    case IS_COMPOSING_TYPE:
      return readComposing(body);
    case IMDN_TYPE: {
      const report = parseImdn(body);
      return report.ok ? { kind: 'imdn', report: report.value } : MALFORMED;
    }
    default:
  }
  const inner: BodyPlace = { ...place, depth: place.depth + 1 };
  if (type.name === 'message/cpim') return inner.depth > MAX_DEPTH ? MALFORMED : readCpimBody(body, inner);
  if (type.name.startsWith('multipart/')) {
    return inner.depth > MAX_DEPTH ? MALFORMED : readMultipartBody(type, body, inner);
  }
  return UNSUPPORTED;
}

function readText(type: MediaType, body: Bytes): SipBody {
  if (body.length === 0) return EMPTY;
  const text = decodeText(body, type.params.get('charset'));
  if (text === undefined) return UNSUPPORTED;
  const isHtml = type.name === 'text/html';
  const plain = cleanText(isHtml ? htmlToText(text) : text);
  if (plain !== '') return { kind: 'text', text: plain };
  // HTML without text is not nothing (an image, perhaps): saying 200 to it would be untrue.
  return isHtml ? UNSUPPORTED : EMPTY;
}

function readComposing(body: Bytes): SipBody {
  const document = parseIsComposing(body);
  if (!document.ok) return MALFORMED;
  const { state, refreshSeconds } = document.value;
  return { kind: 'composing', state, ...(refreshSeconds === undefined ? {} : { refreshSeconds }) };
}

/** IM-32: measured as it will stand in the stanza. */
function fitting(body: TextBody, limit: number): SipBody {
  const { text } = body;
  // No character takes more than three octets a unit, escaped none more than six.
  if (text.length * 6 <= limit) return body;
  let octets = utf8Length(text);
  for (let i = 0; octets <= limit && i < text.length; i++) octets += ESCAPE_COST[text.charCodeAt(i)] ?? 0;
  return octets > limit ? TOO_LARGE : body;
}

/** Octets that `&amp;`, `&lt;`, `&gt;`, `&quot;`, `&apos;` have more than the character. */
const ESCAPE_COST: readonly number[] = Array.from({ length: 0x3f }, (_, code) => {
  const escapes: Readonly<Record<string, number>> = { '&': 4, '<': 3, '>': 3, '"': 5, "'": 5 };
  return escapes[String.fromCharCode(code)] ?? 0;
});
