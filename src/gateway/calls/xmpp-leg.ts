// One call on the side of XMPP: its proposal and its session, as the machines of `xmpp/jingle` have them. What they want sent goes
// to CallStanzas, what they report to the call.

import type { Timer, Timers } from '../../base/index.ts';
import type { CallEvent, KeptXmppLeg } from '../../interwork/call/index.ts';
import {
  errorReply,
  initialInitiation,
  initialSession,
  iqResult,
  NS_TRANSFER,
  readTransfer,
  stanzaError,
  stepInitiation,
  stepSession,
  type InitiationEvent,
  type InitiationState,
  type OwnAction,
  type SessionEffect,
  type SessionEvent,
  type SessionState,
  type SessionSupport,
  type StanzaError,
} from '../../xmpp/index.ts';
import { element, NS_CLIENT, type XmlElement } from '../../xml/index.ts';
import { bareOf } from '../address-text.ts';
import type { CallHost, XmppCommand, XmppLegs } from './legs.ts';
import { Pulse } from './xmpp-pulse.ts';
import type { CallStanzas, OpenStanzas, RequestOutcome } from './xmpp-stanzas.ts';

export interface XmppLegEnv {
  readonly timers: Timers;
  readonly stanzas: CallStanzas;
  /** The answer to an action of the other party; with what it was refused by. */
  reply(answer: XmlElement, error?: StanzaError): void;
  /** It began, has a session now, is over, or was stopped. */
  moved(leg: XmppLeg): void;
  /** How long an active session may be silent before it is asked; undefined: for ever. */
  pulseMs(): number | undefined;
  /** A stanza of this side can leave now. */
  carries(self: string): boolean;
}

export interface XmppLegParts {
  readonly role: SessionState['role'];
  readonly sid: string;
  readonly self: string;
  /** Full JID of the device; bare while it may be any. */
  readonly peer: string;
}

type Machine = 'session' | 'initiation';

/** Tones and pings are asked of the SIP side (CALL-22, CALL-38). */
const SUPPORT: SessionSupport = { dtmf: 'taken', transfer: false, ping: true };

export class XmppLeg implements XmppLegs {
  readonly sid: string;
  readonly role: SessionState['role'];
  readonly self: string;
  /** Both users, bare. */
  readonly user: string;
  readonly other: string;
  /** By what its session is found, and the end of the time for what comes late: both are its owner's. */
  sessionKey: string | undefined;
  linger: Timer | undefined;
  readonly open: OpenStanzas = { requests: new Set(), messages: new Set() };
  readonly #env: XmppLegEnv;
  readonly #peer: string;
  #host: CallHost | undefined;
  #initiation: InitiationState | undefined;
  #session: SessionState | undefined;
  readonly #timers = new Map<Machine, Timer>();
  readonly #pulse: Pulse;
  #stopped = false;

