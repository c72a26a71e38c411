// Text in pieces → start tags, end tags, character data (XML 1.0 Fifth Edition, RFC 6120 §11.1). It can stop between
// any two characters and go on with the next piece, and looks at every character once: parts of an unfinished token
// are joined only when it ends (the engine links strings and copies them once), so that no way to cut a stream makes
// it quadratic. Namespaces and the element tree are the sink's business.

import { utf8Length } from '../base/index.ts';
import {
  CLASS,
  NAME,
  SPACE,
  TEXT_STOP,
  VALUE_STOP,
  isNameChar,
  isNameStart,
  isNcName,
} from './characters.ts';
import { readDeclaration } from './declaration.ts';
import type { XmlLimits } from './limits.ts';
import { ReferenceReader } from './reference.ts';
import { notWellFormed, restricted, tooMuch, type XmlStreamError } from './stream-error.ts';

/** `stream`: RFC 6120 §11.1, character data only inside stanzas. `document`: comments and instructions are skipped. */
export type XmlMode = 'stream' | 'document';

/** Takes the tokens. The first two answer with what is wrong with the token, if anything. */
export interface XmlTokenSink {
  /** `attributes`: qualified name and value in turn, namespace declarations among them. `empty`: no end tag follows. */
  startTag(name: string, attributes: string[], empty: boolean): XmlStreamError | undefined;
  endTag(name: string): XmlStreamError | undefined;
  /** All character data between two tags. */
  text(text: string): void;
  /** The last thing that is ever called. */
  error(error: XmlStreamError): void;
}

// States. Numbers, because one is looked up per token.
const START = 0; // nothing read yet
const OUTSIDE = 1; // before the root
const CONTENT = 2; // character data
const BETWEEN = 3; // between stanzas
const MARKUP = 4; // after "<"
const TAG_NAME = 5;
const IN_TAG = 6;
const ATTRIBUTE_NAME = 7;
const EQUALS = 8;
const QUOTE = 9;
const VALUE = 10;
const EMPTY_TAG = 11; // after "/" of an empty element
const END_NAME = 12;
const END_SPACE = 13;
const REFERENCE = 14;
const BANG = 15; // after "<!"
const CDATA = 16;
const COMMENT = 17;
const INSTRUCTION = 18;
const AFTER = 19; // after the root
const DEAD = 20;

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const NO_ATTRIBUTES: string[] = [];

export class XmlTokenizer {
  readonly #limits: XmlLimits;
  readonly #document: boolean;
  readonly #sink: XmlTokenSink;
  readonly #reference = new ReferenceReader();

  #state = START;
  /** Where a reference returns to. */
  #after = CONTENT;
  /** Open elements, the root included. */
  #depth = 0;
  /** True until the first "<" was read: only there an XML declaration may stand. */
  #first = true;
  /** Unfinished name, attribute value or instruction. */
  #token = '';
  /** Character data since the last tag. */
  #text = '';
  #tagName = '';
  #attributes: string[] = NO_ATTRIBUTES;
  #quote = 0;
  /** White space was read since the tag's name or the last attribute. */
  #spaced = false;
  /** The last character was a carriage return: a line feed now is part of the same line end (XML 1.0 §2.11). */
  #afterCr = false;
  /** Length of the run of "]" (or "-", or "?") that the last character ended. */
  #run = 0;
  /** Octets of the stanza in earlier pieces; where it goes on in this one. */
  #octets = 0;
  #unitStart = 0;
  #ascii = false;
  #discard = false;
  /** Declared encoding, in lower case. */
  encoding = 'utf-8';

  constructor(mode: XmlMode, limits: XmlLimits, sink: XmlTokenSink) {
    this.#document = mode === 'document';
    this.#limits = limits;
    this.#sink = sink;
  }

