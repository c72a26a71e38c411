// The words of the machine of changes (`changes.ts`): its states, events and effects.

import type { Description, Offer } from './offers.ts';

export type ChangeMethod = 'INVITE' | 'UPDATE';

/** A request of ours. */
export interface Change {
  readonly method: ChangeMethod;
  /** INVITE without an offer asks the peer for one. */
  readonly offer: boolean;
}

export type OurChange =
  | { readonly name: 'idle' }
  | {
      readonly name: 'sent';
      readonly change: Change;
      /** Of its last reliable provisional response. */
      readonly rseq: number | undefined;
      /** That of a reliable provisional response with an offer, whose PRACK waits for our answer. */
      readonly owed: number | undefined;
      /** An exchange was complete before the final response. */
      readonly executed: boolean;
    }
  /** The peer's offer in the 2xx waits for our answer, which goes into the ACK. */
  | { readonly name: 'owed' }
  /** After 491, or 500 with Retry-After. */
  | { readonly name: 'pausing' };

/** An INVITE or UPDATE of the peer that has no final response yet. */
export interface TheirChange {
  readonly cseq: number;
  readonly description: Description;
}

/** A 2xx of ours to INVITE that has no ACK yet. */
export interface Unacknowledged {
  readonly cseq: number;
  /** Interval of retransmission that runs, and what is left of 64*T1 after it; milliseconds. */
  readonly intervalMs: number;
  readonly leftMs: number;
  /** It holds an offer, and the ACK has to hold the answer. */
  readonly answerDue: boolean;
  /** To the INVITE that began the call: no BYE before its ACK (RFC 3261 §15). */
  readonly first: boolean;
}

export interface Changes {
  readonly phase: 'early' | 'confirmed';
  /** We made the Call-ID (RFC 3261 §14.1). */
  readonly owner: boolean;
  readonly offer: Offer;
  /** A reliable answer of ours has no PRACK yet, so that we may not offer again (RFC 3311 §5.1). */
  readonly held: boolean;
  readonly ours: OurChange;
  /** Leaves as soon as it may. */
  readonly wanted: Change | undefined;
  /** Answers of 491 or 500, one after the other. */
  readonly collisions: number;
  readonly invite: TheirChange | undefined;
  readonly update: TheirChange | undefined;
  readonly unacknowledged: readonly Unacknowledged[];
}

export type ChangeEvent =
  | { readonly kind: 'want'; readonly change: Change }
  /** A provisional response above 100 to our re-INVITE; `rseq` when it is reliable. */
  | { readonly kind: 'provisional'; readonly rseq?: number; readonly description: Description }
  /** The first 2xx to our request. */
  | { readonly kind: 'accepted'; readonly description: Description }
  /** A 2xx to an INVITE of ours that had a 2xx before. */
  | { readonly kind: 'acceptedAgain'; readonly cseq: number }
  /** The answer for the ACK or PRACK that is owed is there. */
  | { readonly kind: 'acknowledge' }
  /** Another final response, after credentials and further targets. */
  | { readonly kind: 'refused'; readonly status: number; readonly retryAfter?: number }
  | { readonly kind: 'failed'; readonly reason: 'timeout' | 'transport' | 'unlocatable' | 'stopped' }
  /** The end of `pause`. */
  | { readonly kind: 'timerPause' }
  /** A request of the peer, in order, that passed all checks. */
  | {
      readonly kind: 'received';
      readonly method: ChangeMethod;
      readonly cseq: number;
      readonly description: Description;
    }
  /** Our final response to it. */
  | {
      readonly kind: 'answer';
      readonly method: ChangeMethod;
      readonly status: number;
      readonly description: Description;
    }
  /** CANCEL of the peer's re-INVITE. */
  | { readonly kind: 'cancelled'; readonly cseq: number }
  /** An ACK to a 2xx of ours. */
  | { readonly kind: 'ack'; readonly cseq: number; readonly description: Description }
  /** The end of `wait`. */
  | { readonly kind: 'timerAgain'; readonly cseq: number };

export type ChangeEffect =
  /** Sends a request; an offer is made now. */
  | { readonly kind: 'send'; readonly method: ChangeMethod; readonly description: Description }
  /** ACK to the 2xx at hand. `rejecting`: the answer refuses every medium. */
  | { readonly kind: 'ack'; readonly description: Description; readonly rejecting?: true }
  /** The ACK once more, if it was sent. */
  | { readonly kind: 'ackAgain'; readonly cseq: number }
  /** PRACK; an offer in the provisional response is answered in it. */
  | { readonly kind: 'prack'; readonly rseq: number; readonly description: Description }
  /** Final response. `retryAfter`: with Retry-After, random in 0 … 10 s. */
  | {
      readonly kind: 'reply';
      readonly cseq: number;
      readonly status: number;
      readonly description: Description;
      readonly retryAfter?: true;
    }
  /** The 2xx once more. */
  | { readonly kind: 'replyAgain'; readonly cseq: number }
  /** Timer of a 2xx without ACK, from now; it replaces the one before. */
  | { readonly kind: 'wait'; readonly cseq: number; readonly ms: number }
  | { readonly kind: 'stopWait'; readonly cseq: number }
  /** Timer, random in this range in units of 10 ms. */
  | { readonly kind: 'pause'; readonly minMs: number; readonly maxMs: number }
  /** The peer asks for this; answer it by `answer`. */
  | {
      readonly kind: 'asked';
      readonly method: ChangeMethod;
      readonly cseq: number;
      readonly description: Description;
    }
  /** The body at hand counts. */
  | { readonly kind: 'take'; readonly description: Description }
  /** Our change was accepted. */
  | { readonly kind: 'done'; readonly method: ChangeMethod }
  /** Our change failed, and all is as it was (RFC 3261 §14.1). */
  | { readonly kind: 'undone'; readonly method: ChangeMethod; readonly why: number | 'transport' | 'stopped' }
  /** The call cannot go on. */
  | { readonly kind: 'lost'; readonly why: Loss };

export type Loss =
  /** By this final response. */
  | number
  /** No response at all. */
  | 'timeout'
  /** No ACK in 64*T1 (RFC 3261 §13.3.1.4). */
  | 'noAck'
  /** An answer was due, and there was none. */
  | 'noAnswer';

export interface ChangesTransition {
  readonly state: Changes;
  readonly effects: readonly ChangeEffect[];
  readonly expected: boolean;
}
