// Notes of PIDF ⇄ texts of XMPP (rows PRES-66, PRES-69, PRES-85).

import { cleanText, languageForSip, languageForXml } from '../../mapping/index.ts';
import type { PidfNote } from '../../mime/index.ts';
import type { PepText } from '../../xmpp/index.ts';

/**
 * A note of the document goes into the stanza of each resource, and the statuses of all resources into one document: without
 * bounds one datagram would become megabytes. In UTF-16 units; nobody's status is longer.
 */
const MAX_TEXT = 1024;
const MAX_LANGUAGES = 8;

/** The texts for XMPP: the first note of each language, at most eight; a language that is none is not told. */
export function noteTexts(notes: readonly PidfNote[]): PepText[] {
  const texts = new Map<string, PepText>();
  for (const note of notes) {
    if (texts.size === MAX_LANGUAGES) break;
    const lang = note.lang === undefined ? undefined : languageForXml(note.lang);
    const key = lang?.toLowerCase() ?? '';
    const text = cleanText(cut(note.text));
    if (!texts.has(key) && text !== '') texts.set(key, lang === undefined ? { text } : { text, lang });
  }
  return [...texts.values()];
}

function cut(text: string): string {
  if (text.length <= MAX_TEXT) return text;
  // Never between the halves of a surrogate pair.
  const end = (text.codePointAt(MAX_TEXT - 1) ?? 0) > 0xffff ? MAX_TEXT - 1 : MAX_TEXT;
  return text.slice(0, end).trimEnd();
}

/** The notes of texts that XMPP gave, as many and as long as the other way; a language that is none is not told. */
export function textNotes(texts: readonly PepText[]): PidfNote[] {
  return texts.slice(0, MAX_LANGUAGES).map(({ text, lang }) => {
    const tag = lang === undefined ? undefined : languageForSip(lang.trim());
    return tag === undefined ? { text: cut(text) } : { text: cut(text), lang: tag };
  });
}
