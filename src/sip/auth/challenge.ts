// Which challenges of a 401 or 407 are answered (RFC 3261 §22.2, §22.3; RFC 8760 §2.4).

import { ok, type Result } from '../../base/index.ts';
import { proxyAuthenticate, wwwAuthenticate, type Challenge } from '../header/challenge.ts';
import type { SipResponse } from '../message/types.ts';
import { digestAlgorithm, type DigestAlgorithm, type DigestQop } from './digest.ts';

/** Who asks: the end (401) or a proxy (407). */
export type Challenger = 'user' | 'proxy';

/** A challenge that we can answer. Values are byte strings. */
export interface DigestChallenge {
  readonly challenger: Challenger;
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  readonly stale: boolean;
  readonly algorithm: DigestAlgorithm;
  /** False: the server named none, so we do not either (RFC 2617 §3.2.1). */
  readonly algorithmNamed: boolean;
  readonly qop: DigestQop | undefined;
}

export interface ChallengeList {
  /** One a realm and challenger. */
  readonly answerable: readonly DigestChallenge[];
  /** Realms of which no challenge can be answered: another scheme, algorithm or qop. */
  readonly unsupported: readonly string[];
}

/**
 * Both kinds of challenges: a forking proxy may have gathered them into one response (RFC 3261 §22.3). Of each realm
 * "the topmost header field that it supports" (RFC 8760 §2.4).
 */
export function readChallenges(response: SipResponse): Result<ChallengeList> {
  const user = response.header('www-authenticate') === undefined ? ok([]) : wwwAuthenticate(response);
  if (!user.ok) return user;
  const proxy = response.header('proxy-authenticate') === undefined ? ok([]) : proxyAuthenticate(response);
  if (!proxy.ok) return proxy;
  const chosen = new Map<string, DigestChallenge>();
  const missed = new Map<string, string>();
  const choose = (challenger: Challenger, challenges: readonly Challenge[]): void => {
    for (const challenge of challenges) {
      const realm = challenge.params.get('realm') ?? '';
      const key = `${challenger} ${realm}`;
      if (chosen.has(key)) continue;
      const read = readDigest(challenger, challenge);
      if (read === undefined) missed.set(key, realm);
      else chosen.set(key, read);
    }
  };
  choose('user', user.value);
  choose('proxy', proxy.value);
  for (const key of chosen.keys()) missed.delete(key);
  return ok({ answerable: [...chosen.values()], unsupported: [...missed.values()] });
}

function readDigest(challenger: Challenger, { scheme, params }: Challenge): DigestChallenge | undefined {
  // RFC 3261 §22: Basic is out of use.
  if (scheme !== 'digest') return undefined;
  const realm = params.get('realm');
  const nonce = params.get('nonce');
  const named = params.get('algorithm');
  const algorithm = digestAlgorithm(named);
  if (realm === undefined || nonce === undefined || algorithm === undefined) return undefined;
  const offered = params.get('qop');
  const qop = offered === undefined ? undefined : chooseQop(offered);
  if (offered !== undefined && qop === undefined) return undefined;
  // RFC 3261 §22.4 item 8: what depends on the cnonce needs qop.
  if (qop === undefined && algorithm.endsWith('-sess')) return undefined;
  return {
    challenger,
    realm,
    nonce,
    opaque: params.get('opaque'),
    stale: params.get('stale')?.toLowerCase() === 'true',
    algorithm,
    algorithmNamed: named !== undefined,
    qop,
  };
}

/** "auth" before "auth-int", which gains nothing against proxies that we have to believe anyway; undefined: neither. */
function chooseQop(offered: string): DigestQop | undefined {
  const values = offered.split(',').map((value) => value.trim().toLowerCase());
  if (values.includes('auth')) return 'auth';
  return values.includes('auth-int') ? 'auth-int' : undefined;
}
