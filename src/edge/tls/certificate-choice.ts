// Which of several certificates a peer is shown: by the name that he asks for, in TLS (SNI, RFC 6066 §3) or before it.

import { matchesDnsId } from './identity-rules.ts';
import type { Credentials } from './credentials.ts';

/**
 * The credentials for a name: those whose `domain` is the name, then `*.domain`, then those whose certificate has the name
 * or its wildcard, else `otherwise`, else the first. `name` undefined: the peer asked for none.
 */
export function chooseCredentials(
  all: readonly [Credentials, ...Credentials[]],
  name: string | undefined,
  otherwise = all[0],
): Credentials {
  if (name === undefined) return otherwise;
  const wanted = (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase();
  return (
    all.find(({ entry }) => entry.domain === wanted) ??
    all.find(({ entry }) => entry.domain?.startsWith('*.') === true && matchesDnsId(entry.domain, wanted)) ??
    all.find(({ names }) => names.dns.includes(wanted)) ??
    all.find(({ names }) => names.dns.some((dns) => matchesDnsId(dns, wanted))) ??
    otherwise
  );
}
