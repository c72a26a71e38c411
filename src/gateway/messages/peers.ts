// Which SIP users read message/cpim with requests for reports, and which do not (RCPT-01; `messages.reports`): learned
// from what they send and answer, never asked for, since no one request could tell it of all devices of a user.

import { BoundedMap, type Clock, type Collection, type Log } from '../../base/index.ts';
import type { PeerRecord } from '../../interwork/message/index.ts';
import type { Live } from '../live.ts';

const MAX_PEERS = 50_000;
/** Of what is stored; more than fit into memory may come back. */
const MAX_STORED = 200_000;
/** Devices are exchanged and updated: what was learned does not hold for ever. */
const REMEMBER_MS = 30 * 86_400_000;
/** Said again to the store when so much of its time is over, not for every message. */
const RENEW_MS = 86_400_000;
const SWEEP_LIMIT = 1000;

export interface PeersEnv {
  readonly clock: Clock;
  readonly log: Log;
  readonly live: Live;
}

export class Peers {
  readonly #env: PeersEnv;
  readonly #known: BoundedMap<string, PeerRecord>;
  #store: Collection<PeerRecord> | undefined;

  constructor(env: PeersEnv) {
    this.#env = env;
    this.#known = new BoundedMap({ maxEntries: MAX_PEERS });
  }

  get size(): number {
    return this.#known.size;
  }

  /** Takes what an earlier process has learned, and writes what is learned from now on. */
  async attach(store: Collection<PeerRecord>): Promise<void> {
    const { clock } = this.#env;
    const wall = clock.wall();
    for (const { key, record } of await store.scan({ limit: MAX_PEERS })) {
      const left = record.expiresMs - wall;
      if (left > 0) this.#known.set(key, record, clock.now(), left);
    }
    this.#store = store;
  }

  /** Whether this user (bare JID) may be asked for reports, by `messages.reports`. */
  mayAsk(user: string): boolean {
    const mode = this.#env.live.messages.reports;
    if (mode === 'never') return false;
    const cpim = this.#known.get(user, this.#env.clock.now())?.cpim;
    return mode === 'always' ? cpim !== 'refused' : cpim === 'understood';
  }

  /** He has sent a request for reports, or a report. */
  understands(user: string): void {
    this.#learn(user, 'understood');
  }

  /** He, or one of his devices, answered message/cpim with a refusal of its type. */
  refuses(user: string): void {
    this.#learn(user, 'refused');
  }

  /** Gives up what is too old, in memory and in the store. */
  sweep(): void {
    this.#known.sweep(this.#env.clock.now());
    const store = this.#store;
    if (store === undefined) return;
    const failed = (error: unknown): void => this.#env.log.warn('peers.sweep-failed', { error });
    store.takeExpired(this.#env.clock.wall(), SWEEP_LIMIT).catch(failed);
    store.trim(MAX_STORED).catch(failed);
  }

  #learn(user: string, cpim: PeerRecord['cpim']): void {
    const { clock } = this.#env;
    const expiresMs = clock.wall() + REMEMBER_MS;
    const known = this.#known.get(user, clock.now());
    if (known?.cpim === cpim && expiresMs - known.expiresMs < RENEW_MS) return;
    const record = { cpim, expiresMs };
    this.#known.set(user, record, clock.now(), REMEMBER_MS);
    this.#store?.put(user, record, (error) => {
      if (error !== undefined) this.#env.log.warn('peers.unwritten', { error });
    });
  }
}
