// Which party may send which action when (XEP-0166 §5.1, its figure). One table for both directions: what we may not send
// is not sent, and what the other party may not send is out of order (§10).

import type { JingleAction } from './jingle.ts';
import type { Party, RequestKind, SessionPhase } from './session-types.ts';

type Who = Party | 'both' | 'nobody';
/** Those after which the session goes on. */
type LastingAction = Exclude<JingleAction, 'session-terminate'>;

/** §5.1: "it is allowed to send all actions while in the PENDING state". */
const NEGOTIATING = {
  'content-accept': 'both',
  'content-add': 'both',
  'content-modify': 'both',
  'content-reject': 'both',
  'content-remove': 'both',
  'description-info': 'both',
  'security-info': 'both',
  'session-info': 'both',
  'session-initiate': 'nobody',
  'session-terminate': 'both',
  'transport-accept': 'both',
  'transport-info': 'both',
  'transport-reject': 'both',
  'transport-replace': 'both',
} as const satisfies Omit<Record<JingleAction, Who>, 'session-accept'>;

const NOTHING: Readonly<Record<JingleAction, Who>> = {
  'content-accept': 'nobody',
  'content-add': 'nobody',
  'content-modify': 'nobody',
  'content-reject': 'nobody',
  'content-remove': 'nobody',
  'description-info': 'nobody',
  'security-info': 'nobody',
  'session-accept': 'nobody',
  'session-info': 'nobody',
  'session-initiate': 'nobody',
  'session-terminate': 'nobody',
  'transport-accept': 'nobody',
  'transport-info': 'nobody',
  'transport-reject': 'nobody',
  'transport-replace': 'nobody',
};

export const ORDER: Readonly<Record<SessionPhase, Readonly<Record<JingleAction, Who>>>> = {
  idle: { ...NOTHING, 'session-initiate': 'initiator' },
  pending: { ...NEGOTIATING, 'session-accept': 'responder' },
  active: { ...NEGOTIATING, 'session-accept': 'nobody' },
  // §6.7: "As soon as an entity sends a session-terminate action, it MUST consider the session to be in the ENDED state".
  ended: NOTHING,
};

export function maySend(phase: SessionPhase, action: JingleAction, party: Party): boolean {
  const who = ORDER[phase][action];
  return who === 'both' || who === party;
}

export function otherParty(party: Party): Party {
  return party === 'initiator' ? 'responder' : 'initiator';
}

const KIND: Readonly<Record<LastingAction, RequestKind>> = {
  'content-accept': 'decision',
  'content-add': 'change',
  'content-modify': 'change',
  'content-reject': 'decision',
  'content-remove': 'change',
  'description-info': 'info',
  'security-info': 'info',
  'session-accept': 'accept',
  'session-info': 'info',
  'session-initiate': 'initiate',
  'transport-accept': 'decision',
  'transport-info': 'candidates',
  'transport-reject': 'decision',
  'transport-replace': 'change',
};

/** `isEmpty`: it says nothing besides its action. */
export function requestKind(action: LastingAction, isEmpty: boolean): RequestKind {
  return action === 'session-info' && isEmpty ? 'ping' : KIND[action];
}
