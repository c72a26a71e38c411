// Runs the hooks of one route script. What a script does wrong (throws, rejects, never settles, answers nonsense, holds
// the process up) has one result each, and is told in the log with its stack; nothing of it ends more than one message.

import { authorize, drop, isRouteAction, redirect, reject, relay, RELAY, rewrite } from './route-action.ts';
import type { RouteHooks } from './route-module.ts';
import { newElement } from './route-rewrite.ts';
import { type FailureReason, type Pending, type Routed, type RouteRuns } from './route-runs.ts';
import { faultOfAnswer, OCCASIONS, type Occasion } from './route-table.ts';
import type { HookName, RouteContext, Verbs } from './route-types.ts';

export const DEFAULT_DEADLINE_MS = 1000;
/** Longer than this no hook may keep the process from everything else. */
const BLOCKED_MS = 50;

export interface RoutesOptions {
  /** How long what a hook awaits may take. */
  readonly deadlineMs?: number | undefined;
}

/** Parts of one run. */
interface Run {
  readonly occasion: Occasion;
  readonly hook: HookName;
  /** For the log. */
  readonly cid: string | undefined;
}

export class Routes {
  readonly deadlineMs: number;
  readonly #hooks: RouteHooks;
  readonly #runs: RouteRuns;
  readonly #verbs: Verbs;

  constructor(hooks: RouteHooks, runs: RouteRuns, options: RoutesOptions = {}) {
    this.#hooks = hooks;
    this.#runs = runs;
    this.deadlineMs = options.deadlineMs ?? DEFAULT_DEADLINE_MS;
    this.#verbs = verbsOf(runs);
  }

  has(hook: HookName): boolean {
    return this.#hooks[hook] !== undefined;
  }

  /** How much of the time for an answer to a SIP request the hooks of its way may take (IM-29). */
  get reserveMs(): number {
    const asked = (['onSipRequest', 'onTranslated', 'onFailure'] as const).filter((hook) => this.has(hook));
    return asked.length * this.deadlineMs;
  }

  /**
   * Asks the hook of this occasion; `done` hears the result exactly once, at once when the hook awaits nothing. Messages of
   * the same `pair` of people go on in the order in which they came.
   */
  ask(
    occasion: Occasion,
    pair: string,
    subject: object,
    context: RouteContext,
    done: (result: Routed) => void,
    cid?: string,
  ): void {
    const { hook } = OCCASIONS[occasion];
    const run: Run = { occasion, hook, cid };
    const runs = this.#runs;
    const queue = `${occasion} ${pair}`;
    if (runs.full(queue)) {
      runs.failure(hook, 'busy');
      return done('busy');
    }
    const answer = this.#call(run, subject, context);
    if (!isThenable(answer)) {
      const result = this.#judge(run, answer);
      if (!runs.waits(queue)) return done(result);
      runs.add(queue, { result, done, settle: () => {} });
      return;
    }
    // There is no time left to wait in; what is answered at once is taken to the last.
    if (runs.stopped) return done('stopped');
    this.#await(run, queue, answer, done);
  }

  /** The answer was taken and could not be carried out: the script's fault as well. */
  unusable(occasion: Occasion, why: string, cid?: string): void {
    const { hook } = OCCASIONS[occasion];
    this.#fail({ occasion, hook, cid }, 'answer', new TypeError(why));
  }

  /** What the hook returns; a fault that was thrown is told, and its result stands for it. */
  #call(run: Run, subject: object, context: RouteContext): unknown {
    const { clock, watchdog, log } = this.#runs.env;
    const hook = this.#hooks[run.hook];
    if (hook === undefined) return undefined;
    const before = clock.now();
    watchdog?.entered(run.hook);
    try {
      return hook(subject, context, this.#verbs);
    } catch (error) {
      return new Thrown(error);
    } finally {
      watchdog?.left();
      const ms = clock.now() - before;
      if (ms > BLOCKED_MS) {
        this.#runs.blocked(run.hook);
        log.warn('routes.blocked', { hook: run.hook, cid: run.cid, ms: Math.round(ms) });
      }
    }
  }

  #await(run: Run, queue: string, answer: PromiseLike<unknown>, done: (result: Routed) => void): void {
    const runs = this.#runs;
    const { timers } = runs.env;
    const settle = (result: Routed): void => {
      if (pending.result !== undefined) return;
      pending.result = result;
      timers.clear(timer);
      runs.advance(queue);
    };
    const pending: Pending = { result: undefined, done, settle };
    const timer = timers.set(this.deadlineMs, () => {
      if (pending.result !== undefined) return;
      settle(this.#fail(run, 'late', new Error(`no answer within ${this.deadlineMs} ms`)));
    });
    runs.add(queue, pending);
    // A promise of our own, because a thenable of the script's may call back twice, at once, or throw.
    new Promise((resolve) => {
      resolve(answer);
    }).then(
      (value) => {
        if (pending.result === undefined) settle(this.#judge(run, value));
      },
      (error: unknown) => {
        if (pending.result === undefined) settle(this.#fail(run, 'rejected', error));
      },
    );
  }

  #judge(run: Run, answer: unknown): Routed {
    if (answer instanceof Thrown) return this.#fail(run, 'threw', answer.error);
    const action = answer === undefined ? RELAY : answer;
    if (!isRouteAction(action)) {
      const why = `${run.hook} returned ${describe(answer)}; it returns what a verb made, or nothing`;
      return this.#fail(run, 'answer', new TypeError(why));
    }
    const fault = faultOfAnswer(run.occasion, action);
    if (fault !== undefined) return this.#fail(run, 'answer', new TypeError(fault));
    this.#runs.ran(run.hook, action.verb);
    return action;
  }

  #fail(run: Run, reason: FailureReason, error: unknown): 'failed' {
    const runs = this.#runs;
    runs.failure(run.hook, reason);
    runs.ran(run.hook, 'failed');
    runs.env.log.error('routes.failed', {
      hook: run.hook,
      reason,
      cid: run.cid,
      message: error instanceof Error ? error.message : describe(error),
      stack: error instanceof Error && reason !== 'late' ? error.stack : undefined,
    });
    return 'failed';
  }
}

/** A thrown value on its way to be judged. */
class Thrown {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

function verbsOf(runs: RouteRuns): Verbs {
  const { log } = runs.env;
  return Object.freeze<Verbs>({
    ...{ relay, reject, redirect, drop, rewrite, authorize },
    element: newElement,
    log: (message, fields) => log.info('routes.log', { ...fields, message }),
    count: (name, by) => runs.count(name, by),
  });
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return value instanceof Promise || (isObject(value) && typeof readThen(value) === 'function');
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' || typeof value === 'function') && value !== null;
}

/** A getter of the script's may throw. */
function readThen(value: object): unknown {
  try {
    return Reflect.get(value, 'then');
  } catch {
    return undefined;
  }
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 80));
  if (value === null || typeof value !== 'object')
    return typeof value === 'symbol' ? 'a symbol' : String(value);
  return Array.isArray(value) ? 'a list' : 'an object of its own';
}
