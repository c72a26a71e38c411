// XMPP message → SIP MESSAGE, pure (RFC 7572 §4, Table 1; rows IM-01 … IM-18, IM-60 … IM-69).
// Same order of steps as to-xmpp.ts: body, language, subject, thread, time, type.

import { utf8Bytes, type Bytes } from '../../base/index.ts';
import { languageForSip, threadToCallId } from '../../mapping/index.ts';
import { formatSipDate, headerField, type HeaderField } from '../../sip/index.ts';
import {
  readChatState,
  readDelay,
  readEncryption,
  readReference,
  readReportWish,
  readWrapper,
  stanzaError,
  type ChatState,
  type Message,
  type ReportWish,
  type StanzaError,
} from '../../xmpp/index.ts';
import { maxForwardsFor } from './message-id.ts';

export interface ToSipContext {
  /** `messages.encrypted` (IM-15). */
  readonly encrypted: 'refuse' | 'fallback';
}

/** What a MESSAGE is made of besides its addresses. */
export interface MessageDraft {
  /** From the thread, when it can be one (IM-03). */
  readonly callId: string | undefined;
  readonly maxForwards: number;
  /** Content headers, Subject and Date, in the order in which they are written. */
  readonly headers: readonly HeaderField[];
  readonly body: Bytes;
  /** The reports that its sender asks for (RCPT-01, RCPT-02). */
  readonly wish: ReportWish | undefined;
  /** When it was written, if it says so, ms (IM-12). */
  readonly sentMs: number | undefined;
}

export type ToSip =
  | { readonly kind: 'message'; readonly draft: MessageDraft }
  | { readonly kind: 'chatState'; readonly state: ChatState }
  /** Nothing that SIP could carry, and nothing lost by it: no answer (IM-11, IM-16). */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'refused'; readonly error: StanzaError };

const NOTHING: ToSip = { kind: 'nothing' };
const TEXT_PLAIN = headerField('Content-Type', 'text/plain;charset=UTF-8');

/** Translates one message that is not of type error. Never throws for anything a peer can send. */
export function toSip(message: Message, context: ToSipContext): ToSip {
  const element = message.element;
  // IM-07: rooms are another feature; a groupchat message to a person is nobody's (RFC 6121 §8.5.2.1.1).
  if (message.type === 'groupchat') return refused('service-unavailable');
  if (element.children.length > 1 || message.bodies.length === 0) {
    if (readWrapper(element) !== undefined) return NOTHING;
    // Answering as if an encrypted text had been delivered would be untrue (IM-15).
    const encrypted = readEncryption(element) !== undefined;
    if (encrypted && (context.encrypted === 'refuse' || message.bodies.length === 0)) {
      return refused('not-acceptable', 'Encrypted messages cannot be read on the SIP side');
    }
    if (message.bodies.length === 0) return withoutBody(message);
  } else if (readEncryption(element) !== undefined && context.encrypted === 'refuse') {
    return refused('not-acceptable', 'Encrypted messages cannot be read on the SIP side');
  }
  return withBody(message);
}

function withBody(message: Message): ToSip {
  // IM-09: the body without a language of its own if there is one, else the first.
  const body = message.bodies.find((candidate) => !candidate.ownLang) ?? message.bodies[0];
  if (body === undefined) return NOTHING;
  const headers: HeaderField[] = [TEXT_PLAIN];
  const lang = body.lang === undefined ? undefined : languageForSip(body.lang);
  if (lang !== undefined) headers.push(headerField('Content-Language', lang));
  const subject = message.subjects.find((candidate) => !candidate.ownLang) ?? message.subjects[0];
  if (subject !== undefined && subject.text !== '') headers.push(headerField('Subject', subject.text));
  const delay = readDelay(message.element);
  if (delay !== undefined) headers.push(headerField('Date', formatSipDate(delay.stampMs)));
  return {
    kind: 'message',
    draft: {
      callId: message.thread === undefined ? undefined : threadToCallId(message.thread.id),
      maxForwards: maxForwardsFor(message.id),
      headers,
      body: utf8Bytes(body.text),
      // A message of nothing but a body asks for nothing.
      wish: message.element.children.length > 1 ? readReportWish(message.element) : undefined,
      sentMs: delay?.stampMs,
    },
  };
}

function withoutBody(message: Message): ToSip {
  const state = readChatState(message.element);
  if (state !== undefined) return { kind: 'chatState', state };
  const reference = readReference(message.element);
  // IM-17: never silent.
  if (reference?.kind === 'retraction' || reference?.kind === 'reaction') {
    return refused('not-acceptable', `A ${reference.kind} cannot be sent to the SIP side`);
  }
  return NOTHING;
}

function refused(condition: StanzaError['condition'], text?: string): ToSip {
  return { kind: 'refused', error: stanzaError(condition, text === undefined ? {} : { text, lang: 'en' }) };
}
