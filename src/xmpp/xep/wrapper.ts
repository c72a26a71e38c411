// Messages that are copies or old: never unwrapped into SIP (row IM-16).
// Sources: XEP-0280 1.0, XEP-0313 1.1, XEP-0334 0.4.

import { element, type XmlElement } from '../../xml/index.ts';
import { NS_CARBONS, NS_HINTS, NS_MAM, NS_MAM_1 } from './namespaces.ts';

export type Wrapper = 'carbon' | 'archive';

/** What a message wraps: a carbon copy, or a result of an archive; undefined: nothing. */
export function readWrapper(message: XmlElement): Wrapper | undefined {
  for (const child of message.children) {
    if (typeof child === 'string') continue;
    if (child.ns === NS_CARBONS && (child.name === 'sent' || child.name === 'received')) return 'carbon';
    if ((child.ns === NS_MAM || child.ns === NS_MAM_1) && (child.name === 'result' || child.name === 'fin')) {
      return 'archive';
    }
  }
  return undefined;
}

export type Hint = 'no-copy' | 'no-permanent-store' | 'no-store' | 'store';

/** Whether a message carries this processing hint. */
export function hasHint(message: XmlElement, hint: Hint): boolean {
  return message.child(hint, NS_HINTS) !== undefined;
}

/** Asks servers to keep the message in archives although it has no body (XEP-0334 §4.4). */
export function hintElement(hint: Hint): XmlElement {
  return element(hint, NS_HINTS);
}
