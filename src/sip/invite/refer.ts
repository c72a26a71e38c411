// Both sides of REFER within a call, as data (RFC 3515, RFC 4488). The subscription that it makes is the matter of the
// machines of `sip/subscription`; here is what the reference itself comes to.
//
// We are referred:   asked ──accept──▶ working ──final status, subscription gone──▶ over
// We refer:          asking ──2xx, NOTIFY──▶ following ──NOTIFY terminated, timer──▶ over

export type ReferredState =
  | { readonly name: 'asked'; readonly cseq: number }
  /** `status`: of the referenced request so far, what a NOTIFY says. */
  | { readonly name: 'working'; readonly status: number; readonly subscribed: boolean }
  | { readonly name: 'over' };

export type ReferredEvent =
  /** We follow the reference. `subscription`: false when the peer asked for none (Refer-Sub: false). */
  | { readonly kind: 'accept'; readonly subscription: boolean }
  | { readonly kind: 'decline'; readonly status: number }
  /** A response to the referenced request, 101 … 699; from 200 on it is the last word. */
  | { readonly kind: 'outcome'; readonly status: number }
  /** The subscription ended before; the reference goes on (§2.4.4). */
  | { readonly kind: 'unsubscribed' }
  /** The call ended before we said anything. */
  | { readonly kind: 'sessionEnded' };

export type ReferredEffect =
  /** Final response to REFER. `noSubscription`: with "Refer-Sub: false". */
  | {
      readonly kind: 'reply';
      readonly cseq: number;
      readonly status: number;
      readonly noSubscription?: true;
    }
  /** A subscription begins, active, for so many seconds: its first NOTIFY says `status`. */
  | { readonly kind: 'subscribe'; readonly seconds: number; readonly status: number }
  /** Something to tell: a sipfrag with `status`. */
  | { readonly kind: 'notify'; readonly status: number }
  /** The last NOTIFY: "terminated;reason=noresource" (§2.4.7). */
  | { readonly kind: 'finish'; readonly status: number };

export interface ReferredTransition {
  readonly state: ReferredState;
  readonly effects: readonly ReferredEffect[];
  readonly expected: boolean;
}

/** §3.4: "longer than the time the referenced request will be given to complete". */
const REFER_SECONDS = 300;

const REFERRED_OVER: ReferredState = { name: 'over' };

/** Begins with a REFER that is well-formed. */
export function beginReferred(cseq: number): ReferredState {
  return { name: 'asked', cseq };
}

/** Pure. See `ReferredTransition.expected`. */
export function stepReferred(state: ReferredState, event: ReferredEvent): ReferredTransition {
  switch (state.name) {
    case 'asked':
      return stepAsked(state.cseq, event, state);
    case 'working': {
      if (event.kind === 'unsubscribed' && state.subscribed) {
        return referred({ ...state, subscribed: false });
      }
      if (event.kind !== 'outcome' || event.status <= 100) break;
      const { status } = event;
      if (status < 200) {
        const next: ReferredState = { ...state, status };
        // Each response is told once.
        return state.subscribed && status !== state.status
          ? referred(next, { kind: 'notify', status })
          : referred(next);
      }
      return state.subscribed ? referred(REFERRED_OVER, { kind: 'finish', status }) : referred(REFERRED_OVER);
    }
    case 'over':
      break;
  }
  return { state, effects: [], expected: false };
}

function stepAsked(cseq: number, event: ReferredEvent, state: ReferredState): ReferredTransition {
  switch (event.kind) {
    case 'accept': {
      const status = 100;
      if (!event.subscription) {
        const reply: ReferredEffect = { kind: 'reply', cseq, status: 200, noSubscription: true };
        return referred({ name: 'working', status, subscribed: false }, reply);
      }
      return referred(
        { name: 'working', status, subscribed: true },
        { kind: 'reply', cseq, status: 202 },
        { kind: 'subscribe', seconds: REFER_SECONDS, status },
      );
    }
    case 'decline':
      if (event.status < 300) break;
      return referred(REFERRED_OVER, { kind: 'reply', cseq, status: event.status });
    case 'sessionEnded':
      return referred(REFERRED_OVER, { kind: 'reply', cseq, status: 487 });
    default:
      break;
  }
  return { state, effects: [], expected: false };
}

function referred(state: ReferredState, ...effects: ReferredEffect[]): ReferredTransition {
  return { state, effects, expected: true };
}

export type ReferrerState =
  /** `told`: a final status was reported. */
  { readonly name: 'asking' | 'following'; readonly told: boolean } | { readonly name: 'over' };

