// Stanza errors: reading `<error/>`, and answering with one (rows ERR-R1 and ERR-R2).
// Source: RFC 6120 §8.3.

import { element, XmlElement } from '../../xml/index.ts';
import {
  defaultErrorType,
  isStanzaCondition,
  isStanzaErrorType,
  NS_STANZAS,
  type StanzaCondition,
  type StanzaErrorType,
} from './condition.ts';
import { stanzaKind } from './stanza.ts';

export interface StanzaError {
  readonly type: StanzaErrorType;
  readonly condition: StanzaCondition;
  /** `<text/>`: for people, never for programs (RFC 6120 §8.3.2). */
  readonly text?: string | undefined;
  /** Effective xml:lang of `text`. */
  readonly lang?: string | undefined;
  /** Character data of `<gone/>` or `<redirect/>`: a URI, as written (RFC 6120 §8.3.3.5, §8.3.3.14). */
  readonly address?: string | undefined;
  /** The application-specific condition (RFC 6120 §8.3.4). */
  readonly application?: XmlElement | undefined;
  /**
   * True when none of the defined conditions was there and `undefined-condition` stands in for it: judge by `type`
   * (row ERR-X25).
   */
  readonly unrecognized?: boolean | undefined;
}

/** A stanza error of our own; `type` by default the usual one of the condition. */
export function stanzaError(
  condition: StanzaCondition,
  details: Omit<Partial<StanzaError>, 'condition'> = {},
): StanzaError {
  return { type: defaultErrorType[condition], condition, ...details };
}

/**
 * Reads the `<error/>` of a stanza of type error. Always gives something: what is missing or unknown is
 * `undefined-condition`, marked `unrecognized`. `lang` is that of the stream, when known.
 */
export function readStanzaError(stanza: XmlElement, lang?: string): StanzaError {
  const error = stanza.child('error', stanza.ns);
  if (error === undefined) return { type: 'cancel', condition: 'undefined-condition', unrecognized: true };

  let condition: StanzaCondition | undefined;
  let address: string | undefined;
  let textElement: XmlElement | undefined;
  let application: XmlElement | undefined;
  for (const child of error.elements()) {
    if (child.ns !== NS_STANZAS) application ??= child;
    else if (child.name === 'text') textElement ??= child;
    else if (condition === undefined && isStanzaCondition(child.name)) {
      condition = child.name;
      if (condition === 'gone' || condition === 'redirect') address = child.text().trim() || undefined;
    }
  }

  const written = error.attr('type');
  const type = isStanzaErrorType(written) ? written : defaultErrorType[condition ?? 'undefined-condition'];
  const text = textElement?.text().trim() || undefined;
  return {
    type,
    condition: condition ?? 'undefined-condition',
    text,
    lang: text === undefined ? undefined : (languageOf(textElement, error, stanza) ?? lang),
    address,
    application,
    unrecognized: condition === undefined ? true : undefined,
  };
}

/** `<error/>` in the namespace of its stanza. */
export function errorElement(error: StanzaError, ns: string): XmlElement {
  const takesAddress = error.condition === 'gone' || error.condition === 'redirect';
  const children: XmlElement[] = [
    element(error.condition, NS_STANZAS, {}, ...(takesAddress && error.address ? [error.address] : [])),
  ];
  if (error.text) children.push(element('text', NS_STANZAS, { 'xml:lang': error.lang ?? 'en' }, error.text));
  if (error.application !== undefined) children.push(error.application);
  return element('error', ns, { type: error.type }, ...children);
}

/**
 * Row ERR-R1: never answer a stanza of type error (RFC 6120 §8.3.1), nor an iq of type result (§8.2.3), nor what
 * names no sender.
 */
export function mayAnswerWithError(stanza: XmlElement): boolean {
  const kind = stanzaKind(stanza);
  if (kind === undefined || !stanza.attr('from')) return false;
  const type = stanza.attr('type');
  return type !== 'error' && !(kind === 'iq' && type === 'result');
}

/**
 * Row ERR-R2: the answer goes from the address the sender used (bare stays bare) to the sender, with the same id.
 * Nothing of the content is sent back: who sees the answer need not have seen the question. Ask
 * `mayAnswerWithError` first.
 */
export function errorReply(stanza: XmlElement, error: StanzaError): XmlElement {
  return new XmlElement(stanza.name, stanza.ns, replyAttributes(stanza, 'error'), [
    errorElement(error, stanza.ns),
  ]);
}

/** Attributes of an answer: `to` and `from` swapped, the same id. */
export function replyAttributes(stanza: XmlElement, type: string): string[] {
  const attributes: string[] = [];
  const from = stanza.attr('to');
  const to = stanza.attr('from');
  const id = stanza.attr('id');
  if (from !== undefined) attributes.push('from', from);
  if (to !== undefined) attributes.push('to', to);
  if (id !== undefined) attributes.push('id', id);
  attributes.push('type', type);
  return attributes;
}

function languageOf(...innermostFirst: (XmlElement | undefined)[]): string | undefined {
  for (const each of innermostFirst) {
    const lang = each?.attr('xml:lang');
    if (lang !== undefined) return lang || undefined;
  }
  return undefined;
}
