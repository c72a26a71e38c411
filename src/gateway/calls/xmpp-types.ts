// What the XMPP side of calls needs of its surroundings, and what it tells of a call that an XMPP user begins.

import type { Clock, Counters, Log, Random, Timers } from '../../base/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import type { StanzaError } from '../../xmpp/index.ts';
import type { LinkGroup } from '../link-group.ts';
import type { CallHost, XmppLegs } from './legs.ts';
import type { ShownResource } from './xmpp-devices.ts';

export interface XmppSessionsEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly counters: Counters;
  groupFor(domain: string): LinkGroup | undefined;
  /**
   * An XMPP user begins a call: whoever takes it hears its first event behind this. An error goes back as the answer, and
   * `legs` is of no use then.
   */
  begins(beginning: XmppBeginning, legs: XmppLegs): Begun;
  /** The last presence of each client of `other`, as the SIP user `own` is shown it; bare JIDs. By default none is known. */
  resources?(own: string, other: string): readonly ShownResource[];
  /** How long an active session may be silent before its client is asked whether it is there; by default for ever. */
  pulseMs?(): number;
  /** Calls at the same time, those included that have just ended. */
  maxCalls(): number;
  /** The same of one XMPP user. */
  maxCallsOfUser(): number;
}

export type Begun =
  | { readonly ok: true; readonly host: CallHost }
  | { readonly ok: false; readonly error: StanzaError };

export interface XmppBeginning {
  /** By a proposal (XEP-0353), or by a session-initiate without one. */
  readonly kind: 'proposal' | 'session';
  /** Of the proposal and of its session. */
  readonly sid: string;
  /** The address of the SIP user that speaks in this call, and the full JID of the device that calls. */
  readonly self: string;
  readonly peer: string;
  /** Kinds of media that are wanted: audio, video … */
  readonly media: readonly string[];
  readonly stanza: XmlElement;
  readonly group: LinkGroup;
}

/** How long a client has for the answer to a request; a phone that sleeps is woken by its server first. */
export const REQUEST_MS = 30_000;
/** How long what no link carries waits for one: what is older nobody waits for. */
export const CARRY_MS = 30_000;
/** How long a call is known after its end, for a session-initiate that crossed the end of its proposal (CALL-98). */
export const LINGER_MS = 32_000;