export type ReferrerEvent =
  /** 2xx to REFER. `subscription`: false with "Refer-Sub: false". */
  | { readonly kind: 'accepted'; readonly subscription: boolean }
  | { readonly kind: 'refused'; readonly status: number }
  | { readonly kind: 'failed'; readonly reason: 'timeout' | 'transport' | 'unlocatable' | 'stopped' }
  /** NOTIFY for this REFER, also before its response (§2.4.4). `status`: of its sipfrag; absent when it has none. */
  | {
      readonly kind: 'notify';
      readonly cseq: number;
      readonly status?: number;
      readonly terminated: boolean;
    }
  /** The end of `wait`. */
  | { readonly kind: 'timerWait' };

export type ReferOutcome =
  | { readonly kind: 'succeeded' }
  /** The referenced request got this status. */
  | { readonly kind: 'failed'; readonly status: number }
  /** The peer does not follow the reference. */
  | { readonly kind: 'refused'; readonly status: number }
  | { readonly kind: 'unsent'; readonly reason: 'timeout' | 'transport' | 'unlocatable' | 'stopped' }
  /** Nobody said how it went. */
  | { readonly kind: 'unknown' };

export type ReferrerEffect =
  | { readonly kind: 'reply'; readonly cseq: number; readonly status: number }
  /** A provisional status of the referenced request. */
  | { readonly kind: 'progress'; readonly status: number }
  /** The only outcome. */
  | { readonly kind: 'ended'; readonly outcome: ReferOutcome }
  /** Timer, from now. */
  | { readonly kind: 'wait'; readonly seconds: number }
  | { readonly kind: 'stopWait' };

export interface ReferrerTransition {
  readonly state: ReferrerState;
  readonly effects: readonly ReferrerEffect[];
  readonly expected: boolean;
}

const REFERRER_OVER: ReferrerState = { name: 'over' };
/** Before the REFER has left. */
export const BEGIN_REFERRER: ReferrerState = { name: 'asking', told: false };

/** Pure. See `ReferrerTransition.expected`. */
export function stepReferrer(state: ReferrerState, event: ReferrerEvent): ReferrerTransition {
  if (state.name === 'over') {
    // RFC 6665 §4.1.3: a NOTIFY without a subscription.
    if (event.kind === 'notify') return referrer(state, { kind: 'reply', cseq: event.cseq, status: 481 });
    return { state, effects: [], expected: false };
  }
  switch (event.kind) {
    case 'accepted':
      if (state.name !== 'asking') break;
      if (!event.subscription) return referrer(REFERRER_OVER, ...untold(state, { kind: 'unknown' }));
      return referrer({ ...state, name: 'following' }, { kind: 'wait', seconds: REFER_SECONDS });
    case 'refused':
      if (state.name !== 'asking') break;
      return referrer(REFERRER_OVER, ...untold(state, { kind: 'refused', status: event.status }));
    case 'failed':
      if (state.name !== 'asking') break;
      return referrer(REFERRER_OVER, ...untold(state, { kind: 'unsent', reason: event.reason }));
    case 'notify':
      return notified(state, event);
    case 'timerWait':
      if (state.name !== 'following') break;
      return referrer(REFERRER_OVER, ...untold(state, { kind: 'unknown' }));
  }
  return { state, effects: [], expected: false };
}

function notified(
  state: ReferrerState & { name: 'asking' | 'following' },
  { cseq, status, terminated }: ReferrerEvent & { kind: 'notify' },
): ReferrerTransition {
  const effects: ReferrerEffect[] = [{ kind: 'reply', cseq, status: 200 }];
  const final = status !== undefined && status >= 200;
  if (final) {
    const outcome: ReferOutcome = status < 300 ? { kind: 'succeeded' } : { kind: 'failed', status };
    effects.push(...untold(state, outcome));
  } else if (terminated) effects.push(...untold(state, { kind: 'unknown' }));
  else if (status !== undefined && status > 100) effects.push({ kind: 'progress', status });
  if (!terminated) return referrer({ ...state, told: state.told || final }, ...effects);
  if (state.name === 'following') effects.push({ kind: 'stopWait' });
  return referrer(REFERRER_OVER, ...effects);
}

function untold({ told }: { readonly told: boolean }, outcome: ReferOutcome): ReferrerEffect[] {
  return told ? [] : [{ kind: 'ended', outcome }];
}

function referrer(state: ReferrerState, ...effects: ReferrerEffect[]): ReferrerTransition {
  return { state, effects, expected: true };
}
