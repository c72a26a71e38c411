// Runs the machine of each message from SIP to XMPP: writes the stanza, waits for the acknowledgement, answers.

import { BoundedMap, ChurnMap, type Clock, type Log, type Random, type Timers } from '../../base/index.ts';
import {
  stepToXmpp,
  toXmpp,
  ToXmppState,
  type ToXmppEffect,
  type LedgerRecord,
  type ToXmppEvent,
} from '../../interwork/message/index.ts';
import { faultToResponse, gatewayResponse, type MappedJid } from '../../mapping/index.ts';
import type { Routed, Routes } from '../../policy/index.ts';
import type { HeaderField, ResponseOptions, ServerTransaction, SipRequest } from '../../sip/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import { readStanzaError, type ReportGiven } from '../../xmpp/index.ts';
import { bareOf, domainOf } from '../address-text.ts';
import type { LinkGroup } from '../link-group.ts';
import type { Live } from '../live.ts';
import { ROUTES_CLAUSE } from '../routes/answers.ts';
import { routeToXmpp } from '../routes/translated.ts';
import type { ComposingToXmpp } from './composing.ts';
import type { Conversations } from './conversations.ts';
import type { AskedReports } from './asked-reports.ts';
import type { OpenRow } from './ledger.ts';
import { openRows } from './open-rows.ts';
import {
  mayHoldReport,
  OpenMessage,
  peopleOf,
  speaksForDomain,
  type ReportSink,
  type Why,
} from './open-message.ts';
import { logWritten } from './message-log.ts';
import { NO_LINK, NOT_SENT, notSent, type NotSent } from './not-sent.ts';
import { tellLoss, type OwedReports } from './owed-reports.ts';
import type { Peers } from './peers.ts';
import { RecentIds } from './recent-ids.ts';
import type { ToXmppOutcome, ToXmppOutcomes } from './outcomes.ts';
import {
  endByRoutes,
  endingOf,
  failByRoutes,
  tellAccepted,
  type Ending,
  type Newcomers,
  type Translated,
} from './routed-to-xmpp.ts';

/** IM-29: the final response no later than 10 s after the request; the rest is for the way back. */
const DEADLINE_MS = 9_500;
/** Open messages at once; beyond it ERR-G2. */
const MAX_OPEN = 50_000;
/** How long, and of how many messages, a late error is known for one about a message told to have failed. */
const REMEMBER_ENDED_MS = 600_000;
const MAX_ENDED = 20_000;
const NO_HEADERS: readonly HeaderField[] = [];

export interface ToXmppEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly live: Live;
  readonly conversations: Conversations;
  readonly outcomes: ToXmppOutcomes;
  readonly reports: ReportSink;
  readonly owed: OwedReports;
  readonly asked: AskedReports;
  readonly peers: Peers;
  /** The links that may carry stanzas of this domain. */
  groupFor(domain: string): LinkGroup | undefined;
  readonly composing: ComposingToXmpp;
}

export class ToXmppMessages {
  readonly #env: ToXmppEnv;
  readonly #open = new ChurnMap<string, OpenMessage>();
  /**
   * Ended ones of which something may still come that means nothing any more: told to have failed, so that a late
   * error about them is no loss, or delivered. An accepted message is not kept.
   */
  readonly #ended: BoundedMap<string, OpenMessage>;
  /** Ids of messages that were plainly accepted a short while ago: an error about one of them is a loss. */
  readonly #acceptedIds: RecentIds;
  #draining = false;
  #whenIdle: (() => void) | undefined;

  constructor(env: ToXmppEnv) {
    this.#env = env;
    this.#ended = new BoundedMap({ maxEntries: MAX_ENDED });
    this.#acceptedIds = new RecentIds({ clock: env.clock, timers: env.timers, random: env.random });
  }

