// Why a session or a content ended (XEP-0166 §7.4), and the conditions that an error adds to its stanza error (§10).

import { element, type XmlElement } from '../../xml/index.ts';
import { NS_JINGLE } from './namespaces.ts';
import { oneOf } from './values.ts';

export const REASONS = [
  ...['alternative-session', 'busy', 'cancel', 'connectivity-error', 'decline', 'expired'],
  ...['failed-application', 'failed-transport', 'general-error', 'gone', 'incompatible-parameters'],
  ...['media-error', 'security-error', 'success', 'timeout', 'unsupported-applications'],
  'unsupported-transports',
] as const;
export type ReasonCondition = (typeof REASONS)[number];

export interface Reason {
  readonly condition: ReasonCondition;
  /** For people. */
  readonly text?: string | undefined;
  /** Of the session to use instead, with alternative-session. */
  readonly alternative?: string | undefined;
}

/** Reads a `<reason/>`; undefined when it has no condition that there is. */
export function readReason(reason: XmlElement): Reason | undefined {
  for (const child of reason.elements()) {
    const condition = child.ns === NS_JINGLE ? oneOf(child.name, REASONS) : undefined;
    if (condition === undefined) continue;
    const text = reason.child('text', NS_JINGLE)?.text();
    const alternative = child.child('sid', NS_JINGLE)?.text();
    return {
      condition,
      ...(text === undefined || text === '' ? {} : { text }),
      ...(alternative === undefined || alternative === '' ? {} : { alternative }),
    };
  }
  return undefined;
}

export function reasonElement({ condition, text, alternative }: Reason): XmlElement {
  const sid = alternative === undefined ? undefined : element('sid', NS_JINGLE, {}, alternative);
  return element(
    'reason',
    NS_JINGLE,
    {},
    element(condition, NS_JINGLE, {}, sid),
    text === undefined ? undefined : element('text', NS_JINGLE, {}, text),
  );
}