  /** Takes the next piece; `octets` is its length in UTF-8. False when the rest of it was dropped. */
  write(text: string, octets: number): boolean {
    this.#unitStart = 0;
    this.#ascii = octets === text.length;
    this.#discard = false;
    const length = text.length;
    let i = 0;
    while (i < length && !this.#discard) i = this.#step(text, i);
    if (this.#discard) return false;
    if (this.#state >= AFTER || this.#state === BETWEEN) return true;
    this.#octets += this.#octetsTo(text, length);
    if (this.#octets <= this.#limits.stanzaBytes) return true;
    this.#die(tooMuch('stanza too big'));
    return false;
  }

  /** No more will come. */
  end(): void {
    const state = this.#state;
    if (state >= AFTER) return;
    if (!this.#document && (state === BETWEEN || state === START)) return;
    this.#die(notWellFormed('ends inside an element'));
  }

  /** Ends with an error found outside, for instance in the encoding. */
  fail(error: XmlStreamError): void {
    if (this.#state !== DEAD) this.#die(error);
  }

  /** Nothing more is delivered, also of the piece being read. */
  stop(): void {
    this.#state = DEAD;
    this.#discard = true;
    this.#text = '';
    this.#token = '';
    this.#attributes = NO_ATTRIBUTES;
  }

  /** Begins anew. From inside a callback the rest of the piece belongs to the new stream, unless `stop` came first. */
  reset(): void {
    this.#state = START;
    this.#depth = 0;
    this.#first = true;
    this.#token = '';
    this.#text = '';
    this.#afterCr = false;
    this.#run = 0;
    this.#octets = 0;
    this.encoding = 'utf-8';
  }

  #step(s: string, i: number): number {
    switch (this.#state) {
      case CONTENT:
        return this.#content(s, i);
      case MARKUP:
        return this.#markup(s, i);
      case TAG_NAME:
        return this.#tagNamePart(s, i);
      case IN_TAG:
        return this.#inTag(s, i);
      case ATTRIBUTE_NAME:
        return this.#attributeName(s, i);
      case EQUALS:
      case QUOTE:
        return this.#beforeValue(s, i);
      case VALUE:
        return this.#value(s, i);
      case END_NAME:
        return this.#endName(s, i);
      case END_SPACE:
        return this.#endSpace(s, i);
      case EMPTY_TAG:
        if (s.charCodeAt(i) !== 0x3e) return this.#fail(s, i, notWellFormed('"/" inside a tag'));
        return this.#startTag(s, i, true);
      case REFERENCE:
        return this.#referencePart(s, i);
      case BANG:
        return this.#bang(s, i);
      case CDATA:
        return this.#cdata(s, i);
      case COMMENT:
        return this.#comment(s, i);
      case INSTRUCTION:
        return this.#instruction(s, i);
      case DEAD:
        return s.length;
      default:
        return this.#outside(s, i);
    }
  }

  /** START, OUTSIDE, BETWEEN and AFTER: white space until the next "<". */
  #outside(s: string, start: number): number {
    // RFC 6120 §4.4: what follows the closing tag of the stream is nobody's.
    if (this.#state === AFTER && !this.#document) return s.length;
    let i = start;
    while (i < s.length && isSpace(s.charCodeAt(i))) i++;
    if (i > start) this.#first = false;
    // Keep-alives between stanzas count for nothing (RFC 6120 §4.6.1).
    if (this.#state === BETWEEN) this.#unitStart = i;
    else if (this.#state === START && !this.#first) this.#state = OUTSIDE;
    if (i === s.length) return i;
    if (s.charCodeAt(i) !== 0x3c) {
      // RFC 6120 §11.6: U+FEFF at the start is no byte order mark, hence a character where none may be.
      return this.#fail(
        s,
        i,
        this.#state === BETWEEN ? TEXT_BETWEEN : notWellFormed('text outside the root'),
      );
    }
    this.#after = this.#state;
    this.#state = MARKUP;
    return i + 1;
  }

  /** The character after "<". */
  #markup(s: string, i: number): number {
    const code = s.codePointAt(i) ?? 0;
    const first = this.#first;
    this.#first = false;
    this.#token = '';
    if (code === 0x2f) {
      if (this.#depth === 0) return this.#fail(s, i, notWellFormed('end tag without start tag'));
      this.#state = END_NAME;
      return i + 1;
    }
    if (code === 0x21) {
      this.#state = BANG;
      return i + 1;
    }
    if (code === 0x3f) {
      if (!first && !this.#document) return this.#fail(s, i, restricted('processing instruction'));
      this.#spaced = first;
      this.#run = 0;
      this.#state = INSTRUCTION;
      return i + 1;
    }
    if (!isNameStart(code)) return this.#fail(s, i, notWellFormed('bad tag'));
    if (this.#after === AFTER) return this.#fail(s, i, notWellFormed('second root'));
    this.#state = TAG_NAME;
    return i;
  }

  #tagNamePart(s: string, start: number): number {
    const i = this.#scanName(s, start);
    if (i === s.length) return i;
    this.#tagName = this.#token;
    this.#attributes = NO_ATTRIBUTES;
    this.#spaced = false;
    this.#state = IN_TAG;
    return i;
  }

  #inTag(s: string, start: number): number {
    let i = start;
    while (i < s.length && isSpace(s.charCodeAt(i))) i++;
    if (i > start) this.#spaced = true;
    if (i === s.length) return i;
    const code = s.codePointAt(i) ?? 0;
    if (code === 0x3e) return this.#startTag(s, i, false);
    if (code === 0x2f) {
      this.#state = EMPTY_TAG;
      return i + 1;
    }
    if (!isNameStart(code)) return this.#fail(s, i, notWellFormed('bad character in a tag'));
    if (!this.#spaced) return this.#fail(s, i, notWellFormed('no space before an attribute'));
    if (this.#attributes.length >= 2 * this.#limits.attributes) {
      return this.#fail(s, i, tooMuch('too many attributes'));
    }
    if (this.#attributes === NO_ATTRIBUTES) this.#attributes = [];
    this.#token = '';
    this.#state = ATTRIBUTE_NAME;
    return i;
  }

  #attributeName(s: string, start: number): number {
    const i = this.#scanName(s, start);
    if (i === s.length) return i;
    this.#attributes.push(this.#token);
    this.#state = EQUALS;
    return i;
  }

  /** EQUALS and QUOTE. */
  #beforeValue(s: string, start: number): number {
    let i = start;
    while (i < s.length && isSpace(s.charCodeAt(i))) i++;
    if (i === s.length) return i;
    const code = s.charCodeAt(i);
    if (this.#state === EQUALS) {
      if (code !== 0x3d) return this.#fail(s, i, notWellFormed('attribute without value'));
      this.#state = QUOTE;
      return i + 1;
    }
    if (code !== 0x22 && code !== 0x27) return this.#fail(s, i, notWellFormed('value without quotes'));
    this.#quote = code;
    this.#token = '';
    this.#state = VALUE;
    return i + 1;
  }

  #value(s: string, from: number): number {
    let i = this.#skipLineFeed(s, from);
    let start = i;
    for (; i < s.length; i++) {
      const code = s.charCodeAt(i);
      if (code < 128 ? ((CLASS[code] ?? 0) & VALUE_STOP) === 0 : code < 0xfffe) continue;
      if (code === this.#quote) {
        this.#attributes.push(this.#token === '' ? s.slice(start, i) : this.#token + s.slice(start, i));
        this.#spaced = false;
        this.#state = IN_TAG;
        return i + 1;
      }
      if (code === 0x22 || code === 0x27) continue;
      this.#token += s.slice(start, i);
      start = i + 1;
      if (code === 0x26) return this.#enterReference(VALUE, i);
      if (code === TAB || code === LF || code === CR) {
        // XML 1.0 §3.3.3: each becomes a space, a line end of two characters one space (§2.11).
        this.#token += ' ';
        if (code === CR) {
          this.#afterCr = true;
          return i + 1;
        }
        continue;
      }
      return this.#fail(s, i, notWellFormed(code === 0x3c ? '"<" in a value' : 'forbidden character'));
    }
    this.#token += s.slice(start, i);
    return i;
  }

  #content(s: string, from: number): number {
    const length = s.length;
    const start = this.#skipLineFeed(s, from);
    let i = start;
    let code = 0;
    for (;;) {
      if (this.#run > 0) {
        for (; i < length && s.charCodeAt(i) === 0x5d; i++) this.#run++;
        if (i === length) break;
        // XML 1.0 §2.4 [14]: "]]>" must not stand in character data.
        if (this.#run >= 2 && s.charCodeAt(i) === 0x3e)
          return this.#fail(s, i, notWellFormed('"]]>" in text'));
        this.#run = 0;
      }
      for (; i < length; i++) {
        code = s.charCodeAt(i);
        if (code < 128 ? ((CLASS[code] ?? 0) & TEXT_STOP) !== 0 : code >= 0xfffe) break;
      }
      if (i === length || code !== 0x5d) break;
      this.#run = 1;
      i++;
    }
    this.#addText(s, start, i);
    if (i === length) return i;
    if (code === 0x3c) {
      this.#after = CONTENT;
      this.#state = MARKUP;
      return i + 1;
    }
    if (code === 0x26) return this.#enterReference(CONTENT, i);
    if (code === CR) return this.#lineEnd(i);
    return this.#fail(s, i, notWellFormed('forbidden character'));
  }

  /** Everything up to "]]>" is text (XML 1.0 §2.7). */
  #cdata(s: string, from: number): number {
    let i = this.#skipLineFeed(s, from);
    let start = i;
    for (; i < s.length; i++) {
      const code = s.charCodeAt(i);
      if (code === 0x5d) {
        if (this.#run === 0) this.#addText(s, start, i);
        this.#run++;
        start = i + 1;
        continue;
      }
      if (this.#run > 0) {
        const ends = code === 0x3e && this.#run >= 2;
        this.#text += ']'.repeat(ends ? this.#run - 2 : this.#run);
        this.#run = 0;
        start = i;
        if (ends) {
          this.#state = CONTENT;
          return i + 1;
        }
      }
      if (code < 128 ? ((CLASS[code] ?? 0) & TEXT_STOP) === 0 : code < 0xfffe) continue;
      if (code === 0x3c || code === 0x26) continue;
      if (code !== CR) return this.#fail(s, i, notWellFormed('forbidden character'));
      this.#addText(s, start, i);
      return this.#lineEnd(i);
    }
    this.#addText(s, start, i);
    return i;
  }

  #enterReference(after: number, i: number): number {
    this.#reference.start();
    this.#after = after;
    this.#state = REFERENCE;
    return i + 1;
  }

  #referencePart(s: string, i: number): number {
    const code = s.codePointAt(i) ?? 0;
    const taken = this.#reference.take(code);
    if (taken === undefined) return code > 0xffff ? i + 2 : i + 1;
    if (typeof taken !== 'string') return this.#fail(s, i, taken);
    if (this.#after === VALUE) this.#token += taken;
    else this.#text += taken;
    this.#state = this.#after;
    return i + 1;
  }

  /** After "<!": a CDATA section, a comment, or a document type declaration. */
  #bang(s: string, i: number): number {
    this.#token += s.charAt(i);
    const token = this.#token;
    if (token === '--') {
      if (!this.#document) return this.#fail(s, i, restricted('comment'));
      this.#run = 0;
      this.#state = COMMENT;
      return i + 1;
    }
    if (token === '[CDATA[') {
      if (this.#after === BETWEEN) return this.#fail(s, i, TEXT_BETWEEN);
      if (this.#after !== CONTENT) return this.#fail(s, i, notWellFormed('text outside the root'));
      this.#state = CDATA;
      return i + 1;
    }
    if (token === '-' || '[CDATA['.startsWith(token)) return i + 1;
    // RFC 6120 §11.1: no DTD, hence no entity to expand; in documents neither.
    if (token === 'D') return this.#fail(s, i, restricted('document type declaration'));
    return this.#fail(s, i, notWellFormed('bad markup'));
  }

  /** XML 1.0 §2.5: up to "-->", without "--". */
  #comment(s: string, start: number): number {
    for (let i = start; i < s.length; i++) {
      const code = s.charCodeAt(i);
      if (this.#run === 2) {
        if (code !== 0x3e) return this.#fail(s, i, notWellFormed('"--" in a comment'));
        this.#run = 0;
        this.#state = this.#after;
        return i + 1;
      }
      if (!isLegalUnit(code)) return this.#fail(s, i, notWellFormed('forbidden character'));
      this.#run = code === 0x2d ? this.#run + 1 : 0;
    }
    return s.length;
  }

  /** Up to "?>": the XML declaration, or in a document what is skipped (XML 1.0 §2.6). */
  #instruction(s: string, start: number): number {
    for (let i = start; i < s.length; i++) {
      const code = s.charCodeAt(i);
      if (this.#run === 1 && code === 0x3e) {
        this.#run = 0;
        return this.#endInstruction(s, i, (this.#token + s.slice(start, i)).slice(0, -1));
      }
      if (!isLegalUnit(code)) return this.#fail(s, i, notWellFormed('forbidden character'));
      this.#run = code === 0x3f ? 1 : 0;
    }
    this.#token += s.slice(start);
    return s.length;
  }

  #endInstruction(s: string, i: number, content: string): number {
    const target = /^[^ \t\r\n]*/.exec(content)?.[0] ?? '';
    if (this.#spaced && (target === 'xml' || !this.#document)) {
      const declared = readDeclaration(content);
      if (typeof declared !== 'string') return this.#fail(s, i, declared);
      // RFC 6120 §11.6. Of a document the one who has its octets judges.
      if (declared !== 'utf-8' && !this.#document) {
        return this.#fail(s, i, { condition: 'unsupported-encoding', message: 'encoding is not UTF-8' });
      }
      this.encoding = declared;
    } else if (!isNcName(target) || target.toLowerCase() === 'xml') {
      return this.#fail(s, i, notWellFormed('bad processing instruction'));
    }
    this.#token = '';
    this.#state = this.#after === START ? OUTSIDE : this.#after;
    return i + 1;
  }

  #endName(s: string, start: number): number {
    const i = this.#scanName(s, start);
    if (i === s.length) return i;
    this.#tagName = this.#token;
    this.#state = END_SPACE;
    return i;
  }

  #endSpace(s: string, start: number): number {
    let i = start;
    while (i < s.length && isSpace(s.charCodeAt(i))) i++;
    if (i === s.length) return i;
    if (s.charCodeAt(i) !== 0x3e) return this.#fail(s, i, notWellFormed('bad end tag'));
    this.#depth--;
    if (!this.#endToken(s, i)) return s.length;
    const wrong = this.#sink.endTag(this.#tagName);
    return wrong === undefined ? i + 1 : this.#fail(s, i, wrong);
  }

  /** At the ">" of a start tag. */
  #startTag(s: string, i: number, empty: boolean): number {
    const level = this.#document ? this.#depth : this.#depth - 1;
    if (level >= this.#limits.depth) return this.#fail(s, i, tooMuch('nested too deeply'));
    if (!empty) this.#depth++;
    if (!this.#endToken(s, i)) return s.length;
    const attributes = this.#attributes;
    this.#attributes = NO_ATTRIBUTES;
    const wrong = this.#sink.startTag(this.#tagName, attributes, empty);
    return wrong === undefined ? i + 1 : this.#fail(s, i, wrong);
  }

  /**
   * Delivers the text in front of a tag and sets the state after it, before the tag is delivered: a callback may stop
   * or reset. False when the stanza it ends is too big.
   */
  #endToken(s: string, i: number): boolean {
    if (this.#text !== '') {
      const text = this.#text;
      this.#text = '';
      this.#sink.text(text);
    }
    this.#token = '';
    this.#run = 0;
    const depth = this.#depth;
    this.#state = depth === 0 ? AFTER : depth === 1 && !this.#document ? BETWEEN : CONTENT;
    if (this.#state === CONTENT || this.#document) return true;
    if (this.#octets + this.#octetsTo(s, i + 1) > this.#limits.stanzaBytes) {
      this.#die(tooMuch('stanza too big'));
      return false;
    }
    this.#octets = 0;
    this.#unitStart = i + 1;
    return true;
  }

  /** Adds name characters to the token; the index of the first other character, or the length. */
  #scanName(s: string, start: number): number {
    let i = start;
    while (i < s.length) {
      const unit = s.charCodeAt(i);
      if (unit < 128) {
        if (((CLASS[unit] ?? 0) & NAME) === 0) break;
        i++;
        continue;
      }
      const code = s.codePointAt(i) ?? 0;
      if (!isNameChar(code)) break;
      i += code > 0xffff ? 2 : 1;
    }
    const before = this.#token.length;
    this.#token = before === 0 ? s.slice(start, i) : this.#token + s.slice(start, i);
    const over = before + i - start - this.#limits.nameLength;
    return over > 0 ? this.#fail(s, i - over, tooMuch('name too long')) : i;
  }

  #addText(s: string, start: number, end: number): void {
    if (end > start) this.#text = this.#text === '' ? s.slice(start, end) : this.#text + s.slice(start, end);
  }

  /** XML 1.0 §2.11: a carriage return, with or without a line feed after it, is a line feed. */
  #lineEnd(i: number): number {
    this.#text += '\n';
    this.#afterCr = true;
    return i + 1;
  }

