// A call that comes to us, up to the final response, as data (RFC 3261 §13.3, §9.2, §15.1.2; RFC 3262 §3; RFC 5407
// figure 2 and appendix C).
//
//   invited ──1xx──▶ early ──accept──▶ holding ──PRACK──▶ answered
//      │               │                  (a reliable description has no PRACK yet)
//      └───────┬───────┴──refuse, CANCEL, BYE, no PRACK──▶ refused
//
// With the 2xx the session begins (`session.ts`), which repeats it until the ACK is there. PRACK is answered in all states.

import { DEFAULT_TIMERS, type TimersConfig } from '../transaction/timing.ts';
import type { ChangeEvent, Changes } from './change.ts';
import { beginChanges, repliesAtEnd, resume, stepChanges, unacknowledged } from './changes.ts';
import type { CallEnd } from './end.ts';
import type {
  AnsweredInvitation as Done,
  CalleeEffect,
  CalleeEvent,
  CalleeState,
  CalleeTransition,
  Invitation,
  OpenInvitation as Open,
} from './invitation.ts';
import { afterSent, isOurs, type Description } from './offers.ts';
import {
  beginReliable,
  confirmed,
  enqueue,
  sentAgain,
  type Progress,
  type Reliable,
  type Unconfirmed,
} from './reliable.ts';

/** RFC 3261 §13.3.1.1: "at every minute, to handle the possibility of lost provisional responses". */
const REPEAT_MS = 60_000;
/** RFC 3262 §3: a reliable one arrives; "once every two and a half minutes" keeps proxies from giving up. */
const REPEAT_RELIABLE_MS = 150_000;

/** Begins when the INVITE has passed all checks. */
export function beginCallee(invitation: Invitation): CalleeState {
  const offer = invitation.description === 'offer' ? 'theirs' : 'none';
  return {
    name: 'invited',
    invitation,
    changes: beginChanges('early', false, offer),
    reliable: beginReliable(invitation.firstRSeq),
    last: undefined,
    prack: undefined,
  };
}

/** Pure. See `CalleeTransition.expected`. */
export function stepCallee(
  state: CalleeState,
  event: CalleeEvent,
  timing: TimersConfig = DEFAULT_TIMERS,
): CalleeTransition {
  if (state.name === 'done') return afterwards(state, event);
  switch (event.kind) {
    case 'progress':
      return progress(state, event.progress, timing);
    case 'accept':
      return accept(state, event.description, timing);
    case 'refuse':
      if (event.status < 300) return unexpected(state);
      return refuse(state, event.status, { cause: 'refused', status: event.status });
    case 'timerExpires':
      // RFC 3261 §13.3.1: "a 487 (Request Terminated) response SHOULD be generated".
      return refuse(state, 487, { cause: 'noAnswer' });
    case 'cancelled':
      return refuse(state, 487, { cause: 'cancelled', by: 'peer' });
    case 'bye':
      return bye(state, event.cseq);
    case 'prack':
      return prack(state, event, timing);
    case 'answerPrack':
      return answerPrack(state, event.status, timing);
    case 'change':
      return change(state, event.event);
    case 'timerPrack':
      return timerPrack(state);
    case 'timerRepeat':
      return timerRepeat(state, timing);
  }
}

