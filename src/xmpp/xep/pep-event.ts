// Notifications of personal events. Sources: XEP-0163 1.2 §4.3, XEP-0060 1.26 §7.1.2, §7.2.2.

import { element, NS_CLIENT, XmlElement } from '../../xml/index.ts';
import { NS_PUBSUB_EVENT } from './namespaces.ts';

/** The message that brings the one item of a node. XEP-0060 §12.5: `headline`, so that no server keeps it. */
export function eventMessage(from: string, to: string, node: string, payload: XmlElement): XmlElement {
  const item = element('item', NS_PUBSUB_EVENT, { id: 'current' }, payload);
  const items = element('items', NS_PUBSUB_EVENT, { node }, item);
  const event = element('event', NS_PUBSUB_EVENT, {}, items);
  return new XmlElement('message', NS_CLIENT, ['from', from, 'to', to, 'type', 'headline'], [event]);
}

/** What a message tells of a node. */
export interface PepEvent {
  readonly node: string;
  /** Of the last item; undefined: there is none any more (retracted, purged, the node deleted). */
  readonly payload: XmlElement | undefined;
}

/** Whether a message is such a notification, of whatever node. */
export function isEventMessage(message: XmlElement): boolean {
  return message.child('event', NS_PUBSUB_EVENT) !== undefined;
}

/** Undefined: it tells nothing of the items of a node. */
export function readEvent(message: XmlElement): PepEvent | undefined {
  const event = message.child('event', NS_PUBSUB_EVENT);
  for (const child of event?.elements() ?? []) {
    const node = child.attr('node');
    if (child.ns !== NS_PUBSUB_EVENT || node === undefined) continue;
    if (child.name === 'purge' || child.name === 'delete') return { node, payload: undefined };
    if (child.name !== 'items') continue;
    const last = [...child.elements()].filter(({ ns }) => ns === NS_PUBSUB_EVENT).at(-1);
    if (last === undefined) continue;
    // XEP-0060 §7.1.2.2: without a payload nothing is known of what is there now.
    if (last.name === 'item') {
      const payload = [...last.elements()].at(0);
      return payload === undefined ? undefined : { node, payload };
    }
    if (last.name === 'retract') return { node, payload: undefined };
  }
  return undefined;
}
