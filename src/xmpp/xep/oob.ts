// Out-of-band data: the address of a file. Source: XEP-0066 1.5 "jabber:x:oob".

import { element, type XmlElement } from '../../xml/index.ts';
import { NS_OOB } from './namespaces.ts';

export interface OutOfBand {
  readonly url: string;
  readonly description: string | undefined;
}

export function readOutOfBand(message: XmlElement): OutOfBand | undefined {
  const x = message.child('x', NS_OOB);
  const url = x?.child('url', NS_OOB)?.text().trim();
  return url ? { url, description: x?.child('desc', NS_OOB)?.text().trim() || undefined } : undefined;
}

export function outOfBandElement(url: string, description?: string): XmlElement {
  const parts = [element('url', NS_OOB, {}, url)];
  if (description !== undefined) parts.push(element('desc', NS_OOB, {}, description));
  return element('x', NS_OOB, {}, ...parts);
}
