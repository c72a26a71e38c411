// After a reload: which served subscriptions may not go on. Each was let in by the trust and the rules of its time; a watcher
// whose network or domain is not believed any more is to hear nothing more than that.

import type { Log, Timer } from '../../base/index.ts';
import type { MappedJid } from '../../mapping/index.ts';
import { parseNameAddr, type TerminationReason } from '../../sip/index.ts';
import type { NotifierLeg } from './notifier-leg.ts';
import type { NotifiersEnv } from './notifier-types.ts';

type Env = Pick<NotifiersEnv, 'live' | 'timers'> & { readonly log: Log };
/** What is looked at of a subscription. */
type Reviewed = Pick<
  NotifierLeg,
  'resource' | 'resourceJid' | 'watcher' | 'watcherJid' | 'source' | 'isOpen' | 'terminate'
>;

/** There may be 200,000: so many at once, and the pause before the next ones, in milliseconds. */
const SLICE = 1000;
const SLICE_MS = 20;

export class ServedReview {
  readonly #env: Env;
  #left: readonly Reviewed[] = [];
  #next = 0;
  #ended = 0;
  #timer: Timer | undefined;

  constructor(env: Env) {
    this.#env = env;
  }

  /** Judges each of them, the first ones at once. Takes the place of a review that is under way. */
  begin(legs: readonly Reviewed[]): void {
    this.stop();
    this.#left = legs;
    this.#some();
  }

  stop(): void {
    this.#env.timers.clear(this.#timer);
    this.#timer = undefined;
    this.#left = [];
    this.#next = 0;
    this.#ended = 0;
  }

  /** Ends this one if it may not go on. True: it did. */
  judge(leg: Reviewed): boolean {
    const reason = leg.isOpen ? reasonToEnd(leg, this.#env.live) : undefined;
    if (reason === undefined) return false;
    leg.terminate(reason);
    return true;
  }

  #some(): void {
    const end = Math.min(this.#next + SLICE, this.#left.length);
    while (this.#next < end) {
      const leg = this.#left[this.#next++];
      if (leg !== undefined && this.judge(leg)) this.#ended += 1;
    }
    if (this.#next < this.#left.length) {
      this.#timer = this.#env.timers.set(SLICE_MS, () => this.#some());
      return;
    }
    if (this.#ended > 0) this.#env.log.info('notifier.reviewed', { ended: this.#ended });
    this.stop();
  }
}

/**
 * RFC 6665 §4.1.3: after "rejected" ("change in authorization policy") and "noresource" a client "SHOULD NOT attempt to
 * re-subscribe"; after "deactivated" it does at once, which is right where only the names have changed.
 */
function reasonToEnd(
  leg: Reviewed,
  { book, believer, admission }: Env['live'],
): TerminationReason | undefined {
  const from = parseNameAddr(leg.watcher);
  const watcher = from.ok ? book.sipSenderToJid(from.value.uri) : undefined;
  if (watcher?.ok !== true) return 'rejected';
  if (leg.source !== undefined) {
    if (!believer.mayBeBelieved(leg.source, watcher.value.host)) return 'rejected';
  }
  const resource = book.sipTargetToJid(leg.resource);
  if (!resource.ok) return 'noresource';
  if (leg.source !== undefined && isDenied(admission, watcher.value, resource.value, leg.source)) {
    return 'rejected';
  }
  const same = watcher.value.bareText === leg.watcherJid && resource.value.bareText === leg.resourceJid;
  return same ? undefined : 'deactivated';
}

/** The operator's rules: they are asked when a subscription is made, and they may have changed. */
function isDenied(
  { rules }: Env['live']['admission'],
  from: MappedJid,
  to: MappedJid,
  remoteAddress: string,
): boolean {
  return rules.decide({ direction: 'to-xmpp', from, to, remoteAddress }) !== undefined;
}
