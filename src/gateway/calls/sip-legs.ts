// All SIP legs of calls: which leg a request of the peer belongs to, by its dialog (RFC 3261 §12.2.2), and how one begins.

import { BoundedMap, parseIpAddress } from '../../base/index.ts';
import {
  answerTimer,
  checkRequest,
  dialogFromRequest,
  expires,
  hasOption,
  isKeptSession,
  keyOfRequest,
  parseNameAddr,
  parseSipUri,
  requireTags,
  transportTraits,
  type Dialog,
  type HeaderField,
  type KeptInvite,
  type KeptSession,
  type ReplaceableDialog,
  type ServerTransaction,
  type SipRequest,
} from '../../sip/index.ts';
import type { SpeakerScope } from '../../policy/index.ts';
import type { CallHost, SipLeg } from './legs.ts';
import { DESCRIPTION_TYPES, readDescription } from './sip-bodies.ts';
import type { CallDialog } from './sip-dialog.ts';
import {
  callCapabilities,
  listField,
  supports,
  timerFields,
  timerOffer,
  warningField,
} from './sip-fields.ts';
import { InterruptedInvites } from './sip-interrupted.ts';
import { DrivenLeg, type LegTable } from './sip-leg.ts';
import type { IncomingParts, OutgoingParts, SipLegsEnv } from './sip-leg-types.ts';

interface Entry {
  readonly leg: DrivenLeg;
  readonly dialog: CallDialog;
}

/** A dialog that an INVITE may replace (RFC 3891), and who hears of it. */
export interface ReplaceableCall extends ReplaceableDialog {
  readonly dialog: Dialog;
  /** Undefined: it has ended. */
  readonly host?: CallHost | undefined;
}

/** RFC 3262 §3: "uniformly … between 1 and 2**31 - 1". */
const MAX_FIRST_RSEQ = 2 ** 31 - 1;
const SERVER_UNAVAILABLE = 503;
/** Call-IDs whose dialogs have ended, and dialogs of one. */
const MAX_ENDED = 2000;
const MAX_FORKS = 16;

export class SipLegs {
  readonly #env: SipLegsEnv;
  readonly #legs = new Set<DrivenLeg>();
  readonly #dialogs = new Map<string, Entry>();
  /** INVITE transactions, for their CANCEL. */
  readonly #invites = new WeakMap<ServerTransaction, DrivenLeg>();
  /** Dialogs that have ended a moment ago, by Call-ID: who would replace one of them is told so (RFC 3891 §3). */
  readonly #ended = new BoundedMap<string, readonly ReplaceableCall[]>({ maxEntries: MAX_ENDED });
  readonly #table: LegTable;
  readonly #interrupted: InterruptedInvites;

