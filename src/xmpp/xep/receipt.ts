// Delivery receipts and displayed markers: asking for them and giving them. They are read together, in one pass over
// the children, since every message with more than a body is looked at. Sources: XEP-0184 1.4, XEP-0333 1.0.

import { element, type XmlElement } from '../../xml/index.ts';
import { NS_CHAT_MARKERS, NS_RECEIPTS } from './namespaces.ts';

/** What the sender of a message wants to hear of it. */
export interface ReportWish {
  /** `<request/>` (XEP-0184). */
  readonly receipt: boolean;
  /** `<markable/>` (XEP-0333). */
  readonly marker: boolean;
}

const RECEIPT: ReportWish = { receipt: true, marker: false };
const MARKER: ReportWish = { receipt: false, marker: true };
const BOTH: ReportWish = { receipt: true, marker: true };

/** undefined: nothing. A message without id can have neither (XEP-0184 §5.3, XEP-0333 §4.1). */
export function readReportWish(message: XmlElement): ReportWish | undefined {
  let receipt = false;
  let marker = false;
  for (const child of message.children) {
    if (typeof child === 'string') continue;
    if (child.ns === NS_RECEIPTS) receipt ||= child.name === 'request';
    else if (child.ns === NS_CHAT_MARKERS) marker ||= child.name === 'markable';
  }
  if (!receipt && !marker) return undefined;
  if (!message.attr('id')) return undefined;
  return receipt ? (marker ? BOTH : RECEIPT) : MARKER;
}

/** What a message says of an earlier one: its id. */
export interface ReportGiven {
  /** `<received/>`; '' for the form of XEP-0184 1.0, which names no message. */
  readonly received: string | undefined;
  /** `<displayed/>`: this message and all before it (XEP-0333 §1). */
  readonly displayed: string | undefined;
}

/** undefined: nothing. */
export function readReportGiven(message: XmlElement): ReportGiven | undefined {
  let received: string | undefined;
  let displayed: string | undefined;
  for (const child of message.children) {
    if (typeof child === 'string') continue;
    if (child.ns === NS_RECEIPTS && child.name === 'received') received ??= child.attr('id') ?? '';
    else if (child.ns === NS_CHAT_MARKERS && child.name === 'displayed') displayed ??= child.attr('id') ?? '';
  }
  return received === undefined && displayed === undefined ? undefined : { received, displayed };
}

export function receiptRequestElement(): XmlElement {
  return element('request', NS_RECEIPTS);
}

export function receiptElement(id: string): XmlElement {
  return element('received', NS_RECEIPTS, { id });
}

export function markableElement(): XmlElement {
  return element('markable', NS_CHAT_MARKERS);
}

export function displayedElement(id: string): XmlElement {
  return element('displayed', NS_CHAT_MARKERS, { id });
}
