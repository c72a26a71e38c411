// What the driver of publications needs of its surroundings.

import type { Clock, Collection } from '../../base/index.ts';
import type { PublisherRecord, WatcherDecision } from '../../interwork/presence/index.ts';
import type { LinkGroup } from '../link-group.ts';
import type { Live } from '../live.ts';
import type { ErrorReports } from '../messages/error-reports.ts';
import type { Subscriptions } from '../subscriptions/subscriptions.ts';
import type { PublicationEnv } from './publication.ts';

export interface PublisherLimits {
  /** Published users. */
  readonly users: number;
  /** Resources of one of them. */
  readonly resources: number;
  /** Watchers of one of them who wait for his answer. */
  readonly asking: number;
}

export const PUBLISHER_LIMITS: PublisherLimits = { users: 100_000, resources: 16, asking: 500 };

export interface PublisherEnv extends PublicationEnv {
  readonly clock: Clock;
  readonly live: Pick<Live, 'book' | 'models' | 'locator' | 'digest'>;
  readonly node: string;
  readonly subscriptions: Pick<Subscriptions, 'subscribe'>;
  readonly records: Collection<PublisherRecord>;
  /** Records outlive the process, so that the publications may. */
  readonly lasting: boolean;
  /** Other gateways write there too. */
  readonly shared: boolean;
  /** Carries stanzas that must arrive. */
  readonly errors: Pick<ErrorReports, 'send'>;
  /** Tells the presence server what a user decided about a watcher. */
  readonly decisions: {
    decide(user: string, watcher: string, decision: WatcherDecision): void;
  };
  groupFor(domain: string): LinkGroup | undefined;
  /** Bounds other than the usual ones, for tests. */
  readonly limits?: Partial<PublisherLimits>;
}
