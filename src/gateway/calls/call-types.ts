// What a call is to the gateway besides its machine: who it is between, what the drivers of its legs offer, and where it is told.

import type { Clock, Log, Timers } from '../../base/index.ts';
import type { CallDirection, CallEvent, CallOutcome } from '../../interwork/call/index.ts';
import type { MappedJid, MappedUri } from '../../mapping/index.ts';
import type {
  HeaderField,
  KeptInvite,
  KeptSession,
  ReferTarget,
  ServerTransaction,
} from '../../sip/index.ts';
import type { StanzaError, Transfer } from '../../xmpp/index.ts';
import type { Call } from './call.ts';
import type { CallHost, SipLeg } from './legs.ts';
import type { MediaPath } from './media-path.ts';
import type { ReplaceableCall } from './sip-legs.ts';
import type { ReferralTalk } from './sip-refer.ts';

/** Who calls whom. */
export interface CallFacts {
  /** Ours, of this run. */
  readonly id: string;
  readonly direction: CallDirection;
  /** Bare JIDs, as the XMPP side sees them. */
  readonly caller: string;
  readonly callee: string;
  /** Full JID of the client that is called, where it is the only one. */
  readonly device?: string | undefined;
  /** Of the Jingle session. */
  readonly sid: string;
  /** Of the INVITE. */
  readonly callId: string;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly startedMs: number;
}

/** What the call needs of the driver of its SIP legs. */
export interface SipSide {
  /**
   * A leg for an INVITE; undefined: it was refused, and is answered. Its first event of K is `invited`, perhaps before this returns.
   */
  incoming(
    tx: ServerTransaction,
    host: CallHost,
    parts: { readonly from: MappedJid; readonly to: MappedJid; readonly media?: MediaPath | undefined },
  ): SipLeg | undefined;
  /** A leg that calls when it is told to. */
  outgoing(
    host: CallHost,
    parts: {
      readonly from: MappedUri;
      readonly to: MappedUri;
      readonly callId: string;
      readonly fields?: readonly HeaderField[] | undefined;
      readonly media?: MediaPath | undefined;
    },
  ): SipLeg;
  /** A leg of before a restart; undefined: it cannot go on. */
  restore(
    kept: KeptSession,
    host: CallHost,
    parts?: { readonly media?: MediaPath | undefined },
  ): SipLeg | undefined;
  /** A leg of a call that rang before a restart, which can be ended; undefined: what was kept cannot be read. */
  interrupted(kept: KeptInvite, host: CallHost): SipLeg | undefined;
  /** Dialogs that an INVITE may replace. */
  replaceable?(callId: string): readonly ReplaceableCall[];
}

/** A transfer of a call: what became of it. */
export interface Handover {
  /** Who asked for it. */
  readonly by: 'sip' | 'xmpp';
  /** Whom the other one is to talk with, as that side is told. */
  readonly to: string;
  /** unknown: the call ended before anybody said. */
  readonly state: 'asked' | 'done' | 'failed' | 'declined' | 'unknown';
  /** Of the REFER, or of the call that came of it. */
  readonly status?: number;
}

/** Who joins transfers of both sides (transfers.ts). */
export interface CallHandovers {
  referred(call: Call, target: ReferTarget, talk: ReferralTalk): void;
  asked(call: Call, transfer: Transfer, answer: (error?: StanzaError) => void): void;
  /** This event is about to end the call: what is open of a transfer is said before. */
  leaving(call: Call, event: CallEvent): void;
}

/** Where a call is told. One that goes on beyond a stop has no outcome yet: the next start goes on with it. */
export interface CallEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  /** An event that its state does not expect. */
  surprised(): void;
  /** For `invited`: the client that the call is for (`XmppSessions.choose`). */
  choose(call: Call, chosen: (device: string | undefined) => void): void;
  /** Something of what is kept of it may be another. */
  keep(call: Call): void;
  readonly handovers?: CallHandovers | undefined;
  /** Exactly once. */
  ended(call: Call, outcome: CallOutcome): void;
  /** Behind that: no leg is left. */
  over(call: Call): void;
}
