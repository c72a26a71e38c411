// What XMPP users decide about their SIP watchers, on its way to the presence server (rows CSP-12, CSP-13): one after the other
// for each user, again after a pause while its server cannot be reached, beyond a restart, and told in the log where there is no way.

import type { Clock, Counters, Random, Timer, Timers } from '../../base/index.ts';
import type { DecisionRecord, WatcherDecision } from '../../interwork/presence/index.ts';
import type { Live } from '../live.ts';
import { Pace } from '../presence/pace.ts';
import { DecisionRecords, type DecisionRecordsEnv } from './decision-records.ts';
import type { RulesClient, RulesTarget } from './rules-client.ts';

export interface DecisionsEnv extends DecisionRecordsEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
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
  readonly #records: DecisionRecords;
  readonly #pending = new Map<string, Pending>();
  /** Users with decisions of an earlier run, until `start`; and those whose turn comes. */
  #restored: string[] = [];
  readonly #pace: Pace<string>;
  #stopped = false;

  constructor(env: DecisionsEnv) {
    this.#env = env;
    this.#records = new DecisionRecords(env);
    this.#pace = new Pace(env, (user) => {
      const pending = this.#pending.get(user);
      if (pending !== undefined) void this.#work(user, pending);
    });
  }

  /** Users whose decisions are under way. */
  get size(): number {
    return this.#pending.size;
  }

  /** `user`: a bare JID; `watcher`: a SIP URI. */
  decide(user: string, watcher: string, decision: WatcherDecision): void {
    if (this.#stopped) return;
    if (this.#target(user) === undefined) return this.#untold(user, watcher, decision);
    const isNew = !this.#pending.has(user);
    const pending = this.#take(user, watcher, decision);
    if (pending === undefined) return;
    this.#records.put(user, watcher, decision);
    if (isNew) void this.#work(user, pending);
  }

  /** Reads what an earlier run left; nothing goes out yet. Rejects when the store fails. */
  restore(): Promise<void> {
    return this.#records.read((record) => this.#restoreOne(record));
  }

  /** Goes on with it. */
  start(): void {
    for (const user of this.#restored.splice(0)) this.#pace.add(user);
  }

  #restoreOne({ user, watcher, decision }: DecisionRecord): void {
    const isNew = !this.#pending.has(user);
    if (this.#take(user, watcher, decision) === undefined) return this.#records.delete(user, watcher);
    if (isNew) this.#restored.push(user);
  }

  /** Among what is under way; undefined: there is too much. */
  #take(user: string, watcher: string, decision: WatcherDecision): Pending | undefined {
    const known = this.#pending.get(user);
    const full =
      known === undefined ? this.#pending.size >= MAX_USERS : known.decisions.size >= MAX_DECISIONS;
    if (full && known?.decisions.has(watcher) !== true) {
      this.#count(decision, 'limited');
      this.#env.log.warn('presence.decision.lost', { user, watcher, decision, reason: 'limited' });
      return undefined;
    }
    const pending = known ?? { decisions: new Map(), failures: 0, timer: undefined };
    pending.decisions.delete(watcher);
    pending.decisions.set(watcher, decision);
    this.#pending.set(user, pending);
    return pending;
  }

  /** Sends nothing from now on. What is under way stays in the store, for the next start. */
  stop(): void {
    this.#stopped = true;
    this.#pace.stop();
    for (const { timer } of this.#pending.values()) this.#env.timers.clear(timer);
    this.#pending.clear();
  }

  async #work(user: string, pending: Pending): Promise<void> {
    for (const [watcher, decision] of pending.decisions) {
      const target = this.#target(user);
      if (target === undefined) {
        // The rules of the file are others now.
        this.#untold(user, watcher, decision);
        this.#over(user, pending, watcher, decision);
        continue;
      }
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
      this.#over(user, pending, watcher, decision);
    }
    this.#pending.delete(user);
  }

  #over(user: string, pending: Pending, watcher: string, decision: WatcherDecision): void {
    // A later decision about him may have come meanwhile, behind all others.
    if (pending.decisions.get(watcher) !== decision) return;
    pending.decisions.delete(watcher);
    this.#records.delete(user, watcher);
  }

  /** The presence server decides alone, by means of its own. */
  #untold(user: string, watcher: string, decision: WatcherDecision): void {
    this.#count(decision, 'untold');
    this.#env.log.info('presence.decision.untold', { user, watcher, decision });
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
    const { root, ca, user: name, password } = xcap;
    const credential = name === undefined || password === undefined ? undefined : { user: name, password };
    return { root, ca, credential, user: user.value.uri };
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
