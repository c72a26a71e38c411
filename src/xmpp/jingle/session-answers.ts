// What the other party's answer to a request of ours, or its silence, does to the session.

import type { StanzaError } from '../stanza/error.ts';
import { readJingleError } from './jingle-error.ts';
import type { Reason } from './reason.ts';
import { isVoid, withEntry } from './session-contents.ts';
import { close, same, terminate, unexpected } from './session-end.ts';
import type {
  RequestKind,
  SentRequest,
  SessionContent,
  SessionEffect,
  SessionEndCause,
  SessionState,
  SessionTransition,
} from './session-types.ts';

type Failure =
  /** The other party has no such session (§10). */
  | 'unknown'
  /** Nobody is there: an answer of a server (RFC 6120 §8.3.3, RFC 6121 §8.5.3.2.3). */
  | 'away'
  /** §7.2.16. */
  | 'tie'
  | 'refused'
  /** No answer in time. */
  | 'silent';

/** close: over without a word. terminate: over, and the other party is told. report: the session goes on without it. */
type Outcome = 'close' | 'terminate' | 'report';

/** An answer says nothing about the session where it only judges what was asked: a client may not know what "hold" is. */
const OUTCOME: Readonly<Record<RequestKind, Readonly<Record<Failure, Outcome>>>> = {
  initiate: { unknown: 'close', away: 'close', tie: 'close', refused: 'close', silent: 'terminate' },
  accept: { unknown: 'close', away: 'close', tie: 'terminate', refused: 'terminate', silent: 'terminate' },
  change: { unknown: 'close', away: 'close', tie: 'report', refused: 'report', silent: 'report' },
  decision: { unknown: 'close', away: 'close', tie: 'report', refused: 'report', silent: 'report' },
  candidates: { unknown: 'close', away: 'close', tie: 'report', refused: 'report', silent: 'report' },
  // Some say service-unavailable to what they do not understand; XEP-0181 even asks for it.
  info: { unknown: 'close', away: 'report', tie: 'report', refused: 'report', silent: 'report' },
  ping: { unknown: 'close', away: 'close', tie: 'report', refused: 'report', silent: 'terminate' },
};

const AWAY: ReadonlySet<StanzaError['condition']> = new Set([
  ...(['gone', 'recipient-unavailable', 'remote-server-not-found', 'service-unavailable'] as const),
]);

export function answered(state: SessionState, number: number): SessionTransition {
  const request = requestOf(state, number);
  // The last answers of a session that is over.
  if (state.phase === 'ended') return same(state);
  if (request === undefined) return unexpected(state);
  const { action, contents, about } = request;
  return {
    state: { ...withoutRequest(state, number), vanishing: false },
    effects: [
      ...(state.vanishing ? [{ kind: 'stopGrace' } as const] : []),
      { kind: 'report', report: { kind: 'answered', action, contents, ...named(about) } },
    ],
    expected: true,
  };
}

/** `error` undefined: no answer in time. */
export function failed(state: SessionState, number: number, error?: StanzaError): SessionTransition {
  const request = requestOf(state, number);
  if (state.phase === 'ended') return same(state);
  if (request === undefined) return unexpected(state);
  const failure = failureOf(error);
  const details = error === undefined ? {} : { error };
  switch (OUTCOME[request.kind][failure]) {
    case 'close':
      return close(state, causeOf(request.kind, failure), details);
    case 'terminate':
      return terminate(state, causeOf(request.kind, failure), { ...details, reason: reasonOf(failure) });
    case 'report':
      return goOn(state, request, details);
  }
}

function failureOf(error: StanzaError | undefined): Failure {
  if (error === undefined) return 'silent';
  const jingle = readJingleError(error);
  if (jingle === 'unknown-session') return 'unknown';
  if (jingle === 'tie-break') return 'tie';
  return jingle === undefined && AWAY.has(error.condition) ? 'away' : 'refused';
}

function reasonOf(failure: Failure): Reason {
  // §7.4: "A request has not been answered so the sender is timing out the request."
  return { condition: failure === 'silent' ? 'timeout' : 'general-error' };
}

function causeOf(kind: RequestKind, failure: Failure): SessionEndCause {
  if (failure === 'silent') return 'silent';
  // To whom it was never known, or who is not there, has refused it: CALL-26.
  if (kind === 'initiate') return failure === 'tie' ? 'tie-break' : 'refused';
  return failure === 'unknown' || failure === 'away' ? failure : 'refused';
}

function goOn(
  state: SessionState,
  request: SentRequest,
  details: { readonly error?: StanzaError },
): SessionTransition {
  const { action, contents, about } = request;
  const next = { ...withoutRequest(state, request.request), contents: asBefore(state, request) };
  const effects: readonly SessionEffect[] = [
    { kind: 'report', report: { kind: 'failed', action, contents, ...named(about), ...details } },
  ];
  // Everything else may have been removed meanwhile.
  if (isVoid(next.contents)) return terminate(next, 'empty', { reason: { condition: 'success' } }, effects);
  return { state: next, effects, expected: true };
}

function named(about: string | undefined): { readonly about?: string } {
  return about === undefined ? {} : { about };
}

/** The contents without what the request wanted of them. */
function asBefore(state: SessionState, { action, contents, before }: SentRequest): readonly SessionContent[] {
  let table = state.contents;
  for (const entry of table) {
    const isNamed = (each: { name: string; creator: string }): boolean =>
      each.name === entry.name && each.creator === entry.creator;
    const { replacing, ...plain } = entry;
    const old = before.find(isNamed);
    if (action === 'content-add' && entry.status === 'adding' && contents.some(isNamed)) {
      table = withEntry(table, { ...plain, status: 'gone' });
    } else if (old === undefined) continue;
    else if (action === 'content-modify') table = withEntry(table, { ...entry, senders: old.senders });
    else if (action === 'transport-replace' && replacing === state.role) table = withEntry(table, plain);
  }
  return table;
}

function requestOf({ requests }: SessionState, number: number): SentRequest | undefined {
  return requests.find(({ request }) => request === number);
}

function withoutRequest(state: SessionState, number: number): SessionState {
  return { ...state, requests: state.requests.filter(({ request }) => request !== number) };
}
