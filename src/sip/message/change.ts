// "Changing" a message: a new one that shares what stays the same.

import type { Bytes } from '../../base/index.ts';
import { ParsedVia, parseVia } from '../header/via.ts';
import { CheckedField, checkedField, rawHeaderField } from './field.ts';
import { StoredRequest, StoredResponse } from './message.ts';
import { readNumber, SEMICOLON } from '../header/chars.ts';
import type { HeaderField, SipMessage, SipRequest, SipResponse } from './types.ts';

/** The message with this field in the place of all fields of its id, or at the end when there was none. */
export function withHeader(message: SipRequest, field: HeaderField): SipRequest;
export function withHeader(message: SipResponse, field: HeaderField): SipResponse;
export function withHeader(message: SipMessage, field: HeaderField): SipMessage;
export function withHeader(message: SipMessage, field: HeaderField): SipMessage {
  const checked = checkedField(field);
  const headers: HeaderField[] = [];
  let placed = false;
  for (const old of message.headers) {
    if (old.id !== checked.id) headers.push(old);
    else if (!placed) {
      headers.push(checked);
      placed = true;
    }
  }
  if (!placed) headers.push(checked);
  return rebuilt(message, headers, message.body, checked.id);
}

/** The message with this field before all others of its id (a Via, a Record-Route), or first of all when there is none. */
export function withFirstHeader(message: SipRequest, field: HeaderField): SipRequest;
export function withFirstHeader(message: SipResponse, field: HeaderField): SipResponse;
export function withFirstHeader(message: SipMessage, field: HeaderField): SipMessage;
export function withFirstHeader(message: SipMessage, field: HeaderField): SipMessage {
  const checked = checkedField(field);
  const index = Math.max(
    0,
    message.headers.findIndex((old) => old.id === checked.id),
  );
  return rebuilt(message, message.headers.toSpliced(index, 0, checked), message.body, checked.id);
}

/** The message without any field of this id. */
export function withoutHeader(message: SipRequest, id: string): SipRequest;
export function withoutHeader(message: SipResponse, id: string): SipResponse;
export function withoutHeader(message: SipMessage, id: string): SipMessage;
export function withoutHeader(message: SipMessage, id: string): SipMessage {
  const headers = message.headers.filter((field) => field.id !== id);
  return headers.length === message.headers.length ? message : rebuilt(message, headers, message.body, id);
}

/** The message with another body, its Content-Length, and this Content-Type when one is given. */
export function withBody(message: SipRequest, body: Bytes, contentType?: HeaderField): SipRequest;
export function withBody(message: SipResponse, body: Bytes, contentType?: HeaderField): SipResponse;
export function withBody(message: SipMessage, body: Bytes, contentType?: HeaderField): SipMessage;
export function withBody(message: SipMessage, body: Bytes, contentType?: HeaderField): SipMessage {
  const length = rawHeaderField('Content-Length', String(body.length));
  const typed = contentType === undefined ? message : withHeader(message, contentType);
  const measured = withHeader(typed, length);
  return rebuilt(measured, measured.headers, body, length.id);
}

/** What a server adds to the topmost Via (RFC 3261 §18.2.1, RFC 3581 §4). */
export interface ReceivedFrom {
  /** The source address, IPv6 without brackets (RFC 5118 §4.5); undefined: not added. */
  readonly received?: string | undefined;
  /** The source port; written only when the client asked by `;rport`. */
  readonly rport?: number | undefined;
}

/**
 * The request with `received` and `rport` in its topmost Via. Values of them that the sender wrote himself are
 * dropped: they would direct the response. All other values are shared, nothing else is parsed again.
 */
