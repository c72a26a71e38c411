// Text in pieces → start tags, end tags, character data (XML 1.0 Fifth Edition, RFC 6120 §11.1). It can stop between
// any two characters and go on with the next piece, and looks at every character once: parts of an unfinished token
// are joined only when it ends (the engine links strings and copies them once), so that no way to cut a stream makes
// it quadratic. Namespaces and the element tree are the sink's business.

import { utf8Length } from '../base/index.ts';
import { CharacterData } from './character-data.ts';
import { CLASS, NAME, SPACE, isNameChar, isNameStart, isNcName } from './characters.ts';
import { readDeclaration } from './declaration.ts';
import type { XmlLimits } from './limits.ts';
import { MarkupReader } from './markup-reader.ts';
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

const NO_ATTRIBUTES: string[] = [];

export class XmlTokenizer {
  readonly #limits: XmlLimits;
  readonly #document: boolean;
  readonly #sink: XmlTokenSink;
  readonly #reference = new ReferenceReader();
  readonly #markup = new MarkupReader();
  /** Character data since the last tag. */
  readonly #text = new CharacterData();
  readonly #value = new CharacterData();

  #state = START;
  /** Where a reference returns to. */
  #after = CONTENT;
  /** Open elements, the root included. */
  #depth = 0;
  /** True until the first "<" was read: only there an XML declaration may stand. */
  #first = true;
  /** Unfinished name. */
  #token = '';
  #tagName = '';
  #attributes: string[] = NO_ATTRIBUTES;
  #quote = 0;
  /** White space was read since the tag's name or the last attribute. */
  #spaced = false;
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
    this.#text.clear();
    this.#value.clear();
    this.#token = '';
    this.#attributes = NO_ATTRIBUTES;
  }

  /** Begins anew. From inside a callback the rest of the piece belongs to the new stream, unless `stop` came first. */
  reset(): void {
    this.#state = START;
    this.#depth = 0;
    this.#first = true;
    this.#token = '';
    this.#text.clear();
    this.#value.clear();
    this.#octets = 0;
    this.encoding = 'utf-8';
  }

  #step(s: string, i: number): number {
    switch (this.#state) {
      case CONTENT:
        return this.#content(s, i);
      case MARKUP:
        return this.#afterLess(s, i);
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
        return this.#attributeValue(s, i);
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
      case COMMENT:
      case INSTRUCTION:
        return this.#inMarkup(s, i);
      case CDATA:
        return this.#cdata(s, i);
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
  #afterLess(s: string, i: number): number {
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
      this.#markup.start();
      this.#state = BANG;
      return i + 1;
    }
    if (code === 0x3f) {
      if (!first && !this.#document) return this.#fail(s, i, restricted('processing instruction'));
      this.#spaced = first;
      this.#markup.start();
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
    this.#state = VALUE;
    return i + 1;
  }

  #attributeValue(s: string, start: number): number {
    const i = this.#value.value(s, start, this.#quote);
    if (i === s.length) return i;
    const code = s.charCodeAt(i);
    if (code === this.#quote) {
      this.#attributes.push(this.#value.take());
      this.#spaced = false;
      this.#state = IN_TAG;
      return i + 1;
    }
    if (code === 0x26) return this.#enterReference(VALUE, i);
    return this.#fail(s, i, notWellFormed(code === 0x3c ? '"<" in a value' : 'forbidden character'));
  }

  #content(s: string, start: number): number {
    const i = this.#text.content(s, start);
    if (i === s.length) return i;
    const code = s.charCodeAt(i);
    if (code === 0x3c) {
      this.#after = CONTENT;
      this.#state = MARKUP;
      return i + 1;
    }
    if (code === 0x26) return this.#enterReference(CONTENT, i);
    return this.#fail(s, i, notWellFormed(code === 0x3e ? '"]]>" in text' : 'forbidden character'));
  }

  #cdata(s: string, start: number): number {
    const i = this.#text.cdata(s, start);
    if (i === s.length) return i;
    if (s.charCodeAt(i) !== 0x3e) return this.#fail(s, i, notWellFormed('forbidden character'));
    this.#state = CONTENT;
    return i + 1;
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
    if (this.#after === VALUE) this.#value.text += taken;
    else this.#text.text += taken;
    this.#state = this.#after;
    return i + 1;
  }

  /** BANG, COMMENT and INSTRUCTION. */
  #inMarkup(s: string, i: number): number {
    const markup = this.#markup;
    const found =
      this.#state === BANG
        ? markup.bang(s, i)
        : this.#state === COMMENT
          ? markup.comment(s, i)
          : markup.instruction(s, i);
    const next = markup.next;
    switch (found) {
      case undefined:
        return next;
      case 'comment opens':
        if (!this.#document) return this.#fail(s, i, restricted('comment'));
        this.#state = COMMENT;
        return next;
      case 'cdata opens':
        if (this.#after === BETWEEN) return this.#fail(s, i, TEXT_BETWEEN);
        if (this.#after !== CONTENT) return this.#fail(s, i, notWellFormed('text outside the root'));
        this.#state = CDATA;
        return next;
      case 'comment ends':
        this.#state = this.#after;
        return next;
      case 'instruction ends':
        return this.#endInstruction(s, next, markup.content);
      default:
        return this.#fail(s, next, found);
    }
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
    if (this.#text.text !== '') this.#sink.text(this.#text.take());
    this.#token = '';
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
