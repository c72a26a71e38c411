// Changes of a session: UPDATE and re-INVITE, of both sides, in one dialog, as data (RFC 3261 §14, RFC 3311 §5, RFC 6141,
// RFC 6026). It also holds the 2xx to an INVITE, first or later, until its ACK is there (RFC 3261 §13.3.1.4).
//
// Ours:    idle ──want──▶ sent ──2xx──▶ idle            Theirs: at most one INVITE and one UPDATE are open; what overlaps
//                          │  ▲ └─2xx with an offer──▶ owed ──answer──▶ idle      is refused at once with 491 or 500.
//                       491│  │pause is over
//                          ▼  │
//                         pausing
//
// What is wanted while something else is open leaves when that is over, once: the driver makes the offer when it leaves, so
// that it says how things are then. In an early dialog there is only UPDATE, and the open INVITE is in `offer`.

import { DEFAULT_TIMERS, type TimersConfig } from '../transaction/timing.ts';
import { endsCall } from './answers.ts';
import type {
  Change,
  ChangeEffect,
  ChangeEvent,
  ChangeMethod,
  Changes,
  ChangesTransition,
  OurChange,
  TheirChange,
  Unacknowledged,
} from './change.ts';
import { afterReceived, afterSent, isFree, isOurs, maySend, type Description, type Offer } from './offers.ts';
import { isNext } from './reliable.ts';

/** Whoever collides so often in a row gives up. */
const MAX_COLLISIONS = 6;
/** A longer Retry-After is a refusal; seconds. */
const MAX_RETRY_AFTER = 32;
/** 2xx without ACK in one dialog: more is no conversation any more. */
const MAX_UNACKNOWLEDGED = 3;

const IDLE: OurChange = { name: 'idle' };

/** `owner`: the Call-ID is ours. */
export function beginChanges(phase: Changes['phase'], owner: boolean, offer: Offer): Changes {
  return {
    phase,
    owner,
    offer,
    held: false,
    ours: IDLE,
    wanted: undefined,
    collisions: 0,
    invite: undefined,
    update: undefined,
    unacknowledged: [],
  };
}

/** The 2xx with `body` to INVITE `cseq` has just left: how it waits for its ACK. */
export function unacknowledged(
  cseq: number,
  body: Description,
  first: boolean,
  timing: TimersConfig = DEFAULT_TIMERS,
): Unacknowledged {
  return {
    cseq,
    intervalMs: timing.t1Ms,
    leftMs: 63 * timing.t1Ms,
    answerDue: body === 'offer',
    first,
  };
}

/** Pure. See `ChangesTransition.expected`. */
export function stepChanges(
  state: Changes,
  event: ChangeEvent,
  timing: TimersConfig = DEFAULT_TIMERS,
): ChangesTransition {
  switch (event.kind) {
    case 'want':
      if (state.phase === 'early' && event.change.method === 'INVITE') return unexpected(state);
      return goOn({ ...state, wanted: merged(state.wanted, event.change) });
    case 'provisional':
      return provisional(state, event);
    case 'accepted':
      return accepted(state, event.description);
    case 'acceptedAgain':
      return to(state, { kind: 'ackAgain', cseq: event.cseq });
    case 'acknowledge':
      return acknowledge(state);
    case 'refused':
      return refused(state, event.status, event.retryAfter);
    case 'failed':
      return failed(state, event.reason);
    case 'timerPause':
      return state.ours.name === 'pausing' ? goOn({ ...state, ours: IDLE }) : unexpected(state);
    case 'received':
      return received(state, event);
    case 'answer':
      return answered(state, event, timing);
    case 'cancelled':
      // RFC 3261 §9.2; it has no effect after the final response.
      if (state.invite?.cseq !== event.cseq) return to(state);
      return reply(state, 'INVITE', state.invite, 487);
    case 'ack':
      return acknowledged(state, event.cseq, event.description);
    case 'timerAgain':
      return again(state, event.cseq, timing);
  }
}

