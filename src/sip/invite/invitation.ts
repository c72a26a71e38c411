// The words of the machine of a call that comes to us (`callee.ts`): its states, events and effects.

import type { ChangeEffect, ChangeEvent, Changes } from './change.ts';
import type { CallEnd } from './end.ts';
import type { Description } from './offers.ts';
import type { Progress, Reliable } from './reliable.ts';

/** What the INVITE says. */
export interface Invitation {
  /** CSeq number. */
  readonly cseq: number;
  readonly description: Description;
  /** "100rel" in neither, in Supported, in Require. */
  readonly reliability: 'none' | 'supported' | 'required';
  /** RSeq of our first reliable response, at random in 1 … 2^31 - 1 (RFC 3262 §3). */
  readonly firstRSeq: number;
}

export interface OpenInvitation {
  /** holding: the 2xx is decided, and waits for a PRACK. */
  readonly name: 'invited' | 'early' | 'holding';
  readonly invitation: Invitation;
  readonly changes: Changes;
  readonly reliable: Reliable;
  /** The last provisional response, which is said again after a while. */
  readonly last: number | undefined;
  /** A PRACK with an offer that waits for our answer. */
  readonly prack: number | undefined;
}

/** The final response has left. */
export interface AnsweredInvitation {
  readonly name: 'done';
  readonly accepted: boolean;
  readonly cseq: number;
  /** RSeq of a reliable response whose PRACK may still come (§3: "MUST be prepared to process PRACK requests"). */
  readonly unconfirmed: number | undefined;
}

export type CalleeState = OpenInvitation | AnsweredInvitation;

export type CalleeEvent =
  /** A provisional response of ours, above 100: it rings, or early media. */
  | { readonly kind: 'progress'; readonly progress: Progress }
  /** A 2xx. `description`: the answer when one is due, the offer when none was made, else nothing. */
  | { readonly kind: 'accept'; readonly description: Description }
  /** 300 … 699. */
  | { readonly kind: 'refuse'; readonly status: number }
  /** The time that Expires of the INVITE gives is over. */
  | { readonly kind: 'timerExpires' }
  /** CANCEL; the transaction has answered it 200. */
  | { readonly kind: 'cancelled' }
  /** BYE on the early dialog. */
  | { readonly kind: 'bye'; readonly cseq: number }
  /** PRACK with its RAck; `invite` is the CSeq number in it. */
  | {
      readonly kind: 'prack';
      readonly cseq: number;
      readonly rseq: number;
      readonly invite: number;
      readonly description: Description;
    }
  /** Our answer to the offer of a PRACK, or its refusal. */
  | { readonly kind: 'answerPrack'; readonly status: number }
  /** Of an UPDATE in the early dialog. */
  | { readonly kind: 'change'; readonly event: ChangeEvent }
  /** The end of `waitForPrack`. */
  | { readonly kind: 'timerPrack' }
  /** The end of `waitToRepeat`. */
  | { readonly kind: 'timerRepeat' };

export type CalleeEffect =
  /** `rseq`: with RSeq and "Require: 100rel". */
  | {
      readonly kind: 'provisional';
      readonly status: number;
      readonly description: Description;
      readonly rseq?: number;
    }
  /** The last reliable one once more. */
  | { readonly kind: 'provisionalAgain' }
  /** Final response to the INVITE. */
  | { readonly kind: 'respond'; readonly status: number; readonly description: Description }
  /** Final response to another request in the dialog. */
  | {
      readonly kind: 'reply';
      readonly cseq: number;
      readonly status: number;
      readonly description: Description;
    }
  /** The body at hand counts. An offer in a PRACK is answered by `answerPrack`. */
  | { readonly kind: 'take'; readonly description: Description }
  | { readonly kind: 'change'; readonly effect: ChangeEffect }
  /** Timers, from now; each replaces the one before of its kind. */
  | { readonly kind: 'waitForPrack'; readonly ms: number }
  | { readonly kind: 'stopWaitForPrack' }
  | { readonly kind: 'waitToRepeat'; readonly ms: number }
  | { readonly kind: 'stopWaitToRepeat' }
  /** The 2xx has left, and the session begins: `beginSession`. The ACK is waited for so long. */
  | { readonly kind: 'established'; readonly changes: Changes; readonly waitMs: number }
  /** The only outcome, unless a session was established. */
  | { readonly kind: 'ended'; readonly end: CallEnd };

export interface CalleeTransition {
  readonly state: CalleeState;
  readonly effects: readonly CalleeEffect[];
  readonly expected: boolean;
}
