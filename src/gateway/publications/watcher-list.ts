// Who watches a published user: the event package presence.winfo (RFC 3857, RFC 3858; rows CSP-10 … CSP-16).

import { ok, type Result } from '../../base/index.ts';
import { checkEntity } from '../../interwork/presence/index.ts';
import {
  mergeWatcherInfo,
  parseWatcherInfo,
  WATCHERINFO_TYPE,
  type Watcher,
  type WatcherTable,
} from '../../mime/index.ts';
import type { End } from '../../sip/index.ts';
import { PRESENCE_EVENT } from '../presence/watch-parts.ts';
import type {
  Notification,
  SubscribeParts,
  SubscribeTerms,
  SubscriberHandle,
  SubscriptionUsage,
} from '../subscriptions/types.ts';

/** RFC 3857 §4.1. */
export const WINFO_EVENT = 'presence.winfo';

const EXPIRES_SECONDS = 3600;

export interface WatcherListOwner {
  /** Somebody waits for the user's decision: for how long he has been waiting does not matter (CSP-11, CSP-14). */
  waits(watcher: string): void;
  /** He does not any more: he may watch, or has gone. */
  settled(watcher: string): void;
  /** He was refused, or there is no such user (CSP-15). */
  refused(watcher: string): void;
  over(end: End): void;
}

const TERMS: SubscribeTerms = {
  event: { package: WINFO_EVENT },
  accept: [WATCHERINFO_TYPE],
  expires: EXPIRES_SECONDS,
  // RFC 3857 §4.9: "all watcherinfo subscribers MUST be prepared to install multiple subscriptions".
  forks: 'several',
};

/** CSP-10: the user subscribes to his own watchers, at his presence server. `uri`: his. */
export function winfoParts(uri: string, server: string): SubscribeParts {
  return {
    resource: uri,
    from: uri,
    proxy: server,
    terms: TERMS,
  };
}

export class WatcherList implements SubscriptionUsage {
  handle: SubscriberHandle | undefined;
  readonly #uri: string;
  readonly #owner: WatcherListOwner;
  /** RFC 3858 §4: a table for each subscription. */
  readonly #tables = new Map<string, WatcherTable>();

  constructor(uri: string, owner: WatcherListOwner) {
    this.#uri = uri;
    this.#owner = owner;
  }

  notified({ dialog, contentType, body }: Notification): Result<'taken' | 'refresh'> {
    if (contentType === undefined) return TAKEN;
    const document = parseWatcherInfo(body);
    if (!document.ok) return document;
    // As PRES-91 for presence: about somebody else, nothing of it counts.
    for (const { resource } of document.value.lists) {
      const own = checkEntity(resource, this.#uri);
      if (!own.ok) return own;
    }
    const merged = mergeWatcherInfo(this.#tables.get(dialog), document.value);
    if (!merged.ok) return merged;
    const { table, gap, changes, gone } = merged.value;
    this.#tables.set(dialog, table);
    for (const change of [...changes, ...gone]) {
      // Of another package: not ours to ask him about.
      if (change.package !== PRESENCE_EVENT) continue;
      if (gone.includes(change)) this.#owner.settled(change.watcher.uri);
      else this.#changed(change.watcher);
    }
    // CSP-16.
    return gap ? REFRESH : TAKEN;
  }

  dialogEnded(dialog: string): void {
    this.#tables.delete(dialog);
  }

  over(end: End): void {
    this.#owner.over(end);
  }

  #changed({ uri, status, event }: Watcher): void {
    if (status === 'pending' || status === 'waiting') return this.#owner.waits(uri);
    this.#owner.settled(uri);
    if (status === 'terminated' && (event === 'rejected' || event === 'noresource')) this.#owner.refused(uri);
  }
}

const TAKEN = ok('taken' as const);
const REFRESH = ok('refresh' as const);
