// What the driver of watchers needs of its surroundings.

import type { Clock, Collection, Counters, Log, Random, Timers } from '../../base/index.ts';
import type { WatcherRecord } from '../../interwork/presence/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import type { LinkGroup } from '../link-group.ts';
import type { Live } from '../live.ts';
import type { ErrorReports } from '../messages/error-reports.ts';
import type { Subscriptions } from '../subscriptions/subscriptions.ts';
import type { Capabilities } from './capabilities.ts';
import type { DocumentReader } from './document-reader.ts';
import type { WatcherLimits } from './watch-table.ts';

export interface WatchersEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly counters: Counters;
  readonly live: Pick<Live, 'book' | 'offline' | 'presence'>;
  readonly node: string;
  readonly reader: DocumentReader;
  readonly subscriptions: Pick<Subscriptions, 'subscribe' | 'restore'>;
  readonly records: Collection<WatcherRecord>;
  /** Records outlive the process, so that the subscriptions may. */
  readonly lasting: boolean;
  /** Other gateways write there too. */
  readonly shared: boolean;
  readonly errors: ErrorReports;
  readonly capabilities: Pick<Capabilities, 'learn'>;
  /** The `<c/>` of a contact's presence (FEAT-04). */
  caps(contact: string): XmlElement;
  groupFor(domain: string): LinkGroup | undefined;
  /** A SIP contact is there: what waits for him can go. Bare JID. */
  seen(contact: string): void;
  /** Bounds other than the usual ones, for tests. */
  readonly limits?: Partial<WatcherLimits>;
}

/** What came of a request of a user, or of his watching. */
export type WatchOutcome =
  | 'asked'
  | 'authorized'
  | 'cancelled'
  | 'refused'
  | 'away'
  | 'fetched'
  | 'limited'
  | 'restored';

export function countWatching(counters: Counters, event: WatchOutcome): void {
  counters
    .counter('stoxgate_presence_watchers_total', 'What came of XMPP users who watch SIP contacts.', { event })
    .add();
}
