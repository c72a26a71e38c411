// User nickname. Source: XEP-0172 1.1.

import { element, type XmlElement } from '../../xml/index.ts';
import { NS_NICK } from './namespaces.ts';

/** XEP-0172 sets no limit; nobody's name is longer, and a stanza could hold a quarter of a megabyte of it. */
const MAX_NICK = 128;

/** The nickname without white space around it, at most `maxCharacters` code points of it; undefined when there is none. */
export function readNick(stanza: XmlElement, maxCharacters = MAX_NICK): string | undefined {
  const nick = stanza.child('nick', NS_NICK)?.text().trim();
  if (nick === undefined || nick === '') return undefined;
  return firstCharacters(nick, maxCharacters).trimEnd();
}

export function nickElement(nick: string): XmlElement {
  return element('nick', NS_NICK, {}, nick);
}

/** Cuts between code points, never between the halves of a surrogate pair. */
function firstCharacters(text: string, count: number): string {
  if (text.length <= count) return text;
  let end = 0;
  for (let i = 0; i < count && end < text.length; i++) end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  return text.slice(0, end);
}
