// What the machine of a Jingle session is made of: its state, what happens to it, and what it wants done. The machine
// itself, with its picture: session-machine.ts.

import type { StanzaError } from '../stanza/error.ts';
import type { Dtmf } from './dtmf.ts';
import type { Content, ContentGroup, Jingle, JingleAction } from './jingle.ts';
import type { Reason } from './reason.ts';
import type { RtpInfo } from './rtp-info.ts';
import type { Creator, Senders } from './senders.ts';
import type { Transfer } from './transfer.ts';
import type { XmlElement } from '../../xml/index.ts';

/** A party of the session. */
export type Party = Creator;

/** XEP-0166 §5.1; idle: before session-initiate. */
export type SessionPhase = 'idle' | 'pending' | 'active' | 'ended';

/** A content is named by both (§7.3). */
export interface ContentName {
  readonly name: string;
  readonly creator: Creator;
}

/**
 * offered: in session-initiate. adding: in a content-add that is not decided. agreed: by session-accept or content-accept.
 * gone: rejected or removed; kept, since what crossed that on its way still names it.
 */
export type ContentStatus = 'offered' | 'adding' | 'agreed' | 'gone';

export interface SessionContent extends ContentName {
  readonly status: ContentStatus;
  readonly senders: Senders;
  /** Whose transport-replace waits to be accepted or rejected. */
  readonly replacing?: Party | undefined;
}

/** What became of a request is judged by what it asked (see session-answers.ts). */
export type RequestKind =
  | 'initiate'
  | 'accept'
  /** content-add, content-modify, content-remove, transport-replace. */
  | 'change'
  /** content-accept, content-reject, transport-accept, transport-reject. */
  | 'decision'
  /** transport-info. */
  | 'candidates'
  /** session-info, description-info, security-info that say something. */
  | 'info'
  /** A session-info that says nothing (§6.8). */
  | 'ping';

/** A request of ours without an answer. That to session-terminate is not waited for. */
export interface SentRequest {
  readonly request: number;
  readonly kind: RequestKind;
  readonly action: JingleAction;
  readonly contents: readonly ContentName[];
  /** How those were that become so again if it fails. */
  readonly before: readonly SessionContent[];
  readonly about?: string | undefined;
}

/** What the owner takes besides XEP-0166 and 0167. */
export interface SessionSupport {
  /** native: tones go in RTP (XEP-0181: not-acceptable). */
  readonly dtmf: 'taken' | 'native' | 'unsupported';
  readonly transfer: boolean;
  /** Whether the session is alive is asked of the owner; by default the session says so itself (§6.8). */
  readonly ping?: boolean | undefined;
}

export interface SessionState {
  readonly phase: SessionPhase;
  /** Which party we are. */
  readonly role: Party;
  readonly sid: string;
  /**
   * Our full JID, and that of the other party: where its stanzas come from. §7.1: "In the absence of explicit rules" an
   * `initiator` or `responder` that says otherwise is ignored.
   */
  readonly self: string;
  readonly peer: string;
  readonly support: SessionSupport;
  readonly contents: readonly SessionContent[];
  readonly requests: readonly SentRequest[];
  /** Ids of requests of the other party whose answer is the owner's. */
  readonly questions: readonly string[];
  /** Number of the next request. */
  readonly next: number;
  /** The responder said that it rings. */
  readonly rung: boolean;
  /** The other party put us on hold. */
  readonly held: boolean;
  /** The other party's presence is unavailable, and nothing has been heard of it since. */
  readonly vanishing: boolean;
}

/** An action that the owner wants sent. */
export interface OwnAction {
  readonly action: JingleAction;
  readonly contents?: readonly Content[] | undefined;
  readonly groups?: readonly ContentGroup[] | undefined;
  readonly reason?: Reason | undefined;
  readonly infos?: readonly XmlElement[] | undefined;
  /** What the owner knows it by; it comes back with what became of it. */
  readonly about?: string | undefined;
}

