// One request to its final response, as data: further targets (RFC 3263 §4.3), challenges (RFC 3261 §22.2). What the
// response means is not its business.
//
//   locating ──located──▶ trying ──final response, last failure──▶ done
//                          │  ▲
//                          └──┘ next target, credentials

export type ExchangeState =
  | { readonly name: 'locating' }
  | { readonly name: 'trying'; readonly authentications: number }
  | { readonly name: 'done' };

export type ExchangeEvent =
  | { readonly kind: 'located' }
  | { readonly kind: 'unlocatable' }
  | {
      readonly kind: 'response';
      readonly status: number;
      readonly moreTargets: boolean;
      /** There are credentials for the challenge that were not refused yet. */
      readonly answerable: boolean;
    }
  /** Timer F, or the transport could not send. */
  | { readonly kind: 'failed'; readonly reason: 'timeout' | 'transport'; readonly moreTargets: boolean }
  /** The transaction layer stopped. */
  | { readonly kind: 'stopped' };

export type ExchangeEffect =
  /** To the first, or the next, target. */
  | 'send'
  /** To the same target with credentials, CSeq + 1. */
  | 'sendWithCredentials'
  | 'penaliseTarget'
  | 'forgiveTarget'
  /** Hand over the final response at hand. */
  | 'respond'
  /** There is none: 'unlocatable', or the reason of the last failure. */
  | 'fail';

export interface ExchangeTransition {
  readonly state: ExchangeState;
  readonly effects: readonly ExchangeEffect[];
  readonly expected: boolean;
}

/** ERR-R4: each realm on the way may ask for itself; whether one asked before is known where the nonces are. */
const MAX_AUTHENTICATIONS = 4;

export const BEGIN_EXCHANGE: ExchangeState = { name: 'locating' };
const DONE: ExchangeState = { name: 'done' };

/** Pure. */
export function stepExchange(state: ExchangeState, event: ExchangeEvent): ExchangeTransition {
  switch (state.name) {
    case 'locating':
      if (event.kind === 'located') return to({ name: 'trying', authentications: 0 }, 'send');
      if (event.kind === 'unlocatable' || event.kind === 'stopped') return to(DONE, 'fail');
      break;
    case 'trying':
      if (event.kind === 'response') return responded(state, event);
      if (event.kind === 'failed') {
        return event.moreTargets ? to(state, 'penaliseTarget', 'send') : to(DONE, 'penaliseTarget', 'fail');
      }
      if (event.kind === 'stopped') return to(DONE, 'fail');
      break;
    case 'done':
      break;
  }
  return { state, effects: [], expected: false };
}

function responded(
  state: ExchangeState & { name: 'trying' },
  { status, moreTargets, answerable }: ExchangeEvent & { kind: 'response' },
): ExchangeTransition {
  if (status < 200) return to(state);
  // RFC 3263 §4.3: a 503 is a failure of this target.
  if (status === 503) {
    return moreTargets ? to(state, 'penaliseTarget', 'send') : to(DONE, 'penaliseTarget', 'respond');
  }
  if ((status === 401 || status === 407) && answerable && state.authentications < MAX_AUTHENTICATIONS) {
    const authentications = state.authentications + 1;
    return to({ name: 'trying', authentications }, 'forgiveTarget', 'sendWithCredentials');
  }
  return to(DONE, 'forgiveTarget', 'respond');
}

function to(state: ExchangeState, ...effects: ExchangeEffect[]): ExchangeTransition {
  return { state, effects, expected: true };
}
