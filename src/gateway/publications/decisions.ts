// What XMPP users decide about their SIP watchers, on its way to the presence server (rows CSP-12, CSP-13): one after the other
// for each user, again after a pause while its server cannot be reached, and told in the log where there is no way.

import type { Counters, Log, Random, Timer, Timers } from '../../base/index.ts';
import type { WatcherDecision } from '../../interwork/presence/index.ts';
import type { Live } from '../live.ts';
import type { RulesClient, RulesTarget } from './rules-client.ts';

export interface DecisionsEnv {
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly counters: Counters;
  readonly live: Pick<Live, 'book' | 'models'>;
  readonly rules: Pick<RulesClient, 'decide'>;
}

/** The decisions of one user that are not at his server yet: the last one about each watcher. */
interface Pending {
  readonly decisions: Map<string, WatcherDecision>;
  failures: number;
  timer: Timer | undefined;
}

type Outcome = 'written' | 'unchanged' | 'refused' | 'given-up' | 'untold' | 'limited';

/** Users with decisions under way, and decisions of one of them. */
const MAX_USERS = 10_000;
const MAX_DECISIONS = 500;
/** A server that is away: 5 s, 20 s, 80 s … between tries, an hour at most, for about half a day. */
const FIRST_PAUSE_MS = 5000;
const MAX_PAUSE_MS = 3_600_000;
const MAX_FAILURES = 16;

export class Decisions {
  readonly #env: DecisionsEnv;
  readonly #pending = new Map<string, Pending>();
  #stopped = false;

  constructor(env: DecisionsEnv) {
    this.#env = env;
  }

  /** Users whose decisions are under way. */
  get size(): number {
    return this.#pending.size;
  }

  /** `user`: a bare JID; `watcher`: a SIP URI. */
  decide(user: string, watcher: string, decision: WatcherDecision): void {
    if (this.#stopped) return;
    if (this.#target(user) === undefined) {
      // The presence server decides alone, by means of its own.
      this.#count(decision, 'untold');
      return this.#env.log.info('presence.decision.untold', { user, watcher, decision });
    }
    const known = this.#pending.get(user);
    const full =
      known === undefined ? this.#pending.size >= MAX_USERS : known.decisions.size >= MAX_DECISIONS;
    if (full && known?.decisions.has(watcher) !== true) {
      this.#count(decision, 'limited');
      return this.#env.log.warn('presence.decision.lost', { user, watcher, decision, reason: 'limited' });
    }
    if (known !== undefined) {
      known.decisions.delete(watcher);
      known.decisions.set(watcher, decision);
      return;
    }
    const fresh: Pending = { decisions: new Map([[watcher, decision]]), failures: 0, timer: undefined };
    this.#pending.set(user, fresh);
    void this.#work(user, fresh);
  }

  stop(): void {
    this.#stopped = true;
    for (const { timer } of this.#pending.values()) this.#env.timers.clear(timer);
    this.#pending.clear();
  }

  async #work(user: string, pending: Pending): Promise<void> {
    for (const [watcher, decision] of pending.decisions) {
      const target = this.#target(user);
      // The rules of the file are others now.
      if (target === undefined) break;
      const done = await this.#env.rules.decide(target, watcher, decision);
      if (this.#stopped) return;
      if (done.ok) {
        pending.failures = 0;
        this.#count(decision, done.value);
      } else if (done.error.code === 'ERR_XCAP_UNAVAILABLE' && pending.failures < MAX_FAILURES) {
        return this.#later(user, pending, done.error.message);
      } else {
        const refused = done.error.code !== 'ERR_XCAP_UNAVAILABLE';
        this.#count(decision, refused ? 'refused' : 'given-up');
        const { code, message } = done.error;
        this.#env.log.warn('presence.decision.lost', { user, watcher, decision, code, error: message });
      }
      // A later decision about him may have come meanwhile, behind all others.
      if (pending.decisions.get(watcher) === decision) pending.decisions.delete(watcher);
    }
    this.#pending.delete(user);
  }

  #later(user: string, pending: Pending, error: string): void {
    const pauseMs = Math.min(FIRST_PAUSE_MS * 4 ** Math.min(pending.failures, 8), MAX_PAUSE_MS);
    if (pending.failures === 0) this.#env.log.warn('presence.decision.delayed', { user, error });
    pending.failures += 1;
    pending.timer = this.#env.timers.set(pauseMs * (0.75 + this.#env.random.unit() / 2), () => {
      pending.timer = undefined;
      void this.#work(user, pending);
    });
  }

  #target(jid: string): RulesTarget | undefined {
    const { book, models } = this.#env.live;
    const user = book.jidSenderToSip(jid);
    const xcap = user.ok ? models.serverOf(user.value.rule)?.xcap : undefined;
    if (!user.ok || xcap === undefined) return undefined;
    const { root, user: name, password } = xcap;
    const credential = name === undefined || password === undefined ? undefined : { user: name, password };
    return { root, credential, user: user.value.uri };
  }

  #count(decision: WatcherDecision, outcome: Outcome): void {
    this.#env.counters
      .counter(
        'stoxgate_presence_decisions_total',
        'Decisions of XMPP users about watchers at their presence server.',
        {
          decision,
          outcome,
        },
      )
      .add();
  }
}
