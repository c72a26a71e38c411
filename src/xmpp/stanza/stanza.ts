// What the three kinds of stanza have in common. Source: RFC 6120 §8.1.

import { NS_CLIENT, type XmlElement } from '../../xml/index.ts';

export type StanzaKind = 'message' | 'presence' | 'iq';

/**
 * The kind of a stanza as the parser delivers it (stanza namespaces of component and server streams are already
 * `jabber:client`, row COMP-04); undefined: not a stanza.
 */
export function stanzaKind(el: XmlElement): StanzaKind | undefined {
  if (el.ns !== NS_CLIENT) return undefined;
  const name = el.name;
  return name === 'message' || name === 'iq' || name === 'presence' ? name : undefined;
}
