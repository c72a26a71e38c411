// Makes of a configuration who is believed and what he may do, anew at each reload, and owns what that needs of the
// world: the key that signs challenges, and the client that fetches certificates.

import { isDeepStrictEqual } from 'node:util';
import {
  fillRandom,
  MIN_TOKEN_KEY_OCTETS,
  Tokens,
  type Clock,
  type Counters,
  type Random,
} from '../base/index.ts';
import { HttpClient } from '../edge/http/index.ts';
import { CertificateStore, readAuthorities } from '../edge/identity/index.ts';
import type { AddressBook } from '../mapping/index.ts';
import {
  Believer,
  IdentityService,
  PolicyRules,
  RateLimits,
  SpeakingAccounts,
  TrustedSources,
} from '../policy/index.ts';
import { DigestServer, type SipUri, type Target } from '../sip/index.ts';
import { Admission } from './admission.ts';
import type { Config } from './config/schema.ts';
import { WebPhones } from './web-phones.ts';

export interface BeliefsEnv {
  readonly clock: Clock;
  readonly random: Random;
  readonly counters: Counters;
  /** Whether the connection of a target is open. */
  readonly isOpen: (target: Target) => boolean;
}

/** What of the configuration is read here. */
export type BeliefsConfig = Pick<Config, 'policy' | 'limits'> & {
  readonly sip: Pick<Config['sip'], 'trusted' | 'users' | 'digest_algorithms' | 'identity'>;
};

export interface MadeBeliefs {
  readonly believer: Believer;
  readonly admission: Admission;
}

type IdentityConfig = NonNullable<Config['sip']['identity']>;

interface Identity {
  readonly config: IdentityConfig;
  readonly service: IdentityService;
  readonly certificates: CertificateStore;
  readonly http: HttpClient;
}

/** A certificate may have some intermediates with it. */
const MAX_CERTIFICATE_OCTETS = 65_536;
/** Well before a sender gives up (timer F, 32 s). */
const FETCH_TIMEOUT_MS = 5000;

export class Beliefs {
  readonly #env: BeliefsEnv;
  /** A challenge is good for one run only, so that its key need not be kept. */
  readonly #tokens: Tokens;
  readonly #webPhones: WebPhones;
  #identity: Identity | undefined;
  #current: MadeBeliefs | undefined;

  constructor(env: BeliefsEnv) {
    this.#env = env;
    const key = new Uint8Array(MIN_TOKEN_KEY_OCTETS);
    fillRandom(key);
    this.#webPhones = new WebPhones(env.isOpen);
    this.#tokens = new Tokens([key], env.random);
  }

  make(config: BeliefsConfig, book: AddressBook): MadeBeliefs {
    const { clock, random, counters } = this.#env;
    const { trusted, users, digest_algorithms: algorithms } = config.sip;
    const identity = this.#identityOf(config.sip.identity);
    const digest =
      users.length === 0
        ? undefined
        : {
            server: new DigestServer({ tokens: this.#tokens, random, clock }, { users, algorithms }),
            accounts: new SpeakingAccounts(users, book),
          };
    this.#webPhones.use(digest?.accounts, book);
    const made = {
      believer: new Believer({
        ...{ book, counters, digest },
        webPhone: (user, source) => this.#webPhones.proved(user, source),
        identity: identity?.service,
        trusted: new TrustedSources(trusted, clock),
      }),
      admission: new Admission(
        new PolicyRules(config.policy, book, counters),
        new RateLimits(config.limits, { clock, counters }),
      ),
    };
    this.#current = made;
    return made;
  }

  /** Where the user of a URI is connected himself (`web_phone`), or that he is not. */
  webPhone(uri: SipUri): Target | 'absent' | undefined {
    return this.#webPhones.find(uri);
  }

  /** Forgets what is old. */
  sweep(): void {
    this.#current?.believer.sweep();
    this.#current?.admission.limits.sweep();
    this.#webPhones.sweep();
  }

  /** What is held. */
  sizes(): Record<string, number> {
    return {
      digest_nonces: this.#current?.believer.nonces ?? 0,
      web_phones: this.#webPhones.size,
      identity_signatures: this.#identity?.service.size ?? 0,
      waiting_for_certificates: this.#identity?.certificates.waiting ?? 0,
      limited: this.#current?.admission.limits.size ?? 0,
    };
  }

  stop(): void {
    this.#identity?.http.close();
  }

  /** The same certificates and signatures as before while the configuration of them is. */
  #identityOf(config: IdentityConfig | undefined): Identity | undefined {
    const old = this.#identity;
    if (old !== undefined && isDeepStrictEqual(old.config, config)) return old;
    // Who waits for a certificate hears that it cannot be had.
    old?.http.close();
    this.#identity = config === undefined ? undefined : this.#makeIdentity(config);
    return this.#identity;
  }

  #makeIdentity(config: IdentityConfig): Identity {
    const { clock, counters } = this.#env;
    const pems = typeof config.ca === 'string' ? [config.ca] : config.ca;
    const http = new HttpClient({ timeoutMs: FETCH_TIMEOUT_MS, maxBody: MAX_CERTIFICATE_OCTETS, ca: pems });
    const authorities = pems.flatMap((pem) => {
      const read = readAuthorities(pem);
      return read.ok ? read.value : [];
    });
    const certificates = new CertificateStore(
      { clock, counters, get: (url) => http.send({ method: 'GET', url }) },
      { hosts: config.hosts, authorities },
    );
    const service = new IdentityService({ certificates, clock, freshMs: config.fresh * 1000 });
    return { config, service, certificates, http };
  }
}
