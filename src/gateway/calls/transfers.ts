// Calls that are handed over (CALL-35 to CALL-37): which call asked for it, which new one it became, and what both sides hear of
// that. Nothing of it is kept beyond a restart: the subscription of a REFER is gone then, and both calls go on as they are.
//
// A target is believed no more than who names it: each is looked at by the rules for calls before anything is asked, and the call
// that comes of it is looked at again like every other one.

import type { Counters, Log, Timer, Timers } from '../../base/index.ts';
import {
  BEGIN_TRANSFER,
  FOLLOW_MS,
  MAX_TRANSFERS,
  PATIENCE_MS,
  stepTransfer,
  type CallEvent,
  type CallOutcome,
  type TransferEffect,
  type TransferEvent,
  type TransferState,
} from '../../interwork/call/index.ts';
import {
  failureToStanzaError,
  faultToStanzaError,
  responseToStanzaError,
  type AddressBook,
  type MappedUri,
} from '../../mapping/index.ts';
import type { CallRules } from '../../policy/index.ts';
import {
  formatReplaces,
  rawHeaderField,
  uriWithReplaces,
  type HeaderField,
  type ReferOutcome,
  type ReferTarget,
  type ServerTransaction,
} from '../../sip/index.ts';
import {
  jingleError,
  stanzaError,
  transferElement,
  type StanzaError,
  type Transfer,
} from '../../xmpp/index.ts';
import { bareOf } from '../address-text.ts';
import type { Call } from './call.ts';
import type { CallHandovers, Handover } from './call-types.ts';
import type { ReferralTalk } from './sip-refer.ts';
import type { ReplaceableCall } from './sip-legs.ts';
import { otherTarget, otherUri, sipOf, userOf, type Admits, type Dialogs } from './transfer-targets.ts';
import { whatReplaces, type Replacing } from './replacing.ts';

export interface TransfersEnv {
  readonly timers: Timers;
  readonly log: Log;
  readonly counters: Counters;
  readonly live: { readonly book: AddressBook; readonly callRules: CallRules };
  /** Rules and limits for everything. */
  readonly admits?: Admits | undefined;
  readonly calls: () => Iterable<Call>;
  readonly replaceable: (callId: string) => readonly ReplaceableCall[];
  /** Whether a client can be handed over. */
  able(self: string, device: string, told: (can: boolean) => void): void;
}

/** A REFER of the SIP side. */
interface Followed {
  readonly call: Call;
  readonly talk: ReferralTalk;
  /** What the client is told, and whom it will call: the bare JID. */
  readonly transfer: Transfer;
  readonly target: string;
  /** That call comes by way of this gateway. */
  readonly comes: boolean;
  /** Of the INVITE of its new call. */
  readonly fields: readonly HeaderField[];
  state: TransferState;
  timer: Timer | undefined;
  next: Call | undefined;
}

/** A new call that takes the place of one that was handed over. */
export interface Claim {
  readonly fields: readonly HeaderField[];
  readonly hops: number;
  joins(call: Call): void;
  refused(status: number): void;
}

/** How long the new call is waited for once the old one is gone; in milliseconds. */
const CLAIM_MS = 60_000;
/** Transfers that are under way. */
const MAX_FOLLOWED = 1000;
const FULL = 'Too many transfers are under way';
const TOO_FAR = 'This call was transferred too often';

const STATES: Readonly<Record<ReferOutcome['kind'], Handover['state']>> = {
  succeeded: 'done',
  failed: 'failed',
  refused: 'declined',
  unsent: 'declined',
  unknown: 'unknown',
};

export class Transfers implements CallHandovers {
  readonly #env: TransfersEnv;
  readonly #followed = new Set<Followed>();

  constructor(env: TransfersEnv) {
    this.#env = env;
  }

  /** REFERs whose new calls are waited for. */
  get size(): number {
    return this.#followed.size;
  }

