// One rtpengine: requests with their repetitions and time limit, and whether it is there. Its answers come by UDP, so that a
// request is repeated with the same cookie; rtpengine answers a repetition as it did before.

import {
  err,
  type Bytes,
  type Counters,
  type Log,
  type Random,
  type Result,
  type Timer,
  type Timers,
} from '../../base/index.ts';
import {
  formatNgRequest,
  MAX_NG_OCTETS,
  readNgAnswer,
  splitNg,
  type NgAnswer,
  type NgCommand,
  type NgKeys,
} from './ng-message.ts';
import type { NgSocket, OpenNgSocket } from './ng-socket.ts';

/** When a request is repeated, and when it is given up: milliseconds after it was sent first. */
export const NG_REPEATS_MS: readonly number[] = [200, 600, 1400];
export const NG_LIMIT_MS = 2000;
/** How often each instance is asked whether it is there. */
export const NG_PING_MS = 5000;
/** Requests that wait for an answer of one instance. */
const MAX_PENDING = 5000;
const COOKIE_CHARS = 16;

export interface NgEndpoint {
  /** Literal address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

export interface NgEnv {
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly counters: Counters;
  readonly open: OpenNgSocket;
}

/** unknown: not asked yet. */
export type NgHealth = 'unknown' | 'up' | 'down';

/** Why there is no answer. silent: none in time. unreachable: nobody listens. unreadable, busy: too much at once or too large. */
export type NgFailure = 'silent' | 'unreachable' | 'unreadable' | 'busy' | 'stopped';

interface Pending {
  readonly command: NgCommand;
  readonly datagram: Bytes;
  readonly done: (result: Result<NgAnswer, NgFailure>) => void;
  /** Times that it was repeated. */
  repeats: number;
  timer: Timer | undefined;
}

export class NgInstance {
  readonly host: string;
  readonly port: number;
  /** As an operator writes it. */
  readonly name: string;
  readonly #env: NgEnv;
  readonly #pending = new Map<string, Pending>();
  #socket: NgSocket | undefined;
  #health: NgHealth = 'unknown';
  #ping: Timer | undefined;
  #pinging = false;

  constructor({ host, port }: NgEndpoint, env: NgEnv) {
    this.host = host;
    this.port = port;
    this.name = endpointText({ host, port });
    this.#env = env;
  }

  get health(): NgHealth {
    return this.#health;
  }

  get pending(): number {
    return this.#pending.size;
  }

  /** Asks now and then whether it is there, until `stop`. */
  watch(): void {
    if (this.#pinging) return;
    this.#pinging = true;
    this.#pingNow();
  }

  /** No more questions whether it is there; what is pending goes on. */
  unwatch(): void {
    this.#pinging = false;
    this.#env.timers.clear(this.#ping);
    this.#ping = undefined;
  }

  stop(): void {
    this.unwatch();
    this.#failAll('stopped');
    this.#socket?.close();
    this.#socket = undefined;
  }

  /** One request. It is answered once, within `NG_LIMIT_MS`; the promise is never rejected. */
  request(command: NgCommand, keys: NgKeys = {}): Promise<Result<NgAnswer, NgFailure>> {
    const cookie = this.#env.random.base32(COOKIE_CHARS);
    const datagram = formatNgRequest(cookie, command, keys);
    if (datagram.length > MAX_NG_OCTETS || this.#pending.size >= MAX_PENDING) {
      this.#count(command, 'failed');
      return Promise.resolve(err('busy'));
    }
    return new Promise((done) => {
      const pending: Pending = { command, datagram, done, repeats: 0, timer: undefined };
      this.#pending.set(cookie, pending);
      this.#send(cookie, pending);
    });
  }

  #send(cookie: string, pending: Pending): void {
    this.#socket ??= this.#env.open(this.host, this.port, {
      message: (datagram) => this.#take(datagram),
      error: (error) => this.#unreachable(error),
    });
    const last = pending.repeats === 0 ? 0 : (NG_REPEATS_MS[pending.repeats - 1] ?? 0);
    const next = NG_REPEATS_MS[pending.repeats];
    pending.timer = this.#env.timers.set((next ?? NG_LIMIT_MS) - last, () => {
      if (next === undefined) return this.#finish(cookie, err('silent'));
      pending.repeats += 1;
      return this.#send(cookie, pending);
    });
    this.#socket.send(pending.datagram);
  }

  #take(datagram: Bytes): void {
    const parts = splitNg(datagram);
    // An answer that comes twice, or after the limit, has no request any more.
    if (!parts.ok || !this.#pending.has(parts.value.cookie)) return;
    const answer = readNgAnswer(parts.value.body);
    if (!answer.ok) {
      this.#env.log.warn('relay.unreadable', { instance: this.name, ...answer.error });
    }
    this.#finish(parts.value.cookie, answer.ok ? answer : err('unreadable'));
  }

  #finish(cookie: string, result: Result<NgAnswer, NgFailure>): void {
    const pending = this.#pending.get(cookie);
    if (pending === undefined) return;
    this.#pending.delete(cookie);
    this.#env.timers.clear(pending.timer);
    if (result.ok) this.#become('up');
    else if (result.error === 'silent' || result.error === 'unreachable') this.#become('down', result.error);
    this.#count(pending.command, outcomeOf(result));
    pending.done(result);
  }

  /** Which request it was about is not told: nobody is there, for none of them. */
  #unreachable(error: Error): void {
    this.#env.log.debug('relay.unreachable', { instance: this.name, error: error.message });
    this.#failAll('unreachable');
    // A socket that could not be connected is of no use; the next request opens another one.
    this.#socket?.close();
    this.#socket = undefined;
    this.#become('down', 'unreachable');
  }

  #failAll(failure: NgFailure): void {
    for (const cookie of this.#pending.keys()) this.#finish(cookie, err(failure));
  }

  #pingNow(): void {
    void this.request('ping').then(() => {
      if (this.#pinging) this.#ping = this.#env.timers.set(NG_PING_MS, () => this.#pingNow());
    });
  }

  #become(health: NgHealth, why?: NgFailure): void {
    if (health === this.#health) return;
    this.#health = health;
    if (health === 'up') this.#env.log.info('relay.up', { instance: this.name });
    else {
      this.#env.log.warn('relay.down', {
        ...{ instance: this.name, why, code: 'ERR_RTPENGINE_UNAVAILABLE' },
        remedy: 'start rtpengine there with --listen-ng, or correct media_relay.instances',
      });
    }
  }

  #count(command: NgCommand, outcome: string): void {
    this.#env.counters
      .counter('stoxgate_media_relay_requests_total', 'Requests to media relays.', { command, outcome })
      .add();
  }
}

function outcomeOf(result: Result<NgAnswer, NgFailure>): string {
  if (!result.ok) return 'failed';
  return result.value.kind === 'ok' || result.value.kind === 'pong' ? 'ok' : 'refused';
}

export function endpointText({ host, port }: NgEndpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** One request to an instance that nobody watches. */
export async function pingOnce(endpoint: NgEndpoint, env: NgEnv): Promise<NgFailure | 'refused' | undefined> {
  const instance = new NgInstance(endpoint, env);
  const answer = await instance.request('ping');
  instance.stop();
  if (!answer.ok) return answer.error;
  return answer.value.kind === 'pong' ? undefined : 'refused';
}
