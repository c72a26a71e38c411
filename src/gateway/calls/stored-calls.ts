// Calls of before a restart: read before anything comes in, made again when the ways out are there. Answered ones go on; those that
// rang are ended, each side in the transaction or the session that it knows.

import {
  beginCall,
  interruptedCall,
  restoredCall,
  type CallDirection,
  type CallRecord,
} from '../../interwork/call/index.ts';
import { readKeptInvite, type SipRequest } from '../../sip/index.ts';
import { bareOf } from '../address-text.ts';
import { storedPages } from '../stored-pages.ts';
import { Call } from './call.ts';
import type { CallEnv, CallFacts, SipSide } from './call-types.ts';
import type { CallsEnv } from './calls.ts';
import type { CallHost, SipLeg, XmppLegs } from './legs.ts';
import { keptPathOf, type MediaPath } from './media-path.ts';

export interface StoredCallsEnv extends Pick<CallsEnv, 'clock' | 'node' | 'records' | 'relays'> {
  readonly sip: Pick<SipSide, 'restore' | 'interrupted'>;
  readonly xmpp: { restore(host: CallHost, record: CallRecord): XmppLegs | undefined };
}

interface Found {
  readonly key: string;
  readonly record: CallRecord;
}

export interface MadeAgain {
  readonly call: Call;
  readonly facts: CallFacts;
  /** It goes on, or is ended; undefined: its record cannot be read. */
  readonly begin: (() => void) | undefined;
}

export class StoredCalls {
  readonly #env: StoredCallsEnv;
  #found: Found[] = [];
  /** INVITEs of calls that rang, by `keyOf`. */
  readonly #invites = new Set<string>();

  constructor(env: StoredCallsEnv) {
    this.#env = env;
  }

  /** Rejects when the store fails. */
  async attach(): Promise<void> {
    const { records, node } = this.#env;
    if (records === undefined) return;
    for await (const page of storedPages(records, node)) {
      this.#found.push(...page);
      for (const { record } of page) {
        const kept = record.kind === 'ringing' ? record.invite : undefined;
        const invite = kept?.kind === 'received' ? readKeptInvite(kept) : undefined;
        if (invite !== undefined) this.#invites.add(keyOf(invite));
      }
    }
  }

  /** What was read, once. */
  take(): readonly Found[] {
    const found = this.#found;
    this.#found = [];
    this.#invites.clear();
    return found;
  }

  /** An INVITE that came again before it could be answered: its transaction has the answer when that is made. */
  isInterrupted(invite: SipRequest): boolean {
    return this.#invites.size > 0 && this.#invites.has(keyOf(invite));
  }

  make(env: CallEnv, key: string, record: CallRecord): MadeAgain {
    const transition = record.kind === 'answered' ? restoredCall(record) : interruptedCall(record);
    const facts = this.#factsOf(key, record);
    const media = this.#pathOf(record.path);
    const call = new Call(env, facts, beginIdle(record.direction), media);
    const leg = this.#legOf(record, call, media);
    const legs = this.#env.xmpp.restore(call, record);
    const isAnswered = record.kind === 'answered';
    if (transition === undefined || legs === undefined || (isAnswered && leg === undefined)) {
      leg?.stop();
      legs?.stop();
      return { call, facts, begin: undefined };
    }
    const begin = (): void => {
      if (isAnswered) call.answeredMs = facts.startedMs;
      call.resume(transition, leg, legs);
      if (isAnswered) return;
      media?.end();
      // Nothing is known of its INVITE: that leg says nothing more.
      if (record.legs.sip && leg === undefined) {
        call.take({ kind: 'sipEnded', end: { cause: 'failed', reason: 'timeout' } });
      }
    };
    return { call, facts, begin };
  }

  #legOf(record: CallRecord, call: Call, media: MediaPath | undefined): SipLeg | undefined {
    const { sip } = this.#env;
    if (record.kind === 'answered') return sip.restore(record.sip, call, { media });
    return record.invite === undefined ? undefined : sip.interrupted(record.invite, call);
  }

  #pathOf(text: string | undefined): MediaPath | undefined {
    const kept = text === undefined ? undefined : keptPathOf(text);
    return kept === undefined ? undefined : this.#env.relays?.restore(kept);
  }

  #factsOf(id: string, record: CallRecord): CallFacts {
    const { direction, xmpp } = record;
    const user = bareOf(xmpp.self);
    const other = bareOf(xmpp.peer);
    const isToXmpp = direction === 'toXmpp';
    return {
      ...{ id, direction, sid: xmpp.sid, callId: callIdOf(record) },
      ...{ caller: isToXmpp ? user : other, callee: isToXmpp ? other : user },
      startedMs: this.#env.clock.wall(),
    };
  }
}

/** What a call is before its record says more. */
function beginIdle(direction: CallDirection): ReturnType<typeof beginCall> {
  const origin = {
    ...{ username: '-', sessionId: '0', sessionVersion: '0' },
    ...{ netType: 'IN', addrType: 'IP4', address: '0.0.0.0' },
  };
  return beginCall({ direction, origin, trickle: false });
}

function callIdOf(record: CallRecord): string {
  if (record.kind === 'answered') return record.sip.dialog.callId;
  const invite = record.invite === undefined ? undefined : readKeptInvite(record.invite);
  return invite?.callId ?? '';
}

/** What an INVITE and the same one that comes again have in common (RFC 3261 §17.2.3). */
function keyOf({ callId, cseq, via }: SipRequest): string {
  return `${callId}\n${cseq.number}\n${via.branch}`;
}
