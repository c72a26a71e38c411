// Whether the media of a call need a relay between both sides (SDP-30, CALL-102): XMPP clients of today take ICE and DTLS-SRTP
// and nothing else, desk phones often neither. Pure: what an offer says, and a machine of four states for one call.

import {
  credentialsOf,
  fingerprintsOf,
  hasAttribute,
  isIceMismatch,
  type MediaDescription,
  type SessionDescription,
} from '../../sdp/index.ts';

/** What the operator wants for a pair of domains. never: there is no relay for it. */
export type RelayWhen = 'never' | 'needed' | 'always';

/**
 * undecided: no offer yet. tried: the offer of the XMPP side went as it is, and is not answered. direct: without a relay.
 * relayed: through one, until the end of the call.
 */
export type RelayPhase = 'undecided' | 'tried' | 'direct' | 'relayed';

export type RelayEvent =
  /** An offer of the SIP side. `lacks`: ICE or DTLS-SRTP is not in it. */
  | { readonly kind: 'sipOffer'; readonly lacks: boolean }
  | { readonly kind: 'xmppOffer' }
  /** An answer of either side: what was offered is agreed. */
  | { readonly kind: 'answer' }
  /** The SIP side refused our first INVITE for good. */
  | { readonly kind: 'refused'; readonly status: number }
  /** No relay took the offer. */
  | { readonly kind: 'failed' };

export interface RelayState {
  readonly when: RelayWhen;
  readonly phase: RelayPhase;
  /** What it was before the offer that goes through the relay first. */
  readonly before?: RelayPhase | undefined;
}

export function beginRelay(when: RelayWhen): RelayState {
  return { when, phase: 'undecided' };
}

/**
 * One step. The offer that was the event goes through the relay when the phase is `relayed` then; after `refused` that means
 * that the same offer is to be made again.
 */
export function stepRelay(state: RelayState, event: RelayEvent): RelayState {
  if (event.kind === 'failed') {
    return state.before === undefined ? state : { when: state.when, phase: state.before };
  }
  // A call that has its media at a relay stays there: both sides know no other address.
  if (state.phase === 'relayed') {
    return event.kind === 'answer' && state.before !== undefined
      ? { when: state.when, phase: 'relayed' }
      : state;
  }
  switch (event.kind) {
    case 'sipOffer':
      return goes(state, state.when === 'always' || (state.when === 'needed' && event.lacks), 'direct');
    case 'xmppOffer':
      return goes(state, state.when === 'always', state.phase === 'undecided' ? 'tried' : state.phase);
    case 'answer':
      return state.phase === 'tried' ? { ...state, phase: 'direct' } : state;
    case 'refused':
      return state.phase === 'tried' && state.when === 'needed' && refusesMedia(event.status)
        ? goes(state, true, 'tried')
        : state;
  }
}

function goes(state: RelayState, relayed: boolean, otherwise: RelayPhase): RelayState {
  // With "always" a call that began without a relay has none: one in the middle would change both sides' addresses for nothing.
  if (relayed && state.when === 'always' && state.phase === 'direct') return state;
  return relayed
    ? { when: state.when, phase: 'relayed', before: state.phase }
    : { when: state.when, phase: otherwise };
}

/** 415, 488, 606: not with these media (RFC 3261 §21.4.13, §21.4.26, §21.6.4). */
export function refusesMedia(status: number): boolean {
  return status === 415 || status === 488 || status === 606;
}

/** True when some medium of an offer has no ICE that can be used, or no fingerprint for DTLS-SRTP. */
export function lacksWebrtc(offer: SessionDescription): boolean {
  return offer.media.some(
    (medium) =>
      isLiveRtp(medium) &&
      (credentialsOf(offer, medium) === undefined ||
        isIceMismatch(offer, medium) ||
        fingerprintsOf(offer, medium).length === 0),
  );
}

function isLiveRtp(medium: MediaDescription): boolean {
  // RFC 9143 §6: "bundle-only" has the port 0 and is offered all the same.
  const isLive = medium.port !== 0 || hasAttribute(medium, 'bundle-only');
  return isLive && /(?:^|\/)RTP\//i.test(medium.protocol);
}
