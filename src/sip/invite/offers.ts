// Where an offer and an answer may stand in the dialogs of a call, without looking at them (RFC 3261 §13.2.1, RFC 3262 §5,
// RFC 3311 §5, RFC 6337 §2). What they say is checked by the machine of the descriptions; the driver feeds both, and says
// by a word what a body holds.

/** What a body holds, in the eyes of whoever reads or wrote it. */
export type Description = 'none' | 'offer' | 'answer';

/**
 * none: nobody has offered yet. ours, theirs: an offer is open, and the other side, or we, owe the answer. previewed: ours
 * is open, and an answer was seen in a provisional response that is not reliable. agreed: at least one exchange is complete
 * and nothing is open.
 */
export type Offer = 'none' | 'ours' | 'previewed' | 'theirs' | 'agreed';

/** Nobody waits for an answer, so that either side may offer. */
export function isFree(offer: Offer): boolean {
  return offer === 'none' || offer === 'agreed';
}

/** We may send this body now. */
export function maySend(offer: Offer, body: Description): boolean {
  switch (body) {
    case 'none':
      return true;
    case 'offer':
      return isFree(offer);
    case 'answer':
      return offer === 'theirs';
  }
}

/** After a body of the peer, which he may send. */
export function afterReceived(offer: Offer, body: Description): Offer {
  if (body === 'none') return offer;
  return body === 'offer' ? 'theirs' : 'agreed';
}

/** After a body of ours, which we may send. */
export function afterSent(offer: Offer, body: Description): Offer {
  if (body === 'none') return offer;
  return body === 'offer' ? 'ours' : 'agreed';
}

/** Ours, and unanswered. */
export function isOurs(offer: Offer): boolean {
  return offer === 'ours' || offer === 'previewed';
}
