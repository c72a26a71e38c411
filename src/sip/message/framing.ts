// Cuts a byte stream into messages (RFC 3261 §7.5, §18.3, §20.14) and finds the keep-alives between them (RFC 5626
// §3.5.1). Linear in the octets, wherever the chunks are cut: each octet is searched once and copied at most twice.

import { latin1Text, type Bytes } from '../../base/index.ts';
import { COLON, CR, LF, SP, TAB, TOKEN, readNumber, skipClass, skipSpace } from '../header/chars.ts';
import { badRequest, tooLarge } from './fault.ts';
import type { SipLimits } from './limits.ts';
import { Slot, headerName } from './names.ts';
import type { SipFault } from './types.ts';

export interface FramerSink {
  /** One whole message without leading CRLFs. The block is used again after the return. */
  message(bytes: Bytes): void;
  /**
   * CRLF CRLF between messages: who accepted the connection answers with CRLF. The first of the two was told as
   * `pong` already, so that a pong does not wait for what follows.
   */
  ping(): void;
  /** CRLF between messages: to who opened the connection the answer to his ping, to the other nothing. */
  pong(): void;
  /**
   * The stream cannot be cut any more: answer what `partialHead` allows (`parseMessage` tells), then close. The
   * framer is deaf from here on.
   */
  fault(fault: SipFault, partialHead?: Bytes): void;
}

const FIRST_CAPACITY = 4096;

type State =
  /** Between messages: `half` is true after a CR, `pairs` counts CRLFs. */
  'idle' | 'head' | 'body' | 'dead';

export class SipFramer {
  readonly #limits: SipLimits;
  readonly #sink: FramerSink;
  #state: State = 'idle';
  /** What came of the current message, when it did not come in one chunk. */
  #kept: Bytes = new Uint8Array(0);
  #keptLength = 0;
  /** Octets of the current message that were searched for the blank line. */
  #searched = 0;
  /** Octets of head and body; known in state body. */
  #needed = 0;
  /** In state idle: a CR came and its LF did not yet. */
  #half = false;
  /** In state idle: CRLFs since the last message or ping. */
  #pairs = 0;

  constructor(limits: SipLimits, sink: FramerSink) {
    this.#limits = limits;
    this.#sink = sink;
  }

  /** Octets that wait for the rest of their message. */
  get pending(): number {
    return this.#keptLength + (this.#half ? 1 : 0);
  }

  /** Takes what came; calls the sink for all that is whole now. */
  write(chunk: Bytes): void {
    let pos = 0;
    while (pos < chunk.length && this.#state !== 'dead') {
      pos = this.#state === 'idle' ? this.#readIdle(chunk, pos) : this.#continue(chunk, pos);
    }
  }

  #readIdle(chunk: Bytes, start: number): number {
    for (let pos = start; pos < chunk.length; pos++) {
      const octet = chunk[pos];
      if (this.#half && octet === LF) {
        this.#half = false;
        this.#pairs += 1;
        if (this.#pairs === 2) {
          this.#pairs = 0;
          this.#sink.ping();
        } else this.#sink.pong();
      } else if (!this.#half && octet === CR) {
        this.#half = true;
      } else {
        return this.#startMessage(chunk, pos);
      }
      if (this.#isDead()) return chunk.length;
    }
    return chunk.length;
  }

  #startMessage(chunk: Bytes, pos: number): number {
    this.#state = 'head';
    this.#searched = 0;
    this.#pairs = 0;
    if (this.#half) {
      // A CR alone: no start line begins so. The parser says what is wrong with it.
      this.#half = false;
      this.#keep(Uint8Array.of(CR), 0, 1);
      return pos;
    }
    // The ordinary case: whole messages in the chunk are handed out without copying them.
    const headEnd = findBlankLine(chunk, pos, 0, chunk.length);
    if (headEnd < 0) return pos;
    const head = chunk.subarray(pos, headEnd);
    if (!this.#readHead(head)) return chunk.length;
    const end = pos + this.#needed;
    if (end > chunk.length) {
      this.#searched = head.length;
      return pos;
    }
    this.#finish(chunk.subarray(pos, end));
    return end;
  }

