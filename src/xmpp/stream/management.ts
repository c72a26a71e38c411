// Stream management of one server-to-server stream as data, for both ends: who counts what, when an acknowledgement is
// asked for, and what a resumption brings back. Source: XEP-0198 1.6; row S2S-06.
//
// The stanzas themselves are the driver's: it keeps those that are not acknowledged in order, drops `confirmed` many from
// the front, and writes the rest again at `rewrite`. Counts go round at 2^32 (§8).
//
//   off ─enable→ enabling ─enabled→ on ─down→ suspended ─resume→ resuming ─resumed→ on
//   off ─the peer's enable→ on            suspended ─the peer's resume→ on

import type { XmlElement } from '../../xml/index.ts';
import {
  acknowledgement,
  enabledElement,
  enableElement,
  managementFailed,
  requestElement,
  resumedElement,
  resumeElement,
} from './management-elements.ts';

const WRAP = 2 ** 32;

export interface ManagementState {
  readonly phase: 'off' | 'enabling' | 'on' | 'suspended' | 'resuming';
  /** By which the stream may be resumed; undefined: it may not. */
  readonly id: string | undefined;
  /** Stanzas of the peer that were handled, as it is told. */
  readonly handled: number;
  /** The peer's last count of ours. */
  readonly acknowledged: number;
  /** Stanzas sent beyond that. */
  readonly open: number;
  /** A request is under way. */
  readonly asked: boolean;
}

export type ManagementEvent =
  | { readonly kind: 'enable' }
  /** The peer's answer; `id` only when the stream may be resumed. */
  | { readonly kind: 'enabled'; readonly id: string | undefined }
  /** The peer's answer to enable or resume; `h` where it still knows the count. */
  | { readonly kind: 'failed'; readonly h: number | undefined }
  /** The peer enables; `id` (fresh) when it wants to resume and may. */
  | { readonly kind: 'peerEnable'; readonly id: string | undefined; readonly maxSeconds: number }
  | { readonly kind: 'resume' }
  | { readonly kind: 'resumed'; readonly h: number }
  /** The peer resumes this stream on a new connection. */
  | { readonly kind: 'peerResume'; readonly h: number }
  /** A stanza of ours is written. */
  | { readonly kind: 'sent' }
  /** A write ends here, and some stanza in it wants to be confirmed. */
  | { readonly kind: 'ask' }
  /** The peer's request; `upTo` where later stanzas are not safe yet. */
  | { readonly kind: 'request'; readonly upTo?: number }
  | { readonly kind: 'acknowledged'; readonly h: number }
  /** A stanza of the peer was handled. */
  | { readonly kind: 'handled' }
  | { readonly kind: 'timeout' }
  /** The connection is gone. */
  | { readonly kind: 'down' };

export type ManagementEffect =
  | { readonly kind: 'write'; readonly element: XmlElement }
  /** Replaces the one timer: for the answer to a request, or until it is asked again. */
  | { readonly kind: 'setTimer' }
  | { readonly kind: 'clearTimer' }
  /** So many stanzas more are with the peer. */
  | { readonly kind: 'confirmed'; readonly count: number }
  /** Stanzas are counted from now on. */
  | { readonly kind: 'began' }
  /** The peer does not do it after all. */
  | { readonly kind: 'unavailable' }
  /** The stream goes on: what is still open is to be written again. */
  | { readonly kind: 'rewrite' }
  /** The stream does not go on: what is still open was, perhaps, never handled. */
  | { readonly kind: 'abandoned' }
  /** No acknowledgement in time. */
  | { readonly kind: 'lost' }
  /** The peer has acknowledged more than was sent (§4): a stream error. */
  | { readonly kind: 'tooHigh'; readonly h: number; readonly sent: number }
  | { readonly kind: 'unexpected' };

export interface ManagementTransition {
  readonly state: ManagementState;
  readonly effects: readonly ManagementEffect[];
}

export const initialManagement: ManagementState = {
  phase: 'off',
  id: undefined,
  handled: 0,
  acknowledged: 0,
  open: 0,
  asked: false,
};

const NONE: readonly ManagementEffect[] = [];
const UNEXPECTED: readonly ManagementEffect[] = [{ kind: 'unexpected' }];

