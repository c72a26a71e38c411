// The session managers behind a jabberd2 router, and what they owe to a barrier, as data (docs/architecture.md,
// "Acknowledgement").
//
// jabberd2 is several processes. Components are connected to its router, which loops a barrier by itself, while the
// messages before it may still be on the way to the session manager (sm) and are gone if that stops. So the sm is asked
// as well: it handles what the router gives it in order, and writes to a user's session or to the offline store before
// it answers. A barrier has returned when the router has looped it and every session manager has answered.
//
// Nobody has to configure this. A session manager sends disco#info to each component that comes up, and to every
// component when it comes up itself, from the name it has at the router (`<id>` of sm.xml, by default `sm`). A name
// without a dot cannot be that of a domain beyond server-to-server links, so nobody outside can pass for one. It counts
// once it has answered a ping. No other server does this, and then there is nothing to wait for.

import type { XmlElement } from '../../xml/index.ts';
import { NS_CLIENT } from '../../xml/index.ts';
import { readStanzaError } from '../stanza/error.ts';
import { NS_DISCO_INFO } from '../xep/namespaces.ts';

export interface SessionManager {
  readonly name: string;
  /** It has answered, on this stream or on an earlier one: barriers wait for it. */
  readonly proven: boolean;
  /** It has answered on this stream. */
  readonly here: boolean;
  /** Number of the barrier for which it owes an answer; 0: none. */
  readonly owes: number;
  /** Streams and new beginnings in a row without an answer of it. */
  readonly missed: number;
}

export interface SessionManagersState {
  readonly managers: readonly SessionManager[];
  /** Number of the last barrier for which some were asked; 0: none on this stream. */
  readonly asked: number;
  /** Number of the barrier that the router has looped while answers were owed, or that is being verified; 0: none. */
  readonly looped: number;
}

export type SessionManagersEvent =
  /** `name` introduced itself; `awaits`: written stanzas are not confirmed. */
  | { readonly kind: 'introduced'; readonly name: string; readonly awaits: boolean }
  /** A barrier leaves: an `ask` of this step belongs to the same write. Numbers grow from 1, over streams too. */
  | { readonly kind: 'barrier'; readonly counter: number }
  /** The router has looped the barrier. */
  | { readonly kind: 'looped'; readonly counter: number }
  /** It answered an `ask`. */
  | { readonly kind: 'answered'; readonly name: string; readonly counter: number }
  /** The router's answer to an `ask`: it has no such manager. `awaits` as above. */
  | { readonly kind: 'absent'; readonly name: string; readonly counter: number; readonly awaits: boolean }
  /** The router answered a `verify`, in `tookMs`; milliseconds since the barrier left: `sinceMs`. */
  | { readonly kind: 'verified'; readonly counter: number; readonly tookMs: number; readonly sinceMs: number }
  /** The stream ended, or what was asked on it is given up. */
  | { readonly kind: 'down' };

export type SessionManagersEffect =
  /** Ping it; `counter` 0 is for no barrier. */
  | { readonly kind: 'ask'; readonly name: string; readonly counter: number }
  /** Ping the router by the domain itself once more. */
  | { readonly kind: 'verify'; readonly counter: number }
  /** The barrier has come back from everybody. */
  | { readonly kind: 'returned'; readonly counter: number }
  /** It was away, and what it had not confirmed may be gone: to be written again once it answers. */
  | { readonly kind: 'lost'; readonly name: string };

export interface SessionManagersTransition {
  readonly state: SessionManagersState;
  readonly effects: readonly SessionManagersEffect[];
}

/** A jabberd2 of many session managers has a handful; a name above this is not asked. */
export const MAX_SESSION_MANAGERS = 8;
/**
 * New beginnings without it after which a manager is forgotten, since it may have been renamed. Each takes the 8 s of a
 * barrier: some nine minutes.
 */
export const FORGET_AFTER_MISSES = 64;
/** A stopping router sleeps a second between two looks at its connections. */
export const QUICK_ROUTER_MS = 700;
/** Milliseconds after which a slow router is believed to be merely slow; less than the 8 s of a barrier. */
export const SLOW_ROUTER_MS = 5000;
/** A label of a domain name (RFC 1035 §2.3.4). */
const NAME = /^[a-z0-9_-]{1,63}$/i;

export const initialSessionManagersState: SessionManagersState = { managers: [], asked: 0, looped: 0 };

const NONE: readonly SessionManagersEffect[] = [];

/** The name under which a session manager introduces itself by this stanza to the component; undefined: it does not. */
export function introducedSessionManager(el: XmlElement, domain: string): string | undefined {
  if (el.name !== 'iq' || el.ns !== NS_CLIENT || el.attr('type') !== 'get') return undefined;
  if (el.attr('to') !== domain) return undefined;
  const from = el.attr('from') ?? '';
  if (!NAME.test(from)) return undefined;
  return el.child('query', NS_DISCO_INFO) === undefined ? undefined : from;
}

/**
 * Did the session manager itself answer its ping? Its own word is a result, or that it knows no pings; any other error is
 * of the router (which leaves the addresses as they were) or of its server-to-server process: there is no such manager.
 */
