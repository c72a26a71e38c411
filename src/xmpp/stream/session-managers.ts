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
  /** Streams in a row that ended without an answer of it. */
  readonly missed: number;
}

export interface SessionManagersState {
  readonly managers: readonly SessionManager[];
  /** Number of the barrier that the router has looped while answers were owed; 0: none. */
  readonly looped: number;
}

export type SessionManagersEvent =
  /** `name` introduced itself; `awaits`: written stanzas are not confirmed. */
  | { readonly kind: 'introduced'; readonly name: string; readonly awaits: boolean }
  /** A barrier leaves: an `ask` of this step belongs to the same write. Numbers grow from 1, over streams too. */
  | { readonly kind: 'barrier'; readonly counter: number }
  /** The router has looped the barrier. */
  | { readonly kind: 'looped'; readonly counter: number }
  /** What came back for an `ask`: the manager's own word, or the router's that it has no such manager. */
  | { readonly kind: 'answered' | 'absent'; readonly name: string; readonly counter: number }
  /** The stream ended. */
  | { readonly kind: 'down' };

export type SessionManagersEffect =
  /** Ping it; `counter` 0 is for no barrier. */
  | { readonly kind: 'ask'; readonly name: string; readonly counter: number }
  /** The barrier has come back from everybody. */
  | { readonly kind: 'returned'; readonly counter: number }
  /** It was away, and what it had not confirmed may be gone: the stream is to begin anew, and the stanzas with it. */
  | { readonly kind: 'lost'; readonly name: string };

export interface SessionManagersTransition {
  readonly state: SessionManagersState;
  readonly effects: readonly SessionManagersEffect[];
}

/** A jabberd2 of many session managers has a handful; a name above this is not asked. */
export const MAX_SESSION_MANAGERS = 8;
/**
 * Streams without it after which a manager is forgotten, since it may have been renamed: with the reconnection times of
 * row COMP-06 some ten minutes.
 */
export const FORGET_AFTER_STREAMS = 16;
/** A label of a domain name (RFC 1035 §2.3.4). */
const NAME = /^[a-z0-9_-]{1,63}$/i;

export const initialSessionManagersState: SessionManagersState = { managers: [], looped: 0 };

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
 * What came back for a ping of a session manager. Its own word is a result, or that it knows no pings; any other error
 * is of the router (which leaves the addresses as they were) or of its server-to-server process: there is no such manager.
 */
export function sessionManagerAnswer(el: XmlElement, name: string): 'answered' | 'absent' {
  if (el.attr('from') !== name) return 'absent';
  if (el.attr('type') === 'result') return 'answered';
  return readStanzaError(el).condition === 'feature-not-implemented' ? 'answered' : 'absent';
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
      return {
        state: {
          managers: state.managers.map((each) => (each.proven ? { ...each, owes: event.counter } : each)),
          looped: 0,
        },
        effects: state.managers
          .filter(({ proven }) => proven)
          .map(({ name }) => ({ kind: 'ask', name, counter: event.counter })),
      };
    case 'looped':
      return state.managers.some(({ owes }) => owes === event.counter)
        ? { state: { ...state, looped: event.counter }, effects: NONE }
        : { state, effects: [{ kind: 'returned', counter: event.counter }] };
    case 'answered':
      return answered(state, event.name, event.counter);
    case 'absent':
      return absent(state, event.name, event.counter);
    case 'down':
      return { state: { managers: state.managers.flatMap(afterStream), looped: 0 }, effects: NONE };
  }
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
  if (!known.here) return { state, effects: NONE };
  // After an answer it is another process of that name: the one before it took what it had not handled with it.
  return {
    state: replace(state, { ...known, here: false }),
    effects: awaits ? [{ kind: 'lost', name }] : [{ kind: 'ask', name, counter: 0 }],
  };
}

function answered(state: SessionManagersState, name: string, counter: number): SessionManagersTransition {
  const known = state.managers.find((each) => each.name === name);
  if (known === undefined) return { state, effects: NONE };
  const owes = known.owes === counter ? 0 : known.owes;
  const next = replace(state, { ...known, proven: true, here: true, owes, missed: 0 });
  if (next.looped === 0 || next.managers.some((each) => each.owes !== 0))
    return { state: next, effects: NONE };
  return { state: { ...next, looped: 0 }, effects: [{ kind: 'returned', counter: next.looped }] };
}

function absent(state: SessionManagersState, name: string, counter: number): SessionManagersTransition {
  const known = state.managers.find((each) => each.name === name);
  if (known === undefined) return { state, effects: NONE };
  if (!known.proven) {
    return { state: { ...state, managers: state.managers.filter((each) => each !== known) }, effects: NONE };
  }
  return { state, effects: known.owes !== 0 && known.owes === counter ? [{ kind: 'lost', name }] : NONE };
}

/** What is remembered of a manager when the stream is over. */
function afterStream(manager: SessionManager): readonly SessionManager[] {
  if (!manager.proven) return [];
  const missed = manager.here ? 0 : manager.missed + 1;
  if (missed >= FORGET_AFTER_STREAMS) return [];
  return [{ ...manager, here: false, owes: 0, missed }];
}

function replace(state: SessionManagersState, manager: SessionManager): SessionManagersState {
  return {
    ...state,
    managers: state.managers.map((each) => (each.name === manager.name ? manager : each)),
  };
}