  constructor(env: XmppLegEnv, parts: XmppLegParts, host?: CallHost) {
    this.#env = env;
    this.#pulse = new Pulse(
      env.timers,
      () => env.pulseMs(),
      () => this.#ping(),
    );
    this.sid = parts.sid;
    this.role = parts.role;
    this.self = parts.self;
    this.user = bareOf(parts.self);
    this.other = bareOf(parts.peer);
    this.#peer = parts.peer;
    this.#host = host;
  }

  /** Who hears of it, where that was not known when it was made. */
  joins(host: CallHost): void {
    this.#host = host;
  }

  /** As they were before a restart. */
  resume(session: SessionState | undefined, initiation: InitiationState | undefined): void {
    this.#session = session === undefined ? undefined : { ...session, support: SUPPORT };
    this.#initiation = initiation;
    if (session?.phase === 'active') this.#pulse.heard();
    this.#env.moved(this);
  }

  session(): SessionState | undefined {
    return this.#session;
  }

  initiation(): InitiationState | undefined {
    return this.#initiation;
  }

  proposed(): boolean {
    return this.#initiation !== undefined;
  }

  /** What is kept of it beyond a restart, at any time. */
  kept(): KeptXmppLeg {
    const peer = this.#session?.peer ?? this.#initiation?.device ?? this.#peer;
    const { role, sid, self } = this;
    return { role, sid, self, peer, proposed: this.proposed() };
  }

  /** Neither its proposal nor its session goes on, and one of them was. */
  get over(): boolean {
    const initiation = this.#initiation?.phase;
    const session = this.#session?.phase;
    if (initiation === undefined && session === undefined) return false;
    return (
      (initiation === undefined || initiation === 'ended') && (session === undefined || session === 'ended')
    );
  }

  hasEnded(machine: Machine): boolean {
    return (machine === 'session' ? this.#session : this.#initiation)?.phase === 'ended';
  }

  command(command: XmppCommand): void {
    if (command.kind === 'session') return this.#act(command.action, command.to);
    if (command.kind === 'decide') {
      this.#stepSession({ kind: 'decided', id: command.id, error: command.error });
      return;
    }
    if (command.event.kind === 'propose' && this.#initiation === undefined) this.#begins('proposer');
    this.#stepInitiation(command.event);
  }

  /** A message of the other user about this proposal, or what comes of one of ours. */
  initiate(event: InitiationEvent): void {
    const isProposal = event.kind === 'received' && event.initiation.kind === 'propose';
    if (isProposal && this.#initiation === undefined) this.#begins('proposee');
    this.#stepInitiation(event);
  }

  /** An action of `peer`, whose iq has the id of the event; the first one begins the session. */
  receive(event: SessionEvent & { readonly kind: 'received' }, peer: string): void {
    if (this.#session === undefined) {
      const { sid, self } = this;
      this.#session = initialSession({ role: 'responder', sid, self, peer }, SUPPORT);
      this.#env.moved(this);
    }
    if (!this.#transferAsked(event)) this.#stepSession(event);
  }

  inform(info: XmlElement, answered: (isTaken: boolean) => void): void {
    const session = this.#session;
    if (session?.phase !== 'active' || this.#stopped) return answered(false);
    const { sid } = this;
    const jingle = { action: 'session-info', sid, contents: [], groups: [], infos: [info] } as const;
    this.#env.stanzas.request(session, jingle, this.open, false, ({ kind }) => answered(kind === 'result'));
  }

  /** What is learnt of the session from elsewhere. */
  tell(event: SessionEvent): void {
    this.#stepSession(event);
  }

  /** CALL-37: what it comes to is known later, and its iq is answered with that. False: there is no transfer in it. */
  #transferAsked({ id, jingle }: SessionEvent & { readonly kind: 'received' }): boolean {
    const session = this.#session;
    const host = this.#host;
    if (session?.phase !== 'active' || this.#stopped || host?.transferAsked === undefined) return false;
    const asked = jingle.action === 'session-info' ? jingle.infos.find(isTransfer) : undefined;
    if (asked === undefined) return false;
    // It is there (XEP-0166 §6.7).
    this.tell({ kind: 'available' });
    const answer = (error?: StanzaError): void => {
      if (error === undefined) this.#answer(session, id);
      else this.#env.reply(errorReply(this.#question(session, id), error), error);
    };
    const transfer = readTransfer(asked);
    if (transfer.ok) host.transferAsked(transfer.value, answer);
    else answer(stanzaError('bad-request', { text: transfer.error.message, lang: 'en' }));
    return true;
  }

  stop(): void {
    this.#stopped = true;
    this.#pulse.stop();
    for (const timer of this.#timers.values()) this.#env.timers.clear(timer);
    this.#timers.clear();
    this.#env.stanzas.forget(this.open);
    this.#env.moved(this);
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  #begins(role: InitiationState['role']): void {
    const only = role === 'proposer' && this.#peer !== this.other ? this.#peer : undefined;
    this.#initiation = initialInitiation({ role, id: this.sid, self: this.self, peer: this.other, only });
    this.#env.moved(this);
  }

  #act(action: OwnAction, to: string | undefined): void {
    if (action.action === 'session-initiate' && this.#session === undefined) {
      const { sid, self } = this;
      this.#session = initialSession({ role: 'initiator', sid, self, peer: to ?? this.#peer }, SUPPORT);
      this.#env.moved(this);
    }
    if (this.#stepSession({ kind: 'send', action })) return;
    // What comes after the end means nothing.
    if (this.#session?.phase === 'ended') return;
    const { action: name, contents = [], about } = action;
    const named = about === undefined ? {} : { about };
    this.#tell({ kind: 'session', report: { kind: 'failed', action: name, contents, ...named } });
  }

  #stepInitiation(event: InitiationEvent): void {
    if (this.#initiation === undefined || this.#stopped) return;
    const { state, effects } = stepInitiation(this.#initiation, event);
    this.#initiation = state;
    for (const effect of effects) {
      switch (effect.kind) {
        case 'send': {
          const { initiation, to } = effect;
          const about = initiation.kind;
          const fails = (error: StanzaError): void => this.initiate({ kind: 'error', about, error });
          const now = about === 'propose' || about === 'proceed';
          // ADDR-11: the other devices are not called.
          const isPrivate = state.only !== undefined;
          this.#env.stanzas.message(this.self, to, initiation, this.open, now, fails, isPrivate);
          break;
        }
        case 'report':
          this.#tell({ kind: 'initiation', report: effect.report });
          break;
        case 'startTimer':
          this.#start('initiation', effect.ms, () => this.initiate({ kind: 'timer' }));
          break;
        case 'stopTimer':
          this.#clear('initiation');
          break;
        case 'end':
          this.#env.moved(this);
          this.#tell({ kind: 'initiationEnded', end: effect.end });
          break;
      }
    }
  }

  /** False: the session knows nothing of it. */
  #stepSession(event: SessionEvent): boolean {
    const before = this.#session;
    if (before === undefined || this.#stopped) return false;
    const { state, effects, expected } = stepSession(before, event);
    this.#session = state;
    for (const effect of effects) this.#run(state, effect);
    const isUp = state.phase === 'active';
    if (isUp && (event.kind === 'received' || before.phase !== 'active')) this.#pulse.heard();
    if (state.phase === 'ended') this.#pulse.stop();
    if (isUp && (before.phase !== 'active' || before.contents !== state.contents)) this.#host?.changed();
    return expected;
  }

  #run(state: SessionState, effect: SessionEffect): void {
    switch (effect.kind) {
      case 'request':
        return this.#request(state, effect);
      case 'acknowledge':
        return this.#answer(state, effect.id);
      case 'refuse': {
        const { id, error } = effect;
        return this.#env.reply(errorReply(this.#question(state, id), error), error);
      }
      case 'report':
        return this.#tell({ kind: 'session', report: effect.report });
      case 'startGrace':
        return this.#start('session', effect.ms, () => this.tell({ kind: 'graceOver' }));
      case 'stopGrace':
        return this.#clear('session');
      case 'end':
        this.#env.stanzas.forgetRequests(this.open);
        this.#env.moved(this);
        return this.#tell({ kind: 'sessionEnded', end: effect.end });
    }
  }

  /** Where nothing can leave, nothing is to be learnt: the session is asked at another time. */
  #ping(): void {
    if (this.#env.carries(this.self)) this.#stepSession({ kind: 'send', action: { action: 'session-info' } });
  }

  #request(state: SessionState, { request, jingle }: SessionEffect & { kind: 'request' }): void {
    const isLast = jingle.action === 'session-terminate';
    const answered = (outcome: RequestOutcome): void => {
      if (outcome.kind === 'silence') this.tell({ kind: 'timeout', request });
      else this.tell({ ...outcome, request });
    };
    const now = jingle.action === 'session-initiate';
    this.#env.stanzas.request(state, jingle, this.open, now, isLast ? undefined : answered);
  }

  #answer(state: SessionState, id: string): void {
    this.#env.reply(iqResult(this.#question(state, id)));
  }

  /** What an answer needs of the iq that it answers (RFC 6120 §8.2.3). */
  #question({ self, peer }: SessionState, id: string): XmlElement {
    return element('iq', NS_CLIENT, { from: peer, id, to: self, type: 'set' });
  }

  #tell(event: CallEvent): void {
    this.#host?.take(event);
  }

  #start(machine: Machine, ms: number, fire: () => void): void {
    this.#clear(machine);
    this.#timers.set(
      machine,
      this.#env.timers.set(ms, () => {
        this.#timers.delete(machine);
        fire();
      }),
    );
  }

  #clear(machine: Machine): void {
    this.#env.timers.clear(this.#timers.get(machine));
    this.#timers.delete(machine);
  }
}

function isTransfer({ name, ns }: XmlElement): boolean {
  return name === 'transfer' && ns === NS_TRANSFER;
}
