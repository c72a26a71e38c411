// Actions of the other party in a Jingle session. Each is answered exactly once: with a result, which goes out before
// anything that follows from it, or with an error, which changes nothing.

import { stanzaError, type StanzaError } from '../stanza/error.ts';
import { jingleError } from './jingle-error.ts';
import type { Content, Jingle, JingleAction } from './jingle.ts';
import type { Reason } from './reason.ts';
import { applyContents, contentNamed, isVoid, type ContentProblem } from './session-contents.ts';
import { close, terminate, unexpected } from './session-end.ts';
import { readSessionInfos } from './session-info.ts';
import { maySend, otherParty } from './session-order.ts';
import {
  MAX_QUESTIONS,
  MAX_TONES,
  type ContentName,
  type SessionEffect,
  type SessionInfo,
  type SessionQuestion,
  type SessionState,
  type SessionTransition,
} from './session-types.ts';

export function received(state: SessionState, id: string, jingle: Jingle): SessionTransition {
  const { action } = jingle;
  const isKnown = state.phase === 'pending' || state.phase === 'active';
  const begins = state.phase === 'idle' && action === 'session-initiate';
  // §6.7: after its end too "it MUST reply with an <unknown-session/> error".
  if (jingle.sid !== state.sid || (!isKnown && !begins)) {
    return refuse(state, id, jingleError('unknown-session'));
  }
  if (!maySend(state.phase, action, otherParty(state.role))) {
    return refuse(state, id, jingleError('out-of-order'));
  }
  if (action === 'session-terminate') {
    const details = jingle.reason === undefined ? {} : { reason: jingle.reason };
    return close(state, 'terminated', details, [{ kind: 'acknowledge', id }]);
  }
  // CALL-19: no security precondition is known here.
  if (action === 'security-info') return refuse(state, id, jingleError('unsupported-info'));
  if (action === 'session-info') return info(state, id, jingle);
  return change(state, id, jingle);
}

const ERROR_OF: Readonly<Record<ContentProblem, () => StanzaError>> = {
  'bad-request': () => stanzaError('bad-request'),
  'out-of-order': () => jingleError('out-of-order'),
  full: () => stanzaError('resource-constraint'),
};

function refuse(state: SessionState, id: string, error: StanzaError): SessionTransition {
  return { state, effects: [{ kind: 'refuse', id, error }], expected: true };
}

/** Whatever comes of the other party shows that it is there (§6.7). */
function heard(state: SessionState, id: string): { state: SessionState; effects: SessionEffect[] } {
  const effects: SessionEffect[] = [{ kind: 'acknowledge', id }];
  if (state.vanishing) effects.push({ kind: 'stopGrace' });
  return { state: state.vanishing ? { ...state, vanishing: false } : state, effects };
}

function change(state: SessionState, id: string, jingle: Jingle): SessionTransition {
  const { action } = jingle;
  if (isOverruled(state, action, jingle.contents)) return refuse(state, id, jingleError('tie-break'));
  const before = withoutOverruled(state, action, jingle.contents);
  const contents = isAcceptance(action) ? withOwnSenders(state, jingle.contents) : jingle.contents;
  const applied = applyContents(before.contents, otherParty(state.role), { action, contents });
  if (!applied.ok) return refuse(state, id, ERROR_OF[applied.problem]());
  // §6.8: of description-info and transport-info too.
  const isInfo = action === 'description-info' || action === 'transport-info';
  if (isInfo && !applied.about.every(isUnderstood)) return refuse(state, id, jingleError('unsupported-info'));

  const after = heard({ ...before, contents: applied.contents }, id);
  if (action === 'session-initiate') after.state = { ...after.state, phase: 'pending' };
  if (action === 'session-accept') after.state = accept(after.state);
  if (applied.about.length > 0) {
    const about = { ...jingle, contents: applied.about };
    after.effects.push({ kind: 'report', report: { kind: 'action', jingle: about } });
  }
  if (isVoid(after.state.contents)) {
    // §7.2.4, §7.2.5: whoever receives the removal of the last content terminates the session.
    const reason: Reason = jingle.reason ?? { condition: 'success' };
    return terminate(after.state, 'empty', { reason }, after.effects);
  }
  return { ...after, expected: true };
}

function isAcceptance(action: JingleAction): boolean {
  return action === 'session-accept' || action === 'content-accept';
}

/**
 * A content-modify of ours that crosses the acceptance of its content is read behind it, so that what it says holds on both
 * sides.
 */
function withOwnSenders(
  { requests, contents: table }: SessionState,
  contents: readonly Content[],
): readonly Content[] {
  const modified = requests
    .filter(({ action }) => action === 'content-modify')
    .flatMap(({ before }) => before);
  return contents.map((content) =>
    modified.some((each) => isNamed(each, [content]))
      ? { ...content, senders: contentNamed(table, content)?.senders }
      : content,
  );
}

