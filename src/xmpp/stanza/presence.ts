// A typed view of `<presence/>`. The element stays whole beside it: extensions are read from there (xep/).
// Source: RFC 6121 §4.7.

import type { XmlElement } from '../../xml/index.ts';
import type { LocalizedText } from './message.ts';

/** RFC 6121 §4.7.1; `available` is the one that has no `type`. */
export type PresenceType =
  | 'available'
  | 'error'
  | 'probe'
  | 'subscribe'
  | 'subscribed'
  | 'unavailable'
  | 'unsubscribe'
  | 'unsubscribed';

/** RFC 6121 §4.7.2.1. */
export type Show = 'away' | 'chat' | 'dnd' | 'xa';

export interface Presence {
  readonly element: XmlElement;
  /** Undefined for a `type` that RFC 6121 does not know. */
  readonly type: PresenceType | undefined;
  readonly id: string | undefined;
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** Effective xml:lang of the presence. */
  readonly lang: string | undefined;
  /** Undefined: none, or one that RFC 6121 does not know, which counts as none. */
  readonly show: Show | undefined;
  /** In document order, without empty ones, the first of each language. */
  readonly statuses: readonly LocalizedText[];
  /** -128 to 127; undefined: none, or not readable. Then it counts as 0. */
  readonly priority: number | undefined;
}

const TYPES: readonly string[] = [
  ...['error', 'probe', 'subscribe', 'subscribed', 'unavailable', 'unsubscribe', 'unsubscribed'],
];

/** Reads a presence stanza. `streamLang` is the xml:lang of the stream header. Never fails. */
export function readPresence(el: XmlElement, streamLang?: string): Presence {
  const ownLang = el.attr('xml:lang');
  // XML 1.0 §2.12: an empty value takes the inherited language back.
  const lang = ownLang === undefined ? streamLang : ownLang || undefined;
  return {
    element: el,
    type: presenceType(el.attr('type')),
    id: el.attr('id'),
    from: el.attr('from'),
    to: el.attr('to'),
    lang,
    show: readShow(el.child('show', el.ns)?.text()),
    statuses: statusesOf(el, lang),
    priority: readPriority(el.child('priority', el.ns)?.text()),
  };
}

function presenceType(value: string | undefined): PresenceType | undefined {
  if (value === undefined) return 'available';
  return isPresenceType(value) ? value : undefined;
}

function isPresenceType(value: string): value is PresenceType {
  return TYPES.includes(value);
}

function readShow(text: string | undefined): Show | undefined {
  const show = text?.trim();
  return show === 'away' || show === 'chat' || show === 'dnd' || show === 'xa' ? show : undefined;
}

/** RFC 6121 §4.7.2.2: several only "if each instance possesses an 'xml:lang' attribute" of its own value. */
function statusesOf(el: XmlElement, inherited: string | undefined): LocalizedText[] {
  const statuses = new Map<string, LocalizedText>();
  for (const child of el.elements()) {
    if (child.name !== 'status' || child.ns !== el.ns) continue;
    const own = child.attr('xml:lang');
    const lang = own === undefined ? inherited : own || undefined;
    const text = child.text().trim();
    const key = lang?.toLowerCase() ?? '';
    if (text !== '' && !statuses.has(key)) statuses.set(key, { text, lang, ownLang: own !== undefined });
  }
  return [...statuses.values()];
}

/** RFC 6121 §4.7.2.3: "an integer between -128 and +127". */
function readPriority(text: string | undefined): number | undefined {
  const digits = text?.trim() ?? '';
  if (!/^[+-]?[0-9]{1,4}$/.test(digits)) return undefined;
  const priority = Number(digits) + 0;
  return priority >= -128 && priority <= 127 ? priority : undefined;
}
