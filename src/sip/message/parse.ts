// The parser of SIP messages (RFC 3261 §7, §18.3, §25.1; torture tests RFC 4475 and RFC 5118).
//
// One pass over the lines of the head, decoded once as a byte string. Read at once: start line, topmost Via, From,
// To, Call-ID, CSeq, Max-Forwards, Content-Length. Everything else stays raw until a reader of `header/` is asked.

import {
  copyBytes,
  emptyBytes,
  fromByteString,
  latin1Text,
  type Bytes,
  type Fault,
  type Result,
} from '../../base/index.ts';
import {
  COLON,
  COMMA,
  CR,
  SP,
  TAB,
  TOKEN,
  readNumber,
  skipClass,
  skipQuoted,
  skipSpace,
} from '../header/chars.ts';
import { parseCSeq } from '../header/cseq.ts';
import { parseNameAddr } from '../header/name-addr.ts';
import { parseVia } from '../header/via.ts';
import { badRequest, tooLarge } from './fault.ts';
import { CheckedField } from './field.ts';
import { DEFAULT_SIP_LIMITS, type SipLimits } from './limits.ts';
import { StoredRequest, StoredResponse, type CoreValues } from './message.ts';
import { Slot, headerNameAt } from './names.ts';
import { parseStartLine, type StartLine } from './start-line.ts';
import type { HeaderField, ParsedMessage, SipFault } from './types.ts';
import { salvage } from './wreck.ts';

export interface ParseOptions {
  /** True for a message cut out of a stream, where Content-Length is mandatory (RFC 3261 §20.14). */
  readonly stream: boolean;
  readonly limits?: SipLimits;
}

/** RFC 3261 §20.22. */
const MAX_MAX_FORWARDS = 255;

/**
 * Reads one message: a datagram, or what the framer cut out of a stream. Never throws. The body is copied, so the
 * block may be used again. A datagram longer than its Content-Length loses the rest, a shorter one is malformed
 * (RFC 3261 §18.3, table row SIPT-02).
 */
export function parseMessage(bytes: Bytes, options: ParseOptions): ParsedMessage {
  const limits = options.limits ?? DEFAULT_SIP_LIMITS;
  const head = latin1Text(bytes, 0, Math.min(bytes.length, limits.maxHeadBytes));
  if (bytes.length > limits.maxMessageBytes) {
    return malformed(head, limits, tooLarge('the message is above the limit'));
  }
  let pos = 0;
  // RFC 3261 §7.5: CRLFs before the start line are ignored.
  while (head.charCodeAt(pos) === CR && head.charCodeAt(pos + 1) === 0x0a) pos += 2;
  if (pos === head.length) {
    return malformed(
      head,
      limits,
      badRequest('ERR_SIP_MESSAGE_EMPTY', 'nothing but line ends', 'RFC 3261 §7.5'),
    );
  }
  const lineEnd = lineEndAt(head, pos);
  if (lineEnd < 0) return malformed(head, limits, lineFault(head, lineEnd, bytes.length));
  const start = parseStartLine(head, pos, lineEnd);
  if (start.kind === 'fault') return malformed(head, limits, start.fault);
  const fields = new FieldReader(limits);
  const fault = fields.readAll(head, lineEnd + 2, bytes.length) ?? fields.check(start);
  if (fault !== undefined) return malformed(head, limits, fault);
  return finish(bytes, head, start, fields, options.stream, limits);
}

function finish(
  bytes: Bytes,
  head: string,
  start: Exclude<StartLine, { kind: 'fault' }>,
  fields: FieldReader,
  stream: boolean,
  limits: SipLimits,
): ParsedMessage {
  const bodyStart = fields.bodyStart;
  const rest = bytes.length - bodyStart;
  if (fields.contentLength < 0 && stream) {
    return malformed(
      head,
      limits,
      lengthFault('a message on a stream has no Content-Length', 'RFC 3261 §20.14'),
    );
  }
  const length = fields.contentLength < 0 ? rest : fields.contentLength;
  if (length > rest) {
    return malformed(head, limits, lengthFault('Content-Length is larger than the body', 'RFC 3261 §18.3'));
  }
  const body = length === 0 ? emptyBytes() : copyBytes(bytes.subarray(bodyStart, bodyStart + length));
  const core = fields.core();
  if (start.kind === 'response') {
    const reason = fromByteString(start.reason);
    return { kind: 'message', message: new StoredResponse(start.status, reason, fields.headers, body, core) };
  }
  const request = new StoredRequest(
    start.method,
    start.requestUri,
    fields.maxForwards,
    fields.headers,
    body,
    core,
  );
  // RFC 5118 §4.2, RFC 4475 §3.1.2.11: a broken Request-URI is a bad request; an unknown scheme is not broken.
  const { uri } = request;
  return uri.ok ? { kind: 'message', message: request } : malformed(head, limits, bad('Request-URI', uri));
}