  /** For the ledger: messages without a final response that it asks for. */
  findOpen(named: (record: LedgerRecord) => boolean, limit: number): OpenRow[] {
    return openRows(this.#open.values(), named, limit);
  }

  /** Messages without a final response. */
  get open(): number {
    return this.#open.size;
  }

  /** Ended messages of which something may still come. */
  get remembered(): number {
    return this.#ended.size;
  }

  /**
   * Takes one MESSAGE from a believed sender; it is answered now or later, exactly once. `request`: what the route script
   * has made of it.
   */
  accept(tx: ServerTransaction, from: MappedJid, request: SipRequest = tx.request): void {
    const { live, outcomes, clock, composing } = this.#env;
    const to = live.book.sipTargetToJid(request.requestUri);
    if (!to.ok) {
      const answer = faultToResponse(to.error, 'target');
      return this.#reject(tx, answer.status, answer.headers, {
        from: from.jidText,
        text: to.error.message,
        clause: to.error.clause ?? (to.error.kind === 'no-rule' ? 'ERR-G6' : undefined),
      });
    }
    const people = { from: from.jidText, to: to.value.jidText };
    const group = this.#env.groupFor(from.jid.domain);
    // A `from` that no link may speak for is never written to one (ERR-G7).
    if (group === undefined) return this.#unsent(tx, NO_LINK, people);
    // A report is not answered by an error, and can wait for a link (RCPT-09).
    const hindrance = this.#draining ? 'ERR-G5' : group.up ? undefined : 'ERR-G1';
    if (hindrance !== undefined && !mayHoldReport(tx)) return this.#unsent(tx, NOT_SENT[hindrance], people);
    if (this.#open.size >= MAX_OPEN) return this.#unsent(tx, NOT_SENT['ERR-G2'], people);

    const conversation = this.#env.conversations.find(from.bareText, to.value.bareText);
    const type = live.types.typeFor(to.value);
    const result = toXmpp(request, {
      from: from.jidText,
      to: to.value.jidText,
      type: type === 'mirror' ? (conversation?.lastType ?? 'normal') : type,
      thread: conversation?.thread?.callId === request.callId ? conversation.thread.id : undefined,
      first: conversation === undefined,
      wallMs: clock.wall(),
    });
    switch (result.kind) {
      case 'message':
        if (hindrance !== undefined) return this.#unsent(tx, NOT_SENT[hindrance], people);
        if (result.reports !== undefined) this.#env.peers.understands(from.bareText);
        return this.#send(tx, group, result, conversation === undefined ? [from, to.value] : undefined);
      case 'composing':
        this.#env.conversations.open(from.bareText, to.value.bareText).composing = 'understood';
        // XEP-0085 "Discovering support": never first to somebody who has sent none (IM-68).
        if (conversation?.chatStates === true)
          composing.state(result.stanza, result.composing, result.refreshSeconds, group);
        outcomes.typing();
        return tx.respond(200);
      case 'imdn':
        this.#env.asked.take(result.report, from, to.value, result.id);
        outcomes.end('nothing', { request: tx.request, status: 200, ...people });
        return tx.respond(200);
      case 'nothing':
        outcomes.end('nothing', { request: tx.request, status: 200, ...people });
        return tx.respond(200);
      case 'refused':
        return this.#reject(tx, result.status, result.headers, people);
    }
  }

  /** One that was refused before it came here (RFC 3261 §8.2). */
  countRejected(request: SipRequest, status: number, clause?: string): void {
    this.#env.outcomes.end('rejected', { request, status, clause });
  }

  /** One that the route script has ended. */
  countEnded(outcome: 'rejected' | 'nothing', request: SipRequest, status: number, text?: string): void {
    this.#env.outcomes.end(outcome, { request, status, text, clause: ROUTES_CLAUSE });
  }

