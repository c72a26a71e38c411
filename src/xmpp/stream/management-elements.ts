// Elements of stream management. Source: XEP-0198 1.6.

import { element, type XmlElement } from '../../xml/index.ts';
import { NS_STANZAS } from '../stanza/condition.ts';

export const NS_MANAGEMENT = 'urn:xmpp:sm:3';

export function isManagement(el: XmlElement): boolean {
  return el.ns === NS_MANAGEMENT;
}

export function enableElement(): XmlElement {
  return element('enable', NS_MANAGEMENT, { resume: 'true' });
}

/** `id`: by which the stream may be resumed; `maxSeconds`: for how long after it broke. */
export function enabledElement(id: string | undefined, maxSeconds: number): XmlElement {
  return id === undefined
    ? element('enabled', NS_MANAGEMENT)
    : element('enabled', NS_MANAGEMENT, { id, resume: 'true', max: String(maxSeconds) });
}

export function resumeElement(previd: string, h: number): XmlElement {
  return element('resume', NS_MANAGEMENT, { previd, h: String(h) });
}

export function resumedElement(previd: string, h: number): XmlElement {
  return element('resumed', NS_MANAGEMENT, { previd, h: String(h) });
}

/** §5: `h` where the count of the earlier stream is still known. */
export function managementFailed(
  condition: 'item-not-found' | 'unexpected-request' | 'feature-not-implemented',
  h?: number,
): XmlElement {
  const attributes = { h: h === undefined ? undefined : String(h) };
  return element('failed', NS_MANAGEMENT, attributes, element(condition, NS_STANZAS));
}

export function requestElement(): XmlElement {
  return element('r', NS_MANAGEMENT);
}

export function acknowledgement(h: number): XmlElement {
  return element('a', NS_MANAGEMENT, { h: String(h) });
}

/** The `h` of an element: an unsigned 32-bit number (§8); undefined: it has none, or no such number. */
export function readCount(el: XmlElement): number | undefined {
  const text = el.attr('h') ?? '';
  if (!/^\d{1,10}$/.test(text)) return undefined;
  const h = Number(text);
  return h < 2 ** 32 ? h : undefined;
}
