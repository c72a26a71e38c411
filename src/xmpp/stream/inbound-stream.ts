// A server-to-server stream that a peer opens, as data: what it must do first, what it proves, and what it may then send.
// Sources: RFC 6120 §4, §5, §6, §8.1; XEP-0178 1.2 §3; XEP-0220 1.1.1; XEP-0288 1.0; rows S2S-02 … S2S-07.
//
//   opening ─header→ open ─starttls→ securing ─TLS→ opening ─header→ open ┬─EXTERNAL→ opening ─header→ open (proved)
//                                                                         └─dialback, for each pair→ open (proved)

import { stanzaKind } from '../stanza/stanza.ts';
import { element, type XmlElement } from '../../xml/index.ts';
import { answerDialback, verified } from './inbound-dialback.ts';
import type {
  InboundEffect,
  InboundEnv,
  InboundEvent,
  InboundOpen,
  InboundState,
  InboundTransition,
} from './inbound-types.ts';
import { isManagement, managementFailed } from './management-elements.ts';
import { answerAuth } from './server-sasl.ts';
import { offeredFeatures } from './server-features.ts';
import { gateStanza } from './server-stanza.ts';
import {
  headDomain,
  headerFault,
  NS_BIDI,
  NS_DIALBACK,
  NS_SASL,
  NS_TLS,
  type HeaderFault,
  type ServerStreamEnd,
  type ServerStreamFailure,
  type StreamHead,
} from './server-stream.ts';
import { isStreamError, readStreamError } from './stream-error.ts';

/** A connection that came in; `secure`: by direct TLS (XEP-0368). */
export function acceptedStream(secure: boolean): InboundState {
  return {
    kind: 'opening',
    secure,
    peer: '',
    local: '',
    id: '',
    authenticated: false,
    refused: 0,
    pairs: [],
    pending: [],
    bidi: false,
  };
}

const NOTHING: readonly InboundEffect[] = [];
const UNEXPECTED: readonly InboundEffect[] = [{ kind: 'unexpected' }];

/** The machine. Pure; never throws. */
export function stepInbound(state: InboundState, event: InboundEvent, env: InboundEnv): InboundTransition {
  switch (state.kind) {
    case 'closed':
      return unexpected(state);
    case 'closing':
      return closing(state, event);
    default:
      return open(state, event, env);
  }
}

function open(state: InboundOpen, event: InboundEvent, env: InboundEnv): InboundTransition {
  switch (event.kind) {
    case 'streamOpen':
      return state.kind === 'opening' ? opened(state, event.head, event.newId, env) : unexpected(state);
    case 'element':
      return state.kind === 'open' ? taken(state, event.element, env) : unexpected(state);
    case 'secured':
      if (state.kind !== 'securing') return unexpected(state);
      // RFC 6120 §5.4.3.3: a new stream; what was said in the clear counts no more.
      return {
        state: { ...state, kind: 'opening', secure: true, id: '', bidi: false },
        effects: [{ kind: 'restart' }],
      };
    case 'verified': {
      const result = verified(state, event.pair, event.verdict);
      if (result === undefined) return unexpected(state);
      if (!result.invalid) return result;
      // XEP-0220 §2.1.2: after an invalid key the stream is closed.
      return prepend(result.effects, closeStream(result.state, 'not-authenticated'));
    }
    case 'timeout':
      return closeStream(state, 'negotiation-timeout', { condition: 'connection-timeout', text: 'too slow' });
    case 'stop':
      return closeStream(state, event.reason ?? 'stopped');
    case 'fault':
      return closeStream(state, event.reason, event.error);
    case 'streamClosed':
      return closeStream(state, 'closed-by-peer');
    case 'badXml':
      return closeStream(state, 'bad-xml', event.error);
    case 'tlsFailed':
      return aborted({ reason: 'tls', during: state.kind, text: event.text });
    case 'disconnected': {
      const reason = event.error === undefined ? 'closed-by-peer' : 'connection-lost';
      return ended({ reason, during: state.kind, text: event.error });
    }
  }
}