  /** A message stanza of type error: true when it was about one of these. */
  errorStanza(stanza: XmlElement): boolean {
    const id = stanza.attr('id');
    const message = this.#find(id);
    if (message !== undefined) {
      // The recipient says it, or a server on the way to him, which speaks for its domain.
      if (!speaksForDomain(stanza, message)) return false;
      message.error = stanza;
      this.step(message, 'errorStanza');
      message.error = undefined;
      return true;
    }
    if (id === undefined) return false;
    const { owed } = this.#env;
    if (owed.error(id, stanza)) return true;
    if (!this.#acceptedIds.has(id)) return owed.errorLater(id, stanza);
    // Its sender was told 2xx and asked for no reports.
    tellLoss(this.#env, id, stanza);
    this.#env.outcomes.failedById(this.#acceptedIds.rowBits(id), id, readStanzaError(stanza).condition);
    return true;
  }

  /** XEP-0184, XEP-0333: what somebody says of messages that he has. */
  given({ received, displayed }: ReportGiven, from: string): void {
    if (received !== undefined && !this.#receipt(received, from))
      this.#env.owed.said('delivered', received, from);
    if (displayed === undefined) return;
    // What is displayed before the answer was sent is delivered first.
    this.#receipt(displayed, from);
    this.#env.owed.said('displayed', displayed, from);
  }

  /** From now on new messages are answered by ERR-G5. */
  drain(): void {
    this.#draining = true;
  }

  /** Gives up what is too old. */
  sweep(): void {
    this.#ended.sweep(this.#env.clock.now());
  }

  /** Resolves when no message is open: at the latest at the deadline of the last one. */
  idle(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenIdle = resolve;
    });
  }

  /** Ends everything that is still open (ERR-G5). */
  stop(): void {
    this.#draining = true;
    for (const message of this.#open.values()) this.step(message, 'drained');
    this.#ended.clear();
    this.#acceptedIds.clear();
  }

  /** Steps one machine and runs its effects. */
  step(message: OpenMessage, event: ToXmppEvent): void {
    const before = message.state;
    const transition = stepToXmpp(before, event);
    if (!transition.expected) {
      this.#env.log.debug('message.unexpected', { cid: message.id, state: before, event });
      return;
    }
    message.state = transition.state;
    if (message.open) message.sinceMs = this.#env.clock.wall();
    for (const effect of transition.effects) this.#run(message, effect);
    if (!message.open && message.deadline !== undefined) this.#close(message);
  }

  /** A receipt for one of these: true. Nobody but the recipient can give it. */
  #receipt(id: string, from: string): boolean {
    const message = this.#find(id);
    if (message === undefined || bareOf(from) !== bareOf(message.stanza.attr('to') ?? '')) return false;
    this.step(message, 'receipt');
    return true;
  }

  #find(id: string | undefined): OpenMessage | undefined {
    return id === undefined ? undefined : (this.#open.get(id) ?? this.#ended.get(id, this.#env.clock.now()));
  }

  /** Writes it, once the route script has seen it, if it wants to. */
  #send(tx: ServerTransaction, group: LinkGroup, message: Translated, newcomers: Newcomers): void {
    const { routes } = this.#env.live;
    if (routes?.has('onTranslated') === true) return this.#route(routes, tx, group, message, newcomers);
    this.#write(tx, group, message, message.stanza, newcomers);
  }

