// Presence stanzas of a SIP contact to the XMPP user who watches him (PRES-04, PRES-20, PRES-87).

import { NS_CLIENT, XmlElement } from '../../xml/index.ts';
import { prepareResource } from '../../xmpp/index.ts';
import type { ResourcePresence } from './presence-reader.ts';

/** Presence without content from the contact's bare JID to the user's. */
export function presenceStanza(
  type: 'subscribed' | 'unsubscribed' | 'unavailable' | 'probe' | 'subscribe',
  contact: string,
  user: string,
): XmlElement {
  return new XmlElement('presence', NS_CLIENT, ['from', contact, 'to', user, 'type', type]);
}

/** The presence of one resource to the user's bare JID (PRES-20). */
export function resourceStanza(contact: string, user: string, presence: ResourcePresence): XmlElement {
  const attributes = ['from', resourceJid(contact, presence.resource), 'to', user];
  if (!presence.available) attributes.push('type', 'unavailable');
  if (presence.lang !== undefined) attributes.push('xml:lang', presence.lang);
  return new XmlElement('presence', NS_CLIENT, attributes, presence.children);
}

/** A name that cannot be a resourcepart (RFC 7622 §3.4) is that of no resource: the bare JID stands for it. */
export function resourceJid(contact: string, resource: string): string {
  if (resource === '') return contact;
  const prepared = prepareResource(resource);
  return prepared.ok ? `${contact}/${prepared.value}` : contact;
}
