// Whose description it is, and what that makes of a direction (SDP-20).

import { directionFrom, receives, sends, type Direction } from '../../sdp/index.ts';
import type { Creator, Senders } from '../../xmpp/index.ts';

/** A party of the Jingle session. */
export type Party = Creator;

/** `senders` of a content whose description in SDP is that of `party`. */
export function sendersOf(direction: Direction, party: Party): Senders {
  const own = sends(direction);
  const other = receives(direction);
  if (own && other) return 'both';
  if (!own && !other) return 'none';
  return own === (party === 'initiator') ? 'initiator' : 'responder';
}

/** The direction in the description of `party`. */
export function directionOfSenders(senders: Senders, party: Party): Direction {
  const sending = (who: Party): boolean => senders === 'both' || senders === who;
  const other = party === 'initiator' ? 'responder' : 'initiator';
  return directionFrom(sending(party), sending(other));
}
