// message/cpim (RFC 3862): message headers, then one encapsulated MIME entity. Reading.
//
// Values are kept as written, with their escapes (§2.2: processors preserve all octets); the readers below undo them.

import { fault, fromByteString, latin1Text, ok, type Bytes, type Result } from '../base/index.ts';
import { mimeHeader, parseMimeHeaders, type MimeHeader } from './mime-headers.ts';

/** The namespace of From, To, cc, DateTime, Subject, NS and Require (RFC 3862 §4). */
export const NS_CPIM = 'urn:ietf:params:cpim-headers:';

export interface CpimHeader {
  /** As written, with its prefix: "imdn.Message-ID". */
  readonly name: string;
  /** Parameters as written, for example ";lang=fr"; '' when there are none. */
  readonly params: string;
  /** As written, escapes and all. */
  readonly value: string;
}

export interface CpimMessage {
  readonly headers: readonly CpimHeader[];
  /** MIME header fields of the content; byte strings. */
  readonly contentHeaders: readonly MimeHeader[];
  readonly body: Bytes;
}

export interface CpimLimits {
  readonly maxHeaders: number;
  /** Octets of the message headers together. */
  readonly maxHeaderBytes: number;
}

export const DEFAULT_CPIM_LIMITS: CpimLimits = { maxHeaders: 64, maxHeaderBytes: 16_384 };

// RFC 3862 §3.6: [ Name-prefix "." ] Name ":" *( ";" Parameter ) SP Header-value
const NAME = /^[!#-'*+\-^_`|~0-9A-Za-z]+(?:\.[!#-'*+\-^_`|~0-9A-Za-z]+)?$/;
const PARAMS = /^(?:;[^\s;="]+=(?:"(?:[^"\\]|\\.)*"|[^\s;"]*))+/;

/**
 * Reads a message/cpim body. Lines end with CR LF, or with LF from peers that were careless; empty lines in front are
 * skipped. Faults: ERR_MIME_CPIM, ERR_MIME_HEADER.
 */
export function parseCpim(body: Bytes, limits: CpimLimits = DEFAULT_CPIM_LIMITS): Result<CpimMessage> {
  const text = latin1Text(body);
  let at = 0;
  while (text.startsWith('\r\n', at) || text.startsWith('\n', at)) at += text[at] === '\r' ? 2 : 1;
  const headers: CpimHeader[] = [];
  for (const limit = at + limits.maxHeaderBytes; ;) {
    const lineEnd = text.indexOf('\n', at);
    if (lineEnd < 0) return broken('the message headers do not end with an empty line');
    const end = lineEnd > at && text.charCodeAt(lineEnd - 1) === 0x0d ? lineEnd - 1 : lineEnd;
    if (end > limit) return broken(`more than ${limits.maxHeaderBytes} octets of message headers`);
    const line = text.slice(at, end);
    at = lineEnd + 1;
    if (line === '') break;
    if (headers.length === limits.maxHeaders) return broken(`more than ${limits.maxHeaders} message headers`);
    const header = parseHeaderLine(fromByteString(line));
    if (header === undefined) return broken('a message header line does not fit the grammar');
    headers.push(header);
  }
  if (headers.length === 0) return broken('no message headers');
  const block = parseMimeHeaders(text, at, text.length);
  if (!block.ok) return block;
  return ok({ headers, contentHeaders: block.value.headers, body: body.subarray(block.value.bodyStart) });
}

function parseHeaderLine(line: string): CpimHeader | undefined {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(colon, 0));
  // §2.2: "The header MUST NOT contain any control characters".
  if (!NAME.test(name) || /[\u0000-\u001f\u007f]/.test(line)) return undefined;
  const rest = line.slice(colon + 1);
  const params = PARAMS.exec(rest)?.[0] ?? '';
  return { name, params, value: rest.slice(params.length).trim() };
}

/**
 * The headers of one namespace by their names without prefix (RFC 3862 §3.4): a declaration holds for what follows it;
 * a prefix that was not declared belongs to nobody.
 */
export function cpimHeaders(
  message: CpimMessage,
  namespace: string,
): ReadonlyMap<string, readonly CpimHeader[]> {
  const found = new Map<string, CpimHeader[]>();
  const prefixes = new Map<string, string>([['', NS_CPIM]]);
  for (const header of message.headers) {
    const dot = header.name.indexOf('.');
    const prefix = dot < 0 ? '' : header.name.slice(0, dot);
    const local = header.name.slice(dot + 1);
    if (header.name === 'NS') {
      const declared = /^([^\s<>]*)\s*<([^<>\s]+)>$/.exec(header.value);
      if (declared !== null) prefixes.set(declared[1] ?? '', declared[2] ?? '');
    } else if (prefixes.get(prefix) === namespace) {
      const list = found.get(local);
      if (list === undefined) found.set(local, [header]);
      else list.push(header);
    }
  }
  return found;
}

/** Text of a header value: escapes undone (RFC 3862 §2.3.1). */
export function cpimText(value: string): string {
  if (!value.includes('\\')) return value;
  const text = value.replace(/\\(u[0-9A-Fa-f]{4}|.?)/gsu, (_, escape: string) => {
    if (escape.length === 5) return String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return ESCAPES.get(escape) ?? escape;
  });
  return text.toWellFormed();
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['b', '\b'],
  ['t', '\t'],
  ['n', '\n'],
  ['r', '\r'],
]);

export interface CpimAddress {
  /** Formal-name, '' when absent. */
  readonly displayName: string;
  readonly uri: string;
}

/** Reads `[ Formal-name ] "<" URI ">"` (RFC 3862 §4.1); undefined when it is something else. */
export function parseCpimAddress(value: string): CpimAddress | undefined {
  const match = /^(?:"((?:[^"\\]|\\.)*)"\s*|([^"<>]*))<([^<>\s]+)>$/su.exec(value);
  if (match === null) return undefined;
  return { displayName: cpimText((match[1] ?? match[2] ?? '').trim()), uri: match[3] ?? '' };
}

/** Value of the `lang` parameter (RFC 3862 §3.3). */
export function cpimLanguage(header: CpimHeader): string | undefined {
  return /;lang=([A-Za-z0-9-]+)/.exec(header.params)?.[1];
}

/** Raw value of a MIME header field of the content, named in lower case. */
export function cpimContentHeader(message: CpimMessage, name: string): string | undefined {
  return mimeHeader(message.contentHeaders, name);
}

function broken(message: string): Result<never> {
  return fault('ERR_MIME_CPIM', `message/cpim: ${message}`, 'RFC 3862 §3.6');
}
