// The open connections of one carrier: their ids, the clock by which they end, and how all of them end.

import type { Bytes, Timer } from '../../base/index.ts';
import type { LocalEndpoint } from '../../sip/index.ts';
import type { CarrierEnv, Failed } from './carrier.ts';

/** A connection of any kind, as a carrier sees it. */
export interface Connection {
  readonly id: number;
  readonly inbound: boolean;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly local: LocalEndpoint;
  /** True while messages may be written. */
  readonly writable: boolean;
  write(message: Bytes, failed: Failed | undefined): void;
  /** Ends it when one of its times is over. Called about once a second. */
  check(nowMs: number): void;
  /** No more messages come or go; what was written still leaves, if the peer reads it. */
  end(): void;
  /** At once; what waits is failed. */
  close(error: Error | undefined): void;
}

/** How often the times of connections are looked at, in milliseconds. */
const CHECK_MS = 1000;
/** What `stop` gives peers to read what was written, in milliseconds. */
const STOP_MS = 500;

/** Numbers of connections, one sequence for all carriers of an edge. */
export type NextId = () => number;

export function counter(): NextId {
  let last = 0;
  return () => {
    last += 1;
    return last;
  };
}

export class ConnectionTable<C extends Connection> {
  readonly #env: CarrierEnv;
  readonly #nextId: NextId;
  readonly #connections = new Map<number, C>();
  #checkTimer: Timer | undefined;
  #whenEmpty: (() => void) | undefined;

  constructor(env: CarrierEnv, nextId: NextId = counter()) {
    this.#env = env;
    this.#nextId = nextId;
  }

  nextId(): number {
    return this.#nextId();
  }

  get size(): number {
    return this.#connections.size;
  }

  get(id: number | undefined): C | undefined {
    return id === undefined ? undefined : this.#connections.get(id);
  }

  add(connection: C): void {
    this.#connections.set(connection.id, connection);
    if (this.#checkTimer === undefined) this.#scheduleCheck();
  }

  /** False when it was not there any more. */
  delete(connection: C): boolean {
    if (!this.#connections.delete(connection.id)) return false;
    if (this.#connections.size > 0) return true;
    this.#env.timers.clear(this.#checkTimer);
    this.#checkTimer = undefined;
    this.#whenEmpty?.();
    return true;
  }

  /** Ends all; resolves when the last is closed. */
  async closeAll(): Promise<void> {
    if (this.#connections.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#whenEmpty = resolve;
    for (const connection of this.#connections.values()) connection.end();
    const timer = setTimeout(() => {
      for (const connection of this.#connections.values()) connection.close(undefined);
    }, STOP_MS);
    await promise;
    clearTimeout(timer);
    this.#whenEmpty = undefined;
  }

  // One timer for all connections: their times are long, and a second more or less does not matter.
  #scheduleCheck(): void {
    this.#checkTimer = this.#env.timers.set(CHECK_MS, () => {
      this.#checkTimer = undefined;
      const now = this.#env.clock.now();
      for (const connection of this.#connections.values()) connection.check(now);
      if (this.#connections.size > 0) this.#scheduleCheck();
    });
  }
}
