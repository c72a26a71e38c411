// Runs the barrier of one link: makes its pings, hears of their return, keeps its time, and probes a silent peer.
// The machine is xmpp/stream/barrier.ts.

import type { Clock, Random, Timer, Timers } from '../../base/index.ts';
import {
  awaitsConfirmation,
  initialBarrierState,
  stepBarrier,
  type BarrierEvent,
  type BarrierPurpose,
  type BarrierState,
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
  lost(reason: 'barrier' | 'keep-alive'): void;
}

export class LinkBarrier {
  readonly #domain: string;
  readonly #limits: ComponentLinkLimits;
  readonly #env: { readonly clock: Clock; readonly timers: Timers; readonly random: Random };
  readonly #desk: BarrierDesk;
  readonly #host: BarrierHost;
  #state: BarrierState = initialBarrierState;
  /** Beginning of the ids of this stream's pings; '' when there is no stream. */
  #idPrefix = '';
  #heardAtMs = 0;
  #pingedAtMs = 0;
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

  /** A stream came up; `seq` is the last number given out. Appends the first ping. */
  up(seq: number): void {
    // Of this stream alone: what an earlier one still has in the server's queue must confirm nothing.
    this.#idPrefix = this.#desk.open(this.#env.random, (counter) => {
      this.#step({ kind: 'returned', counter });
      this.#host.returned();
    });
    this.heard();
    this.#step({ kind: 'up', seq });
    this.#watchIdle(this.#limits.idleMs);
  }

  down(): void {
    this.#desk.close(this.#idPrefix);
    this.#env.timers.clear(this.#idleTimer);
    this.#step({ kind: 'down' });
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
          this.#host.append(barrierPing(this.#domain, `${this.#idPrefix}${effect.counter}`));
          this.#pingedAtMs = this.#env.clock.now();
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
          this.#host.lost(this.#lossOf(effect.purpose));
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
