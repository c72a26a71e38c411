// What a call is to the gateway besides its machine: who it is between, what the drivers of its legs offer, and where it is told.

import type { Clock, Log, Timers } from '../../base/index.ts';
import type { CallDirection, CallOutcome } from '../../interwork/call/index.ts';
import type { MappedJid, MappedUri } from '../../mapping/index.ts';
import type { KeptSession, ServerTransaction } from '../../sip/index.ts';
import type { Call } from './call.ts';
import type { CallHost, SipLeg } from './legs.ts';
import type { MediaPath } from './media-path.ts';

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
      readonly media?: MediaPath | undefined;
    },
  ): SipLeg;
  /** A leg of before a restart; undefined: it cannot go on. */
  restore(
    kept: KeptSession,
    host: CallHost,
    parts?: { readonly media?: MediaPath | undefined },
  ): SipLeg | undefined;
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
  /** Exactly once. */
  ended(call: Call, outcome: CallOutcome): void;
  /** Behind that: no leg is left. */
  over(call: Call): void;
}
