// What machine K, a call between a SIP user and an XMPP user, is made of: its state, what happens to it, and what it wants
// done. The machine itself, with its picture: machine.ts. Words of the machines of the two legs pass through it as they are,
// so that a driver hands them on and translates nothing.

import type { MediaDescription, OfferAnswerState, Origin, SessionDescription } from '../../sdp/index.ts';
import type { CallEnd, ChangeMethod } from '../../sip/index.ts';
import type {
  Content,
  ContentGroup,
  ContentName,
  Dtmf,
  InitiationEnd,
  InitiationEvent,
  InitiationReport,
  OwnAction,
  ReasonCondition,
  SessionEnd,
  SessionReport,
  StanzaError,
} from '../../xmpp/index.ts';
import type { Candidate } from '../../sdp/index.ts';
import type { ContentTable } from './content-table.ts';

/** toXmpp: a SIP user calls an XMPP user. */
export type CallDirection = 'toXmpp' | 'toSip';

/**
 * idle: before its first event. proposing: proposed to the devices of the XMPP user. initiating: a device has the
 * session-initiate. answering: it took the call, and its candidates are waited for. proposed: an XMPP user proposed, and
 * was told to proceed. gathering: his session-initiate is there, and candidates are waited for. calling: the INVITE is
 * out. up: answered. ended: its outcome is told.
 */
export type CallPhase =
  | 'idle'
  | 'proposing'
  | 'initiating'
  | 'answering'
  | 'proposed'
  | 'gathering'
  | 'calling'
  | 'up'
  | 'ended';

/** Legs that have begun and have not reported their end. */
export interface Legs {
  readonly sip: boolean;
  readonly session: boolean;
  readonly initiation: boolean;
}

/** A description of the SIP side that came before its 2xx, by To tag. */
export interface Early {
  readonly tag: string;
  readonly remote: SessionDescription;
  /** What it was agreed with, when not with the offer of the INVITE: our answer to an UPDATE. */
  readonly local?: SessionDescription | undefined;
}

/** A request of the SIP side that changes the session and waits for the XMPP side. */
export interface Asked {
  readonly method: ChangeMethod;
  readonly offer: SessionDescription;
  /** Contents that were added, and those whose transport is another, without a decision. */
  readonly added: readonly ContentName[];
  readonly replaced: readonly ContentName[];
  /** The table without the lines of this offer. */
  readonly table: ContentTable;
}

/** An offer of ours within the session that has no answer. */
export interface Offered {
  /** Of the XMPP side, decided by the answer. */
  readonly added: readonly Content[];
  readonly replaced: readonly ContentName[];
  /** The table without them. */
  readonly table: ContentTable;
}

export interface CallState {
  readonly phase: CallPhase;
  readonly direction: CallDirection;
  readonly legs: Legs;
  /** The caller has been told that it rings. */
  readonly rung: boolean;
  readonly table: ContentTable;
  /** What the XMPP side sends and wants, by content: its descriptions, its transports, and who sends. */
  readonly contents: readonly Content[];
  readonly groups: readonly ContentGroup[];
  /** Contents of the XMPP side that it added and that were not offered yet. */
  readonly adding: readonly Content[];
  /** Contents whose transport it replaced, with the one before, until that is offered and answered. */
  readonly replacing: readonly Content[];
  readonly exchange: OfferAnswerState;
  /** The first o= of ours, and what was sent to the SIP side last. */
  readonly origin: Origin;
  readonly sent?: SessionDescription | undefined;
  readonly early: readonly Early[];
  readonly offered?: Offered | undefined;
  readonly asked?: Asked | undefined;
  /** Who put the other one on hold. */
  readonly held: { readonly bySip: boolean; readonly byXmpp: boolean };
  /** driver: it can carry candidates in INFO (RFC 8840). sip: the SIP side takes them. */
  readonly trickle: { readonly driver: boolean; readonly sip: boolean };
  /** The SIP side does not know yet what the XMPP side changed. */
  readonly dirty: boolean;
  /** Contents of which candidates wait to be told, for a SIP side that takes them one by one. */
  readonly untold: readonly Content[];
  /** Number of the last candidate that was named. */
  readonly candidates: number;
  readonly timers: readonly CallTimer[];
}

