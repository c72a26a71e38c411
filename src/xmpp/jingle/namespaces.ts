// Namespaces of Jingle and of its applications and transports.

/** XEP-0166. */
export const NS_JINGLE = 'urn:xmpp:jingle:1';
export const NS_JINGLE_ERRORS = 'urn:xmpp:jingle:errors:1';
/** XEP-0167. */
export const NS_RTP = 'urn:xmpp:jingle:apps:rtp:1';
export const NS_RTP_INFO = 'urn:xmpp:jingle:apps:rtp:info:1';
export const NS_RTP_ERRORS = 'urn:xmpp:jingle:apps:rtp:errors:1';
/** Features of a client that takes audio and video (XEP-0167 §11). */
export const NS_RTP_AUDIO = 'urn:xmpp:jingle:apps:rtp:audio';
export const NS_RTP_VIDEO = 'urn:xmpp:jingle:apps:rtp:video';
/** XEP-0293. */
export const NS_RTCP_FB = 'urn:xmpp:jingle:apps:rtp:rtcp-fb:0';
/** XEP-0294. */
export const NS_HDREXT = 'urn:xmpp:jingle:apps:rtp:rtp-hdrext:0';
/** XEP-0339. */
export const NS_SSMA = 'urn:xmpp:jingle:apps:rtp:ssma:0';
/** XEP-0262. */
export const NS_ZRTP = 'urn:xmpp:jingle:apps:rtp:zrtp:1';
/** XEP-0338. */
export const NS_GROUPING = 'urn:xmpp:jingle:apps:grouping:0';
/** XEP-0320. */
export const NS_DTLS = 'urn:xmpp:jingle:apps:dtls:0';
/** XEP-0176. */
export const NS_ICE_UDP = 'urn:xmpp:jingle:transports:ice-udp:1';
/** What Conversations and Monal put into an ice-udp transport whose candidates come later. */
export const NS_ICE_OPTION = 'http://gultsch.de/xmpp/drafts/jingle/transports/ice-udp/option';
/** XEP-0177. */
export const NS_RAW_UDP = 'urn:xmpp:jingle:transports:raw-udp:1';
/** XEP-0181. */
export const NS_DTMF = 'urn:xmpp:jingle:dtmf:0';
/** XEP-0251. */
export const NS_TRANSFER = 'urn:xmpp:jingle:transfer:0';
/** XEP-0353. */
export const NS_JINGLE_MESSAGE = 'urn:xmpp:jingle-message:0';
