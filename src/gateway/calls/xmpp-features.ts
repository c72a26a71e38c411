// What a SIP user can do in calls, as his address announces it (FEAT-03, FEAT-04), so that clients show a call button; and
// under which full JID he speaks in one.

import type { XmlElement } from '../../xml/index.ts';
import {
  NS_DTLS,
  NS_DTMF,
  NS_GROUPING,
  NS_HDREXT,
  NS_ICE_UDP,
  NS_JINGLE,
  NS_JINGLE_MESSAGE,
  NS_RAW_UDP,
  NS_RTCP_FB,
  NS_RTP,
  NS_RTP_AUDIO,
  NS_RTP_INFO,
  NS_RTP_VIDEO,
  NS_SSMA,
  NS_TRANSFER,
  readInitiation,
} from '../../xmpp/index.ts';

/** XEP-0166 §11, 0167 §11, 0176 §10, 0177 §8, 0181 §5, 0293, 0294, 0320 §5, 0338, 0339, 0353, 0251 §4. */
export const CALL_FEATURES: readonly string[] = [
  ...[NS_JINGLE, NS_JINGLE_MESSAGE, NS_RTP, NS_RTP_AUDIO, NS_RTP_VIDEO, NS_RTP_INFO, NS_DTMF],
  ...[NS_ICE_UDP, NS_RAW_UDP, NS_DTLS, NS_RTCP_FB, NS_HDREXT, NS_SSMA, NS_GROUPING],
  NS_TRANSFER,
];

/**
 * A resource is a `gr` (ADDR-11), or the name of a tuple (PRES-81); a phone that has neither speaks under this one, since a
 * session has a full JID at either end.
 */
const PLAIN_RESOURCE = 'sip';

/** The full JID of a SIP user in a call: as he is known, or with a resource of the gateway's. */
export function callAddress(jid: string): string {
  return jid.includes('/') ? jid : `${jid}/${PLAIN_RESOURCE}`;
}

/** Who is meant by that address: a resource of the gateway's is no phone, and no registrar knows it as a `gr`. */
export function calledJid(self: string): string {
  return self.endsWith(`/${PLAIN_RESOURCE}`) ? self.slice(0, -PLAIN_RESOURCE.length - 1) : self;
}

/** What a stanza is to calls: it asks for one, it belongs to one that was asked for, or it is of none. */
export function wordOfCall(stanza: XmlElement): 'begins' | 'within' | undefined {
  if (stanza.name === 'iq') {
    const jingle = stanza.child('jingle', NS_JINGLE);
    if (jingle === undefined) return undefined;
    return jingle.attr('action') === 'session-initiate' ? 'begins' : 'within';
  }
  const read = stanza.name === 'message' ? readInitiation(stanza) : undefined;
  if (read?.ok !== true) return undefined;
  return read.value.kind === 'propose' ? 'begins' : 'within';
}
