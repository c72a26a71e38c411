// Calls as the gateway has them: the drivers of both sides, what joins them, and media relays; and whether they are wanted at all.

import type { Collection, Clock, Counters, Log, Random, Timers } from '../../base/index.ts';
import type { AdminAnswer } from '../../edge/admin/index.ts';
import type { CallRecord } from '../../interwork/call/index.ts';
import { gatewayStanzaError, type MappedJid, type MappedUri } from '../../mapping/index.ts';
import { CallRules, type SpeakerScope } from '../../policy/index.ts';
import {
  ABSOLUTE_MIN_SE,
  DEFAULT_TIMERS,
  type LocalEndpoint,
  type ServerTransaction,
  type SipRequest,
  type Target,
  type TimersConfig,
  type TransactionLayer,
} from '../../sip/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import { stanzaError } from '../../xmpp/index.ts';
import type { Config } from '../config/schema.ts';
import type { LinkGroup } from '../link-group.ts';
import type { Live } from '../live.ts';
import { EarlyRequests } from '../subscriptions/early-requests.ts';
import { CallScript } from './call-script.ts';
import { askCalls } from './call-status.ts';
import { Calls } from './calls.ts';
import { MediaRelays } from './media-relays.ts';
import { retryAfterField } from './sip-fields.ts';
import { SipLegs } from './sip-legs.ts';
import type { ShownResource } from './xmpp-devices.ts';
import { XmppSessions } from './xmpp-sessions.ts';
import type { Begun, XmppBeginning } from './xmpp-types.ts';
import type { XmppLegs } from './legs.ts';

export interface CallFeatureEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly counters: Counters;
  readonly live: Pick<Live, 'book' | 'locator' | 'digest' | 'admission' | 'routes'>;
  readonly transactions: TransactionLayer;
  readonly timing: Partial<TimersConfig> | undefined;
  /** Our side towards a target, for Contact. */
  localFor(target: Target): LocalEndpoint | undefined;
  /** Of each listener; o= says the first one's address. */
  endpoints(): readonly LocalEndpoint[];
  groupFor(domain: string): LinkGroup | undefined;
  resources(own: string, other: string): readonly ShownResource[];
  /** Whom an XMPP user means by an address of a SIP user. */
  meant(user: MappedUri, contact: MappedUri): MappedUri;
  /** Undefined: a restart ends every call. */
  readonly records: Collection<CallRecord> | undefined;
  readonly node: string;
}

interface EarlyInCall {
  readonly tx: ServerTransaction;
  readonly scope: SpeakerScope;
}

/** Calls that have ended and are still known, for 64*T1, besides those of `calls.limits`: 600 a second. */
const MAX_ENDED = 20_000;
/** The same of one XMPP user, besides what he himself may begin in a minute. */
const MAX_ENDED_OF_USER = 32;
/** Requests in dialogs of calls that are not read yet. */
const MAX_EARLY = 1000;
/** Of IPv4, where there is no listener. */
const NOWHERE = '0.0.0.0';
/** Half of a second, in milliseconds: a refresh is due after half of the interval (RFC 4028 §10). */
const HALF_MS = 500;
const COUNTED = { counted: true };

export class CallFeature {
  readonly #env: CallFeatureEnv;
  readonly #live: { book: CallFeatureEnv['live']['book']; callRules: CallRules };
  readonly #sip: SipLegs;
  readonly #xmpp: XmppSessions;
  readonly #calls: Calls;
  readonly #relays: MediaRelays;
  readonly #early: EarlyRequests<EarlyInCall>;
  readonly #script: CallScript;
  #enabled: boolean;
  #limits: Config['calls']['limits'];
  /** RFC 4028; of the configuration that holds now. */
  readonly #timer: { readonly minSe: number; interval: number };