function provisional(
  state: Changes,
  { rseq, description }: ChangeEvent & { kind: 'provisional' },
): ChangesTransition {
  const { ours, offer } = state;
  if (ours.name !== 'sent' || ours.change.method !== 'INVITE') return unexpected(state);
  if (rseq === undefined) {
    // RFC 3261 §13.2.1: the first description counts as the answer, and the 2xx repeats it.
    if (description !== 'answer' || offer !== 'ours') return to(state);
    return to({ ...state, offer: 'previewed' }, { kind: 'take', description });
  }
  if (!isNext(ours.rseq, rseq)) return to(state);
  const next: Changes = { ...state, ours: { ...ours, rseq } };
  if (description === 'answer' && isOurs(offer)) {
    const took: ChangeEffect[] = offer === 'ours' ? [{ kind: 'take', description }] : [];
    const done: Changes = { ...next, offer: 'agreed', ours: { ...ours, rseq, executed: true } };
    return { state: done, effects: [...took, { kind: 'prack', rseq, description: 'none' }], expected: true };
  }
  if (description === 'offer' && isFree(offer)) {
    // RFC 3262 §5: "it MUST generate an answer in the PRACK".
    const asked: Changes = { ...next, offer: 'theirs', ours: { ...ours, rseq, owed: rseq } };
    return to(asked, { kind: 'take', description });
  }
  return to(next, { kind: 'prack', rseq, description: 'none' });
}

function acknowledge(state: Changes): ChangesTransition {
  const { ours } = state;
  if (ours.name === 'owed') {
    return goOn({ ...state, ours: IDLE, offer: 'agreed' }, { kind: 'ack', description: 'answer' });
  }
  if (ours.name !== 'sent' || ours.owed === undefined) return unexpected(state);
  const { owed: rseq } = ours;
  const next: Changes = { ...state, offer: 'agreed', ours: { ...ours, owed: undefined, executed: true } };
  return to(next, { kind: 'prack', rseq, description: 'answer' });
}

function accepted(state: Changes, description: Description): ChangesTransition {
  const { ours, offer } = state;
  if (ours.name !== 'sent') return unexpected(state);
  const { method } = ours.change;
  const done: ChangeEffect = { kind: 'done', method };
  const idle: Changes = { ...state, ours: IDLE, collisions: 0 };
  // The 2xx should have waited for the PRACK: the answer goes into the ACK then.
  if (ours.owed !== undefined) return to({ ...idle, ours: { name: 'owed' } }, done);
  if (method === 'INVITE' && description === 'offer' && isFree(offer) && !ours.executed) {
    return to({ ...idle, ours: { name: 'owed' }, offer: 'theirs' }, { kind: 'take', description }, done);
  }
  const ack: ChangeEffect[] = method === 'INVITE' ? [{ kind: 'ack', description: 'none' }] : [];
  // RFC 3261 §13.2.1: a later description of the same transaction is ignored.
  if (!ours.change.offer || !isOurs(offer)) return goOn(idle, ...ack, done);
  if (description === 'answer') {
    const take: ChangeEffect[] = offer === 'ours' ? [{ kind: 'take', description }] : [];
    return goOn({ ...idle, offer: 'agreed' }, ...take, ...ack, done);
  }
  if (offer === 'previewed') return goOn({ ...idle, offer: 'agreed' }, ...ack, done);
  return to({ ...idle, offer: 'agreed' }, ...ack, { kind: 'lost', why: 'noAnswer' });
}

function refused(state: Changes, status: number, retryAfter: number | undefined): ChangesTransition {
  const { ours } = state;
  if (ours.name !== 'sent') return unexpected(state);
  const { change, executed } = ours;
  const idle: Changes = { ...state, ours: IDLE, offer: withdrawn(state, ours) };
  if (endsCall(status)) return to(idle, { kind: 'lost', why: status });
  const later = status === 500 && retryAfter !== undefined && retryAfter <= MAX_RETRY_AFTER;
  if ((status === 491 || later) && state.collisions < MAX_COLLISIONS) {
    const wanted = merged(change, state.wanted);
    const pausing: Changes = {
      ...idle,
      ours: { name: 'pausing' },
      wanted,
      collisions: state.collisions + 1,
    };
    return to(pausing, pauseAfter(status, retryAfter, state.owner));
  }
  const undone: ChangeEffect = { kind: 'undone', method: change.method, why: status };
  // RFC 6141 §3.4: an exchange within the re-INVITE was complete, so that both sides are told once more how things are.
  const wanted = executed ? merged(state.wanted, { method: change.method, offer: true }) : state.wanted;
  return goOn({ ...idle, wanted, collisions: 0 }, undone);
}

/** RFC 3261 §14.1, RFC 3311 §5.3. */
function pauseAfter(status: number, retryAfter: number | undefined, owner: boolean): ChangeEffect {
  if (status === 500) {
    const ms = (retryAfter ?? 0) * 1000;
    return { kind: 'pause', minMs: ms, maxMs: ms };
  }
  return owner ? { kind: 'pause', minMs: 2100, maxMs: 4000 } : { kind: 'pause', minMs: 0, maxMs: 2000 };
}

