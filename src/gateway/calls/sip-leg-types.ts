// What the drivers of SIP legs share: what they need of the gateway, and what the parts of one leg need of each other.

import type { Clock, Log, Random, Timers } from '../../base/index.ts';
import type { SessionDescription } from '../../sdp/index.ts';
import type {
  CallEnd,
  HeaderField,
  LocalEndpoint,
  SipMessage,
  SipRequest,
  SipResponse,
  Target,
  TimerPolicy,
  TimersConfig,
  TransactionLayer,
} from '../../sip/index.ts';
import type { Live } from '../live.ts';
import type { Agenda } from './sip-agenda.ts';
import type { CallDialog } from './sip-dialog.ts';
import type { LegTimers } from './sip-timers.ts';
import type { CallHost } from './legs.ts';
import type { DescriptionKind, MediaPath, PathFault } from './media-path.ts';

export interface SipLegsEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly live: Pick<Live, 'locator' | 'digest'>;
  readonly transactions: TransactionLayer;
  /** Our side towards a target, for Contact. */
  localFor(target: Target): LocalEndpoint | undefined;
  /** Of each listener. */
  endpoints(): readonly LocalEndpoint[];
  /** That of the transaction layer. */
  readonly timing: TimersConfig;
  /** Session timers (RFC 4028): what is asked for, and what is the least. */
  readonly timer: TimerPolicy;
  /** Legs at the same time; above it an INVITE is answered 503. */
  maxLegs(): number;
}

/** For a call that comes. */
export interface IncomingParts {
  /** Who was believed to call; `host` of his SIP address, where another identity stands for From (RFC 3325). */
  readonly from?: { readonly host: string } | undefined;
  readonly media?: MediaPath | undefined;
}

/** For a call that we make. */
export interface OutgoingParts {
  /** Who calls: From. `uri` is a byte string; `displayName` Unicode. */
  readonly from: { readonly uri: string; readonly displayName?: string | undefined };
  /** Who is called: Request-URI and To. */
  readonly to: { readonly uri: string };
  readonly callId: string;
  /** More of the INVITE: why it is made (Referred-By), and what it takes the place of (Replaces). */
  readonly fields?: readonly HeaderField[] | undefined;
  readonly media?: MediaPath | undefined;
}

/** The message that the input at hand is; its description has been read. */
export interface AtHand {
  readonly request?: SipRequest | undefined;
  readonly response?: SipResponse | undefined;
  readonly description?: SessionDescription | undefined;
  /** A CANCEL of `request`. */
  readonly cancel?: SipRequest | undefined;
}

/** Why a leg that the owner of the call ends says so (RFC 3326), and what it is refused with. */
export interface Farewell {
  readonly status: number;
  readonly cause?: number | undefined;
  readonly text?: string | undefined;
}

/** What one part of a leg has of the whole. */
export interface LegContext {
  readonly env: SipLegsEnv;
  readonly host: CallHost;
  readonly agenda: Agenda;
  readonly timers: LegTimers;
  readonly media: MediaPath | undefined;
  /** Set with each input; what follows from one comes before the next. */
  at: AtHand;
  farewell: Farewell | undefined;
  /** The media path refused a description. */
  fault: PathFault | undefined;
  /** One outcome of the leg: the first one counts. */
  ended(end: CallEnd): void;
  /** The description of a response or ACK; one that cannot be read, or is of another type, is none. */
  read(message: SipMessage): SessionDescription | undefined;
  /** RSeq of a provisional response that was sent reliably (RFC 3262 §4). */
  reliably(response: SipResponse): number | undefined;
  /** PRACK of one; `failed`: it was refused, or not answered. */
  prack(dialog: CallDialog, rseq: number, failed: () => void): void;
  /** Requests of the peer in this dialog are for this leg. */
  open(dialog: CallDialog): void;
  /** What is kept beyond a restart may be another. */
  moved(): void;
  /**
   * The description as it goes on, by way of the media path; `then` gets undefined when the path refused it (`fault` says with
   * what). Called at once where nothing has to be waited for.
   */
  pass(
    way: 'fromSip' | 'toSip',
    kind: DescriptionKind,
    description: SessionDescription,
    tag: string | undefined,
    then: (description: SessionDescription | undefined) => void,
  ): void | Promise<void>;
}
