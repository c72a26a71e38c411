// Plain text of an HTML body (row IM-41; RFC 7572 §7): what a reader would see, never scripts, styles or images.
// Line breaks follow the innerText algorithm of the HTML Living Standard §3.2.7.

import { decodeReferences } from './html-entities.ts';
import { htmlAttribute, htmlTokens } from './html-tokens.ts';

const PARAGRAPHS: ReadonlySet<string> = new Set(['p']);
const BLOCKS: ReadonlySet<string> = new Set(
  (
    'address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure ' +
    'footer form h1 h2 h3 h4 h5 h6 head header hgroup hr html legend li main menu nav ol optgroup option pre search ' +
    'section summary table tbody tfoot thead tr ul'
  ).split(' '),
);

/** The text of an HTML document or fragment. Its length is at most that of the input. Never throws. */
export function htmlToText(html: string): string {
  const writer = new TextWriter();
  let href: string | undefined;
  let linkMark = 0;
  for (const token of htmlTokens(html)) {
    if (token.kind === 'text') {
      writer.text(decodeReferences(token.text));
      continue;
    }
    const { kind, name } = token;
    if (name === 'br' && kind === 'open') writer.lineBreak();
    else if (name === 'pre') writer.pre(kind === 'open');
    else if (PARAGRAPHS.has(name)) writer.block(2);
    else if (BLOCKS.has(name)) writer.block(1);
    else if ((name === 'td' || name === 'th') && kind === 'open') writer.cell();
    else if (name === 'img' && kind === 'open') {
      writer.text(decodeReferences(htmlAttribute(token.attributes, 'alt') ?? ''));
    } else if (name === 'a' && kind === 'open') {
      href = linkAddress(htmlAttribute(token.attributes, 'href'));
      linkMark = writer.mark;
    } else if (name === 'a' && href !== undefined) {
      // A reader must be able to follow the link, and to see where it leads.
      if (!writer.textFrom(linkMark).includes(href.replace(/^mailto:/i, ''))) writer.text(` <${href}>`);
      href = undefined;
    }
  }
  return writer.finish();
}

/** An address that makes sense outside the document. */
function linkAddress(href: string | undefined): string | undefined {
  const address = href === undefined ? '' : decodeReferences(href).trim();
  return /^(?:https?|mailto|xmpp|sips?|tel|im|geo):[^\s<>]+$/i.test(address) ? address : undefined;
}

/**
 * Collects text with white space collapsed and line breaks that are due between blocks. In pieces: looking at the end
 * of one growing string would flatten it again and again.
 */
class TextWriter {
  readonly #pieces: string[] = [];
  #lastChar = '';
  #space = false;
  #breaks = 0;
  #preDepth = 0;
  #freshRow = true;

  /** A place to which `textFrom` can go back. */
  get mark(): number {
    return this.#pieces.length;
  }

  textFrom(mark: number): string {
    return this.#pieces.slice(mark).join('');
  }

  text(text: string): void {
    if (this.#preDepth > 0) {
      if (text !== '') this.#put(text.replace(/\r\n?/g, '\n'));
      return;
    }
    for (const [i, word] of text.split(/[ \t\r\n\f]+/).entries()) {
      if (i > 0) this.#space = true;
      if (word !== '') this.#put(word);
    }
  }

  lineBreak(): void {
    this.#put('\n');
  }

  /** A border of a block: at least this many line breaks between what is before and after. */
  block(breaks: number): void {
    this.#space = false;
    this.#freshRow = true;
    this.#breaks = Math.max(this.#breaks, breaks);
  }

  pre(open: boolean): void {
    this.block(1);
    this.#preDepth = open ? this.#preDepth + 1 : Math.max(0, this.#preDepth - 1);
  }

  /** Cells of a row are set apart by a tab. */
  cell(): void {
    this.#space = false;
    if (!this.#freshRow) this.#put('\t');
    this.#freshRow = false;
  }

  finish(): string {
    return this.#pieces.join('').trim();
  }

  #put(text: string): void {
    if (this.#breaks > 0) {
      if (this.#lastChar !== '') this.#pieces.push('\n'.repeat(this.#breaks));
      this.#breaks = 0;
    } else if (this.#space && this.#lastChar !== '' && text !== '\n' && !'\n\t '.includes(this.#lastChar)) {
      this.#pieces.push(' ');
    }
    this.#space = false;
    this.#pieces.push(text);
    this.#lastChar = text.slice(-1);
  }
}
