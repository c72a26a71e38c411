// Presence stanzas of a SIP contact to the XMPP user who watches him (PRES-04, PRES-20, PRES-87).

import { NS_CLIENT, XmlElement } from '../../xml/index.ts';
import type { ResourcePresence } from './to-xmpp.ts';

/** Presence without content from the contact's bare JID to the user's; undefined: available. */
export function presenceStanza(
  type: 'subscribed' | 'unsubscribed' | 'unavailable' | 'probe' | 'subscribe' | 'unsubscribe' | undefined,
  contact: string,
  user: string,
): XmlElement {
  const attributes = ['from', contact, 'to', user];
  if (type !== undefined) attributes.push('type', type);
  return new XmlElement('presence', NS_CLIENT, attributes);
}

/** The presence of one resource to the user's bare JID (PRES-20), with `more` behind what the document says. */
export function resourceStanza(
  contact: string,
  user: string,
  presence: ResourcePresence,
  more: readonly XmlElement[] = [],
): XmlElement {
  const from = presence.resource === '' ? contact : `${contact}/${presence.resource}`;
  const attributes = ['from', from, 'to', user];
  if (!presence.available) attributes.push('type', 'unavailable');
  if (presence.lang !== undefined) attributes.push('xml:lang', presence.lang);
  return new XmlElement('presence', NS_CLIENT, attributes, [...presence.children, ...more]);
}
