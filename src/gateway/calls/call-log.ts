// What became of each call: counted, told in one line of the log, and remembered for a while, for whoever asks `stoxgate call`.

import { detachText, type Clock, type Counters, type Log } from '../../base/index.ts';
import type { CallOutcome } from '../../interwork/call/index.ts';
import type { CallFacts, Handover } from './call-types.ts';

/** Outcome of a call, or of an attempt that never became one. */
export type ToldOutcome =
  | CallOutcome
  /** `clause`: the row by which it was refused. */
  | { readonly kind: 'refused'; readonly clause: string; readonly status: number };

export interface LoggedCall extends CallFacts {
  readonly answeredMs?: number | undefined;
  readonly endedMs: number;
  readonly outcome: ToldOutcome;
  readonly handover?: Handover | undefined;
}

export interface CallLogEnv {
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
}

/** Calls that are remembered after their end; the oldest goes first. */
export const MAX_LOGGED = 1000;
/** What a peer wrote as an identifier: longer ones are found by their beginning. */
const MAX_IDENTIFIER = 256;

export class CallLog {
  readonly #env: CallLogEnv;
  readonly #ring: LoggedCall[] = [];
  #next = 0;

  constructor(env: CallLogEnv) {
    this.#env = env;
  }

  /** Calls that are remembered. */
  get size(): number {
    return this.#ring.length;
  }

  ended(facts: CallFacts, outcome: ToldOutcome, answeredMs?: number, handover?: Handover): void {
    const { clock, log, counters } = this.#env;
    const endedMs = clock.wall();
    const direction = facts.direction === 'toXmpp' ? 'sip_to_xmpp' : 'xmpp_to_sip';
    counters
      .counter('stoxgate_calls_total', 'Calls by their outcome, each once.', {
        direction,
        outcome: outcome.kind,
      })
      .add();
    const { id, callId, sid, caller, callee } = facts;
    log.info('call.ended', {
      ...{ id, callId, sid, caller, callee, direction, outcome: outcome.kind, ...detailOf(outcome) },
      ...(answeredMs === undefined ? {} : { seconds: Math.round((endedMs - answeredMs) / 1000) }),
    });
    this.#remember({
      ...{ ...facts, callId: short(callId), sid: short(sid), outcome, endedMs },
      ...(answeredMs === undefined ? {} : { answeredMs }),
      ...(handover === undefined ? {} : { handover }),
    });
  }

  /** By our id, Call-ID or sid; newest first. */
  find(id: string): readonly LoggedCall[] {
    const key = id.slice(0, MAX_IDENTIFIER);
    return this.#ring
      .filter((call) => call.id === key || call.callId === key || call.sid === key)
      .toSorted((left, right) => right.endedMs - left.endedMs);
  }

  #remember(call: LoggedCall): void {
    this.#ring[this.#next] = call;
    this.#next = (this.#next + 1) % MAX_LOGGED;
  }
}

/** What an outcome says besides its kind. */
export function detailOf(outcome: ToldOutcome): Readonly<Record<string, string | number>> {
  const { kind: _, ...detail } = outcome;
  return detail;
}

function short(text: string): string {
  return detachText(text.slice(0, MAX_IDENTIFIER));
}
