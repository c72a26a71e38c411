// SIP users for whom messages wait, by their JIDs: their registrars are asked to tell when they come (RFC 3680).

import type { Live } from '../live.ts';
import { RegistrationWatch, type RegistrationWatchEnv } from './registration-watch.ts';

/** `registrars` of the configuration, and who asks. */
export interface AwaitedUsersOptions {
  /** SIP domains. */
  readonly domains: readonly string[];
  /** A SIP URI of the gateway. */
  readonly from: string;
}

export class AwaitedUsers {
  readonly #live: Live;
  readonly #watch: RegistrationWatch;
  /** Address-of-record and bare JID. */
  readonly #recipients = new Map<string, string>();

  constructor(
    env: RegistrationWatchEnv & { readonly live: Live },
    options: AwaitedUsersOptions,
    seen: (recipient: string) => void,
  ) {
    this.#live = env.live;
    this.#watch = new RegistrationWatch(env, options, {
      registered: (aor) => {
        const recipient = this.#recipients.get(aor);
        if (recipient !== undefined) seen(recipient);
      },
      unsupported: (domain) => env.log.info('offline.registrar.silent', { domain }),
    });
  }

  /** Users whose registrars are asked now. */
  get size(): number {
    return this.#watch.size;
  }

  /** Messages wait for this user (bare JID), or no longer. */
  awaited(recipient: string, waits: boolean): void {
    const uri = this.#live.book.jidTargetToSip(recipient);
    if (!uri.ok) return;
    const aor = uri.value.uri;
    if (waits) {
      this.#recipients.set(aor, recipient);
      this.#watch.watch(aor);
    } else {
      this.#recipients.delete(aor);
      this.#watch.unwatch(aor);
    }
  }

  stop(): void {
    this.#recipients.clear();
    this.#watch.stop();
  }
}