function failed(state: Changes, reason: (ChangeEvent & { kind: 'failed' })['reason']): ChangesTransition {
  const { ours } = state;
  if (ours.name !== 'sent') return unexpected(state);
  const idle: Changes = { ...state, ours: IDLE, offer: withdrawn(state, ours) };
  // RFC 3261 §12.2.1.2: "no response at all" ends the dialog as 408 does.
  if (reason === 'timeout') return to(idle, { kind: 'lost', why: 'timeout' });
  const why = reason === 'stopped' ? 'stopped' : 'transport';
  return goOn(idle, { kind: 'undone', method: ours.change.method, why });
}

/** An offer that fails leaves what was agreed. */
function withdrawn({ offer }: Changes, { change, owed }: OurChange & { name: 'sent' }): Offer {
  return owed !== undefined || (change.offer && isOurs(offer)) ? 'agreed' : offer;
}

function received(state: Changes, event: ChangeEvent & { kind: 'received' }): ChangesTransition {
  const { method, cseq, description } = event;
  const refusal = refusalOf(state, method, description);
  if (refusal !== undefined) {
    // "MUST include a Retry-After header field with a randomly chosen value".
    const late: { retryAfter?: true } = refusal === 500 ? { retryAfter: true } : {};
    return to(state, { kind: 'reply', cseq, status: refusal, description: 'none', ...late });
  }
  const theirs: TheirChange = { cseq, description };
  const offer = afterReceived(state.offer, description);
  const asked: ChangeEffect = { kind: 'asked', method, cseq, description };
  const next: Changes =
    method === 'INVITE' ? { ...state, offer, invite: theirs } : { ...state, offer, update: theirs };
  return to(next, asked);
}

/** The status of a request that cannot be taken now; undefined: it can. */
function refusalOf(state: Changes, method: ChangeMethod, description: Description): number | undefined {
  const { offer, ours } = state;
  if (description === 'answer') return 400;
  if (method === 'UPDATE') {
    // RFC 3311 §5.2: "before it has generated a final response to a previous UPDATE".
    if (state.update !== undefined) return 500;
    if (description === 'none') return undefined;
  } else {
    // The INVITE that makes the dialog is open: ours, or theirs.
    if (state.phase === 'early') return state.owner ? 491 : 500;
    // RFC 3261 §14.2: before "the final response to a first INVITE"; and "while an INVITE it had sent … is in progress".
    if (state.invite !== undefined || state.unacknowledged.length >= MAX_UNACKNOWLEDGED) return 500;
    if ((ours.name === 'sent' && ours.change.method === 'INVITE') || ours.name === 'owed') return 491;
  }
  // An INVITE without an offer asks for one of ours, which has to wait just so.
  if (offer === 'theirs') return 500;
  // RFC 5407 §3.1.5: also an offer of ours in a 2xx whose ACK is not there yet.
  if (isOurs(offer) || (offer === 'none' && state.phase === 'early')) return 491;
  return undefined;
}

function answered(
  state: Changes,
  event: ChangeEvent & { kind: 'answer' },
  timing: TimersConfig,
): ChangesTransition {
  const { method, status, description } = event;
  const theirs = method === 'INVITE' ? state.invite : state.update;
  if (theirs === undefined || status < 200) return unexpected(state);
  if (status >= 300) return reply(state, method, theirs, status);
  const owed: Description =
    theirs.description === 'offer' ? 'answer' : method === 'INVITE' ? 'offer' : 'none';
  if (description !== owed || !maySend(state.offer, description)) return unexpected(state);
  const { cseq } = theirs;
  const offer = afterSent(state.offer, description);
  const sent: ChangeEffect = { kind: 'reply', cseq, status, description };
  if (method === 'UPDATE') return goOn({ ...state, offer, update: undefined }, sent);
  const waiting = unacknowledged(cseq, description, false, timing);
  return goOn(
    { ...state, offer, invite: undefined, unacknowledged: [...state.unacknowledged, waiting] },
    sent,
    { kind: 'wait', cseq, ms: waiting.intervalMs },
  );
}

