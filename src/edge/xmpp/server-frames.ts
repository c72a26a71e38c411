// What goes on the wire of a server-to-server stream besides stanzas. Old servers know features, errors and dialback by
// their prefixes only (RFC 6120 §4.8.5; XEP-0220 §2.1.1), so that these are written with them.

import { escapeAttribute, NS_CLIENT, serialize, XmlElement } from '../../xml/index.ts';
import { NS_DIALBACK, NS_SERVER, NS_STREAM, streamErrorElement, type HeaderFault } from '../../xmpp/index.ts';

export const END_TAG = '</stream:stream>';

/** `dialback`: the namespace is declared, by which servers older than the feature know that it is understood. */
export interface HeaderParts {
  readonly from: string;
  readonly to: string;
  readonly id?: string;
  readonly dialback: boolean;
}

/** The open tag (RFC 6120 §4.7, §4.8); empty parts are left out. */
export function serverHeader({ from, to, id = '', dialback }: HeaderParts): string {
  const attribute = (name: string, value: string): string =>
    value === '' ? '' : ` ${name}='${escapeAttribute(value)}'`;
  const db = dialback ? ` xmlns:db='${NS_DIALBACK}'` : '';
  return (
    `<?xml version='1.0'?><stream:stream xmlns='${NS_SERVER}' xmlns:stream='${NS_STREAM}'${db}` +
    `${attribute('from', from)}${attribute('to', to)}${attribute('id', id)} version='1.0' xml:lang='en'>`
  );
}

/** A whole element; stanzas are in `jabber:client` here and in `jabber:server` on the wire. */
export function serverFrame(el: XmlElement, dialback: boolean): string {
  if (el.ns === NS_STREAM) return serialize(prefixed(el, 'stream'));
  if (el.ns === NS_DIALBACK && dialback) return serialize(prefixed(el, 'db'));
  return serialize(el);
}

export function errorFrame({ condition, text }: HeaderFault): string {
  return serverFrame(streamErrorElement(condition, text), false);
}

/** The serializer takes names as they are, and declares nothing for the namespace of the stream. */
function prefixed(el: XmlElement, prefix: string): XmlElement {
  return new XmlElement(`${prefix}:${el.name}`, NS_CLIENT, el.attributes, el.children);
}
