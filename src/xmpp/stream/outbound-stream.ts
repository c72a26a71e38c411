// A server-to-server stream that this side opens, as data: header, features, TLS, SASL EXTERNAL or dialback, bidi.
// Sources: RFC 6120 §4, §5, §6, §9.2; XEP-0178 1.2 §3; XEP-0220 1.1.1 §2.1, §2.2; XEP-0288 1.0; rows S2S-02 … S2S-07.
//
//   closed → connecting → opening → negotiating ┬→ askingTls → securing → opening …
//                                               ├→ authenticating → opening … → up
//                                               ├→ dialling → up
//                                               └→ verifying   (only to ask about keys, XEP-0220 §2.2)

import { stanzaKind } from '../stanza/stanza.ts';
import { element, type XmlElement } from '../../xml/index.ts';
import { dialbackAnswer, dialbackKey, dialbackRequest, dialbackVerify, readDialback } from './dialback.ts';
import { isManagement } from './management-elements.ts';
import type {
  OutboundEffect,
  OutboundEnv,
  OutboundEvent,
  OutboundOpen,
  OutboundState,
  OutboundTransition,
} from './outbound-types.ts';
import { isFeatures, NO_FEATURES, nextStep, readFeatures } from './server-features.ts';
import { gateStanza } from './server-stanza.ts';
import {
  headDomain,
  headerFault,
  NS_BIDI,
  NS_SASL,
  NS_TLS,
  type HeaderFault,
  type ServerStreamEnd,
  type ServerStreamFailure,
} from './server-stream.ts';
import { isStreamError, readStreamError } from './stream-error.ts';

export const initialOutbound: OutboundState = { kind: 'closed' };

const NOTHING: readonly OutboundEffect[] = [];
const UNEXPECTED: readonly OutboundEffect[] = [{ kind: 'unexpected' }];

/** The machine. Pure; never throws. */
export function stepOutbound(
  state: OutboundState,
  event: OutboundEvent,
  env: OutboundEnv,
): OutboundTransition {
  switch (state.kind) {
    case 'closed':
      if (event.kind !== 'start') return unexpected(state);
      return {
        state: { kind: 'connecting', carries: event.carries },
        effects: [{ kind: 'connect' }, { kind: 'setTimer', timer: 'connect' }],
      };
    case 'connecting':
      return connecting(state, event, env);
    case 'closing':
      return closing(state, event);
    default:
      return open(state, event, env);
  }
}

function connecting(
  state: OutboundState & { kind: 'connecting' },
  event: OutboundEvent,
  env: OutboundEnv,
): OutboundTransition {
  switch (event.kind) {
    case 'connected':
      if (event.secure && !mayGoOn(event.certificate, env)) {
        return aborted({ reason: 'certificate', during: state.kind });
      }
      return {
        state: {
          kind: 'opening',
          secure: event.secure,
          certificate: event.certificate,
          authenticated: false,
          externalRefused: false,
          carries: state.carries,
          id: '',
          offers: NO_FEATURES,
          bidi: false,
          pairs: [],
          pending: [],
        },
        effects: [{ kind: 'setTimer', timer: 'negotiate' }, { kind: 'writeHeader' }],
      };
    case 'carry':
      return { state: { ...state, carries: true }, effects: NOTHING };
    case 'disconnected':
      return ended({ reason: 'connect-failed', during: state.kind, text: event.error });
    case 'timeout':
      return aborted({ reason: 'connect-timeout', during: state.kind });
    case 'stop':
      return aborted({ reason: 'stopped', during: state.kind });
    default:
      return unexpected(state);
  }
}