function progress(state: Open, said: Progress, timing: TimersConfig): CalleeTransition {
  const { status, description } = said;
  if (state.name === 'holding' || status <= 100 || status >= 200) return unexpected(state);
  const reliable = state.invitation.reliability !== 'none';
  const { offer } = state.changes;
  // RFC 3261 §13.2.1: "it MUST NOT generate subsequent offers in any responses to the initial INVITE"; and no answer to others.
  if (description !== 'none' && description !== dueInAnswer(state)) return unexpected(state);
  const early: Open = { ...state, name: 'early', last: status };
  if (!reliable) {
    // RFC 3261 §13.2.1: the answer of the 2xx may be shown before; an offer may not stand in what may be lost.
    if (description === 'offer') return unexpected(state);
    return to(early, { kind: 'provisional', status, description }, repeat(REPEAT_MS));
  }
  // RFC 3262 §5: without an offer in the INVITE the first reliable response must hold one; it stays a plain one until then.
  if (offer === 'none' && description === 'none' && state.invitation.reliability === 'supported') {
    return to(early, { kind: 'provisional', status, description }, repeat(REPEAT_MS));
  }
  if (offer === 'none' && description === 'none') return unexpected(state);
  const changes: Changes = { ...state.changes, offer: afterSent(offer, description) };
  return sent({ ...early, changes }, enqueue(state.reliable, said, timing));
}

/** What `reliable` became: a new one leaves, or all wait. */
function sent(state: Open, reliable: Reliable, ...effects: CalleeEffect[]): CalleeTransition {
  const { unconfirmed } = reliable;
  const next: Open = { ...state, reliable };
  if (unconfirmed === undefined || unconfirmed.rseq === state.reliable.unconfirmed?.rseq) {
    return to(next, ...effects);
  }
  const { status, description, rseq, intervalMs } = unconfirmed;
  return to(
    next,
    ...effects,
    { kind: 'provisional', status, description, rseq },
    { kind: 'waitForPrack', ms: intervalMs },
    repeat(REPEAT_RELIABLE_MS),
  );
}

function accept(state: Open, description: Description, timing: TimersConfig): CalleeTransition {
  if (state.name === 'holding' || description !== dueInAnswer(state)) return unexpected(state);
  // RFC 3262 §3, §5: "MUST NOT send a final response until those provisional responses are acknowledged".
  if (mustHold(state)) return to({ ...state, name: 'holding' }, { kind: 'stopWaitToRepeat' });
  return answer(state, description, timing);
}

/** What a 2xx has to hold now, and a provisional response may. The open offer of an UPDATE or a PRACK is answered by itself. */
function dueInAnswer({ changes: { offer, update }, prack: open }: Open): Description {
  if (offer === 'none') return 'offer';
  return offer === 'theirs' && update?.description !== 'offer' && open === undefined ? 'answer' : 'none';
}

/** A description of ours has no PRACK yet, or one of theirs in a PRACK no answer. */
function mustHold({ reliable, prack: open }: Open): boolean {
  const { unconfirmed, queue } = reliable;
  const waits = unconfirmed === undefined ? queue : [unconfirmed, ...queue];
  return open !== undefined || waits.some(({ description }) => description !== 'none');
}

function answer(state: Open, description: Description, timing: TimersConfig): CalleeTransition {
  const { cseq } = state.invitation;
  const waiting = unacknowledged(cseq, description, true, timing);
  const changes: Changes = {
    ...state.changes,
    phase: 'confirmed',
    held: false,
    offer: afterSent(state.changes.offer, description),
    unacknowledged: [waiting],
  };
  return to(
    done(true, state),
    ...silence(state),
    { kind: 'respond', status: 200, description },
    { kind: 'established', changes, waitMs: waiting.intervalMs },
  );
}

function refuse(state: Open, status: number, end: CallEnd): CalleeTransition {
  const replies: CalleeEffect[] = repliesAtEnd(state.changes).map((effect) => ({ kind: 'change', effect }));
  const open: CalleeEffect[] =
    state.prack === undefined ? [] : [{ kind: 'reply', cseq: state.prack, status: 487, description: 'none' }];
  return to(
    done(false, state),
    ...silence(state),
    ...replies,
    ...open,
    { kind: 'respond', status, description: 'none' },
    { kind: 'ended', end },
  );
}

function done(accepted: boolean, { invitation, reliable }: Open): Done {
  return { name: 'done', accepted, cseq: invitation.cseq, unconfirmed: reliable.unconfirmed?.rseq };
}

