// What a component link writes besides stanzas. Row COMP-01: no `from` and no version in the header.

import { element, escapeAttribute, NS_CLIENT, serialize } from '../../xml/index.ts';
import {
  NS_COMPONENT,
  NS_PING,
  NS_STREAM,
  streamErrorElement,
  type ComponentEffect,
} from '../../xmpp/index.ts';

/** What an effect of the stream's machine writes. */
export function frameOf(
  effect: Extract<ComponentEffect, { readonly kind: `write${string}` }>,
  domain: string,
): string {
  switch (effect.kind) {
    case 'writeHeader':
      return streamHeader(domain);
    case 'writeHandshake':
      return serialize(element('handshake', NS_CLIENT, {}, effect.digest));
    case 'writeError':
      return serialize(streamErrorElement(effect.condition, effect.text));
    case 'writeEnd':
      return '</stream:stream>';
  }
}

/** An open tag, which no serializer of whole elements writes. */
function streamHeader(domain: string): string {
  const to = escapeAttribute(domain);
  return `<?xml version='1.0'?><stream:stream xmlns='${NS_COMPONENT}' xmlns:stream='${NS_STREAM}' to='${to}'>`;
}

/**
 * The barrier: a ping of the domain to itself (XEP-0199 2.0 "Server-to-Server Pings" has the same form), or to a session
 * manager.
 */
export function barrierPing(domain: string, to: string, id: string): string {
  return serialize(element('iq', NS_CLIENT, { from: domain, to, id, type: 'get' }, element('ping', NS_PING)));
}
