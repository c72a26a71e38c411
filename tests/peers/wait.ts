// Waiting for something that another process will do: polling with a bound, and a plain pause.

import { setImmediate as turnOfSockets, setTimeout as setTimer } from 'node:timers/promises';

/** Enough for a request through the gateway and what comes back, each a turn. */
const TURNS = 5;

/** Polls `probe` until it returns something truthy; undefined when `timeoutMs` is over. */
export async function waitFor<T>(
  probe: () => T | Promise<T>,
  timeoutMs: number,
  stepMs = 20,
): Promise<NonNullable<T> | undefined> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (performance.now() > end) return undefined;
    await pause(stepMs);
  }
}

/** As `waitFor`, but an Error that names `what` when the time is over. */
export async function mustBecome<T>(
  what: string,
  probe: () => T | Promise<T>,
  timeoutMs: number,
): Promise<NonNullable<T>> {
  const value = await waitFor(probe, timeoutMs);
  if (value === undefined) throw new Error(`${what}: not within ${timeoutMs} ms`);
  return value;
}

/** So long, and in several turns of the event loop: where the machine stood still meanwhile, a timer fires before the sockets are looked
 * at, and what has come in would not have been seen. */
export async function pause(ms: number): Promise<void> {
  const turns = ms < TURNS ? 1 : TURNS;
  for (let turn = 0; turn < turns; turn++) {
    await turnOfSockets();
    // In the phase of the timers what was closed in this turn is closed.
    await setTimer(ms / turns);
  }
}
