// Drives the ends of many calls: so many at once, or so many a second, and waits for what comes of each.

import type { CallDirection, CallEnds, CallNews } from './call-ends.ts';

/** How a stage of the load ended. */
export interface Done {
  readonly of: number;
  readonly done: number;
  readonly ms: number;
  /** What was heard of the first ones that failed. */
  readonly failures: readonly string[];
}

/** Milliseconds without any progress after which a stage is given up. */
const PATIENCE_MS = 20_000;
const MAX_FAILURES = 3;
const TICK_MS = 10;

interface Stage {
  /** Users whose turn it is, in order. */
  readonly users: readonly number[];
  /** Outstanding at once, or begun a second. */
  readonly window?: number;
  readonly perSecond?: number;
  begin(user: number): void;
  /** True: this user has all that he has to. */
  take(user: number, news: CallNews): boolean;
}

/** Each user's call up to its answer, and then, where `hangUp`, to its end. */
export function makeCalls(
  ends: CallEnds,
  parts: {
    readonly users: readonly number[];
    readonly direction: CallDirection;
    readonly hangUp: boolean;
    readonly window?: number;
    readonly perSecond?: number;
  },
): Promise<Done> {
  const { users, direction, hangUp, ...pace } = parts;
  return run(ends, {
    ...{ users, ...pace },
    begin: (user) => ends.begin(user, direction),
    take: (user, news) => {
      if (news === 'up' && hangUp) ends.end(user);
      return news === (hangUp ? 'down' : 'up');
    },
  });
}

/** A request within each call. */
export function askWithin(
  ends: CallEnds,
  parts: {
    readonly users: readonly number[];
    readonly who: 'phones' | 'clients';
    readonly window?: number;
    readonly perSecond?: number;
  },
): Promise<Done> {
  const { users, who, ...pace } = parts;
  return run(ends, {
    ...{ users, ...pace },
    begin: (user) => (who === 'phones' ? ends.update(user) : ends.ping(user)),
    take: (_, news) => news === (who === 'phones' ? 'refreshed' : 'there'),
  });
}

/** Each user's answered call to its end. */
export function hangUp(
  ends: CallEnds,
  parts: { readonly users: readonly number[]; readonly perSecond: number },
): Promise<Done> {
  return run(ends, { ...parts, begin: (user) => ends.end(user), take: (_, news) => news === 'down' });
}

/** As after a restart: all at once, and again every half second where nothing came of it (timer E, RFC 3261 §17.1.2.2). */
export async function askUntilAnswered(ends: CallEnds, users: readonly number[]): Promise<Done> {
  const open = new Set(users);
  const again = setInterval(() => {
    for (const user of open) ends.update(user, true);
  }, 500);
  try {
    return await run(ends, {
      ...{ users, window: users.length },
      begin: (user) => ends.update(user),
      take: (user, news) => news === 'refreshed' && open.delete(user),
    });
  } finally {
    clearInterval(again);
  }
}

async function run(ends: CallEnds, stage: Stage): Promise<Done> {
  const { users, window = users.length, perSecond } = stage;
  const failures: string[] = [];
  /** What comes twice counts once: a response to a request that was sent again. */
  const taken = new Set<number>();
  const over = Promise.withResolvers<void>();
  const began = performance.now();
  let [next, done, failed, movedMs] = [0, 0, 0, began];
  const begin = (): void => {
    const user = users[next++];
    if (user !== undefined) stage.begin(user);
  };
  ends.heard = (user, news, text) => {
    if (news === 'failed') {
      failed += 1;
      if (failures.length < MAX_FAILURES) failures.push(text.slice(0, 600));
    } else if (!taken.has(user) && stage.take(user, news)) {
      taken.add(user);
      done += 1;
    } else return;
    movedMs = performance.now();
    if (done + failed >= users.length) over.resolve();
    else if (perSecond === undefined) begin();
  };
  const watch = setInterval(() => {
    const now = performance.now();
    const due = perSecond === undefined ? 0 : Math.floor(((now - began) / 1000) * perSecond);
    for (let more = due - next; more > 0; more--) begin();
    if (now - movedMs > PATIENCE_MS) over.resolve();
  }, TICK_MS);
  if (perSecond === undefined) for (let i = 0; i < window; i++) begin();
  await over.promise;
  clearInterval(watch);
  ends.heard = () => undefined;
  return { of: users.length, done, ms: movedMs - began, failures };
}
