// The records of watchers in the store: written at each change, read once at the start.

import type { Collection, Log } from '../../base/index.ts';
import { authorizationOf, type WatcherRecord } from '../../interwork/presence/index.ts';
import { keyOfDialog, type KeptSubscription } from '../../sip/index.ts';
import type { Watch } from './watch.ts';
import { storedPages } from '../stored-pages.ts';

export interface WatchRecordsEnv {
  readonly log: Log;
  readonly node: string;
  readonly records: Collection<WatcherRecord>;
  /** Other gateways write there too: only what is of this node is its own. */
  readonly shared: boolean;
}

export class WatchRecords {
  readonly #env: WatchRecordsEnv;

  constructor(env: WatchRecordsEnv) {
    this.#env = env;
  }

  put(watch: Watch): void {
    const { user, contact } = watch.addresses;
    const { node, records, log } = this.#env;
    watch.stored = true;
    const record: WatcherRecord = {
      node,
      user,
      contact,
      ...authorizationOf(watch.state),
      ...(watch.due === undefined ? {} : { due: watch.due.kind }),
      resources: [...watch.view.told],
      ...(watch.unsent ? { untold: true } : {}),
      subscriptions: watch.handle?.kept ?? [],
    };
    records.put(watch.key, record, (error) => {
      if (error !== undefined) log.warn('watchers.unwritten', { error });
    });
  }

  delete(watch: Watch): void {
    if (!watch.stored) return;
    watch.stored = false;
    this.#env.records.delete(watch.key);
  }

  /** Each record of this node; rejects when the store fails. */
  async read(take: (key: string, record: WatcherRecord) => void): Promise<void> {
    const { records, shared, node } = this.#env;
    for await (const page of storedPages(records, shared ? node : undefined)) {
      for (const { key, record } of page) take(key, record);
    }
  }
}

/** What has less time left at a restart is subscribed anew instead. */
const MIN_LEFT_MS = 60_000;

/** What of a record can go on: its subscriptions, the keys of those that are active, and the best of their states. */
export function usableOf(
  { subscriptions }: WatcherRecord,
  wallMs: number,
): { kept: readonly KeptSubscription[]; keys: readonly string[]; best: 'active' | 'pending' } {
  const kept = subscriptions.filter(({ expiresMs }) => expiresMs - wallMs > MIN_LEFT_MS);
  const active = kept.filter(({ state }) => state === 'active');
  return {
    kept,
    keys: active.map(({ dialog }) => keyOfDialog(dialog)),
    best: active.length > 0 ? 'active' : 'pending',
  };
}
