// A component's link to its XMPP server (XEP-0114): connects, keeps alive, reconnects, and confirms what the server
// holds. It drives the pure machines of xmpp/stream; rows COMP-01 … COMP-06.
//
// Nothing is queued for a later stream: what cannot go out now is refused, so that its sender learns the truth.
// Stanzas of one turn of the event loop leave in one write, with the barrier at its end.

import { utf8Length, type Timer } from '../../base/index.ts';
import { serialize, type XmlElement } from '../../xml/index.ts';
import {
  initialComponentState,
  stepComponent,
  type ComponentEffect,
  type ComponentEvent,
  type ComponentState,
  type StreamFailure,
} from '../../xmpp/index.ts';
import { BarrierDesk } from './barrier-desk.ts';
import { Connection } from './connection.ts';
import { frameOf } from './frames.ts';
import { LinkBarrier } from './link-barrier.ts';
import { LinkOwner } from './link-owner.ts';
import { describeFailure, LinkReport } from './link-report.ts';
import {
  DEFAULT_LINK_LIMITS,
  SendRefusal,
  type ComponentLinkEnv,
  type ComponentLinkEvents,
  type ComponentLinkLimits,
  type ComponentLinkOptions,
  type SendOptions,
} from './options.ts';
import { RetryPace } from './retry-pace.ts';
import { speaksFor } from './speaks-for.ts';

export class ComponentLink {
  readonly domain: string;
  readonly host: string;
  readonly port: number;
  readonly #secret: string;
  readonly #limits: ComponentLinkLimits;
  readonly #env: ComponentLinkEnv;
  readonly #owner: LinkOwner;
  readonly #report: LinkReport;
  readonly #desk: BarrierDesk;
  readonly #barrier: LinkBarrier;
  readonly #pace: RetryPace;

  #state: ComponentState = initialComponentState;
  #sinceMs: number;
  #connection: Connection | undefined;
  #everUp = false;
  /** Its owner has been told that it is up. */
  #open = false;
  #proved = false;
  #lastEnd: string | undefined;

  /** Last number given out, and the last of those that want confirmation. */
  #seq = 0;
  #wanted = 0;
  /** What this turn of the event loop has to send. */
  #batch = '';
  #flushing: NodeJS.Immediate | undefined;
  #refusedFull = false;

  #streamTimer: Timer | undefined;
  #retryTimer: Timer | undefined;
  #drainTimer: Timer | undefined;
  #stopping = false;
  #stopped: Promise<void> | undefined;
  #whenDrained: (() => void) | undefined;
  #whenClosed: (() => void) | undefined;

