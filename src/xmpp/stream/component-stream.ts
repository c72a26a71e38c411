// One component stream from connection to end, as data: `step(state, event)`; edge/xmpp runs the effects.
// Sources: XEP-0114 1.6 "Protocol Flow" (rows COMP-01, 02, 04); RFC 6120 §4.4 (closing), §4.9 (errors).
//
//   closed ─start→ connecting ─connected→ opening ─stream header→ handshaking ─<handshake/>→ up ─→ closing ─→ closed

import { hashHex } from '../../base/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import { NS_CLIENT } from '../../xml/index.ts';
import { stanzaKind } from '../stanza/stanza.ts';
import { isStreamError, NS_STREAM, readStreamError, type StreamCondition } from './stream-error.ts';

export const NS_COMPONENT = 'jabber:component:accept';

/** Why a stream ended or could not begin. */
export interface StreamFailure {
  readonly reason: StreamFailureReason;
  /** The state in which it happened. */
  readonly during: ComponentState['kind'];
  /** With `stream-error` the peer's condition, with `bad-xml` and `bad-stream` ours. */
  readonly condition?: StreamCondition | undefined;
  /** For the log. */
  readonly text?: string | undefined;
}

export type StreamFailureReason =
  /** No connection: refused, unreachable, name not found. */
  | 'connect-failed'
  | 'connect-timeout'
  /** Connected, but the stream was not up in time. */
  | 'handshake-timeout'
  /** The peer sent `<stream:error/>`. */
  | 'stream-error'
  /** The peer ended the stream or the connection. */
  | 'closed-by-peer'
  /** The connection broke. */
  | 'connection-lost'
  /** What the peer sent is not XML as XMPP has it, or too large. */
  | 'bad-xml'
  /** The peer's stream header is not that of a component stream. */
  | 'bad-stream'
  /** Barriers do not return. */
  | 'barrier'
  /** Nothing at all comes from the peer. */
  | 'keep-alive'
  | 'stopped';

export type ComponentState =
  | { readonly kind: 'closed' }
  | { readonly kind: 'connecting' }
  /** Our stream header is sent. */
  | { readonly kind: 'opening' }
  /** Our handshake is sent. */
  | { readonly kind: 'handshaking' }
  | { readonly kind: 'up' }
  /** Our end tag is sent; waiting for the connection to end. */
  | { readonly kind: 'closing'; readonly failure: StreamFailure };

export type ComponentEvent =
  | { readonly kind: 'start' }
  | { readonly kind: 'connected' }
  | {
      readonly kind: 'streamOpen';
      /** As after XML unescaping. */
      readonly id: string | undefined;
      /** Expanded name of the root element, and the default namespace it declares. */
      readonly name: string;
      readonly ns: string;
      readonly defaultNs: string | undefined;
    }
  | { readonly kind: 'element'; readonly element: XmlElement }
  /** The peer's end tag. */
  | { readonly kind: 'streamClosed' }
  | { readonly kind: 'badXml'; readonly condition: StreamCondition; readonly text: string }
  /** The connection is gone; `error` when it broke. */
  | { readonly kind: 'disconnected'; readonly error?: string | undefined }
  | { readonly kind: 'timeout' }
  /** The driver found the link useless. */
  | { readonly kind: 'giveUp'; readonly reason: 'barrier' | 'keep-alive' }
  | { readonly kind: 'stop' };

export type ComponentEffect =
  | { readonly kind: 'connect' }
  | { readonly kind: 'writeHeader' }
  | { readonly kind: 'writeHandshake'; readonly digest: string }
  | { readonly kind: 'writeError'; readonly condition: StreamCondition; readonly text: string }
  | { readonly kind: 'writeEnd' }
  /** Replaces the one timer of the stream. */
  | { readonly kind: 'setTimer'; readonly timer: 'connect' | 'handshake' | 'close' }
  | { readonly kind: 'clearTimer' }
  /** Stanzas flow from now on. */
  | { readonly kind: 'up' }
  /** The element of the event is a stanza for the owner. */
  | { readonly kind: 'deliver' }
  /** No stanza may be sent any more; only after `up`. */
  | { readonly kind: 'down'; readonly failure: StreamFailure }
  /** End the connection after what is written. */
  | { readonly kind: 'disconnect' }
  /** End the connection at once. */
  | { readonly kind: 'abort' }
  /** Back in `closed`: once per `start`. */
  | { readonly kind: 'ended'; readonly failure: StreamFailure }
  /** The state does not expect this event: to be counted and logged. */
  | { readonly kind: 'unexpected' };