export function withTopVia(request: SipRequest, from: ReceivedFrom): SipRequest {
  const index = request.headers.findIndex((field) => field.id === 'via');
  const field = request.headers[index];
  if (field === undefined) return request;
  const old = request.via instanceof ParsedVia && request.via.raw === field.value ? request.via : undefined;
  const top = old ?? mustParse(field.value);
  const protocol = top.raw.slice(0, top.paramsStart).trimEnd();
  let value = plainRport(top, from) ?? '';
  let asked = value !== '';
  if (!asked) {
    value = protocol;
    forEachParam(top, (name, text) => {
      if (name === 'received') return;
      if (name === 'rport') {
        asked = true;
        value += from.rport === undefined ? ';rport' : `;rport=${from.rport}`;
      } else value += text;
    });
  }
  if (from.received !== undefined) value += `;received=${from.received}`;
  if (!asked && from.received === undefined && value.length === top.end) return request;
  // Nothing that was read changes, so nothing is read again.
  const { transport, host, port, branch } = top;
  const whole = value + top.raw.slice(top.end);
  const via = new ParsedVia(whole, transport, host, port, protocol.length, value.length, branch);
  // `received` and `rport` come from the socket, the rest was one line before.
  const headers = request.headers.with(index, new CheckedField(field.name, field.id, whole));
  const { method, requestUri, maxForwards: hops, body, from: sender, to, callId, cseq } = request;
  const core = { via, from: sender, to, callId, cseq };
  const uri = request instanceof StoredRequest ? request.uri : undefined;
  return new StoredRequest(method, requestUri, hops, headers, body, core, uri);
}

const RPORT = ';rport';

/**
 * The value with its port in the place of a bare `;rport`, as nearly every client writes it; undefined when it has to
 * be looked at more closely.
 */
function plainRport(top: ParsedVia, from: ReceivedFrom): string | undefined {
  const { raw, end, paramsStart } = top;
  const at = raw.indexOf(RPORT, paramsStart);
  const after = at + RPORT.length;
  if (at < 0 || after > end || from.rport === undefined) return undefined;
  if (after < end && raw.charCodeAt(after) !== SEMICOLON) return undefined;
  const folded = raw.slice(paramsStart, end).toLowerCase();
  if (folded.includes('"') || folded.includes('received')) return undefined;
  if (folded.indexOf('rport') !== folded.lastIndexOf('rport')) return undefined;
  return `${raw.slice(0, after)}=${from.rport}${raw.slice(after, end)}`;
}

/** Calls `visit` with the lower-case name and the text `;name=value` of each parameter of the value. */
function forEachParam(via: ParsedVia, visit: (name: string, text: string) => void): void {
  const { raw, end } = via;
  let start = raw.indexOf(';', via.paramsStart);
  while (start >= 0 && start < end) {
    let stop = start + 1;
    for (let quoted = false; stop < end; stop++) {
      const char = raw[stop];
      if (char === '"') quoted = !quoted;
      else if (quoted && char === '\\') stop++;
      else if (!quoted && char === ';') break;
    }
    const text = raw.slice(start + 1, stop).trim();
    const equals = text.indexOf('=');
    visit((equals < 0 ? text : text.slice(0, equals)).trimEnd().toLowerCase(), `;${text}`);
    start = stop;
  }
}

function mustParse(raw: string): ParsedVia {
  const via = parseVia(raw);
  if (!via.ok) throw new TypeError(`a Via that cannot be read back: ${via.error.message}`);
  return via.value;
}

/** A message of the same kind with other fields. Its values are read again when asked for. */
function rebuilt(
  message: SipMessage,
  headers: readonly HeaderField[],
  body: Bytes,
  changedId: string,
): SipMessage {
  if (message.kind === 'response')
    return new StoredResponse(message.status, message.reason, headers, body, {});
  const hops = maxForwards(message, headers, changedId);
  return new StoredRequest(message.method, message.requestUri, hops, headers, body, {});
}

function maxForwards(
  request: SipRequest,
  headers: readonly HeaderField[],
  changedId: string,
): number | undefined {
  if (changedId !== 'max-forwards') return request.maxForwards;
  const value = headers.find((field) => field.id === changedId)?.value;
  const hops = value === undefined ? -1 : readNumber(value, 0, value.length);
  return hops < 0 ? undefined : hops;
}