  constructor(options: ComponentLinkOptions, env: ComponentLinkEnv, events: ComponentLinkEvents) {
    this.domain = options.domain;
    this.host = options.host;
    this.port = options.port;
    this.#secret = options.secret;
    this.#limits = { ...DEFAULT_LINK_LIMITS, ...options.limits };
    this.#env = env;
    this.#report = new LinkReport(options, env);
    this.#owner = new LinkOwner(events, this, this.#report);
    this.#pace = new RetryPace(this.#limits);
    this.#sinceMs = env.clock.wall();
    this.#desk = env.barriers ?? new BarrierDesk();
    this.#barrier = new LinkBarrier(this.domain, this.#limits, env, this.#desk, {
      append: (text) => {
        this.#batch += text;
      },
      flush: () => this.#flushSoon(),
      confirmed: (seq) => this.#owner.confirmed(seq),
      returned: () => this.#barrierReturned(),
      sessionManager: (name) => this.#report.sessionManager(name),
      lost: (reason) => this.#feed({ kind: 'giveUp', reason }),
      managerLost: () => this.#managerLost(),
    });
  }

  /**
   * State of the stream, in the words of its machine. Also `closed` before the next attempt, `closing` while only its
   * last confirmations are waited for, and `handshaking` while a session manager is.
   */
  get state(): ComponentState['kind'] {
    if (this.#state.kind !== 'up') return this.#state.kind;
    if (this.#stopping) return 'closing';
    return this.#open ? 'up' : 'handshaking';
  }

  /** What wants no confirmation can be sent: also while a session manager is waited for. */
  get answering(): boolean {
    return this.#state.kind === 'up' && !this.#stopping;
  }

  /** When the link entered this state, milliseconds since 1970-01-01T00:00:00Z. */
  get since(): number {
    return this.#sinceMs;
  }

  /** True once it has been up. */
  get everUp(): boolean {
    return this.#everUp;
  }

  /** True when a barrier has come back on the stream that is up: what is sent can be confirmed. */
  get proved(): boolean {
    return this.#proved;
  }

  /** How the last attempt or stream ended; undefined: none has. */
  get lastEnd(): string | undefined {
    return this.#lastEnd;
  }

  /** Octets that wait to be sent (of the batch in hand: UTF-16 units). */
  get queued(): number {
    return this.#batch.length + (this.#connection?.unsent ?? 0);
  }

  /** Begins, and keeps trying until `stop`. */
  start(): void {
    if (!this.#stopping && this.#state.kind === 'closed' && this.#retryTimer === undefined) {
      this.#feed({ kind: 'start' });
    }
  }

  /**
   * Sends what is written, waits a bounded time for open confirmations, ends the stream in order (RFC 6120 §4.4), and
   * resolves when the connection is gone. For good.
   */
  stop(): Promise<void> {
    this.#stopping = true;
    this.#stopped ??= this.#shutDown();
    return this.#stopped;
  }

  /**
   * Sends a stanza of this component. Returns its number, which only grows, also over reconnects, or a `SendRefusal`
   * (negative): then nothing was and nothing will be written. A number means "handed to the connection"; only
   * `confirmed` means that the server has it.
   */
  send(stanza: XmlElement, options?: SendOptions): number {
    if (this.#state.kind !== 'up' || this.#stopping || (!this.#open && options?.confirm === true)) {
      this.#report.refused.linkDown.add();
      return SendRefusal.NotUp;
    }
    if (!speaksFor(stanza, this.domain)) {
      this.#report.refused.wrongAddress.add();
      return SendRefusal.ForeignFrom;
    }
    const text = serialize(stanza);
    // A UTF-16 unit is at most three octets: the octets of an ordinary stanza need not be counted.
    if (text.length * 3 > this.#limits.stanzaBytes && utf8Length(text) > this.#limits.stanzaBytes) {
      this.#report.refused.tooLarge.add();
      return SendRefusal.TooLarge;
    }
    if (this.queued + text.length > this.#limits.queueBytes) {
      this.#refusedFull = true;
      this.#report.refused.queueFull.add();
      return SendRefusal.Full;
    }
    this.#seq += 1;
    if (options?.confirm === true) this.#wanted = this.#seq;
    this.#batch += text;
    this.#report.sent.add();
    if (this.#batch.length >= this.#limits.batchLength) this.#flush();
    else this.#flushSoon();
    return this.#seq;
  }

  /**
   * Stops taking stanzas, so that the server's queue fills and not ours; those of the chunk in hand still come.
   * Barriers do not come back either: nothing is confirmed until `resumeReading`. Holds over reconnects; a stream still
   * comes up.
   */
  pauseReading(): void {
    this.#barrier.reading = false;
    if (this.#state.kind === 'up') this.#connection?.pause();
  }

  resumeReading(): void {
    this.#barrier.reading = true;
    this.#connection?.resume();
  }

  #feed(event: ComponentEvent): void {
    const before = this.#state;
    const { state, effects } = stepComponent(before, event, { secret: this.#secret });
    this.#state = state;
    if (state.kind !== before.kind) this.#sinceMs = this.#env.clock.wall();
    for (const effect of effects) this.#run(effect, event, before);
  }

  #run(effect: ComponentEffect, event: ComponentEvent, before: ComponentState): void {
    switch (effect.kind) {
      case 'deliver':
        if (event.kind === 'element') this.#owner.stanza(event.element);
        break;
      case 'connect':
        this.#connect();
        break;
      case 'writeHeader':
      case 'writeHandshake':
      case 'writeError':
      case 'writeEnd':
        this.#connection?.write(frameOf(effect, this.domain));
        break;
      case 'setTimer':
        this.#env.timers.clear(this.#streamTimer);
        this.#streamTimer = this.#env.timers.set(this.#limits[`${effect.timer}TimeoutMs`], () =>
          this.#feed({ kind: 'timeout' }),
        );
        break;
      case 'clearTimer':
        this.#env.timers.clear(this.#streamTimer);
        break;
      case 'up':
        this.#wentUp();
        break;
      case 'down':
        this.#wentDown(effect.failure);
        break;
      case 'disconnect':
        this.#connection?.end();
        break;
      case 'abort':
        this.#connection?.destroy();
        break;
      case 'ended':
        this.#ended(effect.failure);
        break;
      case 'unexpected':
        this.#report.unexpected(before.kind, event.kind);
        break;
    }
  }

  #connect(): void {
    this.#connection = new Connection(this.host, this.port, this.#limits.xml, {
      connected: () => this.#feed({ kind: 'connected' }),
      heard: () => this.#barrier.heard(),
      streamOpen: (header, defaultNs) =>
        this.#feed({
          kind: 'streamOpen',
          id: header.attr('id'),
          name: header.name,
          ns: header.ns,
          defaultNs,
        }),
      element: (el) => this.#element(el),
      streamClosed: () => this.#feed({ kind: 'streamClosed' }),
      badXml: (error) => this.#feed({ kind: 'badXml', condition: error.condition, text: error.message }),
      disconnected: (error) => this.#feed({ kind: 'disconnected', error: error?.message }),
      drained: () => this.#drained(),
    });
  }

  #element(el: XmlElement): void {
    if (this.#desk.takes(el)) return;
    if (el.name === 'iq' && this.#state.kind === 'up') this.#barrier.observe(el);
    this.#feed({ kind: 'element', element: el });
  }

  #wentUp(): void {
    this.#everUp = true;
    this.#pace.up(this.#env.clock.now());
    this.#proved = false;
    if (!this.#barrier.reading) this.#connection?.pause();
    this.#barrier.up(this.#seq);
    if (!this.#barrier.waitsForManager) this.#opened();
    this.#flush();
  }

  #opened(): void {
    this.#open = true;
    this.#sinceMs = this.#env.clock.wall();
    this.#report.up();
    this.#owner.up();
  }

  /** The stream stays; for its owner it is another, on which what was not confirmed is to be written again. */
  #managerLost(): void {
    this.#writeBatch();
    this.#report.sessionManagerAway();
    this.#barrier.anew(this.#seq);
    this.#closed('session-manager');
    if (!this.#barrier.waitsForManager) this.#opened();
    this.#flushSoon();
  }

  /** Nothing that is open will be confirmed. */
  #closed(reason: string): void {
    this.#proved = false;
    this.#whenDrained?.();
    if (!this.#open) return;
    this.#open = false;
    this.#sinceMs = this.#env.clock.wall();
    this.#owner.down(reason);
  }

  #wentDown(failure: StreamFailure): void {
    this.#pace.down(this.#env.clock.now());
    this.#barrier.down();
    // To read the peer's end tag; a stream that is not up is never paused.
    this.#connection?.resume();
    // Never written, so surely not with the server: its owner hears "down" and no confirmation.
    this.#batch = '';
    this.#refusedFull = false;
    this.#closed(describeFailure(failure));
  }

  #ended(failure: StreamFailure): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#lastEnd = describeFailure(failure);
    let retryMs: number | undefined;
    if (!this.#stopping) {
      retryMs = this.#pace.next(failure, this.#everUp, this.#env.random.unit());
      this.#retryTimer = this.#env.timers.set(retryMs, () => {
        this.#retryTimer = undefined;
        this.#feed({ kind: 'start' });
      });
    }
    this.#report.ended(failure, retryMs);
    this.#owner.ended(describeFailure(failure));
    void Promise.resolve(connection?.closed).then(this.#whenClosed);
  }

  /** An immediate, not a tick: it runs after all datagrams and segments of this poll, a tick after each of them. */
  #flushSoon(): void {
    this.#flushing ??= setImmediate(() => this.#flush());
  }

  #flush(): void {
    clearImmediate(this.#flushing);
    this.#flushing = undefined;
    if (this.#state.kind !== 'up') return;
    // Also with nothing to write: what was written behind the last barrier may be waiting for one of its own.
    this.#barrier.write(this.#seq, this.#wanted);
    this.#writeBatch();
  }

  #writeBatch(): void {
    if (this.#batch === '') return;
    this.#connection?.write(this.#batch);
    this.#batch = '';
  }

  #drained(): void {
    if (!this.#refusedFull) return;
    this.#refusedFull = false;
    this.#owner.writable();
  }

  #barrierReturned(): void {
    this.#report.barriers.add();
    if (!this.#proved) {
      if (!this.#open) this.#opened();
      this.#proved = true;
      this.#owner.proved();
    }
    if (!this.#barrier.awaits) this.#whenDrained?.();
  }

  async #shutDown(): Promise<void> {
    this.#env.timers.clear(this.#retryTimer);
    this.#flush();
    if (this.#state.kind === 'up' && this.#barrier.awaits) {
      await new Promise<void>((resolve) => {
        this.#whenDrained = resolve;
        this.#drainTimer = this.#env.timers.set(this.#limits.drainTimeoutMs, resolve);
      });
      this.#env.timers.clear(this.#drainTimer);
      this.#whenDrained = undefined;
    }
    if (this.#state.kind === 'closed') return;
    await new Promise<void>((resolve) => {
      this.#whenClosed = resolve;
      this.#feed({ kind: 'stop' });
    });
  }
}
