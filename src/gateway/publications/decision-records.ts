// The records of decisions that are on their way: written when one is made, removed when its server has it, read at the start.

import { hashBase64Url, type Collection, type Log } from '../../base/index.ts';
import type { DecisionRecord, WatcherDecision } from '../../interwork/presence/index.ts';
import { storedPages } from '../stored-pages.ts';

export interface DecisionRecordsEnv {
  readonly log: Log;
  readonly node: string;
  readonly records: Collection<DecisionRecord>;
  /** Other gateways write there too. */
  readonly shared: boolean;
}

export class DecisionRecords {
  readonly #env: DecisionRecordsEnv;

  constructor(env: DecisionRecordsEnv) {
    this.#env = env;
  }

  put(user: string, watcher: string, decision: WatcherDecision): void {
    const { records, node, log } = this.#env;
    records.put(this.#key(user, watcher), { node, user, watcher, decision }, (error) => {
      // It goes on; only a restart would lose it.
      if (error !== undefined) log.warn('presence.decision.unwritten', { error: error.message });
    });
  }

  delete(user: string, watcher: string): void {
    this.#env.records.delete(this.#key(user, watcher));
  }

  /** Each record of this node; rejects when the store fails. */
  async read(take: (record: DecisionRecord) => void): Promise<void> {
    const { records, shared, node } = this.#env;
    for await (const page of storedPages(records, shared ? node : undefined)) {
      for (const { record } of page) take(record);
    }
  }

  /** Of any length that addresses may have, a key has not. */
  #key(user: string, watcher: string): string {
    return `${this.#env.node} ${hashBase64Url('sha256', `${user} ${watcher}`)}`;
  }
}
