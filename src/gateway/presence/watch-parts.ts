// What is asked of SIP for one watcher (PRES-01, PRES-22).

import { finalStatuses } from '../../interwork/presence/index.ts';
import { PIDF_TYPE, PRESENCE_TYPES, RELATED_TYPE } from '../../mime/index.ts';
import type { SubscribeParts } from '../subscriptions/types.ts';
import type { WatchAddresses } from './watch.ts';

/** The name of the event package (RFC 3856 §6.1). */
export const PRESENCE_EVENT = 'presence';
// The same for all watchers, of whom there are many.
const EVENT: SubscribeParts['event'] = { package: PRESENCE_EVENT };
const ACCEPT: SubscribeParts['accept'] = [PIDF_TYPE];
const ALSO_READ: SubscribeParts['accept'] = [...PRESENCE_TYPES, RELATED_TYPE];

/** `expires` 0: a fetch (PRES-17). `lasting`: the store outlives the process, and so the subscription may. */
export function watchParts(
  { userUri, contactUri }: WatchAddresses,
  expires: number,
  lasting: boolean,
  unknownUsersAreAway: boolean,
): SubscribeParts {
  return {
    resource: contactUri,
    from: userUri,
    event: EVENT,
    accept: ACCEPT,
    // PRES-92, CSP-20: read where they come, never asked for.
    alsoRead: ALSO_READ,
    expires,
    // RFC 3856 §6.9: several notifiers, whose documents are merged.
    forks: 'several',
    durable: lasting && expires > 0,
    finalStatuses: finalStatuses(unknownUsersAreAway),
  };
}