/** The peer's header, and ours with the features behind it. */
function opened(state: InboundOpen, head: StreamHead, newId: string, env: InboundEnv): InboundTransition {
  const local = headDomain(head.to);
  const peer = headDomain(head.from);
  const served = local !== undefined && env.serves(local);
  const header: InboundEffect = {
    kind: 'writeHeader',
    from: served ? local : '',
    to: peer ?? '',
    id: newId,
  };
  const fault = headerFault(head) ?? addressFault(state, head, env);
  // RFC 6120 §4.9.1.2: an error to the header comes behind a header of our own.
  if (fault !== undefined)
    return prepend([header], closeStream({ ...state, kind: 'open' }, 'bad-stream', fault));
  const next: InboundOpen = {
    ...state,
    kind: 'open',
    peer: peer ?? '',
    local: local ?? '',
    id: newId,
    pairs: state.authenticated ? [{ from: peer ?? '', to: local ?? '' }] : [],
  };
  const features = offeredFeatures({
    secure: next.secure,
    authenticated: next.authenticated,
    certificate: next.secure && next.peer !== '' && env.proves(next.peer),
    policy: env.policy,
    limits: env.limits,
  });
  const effects: InboundEffect[] = [header, { kind: 'write', element: features }];
  for (const pair of next.pairs)
    effects.push({ kind: 'clearTimer' }, { kind: 'proved', pair, by: 'certificate' });
  return { state: next, effects };
}

function addressFault(state: InboundOpen, head: StreamHead, env: InboundEnv): HeaderFault | undefined {
  const local = headDomain(head.to);
  if (local === undefined) return { condition: 'improper-addressing', text: 'to is needed' };
  // RFC 6120 §4.9.3.6.
  if (!env.serves(local)) return { condition: 'host-unknown', text: 'not served here' };
  // §4.7.1: "from" is a MUST only after TLS; whoever leaves it out proves its pairs by dialback.
  if (head.from === undefined || head.from === '') {
    return state.authenticated ? { condition: 'invalid-from', text: 'from is needed' } : undefined;
  }
  const peer = headDomain(head.from);
  if (peer === undefined) return { condition: 'improper-addressing', text: 'from is no domain' };
  // Nobody else speaks for a domain of ours.
  if (env.serves(peer)) return { condition: 'invalid-from', text: 'that domain is served here' };
  if (state.authenticated && (peer !== state.peer || local !== state.local)) {
    // §4.9.3.9, §4.9.3.12: what was authenticated was another pair.
    return peer === state.peer
      ? { condition: 'not-authorized', text: 'to has changed' }
      : { condition: 'invalid-from', text: 'from has changed' };
  }
  return undefined;
}

function taken(state: InboundOpen, el: XmlElement, env: InboundEnv): InboundTransition {
  if (isStreamError(el)) {
    const { condition, text } = readStreamError(el);
    return closeStream(state, 'stream-error', undefined, { condition, text });
  }
  if (el.ns === NS_TLS) return startTls(state, el);
  if (stanzaKind(el) !== undefined) return stanza(state, el, env);
  // RFC 6120 §5.3.1, row S2S-02: TLS is mandatory, and comes before all else.
  if (!state.secure) return violated(state, 'TLS comes first');
  switch (el.ns) {
    case NS_SASL:
      return authenticate(state, el, env);
    case NS_DIALBACK: {
      const result = answerDialback(state, el, env);
      return result ?? unexpected(state);
    }
    case NS_BIDI:
      // XEP-0288 §2.2: before authentication.
      if (el.name !== 'bidi' || state.authenticated || state.pairs.length > 0) return unexpected(state);
      return { state: { ...state, bidi: true }, effects: NOTHING };
    default:
  }
  if (isManagement(el)) {
    // XEP-0198 §3: not before authentication.
    const effect: InboundEffect =
      state.pairs.length > 0
        ? { kind: 'management', element: el }
        : { kind: 'write', element: managementFailed('unexpected-request') };
    return { state, effects: [effect] };
  }
  if (state.pairs.length > 0) return unexpected(state);
  return closeStream(state, 'not-allowed', { condition: 'unsupported-stanza-type', text: 'not known here' });
}

