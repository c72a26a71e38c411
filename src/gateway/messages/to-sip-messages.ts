// Takes messages from XMPP to SIP, and reports each that was not delivered to its sender, with his id.

import { detachText, type Clock, type Log, type Random } from '../../base/index.ts';
import { correlationId, toSip, type MessageDraft } from '../../interwork/message/index.ts';
import {
  gatewayConditionOf,
  responseToStanzaError,
  type AddressBook,
  type MappedUri,
} from '../../mapping/index.ts';
import type { RouteContext, Routed, Routes } from '../../policy/index.ts';
import {
  errorReply,
  mayAnswerWithError,
  hasHint,
  readChatState,
  readMessage,
  readNick,
  type Message,
  type StanzaError,
} from '../../xmpp/index.ts';
import { NS_CLIENT, XmlElement } from '../../xml/index.ts';
import { bareOf } from '../address-text.ts';
import type { InHand } from '../in-hand.ts';
import type { LinkGroup } from '../link-group.ts';
import type { Live } from '../live.ts';
import { ROUTES_CLAUSE, stanzaErrorOf } from '../routes/answers.ts';
import { contextFromXmpp } from '../routes/contexts.ts';
import { routeFailureToSip, tellResponse, type FailedToSip } from '../routes/endings.ts';
import { routeToSip, type Outgoing } from '../routes/translated.ts';
import type { AskedReports } from './asked-reports.ts';
import type { ComposingToSip } from './composing.ts';
import type { Conversation, Conversations } from './conversations.ts';
import { MAX_MESSAGE_OCTETS, NEW_CALL_ID_CHARS, newFromTag, TOO_LONG, type Tried } from './delivery-parts.ts';
import type { ErrorReports } from './error-reports.ts';
import type { ToSipFacts, ToSipOutcomes } from './outcomes.ts';
import type { Outbox } from './outbox.ts';
import type { Letter, Sender } from './outbox-message.ts';

export interface ToSipEnv {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly live: Live;
  readonly outcomes: ToSipOutcomes;
  readonly conversations: Conversations;
  readonly outbox: Outbox;
  readonly errors: ErrorReports;
  readonly composing: ComposingToSip;
  readonly asked: AskedReports;
  readonly inHand: Pick<InHand, 'until'>;
}

/** A message from XMPP: its sender hears only of what was not delivered. */
class StanzaSender implements Sender {
  readonly #owner: ToSipMessages;
  #message: Message;
  readonly #group: LinkGroup;
  readonly #callId: string;
  readonly #acceptedMs: number;
  /** A client that wants a name to be shown sends it (ADDR-70, XEP-0172). */
  readonly displayName: string;

  /** How often the route script has sent it elsewhere. */
  retargeted = 0;

  constructor(
    owner: ToSipMessages,
    message: Message,
    group: LinkGroup,
    callId: string,
    acceptedMs: number,
    shown: XmlElement = message.element,
  ) {
    this.#owner = owner;
    // Looked for only where there is more than a body and a thread.
    this.displayName = shown.children.length > 1 ? (readNick(shown) ?? '') : '';
    this.#message = withoutContent(message);
    this.#group = group;
    this.#callId = callId;
    this.#acceptedMs = acceptedMs;
  }