/** answer: nobody answers. gather: candidates of the XMPP side. change: the XMPP side does not decide. */
export type CallTimer = 'answer' | 'gather' | 'change';

/** Candidates of one medium as they stand in a fragment of a description (RFC 8840 §9). */
export interface TrickledMedium {
  readonly media: MediaDescription['media'];
  readonly mid?: string | undefined;
  readonly ufrag?: string | undefined;
  readonly pwd?: string | undefined;
  readonly candidates: readonly Candidate[];
  /** No more come. */
  readonly end: boolean;
}

export type CallEvent =
  /** An INVITE that passed all checks, for an XMPP user. `trickle`: it has "Supported: trickle-ice". */
  | {
      readonly kind: 'invited';
      readonly description?: SessionDescription | undefined;
      readonly trickle: boolean;
      /** Full JID of a client that knows no proposals (CALL-101); else they are proposed to all. */
      readonly device?: string | undefined;
    }
  /** Provisional response to our INVITE, above 100. */
  | { readonly kind: 'progress'; readonly status: number }
  /** A description in one, which counts. */
  | { readonly kind: 'early'; readonly tag: string; readonly description: SessionDescription }
  /** Our INVITE was answered, and the session begins in this dialog. */
  | {
      readonly kind: 'answered';
      readonly tag: string;
      readonly description?: SessionDescription | undefined;
      readonly trickle: boolean;
    }
  /** The SIP side asks for a change (`asked` of its leg). `tag`: of an early dialog. */
  | {
      readonly kind: 'asked';
      readonly method: ChangeMethod;
      readonly description?: SessionDescription | undefined;
      readonly tag?: string | undefined;
    }
  /** It took that back: CANCEL of a re-INVITE. */
  | { readonly kind: 'askedNoMore' }
  /** The answer to an offer of ours that stood in a 2xx, in the ACK. */
  | { readonly kind: 'acknowledged'; readonly description: SessionDescription }
  /** The leg sends a request with an offer now; the effect `offer` is what it says. */
  | { readonly kind: 'offerDue' }
  /** A 2xx to that request; `description`: the answer that counts. */
  | { readonly kind: 'changed'; readonly description?: SessionDescription | undefined }
  /** It failed, and all is as it was. */
  | { readonly kind: 'unchanged'; readonly status: number }
  | { readonly kind: 'trickled'; readonly media: readonly TrickledMedium[] }
  /** A tone in an INFO, which waits for `toneAnswer`. */
  | { readonly kind: 'tone'; readonly cseq: number; readonly tone: Dtmf }
  /** What became of `tones`. `status`: of the refusal. */
  | { readonly kind: 'toned'; readonly id: string; readonly status?: number | undefined }
  /** The SIP side is there: the answer to `probe`. Where it is not, its leg ends. */
  | { readonly kind: 'probed'; readonly id: string }
  /** The outcome of the SIP leg. `cause`: of the Reason header field with protocol SIP in its BYE or CANCEL. */
  | {
      readonly kind: 'sipEnded';
      readonly end: CallEnd;
      readonly cause?: number | undefined;
      readonly text?: string | undefined;
    }
  | { readonly kind: 'initiation'; readonly report: InitiationReport }
  | { readonly kind: 'initiationEnded'; readonly end: InitiationEnd }
  | { readonly kind: 'session'; readonly report: SessionReport }
  | { readonly kind: 'sessionEnded'; readonly end: SessionEnd }
  /** The end of `startTimer`. */
  | { readonly kind: 'timer'; readonly timer: CallTimer }
  /** One side handed its party over to somebody else, who has him now: CALL-35 to CALL-37. */
  | { readonly kind: 'handedOver'; readonly by: CallSide }
  /** Whoever runs the gateway ends the call: it drains, or is told to. */
  | { readonly kind: 'shutDown' };

export type CallSide = 'sip' | 'xmpp';

