// The session description in the body of a message of the SIP side, alone or within a multipart (SDP-39, SDP-40; RFC 5621), and how
// one of ours is written.

import { utf8Bytes, type Bytes } from '../../base/index.ts';
import {
  decodeTransfer,
  mimeHeader,
  parseDisposition,
  parseMediaType,
  parseMultipart,
  type MediaType,
  type MimePart,
} from '../../mime/index.ts';
import { formatSdp, parseSdp, type SessionDescription } from '../../sdp/index.ts';
import { rawHeaderField, type HeaderField, type SipMessage } from '../../sip/index.ts';

export const SDP_TYPE = 'application/sdp';
/** What Accept says of bodies that hold descriptions. */
export const DESCRIPTION_TYPES: readonly string[] = [SDP_TYPE, 'multipart/mixed', 'multipart/alternative'];

export type BodyRead =
  | { readonly kind: 'none' }
  | { readonly kind: 'description'; readonly description: SessionDescription }
  /** 415: with Accept. 400: `why` is the text of its Warning. */
  | { readonly kind: 'refused'; readonly status: 400 | 415; readonly why: string };

const NONE: BodyRead = { kind: 'none' };
/** Multiparts within multiparts. */
const MAX_DEPTH = 3;

export function readDescription(message: SipMessage): BodyRead {
  const { body } = message;
  if (body.length === 0) return NONE;
  const raw = message.header('content-type');
  // RFC 3261 §20.15: "The Content-Type header field MUST be present if the body is not empty."
  if (raw === undefined) return malformed('a body without Content-Type');
  const coding = message.header('content-encoding') ?? 'identity';
  const read = readPart(raw, body, message.header('content-disposition'), coding, 0);
  return read ?? NONE;
}

/** Undefined: a part that may be passed over. */
function readPart(
  rawType: string,
  body: Bytes,
  rawDisposition: string | undefined,
  coding: string,
  depth: number,
): BodyRead | undefined {
  const disposition = rawDisposition === undefined ? undefined : parseDisposition(rawDisposition);
  const isOptional = disposition?.params.get('handling')?.toLowerCase() === 'optional';
  const type = parseMediaType(rawType);
  if (type === undefined) return malformed('a Content-Type that cannot be read');
  const isPlain = coding.toLowerCase() === 'identity';
  if (isPlain && type.name === SDP_TYPE && (disposition?.name ?? 'session') === 'session') {
    const parsed = parseSdp(body);
    if (parsed.ok) return { kind: 'description', description: parsed.value };
    return malformed(`${parsed.error.message} (${parsed.error.clause ?? 'RFC 8866'})`);
  }
  if (isPlain && type.name.startsWith('multipart/')) return readMultipart(type, body, isOptional, depth);
  // SDP-39: another disposition is another purpose.
  return isOptional ? undefined : { kind: 'refused', status: 415, why: `a body of ${type.name}` };
}

function readMultipart(
  type: MediaType,
  body: Bytes,
  isOptional: boolean,
  depth: number,
): BodyRead | undefined {
  if (depth >= MAX_DEPTH) return malformed('multiparts in multiparts');
  const parsed = parseMultipart(body, type.params.get('boundary'));
  if (!parsed.ok) return malformed(parsed.error.message);
  // RFC 5621 §4.2: of alternatives the last one that is understood.
  const parts = type.name === 'multipart/alternative' ? [...parsed.value].reverse() : parsed.value;
  let found: BodyRead | undefined;
  for (const part of parts) {
    const read = readOne(part, depth);
    if (read?.kind === 'description' && found === undefined) found = read;
    else if (read?.kind === 'refused' && read.status === 400) return read;
    // RFC 5621 §3: a part that has to be understood, and is not.
    else if (read?.kind === 'refused' && isRequired(part) && type.name !== 'multipart/alternative')
      return read;
  }
  if (found !== undefined) return found;
  return isOptional ? undefined : { kind: 'refused', status: 415, why: `no ${SDP_TYPE} in ${type.name}` };
}

function readOne(part: MimePart, depth: number): BodyRead | undefined {
  const content = decodeTransfer(mimeHeader(part.headers, 'content-transfer-encoding'), part.body);
  if (content === undefined) return { kind: 'refused', status: 415, why: 'a Content-Transfer-Encoding' };
  const coding = mimeHeader(part.headers, 'content-encoding') ?? 'identity';
  const disposition = mimeHeader(part.headers, 'content-disposition');
  return readPart(part.contentType, content, disposition, coding, depth + 1);
}

/** Only where it says so: networks add parts of their own (ISUP) without a word about them, and phones ignore them. */
function isRequired({ headers }: MimePart): boolean {
  const raw = mimeHeader(headers, 'content-disposition');
  return raw !== undefined && parseDisposition(raw)?.params.get('handling')?.toLowerCase() === 'required';
}

function malformed(why: string): BodyRead {
  return { kind: 'refused', status: 400, why };
}

export interface WrittenBody {
  readonly headers: readonly HeaderField[];
  readonly body: Bytes | undefined;
}

export const NO_BODY: WrittenBody = { headers: [], body: undefined };

export function writeDescription(description: SessionDescription): WrittenBody {
  return {
    headers: [rawHeaderField('Content-Type', SDP_TYPE)],
    body: utf8Bytes(formatSdp(description)),
  };
}
