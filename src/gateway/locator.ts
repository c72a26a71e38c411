// The locator of one configuration: its next hops, and which targets of DNS it may use.

import { StoxgateError, type Clock, type Counters, type Random, type Timers } from '../base/index.ts';
import type { NodeDnsResolver } from '../edge/dns/index.ts';
import type { SipEdge } from '../edge/sip/index.ts';
import {
  Locator,
  NextHops,
  type LocateResult,
  type SipRequest,
  type Source,
  type Target,
} from '../sip/index.ts';
import type { Beliefs } from './beliefs.ts';
import type { Config } from './config/schema.ts';
import { presenceServers } from './presence-models.ts';

export interface LocatorParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly counters: Counters;
  readonly edge: SipEdge;
  readonly beliefs: Beliefs;
  /** Asked for once the next hops are known to be good: a reload that fails changes nothing. */
  readonly resolver: () => NodeDnsResolver;
}

/** Throws `ERR_SIP_NEXT_HOP`. */
export function makeLocator(config: Config, parts: LocatorParts): Locator {
  const { clock, timers, random, counters, edge, beliefs, resolver } = parts;
  const nextHops = NextHops.read(config.sip.next_hops, presenceServers(config));
  if (!nextHops.ok) throw new StoxgateError(nextHops.error.code, nextHops.error.message);
  return new Locator(
    { clock, timers, random, resolver: resolver(), counters },
    {
      support: edge.support,
      nextHops: nextHops.value,
      privateTargets: config.dns.private_targets,
      own: edge.ownAddresses,
      flowOf: (host) => edge.flowOf(host),
      webPhone: (uri) => beliefs.webPhone(uri),
    },
  );
}

/** RFC 3263 §5: where a response goes that cannot go back the way its request came. */
export function locateSentBy(
  locator: Locator,
  request: SipRequest,
  source: Source,
  found: (targets: readonly Target[]) => void,
): void {
  const take = (result: LocateResult): void => found(result.ok ? result.value : []);
  const answer = locator.locateSentBy(request.via, source.remoteAddress);
  if (answer instanceof Promise) void answer.then(take);
  else take(answer);
}