export function sessionManagerAnswered(el: XmlElement, name: string): boolean {
  if (el.attr('from') !== name) return false;
  return el.attr('type') === 'result' || readStanzaError(el).condition === 'feature-not-implemented';
}

/** The machine. Pure; never throws. */
export function stepSessionManagers(
  state: SessionManagersState,
  event: SessionManagersEvent,
): SessionManagersTransition {
  switch (event.kind) {
    case 'introduced':
      return introduced(state, event.name, event.awaits);
    case 'barrier':
      return barrier(state, event.counter);
    case 'looped':
      return looped(state, event.counter);
    case 'answered':
      return answered(state, event.name, event.counter);
    case 'absent':
      return absent(state, event.name, event.counter, event.awaits);
    case 'verified':
      return verified(state, event);
    case 'down':
      return { state: { managers: state.managers.flatMap(afterStream), asked: 0, looped: 0 }, effects: NONE };
  }
}

function barrier(state: SessionManagersState, counter: number): SessionManagersTransition {
  const asked = state.managers.filter(({ proven }) => proven);
  return {
    state: {
      managers: state.managers.map((each) => (each.proven ? { ...each, owes: counter } : each)),
      asked: asked.length > 0 ? counter : 0,
      looped: 0,
    },
    effects: asked.map(({ name }) => ({ kind: 'ask', name, counter })),
  };
}

function looped(state: SessionManagersState, counter: number): SessionManagersTransition {
  // As a get and once more as a result is possible; only the first tells something.
  if (state.looped === counter) return { state, effects: NONE };
  // Nobody was asked for this barrier.
  if (counter !== state.asked) return { state, effects: [{ kind: 'returned', counter }] };
  const answers = state.managers.every(({ owes }) => owes === 0);
  return { state: { ...state, looped: counter }, effects: answers ? [{ kind: 'verify', counter }] : NONE };
}

function introduced(state: SessionManagersState, name: string, awaits: boolean): SessionManagersTransition {
  const known = state.managers.find((each) => each.name === name);
  if (known === undefined) {
    if (state.managers.length >= MAX_SESSION_MANAGERS) return { state, effects: NONE };
    const manager: SessionManager = { name, proven: false, here: false, owes: 0, missed: 0 };
    return {
      state: { ...state, managers: [...state.managers, manager] },
      effects: [{ kind: 'ask', name, counter: 0 }],
    };
  }
  // It introduces itself once for each domain it serves, all of them before it answers anything.
  if (!known.proven) return { state, effects: NONE };
  // Another process of that name, or the first on this stream: one before it took what it had not handled with it.
  return {
    state: replace(state, { ...known, here: false }),
    effects: [awaits ? { kind: 'lost', name } : { kind: 'ask', name, counter: known.owes }],
  };
}

function answered(state: SessionManagersState, name: string, counter: number): SessionManagersTransition {
  const known = state.managers.find((each) => each.name === name);
  if (known === undefined) return { state, effects: NONE };
  const last = known.owes !== 0 && known.owes === counter;
  const next = replace(state, { ...known, proven: true, here: true, owes: last ? 0 : known.owes, missed: 0 });
  if (!last || next.looped === 0 || next.managers.some(({ owes }) => owes !== 0))
    return { state: next, effects: NONE };
  return { state: next, effects: [{ kind: 'verify', counter: next.looped }] };
}

function absent(
  state: SessionManagersState,
  name: string,
  counter: number,
  awaits: boolean,
): SessionManagersTransition {
  const known = state.managers.find((each) => each.name === name);
  if (known === undefined) return { state, effects: NONE };
  if (!known.proven) {
    return { state: { ...state, managers: state.managers.filter((each) => each !== known) }, effects: NONE };
  }
  if (known.owes === 0 || known.owes !== counter) return { state, effects: NONE };
  // With nothing at stake its introduction is waited for.
  return {
    state: replace(state, { ...known, here: false }),
    effects: awaits ? [{ kind: 'lost', name }] : NONE,
  };
}

function verified(
  state: SessionManagersState,
  event: SessionManagersEvent & { kind: 'verified' },
): SessionManagersTransition {
  const { counter } = event;
  if (state.looped !== counter || counter === 0) return { state, effects: NONE };
  if (state.managers.some(({ owes }) => owes !== 0)) return { state, effects: NONE };
  if (event.tookMs > QUICK_ROUTER_MS && event.sinceMs < SLOW_ROUTER_MS) {
    return { state, effects: [{ kind: 'verify', counter }] };
  }
  return { state: { ...state, looped: 0 }, effects: [{ kind: 'returned', counter }] };
}

/** What is remembered of a manager when the stream is over. */
function afterStream(manager: SessionManager): readonly SessionManager[] {
  if (!manager.proven) return [];
  const missed = manager.here ? 0 : manager.missed + 1;
  if (missed >= FORGET_AFTER_MISSES) return [];
  return [{ ...manager, here: false, owes: 0, missed }];
}

function replace(state: SessionManagersState, manager: SessionManager): SessionManagersState {
  return {
    ...state,
    managers: state.managers.map((each) => (each.name === manager.name ? manager : each)),
  };
}
