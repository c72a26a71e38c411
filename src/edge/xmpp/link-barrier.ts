// Runs the barrier of one link: makes its pings, hears of their return, keeps its time, and probes a silent peer.
// The machine is xmpp/stream/barrier.ts; before it hears of a return, xmpp/stream/session-managers.ts has to agree,
// which has nothing to say but behind a jabberd2 router.

import type { Clock, Random, Timer, Timers } from '../../base/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import {
  awaitsConfirmation,
  initialBarrierState,
  initialSessionManagersState,
  introducedSessionManager,
  sessionManagerAnswered,
  stepBarrier,
  stepSessionManagers,
  type BarrierEvent,
  type BarrierPurpose,
  type BarrierState,
  type SessionManagersEvent,
  type SessionManagersState,
} from '../../xmpp/index.ts';
import type { BarrierDesk } from './barrier-desk.ts';
import { barrierPing } from './frames.ts';
import type { ComponentLinkLimits } from './options.ts';

/** What the link does for its barrier. */
export interface BarrierHost {
  /** Appends to what the next write takes: a barrier leaves with its stanzas. */
  append(text: string): void;
  /** Writes now what is pending. */
  flush(): void;
  confirmed(seq: number): void;
  /** A barrier came back. */
  returned(): void;
  /** A session manager answered for the first time: barriers wait for it from now on. */
  sessionManager(name: string): void;
  /** The stream is of no use any more. */
  lost(reason: 'barrier' | 'keep-alive'): void;
  /** A session manager was away: what is not confirmed never will be. `anew` is to be called. */
  managerLost(): void;
}

export class LinkBarrier {
  readonly #domain: string;
  readonly #limits: ComponentLinkLimits;
  readonly #env: { readonly clock: Clock; readonly timers: Timers; readonly random: Random };
  readonly #desk: BarrierDesk;
  readonly #host: BarrierHost;
  #state: BarrierState = initialBarrierState;
  #managers: SessionManagersState = initialSessionManagersState;
  /** Beginning of the ids of this stream's pings; '' when there is no stream. */
  #idPrefix = '';
  #heardAtMs = 0;
  #pingedAtMs = 0;
  #verifiedAtMs = 0;
  #timer: Timer | undefined;
  #idleTimer: Timer | undefined;
  /** False while the owner lets the link not read: then silence proves nothing. */
  reading = true;

  constructor(
    domain: string,
    limits: ComponentLinkLimits,
    env: { readonly clock: Clock; readonly timers: Timers; readonly random: Random },
    desk: BarrierDesk,
    host: BarrierHost,
  ) {
    this.#domain = domain;
    this.#limits = limits;
    this.#env = env;
    this.#desk = desk;
    this.#host = host;
  }