/** What may happen on every open stream, and then by its state. */
function open(state: OutboundOpen, event: OutboundEvent, env: OutboundEnv): OutboundTransition {
  switch (event.kind) {
    case 'streamOpen':
      return state.kind === 'opening' ? opened(state, event) : unexpected(state);
    case 'element':
      return taken(state, event.element, env);
    case 'secured':
      if (state.kind !== 'securing') return unexpected(state);
      if (!mayGoOn(event.certificate, env)) {
        return aborted({ reason: 'certificate', during: state.kind }, state);
      }
      // RFC 6120 §5.4.3.3: a new stream, and nothing that was learnt before counts.
      return {
        state: {
          ...state,
          kind: 'opening',
          secure: true,
          certificate: event.certificate,
          offers: NO_FEATURES,
        },
        effects: [{ kind: 'restart' }, { kind: 'writeHeader' }],
      };
    case 'carry':
      if (state.carries) return { state, effects: NOTHING };
      return state.kind === 'verifying'
        ? negotiate({ ...state, carries: true }, env, NOTHING)
        : { state: { ...state, carries: true }, effects: NOTHING };
    case 'add':
      return added(state, event.local, env);
    case 'verify':
      // XEP-0220 §2.2: as soon as the stream is there; it need not be authenticated.
      if (state.kind !== 'verifying' && state.kind !== 'dialling' && state.kind !== 'up')
        return unexpected(state);
      return {
        state,
        effects: [write(dialbackVerify({ from: event.local, to: env.remote }, event.id, event.key))],
      };
    case 'timeout':
      return aborted({ reason: 'negotiation-timeout', during: state.kind }, state);
    case 'stop':
      return close(state, event.reason ?? 'stopped');
    case 'fault':
      return close(state, event.reason, event.error);
    case 'streamClosed':
      return close(state, 'closed-by-peer');
    case 'badXml':
      return close(state, 'bad-xml', event.error);
    case 'tlsFailed':
      return aborted({ reason: 'tls', during: state.kind, text: event.text }, state);
    case 'disconnected': {
      const reason = event.error === undefined ? 'closed-by-peer' : 'connection-lost';
      return ended({ reason, during: state.kind, text: event.error }, state);
    }
    default:
      return unexpected(state);
  }
}

/** The peer's header. */
function opened(state: OutboundOpen, event: OutboundEvent & { kind: 'streamOpen' }): OutboundTransition {
  const { head } = event;
  const wrong = headerFault(head);
  if (wrong !== undefined) return close(state, 'bad-stream', wrong);
  // RFC 6120 §4.7.3: the receiving entity MUST give an id. It may stand before a stream error, which says more.
  const id = head.id ?? '';
  // §4.7.1: "from" is checked where it is there; some servers leave it out when they do not know the domain.
  if (head.from !== undefined && headDomain(head.from) === undefined) {
    return close(state, 'bad-stream', { condition: 'invalid-from', text: 'from is no domain' });
  }
  return { state: { ...state, kind: 'negotiating', id }, effects: NOTHING };
}

function taken(state: OutboundOpen, el: XmlElement, env: OutboundEnv): OutboundTransition {
  if (isStreamError(el)) {
    const { condition, text } = readStreamError(el);
    return close(state, 'stream-error', undefined, { condition, text });
  }
  switch (state.kind) {
    case 'negotiating':
      if (!isFeatures(el)) break;
      if (state.id === '')
        return close(state, 'bad-stream', { condition: 'undefined-condition', text: 'no id' });
      return negotiate({ ...state, offers: readFeatures(el) }, env, NOTHING);
    case 'askingTls':
      if (el.ns !== NS_TLS) break;
      if (el.name === 'proceed') {
        return { state: { ...state, kind: 'securing' }, effects: [{ kind: 'startTls' }] };
      }
      return el.name === 'failure' ? close(state, 'tls') : unexpected(state);
    case 'authenticating':
      if (el.ns !== NS_SASL) break;
      return authenticating(state, el, env);
    case 'dialling':
    case 'verifying':
    case 'up': {
      const answer = dialback(state, el, env);
      if (answer !== undefined) return answer;
      if (state.kind === 'up' && isManagement(el))
        return { state, effects: [{ kind: 'management', element: el }] };
      break;
    }
    default:
  }
  return stanzaKind(el) === undefined ? unexpected(state) : stanza(state, el, env);
}

/** Only with bidi, and only from the domain that proved itself (XEP-0288 §2.2); else it is the way out alone. */
function stanza(state: OutboundOpen, el: XmlElement, env: OutboundEnv): OutboundTransition {
  const proved =
    state.kind === 'up' && state.bidi ? state.pairs.map((local) => ({ from: env.remote, to: local })) : [];
  const gate = gateStanza(el, proved, env);
  if (!gate.ok) return close(state, 'not-allowed', gate.error);
  return { state, effects: [{ kind: 'deliver', stanza: gate.stanza, pair: gate.pair }] };
}

