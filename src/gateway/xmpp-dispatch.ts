// What happens to a stanza from an XMPP server: is its sender one that we know a SIP address for, and who serves it.

import type { Clock, Counter, Counters, Log } from '../base/index.ts';
import {
  faultToStanzaError,
  gatewayStanzaError,
  type AddressFault,
  type MappedUri,
} from '../mapping/index.ts';
import type { Home, Routes } from '../policy/index.ts';
import type { XmlElement } from '../xml/index.ts';
import {
  answerIq,
  errorReply,
  isEventMessage,
  mayAnswerWithError,
  readMessage,
  readReportGiven,
  stanzaError,
  stanzaKind,
  type Message,
  type StanzaError,
} from '../xmpp/index.ts';
import { wordOfCall } from './calls/xmpp-features.ts';
import { leavesHomeToDns, type Homes } from './homes.ts';
import type { CallFeature } from './calls/call-feature.ts';
import type { InHand } from './in-hand.ts';
import type { LinkGroup } from './link-group.ts';
import type { Live } from './live.ts';
import type { ToSipMessages } from './messages/to-sip-messages.ts';
import type { ToXmppMessages } from './messages/to-xmpp-messages.ts';
import type { PresenceFeature } from './presence/presence-feature.ts';
import { ROUTES_CLAUSE } from './routes/answers.ts';
import { routeStanza, type StanzaRoutingEnv } from './routes/stanza-routing.ts';
import type { UserFeatures } from './user-features.ts';

/** `closing`: the links take no more stanzas, but still bring some. */
export type Phase = 'serving' | 'draining' | 'closing';

export interface XmppDispatchEnv {
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  readonly live: Live;
  readonly homes: Pick<Homes, 'of'>;
  readonly inHand: InHand;
  readonly features: UserFeatures;
  readonly toSip: ToSipMessages;
  readonly toXmpp: ToXmppMessages;
  readonly presence: Pick<PresenceFeature, 'stanza' | 'refuse' | 'event' | 'answer' | 'vCard' | 'meant'>;
  readonly calls: Pick<CallFeature, 'iq' | 'message' | 'presence'>;
  readonly name: string;
  readonly version: string;
  readonly startedMs: number;
  phase(): Phase;
}

export class XmppDispatch {
  readonly #env: XmppDispatchEnv;
  readonly #unread: Counter;

