// All calls: may this one be made, who is it between, and what is kept of it. Who calls is believed by then; each attempt has one
// outcome, whether it became a call or not.

import {
  detachText,
  ok,
  type Clock,
  type Collection,
  type Counters,
  type Log,
  type Random,
  type Timers,
} from '../../base/index.ts';
import {
  beginCall,
  type CallDirection,
  type CallOutcome,
  type CallRecord,
} from '../../interwork/call/index.ts';
import {
  faultToResponse,
  faultToStanzaError,
  gatewayResponse,
  gatewayStanzaError,
  type AddressBook,
  type MappedJid,
  type MappedUri,
} from '../../mapping/index.ts';
import { dialledNumber, type CallRules } from '../../policy/index.ts';
import type { Origin } from '../../sdp/index.ts';
import { type Refusal, type ServerTransaction, type SipRequest } from '../../sip/index.ts';
import type { StanzaError } from '../../xmpp/index.ts';
import { bareOf } from '../address-text.ts';
import { Call } from './call.ts';
import { CallCaps, type CallCapsOptions } from './call-caps.ts';
import { CallLog } from './call-log.ts';
import { clauseOf, retryAfter, statusOf } from './call-refusals.ts';
import type { CallEnv, CallFacts, SipSide } from './call-types.ts';
import type { XmppLegs } from './legs.ts';
import { carriesCandidates, type MediaPath } from './media-path.ts';
import type { MediaRelays } from './media-relays.ts';
import { StoredCalls } from './stored-calls.ts';
import { calledJid } from './xmpp-features.ts';
import { deviceFor } from './replacing.ts';
import { Transfers } from './transfers.ts';
import type { Admits } from './transfer-targets.ts';
import type { XmppSessions } from './xmpp-sessions.ts';
import type { Begun, XmppBeginning } from './xmpp-types.ts';

export interface CallsEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly counters: Counters;
  readonly node: string;
  readonly caps: CallCapsOptions;
  /** Of the configuration that holds now. */
  readonly live: { readonly book: AddressBook; readonly callRules: CallRules };
  readonly sip: SipSide;
  readonly xmpp: Pick<XmppSessions, 'outgoing' | 'restore' | 'choose'> &
    Partial<Pick<XmppSessions, 'transfers'>>;
  /** Rules and limits for everything, for whom a transfer names. */
  readonly admits?: Admits;
  /** Who finds a way for the media of a call; by default they go as they are. */
  readonly relays?: Pick<MediaRelays, 'begin' | 'restore'>;
  /** Whom an XMPP user means by an address of a SIP user, if not exactly that. */
  readonly meant?: (user: MappedUri, contact: MappedUri) => MappedUri;
  /** undefined: a restart ends every call. */
  readonly records: Collection<CallRecord> | undefined;
  /** The address that o= of our descriptions says; media never come to it. */
  readonly address: () => string;
}

/** How long a drain waits for the answers to what ends calls. */
const DRAIN_MS = 2000;

export class Calls {
  readonly caps: CallCaps;
  readonly log: CallLog;
  readonly transfers: Transfers;
  readonly #env: CallsEnv;
  readonly #callEnv: CallEnv;
  /** By our id, until all of their legs have ended. */
  readonly #calls = new Map<string, Call>();
  readonly #stored = new Set<string>();
  /** Of before a restart, until they go on or end. */
  readonly #before: StoredCalls;
  #draining = false;
  #emptied: (() => void) | undefined;