  /** Adds to a message that comes in pieces. */
  #continue(chunk: Bytes, start: number): number {
    if (this.#state === 'body') {
      const end = Math.min(chunk.length, start + this.#needed - this.#keptLength);
      this.#keep(chunk, start, end);
      if (this.#keptLength === this.#needed) this.#finishKept();
      return end;
    }
    const before = this.#keptLength;
    const end = Math.min(chunk.length, start + this.#limits.maxHeadBytes + 1 - before);
    this.#keep(chunk, start, end);
    const headEnd = findBlankLine(this.#kept, 0, this.#searched, this.#keptLength);
    if (headEnd < 0) {
      this.#searched = this.#keptLength;
      if (this.#keptLength > this.#limits.maxHeadBytes) {
        this.#fail(tooLarge('the head is above the limit'), this.#kept.subarray(0, this.#keptLength));
      }
      return end;
    }
    // What came after the head goes back: it may be more than the body.
    this.#keptLength = headEnd;
    this.#searched = headEnd;
    if (!this.#readHead(this.#kept.subarray(0, headEnd))) return chunk.length;
    if (this.#needed === headEnd) this.#finishKept();
    return start + headEnd - before;
  }

  /** Learns the length of the whole message from its head; false when the stream is lost. */
  #readHead(head: Bytes): boolean {
    if (head.length > this.#limits.maxHeadBytes) {
      this.#fail(tooLarge('the head is above the limit'), head);
      return false;
    }
    const length = contentLength(latin1Text(head));
    if (typeof length !== 'number') {
      this.#fail(length, head);
      return false;
    }
    if (head.length + length > this.#limits.maxMessageBytes) {
      this.#fail(tooLarge('the message is above the limit'), head);
      return false;
    }
    this.#needed = head.length + length;
    this.#state = 'body';
    return true;
  }

  #keep(chunk: Bytes, start: number, end: number): void {
    const length = this.#keptLength + end - start;
    if (length > this.#kept.length) {
      // Doubling keeps a message that comes octet by octet linear.
      const grown = new Uint8Array(Math.max(FIRST_CAPACITY, 2 ** Math.ceil(Math.log2(length))));
      grown.set(this.#kept.subarray(0, this.#keptLength));
      this.#kept = grown;
    }
    this.#kept.set(chunk.subarray(start, end), this.#keptLength);
    this.#keptLength = length;
  }

  #finishKept(): void {
    const bytes = this.#kept.subarray(0, this.#keptLength);
    this.#keptLength = 0;
    this.#finish(bytes);
    // An idle connection does not hold the block of its largest message.
    if (this.#kept.length > FIRST_CAPACITY) this.#kept = new Uint8Array(0);
  }

  #finish(bytes: Bytes): void {
    this.#state = 'idle';
    this.#sink.message(bytes);
  }

  #fail(fault: SipFault, head: Bytes): void {
    this.#state = 'dead';
    this.#keptLength = 0;
    this.#kept = new Uint8Array(0);
    this.#sink.fault(fault, head);
  }

  /** A call of its own, because the sink may have changed the state. */
  #isDead(): boolean {
    return this.#state === 'dead';
  }
}

/**
 * Index after the CRLF CRLF of the message that starts at `start`, -1 when there is none before `end`. In the first
 * `searched` octets of it no blank line ends.
 */
function findBlankLine(bytes: Bytes, start: number, searched: number, end: number): number {
  // A plain loop: indexOf would run on into what the block holds behind `end`.
  for (let pos = start + Math.max(3, searched); pos < end; pos++) {
    if (bytes[pos] !== LF) continue;
    if (bytes[pos - 1] === CR && bytes[pos - 2] === LF && bytes[pos - 3] === CR) return pos + 1;
  }
  return -1;
}

/** Content-Length of a head; a fault when it is missing, repeated or no number: framing is lost (RFC 3261 §18.3). */
function contentLength(head: string): number | SipFault {
  let found = -1;
  let pos = head.indexOf('\r\n') + 2;
  while (pos > 1 && pos < head.length - 2) {
    let end = head.indexOf('\r\n', pos);
    while (head.charCodeAt(end + 2) === SP || head.charCodeAt(end + 2) === TAB)
      end = head.indexOf('\r\n', end + 2);
    const nameEnd = skipClass(head, pos, end, TOKEN);
    const colon = skipSpace(head, nameEnd, end);
    if (
      head.charCodeAt(colon) === COLON &&
      headerName(head.slice(pos, nameEnd)).slot === Slot.CONTENT_LENGTH
    ) {
      const value = head.slice(colon + 1, end).trim();
      const length = readNumber(value, 0, value.length);
      if (length < 0) return lengthFault('Content-Length is not a number', 'RFC 3261 §20.14');
      if (found >= 0) return lengthFault('more than one Content-Length', 'RFC 3261 §7.3.1');
      found = length;
    }
    pos = end + 2;
  }
  return found < 0 ? lengthFault('a message on a stream has no Content-Length', 'RFC 3261 §20.14') : found;
}

function lengthFault(message: string, clause: string): SipFault {
  return badRequest('ERR_SIP_MESSAGE_CONTENT_LENGTH', message, clause);
}