/** §3: "it SHOULD NOT continue to retransmit the unacknowledged provisional responses". */
function silence(state: Open): CalleeEffect[] {
  const effects: CalleeEffect[] = [];
  if (state.reliable.unconfirmed !== undefined) effects.push({ kind: 'stopWaitForPrack' });
  if (state.last !== undefined) effects.push({ kind: 'stopWaitToRepeat' });
  return effects;
}

/** RFC 3261 §15.1.2; RFC 5407 figure 2: "BYE/487(INV)". */
function bye(state: Open, cseq: number): CalleeTransition {
  // There is no dialog yet that it could end.
  if (state.name === 'invited') return to(state, { kind: 'reply', cseq, status: 481, description: 'none' });
  const refused = refuse(state, 487, { cause: 'cancelled', by: 'peer' });
  const reply: CalleeEffect = { kind: 'reply', cseq, status: 200, description: 'none' };
  return { ...refused, effects: [reply, ...refused.effects] };
}

function prack(state: Open, event: CalleeEvent & { kind: 'prack' }, timing: TimersConfig): CalleeTransition {
  const { cseq, description } = event;
  const { unconfirmed } = state.reliable;
  if (unconfirmed === undefined || !matches(state, unconfirmed, event)) {
    return to(state, { kind: 'reply', cseq, status: 481, description: 'none' });
  }
  const { offer } = state.changes;
  const stop: CalleeEffect = { kind: 'stopWaitForPrack' };
  const reply: CalleeEffect = { kind: 'reply', cseq, status: 200, description: 'none' };
  // Our offer in the response is answered here, or never.
  if (unconfirmed.description === 'offer') {
    const reliable = confirmed(state.reliable, timing);
    if (description !== 'answer' || !isOurs(offer)) {
      const refused = refuse({ ...state, reliable: { ...reliable, unconfirmed: undefined } }, 400, {
        cause: 'lost',
        why: 'noAnswer',
      });
      return { ...refused, effects: [stop, reply, ...refused.effects] };
    }
    const agreed: Open = { ...state, changes: { ...state.changes, offer: 'agreed' } };
    return released(agreed, reliable, timing, stop, { kind: 'take', description }, reply);
  }
  if (description === 'offer' && offer === 'agreed') {
    // §5: "it MUST place the answer in the 2xx to the PRACK".
    const asked: Open = { ...state, prack: cseq, changes: { ...state.changes, offer: 'theirs' } };
    return sent(asked, confirmed(state.reliable, timing), stop, { kind: 'take', description });
  }
  // An offer beside an open one: the response is acknowledged all the same, so only the offer is refused.
  const status = description === 'offer' ? 491 : 200;
  return released(state, confirmed(state.reliable, timing), timing, stop, { ...reply, status });
}

function matches(
  { invitation }: Open,
  unconfirmed: Unconfirmed,
  { rseq, invite }: CalleeEvent & { kind: 'prack' },
): boolean {
  return rseq === unconfirmed.rseq && invite === invitation.cseq;
}

function answerPrack(state: Open, status: number, timing: TimersConfig): CalleeTransition {
  const { prack: cseq } = state;
  if (cseq === undefined || status < 200) return unexpected(state);
  const description: Description = status < 300 ? 'answer' : 'none';
  const free: Open = { ...state, prack: undefined, changes: { ...state.changes, offer: 'agreed' } };
  return released(free, state.reliable, timing, { kind: 'reply', cseq, status, description });
}

/** The 2xx leaves when nothing holds it any more. */
function released(
  state: Open,
  reliable: Reliable,
  timing: TimersConfig,
  ...effects: CalleeEffect[]
): CalleeTransition {
  const next = sent(state, reliable, ...effects);
  if (next.state.name === 'done' || mustHold(next.state)) return next;
  if (next.state.name !== 'holding') return resumed(next.state, next.effects);
  const answered = answer(next.state, 'none', timing);
  return { ...answered, effects: [...next.effects, ...answered.effects] };
}

