// The records of published users in the store: written when an entity-tag changes, read once at the start.

import type { PublisherRecord } from '../../interwork/presence/index.ts';
import { hashBase64Url } from '../../base/index.ts';
import type { PublishedUser } from './published-user.ts';
import type { PublisherEnv } from './publisher-env.ts';
import { storedPages } from '../stored-pages.ts';

/** A key may have 1024 octets; a JID may be longer. */
const MAX_KEY_CHARACTERS = 300;

export class PublisherRecords {
  readonly #env: Pick<PublisherEnv, 'log' | 'node' | 'records' | 'shared'>;

  constructor(env: Pick<PublisherEnv, 'log' | 'node' | 'records' | 'shared'>) {
    this.#env = env;
  }

  put(user: PublishedUser): void {
    const { records, node, log } = this.#env;
    user.stored = true;
    records.put(keyOf(node, user.jid), user.record(node), (error) => {
      if (error !== undefined) log.warn('publications.unwritten', { error });
    });
  }

  delete(user: PublishedUser): void {
    if (!user.stored) return;
    user.stored = false;
    const { records, node } = this.#env;
    records.delete(keyOf(node, user.jid));
  }

  /** Each record of this node; rejects when the store fails. */
  async read(take: (record: PublisherRecord) => void): Promise<void> {
    const { records, shared, node } = this.#env;
    for await (const page of storedPages(records, shared ? node : undefined)) {
      for (const { record } of page) take(record);
    }
  }
}

/** A user may be known at several gateways, by an address of each. */
function keyOf(node: string, jid: string): string {
  return `${node} ${jid.length <= MAX_KEY_CHARACTERS ? jid : hashBase64Url('sha256', jid)}`;
}
