// The `<text/>` that moods and activities have beside their word. Sources: XEP-0107, XEP-0108.

import type { XmlElement } from '../../xml/index.ts';

export interface PepText {
  /** Without white space around it, never empty. */
  readonly text: string;
  /** The own xml:lang, else that of the payload. */
  readonly lang?: string | undefined;
}

/** The texts of a payload, in its own namespace. */
export function localizedTexts(payload: XmlElement): PepText[] {
  const texts: PepText[] = [];
  for (const child of payload.elements()) {
    if (child.name !== 'text' || child.ns !== payload.ns) continue;
    const text = child.text().trim();
    const lang = (child.attr('xml:lang') ?? payload.attr('xml:lang')) || undefined;
    if (text !== '') texts.push(lang === undefined ? { text } : { text, lang });
  }
  return texts;
}