  constructor(env: CallFeatureEnv, config: Config) {
    this.#env = env;
    const { clock, timers, random, log, counters, live, transactions, records, node } = env;
    this.#enabled = config.calls.enabled;
    this.#limits = config.calls.limits;
    this.#timer = { minSe: ABSOLUTE_MIN_SE, interval: config.calls.session_timer };
    this.#live = { book: live.book, callRules: new CallRules(config.calls.rules, live.book) };
    this.#relays = new MediaRelays({ timers, random, log, counters }, config.media_relay);
    this.#sip = new SipLegs({
      ...{ clock, timers, random, log, live, transactions },
      localFor: (target) => env.localFor(target),
      endpoints: () => env.endpoints(),
      timing: { ...DEFAULT_TIMERS, ...env.timing },
      timer: this.#timer,
      maxLegs: () => this.#limits.total + MAX_ENDED,
    });
    this.#xmpp = new XmppSessions({
      ...{ clock, timers, random, log, counters },
      groupFor: (domain) => env.groupFor(domain),
      begins: (beginning, legs) => this.#begins(beginning, legs),
      resources: (own, other) => env.resources(own, other),
      pulseMs: () => this.#timer.interval * HALF_MS,
      maxCalls: () => this.#limits.total + MAX_ENDED,
      maxCallsOfUser: () => this.#limits.user + this.#limits.attempts + MAX_ENDED_OF_USER,
    });
    this.#calls = new Calls({
      ...{ clock, timers, random, log, counters, node, records, live: this.#live, caps: config.calls.limits },
      sip: this.#sip,
      xmpp: this.#xmpp,
      relays: this.#relays,
      meant: (user, contact) => env.meant(user, contact),
      admits: (from, to) => this.#env.live.admission.stanza(from, to, from.jid.domain, COUNTED)?.answer,
      address: () => env.endpoints()[0]?.address ?? NOWHERE,
    });
    this.#script = new CallScript({
      ...{ log, live },
      open: () => this.#enabled && !this.#calls.draining,
      knows: ({ self, peer, sid }) => this.#xmpp.knows(self, peer, sid),
      refused: (ends, clause) => this.#calls.refused(ends, clause),
    });
    this.#early = new EarlyRequests(timers, MAX_EARLY, ({ tx, scope }) => {
      if (!this.#serve(tx, scope)) tx.respond(481);
    });
  }

  /** Calls are carried. */
  get enabled(): boolean {
    return this.#enabled;
  }

  sizes(): Record<string, number> {
    return {
      calls: this.#calls.size,
      call_transfers: this.#calls.transfers.size,
      sip_legs: this.#sip.size,
      xmpp_legs: this.#xmpp.size,
      xmpp_call_requests: this.#xmpp.waiting,
      relayed_calls: this.#relays.size,
    };
  }

  /** Before anything comes in: reads what is kept of before a restart. */
  attach(): Promise<void> {
    return this.#calls.attach();
  }

  /** The ways out are there: that goes on, or is ended. */
  restore(): void {
    this.#calls.restore();
    this.#early.close();
  }

  /** Another configuration holds; calls that there are go on. */
  configured({ calls, media_relay: relay }: Config): void {
    this.#enabled = calls.enabled;
    this.#limits = calls.limits;
    this.#timer.interval = calls.session_timer;
    this.#live.book = this.#env.live.book;
    this.#live.callRules = new CallRules(calls.rules, this.#env.live.book);
    this.#calls.caps.configure(calls.limits);
    this.#relays.configure(relay);
  }

  /** An INVITE outside of a dialog, of somebody who is believed and admitted. */
  invite(tx: ServerTransaction, from: MappedJid): void {
    this.#calls.invite(tx, from);
  }

  /** One that was refused before that, by the row `clause`: an attempt all the same. */
  inviteRefused(request: SipRequest, from: MappedJid, clause: string, status: number): void {
    this.#calls.inviteRefused(request, from, { clause, status });
  }

  /** A request within a dialog. False: it is of no call, and was not answered. */
  request(tx: ServerTransaction, scope: SpeakerScope): boolean {
    if (this.#serve(tx, scope) || this.#early.hold({ tx, scope })) return true;
    if (!this.#early.isFull) return false;
    // RFC 5057 §5.1: it ends this transaction alone; 481 would end a call that is there in a moment.
    tx.respond(500, { headers: [retryAfterField(this.#env.random.unit())] });
    return true;
  }

  ack(request: SipRequest): void {
    this.#sip.ack(request);
  }

  /** A CANCEL of an INVITE that has no final response. */
  cancelled(tx: ServerTransaction, cancel: SipRequest): void {
    // Before it has a leg, while it is with the route script, for example, nobody else answers.
    if (!this.#sip.cancelled(tx, cancel)) tx.respond(487);
  }

  /** False: it is about no call. */
  iq(stanza: XmlElement, group: LinkGroup): boolean {
    if (!this.#isHeard) return false;
    return (this.#script.isAsked && this.#scriptTakes(stanza, group)) || this.#xmpp.iq(stanza, group);
  }

  /** False: it has something to say besides. */
  message(stanza: XmlElement, group: LinkGroup): boolean {
    if (!this.#isHeard) return false;
    if (!this.#script.isAsked || !this.#scriptTakes(stanza, group)) return this.#xmpp.message(stanza, group);
    return stanza.child('body') === undefined;
  }

  presence(stanza: XmlElement): void {
    this.#xmpp.presence(stanza);
  }

  /** `call/ID`. */
  ask(args: readonly string[]): AdminAnswer {
    return askCalls(this.#calls, args, this.#env.clock);
  }

  sweep(): void {
    this.#calls.caps.sweep();
  }

  drain(): Promise<void> {
    return this.#calls.drain();
  }

  stop(): void {
    this.#early.close();
    this.#calls.stop();
    this.#sip.stop();
    this.#xmpp.stop();
    this.#relays.stop();
  }

  /** The route script is asked about it first, or it waits for what the script is asked about. */
  #scriptTakes(stanza: XmlElement, group: LinkGroup): boolean {
    return this.#script.takes(stanza, group, () => {
      if (stanza.name === 'iq') this.#xmpp.iq(stanza, group);
      else this.#xmpp.message(stanza, group);
    });
  }

  /** What goes on is carried to its end, also when nothing new begins any more. */
  get #isHeard(): boolean {
    return this.#enabled || this.#xmpp.size > 0;
  }

  #serve(tx: ServerTransaction, scope: SpeakerScope): boolean {
    return this.#sip.request(tx, scope.any ? undefined : scope);
  }

  /** ERR-G2, ERR-G3: rules and limits of the operator for everything come before those for calls. */
  #begins(beginning: XmppBeginning, legs: XmppLegs): Begun {
    // As without calls (RFC 6120 §8.4).
    if (!this.#enabled) return { ok: false, error: stanzaError('service-unavailable') };
    const { book, admission } = this.#env.live;
    const from = book.jidSenderToSip(beginning.peer);
    const to = book.jidTargetToSip(beginning.self);
    if (from.ok && to.ok && !this.#script.isAdmitted(beginning.stanza)) {
      const denied = admission.stanza(from.value, to.value, beginning.group.domain, COUNTED);
      if (denied !== undefined) {
        this.#calls.refused(beginning, denied.clause);
        return { ok: false, error: denied.answer };
      }
    }
    // The link may be on its way down, and what it brings late begins nothing.
    if (!beginning.group.up) return { ok: false, error: gatewayStanzaError('ERR-G5') };
    return this.#calls.begins(beginning, legs);
  }
}
