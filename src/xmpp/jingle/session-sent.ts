// Actions of ours in a Jingle session. What is out of order is not sent.

import type { Content } from './jingle.ts';
import { applyContents, contentNamed, isVoid } from './session-contents.ts';
import { jingleOf, terminate, unexpected } from './session-end.ts';
import { maySend, requestKind } from './session-order.ts';
import {
  MAX_REQUESTS,
  type ContentName,
  type OwnAction,
  type SentRequest,
  type SessionContent,
  type SessionPhase,
  type SessionState,
  type SessionTransition,
} from './session-types.ts';

export function send(state: SessionState, own: OwnAction): SessionTransition {
  const { action, contents = [] } = own;
  if (!maySend(state.phase, action, state.role)) return unexpected(state);
  if (action === 'session-terminate') return terminate(state, 'left', reasonOf(own));
  if (state.requests.length >= MAX_REQUESTS) {
    return terminate(state, 'silent', { reason: { condition: 'timeout' } });
  }
  if (action === 'content-add' && contents.some((content) => isBeingRemoved(state, content))) {
    return unexpected(state);
  }
  const applied = applyContents(state.contents, state.role, { action, contents });
  if (!applied.ok) return unexpected(state);
  const { about } = applied;
  // All that it names is gone, by what the other party said meanwhile.
  if (about.length === 0 && contents.length > 0) return unexpected(state);
  // CALL-15: "removing the last content = session-terminate".
  if (action === 'content-remove' && isVoid(applied.contents)) {
    return terminate(state, 'left', { reason: own.reason ?? { condition: 'success' } });
  }
  const jingle = jingleOf(state, { ...own, contents: about });
  const request: SentRequest = {
    request: state.next,
    kind: requestKind(action, about.length === 0 && jingle.infos.length === 0),
    action,
    contents: about.map(nameOf),
    before: entriesOf(state, about),
    about: own.about,
  };
  return {
    state: {
      ...state,
      phase: PHASE_AFTER[action] ?? state.phase,
      contents: applied.contents,
      requests: [...state.requests, request],
      next: state.next + 1,
    },
    effects: [{ kind: 'request', request: request.request, jingle }],
    expected: true,
  };
}

const PHASE_AFTER: Partial<Record<OwnAction['action'], SessionPhase>> = {
  'session-initiate': 'pending',
  'session-accept': 'active',
};

function reasonOf({ reason }: OwnAction): Pick<OwnAction, 'reason'> {
  return reason === undefined ? {} : { reason };
}

/** The other party may be removing it too; what crosses must not be about another content of the same name. */
function isBeingRemoved({ requests }: SessionState, { name, creator }: Content): boolean {
  return requests.some(
    ({ action, contents }) =>
      action === 'content-remove' && contents.some((each) => each.name === name && each.creator === creator),
  );
}

function nameOf({ name, creator }: Content): ContentName {
  return { name, creator };
}

function entriesOf({ contents }: SessionState, about: readonly Content[]): readonly SessionContent[] {
  return about.flatMap((content) => contentNamed(contents, content) ?? []);
}
