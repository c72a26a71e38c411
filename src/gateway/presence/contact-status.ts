// One SIP user who watches an XMPP contact, as the operator is shown it (`stoxgate presence`).

import type { ContactState } from '../../interwork/presence/index.ts';
import type { ServedStatus } from '../subscriptions/notifier-types.ts';
import type { Contact } from './contact.ts';
import { presenceWords, type PresenceWords } from './presence-words.ts';
import { MAX_SHOWN, type StatusEnv } from './watch-status.ts';

/** Times that end in `Ms` are of the wall clock; undefined: there is none. */
export interface ContactStatus {
  readonly state: ContactState;
  /** The event of machine P that led there; '' before any. */
  readonly by: string;
  readonly sinceMs: number;
  /** It waits behind others to be asked again. */
  readonly inTurn: boolean;
  /** What it waits for in this state has to come until then. */
  readonly waitMs: number | undefined;
  readonly resources: readonly HeldResource[];
  /** The subscriptions of his phones. */
  readonly subscriptions: readonly ServedStatus[];
  /** Further ones of each. */
  readonly more: { readonly resources: number; readonly subscriptions: number };
  /** Single questions without an answer yet. */
  readonly fetches: number;
}

export interface HeldResource extends PresenceWords {
  readonly resource: string;
  readonly receivedMs: number;
  /** It counts only if it is heard of again. */
  readonly doubted: boolean;
}

export function contactStatus(contact: Contact, env: StatusEnv, inTurn: boolean): ContactStatus {
  const { resources } = contact;
  const subscriptions = [...contact.subscriptions];
  const waitMs = env.timers.leftMs(contact.timer);
  return {
    ...{ state: contact.state, by: contact.reason, sinceMs: contact.sinceMs(env.clock), inTurn },
    waitMs: waitMs === undefined ? undefined : env.clock.wall() + waitMs,
    resources: resources.slice(0, MAX_SHOWN).map(({ resource, stanza, receivedMs }) => ({
      ...{ resource, receivedMs, doubted: contact.doubts(resource) },
      ...presenceWords(stanza),
    })),
    subscriptions: subscriptions.slice(0, MAX_SHOWN).map(({ status }) => status),
    more: {
      resources: Math.max(0, resources.length - MAX_SHOWN),
      subscriptions: Math.max(0, subscriptions.length - MAX_SHOWN),
    },
    fetches: contact.fetches.length,
  };
}
