// Hears when a SIP user registers: subscribes to his registration state at his registrar (RFC 3680), so that what is kept
// for him can be delivered at once.

import { BoundedMap, type Clock, type Counters, type Log } from '../../base/index.ts';
import { formatSipUri, parseSipUri, type End, type SipUri } from '../../sip/index.ts';
import { REGINFO_TYPE } from '../../mime/index.ts';
import type { Subscriptions } from '../subscriptions/subscriptions.ts';
import { Watch } from './watch.ts';

/** The name of the event package (RFC 3680 §4.1). */
export const REG_EVENT = 'reg';

export interface RegistrationWatchOptions {
  /** SIP domains whose registrars are asked. */
  readonly domains: readonly string[];
  /** Who the subscriber says he is: a SIP URI of the gateway. */
  readonly from: string;
  /** Seconds that a subscription is asked for. Default 3600. */
  readonly expiresSeconds?: number;
  /** Users at the same time. Default 10,000. */
  readonly maxWatches?: number;
}

export interface RegistrationWatchEnv {
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  readonly subscriptions: Pick<Subscriptions, 'subscribe'>;
}

export interface RegistrationListener {
  /**
   * The registrar says that the user has an active contact: at the first notification if he has one already, and then at
   * each change while he has one. `aor` as it was given to `watch`.
   */
  registered(aor: string): void;
  /** The registrar of this domain does not do it; it is not asked again for an hour. Called once in that time. */
  unsupported?(domain: string): void;
}

const DEFAULT_EXPIRES_SECONDS = 3600;
const DEFAULT_MAX_WATCHES = 10_000;
/** How long a registrar, or the answer about one user, is left alone after it said no, in milliseconds. */
const REST_MS = 3_600_000;
const MAX_RESTING = 10_000;
/** The registrar knows neither method nor package, or does not want us. */
const UNSUPPORTED: ReadonlySet<number> = new Set([403, 405, 489, 501]);

export class RegistrationWatch {
  readonly #env: RegistrationWatchEnv;
  readonly #listener: RegistrationListener;
  readonly #domains: ReadonlySet<string>;
  readonly #from: string;
  readonly #expires: number;
  readonly #maxWatches: number;
  readonly #watches = new Map<string, Watch>();
  /** Domains that do not do it, and users of whom nothing is told. */
  readonly #resting = new BoundedMap<string, true>({ maxEntries: MAX_RESTING });

  constructor(env: RegistrationWatchEnv, options: RegistrationWatchOptions, listener: RegistrationListener) {
    this.#env = env;
    this.#listener = listener;
    this.#domains = new Set(options.domains.map((domain) => domain.toLowerCase()));
    this.#from = options.from;
    this.#expires = options.expiresSeconds ?? DEFAULT_EXPIRES_SECONDS;
    this.#maxWatches = options.maxWatches ?? DEFAULT_MAX_WATCHES;
  }

  /** Users watched now. */
  get size(): number {
    return this.#watches.size;
  }

  /**
   * Begins to listen for a user (a SIP URI). Does nothing when he is watched already, his domain is not asked or said no
   * within the hour, or there are too many: this is one trigger of several, and its absence loses nothing.
   */
  watch(aor: string): void {
    const uri = addressOfRecord(aor);
    if (uri === undefined || !this.#domains.has(uri.host)) return;
    const resource = formatSipUri(uri);
    const now = this.#env.clock.now();
    if (this.#watches.has(resource)) return;
    if (this.#resting.get(uri.host, now) === true || this.#resting.get(resource, now) === true) return;
    if (this.#watches.size >= this.#maxWatches) return this.#count('full');
    const watch = new Watch(resource, {
      registered: () => {
        this.#count('registered');
        this.#listener.registered(aor);
      },
      over: (end) => this.#over(resource, uri.host, watch, end),
    });
    this.#watches.set(resource, watch);
    const handle = this.#env.subscriptions.subscribe(
      {
        resource,
        from: this.#from,
        terms: {
          event: { package: REG_EVENT },
          // RFC 3680 §4.5: "it MUST include "application/reginfo+xml"".
          accept: [REGINFO_TYPE],
          expires: this.#expires,
          // §4.9: "a subscriber MUST NOT create multiple dialogs as a result of a single subscription request".
          forks: 'single',
        },
      },
      watch,
    );
    if (handle === undefined) {
      this.#watches.delete(resource);
      return this.#count('full');
    }
    watch.handle = handle;
  }

  /** Unsubscribes; `registered` is not called for him any more. */
  unwatch(aor: string): void {
    const uri = addressOfRecord(aor);
    const resource = uri === undefined ? '' : formatSipUri(uri);
    const watch = this.#watches.get(resource);
    if (watch === undefined) return;
    this.#watches.delete(resource);
    watch.handle?.unsubscribe();
  }

  /** Unsubscribes from all. */
  stop(): void {
    const watches = [...this.#watches.values()];
    this.#watches.clear();
    for (const { handle } of watches) handle?.unsubscribe();
  }

  #over(resource: string, domain: string, watch: Watch, end: End): void {
    if (this.#watches.get(resource) !== watch) return;
    this.#watches.delete(resource);
    if (end.cause === 'failed') return;
    const now = this.#env.clock.now();
    if (end.cause !== 'refused' || !UNSUPPORTED.has(end.status)) {
      // "Clients SHOULD NOT attempt to re-subscribe": neither when the next message for him is kept.
      this.#resting.set(resource, true, now, REST_MS);
      return this.#count('refused');
    }
    if (this.#resting.get(domain, now) === true) return;
    this.#resting.set(domain, true, now, REST_MS);
    this.#count('unsupported');
    this.#env.log.info('registrations.unsupported', { domain, status: end.status });
    this.#listener.unsupported?.(domain);
  }

  #count(event: 'registered' | 'refused' | 'unsupported' | 'full'): void {
    this.#env.counters
      .counter('stoxgate_registration_watch_total', 'What came of listening for registrations.', { event })
      .add();
  }
}

/** Scheme, user, host and port of a SIP address-of-record (RFC 3261 §10.3 step 5: without parameters). */
function addressOfRecord(text: string): Pick<SipUri, 'user' | 'host' | 'port'> | undefined {
  const uri = parseSipUri(text);
  if (!uri.ok || uri.value.scheme !== 'sip' || uri.value.user === undefined) return undefined;
  const { user, host, port } = uri.value;
  return { user, host, port };
}
