// Messages about other messages: correction, retraction, reaction, reply (row IM-17).
// Sources: XEP-0308 1.2, XEP-0424 0.4, XEP-0444 0.1, XEP-0461 0.2, XEP-0428 0.2.

import type { XmlElement } from '../../xml/index.ts';
import {
  NS_CORRECT,
  NS_FALLBACK,
  NS_FASTEN,
  NS_REACTIONS,
  NS_REPLY,
  NS_RETRACT,
  NS_RETRACT_0,
} from './namespaces.ts';

export interface MessageReference {
  readonly kind: 'correction' | 'reaction' | 'reply' | 'retraction';
  /** Id of the message meant, as written; '' when there is none. */
  readonly id: string;
}

/** The first reference in a message; undefined: none. */
export function readReference(message: XmlElement): MessageReference | undefined {
  for (const child of message.children) {
    if (typeof child === 'string') continue;
    const kind = referenceKind(child);
    if (kind !== undefined) return { kind, id: child.attr('id') ?? '' };
  }
  return undefined;
}

export interface Fallback {
  /** Namespace of the feature whose fallback the text is; '' when not named. */
  readonly for: string;
  /** Ranges of `<body/>`, in code points, end excluded; empty: the whole body (XEP-0428 "Use Cases"). */
  readonly bodyRanges: readonly { readonly start: number; readonly end: number }[];
}

/** What is marked as fallback text for clients that do not know a feature. */
export function readFallbacks(message: XmlElement): readonly Fallback[] {
  const found: Fallback[] = [];
  for (const child of message.children) {
    if (typeof child === 'string' || child.name !== 'fallback' || child.ns !== NS_FALLBACK) continue;
    const bodyRanges: { start: number; end: number }[] = [];
    for (const part of child.elements()) {
      if (part.name !== 'body' || part.ns !== NS_FALLBACK) continue;
      const start = position(part.attr('start'));
      const end = position(part.attr('end'));
      if (start !== undefined && end !== undefined && start <= end) bodyRanges.push({ start, end });
    }
    found.push({ for: child.attr('for') ?? '', bodyRanges });
  }
  return found;
}

function referenceKind(child: XmlElement): MessageReference['kind'] | undefined {
  switch (child.ns) {
    case NS_CORRECT:
      return child.name === 'replace' ? 'correction' : undefined;
    case NS_REACTIONS:
      return child.name === 'reactions' ? 'reaction' : undefined;
    case NS_REPLY:
      return child.name === 'reply' ? 'reply' : undefined;
    case NS_RETRACT:
      return child.name === 'retract' ? 'retraction' : undefined;
    case NS_FASTEN:
      // Version 0 of XEP-0424 put <retract/> into XEP-0422's <apply-to id='…'/>.
      return child.name === 'apply-to' && child.child('retract', NS_RETRACT_0) !== undefined
        ? 'retraction'
        : undefined;
    default:
      return undefined;
  }
}

function position(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
