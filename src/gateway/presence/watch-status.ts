// One XMPP user who watches a SIP contact, as the operator is shown it (`stoxgate presence`).

import type { Clock, Timers } from '../../base/index.ts';
import {
  authorizationOf,
  type Authorization,
  type ResourcePresence,
  type WatcherEvent,
  type WatcherState,
} from '../../interwork/presence/index.ts';
import { NS_CLIENT, XmlElement } from '../../xml/index.ts';
import type { SubscriberStatus } from '../subscriptions/types.ts';
import { presenceWords, type PresenceWords } from './presence-words.ts';
import type { LastEnd, Watch } from './watch.ts';

/** Times that end in `Ms` are of the wall clock; undefined: there is none. */
export interface WatchStatus {
  readonly state: WatcherState;
  readonly by: WatcherEvent | 'restored';
  /** 0: it was never in another state. */
  readonly sinceMs: number;
  readonly authorization: Authorization;
  /** His SUBSCRIBE, or the question whether he is there, waits behind those of others. */
  readonly inTurn: boolean;
  /** Until when the user has to answer that he is there. */
  readonly checkMs: number | undefined;
  /** When anything was heard of the user last, and those of his resources that are there. */
  readonly heardMs: number;
  readonly online: readonly string[];
  /** His server tells this contact whether he is there. */
  readonly tells: boolean;
  readonly due: { readonly kind: 'subscribed' | 'unsubscribed'; readonly placed: boolean } | undefined;
  /** There is more to be told than a link could carry. */
  readonly unsent: boolean;
  /** Somebody has said something about the contact. */
  readonly known: boolean;
  /** What was told is of an earlier run, and nothing was heard since. */
  readonly restored: boolean;
  readonly resources: readonly ResourceStatus[];
  /** Further ones. */
  readonly more: number;
  readonly fault: string | undefined;
  readonly lastEnd: LastEnd | undefined;
  readonly subscription: SubscriberStatus | undefined;
}

export interface ResourceStatus extends Partial<PresenceWords> {
  readonly resource: string;
  /** undefined: nothing is known of it now. */
  readonly available: boolean | undefined;
  /** The user was told that it is available. */
  readonly told: boolean;
}

export interface StatusEnv {
  readonly clock: Clock;
  readonly timers: Timers;
}

/** Resources in one answer. */
export const MAX_SHOWN = 50;

export function watchStatus(watch: Watch, { clock, timers }: StatusEnv, inTurn: boolean): WatchStatus {
  const { view, due } = watch;
  const current = view.current();
  const names = new Set(current.map(({ resource }) => resource));
  const gone = [...view.told].filter((resource) => !names.has(resource));
  const resources = [
    ...current.map((each) => resourceStatus(each, view.told.has(each.resource))),
    ...gone.map((resource) => ({ resource, available: undefined, told: true })),
  ];
  const checkMs = timers.leftMs(watch.check);
  return {
    ...{ state: watch.state, by: watch.by, sinceMs: watch.sinceMs(clock) },
    authorization: authorizationOf(watch.state).authorization,
    inTurn,
    checkMs: checkMs === undefined ? undefined : clock.wall() + checkMs,
    heardMs: clock.wall() - (clock.now() - watch.seenMs),
    online: watch.online,
    tells: watch.told,
    due: due === undefined ? undefined : { kind: due.kind, placed: due.placed },
    unsent: watch.unsent,
    known: view.known,
    restored: view.restored,
    resources: resources.slice(0, MAX_SHOWN),
    more: Math.max(0, resources.length - MAX_SHOWN),
    fault: watch.fault,
    lastEnd: watch.lastEnd,
    subscription: watch.handle?.status,
  };
}

function resourceStatus({ resource, available, children }: ResourcePresence, told: boolean): ResourceStatus {
  const words = presenceWords(new XmlElement('presence', NS_CLIENT, [], children));
  return { resource, available, told, ...words };
}
