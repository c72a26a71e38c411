// Offer and answer in one dialog (RFC 3264 §4, §8; where they may stand in SIP: RFC 6337 §2). At most one offer is open;
// what was agreed holds until an offer is answered, and an offer that fails leaves it as it was.

import { fault, ok, type Result } from '../base/index.ts';
import type { MediaDescription, SessionDescription } from './description.ts';

/** Both sides of what holds. */
export interface Agreement {
  readonly local: SessionDescription;
  readonly remote: SessionDescription;
}

export type OfferAnswerState =
  | { readonly name: 'stable'; readonly agreed?: Agreement | undefined }
  | { readonly name: 'offered'; readonly agreed?: Agreement | undefined; readonly local: SessionDescription }
  | { readonly name: 'asked'; readonly agreed?: Agreement | undefined; readonly remote: SessionDescription };

export type OfferAnswerEvent =
  | { readonly type: 'sendOffer'; readonly description: SessionDescription }
  | { readonly type: 'receiveOffer'; readonly description: SessionDescription }
  | { readonly type: 'sendAnswer'; readonly description: SessionDescription }
  | { readonly type: 'receiveAnswer'; readonly description: SessionDescription }
  /** The request with the open offer failed (RFC 6337 §3.4): what was agreed holds on. */
  | { readonly type: 'fail' };

export const NO_AGREEMENT: OfferAnswerState = { name: 'stable' };

/**
 * The next state. Faults change nothing: ERR_SDP_GLARE when an offer is open (SIP: 491, or 500 with Retry-After for an
 * UPDATE or re-INVITE while the other side's own one is unanswered, RFC 3311 §5.2), ERR_SDP_ANSWER for an answer that
 * nobody waits for or that does not fit its offer, ERR_SDP_OFFER for an offer that does not fit what was agreed.
 */
export function stepOfferAnswer(state: OfferAnswerState, event: OfferAnswerEvent): Result<OfferAnswerState> {
  const { agreed } = state;
  switch (event.type) {
    case 'sendOffer':
    case 'receiveOffer': {
      if (state.name !== 'stable') return fault('ERR_SDP_GLARE', 'an offer is open', 'RFC 3264 §4');
      const { description } = event;
      const before = event.type === 'sendOffer' ? agreed?.local : agreed?.remote;
      const problem = before === undefined ? undefined : offerProblem(before, description);
      if (problem !== undefined) return fault('ERR_SDP_OFFER', problem, 'RFC 3264 §8');
      return ok(
        event.type === 'sendOffer'
          ? { name: 'offered', agreed, local: description }
          : { name: 'asked', agreed, remote: description },
      );
    }
    case 'sendAnswer': {
      if (state.name !== 'asked')
        return fault('ERR_SDP_ANSWER', 'no offer waits for an answer', 'RFC 3264 §4');
      return settle(state.remote, event.description, { local: event.description, remote: state.remote });
    }
    case 'receiveAnswer': {
      if (state.name !== 'offered')
        return fault('ERR_SDP_ANSWER', 'nobody waits for an answer', 'RFC 3264 §4');
      return settle(state.local, event.description, { local: state.local, remote: event.description });
    }
    case 'fail':
      return ok(state.name === 'stable' ? state : { name: 'stable', agreed });
  }
}

function settle(
  offer: SessionDescription,
  answer: SessionDescription,
  agreed: Agreement,
): Result<OfferAnswerState> {
  const problem = answerProblem(offer, answer);
  return problem === undefined
    ? ok({ name: 'stable', agreed })
    : fault('ERR_SDP_ANSWER', problem, 'RFC 3264 §6');
}

/** What keeps an answer from fitting its offer (RFC 3264 §6); undefined: it fits. */
export function answerProblem(offer: SessionDescription, answer: SessionDescription): string | undefined {
  if (answer.media.length !== offer.media.length) {
    return `it has ${answer.media.length} media, the offer ${offer.media.length}`;
  }
  for (const [n, offered] of offer.media.entries()) {
    const answered = answer.media[n];
    if (answered === undefined) continue;
    if (answered.media !== offered.media) return `medium ${n + 1} is ${answered.media}, not ${offered.media}`;
    if (offered.port === 0 && answered.port !== 0) return `medium ${n + 1} was not offered`;
    // §6: the transport of an answer is that of the offer; a rejected one means nothing any more.
    if (answered.port !== 0 && answered.protocol !== offered.protocol) {
      return `medium ${n + 1} is ${answered.protocol}, not ${offered.protocol}`;
    }
  }
  return undefined;
}

/** What keeps an offer from following what the same side said before (RFC 3264 §8); undefined: it may. */
function offerProblem(before: SessionDescription, offer: SessionDescription): string | undefined {
  if (offer.media.length < before.media.length) return 'it has fewer media than before';
  const changed = offer.media.findIndex((medium, n) => isAnother(before.media[n], medium));
  // §8.3.3: the kind of a medium may change only in the place of one that was rejected or removed (§8.1).
  return changed < 0 ? undefined : `medium ${changed + 1} is of another kind than before`;
}

function isAnother(before: MediaDescription | undefined, now: MediaDescription): boolean {
  return before !== undefined && before.port !== 0 && before.media !== now.media;
}

/**
 * The origin of the next description of the same side (RFC 3264 §8): the version is one higher when anything else differs
 * from the last one, and the same when nothing does.
 */
export function nextVersion(before: SessionDescription, now: SessionDescription): SessionDescription {
  const same = sameApartFromVersion(before, now);
  const sessionVersion = same ? before.origin.sessionVersion : oneMore(before.origin.sessionVersion);
  return { ...now, origin: { ...before.origin, sessionVersion } };
}

/** Whether a description of the same session says nothing new: its o= is the same (RFC 3264 §8). */
export function isUnchanged(before: SessionDescription, now: SessionDescription): boolean {
  return (
    before.origin.sessionId === now.origin.sessionId &&
    before.origin.sessionVersion === now.origin.sessionVersion
  );
}

function sameApartFromVersion(before: SessionDescription, now: SessionDescription): boolean {
  const text = (of: SessionDescription): string => JSON.stringify({ ...of, origin: undefined });
  return text(before) === text(now);
}

function oneMore(version: string): string {
  return (BigInt(version) + 1n).toString();
}

/** A medium that is refused in its place: port 0, and of its lines only what names it (RFC 3264 §6; RFC 9143 §7.3.3). */
export function rejected(medium: MediaDescription): MediaDescription {
  return {
    media: medium.media,
    port: 0,
    protocol: medium.protocol,
    formats: medium.formats.slice(0, 1),
    connections: [],
    bandwidths: [],
    attributes: medium.attributes.filter(({ name }) => name === 'mid'),
  };
}
