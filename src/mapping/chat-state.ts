// Composing indications ↔ chat states (RFC 7573 §6; rows IM-60 … IM-65).

import type { ChatState } from '../xmpp/index.ts';

const TO_CHAT_STATE = { active: 'composing', idle: 'active' } as const satisfies Record<
  'active' | 'idle',
  ChatState
>;

const TO_COMPOSING = {
  active: 'idle',
  composing: 'active',
  paused: 'idle',
  inactive: 'idle',
  // IM-65: no document; in a session it is a BYE.
  gone: undefined,
} as const satisfies Record<ChatState, 'active' | 'idle' | undefined>;

/** The chat state for the state of an isComposing document. */
export function chatStateFor(state: 'active' | 'idle'): ChatState {
  return TO_CHAT_STATE[state];
}

/** The state of an isComposing document for a chat state; undefined: none is sent. */
export function chatStateToIsComposing(state: ChatState): 'active' | 'idle' | undefined {
  return TO_COMPOSING[state];
}