function negotiate(
  state: OutboundOpen,
  env: OutboundEnv,
  first: readonly OutboundEffect[],
): OutboundTransition {
  const step = nextStep({ ...state, policy: env.policy, ownCertificate: env.ownCertificate });
  switch (step) {
    case 'startTls':
      return {
        state: { ...state, kind: 'askingTls' },
        effects: [...first, write(element('starttls', NS_TLS))],
      };
    case 'external': {
      // RFC 6120 §6.4.2, XEP-0178 §3: "=" is the empty response; the authorization is for the header's "from".
      const auth = element('auth', NS_SASL, { mechanism: 'EXTERNAL' }, '=');
      const [next, effects] = askBidi(state);
      return { state: { ...next, kind: 'authenticating' }, effects: [...first, ...effects, write(auth)] };
    }
    case 'dialback': {
      const [next, effects] = askBidi(state);
      return {
        state: { ...next, kind: 'dialling', pending: [env.local] },
        effects: [...first, ...effects, request(next, env.local, env)],
      };
    }
    case 'verifyOnly':
      return {
        state: { ...state, kind: 'verifying' },
        effects: [...first, { kind: 'clearTimer' }, { kind: 'verifiable' }],
      };
    case 'open':
      return up(state, env.local, first);
    case 'impossible':
      return close(state, !state.secure ? 'tls' : state.certificate ? 'not-authenticated' : 'certificate');
  }
}

/** XEP-0288 §2.2: before authentication; here only with a peer that its certificate proves. */
function askBidi(state: OutboundOpen): [OutboundOpen, OutboundEffect[]] {
  if (state.bidi || !state.offers.bidi || !state.certificate) return [state, []];
  return [{ ...state, bidi: true }, [write(element('bidi', NS_BIDI))]];
}

function authenticating(state: OutboundOpen, el: XmlElement, env: OutboundEnv): OutboundTransition {
  switch (el.name) {
    case 'success':
      return {
        state: { ...state, kind: 'opening', authenticated: true, offers: NO_FEATURES },
        effects: [{ kind: 'restart' }, { kind: 'writeHeader' }],
      };
    case 'challenge':
      return { state, effects: [write(element('response', NS_SASL, {}, '='))] };
    case 'failure':
      return negotiate({ ...state, externalRefused: true }, env, NOTHING);
    default:
      return unexpected(state);
  }
}

/** Dialback elements of the peer; undefined: it is none. */
function dialback(state: OutboundOpen, el: XmlElement, env: OutboundEnv): OutboundTransition | undefined {
  const read = readDialback(el);
  if (read === undefined) return undefined;
  const { verdict, pair } = read;
  // XEP-0288 §2.2: with bidi the peer may ask for further domains of its own. They need a stream of theirs, and without an answer
  // (XEP-0220 §2.4) it would wait for one.
  if (verdict === undefined && read.name === 'result' && state.kind === 'up' && state.bidi) {
    const refusal = { kind: 'error', condition: 'policy-violation' } as const;
    return { state, effects: [write(dialbackAnswer('result', pair, undefined, refusal))] };
  }
  // The peer answers; pairs run from the remote domain to ours.
  if (verdict === undefined || pair.from !== env.remote) return unexpected(state);
  if (read.name === 'verify') {
    return { state, effects: [{ kind: 'verdict', id: read.id ?? '', local: pair.to, verdict }] };
  }
  if (!state.pending.includes(pair.to)) return unexpected(state);
  const rest = state.pending.filter((each) => each !== pair.to);
  if (verdict.kind === 'valid') return up({ ...state, pending: rest }, pair.to, NOTHING);
  if (pair.to !== env.local && verdict.kind === 'error') {
    // XEP-0220 §2.4: an error concerns that pair alone.
    return {
      state: { ...state, pending: rest },
      effects: [{ kind: 'pairRefused', local: pair.to, condition: verdict.condition }],
    };
  }
  const text = verdict.kind === 'error' ? verdict.condition : 'the dialback key was called invalid';
  return close(state, 'not-authenticated', undefined, { text });
}

