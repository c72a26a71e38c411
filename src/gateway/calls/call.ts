// One call: runs machine K, with its queue and its timers, between the legs that carry out what it wants. An event that comes
// while effects run waits for its turn, except that an offer is due: the SIP leg needs it in the same turn.

import type { Timer } from '../../base/index.ts';
import {
  keptCall,
  stepCall,
  type CallEffect,
  type CallEvent,
  type CallOutcome,
  type CallRecord,
  type CallState,
  type CallTimer,
  type CallTransition,
} from '../../interwork/call/index.ts';
import type { CallEnv, CallFacts, Handover } from './call-types.ts';
import type { Dialog, ReferTarget } from '../../sip/index.ts';
import { jingleError, type SessionState, type StanzaError, type Transfer } from '../../xmpp/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import type { CallHost, SipLeg, XmppLegs } from './legs.ts';
import type { MediaPath } from './media-path.ts';
import type { ReferHandlers, ReferOrder, ReferralTalk } from './sip-refer.ts';

type InvitedEvent = Extract<CallEvent, { readonly kind: 'invited' }>;

export class Call implements CallHost {
  readonly facts: CallFacts;
  outcome: CallOutcome | undefined;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  answeredMs: number | undefined;
  /** The transfer of it that there was last. */
  handover: Handover | undefined;
  /** How often the calls before it were handed over. */
  hops = 0;
  /** The call whose place it takes when it is answered (RFC 3891). */
  replaced: Call | undefined;
  /** Its session-initiate says that, to a client that knows of it (XEP-0251 §3). */
  announces: XmlElement | undefined;
  readonly #env: CallEnv;
  readonly #media: MediaPath | undefined;
  #state: CallState;
  #sip: SipLeg | undefined;
  #xmpp: XmppLegs | undefined;
  readonly #queue: CallEvent[] = [];
  /** Until its legs are there, and while it is looked for whom it is; and after a stop. */
  #waits = true;
  #busy = false;
  #stopped = false;
  readonly #timers = new Map<CallTimer, Timer>();

  /** `media`: the way of its descriptions, which the SIP leg asks; here it is only kept. */
  constructor(env: CallEnv, facts: CallFacts, state: CallState, media?: MediaPath) {
    this.#env = env;
    this.#media = media;
    this.facts = facts;
    this.#state = state;
  }

  get state(): CallState {
    return this.#state;
  }

