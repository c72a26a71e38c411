// What goes from one domain of ours to one of theirs: waits while there is no stream, goes out in order, and comes back as
// an error when there can be none (RFC 6120 §8.3.3.16, §8.3.3.17). A domain that could not be reached is left alone for a
// while, and whoever writes to it meanwhile hears so at once.

import type { Timer } from '../../base/index.ts';
import {
  backOffMs,
  errorReply,
  mayAnswerWithError,
  stanzaError,
  type StanzaCondition,
} from '../../xmpp/index.ts';
import type { LinkUser } from './outbound-link.ts';
import type { Outgoing, OutgoingOwner } from './outgoing.ts';
import { SendRefusal } from './options.ts';
import type { ServerContext } from './server-context.ts';

/** Writes of one stanza: one that breaks each stream it is written to does so no more often. */
const MAX_WRITES = 3;

/** A stream that may carry for a route. */
export interface Carrier {
  readonly unconfirmed: number;
  /** Octets on their way out. */
  readonly queued: number;
  /** Octets of one stanza that the peer takes; undefined: it does not say. */
  readonly maxBytes: number | undefined;
  use(user: LinkUser): void;
  carriesFor(local: string): boolean;
  send(outgoing: Outgoing): void;
}

export interface RouteHost {
  /** A stream that carries for the route, or will; `single`: not together with another domain of ours. */
  carrier(local: string, remote: string, single: boolean): Carrier;
  /** There is room again after a refusal. */
  writable(local: string): void;
}

export class ServerRoute implements LinkUser, OutgoingOwner {
  readonly local: string;
  readonly remote: string;
  readonly #context: ServerContext;
  readonly #host: RouteHost;
  #waiting: Outgoing[] = [];
  #waitingBytes = 0;
  #carrier: Carrier | undefined;
  #single = false;
  #failures = 0;
  /** Until when nothing is tried, and what those hear who write meanwhile. */
  #restUntilMs = 0;
  #condition: StanzaCondition = 'remote-server-timeout';
  #retry: Timer | undefined;
  #wasFull = false;
  #bouncing: NodeJS.Immediate | undefined;

  constructor(local: string, remote: string, context: ServerContext, host: RouteHost) {
    this.local = local;
    this.remote = remote;
    this.#context = context;
    this.#host = host;
  }

  /** Stanzas that wait for a stream. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Nothing is lost when it is forgotten. */
  get idle(): boolean {
    return (
      this.#waiting.length === 0 &&
      this.#carrier === undefined &&
      this.#context.clock.now() >= this.#restUntilMs
    );
  }