/** A pair is proved; with the first the stream is up. */
function up(state: OutboundOpen, local: string, first: readonly OutboundEffect[]): OutboundTransition {
  const pairs = [...state.pairs, local];
  const proved: OutboundEffect = { kind: 'pairProved', local };
  if (state.kind === 'up') return { state: { ...state, pairs }, effects: [proved] };
  return {
    state: { ...state, kind: 'up', pairs },
    effects: [...first, { kind: 'clearTimer' }, { kind: 'up' }, proved],
  };
}

/** XEP-0220 §2.5 "Multiplexing": another of our domains on the same stream. */
function added(state: OutboundOpen, local: string, env: OutboundEnv): OutboundTransition {
  if (state.kind !== 'up' || env.policy === 'never') return unexpected(state);
  if (state.pairs.includes(local) || state.pending.includes(local)) return { state, effects: NOTHING };
  return { state: { ...state, pending: [...state.pending, local] }, effects: [request(state, local, env)] };
}

function request(state: OutboundOpen, local: string, env: OutboundEnv): OutboundEffect {
  const pair = { from: local, to: env.remote };
  return write(dialbackRequest(pair, dialbackKey(env.secret, pair, state.id)));
}

function closing(state: OutboundState & { kind: 'closing' }, event: OutboundEvent): OutboundTransition {
  switch (event.kind) {
    case 'element':
      // RFC 6120 §4.4: the last acknowledgements may still come.
      return state.failure.reason === 'stopped' && isManagement(event.element)
        ? { state, effects: [{ kind: 'management', element: event.element }] }
        : { state, effects: NOTHING };
    case 'streamClosed':
      return { state, effects: [{ kind: 'disconnect' }] };
    case 'disconnected':
      return ended(state.failure);
    case 'timeout':
      return aborted(state.failure);
    case 'stop':
    case 'fault':
    case 'badXml':
    case 'carry':
      return { state, effects: NOTHING };
    default:
      return unexpected(state);
  }
}

/** Ends an open stream: an error of ours if there is one, and the end tag. */
function close(
  state: OutboundOpen,
  reason: ServerStreamEnd,
  error?: HeaderFault,
  peer: Pick<ServerStreamFailure, 'condition' | 'text'> = {},
): OutboundTransition {
  const told = error === undefined ? peer : { condition: error.condition, text: error.text };
  const failure: ServerStreamFailure = { reason, during: state.kind, ...told };
  // Nothing can be said inside a TLS handshake.
  if (state.kind === 'securing') return aborted(failure);
  const effects: OutboundEffect[] = [];
  if (state.kind === 'up') effects.push({ kind: 'down', failure });
  if (error !== undefined) effects.push({ kind: 'writeError', error });
  effects.push({ kind: 'writeEnd' });
  // RFC 6120 §4.4: after an orderly end the peer's end tag is waited for; its last words may be acknowledgements.
  if (reason !== 'stopped' && reason !== 'idle') effects.push({ kind: 'disconnect' });
  effects.push({ kind: 'setTimer', timer: 'close' });
  return { state: { kind: 'closing', failure }, effects };
}

function ended(failure: ServerStreamFailure, from?: OutboundOpen): OutboundTransition {
  const effects: OutboundEffect[] = from?.kind === 'up' ? [{ kind: 'down', failure }] : [];
  return {
    state: { kind: 'closed' },
    effects: [...effects, { kind: 'clearTimer' }, { kind: 'ended', failure }],
  };
}

/**
 * RFC 6120 §13.7.2: where only certificates count, a peer whose own proves nothing is left at once. It need not even speak XMPP,
 * and the next place has to be tried while somebody still waits.
 */
function mayGoOn(certificate: boolean, { policy }: OutboundEnv): boolean {
  return certificate || policy !== 'never';
}

function aborted(failure: ServerStreamFailure, from?: OutboundOpen): OutboundTransition {
  const transition = ended(failure, from);
  return { state: transition.state, effects: [{ kind: 'abort' }, ...transition.effects] };
}

function unexpected(state: OutboundState): OutboundTransition {
  return { state, effects: UNEXPECTED };
}

function write(el: XmlElement): OutboundEffect {
  return { kind: 'write', element: el };
}
