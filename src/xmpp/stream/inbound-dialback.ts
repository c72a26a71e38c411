// Dialback on a stream that a peer opened, in both of its roles: as the receiving server, which has keys verified, and as
// the authoritative one, which verifies. Source: XEP-0220 1.1.1 §2.1.2, §2.2.2, §2.4, §2.5; row S2S-04.

import {
  dialbackAnswer,
  isDialbackKey,
  readDialback,
  type DialbackElement,
  type DialbackVerdict,
} from './dialback.ts';
import type { XmlElement } from '../../xml/index.ts';
import type { InboundEffect, InboundEnv, InboundOpen, InboundTransition } from './inbound-types.ts';
import { hasPair } from './server-stanza.ts';
import type { DomainPair } from './server-stream.ts';

/** Pairs on one stream, and keys being verified at a time: each costs a connection. */
export const MAX_PAIRS = 64;
export const MAX_PENDING = 8;

/** Undefined: nothing that is expected here. */
export function answerDialback(
  state: InboundOpen,
  el: XmlElement,
  env: InboundEnv,
): InboundTransition | undefined {
  const read = readDialback(el);
  if (read === undefined || read.verdict !== undefined) return undefined;
  return read.name === 'verify' ? verify(state, read, env) : request(state, read, env);
}

/** The authoritative server's part: is this a key of ours? The pair of the question runs from the receiving server to us. */
function verify(state: InboundOpen, { pair, id, key }: DialbackElement, env: InboundEnv): InboundTransition {
  const say = (verdict: DialbackVerdict): InboundTransition => ({
    state,
    effects: [{ kind: 'write', element: dialbackAnswer('verify', pair, id, verdict) }],
  });
  if (!env.serves(pair.to)) return say({ kind: 'error', condition: 'item-not-found' });
  const originating = { from: pair.to, to: pair.from };
  // Where dialback is not used, no key is ours.
  const ours = env.policy !== 'never' && isDialbackKey(key, env.secret, originating, id ?? '');
  return say({ kind: ours ? 'valid' : 'invalid' });
}

/** The receiving server's part. */
function request(
  state: InboundOpen,
  { pair, key }: DialbackElement,
  env: InboundEnv,
): InboundTransition | undefined {
  const say = (verdict: DialbackVerdict): InboundTransition => ({ state, effects: [answer(pair, verdict)] });
  const refuse = (condition: Extract<DialbackVerdict, { kind: 'error' }>['condition']): InboundTransition =>
    say({ kind: 'error', condition });
  if (env.policy === 'never') return refuse('policy-violation');
  if (!env.serves(pair.to)) return refuse('item-not-found');
  if (env.serves(pair.from)) return refuse('not-acceptable');
  if (hasPair(state.pairs, pair)) return say({ kind: 'valid' });
  if (hasPair(state.pending, pair)) return undefined;
  if (state.pairs.length >= MAX_PAIRS || state.pending.length >= MAX_PENDING)
    return refuse('resource-constraint');
  // XEP-0344: a certificate that proves the domain says more than the question would.
  if (env.proves(pair.from)) return proved(state, pair, 'certificate');
  if (env.certified(pair.from)) return refuse('policy-violation');
  return {
    state: { ...state, pending: [...state.pending, pair] },
    effects: [{ kind: 'verify', pair, id: state.id, key }],
  };
}

/** The word of the authoritative server; undefined: nobody asked. `invalid`: the stream is to be closed behind it. */
export function verified(
  state: InboundOpen,
  pair: DomainPair,
  verdict: DialbackVerdict,
):
  | { readonly state: InboundOpen; readonly effects: readonly InboundEffect[]; readonly invalid: boolean }
  | undefined {
  if (!hasPair(state.pending, pair)) return undefined;
  const pending = state.pending.filter((each) => each.from !== pair.from || each.to !== pair.to);
  const rest = { ...state, pending };
  if (verdict.kind === 'valid') {
    const { state: next, effects } = proved(rest, pair, 'dialback');
    return { state: next, effects, invalid: false };
  }
  return { state: rest, effects: [answer(pair, verdict)], invalid: verdict.kind === 'invalid' };
}

function proved(
  state: InboundOpen,
  pair: DomainPair,
  by: 'certificate' | 'dialback',
): { readonly state: InboundOpen; readonly effects: readonly InboundEffect[] } {
  return {
    state: { ...state, pairs: [...state.pairs, pair] },
    effects: [{ kind: 'clearTimer' }, answer(pair, { kind: 'valid' }), { kind: 'proved', pair, by }],
  };
}

function answer(pair: DomainPair, verdict: DialbackVerdict): InboundEffect {
  return { kind: 'write', element: dialbackAnswer('result', pair, undefined, verdict) };
}
