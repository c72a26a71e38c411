// One early dialog of a call that we make: the order of its reliable provisional responses, and what was offered and
// answered in it (RFC 3262 §4, §5; RFC 3261 §13.2.1).

import type { Changes } from './change.ts';
import { beginChanges } from './changes.ts';
import { isOurs, type Description } from './offers.ts';
import { isNext } from './reliable.ts';

export interface Fork {
  /** Its To tag in lower case; '' for a peer without tags. */
  readonly tag: string;
  /** RSeq of the last reliable provisional response in order. */
  readonly rseq: number | undefined;
  /** That of one with an offer, whose PRACK waits for our answer. */
  readonly owed: number | undefined;
  readonly changes: Changes;
  /** bye: we ended it by BYE. lost: that BYE failed. other: the call was decided in another dialog. */
  readonly ended: 'no' | 'bye' | 'lost' | 'other';
}

export type ForkEffect =
  | {
      readonly kind: 'prack';
      readonly tag: string;
      readonly rseq: number;
      readonly description: Description;
    }
  /** The body at hand counts in this dialog. */
  | { readonly kind: 'take'; readonly tag: string; readonly description: Description };

interface Provisional {
  readonly rseq?: number | undefined;
  readonly description: Description;
}

/** `sent`: what our INVITE holds. */
export function beginFork(tag: string, sent: Description): Fork {
  const changes = beginChanges('early', true, sent === 'offer' ? 'ours' : 'none');
  return { tag: tag.toLowerCase(), rseq: undefined, owed: undefined, changes, ended: 'no' };
}

/** True while the offer of the INVITE, and not that of an UPDATE, waits for its answer. */
export function waitsForAnswer({ changes: { offer, ours } }: Fork): boolean {
  return isOurs(offer) && !(ours.name === 'sent' && ours.change.offer);
}

/** After a provisional response above 100; undefined: it is out of order or came before, and means nothing. */
export function forkProgress(
  fork: Fork,
  { rseq, description }: Provisional,
): { readonly fork: Fork; readonly effects: readonly ForkEffect[] } | undefined {
  const { changes, tag } = fork;
  const take: ForkEffect = { kind: 'take', tag, description };
  if (rseq === undefined) {
    // The first description is the answer; an offer may not stand in a response that may be lost (RFC 6337 §3.1).
    if (description !== 'answer' || changes.offer !== 'ours' || !waitsForAnswer(fork)) {
      return { fork, effects: [] };
    }
    return { fork: { ...fork, changes: { ...changes, offer: 'previewed' } }, effects: [take] };
  }
  if (!isNext(fork.rseq, rseq)) return undefined;
  const next: Fork = { ...fork, rseq };
  const prack: ForkEffect = { kind: 'prack', tag, rseq, description: 'none' };
  if (description === 'answer' && waitsForAnswer(fork)) {
    const agreed: Fork = { ...next, changes: { ...changes, offer: 'agreed' } };
    return { fork: agreed, effects: changes.offer === 'ours' ? [take, prack] : [prack] };
  }
  if (description === 'offer' && changes.offer === 'none') {
    // RFC 3262 §5: "it MUST generate an answer in the PRACK".
    return { fork: { ...next, owed: rseq, changes: { ...changes, offer: 'theirs' } }, effects: [take] };
  }
  return { fork: next, effects: [prack] };
}

/** What the first 2xx of this dialog means for the session. */
export type Acceptance =
  /** The session begins with these changes. `owed`: the ACK waits for our answer. `take`: the body counts. */
  | { readonly kind: 'session'; readonly changes: Changes; readonly owed: boolean; readonly take: boolean }
  /** An answer, or an offer, was due, and there is none. */
  | { readonly kind: 'nothing' };

export function forkAccepted(fork: Fork, description: Description): Acceptance {
  const changes: Changes = { ...fork.changes, phase: 'confirmed' };
  const owed: Changes = { ...changes, offer: 'theirs', ours: { name: 'owed' } };
  // The 2xx should have waited for the PRACK: the answer goes into the ACK then.
  if (fork.owed !== undefined) return { kind: 'session', changes: owed, owed: true, take: false };
  if (changes.offer === 'none') {
    return description === 'offer'
      ? { kind: 'session', changes: owed, owed: true, take: true }
      : { kind: 'nothing' };
  }
  if (!waitsForAnswer(fork)) return { kind: 'session', changes, owed: false, take: false };
  if (description !== 'answer' && changes.offer !== 'previewed') return { kind: 'nothing' };
  const agreed: Changes = { ...changes, offer: 'agreed' };
  return { kind: 'session', changes: agreed, owed: false, take: changes.offer === 'ours' };
}