  constructor(env: CallsEnv) {
    this.#env = env;
    const { clock, timers, log, counters } = env;
    this.caps = new CallCaps(clock, env.caps);
    this.log = new CallLog({ clock, log, counters });
    this.#before = new StoredCalls(env);
    const surprises = counters.counter(
      'stoxgate_calls_unexpected_total',
      'Events of calls that their state did not expect; nothing came of them.',
    );
    this.transfers = new Transfers({
      ...{ timers, log, counters, live: env.live, admits: env.admits },
      calls: () => this.#calls.values(),
      replaceable: (callId) => env.sip.replaceable?.(callId) ?? [],
      able: (self, device, told) =>
        env.xmpp.transfers === undefined ? told(false) : env.xmpp.transfers(self, device, told),
    });
    this.#callEnv = {
      ...{ clock, timers, log },
      surprised: () => surprises.add(),
      choose: (call, chosen) => deviceFor(call, env.xmpp, chosen),
      handovers: this.transfers,
      keep: (call) => this.#keep(call),
      ended: (call, outcome) => this.#ended(call, outcome),
      over: (call) => this.#over(call),
    };
  }

  /** Calls with a leg that has not ended. */
  get size(): number {
    return this.#calls.size;
  }

  /** Of those, the answered ones. */
  get answered(): number {
    return [...this.#calls.values()].filter(({ state }) => state.phase === 'up').length;
  }

  /** Nothing new begins. */
  get draining(): boolean {
    return this.#draining;
  }

  /** Those with this id: ours, of the Jingle session, or of the INVITE. */
  find(id: string): readonly Call[] {
    return [...this.#calls.values()].filter(
      ({ facts }) => facts.id === id || facts.sid === id || facts.callId === id,
    );
  }

  /** An INVITE outside of a dialog, from somebody who is believed; it passed the checks of RFC 3261 §8.2. */
  invite(tx: ServerTransaction, from: MappedJid): void {
    // It was cancelled while it was with the route script, or its domain with DNS.
    if (tx.state !== 'Proceeding' || this.#before.isInterrupted(tx.request)) return;
    const { random, live, sip, xmpp } = this.#env;
    const { requestUri, callId } = tx.request;
    const replacing = this.transfers.replacing(tx, from);
    const to = replacing?.kind === 'replace' ? ok(replacing.to) : live.book.sipTargetToJid(requestUri);
    const sid = random.base32(26);
    const callee = to.ok ? to.value.bareText : requestUri;
    // ADDR-11: a `gr` means one client, and no other one is called.
    const device = to.ok && to.value.jidText !== to.value.bareText ? to.value.jidText : undefined;
    const facts = this.#facts('toXmpp', { caller: from.bareText, callee, device, sid, callId });
    const refuse = (clause: string, answer: Refusal): void => {
      this.log.ended(facts, { kind: 'refused', clause, status: answer.status });
      tx.respond(answer.status, answer);
    };
    if (replacing?.kind === 'refuse') return refuse(replacing.clause, replacing.answer);
    if (!to.ok) return refuse(to.error.clause ?? 'ERR-G6', faultToResponse(to.error, 'target'));
    if (to.value.jid.local === '') return refuse('ERR-G6', gatewayResponse('ERR-G6'));
    if (this.#draining) {
      const { status, headers } = gatewayResponse('ERR-G5');
      return refuse('ERR-G5', { status, headers: [...headers, retryAfter()] });
    }
    const denial = live.callRules.decide({ direction: 'to-xmpp', from, to: to.value });
    if (denial !== undefined) return refuse(clauseOf(denial), denial.sip);
    if (this.caps.begin(facts.caller, facts.callee) !== undefined) {
      return refuse('ERR-G2', gatewayResponse('ERR-G2'));
    }
    const parties = { sipDomain: from.host, xmppDomain: to.value.jid.domain, callId };
    const media = this.#env.relays?.begin(parties);
    const call = new Call(this.#callEnv, facts, this.#begin('toXmpp', media), media);
    if (replacing !== undefined) {
      call.replaced = replacing.call;
      call.hops = replacing.call.hops + 1;
    }
    const legs = xmpp.outgoing(call, { self: from.jidText, peer: to.value.jidText, sid });
    if (legs === undefined) {
      this.caps.end(facts.caller, facts.callee);
      return refuse('ERR-G2', gatewayResponse('ERR-G2'));
    }
    const leg = sip.incoming(tx, call, { from, to: to.value, media });
    if (leg === undefined) {
      this.caps.end(facts.caller, facts.callee);
      legs.stop();
      media?.end();
      return this.log.ended(facts, { kind: 'refused', clause: 'RFC 3261 §13.3.1', status: 400 });
    }
    this.#calls.set(facts.id, call);
    call.join(leg, legs);
  }

  /** A call of an XMPP user: `begins` of XmppSessions. */
  begins(beginning: XmppBeginning, legs: XmppLegs): Begun {
    const { random, live, sip } = this.#env;
    const { sid, self, peer } = beginning;
    const callId = random.base32(26);
    const facts = this.#facts('toSip', { caller: bareOf(peer), callee: bareOf(self), sid, callId });
    const claim = this.transfers.claim(facts.caller, facts.callee);
    const refuse = (clause: string, error: StanzaError): Begun => {
      // What the SIP side would have been told: the status of the row.
      const status = statusOf(clause);
      claim?.refused(status);
      this.log.ended(facts, { kind: 'refused', clause, status });
      return { ok: false, error };
    };
    const to = live.book.jidTargetToSip(calledJid(self));
    if (!to.ok) return refuse(to.error.clause ?? 'ERR-G6', faultToStanzaError(to.error, 'target'));
    const from = live.book.jidSenderToSip(peer);
    if (!from.ok) return refuse(from.error.clause ?? 'ERR-G7', faultToStanzaError(from.error, 'sender'));
    if (to.value.jid.local === '') return refuse('ERR-G6', gatewayStanzaError('ERR-G6'));
    if (this.#draining) return refuse('ERR-G5', gatewayStanzaError('ERR-G5'));
    const number = dialledNumber(to.value.uri);
    const denial = live.callRules.decide({ direction: 'to-sip', from: from.value, to: to.value, number });
    if (denial !== undefined) return refuse(clauseOf(denial), denial.stanza);
    if (this.caps.begin(facts.caller, facts.callee) !== undefined) {
      return refuse('ERR-G2', gatewayStanzaError('ERR-G2'));
    }
    const parties = { sipDomain: to.value.host, xmppDomain: from.value.jid.domain, callId };
    const media = this.#env.relays?.begin(parties);
    const call = new Call(this.#callEnv, facts, this.#begin('toSip', media), media);
    if (claim !== undefined) {
      call.hops = claim.hops;
      claim.joins(call);
    }
    const fields = claim?.fields;
    const called = this.#env.meant?.(from.value, to.value) ?? to.value;
    const leg = sip.outgoing(call, { from: from.value, to: called, callId, media, fields });
    this.#calls.set(facts.id, call);
    call.join(leg, legs);
    return { ok: true, host: call };
  }

  /** An INVITE that was refused before it came here. */
  inviteRefused(
    { requestUri, callId }: Pick<SipRequest, 'requestUri' | 'callId'>,
    from: MappedJid,
    { clause, status }: { readonly clause: string; readonly status: number },
  ): void {
    const to = this.#env.live.book.sipTargetToJid(requestUri);
    const callee = to.ok ? to.value.bareText : requestUri;
    const facts = this.#facts('toXmpp', { caller: from.bareText, callee, sid: '', callId });
    this.log.ended(facts, { kind: 'refused', clause, status });
  }

  /** One that was refused before it came here. */
  refused({ sid, self, peer }: Pick<XmppBeginning, 'sid' | 'self' | 'peer'>, clause: string): void {
    const facts = this.#facts('toSip', { caller: bareOf(peer), callee: bareOf(self), sid, callId: '' });
    this.log.ended(facts, { kind: 'refused', clause, status: statusOf(clause) });
  }

  /** Reads what this node had before a restart; `restore` goes on with it. Rejects when the store fails. */
  attach(): Promise<void> {
    return this.#before.attach();
  }

  /** The ways out are there: answered calls go on, those that rang are over, and both sides hear it. */
  restore(): void {
    const { log } = this.#env;
    for (const { key, record } of this.#before.take()) {
      const { call, facts, begin } = this.#before.make(this.#callEnv, key, record);
      if (begin === undefined) {
        this.#env.records?.delete(key);
        log.warn('call.unreadable', { id: key });
        this.log.ended(facts, { kind: 'failed', side: 'gateway', status: 500, why: 'restart' });
        continue;
      }
      this.#stored.add(key);
      this.#calls.set(key, call);
      this.caps.restore(facts.caller, facts.callee);
      begin();
    }
  }

  /**
   * No new calls; those that ring are ended, and answered ones too where no record lets them go on. Resolves when both sides have
   * been told and have answered, or soon after.
   */
  async drain(): Promise<void> {
    this.#draining = true;
    const keeps = this.#env.records !== undefined;
    const ends = [...this.#calls.values()].filter(({ state }) => !keeps || state.phase !== 'up');
    const { timers } = this.#env;
    await new Promise<void>((resolve) => {
      const patience = timers.set(DRAIN_MS, resolve);
      this.#emptied = () => {
        if (ends.some(({ facts }) => this.#calls.has(facts.id))) return;
        timers.clear(patience);
        resolve();
      };
      for (const call of ends) call.take({ kind: 'shutDown' });
      this.#emptied();
    });
    this.#emptied = undefined;
  }

  /** Nothing is said any more; what is kept stays. */
  stop(): void {
    this.#draining = true;
    this.transfers.stop();
    for (const call of this.#calls.values()) call.stop();
    this.#calls.clear();
  }

  #facts(
    direction: CallDirection,
    who: Pick<CallFacts, 'caller' | 'callee' | 'device' | 'sid' | 'callId'>,
  ): CallFacts {
    const { random, clock } = this.#env;
    // Not the whole message that it stood in.
    const callId = detachText(who.callId);
    return { id: random.base32(16), direction, ...who, callId, startedMs: clock.wall() };
  }

  #begin(direction: CallDirection, media: MediaPath | undefined): ReturnType<typeof beginCall> {
    const address = this.#env.address();
    const origin: Origin = {
      ...{ username: '-', sessionId: String(this.#env.clock.wall()), sessionVersion: '1' },
      ...{ netType: 'IN', addrType: address.includes(':') ? 'IP6' : 'IP4', address },
    };
    return beginCall({ direction, origin, trickle: carriesCandidates(media) });
  }

  #keep(call: Call): void {
    this.transfers.moved(call);
    const { records, node, log } = this.#env;
    const { id } = call.facts;
    if (records === undefined || !this.#calls.has(id)) return;
    const record = call.kept(node);
    if (record === undefined) return;
    this.#stored.add(id);
    records.put(id, record, (error) => {
      if (error !== undefined) log.warn('call.unwritten', { error, id });
    });
  }

  #ended(call: Call, outcome: CallOutcome): void {
    const { facts, answeredMs, handover } = call;
    this.transfers.ended(call, outcome);
    this.log.ended(facts, outcome, answeredMs, handover);
    this.caps.end(facts.caller, facts.callee);
    if (this.#stored.delete(facts.id)) this.#env.records?.delete(facts.id);
    this.#emptied?.();
  }

  #over({ facts }: Call): void {
    this.#calls.delete(facts.id);
    this.#emptied?.();
  }
}
