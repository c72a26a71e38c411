// One leg of a call in SIP: a call that comes or that we make, then its session, as machine K hears of it. Messages, timers and
// commands are inputs of its agenda, one after the other; every description goes by way of the media path, if there is one.

import type { SessionDescription } from '../../sdp/index.ts';
import {
  formatRAck,
  hasOption,
  rawHeaderField,
  reasonHeader,
  requireTags,
  rSeq,
  type CallEnd,
  type Dialog,
  type KeptInvite,
  type KeptSession,
  type ReplaceableDialog,
  type ServerTransaction,
  type SessionStart,
  type SipMessage,
  type SipRequest,
  type SipResponse,
} from '../../sip/index.ts';
import type { CallHost, SipCommand, SipLeg } from './legs.ts';
import type { DescriptionKind, MediaPath, PathFault, PathResult } from './media-path.ts';
import { Agenda } from './sip-agenda.ts';
import { DESCRIPTION_TYPES, readDescription } from './sip-bodies.ts';
import { SipCallee, type CalleeParts } from './sip-callee.ts';
import { SipCaller, type Established } from './sip-caller.ts';
import { CallDialog } from './sip-dialog.ts';
import { listField, retryAfterField, warningField } from './sip-fields.ts';
import { SipSession } from './sip-session.ts';
import { SipProbe } from './sip-probe.ts';
import type { ReferHandlers, ReferOrder } from './sip-refer.ts';
import { OwnTones } from './sip-tones.ts';
import { SipTrickle } from './sip-trickle.ts';
import { LegTimers } from './sip-timers.ts';
import type { AtHand, Farewell, LegContext, OutgoingParts, SipLegsEnv } from './sip-leg-types.ts';

/** Where a leg is known. */
export interface LegTable {
  begin(leg: DrivenLeg): void;
  open(key: string, leg: DrivenLeg, dialog: CallDialog): void;
  close(key: string): void;
  invite(tx: ServerTransaction, leg: DrivenLeg): void;
  over(leg: DrivenLeg): void;
}

const WITH_DESCRIPTION: ReadonlySet<string> = new Set(['INVITE', 'UPDATE', 'PRACK']);

export class DrivenLeg implements SipLeg, LegContext {
  readonly env: SipLegsEnv;
  readonly host: CallHost;
  readonly media: MediaPath | undefined;
  readonly agenda: Agenda;
  readonly timers: LegTimers;
  /** Who else may speak for the other party: see `IncomingParts.from`. */
  speaker: string | undefined;
  at: AtHand = {};
  farewell: Farewell | undefined;
  fault: PathFault | undefined;
  readonly #table: LegTable;
  readonly #dialogs = new Map<string, CallDialog>();
  #caller: SipCaller | undefined;
  #callee: SipCallee | undefined;
  #wasCalled = false;
  #session: SipSession | undefined;
  #trickle: SipTrickle | undefined;
  #tones: OwnTones | undefined;
  #probe: SipProbe | undefined;
  #told = false;
  #gone = false;
  #broken = false;

  constructor(env: SipLegsEnv, host: CallHost, table: LegTable, media: MediaPath | undefined) {
    this.env = env;
    this.host = host;
    this.media = media;
    this.#table = table;
    this.timers = new LegTimers(env.timers);
    this.agenda = new Agenda(
      () => this.#settle(),
      (error) => this.#failed(error),
    );
  }

  calls(parts: OutgoingParts): void {
    this.#caller = new SipCaller(this, parts, (established) => this.#answered(established));
  }

  isCalled(parts: Omit<CalleeParts, 'dialog'>, dialog: Dialog, trickle: boolean): void {
    const description = this.read(parts.tx.request);
    const own = new CallDialog(this.env, dialog, () => this.moved());
    this.#callee = new SipCallee(this, { ...parts, dialog: own }, (start) => this.#begin(own, start));
    this.#wasCalled = true;
    this.open(own);
    this.#table.invite(parts.tx, this);
    this.agenda.input(() => {
      if (description === undefined) return this.host.take({ kind: 'invited', trickle });
      // A description that its way refuses is none to K, which refuses the call for that; the status is that of the way.
      return this.pass('fromSip', 'offer', description, own.tag, (passed) =>
        this.host.take({
          kind: 'invited',
          trickle,
          ...(passed === undefined ? {} : { description: passed }),
        }),
      );
    });
  }

  restores(kept: KeptSession): void {
    const dialog = new CallDialog(this.env, kept.dialog, () => this.moved());
    this.open(dialog);
    this.#goesOn(dialog, new SipSession(this, dialog, kept));
  }

