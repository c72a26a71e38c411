// Everything about route scripts that outlives one of them: what is under way, in which order it goes on, what is counted.
// A reload puts another script in the place of the one before; what is under way finishes on that.

import { ChurnMap, type Clock, type Counter, type Counters, type Log, type Timers } from '../base/index.ts';
import type { RouteAction } from './route-action.ts';
import { HOOKS, type HookName } from './route-types.ts';

/** Told when a hook is entered and left; it may be on another thread, so that it sees one that does not return. */
export interface Watchdog {
  entered(hook: HookName): void;
  left(): void;
}

export interface RouteRunsEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly counters: Counters;
  readonly watchdog?: Watchdog | undefined;
}

/**
 * What became of a run: its answer, or why there is none.
 * - `failed`: the script's fault, logged and counted
 * - `busy`: too many are under way (ERR-G2)
 * - `stopped`: the gateway ends (ERR-G5)
 */
export type Routed = RouteAction | 'failed' | 'busy' | 'stopped';

/** Why a run has no answer that can be used. */
export const FAILURES = ['threw', 'rejected', 'late', 'answer', 'busy'] as const;
export type FailureReason = (typeof FAILURES)[number];

/** Runs that wait for what they await, in all and of one pair of people. */
export const MAX_PENDING = 10_000;
export const MAX_PENDING_OF_PAIR = 1000;
/** Names that a script may count under. */
const MAX_NAMES = 100;
const OTHER = 'other';

/** One that has not been handed on. */
export interface Pending {
  result: Routed | undefined;
  /** Called once; it may throw what the gateway's own code throws. */
  readonly done: (result: Routed) => void;
  readonly settle: (result: Routed) => void;
}

export class RouteRuns {
  readonly env: RouteRunsEnv;
  readonly #queues = new ChurnMap<string, Pending[]>();
  readonly #failures: ReadonlyMap<string, Counter>;
  readonly #blocked: ReadonlyMap<HookName, Counter>;
  readonly #runs = new Map<string, Counter>();
  readonly #names = new Map<string, Counter>();
  #size = 0;
  #stopped = false;
  #whenIdle: (() => void)[] = [];

  constructor(env: RouteRunsEnv) {
    this.env = env;
    const { counters } = env;
    this.#failures = new Map(
      HOOKS.flatMap((hook) =>
        FAILURES.map((reason) => [
          `${hook} ${reason}`,
          counters.counter(
            'stoxgate_routes_failures_total',
            'Runs of the route script without a usable answer.',
            {
              hook,
              reason,
            },
          ),
        ]),
      ),
    );
    this.#blocked = new Map(
      HOOKS.map((hook) => [
        hook,
        counters.counter(
          'stoxgate_routes_blocked_total',
          'Hooks of the route script that held the whole gateway up for more than 50 ms.',
          { hook },
        ),
      ]),
    );
  }

  /** Runs that have not been handed on. */
  get size(): number {
    return this.#size;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** True while an earlier run of this queue has not been handed on. */
  waits(queue: string): boolean {
    return this.#queues.has(queue);
  }

  full(queue: string): boolean {
    return this.#size >= MAX_PENDING || (this.#queues.get(queue)?.length ?? 0) >= MAX_PENDING_OF_PAIR;
  }

  /** Puts a run at the end of its queue. */
  add(queue: string, pending: Pending): void {
    const queued = this.#queues.get(queue);
    if (queued === undefined) this.#queues.set(queue, [pending]);
    else queued.push(pending);
    this.#size += 1;
  }

  /** Hands on what is at the head of the queue and has its result, so that messages stay in order. */
  advance(queue: string): void {
    const queued = this.#queues.get(queue);
    if (queued === undefined) return;
    for (let head = queued[0]; head?.result !== undefined; head = queued[0]) {
      queued.shift();
      this.#size -= 1;
      if (queued.length === 0) this.#queues.delete(queue);
      this.handOn(head.done, head.result);
      // What was handed on may have begun a queue of this name anew.
      if (queued.length === 0) break;
    }
    if (this.#size === 0) for (const idle of this.#whenIdle.splice(0)) idle();
  }

  /** Goes on outside of the turn that the message came in: a fault of the gateway's own must not end the process. */
  handOn(done: (result: Routed) => void, result: Routed): void {
    try {
      done(result);
    } catch (error) {
      this.env.log.error('routes.dispatch.failed', { error });
    }
  }

  /** Resolves when nothing is under way: after the deadline of the last at the latest. */
  idle(): Promise<void> {
    if (this.#size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenIdle.push(resolve);
    });
  }

  /** Ends everything that is under way; each hears it. */
  stop(): void {
    this.#stopped = true;
    for (const queued of [...this.#queues.values()])
      for (const pending of [...queued]) pending.settle('stopped');
  }

  ran(hook: HookName, action: string): void {
    const key = `${hook} ${action}`;
    let counter = this.#runs.get(key);
    if (counter === undefined) {
      const help = 'Runs of the route script, by hook and what it answered.';
      counter = this.env.counters.counter('stoxgate_routes_runs_total', help, { hook, action });
      this.#runs.set(key, counter);
    }
    counter.add();
  }

  failure(hook: HookName, reason: FailureReason): void {
    this.#failures.get(`${hook} ${reason}`)?.add();
  }

  blocked(hook: HookName): void {
    this.#blocked.get(hook)?.add();
  }

  /** The script's own metric. Throws TypeError or RangeError for what is no name or no number. */
  count(name: string, by = 1): void {
    if (typeof name !== 'string' || !/^[a-z][a-z0-9_]{0,40}$/.test(name))
      throw new TypeError(
        `count takes a name of a-z, 0-9 and "_", of 41 characters at most, not ${JSON.stringify(name)}`,
      );
    if (!Number.isSafeInteger(by) || by < 0)
      throw new RangeError(`count adds whole numbers, not ${String(by)}`);
    let counter = this.#names.get(name);
    if (counter === undefined) {
      // Counters are for ever: names that are made of addresses must not fill the memory.
      const bounded = this.#names.size < MAX_NAMES ? name : OTHER;
      counter = this.#names.get(bounded) ?? this.#counted(bounded);
    }
    counter.add(by);
  }

  #counted(name: string): Counter {
    const help = 'What the route script counts, by its own names.';
    const counter = this.env.counters.counter('stoxgate_routes_counted_total', help, { name });
    this.#names.set(name, counter);
    return counter;
  }
}
