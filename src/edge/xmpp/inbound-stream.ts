// A stream that another server opened to this one: it proves what it may, and its stanzas go to the owner. With bidi
// (XEP-0288) stanzas go back on it as well. Drives xmpp/stream/inbound-stream.ts.

import type { Timer } from '../../base/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import {
  acceptedStream,
  managementFailed,
  readCount,
  stepInbound,
  type DialbackVerdict,
  type DomainPair,
  type InboundEffect,
  type InboundEvent,
  type InboundState,
  type ManagementState,
  type ServerStreamFailure,
} from '../../xmpp/index.ts';
import { coversXmppDomain } from '../tls/index.ts';
import type { LinkUser } from './outbound-link.ts';
import { giveBack, type Outgoing } from './outgoing.ts';
import type { Handshake, ServerConnection, ServerConnectionSink } from './server-connection.ts';
import type { ServerContext } from './server-context.ts';
import { END_TAG, errorFrame, serverFrame, serverHeader } from './server-frames.ts';
import type { Carrier } from './server-route.ts';
import { StanzaSender } from './stanza-sender.ts';

/** A stream whose connection broke, as it is kept for its resumption (XEP-0198 §5). */
export interface SuspendedStream {
  readonly state: ManagementState;
  readonly open: readonly Outgoing[];
  readonly pairs: readonly DomainPair[];
}

export interface InboundHost {
  /** Ask the authoritative server about a key. */
  verify(pair: DomainPair, id: string, key: string, done: (verdict: DialbackVerdict) => void): void;
  /** The first pair is proved: it counts no more among the strangers. */
  proved(stream: InboundStream): void;
  /** Keeps what may be resumed; takes it out again. */
  suspend(stream: SuspendedStream): void;
  resume(id: string): SuspendedStream | undefined;
  ended(stream: InboundStream): void;
}

export class InboundStream implements Carrier {
  readonly #context: ServerContext;
  readonly #host: InboundHost;
  readonly #handshake: Handshake;
  readonly #connection: ServerConnection;
  readonly #sender: StanzaSender;
  readonly #users = new Map<string, LinkUser>();
  #state: InboundState;
  #octets = 0;
  #proved = false;
  #lastStanzaMs: number;
  #timer: Timer | undefined;
  #keepAlive: Timer | undefined;
  readonly #gone = Promise.withResolvers<undefined>();