export interface ComponentEnv {
  readonly secret: string;
}

export interface ComponentTransition {
  readonly state: ComponentState;
  readonly effects: readonly ComponentEffect[];
}

const CLOSED: ComponentState = { kind: 'closed' };
const CONNECTING: ComponentState = { kind: 'connecting' };
const OPENING: ComponentState = { kind: 'opening' };
const HANDSHAKING: ComponentState = { kind: 'handshaking' };
const UP: ComponentState = { kind: 'up' };

export const initialComponentState: ComponentState = CLOSED;

// Ordinary transitions are shared: a stanza allocates nothing here.
const DELIVER: ComponentTransition = { state: UP, effects: [{ kind: 'deliver' }] };
const ACCEPTED: ComponentTransition = { state: UP, effects: [{ kind: 'clearTimer' }, { kind: 'up' }] };
const DISCONNECT: readonly ComponentEffect[] = [{ kind: 'disconnect' }];
const UNEXPECTED: readonly ComponentEffect[] = [{ kind: 'unexpected' }];

/** The machine. Pure; never throws. */
export function stepComponent(
  state: ComponentState,
  event: ComponentEvent,
  env: ComponentEnv,
): ComponentTransition {
  switch (state.kind) {
    case 'closed':
      return event.kind === 'start'
        ? { state: CONNECTING, effects: [{ kind: 'connect' }, { kind: 'setTimer', timer: 'connect' }] }
        : unexpected(state);
    case 'connecting':
      return connecting(state, event);
    case 'opening':
      return event.kind === 'streamOpen' ? opened(state, event, env) : negotiating(state, event);
    case 'handshaking':
      return event.kind === 'element' && isHandshake(event.element) ? ACCEPTED : negotiating(state, event);
    case 'up':
      return up(state, event);
    case 'closing':
      return closing(state, event);
  }
}

/** Row COMP-02: lower-case hexadecimal SHA-1 of the stream id (after XML unescaping) followed by the secret. */
export function handshakeDigest(streamId: string, secret: string): string {
  return hashHex('sha1', streamId + secret);
}

function connecting(state: ComponentState, event: ComponentEvent): ComponentTransition {
  switch (event.kind) {
    case 'connected':
      return { state: OPENING, effects: [{ kind: 'setTimer', timer: 'handshake' }, { kind: 'writeHeader' }] };
    case 'disconnected':
      return ended({ reason: 'connect-failed', during: 'connecting', text: event.error });
    case 'timeout':
      return aborted({ reason: 'connect-timeout', during: 'connecting' });
    case 'stop':
      return aborted({ reason: 'stopped', during: 'connecting' });
    default:
      return unexpected(state);
  }
}

/** The peer's stream header: then our handshake (XEP-0114: "the component MUST send a <handshake/>"). */
function opened(
  state: ComponentState,
  event: ComponentEvent & { kind: 'streamOpen' },
  env: ComponentEnv,
): ComponentTransition {
  if (event.name !== 'stream' || event.ns !== NS_STREAM || event.defaultNs !== NS_COMPONENT) {
    return refused(state, 'invalid-namespace', 'not a stream of jabber:component:accept');
  }
  // Without an id there can be no handshake; it stands before the stream error to a header that the server did not like
  // (RFC 6120 §4.9.1.2), which says more than we could. The handshake time goes on.
  if (event.id === undefined || event.id === '') return { state, effects: [] };
  const digest = handshakeDigest(event.id, env.secret);
  return { state: HANDSHAKING, effects: [{ kind: 'writeHandshake', digest }] };
}

/** What may happen while the stream is not up yet, in `opening` and `handshaking` alike. */
function negotiating(state: ComponentState, event: ComponentEvent): ComponentTransition {
  switch (event.kind) {
    case 'element':
      // A stanza before the handshake is accepted is not believed.
      return isStreamError(event.element) ? close(peerError(state, event.element)) : unexpected(state);
    case 'timeout':
      return aborted({ reason: 'handshake-timeout', during: state.kind });
    case 'stop':
      return close({ reason: 'stopped', during: state.kind });
    default:
      return ending(state, event);
  }
}