  /** The client's id where it has one that fits a log line, else the Call-ID. */
  get cid(): string {
    return correlationId(this.#message.id) ?? this.#callId;
  }

  /** It will wait: pieces of the chunk that it came in would keep the whole chunk. */
  settle(): void {
    const { name, ns, attributes } = this.#message.element;
    const element = new XmlElement(name, ns, attributes.map(detachText));
    const { id, from, to } = this.#message;
    this.#message = { ...this.#message, element, id: detached(id), from: detached(from), to: detached(to) };
  }

  facts(): ToSipFacts {
    return { ...factsOf(this.#message), acceptedMs: this.#acceptedMs };
  }

  delivered(tried: Tried): void {
    this.#owner.delivered(this.#message, this.#acceptedMs, this.#group, tried);
  }

  refused(error: StanzaError, _status: number | undefined, _cseq: number, tried?: Tried): void {
    this.#owner.refuse(this.#message, error, this.#group, { acceptedMs: this.#acceptedMs, ...tried });
  }

  get stanza(): readonly string[] {
    return this.#message.element.attributes;
  }

  report(
    error: StanzaError,
    reported: () => void,
    tried?: Tried,
    again?: (requestUri: string) => void,
  ): void {
    const facts = { acceptedMs: this.#acceptedMs, ...tried };
    const { routes } = this.#owner.live;
    if (routes?.has('onFailure') !== true)
      return this.#owner.refuse(this.#message, error, this.#group, facts, reported);
    this.#owner.fail(
      routes,
      { message: this.#message, group: this.#group, facts, error },
      {
        report: (told) => this.#owner.refuse(this.#message, told, this.#group, facts, reported),
        again:
          again === undefined || this.retargeted >= MAX_RETARGETED
            ? undefined
            : (requestUri) => {
                this.retargeted += 1;
                // In one turn, so that both are in one commit of the store.
                reported();
                again(requestUri);
              },
      },
    );
  }
}

export class ToSipMessages {
  readonly #env: ToSipEnv;

  constructor(env: ToSipEnv) {
    this.#env = env;
  }

  get live(): Live {
    return this.#env.live;
  }

  /**
   * Takes one message, not of type error, whose addresses are mapped. `sent`: as its sender wrote it, where the route
   * script has changed it; errors are about that.
   */
  accept(message: Message, from: MappedUri, to: MappedUri, group: LinkGroup, sent = message): void {
    const { clock, live, outcomes, conversations, outbox, composing, asked, log, random } = this.#env;
    const result = toSip(message, { encrypted: live.messages.encrypted });
    if (result.kind === 'refused') return this.refuse(sent, result.error, group);
    if (result.kind === 'nothing') {
      outcomes.end('nothing', factsOf(sent));
      return;
    }
    const conversation = conversations.open(to.bareText, from.bareText);
    if (!conversation.chatStates && readChatState(message.element) !== undefined)
      conversation.chatStates = true;
    if (result.kind === 'chatState') {
      outcomes.typing();
      return composing.state(result.state, from.uri, to.uri, conversation);
    }
    conversation.lastType = message.type === 'chat' ? 'chat' : 'normal';
    // ERR-R9: it has been through this or another gateway too often; a proxy would have answered 483.
    if (result.draft.maxForwards === 0)
      return this.refuse(sent, responseToStanzaError(483, 'Too Many Hops'), group);
    if (draftOctets(result.draft) > MAX_MESSAGE_OCTETS) return this.refuse(sent, TOO_LONG, group);
    const callId = this.#callId(message, result.draft, conversation);
    if (live.logBodies && log.enabled('debug')) {
      log.debug('message.body', {
        cid: correlationId(message.id) ?? callId,
        direction: 'xmpp_to_sip',
        body: message.bodies[0]?.text,
      });
    }
    composing.contentSent(from.uri, to.uri);
    const letter: Letter = {
      sender: new StanzaSender(this, sent, group, callId, clock.wall(), message.element),
      recipient: to.bareText,
      mayKeep: mayKeep(message.element),
      from: from.uri,
      requestUri: to.uri,
      callId,
      fromTag: newFromTag(random),
      maxForwards: result.draft.maxForwards,
      headers: result.draft.headers,
      body: result.draft.body,
      wrapped: result.draft.wish === undefined ? undefined : asked.wrap(message, result.draft, from, to),
    };
    if (live.routes?.has('onTranslated') === true)
      return this.#route(live.routes, letter, result.draft, { message, sent, from, to, group });
    outbox.send(letter);
  }

  /** Sends it once the route script has seen it. */
  #route(routes: Routes, letter: Letter, draft: MessageDraft, parts: Parts): void {
    const { live, outbox, asked, inHand } = this.#env;
    const { message, sent, from, to, group } = parts;
    const send = (outgoing: Outgoing): void => {
      if (
        outgoing.draft === draft &&
        outgoing.requestUri === letter.requestUri &&
        outgoing.from === letter.from
      )
        return outbox.send(letter);
      if (draftOctets(outgoing.draft) > MAX_MESSAGE_OCTETS) return this.refuse(sent, TOO_LONG, group);
      const { from: fromUri, requestUri, draft: changed } = outgoing;
      // A notification names the two whom it is about: for others than the two of the stanza none can be asked for.
      const same = requestUri === to.uri && fromUri === from.uri;
      outbox.send({
        ...letter,
        ...{ from: fromUri, requestUri, headers: changed.headers, body: changed.body },
        wrapped: same && changed.wish !== undefined ? asked.wrap(message, changed, from, to) : undefined,
      });
    };
    const end = (result: Routed): void => {
      if (typeof result !== 'string' && result.verb === 'drop') return this.dropped(sent);
      this.refuse(sent, stanzaErrorOf(result, live.book), group, { clause: ROUTES_CLAUSE });
    };
    const outgoing = { from: letter.from, requestUri: letter.requestUri, callId: letter.callId, draft };
    inHand.until((done) => {
      const env = {
        book: live.book,
        domain: group.domain,
        send: (changed: Outgoing): void => {
          send(changed);
          done();
        },
        end: (result: Routed): void => {
          end(result);
          done();
        },
      };
      routeToSip(env, routes, sent.element, { from, to }, outgoing);
    });
  }

  /** The route script has ended it without a word. */
  dropped(message: Message): void {
    this.#env.outcomes.end('nothing', { ...factsOf(message), clause: ROUTES_CLAUSE });
  }

  /** It ends in vain: the route script may say how that is told, or send it elsewhere. */
  fail(routes: Routes, failed: FailedMessage, act: FailedToSip): void {
    const { book } = this.#env.live;
    const { message, group, facts, error } = failed;
    const failure = {
      status: facts.status,
      condition: error.condition,
      text: error.text,
      requestUri: facts.requestUri,
      attempts: facts.attempts ?? 0,
    };
    const context = contextOf(message, group, facts, book);
    routeFailureToSip(book, routes, pairOf(message), failure, context, message.id, act, error);
  }

  /** The sender of a message that was read from the store. */
  senderOf(attributes: readonly string[], callId: string, group: LinkGroup, acceptedMs: number): Sender {
    const message = readMessage(new XmlElement('message', NS_CLIENT, attributes));
    return new StanzaSender(this, message, group, callId, acceptedMs);
  }

  /**
   * Answers a message with an error, if it may be answered (ERR-R1). `reported` is called when the XMPP server has it, or
   * when nothing has to be or can be said.
   */
  refuse(
    message: Message,
    error: StanzaError,
    group: LinkGroup,
    facts?: Omit<ToSipFacts, 'condition'>,
    reported?: () => void,
  ): void {
    const { log, outcomes, errors } = this.#env;
    outcomes.end('reported', {
      ...factsOf(message),
      ...facts,
      condition: error.condition,
      text: error.text,
      clause: facts?.clause ?? (error === TOO_LONG ? 'IM-30' : gatewayConditionOf(error)),
    });
    if (log.enabled('debug')) {
      log.debug('message.reported', {
        cid: correlationId(message.id),
        direction: 'xmpp_to_sip',
        condition: error.condition,
      });
    }
    if (mayAnswerWithError(message.element)) errors.send(errorReply(message.element, error), group, reported);
    else reported?.();
  }

  delivered(message: Message, acceptedMs: number, group: LinkGroup, tried: Tried): void {
    const { outcomes, live } = this.#env;
    outcomes.end('delivered', {
      acceptedMs,
      xmppId: message.id,
      xmppFrom: message.from,
      xmppTo: message.to,
      ...tried,
    });
    const { routes, book } = live;
    if (routes?.has('onResponse') !== true) return;
    const response = { status: tried.status, outcome: 'delivered' } as const;
    tellResponse(routes, pairOf(message), response, contextOf(message, group, tried, book), message.id);
  }

  /** IM-03: the thread if it can be a Call-ID, else a new one that is remembered with it. */
  #callId(message: Message, draft: MessageDraft, conversation: Conversation): string {
    if (draft.callId !== undefined) return draft.callId;
    const fresh = this.#env.random.base32(NEW_CALL_ID_CHARS);
    const thread = message.thread?.id;
    if (thread === undefined) return fresh;
    if (conversation.thread?.id !== thread) conversation.thread = { id: thread, callId: fresh };
    return conversation.thread.callId;
  }
}

/** How often the route script may send one message elsewhere. */
const MAX_RETARGETED = 3;

/** What a message is sent of. */
interface Parts {
  readonly message: Message;
  readonly sent: Message;
  readonly from: MappedUri;
  readonly to: MappedUri;
  readonly group: LinkGroup;
}

interface FailedMessage {
  readonly message: Message;
  readonly group: LinkGroup;
  readonly facts: Partial<Tried>;
  readonly error: StanzaError;
}

function contextOf(
  message: Message,
  group: LinkGroup,
  tried: Partial<Tried>,
  book: AddressBook,
): RouteContext {
  const people = { from: message.from ?? '', fromUri: tried.sipFrom ?? '', to: message.to ?? '' };
  return contextFromXmpp(book, group.domain, people);
}

function pairOf({ from, to }: Message): string {
  return `${bareOf(from ?? '')} ${bareOf(to ?? '')}`;
}

/** XEP-0334: neither hint allows a copy that outlives the delivery. */
function mayKeep(element: XmlElement): boolean {
  return !hasHint(element, 'no-store') && !hasHint(element, 'no-permanent-store');
}

function factsOf({ id, from, to }: Message): ToSipFacts {
  return { xmppId: id, xmppFrom: from, xmppTo: to };
}

function detached(text: string | undefined): string | undefined {
  return text === undefined ? undefined : detachText(text);
}

/** Octets that the request surely has: what is more than IM-30 allows need not wait to be told so. */
function draftOctets(draft: MessageDraft): number {
  let octets = draft.body.length;
  for (const { value } of draft.headers) octets += value.length;
  return octets;
}

/** The message with what its answer needs: its content is in the request by now. */
function withoutContent(message: Message): Message {
  const { name, ns, attributes } = message.element;
  const element = new XmlElement(name, ns, attributes);
  return { ...message, element, bodies: NOTHING, subjects: NOTHING };
}

const NOTHING: Message['bodies'] = [];
