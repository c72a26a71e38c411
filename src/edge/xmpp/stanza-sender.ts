// The way out on one stream between servers: batches, and what the peer has of them. By XEP-0198 where the stream has it,
// else, for stanzas that want to be confirmed, by a ping to the peer's domain (XEP-0199), whose answer comes behind them.
// The machines are xmpp/stream/management.ts and barrier.ts. What is not confirmed when the stream ends is given back.

import type { Clock, Random, Timer, Timers } from '../../base/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import {
  initialBarrierState,
  initialManagement,
  readCount,
  stepBarrier,
  stepManagement,
  type BarrierEvent,
  type BarrierState,
  type HeaderFault,
  type ManagementEffect,
  type ManagementEvent,
  type ManagementState,
} from '../../xmpp/index.ts';
import type { BarrierDesk } from './barrier-desk.ts';
import { barrierPing } from './frames.ts';
import { serverFrame } from './server-frames.ts';
import type { ServerLimits } from './server-options.ts';
import type { Outgoing } from './outgoing.ts';

export interface SenderEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** False while nothing is taken from other servers, and so no answer of theirs either. */
  readonly reading: boolean;
}

export interface SenderHost {
  write(text: string): void;
  /** Stanzas are counted from here on, or it is known that they are not: they may be sent. */
  ready(): void;
  /** What was sent on the stream before is with `stanzas` again: it does not go on. */
  abandoned(stanzas: readonly Outgoing[]): void;
  /** The stream is of no use any more. */
  lost(): void;
  /** The peer has broken XEP-0198. */
  violation(error: HeaderFault): void;
}

export class StanzaSender {
  #local: string;
  #remote: string;
  readonly #limits: ServerLimits;
  readonly #env: SenderEnv;
  readonly #desk: BarrierDesk;
  readonly #host: SenderHost;
  #management: ManagementState = initialManagement;
  #barrier: BarrierState | undefined;
  /** Beginning of the ids of this stream's pings; '' when it has none. */
  #prefix = '';
  /** Written and not confirmed, in order; without XEP-0198 only those that want to be. */
  #open: Outgoing[] = [];
  #seq = 0;
  #wanted = 0;
  #batch = '';
  #flushing: NodeJS.Immediate | undefined;
  #timer: Timer | undefined;
  #carries = false;
  /** There is a stream under it. */
  #live = false;

  constructor(
    local: string,
    remote: string,
    limits: ServerLimits,
    env: SenderEnv,
    desk: BarrierDesk,
    host: SenderHost,
  ) {
    this.#local = local;
    this.#remote = remote;
    this.#limits = limits;
    this.#env = env;
    this.#desk = desk;
    this.#host = host;
  }