  /** 0: it goes out, or its owner hears what else becomes of it; else a `SendRefusal`. */
  send(outgoing: Outgoing): number {
    const { limits } = this.#context;
    const carrier = this.#carrier;
    if (carrier?.carriesFor(this.local) === true && this.#waiting.length === 0) {
      if (carrier.queued + outgoing.text.length > limits.queueBytes) return this.#full();
      if (carrier.unconfirmed >= limits.queueStanzas) return this.#full();
      this.#write(carrier, outgoing);
      return 0;
    }
    if (this.#waiting.length >= limits.queueStanzas) return this.#full();
    if (this.#waitingBytes + outgoing.text.length > limits.queueBytes) return this.#full();
    this.#waiting.push(outgoing);
    this.#waitingBytes += outgoing.text.length;
    this.#seek();
    return 0;
  }

  ready(): void {
    const carrier = this.#carrier;
    if (carrier === undefined) return;
    this.#failures = 0;
    this.#restUntilMs = 0;
    const { limits } = this.#context;
    while (this.#waiting.length > 0) {
      if (!carrier.carriesFor(this.local)) return;
      if (carrier.queued > limits.queueBytes || carrier.unconfirmed >= limits.queueStanzas) return;
      const next = this.#waiting.shift();
      if (next === undefined) break;
      this.#waitingBytes -= next.text.length;
      if (next.entry?.open === false) continue;
      const again = next.writes > 0;
      this.#write(carrier, next);
      if (again) next.entry?.writtenAgain();
    }
    if (!this.#wasFull) return;
    this.#wasFull = false;
    this.#host.writable(this.local);
  }

  refused(): void {
    // The peer takes this domain of ours on no stream of another one: it gets a stream of its own.
    this.#carrier = undefined;
    this.#single = true;
    this.#seek();
  }

  gone(condition: StanzaCondition | undefined): void {
    this.#carrier = undefined;
    if (condition === undefined) {
      if (this.#waiting.length > 0) this.#seek();
      return;
    }
    const { clock, limits, random } = this.#context;
    const restMs = backOffMs(this.#failures, 'ordinary', random.unit(), limits.backOff);
    this.#failures += 1;
    this.#restUntilMs = clock.now() + restMs;
    this.#condition = condition;
    this.#bounce();
  }

  returned(stanzas: readonly Outgoing[]): void {
    const kept: Outgoing[] = [];
    for (const each of stanzas) {
      if (each.entry?.open === false) continue;
      if (each.writes >= MAX_WRITES) {
        if (!this.#answer(each, 'remote-server-timeout')) this.#context.report.lost(each.stanza);
        continue;
      }
      kept.push(each);
      each.entry?.parked();
    }
    this.#waiting.unshift(...kept);
    for (const { text } of kept) this.#waitingBytes += text.length;
  }

  stop(): void {
    this.#context.timers.clear(this.#retry);
    clearImmediate(this.#bouncing);
    this.#carrier = undefined;
  }

  /** Forgets what nobody waits for any more. */
  sweep(): void {
    if (this.#waiting.length === 0) return;
    this.#waiting = this.#waiting.filter(({ entry }) => entry?.open !== false);
    this.#waitingBytes = this.#waiting.reduce((sum, { text }) => sum + text.length, 0);
  }

  #seek(): void {
    if (this.#carrier !== undefined) return;
    if (this.#context.clock.now() < this.#restUntilMs) {
      // Not inside `send`: its caller has not even got its number.
      this.#bouncing ??= setImmediate(() => {
        this.#bouncing = undefined;
        if (this.#carrier === undefined) this.#bounce();
      });
      return;
    }
    this.#carrier = this.#host.carrier(this.local, this.remote, this.#single);
    this.#carrier.use(this);
  }

  #write(carrier: Carrier, outgoing: Outgoing): void {
    const { maxBytes } = carrier;
    // XEP-0478 §2.2: what exceeds the peer's limit is not sent; its sender hears it.
    if (maxBytes !== undefined && Buffer.byteLength(outgoing.text) > maxBytes) {
      if (!this.#answer(outgoing, 'policy-violation')) this.#context.report.bounced.add();
      return;
    }
    this.#context.report.sent.add();
    carrier.send(outgoing);
  }

  /** Sends back what waits; what cannot be answered and has an owner stays until the domain is there again. */
  #bounce(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (const each of waiting) {
      if (each.entry?.open === false || this.#answer(each, this.#condition)) continue;
      if (each.entry === undefined) continue;
      this.#waiting.push(each);
      this.#waitingBytes += each.text.length;
    }
    if (this.#waiting.length === 0) return;
    const { timers, clock } = this.#context;
    timers.clear(this.#retry);
    this.#retry = timers.set(Math.max(0, this.#restUntilMs - clock.now()), () => {
      this.sweep();
      if (this.#waiting.length > 0) this.#seek();
    });
  }

  /** False: nobody may be answered (RFC 6120 §8.3.1), or it is an outcome itself, which must not be lost. */
  #answer({ stanza, entry }: Outgoing, condition: StanzaCondition): boolean {
    if (!mayAnswerWithError(stanza)) return false;
    if (entry !== undefined && stanza.name === 'presence') return false;
    this.#context.report.bounced.add();
    const text = ANSWERS[condition];
    const error = stanzaError(condition, text === undefined ? {} : { text, lang: 'en' });
    this.#context.deliver(errorReply(stanza, error), this.local);
    return true;
  }

  #full(): number {
    this.#wasFull = true;
    return SendRefusal.Full;
  }
}

const ANSWERS: Readonly<Partial<Record<StanzaCondition, string>>> = {
  'remote-server-not-found': 'That domain has no XMPP server that could be found',
  'remote-server-timeout': 'The XMPP server of that domain cannot be reached',
  'policy-violation': 'The XMPP server of that domain does not take stanzas of this size',
};
