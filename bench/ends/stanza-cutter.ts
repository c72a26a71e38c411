// Cuts a stream of an XMPP entity into the start tag of the stream and its children, as texts.

export interface CutterEvents {
  header(text: string): void;
  child(text: string): void;
}

const LESS = 60;
const GREATER = 62;
const SLASH = 47;
const QUESTION = 63;
const APOSTROPHE = 39;
const QUOTE = 34;

export class StanzaCutter {
  readonly #events: CutterEvents;
  #rest = '';
  /** Where reading goes on, where the child began, and how many elements are open. */
  #at = 0;
  #begin = 0;
  #depth = 0;

  constructor(events: CutterEvents) {
    this.#events = events;
  }

  /** The other side begins a new stream on this connection (RFC 6120 §4.3.3). */
  restart(): void {
    this.#depth = 0;
  }

  write(chunk: Buffer): void {
    this.#rest = this.#rest === '' ? chunk.toString('latin1') : this.#rest + chunk.toString('latin1');
    const text = this.#rest;
    for (;;) {
      const tag = text.indexOf('<', this.#at);
      if (tag < 0) {
        this.#at = text.length;
        break;
      }
      const end = endOfTag(text, tag);
      if (end < 0) {
        this.#at = tag;
        break;
      }
      if (this.#depth <= 1) this.#begin = tag;
      this.#at = end + 1;
      this.#tag(text, tag, end);
    }
    const keep = this.#depth > 1 ? this.#begin : this.#at;
    this.#rest = text.slice(keep);
    this.#at -= keep;
    this.#begin = 0;
  }

  #tag(text: string, tag: number, end: number): void {
    const second = text.charCodeAt(tag + 1);
    if (second === QUESTION) return;
    if (second === SLASH) this.#depth -= 1;
    else if (text.charCodeAt(end - 1) !== SLASH) this.#depth += 1;
    if (this.#depth !== 1) return;
    const whole = text.slice(this.#begin, end + 1);
    if (whole.startsWith('<stream:stream')) this.#events.header(whole);
    else this.#events.child(whole);
  }
}

/** Of the ">" of a tag; -1: it is not there yet. */
function endOfTag(text: string, from: number): number {
  let quote = 0;
  for (let at = from + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (quote !== 0) {
      if (code === quote) quote = 0;
    } else if (code === GREATER) return at;
    else if (code === QUOTE || code === APOSTROPHE) quote = code;
    else if (code === LESS) throw new Error(`not well-formed: ${text.slice(from, at + 20)}`);
  }
  return -1;
}

/** An attribute of the first tag of a text; '' when it is not there. */
export function attribute(text: string, name: string): string {
  const end = endOfTag(text, 0);
  for (const quote of ["'", '"']) {
    const at = text.indexOf(` ${name}=${quote}`);
    if (at < 0 || at > end) continue;
    const from = at + name.length + 3;
    return text.slice(from, text.indexOf(quote, from));
  }
  return '';
}