  constructor(env: SipLegsEnv) {
    this.#env = env;
    this.#interrupted = new InterruptedInvites(env);
    this.#table = {
      begin: (leg) => this.#legs.add(leg),
      open: (key, leg, dialog) => this.#dialogs.set(key, { leg, dialog }),
      close: (key) => this.#closed(key),
      invite: (tx, leg) => this.#invites.set(tx, leg),
      over: (leg) => this.#legs.delete(leg),
    };
  }

  /** Legs of which something may still come: after the end of a call for 64*T1. */
  get size(): number {
    return this.#legs.size + this.#interrupted.size;
  }

  /** Dialogs, early ones too. */
  get dialogs(): number {
    return this.#dialogs.size;
  }

  /**
   * A leg for an INVITE outside of a dialog, of somebody who is believed. Undefined: it was refused, and is answered. `invited` is
   * told before this returns, unless the media path takes its time.
   */
  incoming(tx: ServerTransaction, host: CallHost, parts: IncomingParts = {}): SipLeg | undefined {
    const { request, source } = tx;
    const refuse = (status: number, headers: readonly HeaderField[] = []): undefined => {
      tx.respond(status, headers.length === 0 ? {} : { headers });
      return undefined;
    };
    const bad = (why: string): undefined => refuse(400, [warningField(source.local, why)]);
    const rejection = checkRequest(request, callCapabilities('INVITE'));
    if (rejection !== undefined) return refuse(rejection.status, rejection.headers);
    const body = readDescription(request);
    if (body.kind === 'refused') {
      return body.status === 415 ? refuse(415, [listField('Accept', DESCRIPTION_TYPES)]) : bad(body.why);
    }
    const dialog = dialogFromRequest(request, tx.toTag, transportTraits[source.transport].secure);
    if (!dialog.ok) return bad(dialog.error.message);
    const timer = timerOffer(request);
    if (!timer.ok) return bad(timer.error.message);
    const answer = answerTimer(timer.value, this.#env.timer);
    if (answer.kind === 'tooSmall') return refuse(422, timerFields(undefined, answer.minSe));
    const limit = expires(request);
    if (!limit.ok) return bad(limit.error.message);
    if (this.#legs.size >= this.#env.maxLegs()) return refuse(SERVER_UNAVAILABLE);
    const { cseq } = request;
    const leg = this.#begin(host, parts.media);
    leg.speaker = parts.from?.host;
    const invitation = {
      cseq: cseq.number,
      description: body.kind === 'description' ? 'offer' : 'none',
      reliability: reliabilityOf(request),
      firstRSeq: 1 + Math.floor(this.#env.random.unit() * MAX_FIRST_RSEQ),
    } as const;
    const offer = { tx, invitation, timer: timer.value, expires: limit.value };
    leg.isCalled(offer, dialog.value, supports(request, 'trickle-ice'));
    return leg;
  }

  /** A leg that calls when K says `invite`; before that nothing of it is here. */
  outgoing(host: CallHost, parts: OutgoingParts): SipLeg {
    const leg = new DrivenLeg(this.#env, host, this.#table, parts.media);
    leg.calls(parts);
    return leg;
  }

  /** An answered call of before a restart goes on, its timers where the clock stands. Undefined: it cannot. */
  restore(kept: KeptSession, host: CallHost, parts: IncomingParts = {}): SipLeg | undefined {
    if (!isKeptSession(kept)) return undefined;
    const leg = this.#begin(host, parts.media);
    leg.restores(kept);
    return leg;
  }

  /** One that rang: it can be ended, and nothing else. Undefined: what was kept cannot be read. */
  interrupted(kept: KeptInvite, host: CallHost): SipLeg | undefined {
    return this.#interrupted.begin(kept, host);
  }

  /**
   * A request within a dialog of a call. False: there is no such dialog, and nothing was answered (481). `scope`: the domains that
   * its sender may speak for; who may not speak for the other party of the call is refused.
   */
  request(tx: ServerTransaction, scope?: Pick<SpeakerScope, 'covers'>): boolean {
    const { request } = tx;
    const entry = this.#dialogs.get(keyOfRequest(request));
    if (entry === undefined) return false;
    if (scope !== undefined && !speaksFor(scope, entry)) {
      tx.respond(403);
      return true;
    }
    const rejection = checkRequest(request, callCapabilities(request.method));
    if (rejection !== undefined) {
      tx.respond(rejection.status, { headers: rejection.headers });
      return true;
    }
    entry.leg.receive(entry.dialog, tx);
    return true;
  }

  /** Dialogs with this Call-ID, those included that have ended less than 64*T1 ago, and whose call each one is. */
  replaceable(callId: string): readonly ReplaceableCall[] {
    const open = [...this.#dialogs.values()]
      .filter(({ dialog }) => dialog.state.callId === callId)
      .map(({ leg, dialog }) => ({ ...leg.phaseOf(dialog), dialog: dialog.state, host: leg.host }));
    return [...open, ...(this.#ended.get(callId, this.#env.clock.now()) ?? [])];
  }

  /** An ACK to a 2xx; what belongs to no dialog means nothing. */
  ack(request: SipRequest): void {
    const entry = this.#dialogs.get(keyOfRequest(request));
    entry?.leg.acknowledge(entry.dialog, request);
  }

  /** CANCEL of an INVITE, first or later, which was answered 200. False: that INVITE is of no leg. */
  cancelled(tx: ServerTransaction, cancel?: SipRequest): boolean {
    const leg = this.#invites.get(tx);
    leg?.cancelled(tx, cancel);
    return leg !== undefined;
  }

  /** The gateway ends: nothing is said any more. */
  stop(): void {
    for (const leg of [...this.#legs]) leg.stop();
    this.#interrupted.stop();
  }

  #closed(key: string): void {
    const entry = this.#dialogs.get(key);
    this.#dialogs.delete(key);
    if (entry === undefined) return;
    const { clock, timing } = this.#env;
    const { state } = entry.dialog;
    const call = { ...entry.leg.phaseOf(entry.dialog), dialog: state, phase: 'terminated' } as const;
    const known = this.#ended.get(state.callId, clock.now()) ?? [];
    const ended = [...known.slice(1 - MAX_FORKS), call];
    this.#ended.set(state.callId, ended, clock.now(), 64 * timing.t1Ms);
  }

  #begin(host: CallHost, media: IncomingParts['media']): DrivenLeg {
    const leg = new DrivenLeg(this.#env, host, this.#table, media);
    this.#legs.add(leg);
    return leg;
  }
}

function reliabilityOf(request: SipRequest): 'none' | 'supported' | 'required' {
  if (hasOption(requireTags(request), '100rel')) return 'required';
  return supports(request, '100rel') ? 'supported' : 'none';
}

/** An address that is no domain (anonymous, a number, an IP address) is spoken for by nobody: the tags are what it is known by. */
function speaksFor(scope: Pick<SpeakerScope, 'covers'>, { dialog, leg }: Entry): boolean {
  if (leg.speaker !== undefined && scope.covers(leg.speaker)) return true;
  const address = parseNameAddr(dialog.state.remoteUri);
  const uri = address.ok ? parseSipUri(address.value.uri) : undefined;
  if (uri?.ok !== true) return true;
  const { host } = uri.value;
  if (host.endsWith('.invalid') || parseIpAddress(host.replace(/^\[|\]$/g, '')) !== undefined) return true;
  return scope.covers(host);
}
