// What is kept of a watcher beyond a restart: the authorization, what the user was shown, what he still has to be told, and
// the dialogs of the subscription, so that a start goes on with them instead of asking 200,000 contacts anew.

import { hashBase64Url, type CollectionSpec } from '../../base/index.ts';
import { isKeptSubscription, type KeptSubscription } from '../../sip/index.ts';
import type { WatcherState } from './machine-watcher.ts';

/** `asked`: `subscribe` has no outcome yet; `over`: nothing is left but what is `due`. */
export type Authorization = 'asked' | 'authorized' | 'closing' | 'over';

/** Version 1. */
export interface WatcherRecord {
  /** `node` of the gateway that has it. */
  readonly node: string;
  /** Bare JIDs. */
  readonly user: string;
  readonly contact: string;
  readonly authorization: Authorization;
  /** False: the user is away, and nothing is subscribed until he comes. */
  readonly wanted: boolean;
  /** What no XMPP server has confirmed yet. */
  readonly due?: 'subscribed' | 'unsubscribed';
  /** Resources of the contact that the user was told of as available. */
  readonly resources: readonly string[];
  /** More was known of the contact than the user could be told. */
  readonly untold?: boolean;
  readonly subscriptions: readonly KeptSubscription[];
}

export const WATCHERS: CollectionSpec<WatcherRecord> = {
  name: 'watchers',
  version: 1,
  indexes: { node: (record) => record.node },
  encode: (record) => JSON.stringify(record),
  decode(version, text) {
    if (version !== 1) throw new RangeError(`a record of a watcher of version ${version}`);
    const stored: unknown = JSON.parse(text);
    if (!isRecord(stored)) throw new TypeError('a record of a watcher that is none');
    return stored;
  },
};

/** A key may have 1024 octets; two JIDs may be longer. A JID holds no space (RFC 7622 §3.3, §3.2). */
const MAX_KEY_CHARACTERS = 300;

export function watcherKey(user: string, contact: string): string {
  const key = `${user} ${contact}`;
  return key.length <= MAX_KEY_CHARACTERS ? key : hashBase64Url('sha256', key);
}

/** What of a state outlives the process. */
export function authorizationOf(state: WatcherState): Pick<WatcherRecord, 'authorization' | 'wanted'> {
  return AUTHORIZATIONS[state];
}

const AUTHORIZATIONS: Record<WatcherState, Pick<WatcherRecord, 'authorization' | 'wanted'>> = {
  none: { authorization: 'over', wanted: false },
  fetching: { authorization: 'over', wanted: false },
  subscribing: { authorization: 'asked', wanted: true },
  neutral: { authorization: 'asked', wanted: true },
  pending: { authorization: 'asked', wanted: true },
  active: { authorization: 'authorized', wanted: true },
  checking: { authorization: 'authorized', wanted: true },
  resubscribing: { authorization: 'authorized', wanted: true },
  asked: { authorization: 'asked', wanted: false },
  authorized: { authorization: 'authorized', wanted: false },
  // Asked for once more after a restart: the contact's state, which never changes, is not in the record.
  settled: { authorization: 'authorized', wanted: false },
  closing: { authorization: 'closing', wanted: false },
};

/** The state to go on with after a restart. `restored`: the best of its subscriptions that goes on. */
export function stateAfterRestart(
  record: WatcherRecord,
  restored: 'pending' | 'active' | undefined,
): WatcherState {
  switch (record.authorization) {
    case 'over':
      return 'none';
    case 'closing':
      return 'closing';
    case 'asked':
      return restored === undefined ? 'asked' : 'pending';
    case 'authorized':
      if (restored === undefined) return 'authorized';
      return restored === 'active' ? 'active' : 'resubscribing';
  }
}

function isRecord(value: unknown): value is WatcherRecord {
  if (typeof value !== 'object' || value === null) return false;
  const record: Partial<Record<keyof WatcherRecord, unknown>> = value;
  const { node, user, contact, authorization, wanted, due, resources, untold, subscriptions } = record;
  return (
    [node, user, contact].every((text) => typeof text === 'string') &&
    (authorization === 'asked' ||
      authorization === 'authorized' ||
      authorization === 'closing' ||
      authorization === 'over') &&
    typeof wanted === 'boolean' &&
    (due === undefined || due === 'subscribed' || due === 'unsubscribed') &&
    Array.isArray(resources) &&
    resources.every((resource) => typeof resource === 'string') &&
    (untold === undefined || typeof untold === 'boolean') &&
    Array.isArray(subscriptions) &&
    subscriptions.every(isKeptSubscription)
  );
}