  /** True while a stanza that wants confirmation has none. */
  get awaits(): boolean {
    return awaitsConfirmation(this.#state);
  }

  /** After `up` and `anew`: until the first barrier is back, nothing can be confirmed. */
  get waitsForManager(): boolean {
    return this.#managers.asked !== 0;
  }

  /** A stream came up; `seq` is the last number given out. Appends the first ping. */
  up(seq: number): void {
    // Of this stream alone: what an earlier one still has in the server's queue must confirm nothing.
    this.#idPrefix = this.#desk.open(this.#env.random, (rest, el) => this.#heardOf(rest, el));
    this.heard();
    this.#step({ kind: 'up', seq });
    this.#watchIdle(this.#limits.idleMs);
  }

  down(): void {
    this.#desk.close(this.#idPrefix);
    this.#env.timers.clear(this.#idleTimer);
    this.#step({ kind: 'down' });
    this.#stepManagers({ kind: 'down' });
  }

  /** Begins again on the same stream; `seq` is the last number given out. Appends a ping. */
  anew(seq: number): void {
    this.#step({ kind: 'down' });
    this.#stepManagers({ kind: 'down' });
    this.#step({ kind: 'up', seq });
  }

  /** Looks whether a session manager introduces itself by this stanza, which is the owner's all the same. */
  observe(el: XmlElement): void {
    const name = introducedSessionManager(el, this.#domain);
    if (name === undefined) return;
    this.#stepManagers({ kind: 'introduced', name, awaits: this.awaits });
  }

  /** Something came from the peer. */
  heard(): void {
    this.#heardAtMs = this.#env.clock.now();
  }

  /** A write follows at once, up to stanza `seq`; `wanted`: the last that wants confirmation. May append a ping. */
  write(seq: number, wanted: number): void {
    this.#step({ kind: 'write', seq, wanted });
  }

  #step(event: BarrierEvent): void {
    const { state, effects } = stepBarrier(this.#state, event);
    this.#state = state;
    for (const effect of effects) {
      switch (effect.kind) {
        case 'ping':
          this.#host.append(barrierPing(this.#domain, this.#domain, `${this.#idPrefix}${effect.counter}`));
          this.#pingedAtMs = this.#env.clock.now();
          if (this.#managed) this.#stepManagers({ kind: 'barrier', counter: effect.counter });
          break;
        case 'setTimer':
          this.#setTimer(effect.purpose);
          break;
        case 'clearTimer':
          this.#env.timers.clear(this.#timer);
          break;
        case 'confirmed':
          this.#host.confirmed(effect.seq);
          break;
        case 'flush':
          this.#host.flush();
          break;
        case 'lost':
          if (this.#managerOwes) this.#host.managerLost();
          else this.#host.lost(this.#lossOf(effect.purpose));
          break;
      }
    }
  }

  /** The router has returned the barrier, a session manager has not. */
  get #managerOwes(): boolean {
    const { looped, managers } = this.#managers;
    return looped !== 0 && managers.some(({ owes }) => owes !== 0);
  }

  get #managed(): boolean {
    return this.#managers.managers.length > 0;
  }

  /** The rest of an id: the number of the barrier, and behind a dash who was asked: a manager, or the router again. */
  #heardOf(rest: string, el: XmlElement): void {
    const dash = rest.indexOf('-');
    const counter = Number(dash === -1 ? rest : rest.slice(0, dash));
    if (dash === -1) {
      if (this.#managed) this.#stepManagers({ kind: 'looped', counter });
      else this.#returned(counter);
      return;
    }
    const name = rest.slice(dash + 1);
    if (name === '') {
      const now = this.#env.clock.now();
      const tookMs = now - this.#verifiedAtMs;
      this.#stepManagers({ kind: 'verified', counter, tookMs, sinceMs: now - this.#pingedAtMs });
    } else if (sessionManagerAnswered(el, name)) this.#stepManagers({ kind: 'answered', name, counter });
    else this.#stepManagers({ kind: 'absent', name, counter, awaits: this.awaits });
  }

  #returned(counter: number): void {
    const before = this.#state;
    this.#step({ kind: 'returned', counter });
    // Not for an old number.
    if (this.#state !== before) this.#host.returned();
  }

  #stepManagers(event: SessionManagersEvent): void {
    const before = this.#managers;
    const { state, effects } = stepSessionManagers(before, event);
    this.#managers = state;
    if (event.kind === 'answered') {
      const proven = ({ managers }: SessionManagersState): boolean =>
        managers.some((each) => each.name === event.name && each.proven);
      if (proven(state) && !proven(before)) this.#host.sessionManager(event.name);
    }
    for (const effect of effects) {
      switch (effect.kind) {
        case 'ask':
          this.#host.append(
            barrierPing(this.#domain, effect.name, `${this.#idPrefix}${effect.counter}-${effect.name}`),
          );
          this.#host.flush();
          break;
        case 'verify':
          this.#verifiedAtMs = this.#env.clock.now();
          this.#host.append(barrierPing(this.#domain, this.#domain, `${this.#idPrefix}${effect.counter}-`));
          this.#host.flush();
          break;
        case 'returned':
          this.#returned(effect.counter);
          break;
        case 'lost':
          this.#host.managerLost();
          break;
      }
    }
  }

  #setTimer(purpose: BarrierPurpose): void {
    const { timers } = this.#env;
    timers.clear(this.#timer);
    const delayMs = purpose === 'confirm' ? this.#limits.barrierTimeoutMs : this.#limits.keepAliveTimeoutMs;
    this.#timer = timers.set(delayMs, () => {
      if (this.reading) this.#step({ kind: 'timeout' });
      else this.#setTimer(purpose);
    });
  }

  /** Other traffic, but not the probe's own return: then the peer lives, and does not return barriers. */
  #lossOf(purpose: BarrierPurpose): 'barrier' | 'keep-alive' {
    return purpose === 'confirm' || this.#heardAtMs > this.#pingedAtMs ? 'barrier' : 'keep-alive';
  }

  #watchIdle(delayMs: number): void {
    this.#idleTimer = this.#env.timers.set(delayMs, () => {
      const silentMs = this.#env.clock.now() - this.#heardAtMs;
      if (silentMs < this.#limits.idleMs) {
        this.#watchIdle(this.#limits.idleMs - silentMs);
        return;
      }
      this.#watchIdle(this.#limits.idleMs);
      if (!this.reading) return;
      this.#step({ kind: 'idle' });
      this.#host.flush();
    });
  }
}
