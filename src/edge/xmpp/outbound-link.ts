// The stream that this server opens to another, from one domain of ours to one of theirs: finds the place, connects,
// negotiates, sends, and, where XEP-0198 allows it, goes on after the connection broke. Drives xmpp/stream/outbound-stream.ts.

import type { Timer } from '../../base/index.ts';
import {
  initialOutbound,
  stepOutbound,
  type DialbackVerdict,
  type HeaderFault,
  type OutboundEffect,
  type OutboundEvent,
  type OutboundState,
  type ServerStreamFailure,
  type StanzaCondition,
} from '../../xmpp/index.ts';
import { coversXmppDomain, type PeerIdentity } from '../tls/index.ts';
import { giveBack, type Outgoing } from './outgoing.ts';
import { ServerConnection } from './server-connection.ts';
import { END_TAG, errorFrame, serverFrame, serverHeader } from './server-frames.ts';
import type { ServerContext } from './server-context.ts';
import { ServerReach, type Reached } from './server-reach.ts';
import { StanzaSender } from './stanza-sender.ts';

/** A route that sends on it. */
export interface LinkUser {
  readonly local: string;
  /** Its stanzas may be sent. */
  ready(): void;
  /** Its domain may not be sent for on this stream, which goes on without it. */
  refused(condition: StanzaCondition): void;
  /** The stream is gone; `condition` when it could not be made. */
  gone(condition: StanzaCondition | undefined): void;
}

type Verdict = (verdict: DialbackVerdict) => void;

/** Ends before the stream was up after which the next place is tried (RFC 6120 §3.2.1; RFC 2782). */
const NEXT_PLACE = new Set<ServerStreamFailure['reason']>([
  'connect-failed',
  'connect-timeout',
  'tls',
  'certificate',
  'negotiation-timeout',
  'connection-lost',
  'closed-by-peer',
]);

export class OutboundLink {
  readonly local: string;
  readonly remote: string;
  readonly #context: ServerContext;
  readonly #sender: StanzaSender;
  readonly #way: ServerReach;
  readonly #users = new Map<string, LinkUser>();
  readonly #questions = new Map<
    string,
    { readonly id: string; readonly key: string; readonly done: Verdict }
  >();
  #state: OutboundState = initialOutbound;
  #carries: boolean;
  #connection: ServerConnection | undefined;
  /** An attempt to reach the peer is under way, whatever the machine does. */
  #reaching = false;
  #stopping = false;
  #ended = false;
  #lastStanzaMs: number;
  #timer: Timer | undefined;
  #keepAlive: Timer | undefined;
  #whenQuiet: (() => void) | undefined;
  readonly #gone = Promise.withResolvers<undefined>();

