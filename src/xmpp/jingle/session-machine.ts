// One Jingle session as data (XEP-0166 1.1.2 §5.1), from the point of view of the party that we speak for: it may be the
// initiator or the responder.
//
//   idle ──session-initiate──▶ pending ──session-accept──▶ active
//                                 │                          │
//                                 └──────────┬───────────────┘  session-terminate of either; an answer that ends it;
//                                            ▼                  silence; the other party gone; no content left
//                                          ended
//
// Everything else may be sent in `pending` and in `active` by both (session-order.ts), as far as the contents are in a state
// for it (session-contents.ts). The machine answers every action of the other party at once, reports those that it took, and
// says exactly once that the session is over. What an action means in SIP, and which contents are accepted, is its owner's.

import { answered, failed } from './session-answers.ts';
import { same, terminate, unexpected } from './session-end.ts';
import { decided, received } from './session-received.ts';
import { send } from './session-sent.ts';
import {
  GRACE_MS,
  type SessionEvent,
  type SessionState,
  type SessionSupport,
  type SessionTransition,
} from './session-types.ts';

/** A session before its session-initiate; `support`: what the owner takes of dtmf and transfer, by default nothing. */
export function initialSession(
  parts: Pick<SessionState, 'role' | 'sid' | 'self' | 'peer'>,
  support: SessionSupport = { dtmf: 'unsupported', transfer: false },
): SessionState {
  const { role, sid, self, peer } = parts;
  return {
    ...{ phase: 'idle', role, sid, self, peer, support, contents: [], requests: [], next: 1 },
    ...{ questions: [], rung: false, held: false, vanishing: false },
  };
}

/** Pure. An event that its state does not expect keeps the state, without effects, and says so. */
export function stepSession(state: SessionState, event: SessionEvent): SessionTransition {
  switch (event.kind) {
    case 'received':
      return received(state, event.id, event.jingle);
    case 'result':
      return answered(state, event.request);
    case 'error':
      return failed(state, event.request, event.error);
    case 'timeout':
      return failed(state, event.request);
    case 'available':
      return available(state);
    case 'unavailable':
      return unavailable(state);
    case 'graceOver':
      return graceOver(state);
    case 'send':
      return send(state, event.action);
    case 'decided':
      return decided(state, event.id, event.error);
  }
}

/** §6.7: a session-ending event, "if, that is, no other communication has been received within 5 or 10 seconds". */
function unavailable(state: SessionState): SessionTransition {
  if (state.phase === 'idle') return unexpected(state);
  if (state.phase === 'ended' || state.vanishing) return same(state);
  return {
    state: { ...state, vanishing: true },
    effects: [{ kind: 'startGrace', ms: GRACE_MS }],
    expected: true,
  };
}

function available(state: SessionState): SessionTransition {
  if (!state.vanishing) return same(state);
  return { state: { ...state, vanishing: false }, effects: [{ kind: 'stopGrace' }], expected: true };
}

/** CALL-33. The "seemingly unavailable party" is told, in case it is there after all. */
function graceOver(state: SessionState): SessionTransition {
  if (!state.vanishing) return unexpected(state);
  return terminate({ ...state, vanishing: false }, 'vanished', { reason: { condition: 'gone' } });
}