  /** CALL-35, CALL-36: a REFER of the SIP side. */
  referred(call: Call, refer: ReferTarget, talk: ReferralTalk): void {
    const decline = (why: string): void => {
      this.#tell(call, { by: 'sip', to: refer.uri, state: 'declined', status: 603 });
      talk.decline(why);
    };
    if (this.#followed.size >= MAX_FOLLOWED) return decline(FULL);
    if (call.hops >= MAX_TRANSFERS) return decline(TOO_FAR);
    const session = call.session();
    const dialog = call.dialog();
    if (session === undefined || dialog === undefined) return decline('This call is not answered');
    const found = otherTarget(refer, {
      ...{ ...this.#env.live, admits: this.#env.admits, call },
      ...this.#dialogs(),
    });
    if (typeof found === 'string') return decline(found);
    for (const old of this.#followed) if (old.call === call) this.#forget(old);
    const replaced = refer.replaces;
    const followed: Followed = {
      ...{
        call,
        talk,
        target: bareOf(found.to),
        comes: found.comes,
        state: BEGIN_TRANSFER,
        timer: undefined,
        next: undefined,
      },
      // XEP-0251 §3: an attended transfer names the session that the new one replaces.
      transfer:
        found.sid === undefined ? { to: found.to } : { from: found.from, to: found.to, sid: found.sid },
      fields: [
        // RFC 3892 §2.2: who referred, as this dialog knows him.
        rawHeaderField('Referred-By', dialog.remoteUri),
        ...(replaced === undefined ? [] : [rawHeaderField('Replaces', formatReplaces(replaced))]),
      ],
    };
    this.#followed.add(followed);
    this.#tell(call, { by: 'sip', to: found.to, state: 'asked' });
    this.#wait(followed, PATIENCE_MS, 'patience');
    this.#env.able(session.self, session.peer, (can) =>
      this.#step(followed, { kind: can ? 'able' : 'unable' }),
    );
  }

  /** CALL-37: a `<transfer/>` of the XMPP side. */
  asked(call: Call, transfer: Transfer, answer: (error?: StanzaError) => void): void {
    const { to } = transfer;
    const refuse = (error: StanzaError): void => {
      this.#tell(call, { by: 'xmpp', to: to ?? '', state: 'declined' });
      answer(error);
    };
    if (to === undefined) return refuse(stanzaError('bad-request', { text: 'No target', lang: 'en' }));
    if (call.hops >= MAX_TRANSFERS)
      return refuse(stanzaError('policy-violation', { text: TOO_FAR, lang: 'en' }));
    const { book } = this.#env.live;
    const user = book.jidSenderToSip(userOf(call));
    if (!user.ok) return refuse(faultToStanzaError(user.error, 'sender'));
    const target = otherUri(to, { ...this.#env.live, admits: this.#env.admits, call, user: user.value });
    if (!target.ok) return refuse(target.error);
    const referTo = this.#referTo(call, target.value, transfer);
    if (referTo === undefined) {
      return refuse(stanzaError('item-not-found', { text: 'No such session with the target', lang: 'en' }));
    }
    let isAnswered = false;
    const answered = (error?: StanzaError): void => {
      if (!isAnswered) answer(error);
      isAnswered = true;
    };
    const isSent = call.refer(
      { to: `<${referTo}>`, by: `<${user.value.uri}>` },
      {
        accepted: () => answered(),
        ended: (outcome) => {
          this.#referEnded(call, to, outcome);
          answered(errorOf(outcome));
          if (outcome.kind === 'succeeded') call.take({ kind: 'handedOver', by: 'xmpp' });
        },
      },
    );
    if (!isSent) return refuse(jingleError('out-of-order'));
    this.#tell(call, { by: 'xmpp', to, state: 'asked' });
  }

  /** An INVITE with Replaces; undefined: it has none. */
  replacing(
    tx: ServerTransaction,
    from: { readonly host: string; readonly bareText: string },
  ): Replacing | undefined {
    return whatReplaces(tx, from, {
      ...{ book: this.#env.live.book, ...this.#dialogs() },
    });
  }

  /** A new call of the XMPP user `user` to the SIP user `target`, bare JIDs: that of a transfer? */
  claim(user: string, target: string): Claim | undefined {
    for (const followed of this.#followed) {
      const { call, fields, state, next } = followed;
      if (next !== undefined || state.phase === 'checking' || !followed.comes) continue;
      if (followed.target !== target || userOf(call) !== user) continue;
      return {
        ...{ fields, hops: call.hops + 1 },
        joins: (made) => {
          followed.next = made;
          if (followed.state.phase === 'over') this.#forget(followed);
        },
        refused: (status) => this.#step(followed, { kind: 'failed', status }),
      };
    }
    return undefined;
  }

  moved(call: Call): void {
    if (call.state.phase === 'up' && call.replaced !== undefined) {
      const { replaced } = call;
      call.replaced = undefined;
      // RFC 3891 §3: "shuts down the replaced dialog".
      replaced.take({ kind: 'handedOver', by: 'sip' });
    }
    const followed = this.#madeBy(call);
    if (followed === undefined) return;
    if (call.state.phase === 'up') this.#step(followed, { kind: 'answered' });
    else if (call.state.rung) this.#step(followed, { kind: 'progress', status: 180 });
  }

  leaving(call: Call, event: CallEvent): void {
    if (event.kind !== 'sessionEnded' && event.kind !== 'sipEnded') return;
    const isHanded = event.kind === 'sessionEnded' && event.end.cause === 'terminated';
    const handed = isHanded && event.end.reason?.condition === 'success';
    for (const followed of this.#followed) {
      if (followed.call !== call) continue;
      this.#step(followed, { kind: 'left', handed, bySip: event.kind === 'sipEnded' });
    }
  }

  ended(call: Call, outcome: CallOutcome): void {
    const followed = this.#madeBy(call);
    if (followed !== undefined) this.#step(followed, { kind: 'failed', status: statusOf(outcome) });
  }

  stop(): void {
    for (const followed of this.#followed) this.#forget(followed);
  }

  #dialogs(): Dialogs {
    const { calls, replaceable } = this.#env;
    return { calls: [...calls()], replaceable };
  }

  #madeBy(call: Call): Followed | undefined {
    for (const followed of this.#followed) if (followed.next === call) return followed;
    return undefined;
  }

  #step(followed: Followed, event: TransferEvent): void {
    const before = followed.state;
    const { state, effects } = stepTransfer(before, event);
    followed.state = state;
    for (const effect of effects) this.#run(followed, effect);
    if (state.phase === before.phase) return;
    if (state.phase === 'followed') return this.#wait(followed, FOLLOW_MS, 'expired');
    if (state.phase !== 'over') return;
    if (effects.length === 0) this.#told(followed, 'unknown');
    // A phone that hangs up at once leaves a client behind that still makes its new call, with Replaces.
    const isAlone = event.kind === 'left' && event.bySip && before.phase !== 'checking';
    if (isAlone && followed.next === undefined && followed.comes) this.#wait(followed, CLAIM_MS, 'expired');
    else this.#forget(followed);
  }

  #run(followed: Followed, effect: TransferEffect): void {
    const { call, talk, transfer } = followed;
    switch (effect.kind) {
      case 'offer':
        return call.inform(transferElement(transfer), (isTaken) =>
          this.#step(followed, { kind: isTaken ? 'taken' : 'refused' }),
        );
      case 'accept':
        return talk.accept();
      case 'decline':
        this.#told(followed, 'declined', 603);
        return talk.decline(effect.why);
      case 'outcome': {
        const { status } = effect;
        talk.outcome(status);
        if (status >= 200) this.#told(followed, status < 300 ? 'done' : 'failed', status);
      }
    }
  }

  #told({ call, transfer }: Followed, state: Handover['state'], status?: number): void {
    this.#tell(call, {
      ...{ by: 'sip', to: transfer.to ?? '', state },
      ...(status === undefined ? {} : { status }),
    });
  }

