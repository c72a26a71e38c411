// What is kept beyond a restart: the collections of the store that the composition root hands out.

import type { Collection, Store } from '../base/index.ts';
import { LEDGER, OUTBOX, type LedgerPage, type OutboxRecord } from '../interwork/message/index.ts';
import { NOTIFIER_SUBSCRIPTIONS, type NotifierRecord } from '../sip/index.ts';

export interface Kept {
  readonly store: Store;
  readonly outbox: Collection<OutboxRecord>;
  readonly served: Collection<NotifierRecord>;
  readonly ledger: Collection<LedgerPage>;
}

export async function openKept(store: Store): Promise<Kept> {
  return {
    store,
    outbox: await store.collection(OUTBOX),
    served: await store.collection(NOTIFIER_SUBSCRIPTIONS),
    ledger: await store.collection(LEDGER),
  };
}