export type SessionEvent =
  /** An iq of type set from the other party, read; `id` comes back in the effect that answers it. */
  | { readonly kind: 'received'; readonly id: string; readonly jingle: Jingle }
  /** The answers to a request of ours: result, error, none within the time that the driver gives it. */
  | { readonly kind: 'result'; readonly request: number }
  | { readonly kind: 'error'; readonly request: number; readonly error: StanzaError }
  | { readonly kind: 'timeout'; readonly request: number }
  /** Presence of the other party's full JID. */
  | { readonly kind: 'available' }
  | { readonly kind: 'unavailable' }
  /** The time of `startGrace` is over. */
  | { readonly kind: 'graceOver' }
  | { readonly kind: 'send'; readonly action: OwnAction }
  /** The owner's answer to a question: a result, or an error. */
  | { readonly kind: 'decided'; readonly id: string; readonly error?: StanzaError | undefined };

/** What a session-info says. */
export type SessionInfo =
  | RtpInfo
  | { readonly kind: 'dtmf'; readonly dtmf: Dtmf }
  | { readonly kind: 'transfer'; readonly transfer: Transfer };

/** What the other party asks and the owner answers: tones, which he may not be able to play; is the session alive? */
export type SessionQuestion =
  | { readonly kind: 'tones'; readonly tones: readonly Dtmf[] }
  | { readonly kind: 'ping' };

export type SessionReport =
  /** An action of the other party that was taken; of its contents those that are still there. */
  | { readonly kind: 'action'; readonly jingle: Jingle }
  | { readonly kind: 'info'; readonly info: SessionInfo }
  /** Its iq waits for the event `decided`. */
  | { readonly kind: 'question'; readonly id: string; readonly question: SessionQuestion }
  /** The other party has this request of ours. */
  | {
      readonly kind: 'answered';
      readonly action: JingleAction;
      readonly contents: readonly ContentName[];
      readonly about?: string | undefined;
    }
  /** This one it refused, or did not answer (no error). Its contents are as they were; what was removed stays removed. */
  | {
      readonly kind: 'failed';
      readonly action: JingleAction;
      readonly contents: readonly ContentName[];
      readonly error?: StanzaError | undefined;
      readonly about?: string | undefined;
    };

/**
 * terminated: by the other party. left: by us. refused: session-initiate or session-accept was answered with an error.
 * tie-break: the other party's session is the one. unknown: the other party has no such session. away: nobody is at its
 * address. silent: no answer in time. vanished: unavailable, and not heard of since. empty: no content is left.
 */
export type SessionEndCause =
  | 'terminated'
  | 'left'
  | 'refused'
  | 'tie-break'
  | 'unknown'
  | 'away'
  | 'silent'
  | 'vanished'
  | 'empty';

export interface SessionEnd {
  readonly cause: SessionEndCause;
  /** The phase that it ended in. */
  readonly phase: 'pending' | 'active';
  readonly reason?: Reason | undefined;
  readonly error?: StanzaError | undefined;
}

export type SessionEffect =
  /** An iq of type set to the other party. Its answer comes back with the number. */
  | { readonly kind: 'request'; readonly request: number; readonly jingle: Jingle }
  /** An empty iq of type result. */
  | { readonly kind: 'acknowledge'; readonly id: string }
  | { readonly kind: 'refuse'; readonly id: string; readonly error: StanzaError }
  | { readonly kind: 'report'; readonly report: SessionReport }
  | { readonly kind: 'startGrace'; readonly ms: number }
  | { readonly kind: 'stopGrace' }
  /** Exactly once for each session that began. Behind it only late requests are refused. */
  | { readonly kind: 'end'; readonly end: SessionEnd };

export interface SessionTransition {
  readonly state: SessionState;
  readonly effects: readonly SessionEffect[];
  /** False: the state knows nothing of such an event, and nothing changed. */
  readonly expected: boolean;
}

/** XEP-0166 §6.7: "5 or 10 seconds". */
export const GRACE_MS = 10_000;
/** A party that leaves so many requests unanswered is gone. */
export const MAX_REQUESTS = 128;
/** Questions of one party that wait at the same time. */
export const MAX_QUESTIONS = 16;
/** Tones of one session-info: nobody presses keys faster than they are told. */
export const MAX_TONES = 32;
