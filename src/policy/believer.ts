// Who is believed on the SIP side, and about whom (row SIPT-06, ERR-G7). Default deny: a request speaks for its From by
// the network or the certificate that it comes with, by a digest, or by an Identity header field; else it is refused
// before anything is remembered of it.

import type { Counter, Counters } from '../base/index.ts';
import type { AddressBook, MappedJid } from '../mapping/index.ts';
import type { Authentication, DigestServer, Refusal, SipRequest, Source } from '../sip/index.ts';
import type { SipAccount, SpeakingAccounts } from './accounts.ts';
import { assertedIdentity } from './asserted-identity.ts';
import type { IdentityService } from './identity-service.ts';
import { SpeakerScope, type TrustedSources } from './trusted-sources.ts';

export type Proof = 'network' | 'certificate' | 'digest' | 'identity';

export type Belief =
  | {
      readonly kind: 'believed';
      /** For which domains. */
      readonly scope: SpeakerScope;
      /** The URI that a trusted peer asserts in place of From. */
      readonly asserted: string | undefined;
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** A certificate has to be fetched: to be asked again when `ready` calls back. */
  | { readonly kind: 'pending'; ready(done: () => void): void };

export interface BelieverParts {
  readonly book: Pick<AddressBook, 'sipSenderToJid'>;
  readonly trusted: TrustedSources;
  /** undefined: nobody is challenged. */
  readonly digest?:
    | { readonly server: DigestServer<SipAccount>; readonly accounts: SpeakingAccounts }
    | undefined;
  /** Hears of each request that a digest proved to be of this user, a bare JID, where his account is one of a web page. */
  readonly webPhone?: ((user: string, source: Source) => void) | undefined;
  /** undefined: Identity is not read. */
  readonly identity?: IdentityService | undefined;
  readonly counters: Counters;
}

const FORBIDDEN: Refusal = { status: 403 };
const NOBODY = new SpeakerScope(false, []);

type Refused = 'untrusted-source' | 'sender' | 'credentials' | 'account' | 'identity';

export class Believer {
  readonly #parts: BelieverParts;
  readonly #proofs: Readonly<Record<Proof, Counter>>;
  readonly #refused: Readonly<Record<Refused, Counter>>;
  readonly #digests: Readonly<Record<'challenged' | 'stale' | 'replayed' | 'wrong', Counter>>;
  readonly #assertedIgnored: Counter;

  constructor(parts: BelieverParts) {
    const { counters } = parts;
    this.#parts = parts;
    const proof = (by: Proof): Counter =>
      counters.counter(
        'stoxgate_sip_believed_total',
        'SIP requests that were believed, by what proved them.',
        {
          by,
        },
      );
    const refused = (reason: Refused): Counter =>
      counters.counter('stoxgate_sip_refused_total', 'SIP requests refused before they were read.', {
        reason,
      });
    const digest = (result: string): Counter =>
      counters.counter('stoxgate_sip_challenges_total', 'SIP requests that were challenged, and why.', {
        result,
      });
    this.#proofs = {
      network: proof('network'),
      certificate: proof('certificate'),
      digest: proof('digest'),
      identity: proof('identity'),
    };
    this.#refused = {
      'untrusted-source': refused('untrusted-source'),
      sender: refused('sender'),
      credentials: refused('credentials'),
      account: refused('account'),
      identity: refused('identity'),
    };
    this.#digests = {
      challenged: digest('challenged'),
      stale: digest('stale'),
      replayed: digest('replayed'),
      wrong: digest('wrong'),
    };
    this.#assertedIgnored = counters.counter(
      'stoxgate_sip_asserted_ignored_total',
      'SIP requests whose P-Asserted-Identity was not read: their source is not trusted for it.',
    );
  }

  /**
   * What is believed of a request. To be asked once for each, since a nonce counts its uses. A source that is believed
   * for some domain is let through whatever its From: what its requests may then do depends on their method.
   */
  believe(request: SipRequest, source: Source): Belief {
    const network = this.#parts.trusted.scopeOf(source.remoteAddress);
    const scope = certified(network, source.certifiedDomains);
    const asserted = this.#asserted(request, network);
    if (scope?.any === true) return this.#believed(scope, 'network', asserted);
    const { digest, identity, book } = this.#parts;
    if (digest === undefined && identity === undefined) {
      if (scope === undefined) return this.#refuse('untrusted-source', FORBIDDEN);
      return this.#believed(scope, network === undefined ? 'certificate' : 'network', asserted);
    }
    // RFC 3261 §22.1: ACK and CANCEL "MUST NOT" be challenged; either belongs to a request that was.
    if (request.method === 'ACK' || request.method === 'CANCEL') {
      return { kind: 'believed', scope: scope ?? NOBODY, asserted: undefined };
    }
    const sender = book.sipSenderToJid(asserted ?? request.from.uri);
    const covered = sender.ok && scope?.covers(sender.value.host) === true;
    if (scope !== undefined && (covered || !sender.ok)) {
      return this.#believed(scope, network === undefined ? 'certificate' : 'network', asserted);
    }
    if (!sender.ok) return this.#refuse('sender', FORBIDDEN);
    return this.#prove(request, sender.value, source, scope);
  }

  /**
   * Whether a request of this source could be believed for this host (lower case): by its network, or by what it proves
   * itself. For what was let in under an earlier configuration.
   */
  mayBeBelieved(remoteAddress: string, host: string): boolean {
    const { trusted, digest, identity } = this.#parts;
    if (trusted.scopeOf(remoteAddress)?.covers(host) === true) return true;
    return digest?.accounts.realmFor(host) !== undefined || identity !== undefined;
  }

  /** Nonces whose use is remembered. */
  get nonces(): number {
    return this.#parts.digest?.server.size ?? 0;
  }

  /** Forgets what is too old. */
  sweep(): void {
    this.#parts.digest?.server.sweep();
    this.#parts.identity?.sweep();
  }

  /** The request itself has to prove its From. */
  #prove(request: SipRequest, sender: MappedJid, source: Source, scope: SpeakerScope | undefined): Belief {
    const { digest, identity } = this.#parts;
    const realm = digest?.accounts.realmFor(sender.host);
    if (digest !== undefined && realm !== undefined) {
      const authentication = digest.server.authenticate(request);
      if (authentication.kind !== 'absent') return this.#digest(authentication, sender, source, digest);
    }
    const verdict = identity?.verify(request, sender.host);
    if (verdict?.kind === 'valid') return this.#believed(new SpeakerScope(false, [sender.host]), 'identity');
    if (verdict?.kind === 'pending') return verdict;
    if (verdict?.kind === 'invalid') return this.#refuse('identity', verdict.refusal);
    if (digest !== undefined && realm !== undefined)
      return this.#challenge(digest.server, realm, 'challenged');
    // What the source may do for others is seen later.
    if (scope !== undefined) return { kind: 'believed', scope, asserted: undefined };
    // RFC 8224 §6.2.2: 428 "when an Identity header field is required but no Identity header field … has been received".
    if (verdict !== undefined) return this.#refuse('identity', verdict.refusal);
    return this.#refuse('untrusted-source', FORBIDDEN);
  }

  #digest(
    authentication: Exclude<Authentication<SipAccount>, { readonly kind: 'absent' }>,
    sender: MappedJid,
    source: Source,
    { server, accounts }: NonNullable<BelieverParts['digest']>,
  ): Belief {
    switch (authentication.kind) {
      case 'accepted':
        if (!accounts.maySpeakAs(authentication.user, sender)) return this.#refuse('account', FORBIDDEN);
        if (authentication.user.web_phone === true) this.#parts.webPhone?.(sender.bareText, source);
        return this.#believed(new SpeakerScope(false, [sender.host]), 'digest');
      case 'stale':
        return this.#challenge(server, authentication.realm, authentication.replayed ? 'replayed' : 'stale');
      case 'wrong':
        return this.#challenge(server, authentication.realm, 'wrong');
      case 'broken':
        return this.#refuse('credentials', {
          status: 400,
          reason: `Bad credentials: ${authentication.reason}`,
        });
    }
  }

  /** RFC 3261 §22.2: a user agent server answers 401. */
  #challenge(
    server: DigestServer<SipAccount>,
    realm: string,
    result: 'challenged' | 'stale' | 'replayed' | 'wrong',
  ): Belief {
    this.#digests[result].add();
    const stale = result === 'stale' || result === 'replayed';
    return { kind: 'refused', refusal: { status: 401, headers: server.challenge(realm, stale) } };
  }

  /** RFC 3325 §5: of nobody but a trusted peer; else it is as if it were not there. */
  #asserted(request: SipRequest, network: SpeakerScope | undefined): string | undefined {
    if (network?.asserts === true) return assertedIdentity(request);
    if (request.header('p-asserted-identity') !== undefined) this.#assertedIgnored.add();
    return undefined;
  }

  #believed(scope: SpeakerScope, by: Proof, asserted?: string): Belief {
    this.#proofs[by].add();
    return { kind: 'believed', scope, asserted };
  }

  #refuse(reason: Refused, refusal: Refusal): Belief {
    this.#refused[reason].add();
    return { kind: 'refused', refusal };
  }
}

/** RFC 5922 §7.1: a peer with a verified certificate speaks for the domains in it; §7.2: a wildcard is none. */
function certified(
  network: SpeakerScope | undefined,
  domains: readonly string[] | undefined,
): SpeakerScope | undefined {
  if (domains === undefined || domains.length === 0) return network;
  const plain = domains.filter((domain) => !domain.includes('*'));
  if (plain.length === 0) return network;
  return network === undefined ? new SpeakerScope(false, plain) : network.with(plain);
}