/** What we wanted to offer and had to wait for the PRACK. */
function resumed(state: Open, effects: readonly CalleeEffect[]): CalleeTransition {
  const { state: changes, effects: more } = resume({ ...state.changes, held: false });
  return to(
    { ...state, changes },
    ...effects,
    ...more.map((effect): CalleeEffect => ({ kind: 'change', effect })),
  );
}

function change(state: Open, event: ChangeEvent): CalleeTransition {
  if (state.name === 'invited' && event.kind === 'received') {
    return to(state, { kind: 'reply', cseq: event.cseq, status: 481, description: 'none' });
  }
  const held = mustHold(state);
  const { state: changes, effects, expected } = stepChanges({ ...state.changes, held }, event);
  if (!expected) return unexpected(state);
  const next: Open = { ...state, changes };
  const lost = effects.find((effect) => effect.kind === 'lost');
  const passed = effects.filter((effect) => effect !== lost);
  const told = passed.map((effect): CalleeEffect => ({ kind: 'change', effect }));
  if (lost === undefined) return to(next, ...told);
  // RFC 3311 §5.3 ends the dialog; a callee has only the INVITE to say so (RFC 3261 §15: no BYE on an early dialog).
  const refused = refuse(next, 500, { cause: 'lost', why: lost.why });
  return { ...refused, effects: [...told, ...refused.effects] };
}

function timerPrack(state: Open): CalleeTransition {
  const { unconfirmed } = state.reliable;
  if (unconfirmed === undefined) return unexpected(state);
  const again = sentAgain(unconfirmed);
  if (again === undefined) {
    // §3: "the UAS SHOULD reject the original request with a 5xx response".
    return refuse(state, 504, { cause: 'lost', why: 'noAck' });
  }
  const reliable: Reliable = { ...state.reliable, unconfirmed: again };
  return to(
    { ...state, reliable },
    { kind: 'provisionalAgain' },
    { kind: 'waitForPrack', ms: again.intervalMs },
  );
}

function timerRepeat(state: Open, timing: TimersConfig): CalleeTransition {
  const { last: status, invitation, reliable } = state;
  if (status === undefined || state.name === 'holding') return unexpected(state);
  const plain = invitation.reliability === 'none' || reliable.next === invitation.firstRSeq;
  if (plain) {
    return to(state, { kind: 'provisional', status, description: 'none' }, repeat(REPEAT_MS));
  }
  // The last one is still being repeated by itself.
  if (reliable.unconfirmed !== undefined) return to(state, repeat(REPEAT_RELIABLE_MS));
  return sent(state, enqueue(reliable, { status, description: 'none' }, timing));
}

function repeat(ms: number): CalleeEffect {
  return { kind: 'waitToRepeat', ms };
}

/** After the final response: PRACK is still answered; CANCEL means nothing any more (§9.2). */
function afterwards(state: Done, event: CalleeEvent): CalleeTransition {
  switch (event.kind) {
    case 'prack': {
      const { cseq, rseq, invite } = event;
      const status = rseq === state.unconfirmed && invite === state.cseq ? 200 : 481;
      const next: Done = status === 200 ? { ...state, unconfirmed: undefined } : state;
      return to(next, { kind: 'reply', cseq, status, description: 'none' });
    }
    case 'bye':
      // Of an answered call it belongs to the session.
      if (state.accepted) return unexpected(state);
      return to(state, { kind: 'reply', cseq: event.cseq, status: 481, description: 'none' });
    case 'change':
      if (state.accepted || event.event.kind !== 'received') return unexpected(state);
      return to(state, { kind: 'reply', cseq: event.event.cseq, status: 481, description: 'none' });
    case 'cancelled':
      return to(state);
    default:
      return unexpected(state);
  }
}

function to(state: CalleeState, ...effects: CalleeEffect[]): CalleeTransition {
  return { state, effects, expected: true };
}

function unexpected(state: CalleeState): CalleeTransition {
  return { state, effects: [], expected: false };
}