  constructor(env: XmppDispatchEnv) {
    this.#env = env;
    this.#unread = env.counters.counter(
      'stoxgate_xmpp_unread_total',
      'Stanzas of kinds that nothing is done with.',
    );
  }

  /** One stanza of one link, whose server vouches for `from`. */
  stanza(stanza: XmlElement, group: LinkGroup): void {
    try {
      this.#dispatch(stanza, group);
    } catch (error) {
      this.#fault(stanza, group, error);
    }
  }

  /** Our bug, not the peer's: the stanza gets an answer, the process goes on (promise 4). */
  #fault(stanza: XmlElement, group: LinkGroup, error: unknown): void {
    this.#env.log.error('xmpp.dispatch.failed', { error, name: stanza.name, id: stanza.attr('id') });
    if (mayAnswerWithError(stanza)) group.send(errorReply(stanza, stanzaError('internal-server-error')));
  }

  #dispatch(stanza: XmlElement, group: LinkGroup): void {
    const home = this.#homeOf(stanza);
    if (!(home instanceof Promise)) return this.#takeAt(home, stanza, group);
    this.#env.inHand.until((done) => {
      void home.then((known) => this.#takeAt(known, stanza, group)).finally(done);
    });
  }

  /** Where the target is at home, when no rule says it (rows DNS-01 … DNS-05); questions to the domain are answered. */
  #homeOf(stanza: XmlElement): Home | Promise<Home> {
    const { live, homes } = this.#env;
    const to = live.asksDns && asksForHome(stanza) ? stanza.attr('to') : undefined;
    const target = to === undefined ? undefined : live.book.jidTargetToSip(to);
    if (target?.ok !== true || !leavesHomeToDns(target.value.rule)) return 'sip';
    return homes.of(target.value.host, 'xmpp');
  }

  /** Perhaps in a later turn, in which nobody else catches anything. */
  #takeAt(home: Home, stanza: XmlElement, group: LinkGroup): void {
    try {
      if (home === 'sip') return this.#take(stanza, group);
      // DNS-05.
      if (!mayAnswerWithError(stanza)) return this.#unread.add();
      const condition = home === 'unknown' ? 'remote-server-timeout' : 'remote-server-not-found';
      group.send(errorReply(stanza, stanzaError(condition)));
    } catch (error) {
      this.#fault(stanza, group, error);
    }
  }

  #take(stanza: XmlElement, group: LinkGroup): void {
    switch (stanzaKind(stanza)) {
      case 'message':
        return this.#message(readMessage(stanza), group);
      case 'iq':
        return this.#iq(stanza, group);
      case 'presence':
        return this.#presence(stanza, group);
      default:
        this.#unread.add();
    }
  }

  #message(message: Message, group: LinkGroup): void {
    const { live, toXmpp } = this.#env;
    const { book } = live;
    // A message of nothing but a body is of no call.
    const isPlain = message.element.children.length === 1 && message.bodies.length === 1;
    if (!isPlain && this.#env.calls.message(message.element, group)) return;
    if (message.type === 'error') {
      if (!toXmpp.errorStanza(message.element)) this.#unread.add();
      return;
    }
    if (message.from === undefined || message.to === undefined) return this.#unread.add();
    if (message.bodies.length === 0 && isEventMessage(message.element))
      return this.#env.presence.event(message);
    // RCPT-03, RCPT-04. A message of nothing but a body says nothing of another one.
    if (message.element.children.length > 1 || message.bodies.length === 0) {
      const given = readReportGiven(message.element);
      if (given !== undefined) {
        toXmpp.given(given, message.from);
        // RCPT-08: what says only that is no message.
        if (message.bodies.length === 0) return;
      }
    }
    const { routes } = live;
    if (routes?.has('onStanza') === true && this.#env.phase() !== 'draining') {
      const sender = book.jidSenderToSip(message.from);
      if (sender.ok) return this.#route(message.element, sender.value, group, routes);
    }
    this.#serve(message, message, group, false);
  }

  /** A message that is for SIP. `sent`: as its sender wrote it, whatever the route script has made of it. */
  #serve(message: Message, sent: Message, group: LinkGroup, shown: boolean): void {
    const { toSip, live, presence } = this.#env;
    const { book } = live;
    const to = book.jidTargetToSip(message.to ?? '');
    if (!to.ok)
      return toSip.refuse(sent, faultToStanzaError(to.error, 'target'), group, why(to.error, 'ERR-G6'));
    const from = book.jidSenderToSip(message.from ?? '');
    if (!from.ok)
      return toSip.refuse(sent, faultToStanzaError(from.error, 'sender'), group, why(from.error, 'ERR-G7'));
    const phase = this.#env.phase();
    if (phase === 'draining') return toSip.refuse(sent, gatewayStanzaError('ERR-G5'), group);
    // What the script has seen was admitted before, as its sender wrote it.
    const denied = shown ? undefined : live.admission.stanza(from.value, to.value, group.domain, COUNTED);
    if (denied !== undefined) return toSip.refuse(sent, denied.answer, group, { clause: denied.clause });
    // Once the links are being closed no error can be written any more: what the server had on its way is delivered.
    const meant = to.value.jid.resource === '' ? to.value : presence.meant(from.value, to.value);
    toSip.accept(message, from.value, meant, group, sent);
  }

  #presence(stanza: XmlElement, group: LinkGroup): void {
    this.#env.calls.presence(stanza);
    const { routes, book } = this.#env.live;
    const asks = stanza.attr('type') === 'subscribe' && this.#env.phase() !== 'draining';
    if (routes?.has('onStanza') === true && asks) {
      const sender = book.jidSenderToSip(stanza.attr('from') ?? '');
      if (sender.ok) return this.#route(stanza, sender.value, group, routes);
    }
    this.#env.presence.stanza(stanza, group);
  }

  /** The route script sees it first. */
  #route(stanza: XmlElement, sender: MappedUri, group: LinkGroup, routes: Routes): void {
    const { live, toSip, presence, inHand } = this.#env;
    const isMessage = stanza.name === 'message';
    const sent = isMessage ? readMessage(stanza) : undefined;
    // Rules and limits of the operator come first. Presence has its own place for them.
    const to = sent?.to === undefined ? undefined : live.book.jidTargetToSip(sent.to);
    if (sent !== undefined && to?.ok === true) {
      const denied = live.admission.stanza(sender, to.value, group.domain, COUNTED);
      if (denied !== undefined) return toSip.refuse(sent, denied.answer, group, { clause: denied.clause });
    }
    inHand.until((done) => {
      const env: StanzaRoutingEnv = {
        book: live.book,
        domain: group.domain,
        // Perhaps in a later turn, in which nobody else catches anything.
        serve: (changed) => {
          try {
            if (sent === undefined) presence.stanza(changed, group);
            else this.#serve(changed === stanza ? sent : readMessage(changed), sent, group, true);
          } catch (error) {
            this.#fault(stanza, group, error);
          }
          done();
        },
        refuse: (error) => {
          if (sent === undefined) presence.refuse(stanza, error, group);
          else toSip.refuse(sent, error, group, { clause: ROUTES_CLAUSE });
          done();
        },
        drop: () => {
          if (sent !== undefined) toSip.dropped(sent);
          done();
        },
      };
      routeStanza(env, routes, stanza, sender);
    });
  }

  #iq(stanza: XmlElement, group: LinkGroup): void {
    const { clock, name, version, startedMs, features, presence } = this.#env;
    const type = stanza.attr('type');
    if (this.#env.calls.iq(stanza, group)) return;
    if ((type === 'result' || type === 'error') && presence.answer(stanza)) return;
    const to = stanza.attr('to');
    const denied = this.#mayNotAsk(stanza, to, group);
    if (denied !== undefined) {
      group.send(errorReply(stanza, denied));
      return;
    }
    const answer = answerIq(stanza, {
      domain: group.domain,
      name,
      version,
      startedMs,
      nowMs: clock.now(),
      wallMs: clock.wall(),
      userFeatures: to?.includes('/') === true ? features.of(to) : undefined,
      announced: features.all,
      vCard: (iq) =>
        iq.from === undefined || iq.to === undefined ? undefined : presence.vCard(iq.from, iq.to),
    });
    if (answer !== undefined) group.send(answer);
  }

  /** A question about a SIP user; what is for the component itself (a ping, its own barrier) is nobody's business. */
  #mayNotAsk(stanza: XmlElement, to: string | undefined, group: LinkGroup): StanzaError | undefined {
    const from = stanza.attr('from');
    if (to?.includes('@') !== true || from === undefined || !mayAnswerWithError(stanza)) return undefined;
    const { book, admission } = this.#env.live;
    const user = book.jidSenderToSip(from);
    const contact = book.jidTargetToSip(to);
    if (!user.ok || !contact.ok) return undefined;
    return admission.stanza(user.value, contact.value, group.domain, COUNTED)?.answer;
  }
}

/** Questions are answered here, and what belongs to a call goes where that went. */
function asksForHome(stanza: XmlElement): boolean {
  const word = wordOfCall(stanza);
  return stanza.name === 'iq' ? word === 'begins' : word !== 'within';
}

/** `limits` counts it. */
const COUNTED = { counted: true };

/** For the ledger: the row by which an address was refused. */
function why(fault: AddressFault, noRule: string): { readonly clause: string | undefined } {
  return { clause: fault.kind === 'no-rule' ? noRule : fault.clause };
}
