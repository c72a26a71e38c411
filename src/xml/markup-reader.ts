// What follows "<!" and "<?" (XML 1.0 §2.5–§2.8): read to its end a character at a time; whether it may stand where
// it stands is for the tokenizer to say.

import { notWellFormed, restricted, type XmlStreamError } from './stream-error.ts';

const CDATA_OPEN = '[CDATA[';

/** What was found: the two beginnings of "<!", a comment's end, an instruction's end; or what is wrong. */
export type Markup = 'comment opens' | 'cdata opens' | 'comment ends' | 'instruction ends' | XmlStreamError;

export class MarkupReader {
  /** Between "<?" and "?>", once its end was found. */
  content = '';
  /** Index behind the last character looked at, or of the one that is wrong. */
  next = 0;
  /** Length of the run of "-" or "?" that the last character ended. */
  #run = 0;

  start(): void {
    this.content = '';
    this.#run = 0;
  }

  /** After "<!": undefined while that may still become a comment or a CDATA section. */
  bang(s: string, i: number): Markup | undefined {
    this.content += s.charAt(i);
    const read = this.content;
    this.next = i + 1;
    if (read === '--') {
      this.start();
      return 'comment opens';
    }
    if (read === CDATA_OPEN) return 'cdata opens';
    if (read === '-' || CDATA_OPEN.startsWith(read)) return undefined;
    this.next = i;
    // RFC 6120 §11.1: no DTD, hence no entity to expand; in documents neither.
    return read === 'D' ? restricted('document type declaration') : notWellFormed('bad markup');
  }

  /** A comment: up to "-->", without "--" in it (XML 1.0 §2.5). */
  comment(s: string, start: number): Markup | undefined {
    for (let i = start; i < s.length; i++) {
      const code = s.charCodeAt(i);
      this.next = i;
      if (this.#run === 2) {
        if (code !== 0x3e) return notWellFormed('"--" in a comment');
        this.next = i + 1;
        return 'comment ends';
      }
      if (!isLegalUnit(code)) return notWellFormed('forbidden character');
      this.#run = code === 0x2d ? this.#run + 1 : 0;
    }
    this.next = s.length;
    return undefined;
  }

  /** An instruction or the XML declaration: up to "?>" (XML 1.0 §2.6). */
  instruction(s: string, start: number): Markup | undefined {
    for (let i = start; i < s.length; i++) {
      const code = s.charCodeAt(i);
      this.next = i;
      if (this.#run === 1 && code === 0x3e) {
        this.content = (this.content + s.slice(start, i)).slice(0, -1);
        return 'instruction ends';
      }
      if (!isLegalUnit(code)) return notWellFormed('forbidden character');
      this.#run = code === 0x3f ? 1 : 0;
    }
    this.content += s.slice(start);
    this.next = s.length;
    return undefined;
  }
}

/** A UTF-16 unit of a Char (XML 1.0 [2]); surrogates come in pairs out of the decoder. */
function isLegalUnit(code: number): boolean {
  return code < 0x20 ? code === 0x09 || code === 0x0a || code === 0x0d : code < 0xfffe;
}
