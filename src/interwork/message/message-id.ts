// The stanza id of a message from SIP (IM-25): derived from Call-ID, CSeq and From tag, so that a retransmission that
// meets a restarted gateway, or another gateway of the same domain, repeats the id.
//
// It also carries Max-Forwards across XMPP, which has no hop count of its own (ERR-R9): when another gateway, or this
// one, turns the stanza into a MESSAGE again, it goes on counting from there, and a loop ends with 483.

import { stanzaIdFor } from '../../mapping/index.ts';
import { DEFAULT_MAX_FORWARDS, type SipRequest } from '../../sip/index.ts';

const FORM = /^s([0-9a-z]{1,2})-[A-Za-z0-9_-]{22}$/;

/** `s`, the hops left in base 36, `-`, 22 characters of base64url. */
export function messageId(request: SipRequest): string {
  const hops = Math.min(request.maxForwards ?? DEFAULT_MAX_FORWARDS, 255);
  return `s${hops.toString(36)}-${stanzaIdFor(request.callId, request.cseq.number, request.from.tag ?? '')}`;
}

/** True for an id that a gateway of this kind made for a message (not what a client would choose). */
export function isMessageId(id: string): boolean {
  return id.length >= 25 && FORM.test(id);
}

/** Max-Forwards for a MESSAGE made from a stanza with this id: one less than it came with, else 70; 0 ends a loop. */
export function maxForwardsFor(id: string | undefined): number {
  if (id === undefined || id.charCodeAt(0) !== 0x73) return DEFAULT_MAX_FORWARDS;
  const hops = FORM.exec(id)?.[1];
  return hops === undefined
    ? DEFAULT_MAX_FORWARDS
    : Math.max(0, Math.min(Number.parseInt(hops, 36), 255) - 1);
}
