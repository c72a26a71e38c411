// Waiting for something that another process will do: polling with a bound, and a plain pause.

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

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
