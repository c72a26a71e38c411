// Ends what hangs in a test run, so that a run always has an end and names the culprit.
import { readdirSync, readFileSync } from 'node:fs';

const LOOK_EVERY_MS = 1_000;

/**
 * Kills each child of `runner` (a test file's process) that is older than `limitMs`, and says which it was; the runner
 * then counts that file as failed and goes on. Returns the function that ends the watch.
 */
export function watchForHangs(runner: number, limitMs: number): () => void {
  const firstSeen = new Map<number, number>();
  const timer = setInterval(() => {
    const now = performance.now();
    for (const pid of childrenOf(runner)) {
      const since = firstSeen.get(pid) ?? now;
      firstSeen.set(pid, since);
      if (now - since < limitMs) continue;
      process.stdout.write(`\nHangs for ${limitMs / 1_000} s and is ended: ${commandOf(pid)}\n`);
      kill(pid);
      firstSeen.delete(pid);
    }
  }, LOOK_EVERY_MS);
  return () => clearInterval(timer);
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')
        .trim()
        .split(' ')
        .filter(Boolean)
        .map(Number),
    );
  } catch {
    // It has just ended, or this kernel does not tell.
    return [];
  }
}

function commandOf(pid: number): string {
  try {
    return (
      readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        .split('\0')
        .findLast((part) => part.endsWith('.ts')) ?? `process ${pid}`
    );
  } catch {
    return `process ${pid}`;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself meanwhile.
  }
}
