// SIP MESSAGE → XMPP message, pure (RFC 7572 §5, Table 2; rows IM-20 … IM-50, IM-60, IM-61).
// Same order of steps as to-sip.ts: body, language, subject, thread, time, type.

import {
  callIdToThread,
  chatStateFor,
  languageForXml,
  readSipBody,
  subjectForXml,
  type RequestedReports,
  type SipBody,
} from '../../mapping/index.ts';
import type { ImdnReport } from '../../mime/index.ts';
import { date, expires, headerField, type HeaderField, type SipRequest } from '../../sip/index.ts';
import { NS_CLIENT, sanitizeText, XmlElement, type XmlNode } from '../../xml/index.ts';
import {
  chatStateElement,
  delayElement,
  markableElement,
  nickElement,
  receiptRequestElement,
} from '../../xmpp/index.ts';
import { messageId } from './message-id.ts';

/** A MESSAGE older than this carries its time into XMPP (IM-26, practice). */
const DELAY_AFTER_MS = 60_000;

export interface ToXmppContext {
  /** Prepared JIDs, as text. */
  readonly from: string;
  readonly to: string;
  /** `messages.type`, with `mirror` already looked up (IM-28). */
  readonly type: 'normal' | 'chat';
  /** Thread that the XMPP side knows this Call-ID by, when it could not be the Call-ID itself (IM-03). */
  readonly thread: string | undefined;
  /** True for the first message of a conversation: it introduces its sender (ADDR-70). */
  readonly first: boolean;
  readonly wallMs: number;
}

export type ToXmpp =
  | {
      readonly kind: 'message';
      readonly id: string;
      readonly stanza: XmlElement;
      readonly reports: RequestedReports | undefined;
    }
  | {
      readonly kind: 'composing';
      readonly stanza: XmlElement;
      readonly composing: boolean;
      /** Seconds after which he counts as idle again; undefined: not said (IM-67). */
      readonly refreshSeconds: number | undefined;
    }
  /** A notification about a message from XMPP (IM-44): 200. `id`: for the stanza that it becomes. */
  | { readonly kind: 'imdn'; readonly report: ImdnReport; readonly id: string }
  /** Understood, and nothing to tell the XMPP user: 200 (IM-46 optional parts, IM-48). */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'refused'; readonly status: number; readonly headers: readonly HeaderField[] };

const NOTHING: ToXmpp = { kind: 'nothing' };

/** Translates one MESSAGE whose addresses are mapped already. Never throws for anything a peer can send. */
export function toXmpp(request: SipRequest, context: ToXmppContext): ToXmpp {
  const body = readBody(request);
  switch (body.kind) {
    case 'text':
      return message(request, body, context);
    case 'composing':
      return composing(request, body, context);
    case 'refused':
      return {
        kind: 'refused',
        status: body.status,
        headers: body.headers.map(([name, value]) => headerField(name, value)),
      };
    case 'imdn':
      // Not the id of a message: an error about it is no loss.
      return { kind: 'imdn', report: body.report, id: `r${messageId(request)}` };
    case 'empty':
    case 'ignored':
      return NOTHING;
  }
}

function readBody(request: SipRequest): SipBody {
  return readSipBody({
    contentType: request.header('content-type'),
    contentEncoding: request.header('content-encoding'),
    contentDisposition: request.header('content-disposition'),
    body: request.body,
    from: request.from.uri,
    to: request.to.uri,
  });
}

function message(request: SipRequest, body: SipBody & { kind: 'text' }, context: ToXmppContext): ToXmpp {
  const id = messageId(request);
  const attributes = ['from', context.from, 'to', context.to, 'id', id];
  if (context.type === 'chat') attributes.push('type', 'chat');
  const lang = languageOf(request) ?? body.lang;
  if (lang !== undefined) attributes.push('xml:lang', lang);

  const children: XmlNode[] = [];
  const subjectText = subjectOf(request) ?? body.subject;
  if (subjectText !== undefined) children.push(textElement('subject', subjectText));
  children.push(textElement('body', body.text));
  children.push(textElement('thread', context.thread ?? callIdToThread(request.callId)));
  const sentMs = dateOf(request) ?? body.dateMs;
  if (
    sentMs !== undefined &&
    (context.wallMs - sentMs > DELAY_AFTER_MS || hasExpired(request, sentMs, context.wallMs))
  )
    children.push(delayElement(sentMs));
  if (context.first && request.from.displayName !== '')
    children.push(nickElement(sanitizeText(request.from.displayName)));
  // RCPT-03, RCPT-04: who is asked what he has displayed is asked what he has received, since not all do both.
  if (body.imdn !== undefined) {
    if (body.imdn.positive || body.imdn.display) children.push(receiptRequestElement());
    if (body.imdn.display) children.push(markableElement());
  }
  return {
    kind: 'message',
    id,
    stanza: new XmlElement('message', NS_CLIENT, attributes, children),
    reports: body.imdn,
  };
}

/** IM-43: a chat state without a body; always of type chat (XEP-0085). */
function composing(
  request: SipRequest,
  body: SipBody & { kind: 'composing' },
  context: ToXmppContext,
): ToXmpp {
  // Not the id of a message: an error about it is no loss.
  const id = `c${messageId(request)}`;
  const attributes = ['from', context.from, 'to', context.to, 'id', id, 'type', 'chat'];
  const stanza = new XmlElement('message', NS_CLIENT, attributes, [
    chatStateElement(chatStateFor(body.state)),
  ]);
  return {
    kind: 'composing',
    stanza,
    composing: body.state === 'active',
    refreshSeconds: body.refreshSeconds,
  };
}

/** IM-27. */
function languageOf(request: SipRequest): string | undefined {
  const raw = request.header('content-language');
  return raw === undefined ? undefined : languageForXml(raw);
}

/** IM-21. */
function subjectOf(request: SipRequest): string | undefined {
  const raw = request.header('subject');
  return raw === undefined || raw === '' ? undefined : subjectForXml(raw);
}

/** IM-26: what has expired is delivered all the same, but says how old it is (RFC 3428 §4: Expires counts from Date). */
function hasExpired(request: SipRequest, sentMs: number, wallMs: number): boolean {
  if (request.header('expires') === undefined) return false;
  const seconds = expires(request);
  return seconds.ok && seconds.value !== undefined && wallMs > sentMs + seconds.value * 1000;
}

function dateOf(request: SipRequest): number | undefined {
  if (request.header('date') === undefined) return undefined;
  const read = date(request);
  return read.ok ? read.value : undefined;
}

function textElement(name: string, text: string): XmlElement {
  return new XmlElement(name, NS_CLIENT, undefined, [text]);
}
