// Where the users of a domain live that only a rule with "*" on both sides covers: what DNS says of either protocol, in the
// order of the side that asks (rows DNS-01 … DNS-05; RFC 7247 §5).

/** What DNS says of one protocol at a domain; `here`: only that this gateway stands for it, which says nothing. */
export type Evidence = 'yes' | 'no' | 'here' | 'unknown';

export type Home = 'sip' | 'xmpp' | 'nobody' | 'unknown';

/** `asks`: the side from which the domain is wanted; its own protocol is looked at first. */
export function domainHome(asks: 'sip' | 'xmpp', sip: Evidence, xmpp: Evidence): Home {
  const order =
    asks === 'xmpp'
      ? ([
          ['xmpp', xmpp],
          ['sip', sip],
        ] as const)
      : ([
          ['sip', sip],
          ['xmpp', xmpp],
        ] as const);
  for (const [home, evidence] of order) {
    if (evidence === 'yes') return home;
    // Something may come first of which nothing is known: no guess.
    if (evidence === 'unknown') return 'unknown';
  }
  return 'nobody';
}
