// The reliable provisional responses of a callee, one at a time (RFC 3262 §3), and their order at the caller (§4).

import { DEFAULT_TIMERS, type TimersConfig } from '../transaction/timing.ts';
import type { Description } from './offers.ts';

/** A provisional response above 100. */
export interface Progress {
  readonly status: number;
  readonly description: Description;
}

/** One that waits for its PRACK. */
export interface Unconfirmed extends Progress {
  readonly rseq: number;
  /** Interval of retransmission that runs, and what is left of 64*T1 after it; milliseconds. */
  readonly intervalMs: number;
  readonly leftMs: number;
}

export interface Reliable {
  /** RSeq of the next one. */
  readonly next: number;
  readonly unconfirmed: Unconfirmed | undefined;
  /** "It is RECOMMENDED that the UAS not send an additional reliable provisional response until the previous is acknowledged." */
  readonly queue: readonly Progress[];
}

/** More would be told to nobody who is interested. */
const MAX_QUEUE = 4;

/** `first`: RSeq of the first one, at random in 1 … 2^31 - 1 (§3). */
export function beginReliable(first: number): Reliable {
  return { next: first, unconfirmed: undefined, queue: [] };
}

/** The next one leaves or, behind another, waits. A queue that is full keeps what holds a description. */
export function enqueue(reliable: Reliable, progress: Progress, timing: TimersConfig): Reliable {
  if (reliable.unconfirmed === undefined) return leave(reliable, progress, timing);
  const { queue } = reliable;
  const last = queue.at(-1) ?? reliable.unconfirmed;
  // Said already.
  if (progress.description === 'none' && last.status === progress.status) return reliable;
  if (queue.length < MAX_QUEUE) return { ...reliable, queue: [...queue, progress] };
  if (progress.description === 'none') return reliable;
  const dropped = queue.findIndex(({ description }) => description === 'none');
  return { ...reliable, queue: [...queue.filter((_, at) => at !== dropped), progress] };
}

/** Its PRACK is there: the next one of the queue leaves. */
export function confirmed(reliable: Reliable, timing: TimersConfig): Reliable {
  const [first, ...queue] = reliable.queue;
  const free: Reliable = { ...reliable, unconfirmed: undefined, queue };
  return first === undefined ? free : leave(free, first, timing);
}

/** §3: "an interval that starts at T1 seconds and doubles"; undefined: 64*T1 are over. */
export function sentAgain(unconfirmed: Unconfirmed): Unconfirmed | undefined {
  if (unconfirmed.leftMs === 0) return undefined;
  const intervalMs = Math.min(2 * unconfirmed.intervalMs, unconfirmed.leftMs);
  return { ...unconfirmed, intervalMs, leftMs: unconfirmed.leftMs - intervalMs };
}

function leave(reliable: Reliable, progress: Progress, timing: TimersConfig = DEFAULT_TIMERS): Reliable {
  const { t1Ms } = timing;
  const unconfirmed: Unconfirmed = {
    ...progress,
    rseq: reliable.next,
    intervalMs: t1Ms,
    leftMs: 63 * t1Ms,
  };
  // "The value of the RSeq in each subsequent reliable provisional response … MUST be greater by exactly one."
  return { ...reliable, next: reliable.next + 1, unconfirmed };
}

/** §4: the first of a dialog sets the number; each later one must be "one higher", else it is dropped. */
export function isNext(last: number | undefined, rseq: number): boolean {
  return last === undefined || rseq === last + 1;
}
