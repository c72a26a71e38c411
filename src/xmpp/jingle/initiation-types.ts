// What the machine of a proposed call is made of. The machine itself, with its picture: initiation-machine.ts.

import type { StanzaError } from '../stanza/error.ts';
import type { XmlElement } from '../../xml/index.ts';
import type { Initiation, InitiationKind } from './initiation.ts';
import type { Reason } from './reason.ts';

/** Which side we are: proposer of the call, or the one to whom it was proposed. */
export type InitiationRole = 'proposer' | 'proposee';

/**
 * proposed: nobody has answered. ringing: a device said so. proceeded: a device takes it, and its session is about to
 * begin. running: the session has begun (session-initiate). ended: of the call.
 */
export type InitiationPhase = 'idle' | 'proposed' | 'ringing' | 'proceeded' | 'running' | 'ended';

export interface InitiationLimits {
  /** Milliseconds for which a proposal waits for a device that takes it (CALL-95: 60 to 120 s). */
  readonly answerMs: number;
  /** Milliseconds between proceed and session-initiate. */
  readonly initiateMs: number;
}

export interface InitiationState {
  readonly phase: InitiationPhase;
  readonly role: InitiationRole;
  /** Of the proposal and of its session. */
  readonly id: string;
  /** Our full JID, and the bare JID of the other party. */
  readonly self: string;
  readonly peer: string;
  /** Full JID of the other party's device: the one that proposed, or the one that takes the call. */
  readonly device?: string | undefined;
  /** Full JID of the one device that we propose to; undefined: all of them hear it. */
  readonly only?: string | undefined;
  readonly limits: InitiationLimits;
}

export type InitiationEvent =
  /** Our proposal. */
  | { readonly kind: 'propose'; readonly descriptions: readonly XmlElement[] }
  /** The phone of the proposee rings. */
  | { readonly kind: 'ring' }
  /** The proposee takes the call. */
  | { readonly kind: 'proceed' }
  /** The session has begun: its session-initiate went out, or came. */
  | { readonly kind: 'begun' }
  /** We do not want it any more, or it is over. Which message says so is seen from the phase. */
  | { readonly kind: 'leave'; readonly reason: Reason }
  /** A message of the other party with this id. */
  | { readonly kind: 'received'; readonly from: string; readonly initiation: Initiation }
  /** The other party proposes another call to us: "Tie Breaking". */
  | { readonly kind: 'crossed'; readonly from: string; readonly id: string }
  /** An error stanza about a message of ours. */
  | { readonly kind: 'error'; readonly about: InitiationKind; readonly error: StanzaError }
  /** The time of `startTimer` is over. */
  | { readonly kind: 'timer' };

export type InitiationReport =
  /** A call is proposed to us. */
  | { readonly kind: 'proposed'; readonly descriptions: readonly XmlElement[]; readonly device: string }
  /** A device rings: the first one. */
  | { readonly kind: 'ringing' }
  /** The session-initiate belongs to this device. */
  | { readonly kind: 'proceed'; readonly device: string };

/**
 * rejected, retracted, finished: by the other party. left: by us. overruled: both proposed, and the other proposal is the
 * one. migrated: the call goes on as another session that the other party proposed. failed: our message came back. unanswered: nobody took
 * it, or began the session.
 */
export type InitiationEnd =
  | { readonly cause: 'rejected' | 'retracted'; readonly reason?: Reason | undefined }
  | {
      readonly cause: 'finished';
      readonly reason?: Reason | undefined;
      readonly migratedTo?: string | undefined;
    }
  | { readonly cause: 'left'; readonly reason: Reason }
  | { readonly cause: 'overruled' }
  | { readonly cause: 'migrated'; readonly to: string }
  | { readonly cause: 'failed'; readonly error: StanzaError }
  | { readonly cause: 'unanswered' };

export type InitiationEffect =
  /** A message (see `initiationMessage`); an error about it comes back as an event with its kind. */
  | { readonly kind: 'send'; readonly to: string; readonly initiation: Initiation }
  | { readonly kind: 'report'; readonly report: InitiationReport }
  /** There is one timer. Starting it anew stops it. */
  | { readonly kind: 'startTimer'; readonly ms: number }
  | { readonly kind: 'stopTimer' }
  /** Exactly once for each call that was proposed. */
  | { readonly kind: 'end'; readonly end: InitiationEnd };

export interface InitiationTransition {
  readonly state: InitiationState;
  readonly effects: readonly InitiationEffect[];
  /** False: the state knows nothing of such an event, and nothing changed. */
  readonly expected: boolean;
}

export const DEFAULT_INITIATION_LIMITS: InitiationLimits = { answerMs: 120_000, initiateMs: 30_000 };