  #wait(followed: Followed, ms: number, kind: 'patience' | 'expired'): void {
    const { timers } = this.#env;
    timers.clear(followed.timer);
    followed.timer = timers.set(ms, () => {
      if (followed.state.phase === 'over') return this.#forget(followed);
      this.#step(followed, { kind });
    });
  }

  #forget(followed: Followed): void {
    this.#env.timers.clear(followed.timer);
    this.#followed.delete(followed);
  }

  /** The URI that our REFER refers to; undefined: the session that it names is none of ours. */
  #referTo(call: Call, target: MappedUri, { sid, to = '' }: Transfer): string | undefined {
    if (sid === undefined) return target.uri;
    const user = userOf(call);
    for (const other of this.#env.calls()) {
      const isMeant = other.facts.sid === sid && userOf(other) === user && sipOf(other) === bareOf(to);
      const dialog = isMeant && other !== call ? other.dialog() : undefined;
      if (dialog === undefined) continue;
      const { callId, localTag, remoteTag } = dialog;
      // RFC 3891 §3: named as its other end knows it.
      const uri = uriWithReplaces(target.uri, {
        ...{ callId, toTag: remoteTag, fromTag: localTag, earlyOnly: false },
      });
      return uri.ok ? uri.value : undefined;
    }
    return undefined;
  }

  #referEnded(call: Call, to: string, outcome: ReferOutcome): void {
    const status = 'status' in outcome ? outcome.status : undefined;
    const state = STATES[outcome.kind];
    this.#tell(call, { by: 'xmpp', to, state, ...(status === undefined ? {} : { status }) });
  }

  #tell(call: Call, handover: Handover): void {
    call.handover = handover;
    const { by, to, state, status } = handover;
    const { id, callId, sid } = call.facts;
    this.#env.log.info('call.transfer', {
      ...{ id, callId, sid, by, to, state },
      ...(status === undefined ? {} : { status }),
    });
    if (state === 'asked') return;
    this.#env.counters
      .counter('stoxgate_call_transfers_total', 'Transfers of calls, by who asked and what came of it.', {
        ...{ by, outcome: state },
      })
      .add();
  }
}

/** Of a REFER that was not taken; undefined: it was. */
function errorOf(outcome: ReferOutcome): StanzaError | undefined {
  if (outcome.kind === 'refused') return responseToStanzaError(outcome.status, '');
  if (outcome.kind !== 'unsent') return undefined;
  return failureToStanzaError(outcome.reason === 'timeout' ? 'timeout' : 'transport');
}

/** What a call that was not answered is to whoever asked for it. */
function statusOf(outcome: CallOutcome): number {
  switch (outcome.kind) {
    case 'failed':
      return outcome.status;
    case 'busy':
      return 486;
    case 'declined':
      return 603;
    case 'noAnswer':
      return 408;
    case 'cancelled':
      return 487;
    case 'ended':
    case 'lost':
      // It was answered, and that is told already.
      return 200;
  }
}