/** The machine. Pure; never throws. */
export function stepManagement(state: ManagementState, event: ManagementEvent): ManagementTransition {
  switch (event.kind) {
    case 'enable':
      if (state.phase !== 'off') return unexpected(state);
      return { state: { ...state, phase: 'enabling' }, effects: [write(enableElement())] };
    case 'enabled':
      if (state.phase !== 'enabling') return unexpected(state);
      return { state: { ...initialManagement, phase: 'on', id: event.id }, effects: [{ kind: 'began' }] };
    case 'failed':
      return failed(state, event.h);
    case 'peerEnable':
      // §3: only once on a stream.
      if (state.phase !== 'off') return refused(state, 'unexpected-request');
      return {
        state: { ...initialManagement, phase: 'on', id: event.id },
        effects: [write(enabledElement(event.id, event.maxSeconds)), { kind: 'began' }],
      };
    case 'resume':
      if (state.phase !== 'suspended' || state.id === undefined) return unexpected(state);
      return {
        state: { ...state, phase: 'resuming' },
        effects: [write(resumeElement(state.id, state.handled))],
      };
    case 'resumed':
      return state.phase === 'resuming' ? resumed(state, event.h, NONE) : unexpected(state);
    case 'peerResume':
      if (state.phase !== 'suspended' || state.id === undefined) return unexpected(state);
      return resumed(state, event.h, [write(resumedElement(state.id, state.handled))]);
    case 'sent':
      return state.phase === 'on'
        ? { state: { ...state, open: state.open + 1 }, effects: NONE }
        : unexpected(state);
    case 'ask':
      return state.phase === 'on' && !state.asked ? ask(state) : { state, effects: NONE };
    case 'request':
      return state.phase === 'on'
        ? { state, effects: [write(acknowledgement(event.upTo ?? state.handled))] }
        : unexpected(state);
    case 'acknowledged':
      return state.phase === 'on' ? answered(state, event.h) : unexpected(state);
    case 'handled':
      return state.phase === 'on'
        ? { state: { ...state, handled: (state.handled + 1) % WRAP }, effects: NONE }
        : { state, effects: NONE };
    case 'timeout':
      if (state.phase !== 'on') return unexpected(state);
      return state.asked ? { state, effects: [{ kind: 'lost' }] } : ask(state);
    case 'down':
      return down(state);
  }
}

function ask(state: ManagementState): ManagementTransition {
  return { state: { ...state, asked: true }, effects: [write(requestElement()), { kind: 'setTimer' }] };
}

function answered(state: ManagementState, h: number): ManagementTransition {
  const { state: next, effects } = acknowledge(state, h);
  if (effects.some(({ kind }) => kind === 'tooHigh')) return { state, effects };
  const idle = { ...next, asked: false };
  if (idle.open === 0) return { state: idle, effects: [{ kind: 'clearTimer' }, ...effects] };
  // §4: it may answer before it has handled all. Asking at once again would be a storm when nothing has moved.
  if (effects.length === 0) return { state: idle, effects: [{ kind: 'setTimer' }] };
  const again = ask(idle);
  return { state: again.state, effects: [...effects, ...again.effects] };
}

/** Takes the peer's count. */
function acknowledge(state: ManagementState, h: number): ManagementTransition {
  const count = (h - state.acknowledged + WRAP) % WRAP;
  if (count > state.open) {
    const sent = (state.acknowledged + state.open) % WRAP;
    return { state, effects: [{ kind: 'tooHigh', h, sent }] };
  }
  if (count === 0) return { state, effects: NONE };
  return {
    state: { ...state, acknowledged: h, open: state.open - count },
    effects: [{ kind: 'confirmed', count }],
  };
}

function resumed(
  state: ManagementState,
  h: number,
  first: readonly ManagementEffect[],
): ManagementTransition {
  const taken = acknowledge(state, h);
  if (taken.effects.some(({ kind }) => kind === 'tooHigh')) return { state, effects: taken.effects };
  return {
    state: { ...taken.state, phase: 'on', asked: false },
    effects: [...first, ...taken.effects, { kind: 'began' }, { kind: 'rewrite' }],
  };
}

function failed(state: ManagementState, h: number | undefined): ManagementTransition {
  if (state.phase === 'enabling') {
    return { state: initialManagement, effects: [{ kind: 'unavailable' }] };
  }
  if (state.phase !== 'resuming') return unexpected(state);
  // §5: the count of the old stream may come with the failure, so that less is sent twice.
  const taken = h === undefined ? { state, effects: NONE } : acknowledge(state, h);
  const believed = taken.effects.filter(({ kind }) => kind === 'confirmed');
  return { state: initialManagement, effects: [...believed, { kind: 'abandoned' }] };
}

function refused(state: ManagementState, condition: 'unexpected-request'): ManagementTransition {
  return { state, effects: [write(managementFailed(condition))] };
}

function down(state: ManagementState): ManagementTransition {
  const clear: readonly ManagementEffect[] = [{ kind: 'clearTimer' }];
  switch (state.phase) {
    case 'on':
    case 'resuming':
      if (state.id !== undefined) {
        return { state: { ...state, phase: 'suspended', asked: false }, effects: clear };
      }
      return { state: initialManagement, effects: [...clear, { kind: 'abandoned' }] };
    case 'enabling':
      return { state: initialManagement, effects: clear };
    case 'off':
    case 'suspended':
      return { state, effects: NONE };
  }
}

function unexpected(state: ManagementState): ManagementTransition {
  return { state, effects: UNEXPECTED };
}

function write(el: XmlElement): ManagementEffect {
  return { kind: 'write', element: el };
}