function startTls(state: InboundOpen, el: XmlElement): InboundTransition {
  if (el.name !== 'starttls') return unexpected(state);
  // RFC 6120 §5.4.2.2: it was not offered.
  if (state.secure) return prepend([write(element('failure', NS_TLS))], closeStream(state, 'tls'));
  return {
    state: { ...state, kind: 'securing' },
    effects: [write(element('proceed', NS_TLS)), { kind: 'startTls', local: state.local }],
  };
}

function authenticate(state: InboundOpen, el: XmlElement, env: InboundEnv): InboundTransition {
  const answer = answerAuth(state, el, env);
  switch (answer.kind) {
    case 'success':
      return {
        state: { ...state, kind: 'opening', id: '', authenticated: true, pending: [] },
        effects: [write(answer.element), { kind: 'restart' }],
      };
    case 'failure': {
      const refused = state.refused + 1;
      const told = [write(answer.element)];
      const next = { ...state, refused };
      // RFC 6120 §6.4.5: after some retries the stream ends.
      return refused > answer.retries
        ? prepend(told, violated(next, 'too many attempts'))
        : { state: next, effects: told };
    }
    case 'unexpected':
      return unexpected(state);
  }
}

function stanza(state: InboundOpen, el: XmlElement, env: InboundEnv): InboundTransition {
  const gate = gateStanza(el, state.pairs, env);
  if (!gate.ok) return closeStream(state, 'not-allowed', gate.error);
  return { state, effects: [{ kind: 'deliver', stanza: gate.stanza, pair: gate.pair }] };
}

function closing(state: InboundState & { kind: 'closing' }, event: InboundEvent): InboundTransition {
  switch (event.kind) {
    case 'element':
    case 'stop':
    case 'fault':
    case 'badXml':
    case 'verified':
      return { state, effects: NOTHING };
    case 'streamClosed':
      return { state, effects: [{ kind: 'disconnect' }] };
    case 'disconnected':
      return ended(state.failure);
    case 'timeout':
    case 'tlsFailed':
      return aborted(state.failure);
    default:
      return unexpected(state);
  }
}

function violated(state: InboundOpen, text: string): InboundTransition {
  return closeStream(state, 'not-allowed', { condition: 'policy-violation', text });
}

/** Ends the stream: an error of ours if there is one, the end tag, and the connection after that. */
function closeStream(
  state: InboundOpen,
  reason: ServerStreamEnd,
  error?: HeaderFault,
  peer: Pick<ServerStreamFailure, 'condition' | 'text'> = {},
): InboundTransition {
  const told = error === undefined ? peer : { condition: error.condition, text: error.text };
  const failure: ServerStreamFailure = { reason, during: state.kind, ...told };
  // Nothing can be said inside a TLS handshake.
  if (state.kind === 'securing') return aborted(failure);
  const effects: InboundEffect[] = [];
  // RFC 6120 §4.9.1.2: nothing is said on a stream that was not opened in return.
  if (state.id === '' && state.kind === 'opening')
    effects.push({ kind: 'writeHeader', from: '', to: '', id: '' });
  if (error !== undefined) effects.push({ kind: 'writeError', error });
  effects.push({ kind: 'writeEnd' });
  if (reason !== 'stopped' && reason !== 'idle') effects.push({ kind: 'disconnect' });
  effects.push({ kind: 'setTimer', timer: 'close' });
  return { state: { kind: 'closing', failure }, effects };
}

function ended(failure: ServerStreamFailure): InboundTransition {
  return { state: { kind: 'closed' }, effects: [{ kind: 'clearTimer' }, { kind: 'ended', failure }] };
}

function aborted(failure: ServerStreamFailure): InboundTransition {
  return prepend([{ kind: 'abort' }], ended(failure));
}

function prepend(first: readonly InboundEffect[], transition: InboundTransition): InboundTransition {
  return { state: transition.state, effects: [...first, ...transition.effects] };
}

function unexpected(state: InboundState): InboundTransition {
  return { state, effects: UNEXPECTED };
}

function write(el: XmlElement): InboundEffect {
  return { kind: 'write', element: el };
}