/** Collects the fields of one head and the raw values of those that are read at once. */
class FieldReader {
  readonly headers: HeaderField[] = [];
  bodyStart = 0;
  contentLength = -1;
  maxForwards: number | undefined;
  readonly #limits: SipLimits;
  #vias = 0;
  // Raw values by slot; the second of a kind is a fault at once.
  #via = '';
  #from: string | undefined;
  #to: string | undefined;
  #callId: string | undefined;
  #cseq: string | undefined;
  #maxForwards: string | undefined;
  #contentLength: string | undefined;
  #core: CoreValues | undefined;

  constructor(limits: SipLimits) {
    this.#limits = limits;
  }

  /** Reads lines from `pos` to the blank line. */
  readAll(head: string, pos: number, total: number): SipFault | undefined {
    const headers = this.headers;
    const { maxHeaders, maxFieldBytes } = this.#limits;
    for (;;) {
      let end = lineEndAt(head, pos);
      if (end < 0) return lineFault(head, end, total);
      if (end === pos) {
        this.bodyStart = pos + 2;
        return undefined;
      }
      const nameEnd = skipClass(head, pos, end, TOKEN);
      const colon = skipSpace(head, nameEnd, end);
      if (nameEnd === pos || head.charCodeAt(colon) !== COLON) {
        return badRequest('ERR_SIP_MESSAGE_HEADER_LINE', 'a line is not a header field', 'RFC 3261 §7.3.1');
      }
      // RFC 3261 §7.3.1: a line that begins with white space goes on with the field before.
      let folded = false;
      for (
        let next = head.charCodeAt(end + 2);
        next === SP || next === TAB;
        next = head.charCodeAt(end + 2)
      ) {
        folded = true;
        end = lineEndAt(head, end + 2);
        if (end < 0) return lineFault(head, end, total);
      }
      if (end - pos > maxFieldBytes) return tooLarge('a header field is above the limit');
      if (headers.length === maxHeaders) {
        return badRequest('ERR_SIP_MESSAGE_TOO_MANY_HEADERS', 'too many header fields', 'RFC 3261 §7.3');
      }
      const known = headerNameAt(head, pos, nameEnd);
      const value = folded ? unfold(head.slice(colon + 1, end)) : trimmed(head, colon + 1, end);
      headers.push(new CheckedField(known.name, known.id, value));
      if (known.slot !== Slot.OTHER && !this.#keep(known.slot, value)) {
        return badRequest(
          'ERR_SIP_MESSAGE_REPEATED_HEADER',
          `more than one ${known.name}`,
          'RFC 3261 §7.3.1',
        );
      }
      pos = end + 2;
    }
  }

