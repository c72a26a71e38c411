// The state of a subscription's machine as it is held by the hundred thousand. It is a value, and most are in one of a few
// states: active, nothing under way, an hour granted. Those are one object for all.

import type { SubscriptionState } from '../../sip/index.ts';

/** The last that were different. */
const RECENT = 8;
const recent: SubscriptionState[] = [];
let next = 0;

/** An equal state that somebody has, if it is at rest and among the last; else this one. */
export function sharedState(state: SubscriptionState): SubscriptionState {
  if (state.name === 'terminated' || state.sending !== 'nothing') return state;
  for (const known of recent) if (isEqual(known, state)) return known;
  recent[next] = state;
  next = (next + 1) % RECENT;
  return state;
}

/** Fields of a state are words and numbers. */
function isEqual(a: SubscriptionState, b: SubscriptionState): boolean {
  const fields = Object.entries(a);
  return (
    fields.length === Object.keys(b).length && fields.every(([name, value]) => Reflect.get(b, name) === value)
  );
}
