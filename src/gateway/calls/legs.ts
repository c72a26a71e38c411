// What joins machine K (`interwork/call/machine.ts`) with the drivers of its two legs. Effects of K are commands of a leg, and what a
// leg has to say is an event of K: a leg knows nothing of the other one, and K nothing of requests and stanzas.

import type { CallEffect, CallEvent, KeptXmppLeg } from '../../interwork/call/index.ts';
import type { Dialog, KeptInvite, KeptSession, ReferTarget } from '../../sip/index.ts';
import type { SessionState, StanzaError, Transfer } from '../../xmpp/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import type { ReferHandlers, ReferOrder, ReferralTalk } from './sip-refer.ts';

type EffectOf<K extends CallEffect['kind']> = Extract<CallEffect, { readonly kind: K }>;

export type SipCommand = EffectOf<
  | 'invite'
  | 'progress'
  | 'accept'
  | 'endSip'
  | 'change'
  | 'offer'
  | 'answer'
  | 'trickle'
  | 'tones'
  | 'toneAnswer'
  | 'probe'
>;

export type XmppCommand = EffectOf<'initiation' | 'session' | 'decide'>;

/** Who hears what a leg reports. */
export interface CallHost {
  /**
   * One event of K. It is run at once, or after the one that is being run: then its effects come later. `offerDue` is the
   * exception: its effect comes before this returns.
   */
  take(event: CallEvent): void;
  /** What is kept of a leg beyond a restart is another. */
  changed(): void;
  /** A REFER of the SIP side, which `talk` answers. Where nobody hears it, it is declined. */
  referred?(target: ReferTarget, talk: ReferralTalk): void;
  /** A `<transfer/>` of the XMPP side, whose iq `answer` answers, once. Where nobody hears it, it is not understood. */
  transferAsked?(transfer: Transfer, answer: (error?: StanzaError) => void): void;
}

export interface SipLeg {
  command(command: SipCommand): void;
  /** What survives a restart; undefined while the call is not answered, and after its end. */
  kept(): KeptSession | undefined;
  /** What survives one while it rings: its INVITE, as long as that has no final response. */
  invite(): KeptInvite | undefined;
  /** REFER in the answered call. False: it is not answered, or another transfer is under way. */
  refer?(order: ReferOrder, handlers: ReferHandlers): boolean;
  /** The dialog of the answered call. */
  dialog?(): Dialog | undefined;
  /** The gateway ends: timers stop, and nothing is said any more. */
  stop(): void;
}

/** Proposal and session of one call. */
export interface XmppLegs {
  command(command: XmppCommand): void;
  /** The session as its machine has it; undefined before its session-initiate. */
  session(): SessionState | undefined;
  /** A proposal came before it. */
  proposed(): boolean;
  /** What a record has of it, at any time. */
  kept(): KeptXmppLeg;
  /** A session-info that is not of K; whether the client took it is heard once. */
  inform?(info: XmlElement, answered: (isTaken: boolean) => void): void;
  stop(): void;
}
