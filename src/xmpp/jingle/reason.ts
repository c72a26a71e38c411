// Why a session or a content ended (XEP-0166 §7.4).

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
  /** §7.4: an element of another namespace, which says more: `<transferred/>`, `<crypto-required/>` … The first one. */
  readonly detail?: XmlElement | undefined;
}

/** Reads a `<reason/>`; undefined when it has no condition that there is. */
export function readReason(reason: XmlElement): Reason | undefined {
  for (const child of reason.elements()) {
    const condition = child.ns === NS_JINGLE ? oneOf(child.name, REASONS) : undefined;
    if (condition === undefined) continue;
    const text = reason.child('text', NS_JINGLE)?.text();
    const alternative = child.child('sid', NS_JINGLE)?.text();
    const detail = detailOf(reason);
    return {
      condition,
      ...(text === undefined || text === '' ? {} : { text }),
      ...(alternative === undefined || alternative === '' ? {} : { alternative }),
      ...(detail === undefined ? {} : { detail }),
    };
  }
  return undefined;
}

function detailOf(reason: XmlElement): XmlElement | undefined {
  for (const child of reason.elements()) if (child.ns !== NS_JINGLE) return child;
  return undefined;
}

export function reasonElement({ condition, text, alternative, detail }: Reason): XmlElement {
  const sid = alternative === undefined ? undefined : element('sid', NS_JINGLE, {}, alternative);
  return element(
    'reason',
    NS_JINGLE,
    {},
    element(condition, NS_JINGLE, {}, sid),
    detail,
    text === undefined ? undefined : element('text', NS_JINGLE, {}, text),
  );
}