  /** Reads the kept values; undefined when all of them are right. */
  check(start: StartLine): SipFault | undefined {
    if (this.#vias === 0) return missing('Via');
    if (this.#from === undefined) return missing('From');
    if (this.#to === undefined) return missing('To');
    if (this.#callId === undefined) return missing('Call-ID');
    if (this.#cseq === undefined) return missing('CSeq');
    if (this.#vias > this.#limits.maxVias) {
      return badRequest('ERR_SIP_MESSAGE_TOO_MANY_VIAS', 'too many Via values', 'RFC 3261 §20.42');
    }
    const via = parseVia(this.#via);
    if (!via.ok) return bad('Via', via);
    const from = parseNameAddr(this.#from);
    if (!from.ok) return bad('From', from);
    const to = parseNameAddr(this.#to);
    if (!to.ok) return bad('To', to);
    if (!isCallId(this.#callId)) {
      return badRequest('ERR_SIP_MESSAGE_CALL_ID', 'not a Call-ID', 'RFC 3261 §20.8');
    }
    const cseq = parseCSeq(this.#cseq);
    if (!cseq.ok) return bad('CSeq', cseq);
    if (start.kind === 'request' && start.method !== cseq.value.method) {
      return badRequest('ERR_SIP_MESSAGE_CSEQ_METHOD', 'the method of CSeq is another', 'RFC 3261 §8.1.1.5');
    }
    this.#core = { via: via.value, from: from.value, to: to.value, callId: this.#callId, cseq: cseq.value };
    return this.#readNumbers();
  }

  core(): CoreValues {
    if (this.#core === undefined) throw new TypeError('core() before check()');
    return this.#core;
  }

  #readNumbers(): SipFault | undefined {
    if (this.#maxForwards !== undefined) {
      const hops = readNumber(this.#maxForwards, 0, this.#maxForwards.length);
      if (hops < 0 || hops > MAX_MAX_FORWARDS) {
        return badRequest('ERR_SIP_MESSAGE_MAX_FORWARDS', 'Max-Forwards is not 0 … 255', 'RFC 3261 §20.22');
      }
      this.maxForwards = hops;
    }
    if (this.#contentLength !== undefined) {
      const length = readNumber(this.#contentLength, 0, this.#contentLength.length);
      // RFC 4475 §3.1.2.3: never a negative number, and never a guess.
      if (length < 0) return lengthFault('Content-Length is not a number', 'RFC 3261 §20.14');
      this.contentLength = length;
    }
    return undefined;
  }

  /** False when a field of this kind was there before (Via may repeat). */
  #keep(slot: Slot, value: string): boolean {
    switch (slot) {
      case Slot.VIA:
        if (this.#vias === 0) this.#via = value;
        this.#vias += countValues(value);
        return true;
      case Slot.FROM:
        if (this.#from !== undefined) return false;
        this.#from = value;
        return true;
      case Slot.TO:
        if (this.#to !== undefined) return false;
        this.#to = value;
        return true;
      case Slot.CALL_ID:
        if (this.#callId !== undefined) return false;
        this.#callId = value;
        return true;
      case Slot.CSEQ:
        if (this.#cseq !== undefined) return false;
        this.#cseq = value;
        return true;
      case Slot.MAX_FORWARDS:
        if (this.#maxForwards !== undefined) return false;
        this.#maxForwards = value;
        return true;
      case Slot.CONTENT_LENGTH:
        if (this.#contentLength !== undefined) return false;
        this.#contentLength = value;
        return true;
      default:
        return true;
    }
  }
}

const NO_LINE_END = -1;
const STRAY_LINE_END = -2;

/** Index of the CRLF that ends the line at `pos`; NO_LINE_END; STRAY_LINE_END for a CR or LF alone before it. */
function lineEndAt(head: string, pos: number): number {
  const lf = head.indexOf('\n', pos);
  const cr = head.indexOf('\r', pos);
  if (lf < 0) return NO_LINE_END;
  // A bare CR or LF would mean a line end to some and a character to others.
  return cr === lf - 1 ? cr : STRAY_LINE_END;
}

function lineFault(head: string, end: number, total: number): SipFault {
  if (end === STRAY_LINE_END) {
    return badRequest('ERR_SIP_MESSAGE_LINE_END', 'a CR or LF stands alone', 'RFC 3261 §7');
  }
  if (total > head.length) return tooLarge('the head is above the limit');
  return badRequest('ERR_SIP_MESSAGE_NO_BLANK_LINE', 'no blank line ends the head', 'RFC 3261 §7');
}

function trimmed(head: string, start: number, end: number): string {
  start = skipSpace(head, start, end);
  while (end > start) {
    const code = head.charCodeAt(end - 1);
    if (code !== SP && code !== TAB) break;
    end--;
  }
  return head.slice(start, end);
}

/** RFC 3261 §25.1: LWS with a line end is one SP. */
function unfold(value: string): string {
  const folded = value.replaceAll(/[ \t]*\r\n[ \t]+/g, ' ');
  return trimmed(folded, 0, folded.length);
}

/** Number of values in one Via field: commas outside of quoted strings, plus one. */
function countValues(value: string): number {
  let count = 1;
  if (!value.includes(',')) return count;
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code === COMMA) count++;
    else if (code === 0x22) {
      const end = skipQuoted(value, i, value.length);
      if (end < 0) return count;
      i = end - 1;
    }
  }
  return count;
}

/** One run of visible ASCII: RFC 3261 `word [ "@" word ]`, and what peers use beside it. */
function isCallId(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code < 0x21 || code > 0x7e) return false;
  }
  return value.length > 0;
}

function missing(name: string): SipFault {
  return badRequest('ERR_SIP_MESSAGE_MISSING_HEADER', `no ${name}`, 'RFC 3261 §8.1.1');
}

function bad(name: string, result: Extract<Result<unknown>, { ok: false }>): SipFault {
  const { code, message, clause }: Fault = result.error;
  return badRequest(code, `${name}: ${message}`, clause ?? 'RFC 3261 §25.1');
}

function lengthFault(message: string, clause: string): SipFault {
  return badRequest('ERR_SIP_MESSAGE_CONTENT_LENGTH', message, clause);
}

function malformed(head: string, limits: SipLimits, fault: SipFault): ParsedMessage {
  return { kind: 'malformed', fault, wreck: salvage(head, limits) };
}
