// Who is believed, for the rigs that put a part of a gateway together by themselves.

import { Counters, SecureRandom, type Clock } from '../../src/base/index.ts';
import { Beliefs, type MadeBeliefs } from '../../src/gateway/beliefs.ts';
import type { AddressBook } from '../../src/mapping/index.ts';
import type { TrustedNetwork } from '../../src/policy/index.ts';

/** These networks, no rules and no limits. */
export function trusting(
  trusted: readonly TrustedNetwork[],
  book: AddressBook,
  clock: Clock,
  counters = new Counters(),
): MadeBeliefs {
  const networks = trusted.map(({ network, domains, asserted }) => ({
    network,
    ...(domains === undefined ? {} : { domains: [...domains] }),
    ...(asserted === undefined ? {} : { asserted }),
  }));
  return new Beliefs({ clock, random: new SecureRandom(), counters, isOpen: () => false }).make(
    { sip: { trusted: networks, users: [], digest_algorithms: ['MD5'] }, policy: [], limits: {} },
    book,
  );
}
