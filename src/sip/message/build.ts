// Requests and responses from their parts (RFC 3261 §8.1.1, §8.2.6).

import { emptyBytes, type Bytes } from '../../base/index.ts';
import { seemsTagged } from './wreck.ts';
import { CheckedField, checkedField, isOneLine, rawHeaderField } from './field.ts';
import { StoredRequest, StoredResponse } from './message.ts';
import { reasonPhrase } from './reason-phrases.ts';
import type { AnswerableWreck, CSeq, HeaderField, SipRequest, SipResponse } from './types.ts';

/** RFC 3261 §8.1.1.6. */
export const DEFAULT_MAX_FORWARDS = 70;

export interface RequestParts {
  readonly method: string;
  /** A byte string. */
  readonly requestUri: string;
  /** Via values, topmost first; `formatVia` writes one. May be left out when a transaction layer adds it. */
  readonly via?: string | readonly string[] | undefined;
  /** Raw values; `formatNameAddr` writes one. */
  readonly from: string;
  readonly to: string;
  readonly callId: string;
  /** 0 … 2^31 - 1; the method is added. */
  readonly cseq: number;
  readonly maxForwards?: number | undefined;
  /** Further fields, in this order. */
  readonly headers?: readonly HeaderField[] | undefined;
  readonly body?: Bytes | undefined;
}

/** A request. Content-Length is always written. Throws TypeError for a value that cannot be one line. */
export function buildRequest(parts: RequestParts): SipRequest {
  const { method, cseq, maxForwards = DEFAULT_MAX_FORWARDS, body = emptyBytes() } = parts;
  const headers: HeaderField[] = [];
  if (typeof parts.via === 'string') headers.push(rawHeaderField('Via', parts.via));
  else for (const via of parts.via ?? []) headers.push(rawHeaderField('Via', via));
  headers.push(
    new CheckedField('Max-Forwards', 'max-forwards', String(maxForwards)),
    ownField('From', 'from', parts.from),
    ownField('To', 'to', parts.to),
    ownField('Call-ID', 'call-id', parts.callId),
    ownField('CSeq', 'cseq', `${cseq} ${method}`),
  );
  if (parts.headers !== undefined) for (const field of parts.headers) headers.push(checkedField(field));
  headers.push(contentLength(body));
  const value: CSeq = { number: cseq, method };
  return new StoredRequest(method, parts.requestUri, maxForwards, headers, body, {
    callId: parts.callId,
    cseq: value,
  });
}

/** `rawHeaderField` for a name that is known here. */
function ownField(name: string, id: string, value: string): HeaderField {
  if (!isOneLine(value)) throw new TypeError(`a value of ${name} with a line end or a char above U+00FF`);
  return new CheckedField(name, id, value);
}

export interface ResponseParts {
  /** Unicode; the registered phrase when left out. */
  readonly reason?: string | undefined;
  /** Added to To when the request had none there and the status is not 100 (RFC 3261 §8.2.6.2). */
  readonly toTag?: string | undefined;
  readonly headers?: readonly HeaderField[] | undefined;
  readonly body?: Bytes | undefined;
}

const COPIED_IDS = new Set(['via', 'from', 'to', 'call-id', 'cseq']);

/** RFC 3261 §8.2.6: Via, From, To, Call-ID and CSeq of the request, in its order; Timestamp too in a 100. */
export function buildResponse(request: SipRequest, status: number, parts: ResponseParts = {}): SipResponse {
  const { reason = reasonPhrase(status), toTag, body = emptyBytes() } = parts;
  const headers: HeaderField[] = [];
  const tagged = toTag !== undefined && status !== 100 && request.to.tag === undefined;
  const fields = request.headers;
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i];
    if (field === undefined) continue;
    if (COPIED_IDS.has(field.id)) {
      headers.push(
        tagged && field.id === 'to'
          ? rawHeaderField(field.name, `${field.value};tag=${toTag}`)
          : checkedField(field),
      );
    } else if (status === 100 && field.id === 'timestamp') {
      headers.push(checkedField(field));
    }
  }
  if (parts.headers !== undefined) for (const field of parts.headers) headers.push(checkedField(field));
  headers.push(contentLength(body));
  return new StoredResponse(status, reason, headers, body, {
    via: request.via,
    from: request.from,
    ...(tagged ? {} : { to: request.to }),
    callId: request.callId,
    cseq: request.cseq,
  });
}

/**
 * The stateless answer to a request that could not be parsed: its raw values as they stand, what was missing left
 * out (RFC 3261 §8.2.6.2, §8.2.7). Only to be serialised: its typed values may be as broken as the request.
 */
export function buildWreckResponse(
  wreck: AnswerableWreck,
  status: number,
  reason: string,
  toTag: string,
): SipResponse {
  const headers: HeaderField[] = [];
  for (const via of wreck.vias) headers.push(rawHeaderField('Via', via));
  if (wreck.from !== '') headers.push(rawHeaderField('From', wreck.from));
  if (wreck.to !== '') {
    const to = status === 100 || seemsTagged(wreck.to) ? wreck.to : `${wreck.to};tag=${toTag}`;
    headers.push(rawHeaderField('To', to));
  }
  if (wreck.callId !== '') headers.push(rawHeaderField('Call-ID', wreck.callId));
  if (wreck.cseq !== '') headers.push(rawHeaderField('CSeq', wreck.cseq));
  headers.push(NO_CONTENT);
  return new StoredResponse(status, reason, headers, emptyBytes(), {});
}

const NO_CONTENT = new CheckedField('Content-Length', 'content-length', '0');

function contentLength(body: Bytes): HeaderField {
  return body.length === 0
    ? NO_CONTENT
    : new CheckedField('Content-Length', 'content-length', String(body.length));
}