  constructor(
    open: (sink: ServerConnectionSink) => ServerConnection,
    secure: boolean,
    handshake: Handshake,
    context: ServerContext,
    host: InboundHost,
  ) {
    this.#context = context;
    this.#host = host;
    this.#handshake = handshake;
    this.#state = acceptedStream(secure);
    this.#lastStanzaMs = context.clock.now();
    this.#connection = open({
      heard: (octets) => this.#heard(octets),
      streamOpen: (head) => this.#feed({ kind: 'streamOpen', head, newId: context.random.base32(26) }),
      element: (el) => this.#element(el),
      streamClosed: () => this.#feed({ kind: 'streamClosed' }),
      badXml: (error) => this.#feed({ kind: 'badXml', error }),
      secured: () => this.#feed({ kind: 'secured' }),
      tlsFailed: (text) => this.#feed({ kind: 'tlsFailed', text }),
      disconnected: (error) => this.#feed({ kind: 'disconnected', error: error?.message }),
      drained: () => this.#ready(),
    });
    this.#sender = new StanzaSender('', '', context.limits, context, context.desk, {
      write: (text) => this.#connection.write(text),
      ready: () => this.#ready(),
      abandoned: giveBack,
      lost: () => this.#feed({ kind: 'fault', reason: 'unconfirmed' }),
      violation: (error) => this.#feed({ kind: 'fault', reason: 'unconfirmed', error }),
    });
    // One time for all of it: whoever sends an octet now and then does not prolong it.
    this.#timer = context.timers.set(context.limits.negotiateTimeoutMs, () =>
      this.#feed({ kind: 'timeout' }),
    );
  }

  get remoteAddress(): string {
    return this.#connection.remoteAddress;
  }

  /** Pairs proved on it. */
  get pairs(): readonly DomainPair[] {
    return 'pairs' in this.#state ? this.#state.pairs : [];
  }

  get unconfirmed(): number {
    return this.#sender.unconfirmed;
  }

  get queued(): number {
    return this.#sender.batched + this.#connection.unsent;
  }

  /** XEP-0478 §2.1 would say it inside `<bidi/>`; no server does. */
  readonly maxBytes = undefined;

  /** Stanzas may go back on it to this pair's domain (XEP-0288 §2.2). */
  mayCarry(local: string, remote: string): boolean {
    return (
      this.#state.kind === 'open' &&
      this.#state.bidi &&
      this.#state.pairs.some(({ from, to }) => from === remote && to === local)
    );
  }

  carriesFor(local: string): boolean {
    return this.#sender.carries && this.pairs.some(({ to }) => to === local);
  }

  use(user: LinkUser): void {
    this.#users.set(user.local, user);
    // A peer that manages the stream has enabled that by now, or goes without.
    this.#sender.beginPlain();
    if (this.carriesFor(user.local)) user.ready();
  }

  send(outgoing: Outgoing): void {
    this.#lastStanzaMs = this.#context.clock.now();
    this.#sender.send(outgoing);
  }

  pauseReading(pause: boolean): void {
    if (pause) this.#connection.pause();
    else this.#connection.resume();
  }

  /** Ends the stream in order; resolves when the connection is gone. */
  async stop(): Promise<void> {
    this.#sender.flush();
    this.#feed({ kind: 'stop' });
    await this.#gone.promise;
  }

  #heard(octets: number): void {
    if (this.#proved) return;
    this.#octets += octets;
    if (this.#octets <= this.#context.limits.unprovedBytes) return;
    const error = { condition: 'policy-violation', text: 'too much before authentication' } as const;
    this.#feed({ kind: 'fault', reason: 'not-allowed', error });
  }

  #element(el: XmlElement): void {
    this.#feed({ kind: 'element', element: el });
  }

  #feed(event: InboundEvent): void {
    const before = this.#state;
    const { identity } = this.#connection;
    const { state, effects } = stepInbound(before, event, {
      policy: this.#context.policy,
      secret: this.#context.secret,
      serves: (domain) => this.#context.serves(domain),
      certified: (domain) => this.#context.policyFor(domain) === 'never',
      proves: (domain) => identity.verified && coversXmppDomain(identity.names, domain),
      limits: {
        maxBytes: this.#context.maxBytes,
        idleSeconds: Math.floor(this.#context.limits.idleMs / 1000),
      },
    });
    this.#state = state;
    for (const effect of effects) this.#run(effect, event, before);
  }

  #run(effect: InboundEffect, event: InboundEvent, before: InboundState): void {
    const { timers, limits, policy, random } = this.#context;
    const dialback = policy === 'over-tls';
    switch (effect.kind) {
      case 'deliver':
        this.#deliver(effect.stanza, effect.pair);
        break;
      case 'management':
        this.#management(effect.element);
        break;
      case 'writeHeader': {
        const id = effect.id === '' ? random.base32(26) : effect.id;
        this.#connection.write(serverHeader({ from: effect.from, to: effect.to, id, dialback }));
        break;
      }
      case 'write':
        this.#connection.write(serverFrame(effect.element, dialback));
        break;
      case 'writeError':
        this.#connection.write(errorFrame(effect.error));
        break;
      case 'writeEnd':
        this.#sender.flush();
        this.#connection.write(END_TAG);
        break;
      case 'startTls':
        // RFC 6120 §13.7.2: whom the peer wants is known before TLS; one without SNI does not say it again.
        this.#connection.secure(this.#handshake, effect.local);
        break;
      case 'restart':
        this.#connection.restart();
        break;
      case 'setTimer':
        timers.clear(this.#timer);
        this.#timer = timers.set(limits.closeTimeoutMs, () => this.#feed({ kind: 'timeout' }));
        break;
      case 'clearTimer':
        timers.clear(this.#timer);
        break;
      case 'verify':
        this.#host.verify(effect.pair, effect.id, effect.key, (verdict) =>
          this.#feed({ kind: 'verified', pair: effect.pair, verdict }),
        );
        break;
      case 'proved':
        this.#wasProved(effect.pair, effect.by);
        break;
      case 'disconnect':
        this.#connection.end();
        break;
      case 'abort':
        this.#connection.destroy();
        break;
      case 'ended':
        this.#ended(effect.failure, before);
        break;
      case 'unexpected':
        this.#context.report.unexpected(before.kind, event.kind);
        break;
    }
    // What is over carries nothing more, and what it carried is given back or kept for a resumption.
    if (before.kind !== 'closing' && this.#state.kind === 'closing' && effect.kind === 'writeEnd')
      this.#wentDown(before);
  }

  #deliver(stanza: XmlElement, pair: DomainPair): void {
    this.#lastStanzaMs = this.#context.clock.now();
    this.#context.take(stanza, pair.to);
    this.#sender.handled();
  }

  #management(el: XmlElement): void {
    if (el.name === 'resume') return this.#resume(el);
    if (el.name === 'r') return this.#sender.acknowledge(this.#context.settled());
    const id = this.#context.random.base32(26);
    this.#sender.take(el, { id, maxSeconds: this.#context.limits.resumeSeconds });
  }

  /** XEP-0198 §5: only for those who have proved the same again. */
  #resume(el: XmlElement): void {
    const h = readCount(el);
    const previd = el.attr('previd') ?? '';
    const kept = h === undefined ? undefined : this.#host.resume(previd);
    const same = kept?.pairs.every((old) =>
      this.pairs.some(({ from, to }) => from === old.from && to === old.to),
    );
    if (kept === undefined || h === undefined || same !== true) {
      if (kept !== undefined) this.#host.suspend(kept);
      this.#connection.write(serverFrame(managementFailed('item-not-found'), false));
      return;
    }
    this.#context.report.resumed.add();
    this.#sender.adopt(kept.state, kept.open);
    this.#sender.peerResumes(h);
  }

  #wasProved(pair: DomainPair, by: string): void {
    if (!this.#proved) {
      this.#proved = true;
      this.#host.proved(this);
      this.#watch();
    }
    this.#sender.speaksFor(pair.to, pair.from);
    this.#context.report.proved(pair.from, pair.to, by, this.remoteAddress);
  }

  #ready(): void {
    for (const user of this.#users.values()) if (this.carriesFor(user.local)) user.ready();
  }

  /** RFC 6120 §4.6.1, and row S2S-09. */
  #watch(): void {
    const { timers, clock, limits } = this.#context;
    this.#keepAlive = timers.set(limits.keepAliveMs, () => {
      // The peer ends its streams when it likes; here it is given twice the time.
      const idle = clock.now() - this.#lastStanzaMs >= 2 * limits.idleMs && this.#sender.unconfirmed === 0;
      if (idle) return this.#feed({ kind: 'stop', reason: 'idle' });
      this.#connection.write(' ');
      this.#watch();
    });
  }

  #wentDown(before: InboundState): void {
    const orderly = this.#state.kind === 'closing' && ENDED_FOR_GOOD.has(this.#state.failure.reason);
    this.#context.timers.clear(this.#keepAlive);
    this.#sender.down();
    const pairs = 'pairs' in before ? before.pairs : [];
    if (this.#sender.resumable && pairs.length > 0 && !orderly) {
      this.#host.suspend({ state: this.#sender.management, open: this.#sender.release(), pairs });
    } else this.#sender.forget();
    const users = [...this.#users.values()];
    this.#users.clear();
    for (const user of users) user.gone(undefined);
  }

  #ended(failure: ServerStreamFailure, before: InboundState): void {
    if (before.kind !== 'closing') this.#wentDown(before);
    this.#context.timers.clear(this.#timer);
    const peer = 'peer' in before ? before.peer : '';
    this.#context.report.inboundEnded(peer, this.remoteAddress, failure, this.#proved);
    this.#host.ended(this);
    this.#gone.resolve(undefined);
  }
}

/** After these a stream is not resumed: it ended in order, or it was ended for what it did. */
const ENDED_FOR_GOOD = new Set<ServerStreamFailure['reason']>([
  'stopped',
  'idle',
  'closed-by-peer',
  'stream-error',
  'not-allowed',
  'bad-xml',
]);