  command(command: SipCommand): void {
    // In the turn of `offerDue`: the request that needs it is being made.
    if (command.kind === 'offer') return this.#session?.offer(command.description);
    if (command.kind === 'endSip') this.#caller?.giveUp();
    this.agenda.input(() => this.#command(command));
  }

  kept(): KeptSession | undefined {
    return this.#session?.kept();
  }

  invite(): KeptInvite | undefined {
    if (this.#told || this.#session !== undefined) return undefined;
    return this.#callee === undefined ? this.#caller?.kept() : this.#callee.kept();
  }

  dialog(): Dialog | undefined {
    return this.#session?.isOpen === true ? this.#session.dialog.state : undefined;
  }

  refer(order: ReferOrder, handlers: ReferHandlers): boolean {
    const session = this.#session;
    return session?.isOpen === true && session.refer.send(order, handlers);
  }

  /** What `dialog` is to an INVITE that would replace it (RFC 3891 §3). */
  phaseOf(dialog: CallDialog): Pick<ReplaceableDialog, 'phase' | 'ours'> {
    const isSession = this.#session?.dialog === dialog && this.#session.isOpen;
    const isEarly = this.#session === undefined && !this.#told;
    return {
      phase: isSession ? 'confirmed' : isEarly ? 'early' : 'terminated',
      ours: !this.#wasCalled,
    };
  }

  stop(): void {
    this.#caller?.stop();
    this.#close();
  }

  /** A request of the peer in `dialog`. */
  receive(dialog: CallDialog, tx: ServerTransaction): void {
    if (this.agenda.isFull) {
      return tx.respond(500, { headers: [retryAfterField(this.env.random.unit())] });
    }
    this.agenda.input(() => {
      if (!dialog.receive(tx)) return;
      const { request } = tx;
      this.at = { request };
      if (WITH_DESCRIPTION.has(request.method)) {
        const read = readDescription(request);
        if (read.kind === 'refused') return this.#refuse(dialog, tx, read.status, read.why);
        if (read.kind === 'description') this.at = { request, description: read.description };
      }
      if (request.method === 'INVITE') this.#table.invite(tx, this);
      this.#receive(dialog, tx);
    });
  }

  acknowledge(dialog: CallDialog, ack: SipRequest): void {
    if (this.agenda.isFull) return;
    this.agenda.input(() => {
      this.at = { request: ack, description: this.read(ack) };
      if (this.#session?.dialog === dialog) this.#session.acknowledged(ack.cseq.number);
    });
  }

  cancelled(tx: ServerTransaction, cancel: SipRequest | undefined): void {
    this.agenda.input(() => {
      const { request } = tx;
      this.at = { request, cancel: cancel ?? request };
      if (request.to.tag !== undefined) this.#session?.cancelled(request.cseq.number);
      else if (this.#callee?.isDone === false) this.#callee.cancelled();
    });
  }

  // What its parts have of it.

  read(message: SipMessage): SessionDescription | undefined {
    const read = readDescription(message);
    if (read.kind === 'refused') this.env.log.debug('call.description', { why: read.why });
    return read.kind === 'description' ? read.description : undefined;
  }

  reliably(response: SipResponse): number | undefined {
    const rseq = rSeq(response);
    return rseq.ok && hasOption(requireTags(response), '100rel') ? rseq.value : undefined;
  }

  prack(dialog: CallDialog, rseq: number, failed: () => void): void {
    const cseq = this.at.response?.cseq.number;
    if (cseq === undefined) return;
    const failure = (): void => this.agenda.input(failed);
    dialog.request({
      method: 'PRACK',
      fields: () => [rawHeaderField('RAck', formatRAck({ rseq, cseq, method: 'INVITE' }))],
      responded: ({ status }) => (status < 300 ? this.agenda.input(() => {}) : failure()),
      failed: failure,
    });
  }

  ended(end: CallEnd): void {
    if (this.#told) return;
    this.#told = true;
    const { cause, text } = this.#reason(end);
    this.host.take({ kind: 'sipEnded', end, cause, text });
    this.media?.end();
  }

  open(dialog: CallDialog): void {
    this.#dialogs.set(dialog.key, dialog);
    this.#table.open(dialog.key, this, dialog);
  }

  moved(): void {
    if (!this.#gone && this.kept() !== undefined) this.host.changed();
  }

  pass(
    way: 'fromSip' | 'toSip',
    kind: DescriptionKind,
    description: SessionDescription,
    tag: string | undefined,
    then: (description: SessionDescription | undefined) => void,
  ): void | Promise<void> {
    this.fault = undefined;
    if (this.media === undefined) return then(description);
    const passed = (result: PathResult): void => {
      if (this.#gone) return;
      if (!result.ok) this.fault = result.error;
      then(result.ok ? result.value : undefined);
    };
    const answer = this.media[way](kind, description, { tag });
    if (answer instanceof Promise) return answer.then(passed);
    passed(answer);
  }

  #command(command: SipCommand): void | Promise<void> {
    switch (command.kind) {
      case 'invite':
        this.#table.begin(this);
        return this.#caller?.invite(command.description);
      case 'progress':
        return this.#callee?.progress(command.status);
      case 'accept':
        return this.#callee?.accept(command.description);
      case 'endSip':
        return this.#end(command);
      case 'change':
        return this.#session?.want();
      case 'answer':
        return this.#session === undefined ? this.#caller?.answer(command) : this.#session.answer(command);
      case 'trickle':
        return this.#trickle?.send(command.media);
      case 'tones':
        return this.#tones?.send(command.id, command.tones);
      case 'toneAnswer':
        return this.#session?.tones.answer(command.cseq, command.status);
      case 'probe':
        return this.#probe?.ask(command.id);
      case 'offer':
        return;
    }
  }

  #end({ status, cause, text }: SipCommand & { kind: 'endSip' }): void {
    if (this.#told) return;
    this.at = {};
    this.farewell = { status, cause, text };
    if (this.#session !== undefined) this.#session.hangUp();
    else if (this.#callee !== undefined) this.#callee.refuse(this.fault?.status ?? status);
    else if (this.#caller?.isIdle === true) this.ended({ cause: 'cancelled', by: 'us' });
    else this.#caller?.hangUp();
  }

  #receive(dialog: CallDialog, tx: ServerTransaction): void {
    const isPrack = tx.request.method === 'PRACK';
    if (this.#callee !== undefined && (this.#session === undefined || isPrack)) this.#callee.receive(tx);
    // RFC 3262 §3: a PRACK that matches no response that waits for one.
    else if (isPrack && this.#wasCalled) dialog.reply(tx.request.cseq.number, 481);
    else if (this.#session?.dialog === dialog) this.#session.receive(tx);
    else if (this.#caller !== undefined) this.#caller.receive(dialog, tx);
    else dialog.reply(tx.request.cseq.number, 481);
  }

  #refuse(dialog: CallDialog, tx: ServerTransaction, status: number, why: string): void {
    const headers =
      status === 415 ? [listField('Accept', DESCRIPTION_TYPES)] : [warningField(tx.source.local, why)];
    dialog.reply(tx.request.cseq.number, status, { headers });
  }

  #begin(dialog: CallDialog, start: SessionStart): void {
    this.#goesOn(dialog, new SipSession(this, dialog, start));
    this.moved();
  }

  #goesOn(dialog: CallDialog, session: SipSession): void {
    this.#session = session;
    this.#trickle = new SipTrickle(this, dialog, session);
    this.#tones = new OwnTones(this, dialog, session);
    this.#probe = new SipProbe(this, dialog, session);
  }

  #answered({ dialog, start, tag, description, trickle }: Established): void {
    const { fault } = this;
    this.#begin(dialog, start);
    // The way of the descriptions refused the answer: nobody can hear anybody.
    if (fault !== undefined) return this.#session?.lose({ cause: 'lost', why: fault.status });
    this.host.take({ kind: 'answered', tag, trickle, ...(description === undefined ? {} : { description }) });
  }

  /** Of the Reason of a BYE or CANCEL (RFC 3326), or of the response that refused the call. */
  #reason(end: CallEnd): { readonly cause: number | undefined; readonly text: string | undefined } {
    const { request, response, cancel } = this.at;
    const source = cancel ?? request;
    if (source === undefined) {
      const text = end.cause === 'refused' ? response?.reason : undefined;
      return { cause: undefined, text: text === '' ? undefined : text };
    }
    const reasons = reasonHeader(source);
    const sip = reasons.ok ? reasons.value.find((each) => each.protocol.toUpperCase() === 'SIP') : undefined;
    return { cause: sip?.cause, text: sip?.text === '' ? undefined : sip?.text };
  }

  /** Our bug, not the peer's: this leg ends as its other party expects, the process goes on. One that cannot even do that is gone. */
  #failed(error: unknown): void {
    this.env.log.error('call.leg.failed', { error });
    if (!this.#broken) {
      this.#broken = true;
      return this.agenda.input(() => this.#end({ kind: 'endSip', status: 500 }));
    }
    this.#close();
    this.ended({ cause: 'failed', reason: 'transport' });
  }

  /** Nothing is to be done now. When nothing can come any more either, nothing of it is kept. */
  #settle(): void {
    if (this.#gone) return;
    this.#letGo();
    if (!this.#told) return;
    if (this.#callee?.isOver === false || this.#caller?.isOver === false) return;
    if (this.#session?.isOver === false) return;
    for (const dialog of this.#dialogs.values()) if (!dialog.isQuiet) return;
    this.#close();
  }

  /** A session that lasts does not keep what it came from: the INVITE, and the descriptions of both sides. */
  #letGo(): void {
    this.at = {};
    if (this.#session === undefined) return;
    if (this.#callee?.isOver === true) this.#callee = undefined;
    if (this.#caller?.isOver === true) this.#caller = undefined;
  }

  #close(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.agenda.stop();
    this.timers.clearAll();
    for (const dialog of this.#dialogs.values()) {
      dialog.stop();
      this.#table.close(dialog.key);
    }
    this.#dialogs.clear();
    this.#table.over(this);
  }
}