  #skipLineFeed(s: string, i: number): number {
    if (!this.#afterCr) return i;
    this.#afterCr = false;
    return s.charCodeAt(i) === LF ? i + 1 : i;
  }

  /** Octets of the current stanza in this piece, up to `end`. */
  #octetsTo(s: string, end: number): number {
    return this.#ascii ? end - this.#unitStart : utf8Length(s.slice(this.#unitStart, end));
  }

  /** Ends with what is wrong at `i`; the size limit comes first, so that cutting otherwise changes nothing. */
  #fail(s: string, i: number, error: XmlStreamError): number {
    const over = this.#octets + this.#octetsTo(s, i) > this.#limits.stanzaBytes;
    this.#die(over ? tooMuch('stanza too big') : error);
    return s.length;
  }

  #die(error: XmlStreamError): void {
    this.stop();
    this.#sink.error(error);
  }
}

const TEXT_BETWEEN: XmlStreamError = { condition: 'bad-format', message: 'text between stanzas' };

function isSpace(code: number): boolean {
  return code < 128 && ((CLASS[code] ?? 0) & SPACE) !== 0;
}

/** A UTF-16 unit of a Char (XML 1.0 [2]); surrogates come in pairs out of the decoder. */
function isLegalUnit(code: number): boolean {
  return code < 0x20 ? code === TAB || code === LF || code === CR : code < 0xfffe;
}
