// What is asked of SIP for one watcher (PRES-01, PRES-22).

import { finalStatuses } from '../../interwork/presence/index.ts';
import { PIDF_TYPE, PRESENCE_TYPES, RELATED_TYPE } from '../../mime/index.ts';
import type { SubscribeParts, SubscribeTerms } from '../subscriptions/types.ts';
import type { WatchAddresses } from './watch.ts';

/** The name of the event package (RFC 3856 §6.1). */
export const PRESENCE_EVENT = 'presence';

/** Each kind once: there are as many watchers as there are contacts in rosters. */
const known = new Map<string, SubscribeTerms>();

/** `expires` 0: a fetch (PRES-17). `lasting`: the store outlives the process, and so the subscription may. */
export function watchParts(
  { userUri, contactUri }: WatchAddresses,
  expires: number,
  lasting: boolean,
  unknownUsersAreAway: boolean,
): SubscribeParts {
  const kind = `${expires} ${lasting} ${unknownUsersAreAway}`;
  let terms = known.get(kind);
  if (terms === undefined) known.set(kind, (terms = watchTerms(expires, lasting, unknownUsersAreAway)));
  return { resource: contactUri, from: userUri, terms };
}

function watchTerms(expires: number, lasting: boolean, unknownUsersAreAway: boolean): SubscribeTerms {
  return {
    event: { package: PRESENCE_EVENT },
    accept: [PIDF_TYPE],
    // PRES-92, CSP-20: read where they come, never asked for.
    alsoRead: [...PRESENCE_TYPES, RELATED_TYPE],
    expires,
    // RFC 3856 §6.9: several notifiers, whose documents are merged.
    forks: 'several',
    durable: lasting && expires > 0,
    finalStatuses: finalStatuses(unknownUsersAreAway),
  };
}
