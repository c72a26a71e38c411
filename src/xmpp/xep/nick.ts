// User nickname. Source: XEP-0172 1.1.

import { element, type XmlElement } from '../../xml/index.ts';
import { NS_NICK } from './namespaces.ts';

export function readNick(stanza: XmlElement): string | undefined {
  return stanza.child('nick', NS_NICK)?.text().trim() || undefined;
}

export function nickElement(nick: string): XmlElement {
  return element('nick', NS_NICK, {}, nick);
}