/** Whoever accepts has the session-initiate, whether or not its result has come: it decides nothing any more. */
function accept(state: SessionState): SessionState {
  const requests = state.requests.map((request) =>
    request.kind === 'initiate' ? { ...request, kind: 'info' as const } : request,
  );
  return { ...state, phase: 'active', requests };
}

function isUnderstood({ description, transport }: Content): boolean {
  return description?.kind !== 'other' && transport?.kind !== 'other';
}

/**
 * §7.2.16: "the initiator MUST return a <conflict/> error to the responder for the duplicate action": we are the
 * initiator, and a similar request of ours waits for its answer. A content may be removed by both.
 */
function isOverruled(state: SessionState, action: JingleAction, contents: readonly Content[]): boolean {
  if (state.role !== 'initiator') return false;
  switch (action) {
    case 'content-add':
      return state.requests.some((request) => request.action === action);
    case 'content-modify':
      return state.requests.some(
        (request) => request.action === action && request.contents.some((each) => isNamed(each, contents)),
      );
    case 'transport-replace':
      return contents.some((each) => contentNamed(state.contents, each)?.replacing === 'initiator');
    default:
      return false;
  }
}

/**
 * The same from the other side: we are the responder, and accept what the initiator wants. What we wanted of the same
 * contents is void; the error that is on its way to us must not undo what is accepted now.
 */
function withoutOverruled(
  state: SessionState,
  action: JingleAction,
  contents: readonly Content[],
): SessionState {
  if (state.role !== 'responder') return state;
  if (action !== 'content-modify' && action !== 'transport-replace') return state;
  const requests = state.requests.map((request) =>
    request.action === action
      ? { ...request, before: request.before.filter((each) => !isNamed(each, contents)) }
      : request,
  );
  if (action === 'content-modify') return { ...state, requests };
  const table = state.contents.map((entry) => {
    const { replacing, ...plain } = entry;
    return replacing === 'responder' && isNamed(entry, contents) ? plain : entry;
  });
  return { ...state, requests, contents: table };
}

function isNamed(entry: ContentName, contents: readonly Content[]): boolean {
  return contents.some(({ name, creator }) => name === entry.name && creator === entry.creator);
}

function info(state: SessionState, id: string, jingle: Jingle): SessionTransition {
  const read = readSessionInfos(jingle.infos, state.support);
  if (!read.ok) return refuse(state, id, read.error);
  const question = questionOf(state, read.infos);
  if (question !== undefined) {
    const isTooMuch = question.kind === 'tones' && question.tones.length > MAX_TONES;
    if (isTooMuch || state.questions.length >= MAX_QUESTIONS) {
      return refuse(state, id, stanzaError('resource-constraint'));
    }
  }
  const after = heard(state, id);
  if (question !== undefined) {
    after.state = { ...after.state, questions: [...after.state.questions, id] };
    // Its answer is not ours to give.
    after.effects.shift();
  }
  for (const each of read.infos) {
    const next = told(after.state, each);
    if (next === undefined) continue;
    after.state = next;
    after.effects.push({ kind: 'report', report: { kind: 'info', info: each } });
  }
  if (question !== undefined) {
    after.effects.push({ kind: 'report', report: { kind: 'question', id, question } });
  }
  return { ...after, expected: true };
}

/** What the owner is to answer (CALL-22, CALL-38). */
function questionOf(
  { support, phase }: SessionState,
  infos: readonly SessionInfo[],
): SessionQuestion | undefined {
  if (infos.length === 0) return support.ping === true && phase === 'active' ? { kind: 'ping' } : undefined;
  // XEP-0181: "The receiver SHOULD ignore the event if the value is zero."
  const tones = infos.flatMap((each) => (each.kind === 'dtmf' && each.dtmf.duration > 0 ? [each.dtmf] : []));
  return tones.length === 0 ? undefined : { kind: 'tones', tones };
}

/** The owner's answer to what it was asked. */
export function decided(state: SessionState, id: string, error: StanzaError | undefined): SessionTransition {
  const place = state.questions.indexOf(id);
  if (place < 0) return unexpected(state);
  const questions = state.questions.filter((_, at) => at !== place);
  const effect: SessionEffect =
    error === undefined ? { kind: 'acknowledge', id } : { kind: 'refuse', id, error };
  return { state: { ...state, questions }, effects: [effect], expected: true };
}

/** The state after it; undefined: it says nothing new. */
function told(state: SessionState, info: SessionInfo): SessionState | undefined {
  switch (info.kind) {
    case 'ringing':
      // CALL-03: "once"; a session that is accepted rings no more.
      if (state.rung || state.phase !== 'pending' || state.role !== 'initiator') return undefined;
      return { ...state, rung: true };
    case 'hold':
      return state.held ? undefined : { ...state, held: true };
    case 'unhold':
      return state.held ? { ...state, held: false } : undefined;
    // The end of hold and of mute (XEP-0167).
    case 'active':
      return { ...state, held: false };
    // The owner is asked.
    case 'dtmf':
      return undefined;
    default:
      return state;
  }
}
