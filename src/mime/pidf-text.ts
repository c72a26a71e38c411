// The pieces that the writers of presence documents are made of: text of XML with prefixes.

import { escapeAttribute, escapeText } from '../xml/index.ts';
import type { PidfNote } from './pidf.ts';

/** An element of that name, which may have a prefix; `content` is XML already. */
export function tag(name: string, attributes: string, content: string): string {
  return content === '' ? `<${name}${attributes}/>` : `<${name}${attributes}>${content}</${name}>`;
}

/** With a space before it; '' for undefined. */
export function attribute(name: string, value: string | undefined): string {
  return value === undefined ? '' : ` ${name}="${escapeAttribute(value)}"`;
}

export function formatNote(name: string, note: PidfNote): string {
  return tag(name, attribute('xml:lang', note.lang), escapeText(note.text));
}
