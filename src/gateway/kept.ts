// What is there before the gateway is: the collections of the store that the composition root hands out, and the route script.

import type { Collection, Store } from '../base/index.ts';
import { CALLS, type CallRecord } from '../interwork/call/index.ts';
import { LEDGER, OUTBOX, type LedgerPage, type OutboxRecord } from '../interwork/message/index.ts';
import type { RouteHooks } from '../policy/index.ts';
import { NOTIFIER_SUBSCRIPTIONS, type NotifierRecord } from '../sip/index.ts';

export interface Kept {
  readonly store: Store;
  readonly outbox: Collection<OutboxRecord>;
  readonly served: Collection<NotifierRecord>;
  readonly ledger: Collection<LedgerPage>;
  readonly calls: Collection<CallRecord>;
  readonly hooks: RouteHooks | undefined;
}

export async function openKept(store: Store, hooks: RouteHooks | undefined): Promise<Kept> {
  return {
    store,
    outbox: await store.collection(OUTBOX),
    served: await store.collection(NOTIFIER_SUBSCRIPTIONS),
    ledger: await store.collection(LEDGER),
    calls: await store.collection(CALLS),
    hooks,
  };
}