/** A failure to a request of the peer: what it offered is void. */
function reply(state: Changes, method: ChangeMethod, theirs: TheirChange, status: number): ChangesTransition {
  const offer = theirs.description === 'offer' ? 'agreed' : state.offer;
  const next: Changes =
    method === 'INVITE' ? { ...state, offer, invite: undefined } : { ...state, offer, update: undefined };
  return goOn(next, { kind: 'reply', cseq: theirs.cseq, status, description: 'none' });
}

/** RFC 3261 §15.1.2: what the peer still asks when the dialog ends is answered 487. Neither waits after that. */
export function repliesAtEnd({ invite, update, unacknowledged: waiting }: Changes): readonly ChangeEffect[] {
  const open = [invite, update].flatMap((one): ChangeEffect[] =>
    one === undefined ? [] : [{ kind: 'reply', cseq: one.cseq, status: 487, description: 'none' }],
  );
  return [...open, ...waiting.map(({ cseq }): ChangeEffect => ({ kind: 'stopWait', cseq }))];
}

function acknowledged(state: Changes, cseq: number, description: Description): ChangesTransition {
  const found = state.unacknowledged.find((one) => one.cseq === cseq);
  // Once more, as the answer to each 2xx that came again.
  if (found === undefined) return to(state);
  const rest = { ...state, unacknowledged: state.unacknowledged.filter((one) => one !== found) };
  const stop: ChangeEffect = { kind: 'stopWait', cseq };
  if (!found.answerDue) return goOn(rest, stop);
  const agreed: Changes = { ...rest, offer: 'agreed' };
  if (description !== 'answer') return to(agreed, stop, { kind: 'lost', why: 'noAnswer' });
  return goOn(agreed, stop, { kind: 'take', description });
}

/** RFC 3261 §13.3.1.4: T1, doubled up to T2, for 64*T1, over every transport. */
function again(state: Changes, cseq: number, timing: TimersConfig): ChangesTransition {
  const found = state.unacknowledged.find((one) => one.cseq === cseq);
  if (found === undefined) return unexpected(state);
  if (found.leftMs === 0) {
    const rest = state.unacknowledged.filter((one) => one !== found);
    return to({ ...state, unacknowledged: rest }, { kind: 'lost', why: 'noAck' });
  }
  const intervalMs = Math.min(2 * found.intervalMs, timing.t2Ms, found.leftMs);
  const next: Unacknowledged = { ...found, intervalMs, leftMs: found.leftMs - intervalMs };
  return to(
    { ...state, unacknowledged: state.unacknowledged.map((one) => (one === found ? next : one)) },
    { kind: 'replyAgain', cseq },
    { kind: 'wait', cseq, ms: intervalMs },
  );
}

/** One request that does for both: re-INVITE when either wants it. */
function merged(first: Change | undefined, second: Change | undefined): Change | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  const method = first.method === 'INVITE' || second.method === 'INVITE' ? 'INVITE' : 'UPDATE';
  return { method, offer: first.offer || second.offer };
}

/** What was wanted leaves when it may: after an exchange that was not made by an event of this machine. */
export function resume(state: Changes): ChangesTransition {
  return goOn(state);
}

/** What is wanted leaves when it may. */
function goOn(state: Changes, ...effects: ChangeEffect[]): ChangesTransition {
  const { wanted } = state;
  if (wanted === undefined || !mayLeave(state, wanted)) return to(state, ...effects);
  const description: Description = wanted.offer ? 'offer' : 'none';
  const ours: OurChange = {
    name: 'sent',
    change: wanted,
    rseq: undefined,
    owed: undefined,
    executed: false,
  };
  const next: Changes = { ...state, ours, wanted: undefined, offer: afterSent(state.offer, description) };
  return to(next, ...effects, { kind: 'send', method: wanted.method, description });
}

function mayLeave(state: Changes, { method, offer }: Change): boolean {
  if (state.ours.name !== 'idle') return false;
  // RFC 3261 §14.1: not "while another INVITE transaction is in progress in either direction", until it is confirmed.
  if (method === 'INVITE' && (state.invite !== undefined || state.unacknowledged.length > 0)) return false;
  // A reliable answer waits for its PRACK; or an INVITE of the peer without an offer for one in our 2xx.
  if (offer && (state.held || state.invite !== undefined)) return false;
  // RFC 3311 §5.1: no second offer while one is open, and none before the first exchange is complete.
  return (method === 'UPDATE' && !offer) || state.offer === 'agreed';
}

function to(state: Changes, ...effects: ChangeEffect[]): ChangesTransition {
  return { state, effects, expected: true };
}

function unexpected(state: Changes): ChangesTransition {
  return { state, effects: [], expected: false };
}