function up(state: ComponentState, event: ComponentEvent): ComponentTransition {
  switch (event.kind) {
    case 'element':
      if (stanzaKind(event.element) !== undefined) return DELIVER;
      return isStreamError(event.element) ? close(peerError(state, event.element)) : unexpected(state);
    case 'giveUp':
      // RFC 6120 §4.9.3.4: there is reason to believe that the peer cannot communicate any more.
      return close(
        { reason: event.reason, during: 'up' },
        { condition: 'connection-timeout', text: 'no answer' },
      );
    case 'stop':
      // RFC 6120 §4.4: the end tag first, then wait for that of the peer; what it still sends is taken.
      return {
        state: { kind: 'closing', failure: { reason: 'stopped', during: 'up' } },
        effects: [
          { kind: 'down', failure: { reason: 'stopped', during: 'up' } },
          { kind: 'writeEnd' },
          { kind: 'setTimer', timer: 'close' },
        ],
      };
    default:
      return ending(state, event);
  }
}

/** The ways in which every open stream can end from the other side. */
function ending(state: ComponentState, event: ComponentEvent): ComponentTransition {
  switch (event.kind) {
    case 'streamClosed':
      return close({ reason: 'closed-by-peer', during: state.kind });
    case 'badXml':
      return close(
        { reason: 'bad-xml', during: state.kind, condition: event.condition, text: event.text },
        event,
      );
    case 'disconnected': {
      const failure: StreamFailure = {
        reason: event.error === undefined ? 'closed-by-peer' : 'connection-lost',
        during: state.kind,
        text: event.error,
      };
      const transition = ended(failure);
      if (state.kind !== 'up') return transition;
      return { state: transition.state, effects: [{ kind: 'down', failure }, ...transition.effects] };
    }
    default:
      return unexpected(state);
  }
}

function closing(state: ComponentState & { kind: 'closing' }, event: ComponentEvent): ComponentTransition {
  switch (event.kind) {
    case 'element':
      // After our own, orderly end the peer's last stanzas are still to be taken (RFC 6120 §4.4).
      return state.failure.reason === 'stopped' &&
        state.failure.during === 'up' &&
        stanzaKind(event.element) !== undefined
        ? { state, effects: DELIVER.effects }
        : unexpected(state);
    case 'streamClosed':
      return { state, effects: DISCONNECT };
    case 'disconnected':
      return ended(state.failure);
    case 'timeout':
      return aborted(state.failure);
    case 'stop':
    case 'badXml':
      return { state, effects: [] };
    default:
      return unexpected(state);
  }
}

/** Ends an open stream: an error of ours if there is one, the end tag, and the connection after that. */
function close(
  failure: StreamFailure,
  error?: { readonly condition: StreamCondition; readonly text: string },
): ComponentTransition {
  const effects: ComponentEffect[] = [];
  if (failure.during === 'up') effects.push({ kind: 'down', failure });
  if (error !== undefined) effects.push({ kind: 'writeError', condition: error.condition, text: error.text });
  effects.push({ kind: 'writeEnd' }, { kind: 'disconnect' }, { kind: 'setTimer', timer: 'close' });
  return { state: { kind: 'closing', failure }, effects };
}

function refused(state: ComponentState, condition: StreamCondition, text: string): ComponentTransition {
  return close({ reason: 'bad-stream', during: state.kind, condition, text }, { condition, text });
}

function ended(failure: StreamFailure): ComponentTransition {
  return { state: CLOSED, effects: [{ kind: 'clearTimer' }, { kind: 'ended', failure }] };
}

function aborted(failure: StreamFailure): ComponentTransition {
  return { state: CLOSED, effects: [{ kind: 'clearTimer' }, { kind: 'abort' }, { kind: 'ended', failure }] };
}

function unexpected(state: ComponentState): ComponentTransition {
  return { state, effects: UNEXPECTED };
}

function peerError(state: ComponentState, el: XmlElement): StreamFailure {
  const { condition, text } = readStreamError(el);
  return { reason: 'stream-error', during: state.kind, condition, text };
}

/** The parser has already put `jabber:component:accept` under the name of `jabber:client` (row COMP-04). */
function isHandshake(el: XmlElement): boolean {
  return el.name === 'handshake' && el.ns === NS_CLIENT;
}
