// A typed view of `<message/>`. The element stays whole beside it: extensions are read from there (xep/).
// Source: RFC 6121 §5.2.

import type { XmlElement } from '../../xml/index.ts';

export type MessageType = 'chat' | 'error' | 'groupchat' | 'headline' | 'normal';

/** Human-readable text with its effective xml:lang (own, else inherited: RFC 6121 §5.2.3). */
export interface LocalizedText {
  readonly text: string;
  readonly lang: string | undefined;
  /** True when the language stands on the element itself. */
  readonly ownLang: boolean;
}

export interface MessageThread {
  readonly id: string;
  readonly parent: string | undefined;
}

export interface Message {
  readonly element: XmlElement;
  readonly type: MessageType;
  readonly id: string | undefined;
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** Effective xml:lang of the message. */
  readonly lang: string | undefined;
  /** In document order; an empty `<body/>` is a body of ''. */
  readonly bodies: readonly LocalizedText[];
  readonly subjects: readonly LocalizedText[];
  readonly thread: MessageThread | undefined;
}

const NONE: readonly LocalizedText[] = [];

/** Reads a message stanza. `streamLang` is the xml:lang of the stream header. Never fails. */
export function readMessage(el: XmlElement, streamLang?: string): Message {
  let type: MessageType = 'normal';
  let id: string | undefined;
  let from: string | undefined;
  let to: string | undefined;
  let lang = streamLang;
  // One pass over the flat list: this is on the way of every message.
  const list = el.attributes;
  for (let i = 0; i < list.length; i += 2) {
    const value = list[i + 1] ?? '';
    switch (list[i]) {
      case 'type':
        type = messageType(value);
        break;
      case 'id':
        id = value;
        break;
      case 'from':
        from = value;
        break;
      case 'to':
        to = value;
        break;
      case 'xml:lang':
        // XML 1.0 §2.12: an empty value takes the inherited language back.
        lang = value || undefined;
        break;
    }
  }

  let bodies: LocalizedText[] | undefined;
  let subjects: LocalizedText[] | undefined;
  let thread: MessageThread | undefined;
  for (const child of el.children) {
    if (typeof child === 'string' || child.ns !== el.ns) continue;
    if (child.name === 'body') (bodies ??= []).push(localizedText(child, lang));
    else if (child.name === 'subject') (subjects ??= []).push(localizedText(child, lang));
    else if (child.name === 'thread' && thread === undefined) thread = readThread(child);
  }
  return {
    element: el,
    type,
    id,
    from,
    to,
    lang,
    bodies: bodies ?? NONE,
    subjects: subjects ?? NONE,
    thread,
  };
}

/** RFC 6121 §5.2.2: no type, or one that is not understood, MUST be taken as normal. */
export function messageType(value: string | undefined): MessageType {
  switch (value) {
    case 'chat':
    case 'error':
    case 'groupchat':
    case 'headline':
      return value;
    default:
      return 'normal';
  }
}

function localizedText(child: XmlElement, inherited: string | undefined): LocalizedText {
  const own = child.attr('xml:lang');
  return own === undefined
    ? { text: child.text(), lang: inherited, ownLang: false }
    : { text: child.text(), lang: own || undefined, ownLang: true };
}

/** RFC 6121 §5.2.5: the thread id is opaque; one of nothing but white space names no thread. */
function readThread(child: XmlElement): MessageThread | undefined {
  const id = child.text().trim();
  return id === '' ? undefined : { id, parent: child.attr('parent') || undefined };
}