  constructor(local: string, remote: string, carries: boolean, context: ServerContext) {
    this.local = local;
    this.remote = remote;
    this.#carries = carries;
    this.#context = context;
    this.#way = new ServerReach(local, remote, context);
    this.#lastStanzaMs = context.clock.now();
    this.#sender = new StanzaSender(local, remote, context.limits, context, context.desk, {
      write: (text) => this.#connection?.write(text),
      ready: () => this.#ready(),
      abandoned: giveBack,
      lost: () => this.#feed({ kind: 'fault', reason: 'unconfirmed', error: NO_ANSWER }),
      violation: (error) => this.#feed({ kind: 'fault', reason: 'unconfirmed', error }),
    });
  }

  /** The state of the stream, in the words of its machine; `locating` while the peer is looked for. */
  get state(): string {
    return this.#state.kind === 'closed' && this.#reaching ? 'locating' : this.#state.kind;
  }

  get unconfirmed(): number {
    return this.#sender.unconfirmed;
  }

  /** Octets on their way out. */
  get queued(): number {
    return this.#sender.batched + (this.#connection?.unsent ?? 0);
  }

  /** Octets of one stanza that the peer takes (XEP-0478); undefined: it does not say. */
  get maxBytes(): number | undefined {
    return this.#state.kind === 'up' ? this.#state.offers.maxBytes : undefined;
  }

  /** Another domain of ours may be asked for on it (XEP-0220 §2.5). */
  get mayAdd(): boolean {
    const isAllowed = this.#context.policyFor(this.remote) === 'over-tls';
    return isAllowed && this.#state.kind === 'up' && this.#state.offers.dialback;
  }

  /** A route will send on it; it hears `ready` later, or at once when the stream is up. */
  use(user: LinkUser): void {
    this.#users.set(user.local, user);
    if (user.local !== this.local) {
      if (this.carriesFor(user.local)) user.ready();
      else this.#feed({ kind: 'add', local: user.local });
      return;
    }
    this.#carries = true;
    if (this.carriesFor(user.local)) user.ready();
    else if (this.#state.kind !== 'closed') this.#feed({ kind: 'carry' });
    this.#reach();
  }

  carriesFor(local: string): boolean {
    return this.#state.kind === 'up' && this.#sender.carries && this.#state.pairs.includes(local);
  }

  send(outgoing: Outgoing): void {
    this.#lastStanzaMs = this.#context.clock.now();
    this.#sender.send(outgoing);
  }

  /** Asks the peer about a key that came in its name, for the stream `id` (XEP-0220 §2.2). */
  verify(id: string, key: string, done: Verdict): void {
    const known = this.#questions.get(id);
    if (known !== undefined) return done({ kind: 'error', condition: 'not-acceptable' });
    this.#lastStanzaMs = this.#context.clock.now();
    this.#questions.set(id, { id, key, done });
    if (this.#verifiable) this.#feed({ kind: 'verify', local: this.local, id, key });
    this.#reach();
  }

  /** Waits a bounded time for open acknowledgements, and ends the stream in order. For good. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#sender.flush();
    if (this.#state.kind === 'up' && this.#sender.unconfirmed > 0) {
      await new Promise<void>((resolve) => {
        this.#whenQuiet = resolve;
        const until = this.#context.clock.now() + this.#context.limits.drainTimeoutMs;
        const look = (): void => {
          if (this.#sender.unconfirmed === 0 || this.#context.clock.now() >= until) resolve();
          else if (this.#whenQuiet !== undefined) this.#context.timers.set(50, look);
        };
        look();
      });
    }
    if (this.#state.kind === 'closed') this.#fail(undefined);
    else this.#feed({ kind: 'stop' });
    await this.#gone.promise;
  }

  get #verifiable(): boolean {
    const { kind } = this.#state;
    return kind === 'verifying' || kind === 'dialling' || kind === 'up';
  }

  #reach(): void {
    if (this.#reaching || this.#ended || this.#stopping || this.#state.kind !== 'closed') return;
    this.#reaching = true;
    void this.#locate();
  }

  async #locate(): Promise<void> {
    const fault = await this.#way.locate();
    if (this.#ended || this.#stopping) return this.#fail('remote-server-timeout');
    if (fault === undefined) return this.#nextPlace(undefined);
    this.#context.report.unreachable(this, fault.text);
    this.#fail(fault.condition);
  }

  /** `last`: what became of the place before. */
  #nextPlace(last: StanzaCondition | undefined): void {
    if (this.#way.next()) this.#feed({ kind: 'start', carries: this.#carries });
    else this.#fail(last ?? 'remote-server-not-found');
  }

  #connected({ socket, secured }: Reached): void {
    const connection = new ServerConnection(socket, secured, this.#context.limits.xml, {
      heard: () => {},
      streamOpen: (head) => this.#feed({ kind: 'streamOpen', head }),
      element: (el) => this.#feed({ kind: 'element', element: el }),
      streamClosed: () => this.#feed({ kind: 'streamClosed' }),
      badXml: (error) => this.#feed({ kind: 'badXml', error }),
      secured: (identity) => this.#feed({ kind: 'secured', certificate: this.#proves(identity) }),
      tlsFailed: (text) => this.#feed({ kind: 'tlsFailed', text }),
      disconnected: (error) => this.#feed({ kind: 'disconnected', error: error?.message }),
      drained: () => this.#drained(),
    });
    this.#connection = connection;
    const secure = secured !== undefined;
    this.#feed({ kind: 'connected', secure, certificate: secure && this.#proves(connection.identity) });
  }

  #proves(identity: PeerIdentity): boolean {
    const proved = identity.verified && coversXmppDomain(identity.names, this.remote);
    if (!proved) this.#context.report.unproved(this, identity);
    return proved;
  }

  #feed(event: OutboundEvent): void {
    const before = this.#state;
    const { state, effects } = stepOutbound(before, event, {
      local: this.local,
      remote: this.remote,
      policy: this.#context.policyFor(this.remote),
      ownCertificate: true,
      secret: this.#context.secret,
      serves: (domain) => this.#context.serves(domain),
    });
    this.#state = state;
    for (const effect of effects) this.#run(effect, event, before);
  }

  #run(effect: OutboundEffect, event: OutboundEvent, before: OutboundState): void {
    const { limits, timers } = this.#context;
    const dialback = this.#context.policyFor(this.remote) === 'over-tls';
    switch (effect.kind) {
      case 'connect':
        void this.#way.connect((result) => {
          if (result instanceof Error) this.#feed({ kind: 'disconnected', error: result.message });
          else this.#connected(result);
        });
        break;
      case 'writeHeader':
        this.#connection?.write(serverHeader({ from: this.local, to: this.remote, dialback }));
        break;
      case 'write':
        this.#connection?.write(serverFrame(effect.element, dialback));
        break;
      case 'writeError':
        this.#connection?.write(errorFrame(effect.error));
        break;
      case 'writeEnd':
        this.#connection?.write(END_TAG);
        break;
      case 'startTls':
        this.#connection?.secure(this.#way.handshake());
        break;
      case 'restart':
        this.#connection?.restart();
        break;
      case 'setTimer':
        timers.clear(this.#timer);
        this.#timer = timers.set(limits[`${effect.timer}TimeoutMs`], () => this.#feed({ kind: 'timeout' }));
        break;
      case 'clearTimer':
        timers.clear(this.#timer);
        break;
      case 'verifiable':
        this.#ask();
        this.#watch();
        break;
      case 'up':
        this.#up();
        break;
      case 'pairProved':
        if (this.#sender.carries) this.#users.get(effect.local)?.ready();
        break;
      case 'pairRefused': {
        const user = this.#users.get(effect.local);
        this.#users.delete(effect.local);
        user?.refused(effect.condition);
        break;
      }
      case 'verdict': {
        const question = this.#questions.get(effect.id);
        this.#questions.delete(effect.id);
        question?.done(effect.verdict);
        break;
      }
      case 'management':
        if (effect.element.name === 'r') this.#sender.acknowledge(this.#context.settled());
        else this.#sender.take(effect.element, { id: '', maxSeconds: 0 });
        break;
      case 'deliver':
        this.#lastStanzaMs = this.#context.clock.now();
        this.#context.take(effect.stanza, effect.pair.to);
        this.#sender.handled();
        break;
      case 'down':
        this.#context.report.down(this, effect.failure);
        this.#sender.down();
        break;
      case 'disconnect':
        this.#connection?.end();
        break;
      case 'abort':
        this.#way.cancel();
        this.#connection?.destroy();
        break;
      case 'ended':
        this.#streamEnded(effect.failure);
        break;
      case 'unexpected':
        this.#context.report.unexpected(before.kind, event.kind);
        break;
    }
  }

  #up(): void {
    this.#reaching = false;
    this.#context.report.up(this);
    this.#ask();
    this.#watch();
    this.#sender.begin(this.#state.kind === 'up' && this.#state.offers.management);
  }

  /** The sender can send: so can all routes whose domain is proved. */
  #ready(): void {
    for (const user of this.#users.values()) {
      if (this.carriesFor(user.local)) user.ready();
      else if (user.local !== this.local) this.#feed({ kind: 'add', local: user.local });
    }
  }

  #ask(): void {
    for (const { id, key } of this.#questions.values())
      this.#feed({ kind: 'verify', local: this.local, id, key });
  }

  #drained(): void {
    for (const user of this.#users.values()) if (this.carriesFor(user.local)) user.ready();
  }

  /** RFC 6120 §4.6.1: a space keeps routers and the peer awake; what is idle for long is ended (row S2S-09). */
  #watch(): void {
    const { timers, clock, limits } = this.#context;
    timers.clear(this.#keepAlive);
    const peerMs = this.#state.kind === 'up' ? (this.#state.offers.idleSeconds ?? Infinity) * 500 : Infinity;
    this.#keepAlive = timers.set(Math.min(limits.keepAliveMs, peerMs), () => {
      // One that was only to be asked is soon let go.
      const patienceMs = this.#state.kind === 'verifying' ? limits.keepAliveMs : limits.idleMs;
      const idle = clock.now() - this.#lastStanzaMs >= patienceMs && this.#sender.unconfirmed === 0;
      if (idle) return this.#feed({ kind: 'stop', reason: 'idle' });
      this.#connection?.write(' ');
      this.#watch();
    });
  }

  #streamEnded(failure: ServerStreamFailure): void {
    this.#context.timers.clear(this.#keepAlive);
    this.#connection = undefined;
    this.#way.cancel();
    if (this.#stopping) return this.#fail(undefined);
    if (failure.during === 'up') {
      // XEP-0198 §5: the stream goes on over another connection.
      if (this.#sender.resumable && failure.reason !== 'idle') return this.#reach();
      // Where nothing is acknowledged, writing it all again would only make copies.
      return this.#fail(failure.reason === 'unconfirmed' ? 'remote-server-timeout' : undefined);
    }
    if (failure.reason === 'idle') return this.#fail(undefined);
    this.#context.report.failed(this, failure, this.#way.place);
    const condition = this.#way.nowhere ? 'remote-server-not-found' : conditionOf(failure);
    if (NEXT_PLACE.has(failure.reason)) this.#nextPlace(condition);
    else this.#fail(condition);
  }

  /** The end of the link, with everything on it. */
  #fail(condition: StanzaCondition | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#reaching = false;
    this.#whenQuiet?.();
    this.#context.timers.clear(this.#timer);
    this.#context.timers.clear(this.#keepAlive);
    this.#context.linkEnded(this);
    this.#sender.forget();
    for (const { done } of this.#questions.values()) {
      done({ kind: 'error', condition: condition ?? 'remote-server-timeout' });
    }
    this.#questions.clear();
    const users = [...this.#users.values()];
    this.#users.clear();
    for (const user of users) user.gone(condition);
    this.#gone.resolve(undefined);
  }
}

const NO_ANSWER: HeaderFault = { condition: 'connection-timeout', text: 'nothing is acknowledged' };

/** RFC 6120 §8.3.3.16, §8.3.3.17, §4.9.3.5, §4.9.3.6. */
function conditionOf({ condition, reason }: ServerStreamFailure): StanzaCondition {
  const gone = condition === 'host-unknown' || condition === 'host-gone';
  return reason === 'stream-error' && gone ? 'remote-server-not-found' : 'remote-server-timeout';
}
