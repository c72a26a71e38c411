// The way to the server of one domain: its places in order, a connection to one of them, and TLS as the client.
// Sources: RFC 6120 §3.2; XEP-0368; row S2S-01.

import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { domainToHost } from '../../mapping/index.ts';
import type { StanzaCondition } from '../../xmpp/index.ts';
import { secureClient } from '../tls/index.ts';
import type { Handshake } from './server-connection.ts';
import type { ServerContext } from './server-context.ts';
import { dial, type Dial } from './server-dial.ts';
import { addressesOf, locateServer } from './server-locate.ts';
import type { ServerPlace } from './server-options.ts';

const ALPN = ['xmpp-server'];

/** A connected socket; `secured` when TLS is done on it already. */
export interface Reached {
  readonly socket: Socket;
  readonly secured: TLSSocket | undefined;
}

export class ServerReach {
  readonly #local: string;
  readonly #remote: string;
  readonly #context: ServerContext;
  #places: ServerPlace[] = [];
  #foreign = true;
  #place: ServerPlace | undefined;
  #deadlineMs = 0;
  #dial: Dial | undefined;
  /** Some place had an address, or may have. */
  #somewhere = false;
  /** Counts attempts, so that what comes of an earlier one is passed over. */
  #attempt = 0;

  constructor(local: string, remote: string, context: ServerContext) {
    this.#local = local;
    this.#remote = remote;
    this.#context = context;
  }

  /** The place of the attempt in hand. */
  get place(): ServerPlace | undefined {
    return this.#place;
  }

  /** No place has an address that may be used: there is no such server. */
  get nowhere(): boolean {
    return !this.#somewhere;
  }

  /** Finds the places; undefined: there are some. The words are for the log. */
  async locate(): Promise<{ readonly condition: StanzaCondition; readonly text: string } | undefined> {
    this.#deadlineMs = this.#context.clock.now() + this.#context.limits.reachTimeoutMs;
    this.#somewhere = false;
    const located = await locateServer(this.#remote, this.#context.locate);
    if (!located.ok) {
      const condition = located.found === 'nothing' ? 'remote-server-not-found' : 'remote-server-timeout';
      return { condition, text: located.text };
    }
    this.#places = [...located.places];
    this.#foreign = located.foreign;
    return undefined;
  }

  /** Goes on to the next place; false: there is none, or no time for it. */
  next(): boolean {
    const place = this.#places.shift();
    if (place === undefined || this.#context.clock.now() >= this.#deadlineMs) return false;
    this.#place = place;
    return true;
  }

  /** Connects to the place; `done` is called once, unless `cancel` comes first. */
  async connect(done: (result: Reached | Error) => void): Promise<void> {
    const place = this.#place;
    const attempt = ++this.#attempt;
    if (place === undefined) return;
    const found = await addressesOf(place, this.#foreign, this.#context.locate);
    if (this.#attempt !== attempt) return;
    if (!found.ok) {
      if (found.found === 'unknown') this.#somewhere = true;
      return done(new Error(`no address: ${found.found}`));
    }
    this.#somewhere = true;
    const { target } = found;
    const { limits, timers } = this.#context;
    this.#dial = dial({ ...target, raceMs: limits.raceMs }, timers, (result) => {
      this.#dial = undefined;
      if (result instanceof Error) return done(result);
      if (target.transport === 'TCP') return done({ socket: result, secured: undefined });
      this.handshake(ALPN)(result, (secured) => {
        if (this.#attempt !== attempt || secured instanceof Error) result.destroy();
        if (this.#attempt !== attempt) return;
        done(secured instanceof Error ? secured : { socket: result, secured });
      });
    });
  }

  /** Ends the attempt in hand. */
  cancel(): void {
    this.#attempt += 1;
    this.#dial?.cancel();
    this.#dial = undefined;
  }

  /** TLS as the client (RFC 6120 §5.4.3.1, RFC 6066 §3: the name is the domain that is wanted). */
  handshake(alpn?: readonly string[]): Handshake {
    return (socket, done) => {
      const host = domainToHost(this.#remote);
      const secured = secureClient(socket, this.#context.certificates, {
        name: host.ok ? host.value : this.#remote,
        from: this.#local,
        ...(alpn === undefined ? {} : { alpn }),
      });
      let over = false;
      const finish = (result: TLSSocket | Error): void => {
        if (over) return;
        over = true;
        done(result);
      };
      secured.once('secureConnect', () => finish(secured));
      secured.on('error', finish);
      secured.once('close', () => finish(new Error('the connection ended in the TLS handshake')));
    };
  }
}