  /** Whose pings the barrier is, and who answers them; the first pair that is proved. */
  speaksFor(local: string, remote: string): void {
    if (this.#local !== '') return;
    this.#local = local;
    this.#remote = remote;
  }

  /** Stanzas may be sent. */
  get carries(): boolean {
    return this.#carries;
  }

  /** Stanzas that the peer has not confirmed. */
  get unconfirmed(): number {
    return this.#open.length;
  }

  /** UTF-16 units that wait for the end of this turn of the event loop. */
  get batched(): number {
    return this.#batch.length;
  }

  /** The stream broke and may be gone on with. */
  get resumable(): boolean {
    return this.#management.phase === 'suspended';
  }

  /** What is known of the stream for a resumption by the peer. */
  get management(): ManagementState {
    return this.#management;
  }

  /** The stream is up: begins as its client. */
  begin(offersManagement: boolean): void {
    this.#live = true;
    if (!offersManagement) return this.#useBarrier();
    this.#step({ kind: this.#management.phase === 'suspended' ? 'resume' : 'enable' });
    this.#arm();
  }

  /** The peer has not asked for XEP-0198, and stanzas are to go to it (XEP-0288). */
  beginPlain(): void {
    this.#live = true;
    if (this.#management.phase === 'off' && !this.#carries) this.#useBarrier();
  }

  /** As its server: what an earlier stream left is gone on with. */
  adopt(state: ManagementState, open: readonly Outgoing[]): void {
    this.#management = state;
    this.#open = [...open];
  }

  /** Given up to a stream that resumes this one. */
  release(): readonly Outgoing[] {
    const open = this.#open;
    this.#open = [];
    return open;
  }

  send(outgoing: Outgoing): void {
    outgoing.writes += 1;
    this.#seq += 1;
    outgoing.seq = this.#seq;
    if (this.#management.phase === 'on') {
      this.#open.push(outgoing);
      this.#step({ kind: 'sent' });
      this.#wanted = this.#seq;
    } else if (outgoing.entry !== undefined) {
      this.#open.push(outgoing);
      this.#wanted = this.#seq;
    }
    this.#batch += outgoing.text;
    if (this.#batch.length >= this.#limits.batchLength) this.flush();
    else this.#flushing ??= setImmediate(() => this.flush());
  }

  /** Writes what is batched, and asks behind it. */
  flush(): void {
    clearImmediate(this.#flushing);
    this.#flushing = undefined;
    if (!this.#carries) return;
    if (this.#management.phase === 'on') {
      if (this.#open.length > 0) this.#step({ kind: 'ask' });
    } else this.#stepBarrier({ kind: 'write', seq: this.#seq, wanted: this.#wanted });
    this.#writeBatch();
  }

  /** An element of XEP-0198 from the peer, but for its requests. */
  take(el: XmlElement, enable: { readonly id: string; readonly maxSeconds: number }): void {
    const h = readCount(el);
    switch (el.name) {
      case 'a':
        if (h === undefined) return this.#host.violation({ condition: 'bad-format', text: 'h is no count' });
        return this.#step({ kind: 'acknowledged', h });
      case 'enable': {
        const resume = el.attr('resume');
        const id = resume === 'true' || resume === '1' ? enable.id : undefined;
        return this.#step({ kind: 'peerEnable', id, maxSeconds: enable.maxSeconds });
      }
      case 'enabled': {
        const resume = el.attr('resume');
        const id = el.attr('id');
        const may = resume === 'true' || resume === '1';
        return this.#step({ kind: 'enabled', id: may && id !== '' ? id : undefined });
      }
      case 'resumed':
        if (h === undefined) return this.#host.violation({ condition: 'bad-format', text: 'h is no count' });
        return this.#step({ kind: 'resumed', h });
      case 'failed':
        return this.#step({ kind: 'failed', h });
      default:
    }
  }

  /**
   * Answers the peer's request. XEP-0198 §4: what is acknowledged is our responsibility; so it has to outlive us first.
   * `settled`: when that is so of everything taken until now; undefined: it is.
   */
  acknowledge(settled: Promise<void> | undefined): void {
    const upTo = this.#management.handled;
    const answer = (): void => this.#step({ kind: 'request', upTo });
    if (settled === undefined) answer();
    else void settled.then(answer);
  }

  /** The peer goes on with what `adopt` brought. */
  peerResumes(h: number): void {
    this.#step({ kind: 'peerResume', h });
  }

  /** A stanza of the peer was handled. */
  handled(): void {
    this.#step({ kind: 'handled' });
  }

  /** The connection is gone, or about to be. What does not go on is given back. */
  down(): void {
    this.#live = false;
    this.#carries = false;
    clearImmediate(this.#flushing);
    this.#flushing = undefined;
    this.#batch = '';
    this.#env.timers.clear(this.#timer);
    this.#endBarrier();
    this.#step({ kind: 'down' });
    if (this.#management.phase !== 'suspended') this.#giveBack();
  }

  /** It will not be gone on with: everything unconfirmed is given back. */
  forget(): void {
    this.down();
    this.#management = initialManagement;
    this.#giveBack();
  }

  #step(event: ManagementEvent): void {
    const { state, effects } = stepManagement(this.#management, event);
    this.#management = state;
    for (const effect of effects) this.#run(effect);
  }

  #run(effect: ManagementEffect): void {
    switch (effect.kind) {
      case 'write':
        // Behind the stanzas that it is about.
        this.#batch += serverFrame(effect.element, false);
        this.#flushing ??= setImmediate(() => this.#writeNow());
        break;
      case 'setTimer':
        this.#arm();
        break;
      case 'clearTimer':
        this.#env.timers.clear(this.#timer);
        break;
      case 'confirmed':
        for (const { entry } of this.#open.splice(0, effect.count))
          if (entry?.open === true) entry.confirmed();
        break;
      case 'began':
        this.#env.timers.clear(this.#timer);
        this.#carries = true;
        this.#host.ready();
        break;
      case 'unavailable':
        this.#env.timers.clear(this.#timer);
        this.#useBarrier();
        break;
      case 'rewrite':
        for (const outgoing of this.#open) {
          outgoing.writes += 1;
          this.#batch += outgoing.text;
          if (outgoing.entry?.open === true) outgoing.entry.writtenAgain();
        }
        this.flush();
        break;
      case 'abandoned':
        this.#giveBack();
        // The stream itself is good: begin anew on it.
        if (this.#live) this.begin(true);
        break;
      case 'lost':
        this.#host.lost();
        break;
      case 'tooHigh':
        // XEP-0198 §4.
        this.#host.violation({
          condition: 'undefined-condition',
          text: `You acknowledged ${effect.h} stanzas, but I only sent you ${effect.sent} so far.`,
        });
        break;
      case 'unexpected':
        break;
    }
  }

  #useBarrier(): void {
    if (this.#barrier !== undefined) return;
    this.#prefix = this.#desk.open(this.#env.random, (rest, el) => this.#returned(rest, el));
    // Nothing is asked before a stanza wants it: the answer may cost the peer a connection.
    const settled = { written: this.#seq, wanted: this.#seq, settled: this.#seq };
    this.#wanted = this.#seq;
    this.#barrier = { ...initialBarrierState, ...settled };
    this.#carries = true;
    this.#host.ready();
  }

  #endBarrier(): void {
    if (this.#barrier === undefined) return;
    this.#desk.close(this.#prefix);
    this.#prefix = '';
    this.#barrier = undefined;
  }

  #returned(rest: string, el: XmlElement): void {
    // Nobody but the peer's domain answers for it.
    if (el.attr('from') !== this.#remote) return;
    this.#stepBarrier({ kind: 'returned', counter: Number(rest) });
  }

  #stepBarrier(event: BarrierEvent): void {
    if (this.#barrier === undefined) return;
    const { state, effects } = stepBarrier(this.#barrier, event);
    this.#barrier = state;
    for (const effect of effects) {
      switch (effect.kind) {
        case 'ping':
          this.#batch += barrierPing(this.#local, this.#remote, `${this.#prefix}${effect.counter}`);
          break;
        case 'setTimer':
          this.#arm();
          break;
        case 'clearTimer':
          this.#env.timers.clear(this.#timer);
          break;
        case 'confirmed':
          while ((this.#open[0]?.seq ?? Infinity) <= effect.seq) {
            const entry = this.#open.shift()?.entry;
            if (entry?.open === true) entry.confirmed();
          }
          break;
        case 'flush':
          this.flush();
          break;
        case 'lost':
          this.#host.lost();
          break;
      }
    }
  }

  #arm(): void {
    const { timers } = this.#env;
    timers.clear(this.#timer);
    this.#timer = timers.set(this.#limits.confirmTimeoutMs, () => {
      if (!this.#env.reading) return this.#arm();
      if (this.#barrier !== undefined) this.#stepBarrier({ kind: 'timeout' });
      else if (this.#management.phase === 'on') this.#step({ kind: 'timeout' });
      else this.#host.lost();
    });
  }

  #giveBack(): void {
    const open = this.#open;
    this.#open = [];
    if (open.length > 0) this.#host.abandoned(open);
  }

  #writeNow(): void {
    this.#flushing = undefined;
    this.flush();
    this.#writeBatch();
  }

  #writeBatch(): void {
    if (this.#batch === '') return;
    const batch = this.#batch;
    this.#batch = '';
    this.#host.write(batch);
  }
}
