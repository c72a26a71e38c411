// Last user interaction in presence. Source: XEP-0319 1.0.2.

import { formatDateTime } from '../../base/index.ts';
import { element, type XmlElement } from '../../xml/index.ts';
import { parseDateTime } from './date-time.ts';
import { NS_IDLE } from './namespaces.ts';

/** Since when nobody has used the device, milliseconds since 1970; undefined: he uses it, or it is not told. */
export function readIdle(presence: XmlElement): number | undefined {
  return parseDateTime(presence.child('idle', NS_IDLE)?.attr('since') ?? '');
}

export function idleElement(sinceMs: number): XmlElement {
  return element('idle', NS_IDLE, { since: formatDateTime(sinceMs) });
}