  /** Its timers, and how many milliseconds they have left. */
  get dueMs(): readonly (readonly [CallTimer, number])[] {
    return [...this.#timers].flatMap(([name, timer]) => {
      const leftMs = this.#env.timers.leftMs(timer);
      return leftMs === undefined ? [] : [[name, leftMs] as const];
    });
  }

  /** The media relay that has its media, as `ADDRESS:PORT`. */
  get relay(): string | undefined {
    return this.#media?.kept()?.instance;
  }

  /** The Jingle session, and the dialog of the answered call. */
  session(): SessionState | undefined {
    return this.#xmpp?.session();
  }

  dialog(): Dialog | undefined {
    return this.#sip?.dialog?.();
  }

  /** Its legs are there: what they have said meanwhile is heard now. */
  join(sip: SipLeg, xmpp: XmppLegs): void {
    this.#sip = sip;
    this.#xmpp = xmpp;
    this.#waits = false;
    this.#drain();
  }

  /** Goes on after a restart, or is ended by it: `transition` in place of a first event. */
  resume(transition: CallTransition, sip: SipLeg | undefined, xmpp: XmppLegs): void {
    this.#sip = sip;
    this.#xmpp = xmpp;
    this.#waits = false;
    this.#guarded(() => this.#follow(transition));
    this.#drain();
  }

  take(event: CallEvent): void {
    if (this.#stopped) return;
    if (event.kind === 'offerDue') return this.#guarded(() => this.#step(event));
    this.#guarded(() => this.#env.handovers?.leaving(this, event));
    this.#queue.push(event);
    this.#drain();
  }

  referred(target: ReferTarget, talk: ReferralTalk): void {
    const { handovers } = this.#env;
    if (handovers === undefined || this.#stopped) talk.decline('Calls are not transferred');
    else this.#guarded(() => handovers.referred(this, target, talk));
  }

  transferAsked(transfer: Transfer, answer: (error?: StanzaError) => void): void {
    const { handovers } = this.#env;
    if (handovers === undefined || this.#stopped) answer(jingleError('unsupported-info'));
    else this.#guarded(() => handovers.asked(this, transfer, answer));
  }

  /** REFER in its dialog. False: there is none, or another transfer is under way. */
  refer(order: ReferOrder, handlers: ReferHandlers): boolean {
    return this.#sip?.refer?.(order, handlers) === true;
  }

  /** A session-info to the client. */
  inform(info: XmlElement, answered: (isTaken: boolean) => void): void {
    if (this.#xmpp?.inform === undefined) answered(false);
    else this.#xmpp.inform(info, answered);
  }

  changed(): void {
    if (!this.#stopped) this.#env.keep(this);
  }

  /** What survives a restart; undefined: nothing does, or nothing yet. */
  kept(node: string): CallRecord | undefined {
    const { phase, direction, legs } = this.#state;
    const session = this.#xmpp?.session();
    if (this.#xmpp === undefined || phase === 'ended' || phase === 'idle') return undefined;
    const path = this.#media?.kept();
    const relayed = path === undefined ? {} : { path: JSON.stringify(path) };
    if (phase !== 'up') {
      const invite = this.#sip?.invite();
      const record = { kind: 'ringing', node, direction, legs, xmpp: this.#xmpp.kept(), ...relayed } as const;
      return invite === undefined ? record : { ...record, invite };
    }
    const sip = this.#sip?.kept();
    if (sip === undefined || session === undefined) return undefined;
    const record = keptCall(this.#state, { node, sip, session, proposed: this.#xmpp.proposed() });
    return record === undefined ? undefined : { ...record, ...relayed };
  }

  /** The gateway goes down: nothing is said any more, and nothing heard. */
  stop(): void {
    this.#stopped = true;
    this.#queue.length = 0;
    for (const timer of this.#timers.values()) this.#env.timers.clear(timer);
    this.#timers.clear();
    this.#sip?.stop();
    this.#xmpp?.stop();
  }

  #drain(): void {
    if (this.#busy) return;
    this.#busy = true;
    // The queue is bounded by what the legs take: each of them has one request of the other party at a time.
    while (!this.#waits && !this.#stopped) {
      const event = this.#queue.shift();
      if (event === undefined) break;
      this.#guarded(() => (event.kind === 'invited' ? this.#invited(event) : this.#step(event)));
    }
    this.#busy = false;
  }

  /** Which device it is for is looked for first (CALL-27, CALL-101); what comes meanwhile waits. */
  #invited(event: InvitedEvent): void {
    this.#waits = true;
    this.#env.choose(this, (device) => {
      this.#waits = false;
      if (this.#stopped) return;
      this.#guarded(() => this.#step({ ...event, device }));
      this.#drain();
    });
  }

  /** Our bug, not the peer's: this call ends, the process goes on (promise 4). */
  #guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      const { id, callId, sid } = this.facts;
      this.#env.log.error('call.failed', { error, id, callId, sid });
      if (this.#state.phase !== 'ended') this.#queue.push({ kind: 'shutDown' });
    }
  }

  #step(event: CallEvent): void {
    const { phase } = this.#state;
    const transition = stepCall(this.#state, event);
    if (!transition.expected) {
      this.#env.surprised();
      this.#env.log.debug('call.unexpected', { id: this.facts.id, phase, event: event.kind });
    }
    this.#follow(transition);
  }

  #follow({ state, effects }: CallTransition): void {
    const isAnother = state !== this.#state;
    this.#state = state;
    for (const effect of effects) this.#run(effect);
    if (isAnother) this.#env.keep(this);
  }

  #run(effect: CallEffect): void {
    switch (effect.kind) {
      case 'invite':
      case 'progress':
      case 'accept':
      case 'endSip':
      case 'change':
      case 'offer':
      case 'answer':
      case 'trickle':
      case 'tones':
      case 'toneAnswer':
      case 'probe':
        this.#sip?.command(effect);
        return;
      case 'initiation':
      case 'decide':
        this.#xmpp?.command(effect);
        return;
      case 'session':
        this.#xmpp?.command(this.#announced(effect));
        return;
      case 'startTimer':
        return this.#start(effect.timer, effect.ms);
      case 'stopTimer':
        return this.#clear(effect.timer);
      case 'up':
        this.answeredMs = this.#env.clock.wall();
        return;
      case 'outcome':
        this.outcome = effect.outcome;
        return this.#env.ended(this, effect.outcome);
      case 'over':
        return this.#env.over(this);
    }
  }

  #announced(effect: CallEffect & { kind: 'session' }): CallEffect & { kind: 'session' } {
    const { announces } = this;
    if (announces === undefined || effect.action.action !== 'session-initiate') return effect;
    return { ...effect, action: { ...effect.action, infos: [announces] } };
  }

  #start(timer: CallTimer, ms: number): void {
    this.#clear(timer);
    const fire = (): void => {
      this.#timers.delete(timer);
      this.take({ kind: 'timer', timer });
    };
    this.#timers.set(timer, this.#env.timers.set(ms, fire));
  }

  #clear(timer: CallTimer): void {
    this.#env.timers.clear(this.#timers.get(timer));
    this.#timers.delete(timer);
  }
}
