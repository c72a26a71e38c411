// Delivery receipts. Source: XEP-0184 1.4.

import { element, type XmlElement } from '../../xml/index.ts';
import { NS_RECEIPTS } from './namespaces.ts';

/** True when the sender asks for a receipt. A message without id can have none (XEP-0184 "Association"). */
export function requestsReceipt(message: XmlElement): boolean {
  return message.child('request', NS_RECEIPTS) !== undefined && !!message.attr('id');
}

/** The id of the message that this one is a receipt for; '' for the form of version 1.0, which names none. */
export function readReceipt(message: XmlElement): string | undefined {
  const received = message.child('received', NS_RECEIPTS);
  return received === undefined ? undefined : (received.attr('id') ?? '');
}

export function receiptRequestElement(): XmlElement {
  return element('request', NS_RECEIPTS);
}

export function receiptElement(id: string): XmlElement {
  return element('received', NS_RECEIPTS, { id });
}
