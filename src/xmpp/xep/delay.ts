// Delayed delivery. Source: XEP-0203 2.0.

import { formatDateTime } from '../../base/index.ts';
import { element, type XmlElement } from '../../xml/index.ts';
import { parseDateTime } from './date-time.ts';
import { NS_DELAY } from './namespaces.ts';

export interface Delay {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly stampMs: number;
  /** Who delayed it, as written. */
  readonly from: string | undefined;
}

/** The first readable `<delay/>` of a stanza. */
export function readDelay(stanza: XmlElement): Delay | undefined {
  for (const child of stanza.children) {
    if (typeof child === 'string' || child.name !== 'delay' || child.ns !== NS_DELAY) continue;
    const stampMs = parseDateTime(child.attr('stamp') ?? '');
    if (stampMs !== undefined) return { stampMs, from: child.attr('from') };
  }
  return undefined;
}

/** `from`: the domain that delayed it. */
export function delayElement(stampMs: number, from?: string): XmlElement {
  return element('delay', NS_DELAY, { from, stamp: formatDateTime(stampMs) });
}