  #route(
    routes: Routes,
    tx: ServerTransaction,
    group: LinkGroup,
    message: Translated,
    newcomers: Newcomers,
  ): void {
    const { book } = this.#env.live;
    const { stanza } = message;
    const write = (changed: XmlElement): void => {
      const link = changed === stanza ? group : this.#env.groupFor(domainOf(changed.attr('from') ?? ''));
      if (link === undefined) return this.#unsent(tx, NO_LINK, peopleOf(changed));
      this.#write(tx, link, message, changed, newcomers);
    };
    const end = (result: Routed): void => endByRoutes(this.#env, tx, stanza, result);
    routeToXmpp({ book, write, end }, routes, tx, stanza);
  }

  #write(
    tx: ServerTransaction,
    group: LinkGroup,
    translated: Translated,
    stanza: XmlElement,
    newcomers: Newcomers,
  ): void {
    const { id, reports } = translated;
    const { log, timers, live, composing } = this.#env;
    // The same Call-ID, CSeq and From tag by another way (RFC 3261 §8.2.2.2).
    if (this.#open.has(id))
      return this.#reject(tx, 482, NO_HEADERS, { ...peopleOf(stanza), clause: 'RFC 3261 §8.2.2.2' });
    const message = new OpenMessage(this, tx, id, stanza, reports, this.#env.clock.wall());
    const seq = group.sendConfirmed(message);
    if (seq < 0) return this.#unsent(tx, notSent(seq), peopleOf(stanza));
    if (newcomers !== undefined) this.#env.conversations.open(newcomers[0].bareText, newcomers[1].bareText);
    composing.contentSent(stanza);
    this.#open.set(id, message);
    // A second attempt under the id of one that was refused: what comes now is about this one.
    this.#ended.delete(id);
    const deadlineMs = live.routes === undefined ? DEADLINE_MS : DEADLINE_MS - live.routes.reserveMs;
    message.deadline = timers.set(deadlineMs, () => this.step(message, 'deadline'));
    if (log.enabled('debug')) logWritten(log, tx, stanza, live.logBodies);
  }

  #run(message: OpenMessage, effect: ToXmppEffect): void {
    const { live } = this.#env;
    switch (effect) {
      case 'respondAccepted':
        return this.#succeed(message, 'accepted', live.messages.accepted);
      case 'respondDelivered':
        this.#succeed(message, 'delivered', 200);
        return this.#reportDelivery(message);
      case 'respondMapped':
        return this.#fail(message, 'refused', endingOf(message.error, live.book));
      case 'respondUnavailable':
        return this.#fail(message, 'unconfirmed', {
          status: gatewayResponse('ERR-G1').status,
          why: { clause: this.#draining ? 'ERR-G5' : 'ERR-G1' },
        });
      case 'stopWaiting':
        return this.#env.timers.clear(message.deadline);
    }
  }

  /** RCPT-03, if it was asked for. */
  #reportDelivery(message: OpenMessage): void {
    if (message.reports?.positive !== true) return;
    const accepted = message.accepted;
    if (accepted !== undefined) this.#env.reports.report('delivered', accepted);
  }

  #succeed(message: OpenMessage, outcome: 'accepted' | 'delivered', status: number): void {
    const { live } = this.#env;
    this.#end(message, outcome, status);
    this.#respond(message, status);
    if (live.routes !== undefined) tellAccepted(live, live.routes, message, outcome, status);
  }

  #fail(message: OpenMessage, outcome: ToXmppOutcome, ending: Ending): void {
    const { routes } = this.#env.live;
    if (routes?.has('onFailure') === true && message.tx !== undefined)
      return failByRoutes(this.#env, routes, message, message.tx, outcome, ending);
    this.#end(message, outcome, ending.status, ending.why);
    this.#respond(message, ending.status, ending.options);
  }

  /** Counts its outcome and gives it its row. */
  #end(message: OpenMessage, outcome: ToXmppOutcome, status: number, why?: Why): void {
    const facts = message.facts(status, why);
    if (facts !== undefined) message.row = this.#env.outcomes.end(outcome, facts);
  }

  #respond(message: OpenMessage, status: number, options?: ResponseOptions): void {
    const { log } = this.#env;
    if (log.enabled('debug'))
      log.debug('message.answered', { cid: message.id, direction: 'sip_to_xmpp', status });
    message.tx?.respond(status, options);
  }

  #close(message: OpenMessage): void {
    message.deadline = undefined;
    this.#open.delete(message.id);
    if (this.#open.size === 0) this.#whenIdle?.();
    const { state } = message;
    if (
      message.reports !== undefined &&
      (state === ToXmppState.Accepted || state === ToXmppState.Delivered)
    ) {
      const { accepted } = message;
      if (accepted !== undefined)
        this.#env.owed.remember(accepted, state === ToXmppState.Delivered ? 'delivered' : 'waiting');
    } else if (state === ToXmppState.Accepted) this.#acceptedIds.add(message.id, message.row);
    else {
      message.shrink();
      this.#ended.set(message.id, message, this.#env.clock.now(), REMEMBER_ENDED_MS);
    }
  }

  #reject(tx: ServerTransaction, status: number, headers: readonly HeaderField[], why: Why): void {
    this.#env.outcomes.end('rejected', { request: tx.request, status, ...why });
    // Without options the response can be rebuilt for a retransmission and need not be kept.
    tx.respond(status, headers.length === 0 ? undefined : { headers });
  }

  #unsent(tx: ServerTransaction, { outcome, status, headers, clause, text }: NotSent, people: Why): void {
    this.#env.outcomes.end(outcome, { request: tx.request, status, ...people, clause, text });
    tx.respond(status, headers.length === 0 ? undefined : { headers });
  }
}