export type CallOutcome =
  /** It was answered; who hung up. */
  | { readonly kind: 'ended'; readonly by: CallSide | 'gateway' }
  /** It was answered, and one side was lost. */
  | { readonly kind: 'lost'; readonly side: CallSide; readonly why: string }
  /** It was not answered: the caller gave up, or the callee, or nobody decided. */
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'busy' }
  | { readonly kind: 'declined' }
  | { readonly kind: 'noAnswer' }
  /** `status`: of the SIP side, or what it was told. `why`: the condition of the XMPP side, or a word. */
  | {
      readonly kind: 'failed';
      readonly side: CallSide | 'gateway';
      readonly status: number;
      readonly why: string;
    };

export type CallEffect =
  // To the SIP leg.
  | { readonly kind: 'invite'; readonly description: SessionDescription }
  | { readonly kind: 'progress'; readonly status: number }
  | { readonly kind: 'accept'; readonly description: SessionDescription }
  /**
   * Ends the leg, by what it is in: a final response with `status` to an INVITE without one, CANCEL, or BYE. `cause`: of a
   * Reason header field in the latter two (RFC 3326).
   */
  | {
      readonly kind: 'endSip';
      readonly status: number;
      readonly cause?: number | undefined;
      readonly text?: string | undefined;
    }
  /** A re-INVITE with an offer, as soon as it may leave; `offerDue` comes then. */
  | { readonly kind: 'change' }
  | { readonly kind: 'offer'; readonly description: SessionDescription }
  /** The final response to what was asked. */
  | {
      readonly kind: 'answer';
      readonly method: ChangeMethod;
      readonly status: number;
      readonly description?: SessionDescription | undefined;
      readonly tag?: string | undefined;
    }
  | { readonly kind: 'trickle'; readonly media: readonly TrickledMedium[] }
  /** Tones, one after the other; `toned` says what became of them. */
  | { readonly kind: 'tones'; readonly id: string; readonly tones: readonly Dtmf[] }
  | { readonly kind: 'toneAnswer'; readonly cseq: number; readonly status: number }
  /** Is the SIP side still there? `probed` says it. */
  | { readonly kind: 'probe'; readonly id: string }
  // To the XMPP legs: events of their machines.
  | { readonly kind: 'initiation'; readonly event: Extract<InitiationEvent, { kind: InitiationCommand }> }
  /** `to`: full JID, with session-initiate. */
  | { readonly kind: 'session'; readonly action: OwnAction; readonly to?: string | undefined }
  /** The answer to a question of the session: a result, or an error. */
  | { readonly kind: 'decide'; readonly id: string; readonly error?: StanzaError | undefined }
  | { readonly kind: 'startTimer'; readonly timer: CallTimer; readonly ms: number }
  | { readonly kind: 'stopTimer'; readonly timer: CallTimer }
  /** The call is answered: what is kept of it can be written. */
  | { readonly kind: 'up' }
  /** Exactly once for each call. */
  | { readonly kind: 'outcome'; readonly outcome: CallOutcome }
  /** All legs have ended, after the outcome: nothing of the call is left. */
  | { readonly kind: 'over' };

type InitiationCommand = 'propose' | 'proceed' | 'begun' | 'leave';

export interface CallTransition {
  readonly state: CallState;
  readonly effects: readonly CallEffect[];
  /** False: the state knows nothing of such an event, and nothing changed. */
  readonly expected: boolean;
}

/** How one leg's end is told: to the SIP side, to the XMPP side, and to whoever counts. */
export interface Ending {
  readonly status: number;
  readonly cause?: number | undefined;
  readonly reason: ReasonCondition;
  readonly text?: string | undefined;
  /** XEP-0251: the reason says so. */
  readonly transferred?: boolean;
  readonly outcome: CallOutcome;
}

/** CALL-34. */
export const ANSWER_MS = 180_000;
/** CALL-12: "up to ~2 s". */
export const GATHER_MS = 2000;
/** How long the XMPP side has for a decision; an UPDATE has 32 s for everything (RFC 3261 §17.1.2.2). */
export const CHANGE_MS = { INVITE: 30_000, UPDATE: 10_000 } as const;
/** Early dialogs whose descriptions are kept, as many as a caller has (`sip/invite/caller.ts`). */
export const MAX_EARLY = 16;
