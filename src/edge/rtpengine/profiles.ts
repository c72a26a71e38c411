// Profiles of a media relay: plain names for what rtpengine calls flags. A profile says what each side speaks; which flags
// that takes depends on for whom a description is made, and whether it is an offer. Source: rtpengine 10.5, README, "offer
// Message". What WebRTC clients need: RFC 8835, RFC 8834, XEP-0320, XEP-0176 (row CALL-102 of the interworking tables).

import type { NgKeys } from './ng-message.ts';

/** The names that an operator writes, and what each means, for the reference page. */
export const RELAY_PROFILES = {
  'webrtc-to-rtp': 'plain RTP',
  'webrtc-to-srtp': 'SRTP with keys in the description (SDES, RFC 4568)',
  'webrtc-to-dtls-srtp': 'DTLS-SRTP without ICE',
  'webrtc-to-webrtc': 'ICE and DTLS-SRTP, as on the XMPP side',
} as const;

export type RelayProfile = keyof typeof RELAY_PROFILES;

/** Interfaces of rtpengine by their names in its configuration, one for each side. */
export interface RelayInterfaces {
  readonly sip: string;
  readonly xmpp: string;
}

/** For whom a description is made. */
export interface Towards {
  readonly side: 'sip' | 'xmpp';
  readonly kind: 'offer' | 'answer';
}

const WEBRTC: NgKeys = {
  ICE: 'force',
  DTLS: 'passive',
  SDES: ['off'],
  'transport-protocol': 'UDP/TLS/RTP/SAVPF',
  'rtcp-mux': ['offer', 'require'],
};

/** What is left of rtpengine's suites are the two that RFC 4568 §6.2 demands of everybody, and AES-256: one with NULL is no encryption. */
const NO_SUITES = [
  ...['NULL_HMAC_SHA1_80', 'NULL_HMAC_SHA1_32', 'F8_128_HMAC_SHA1_80', 'F8_128_HMAC_SHA1_32'],
  ...['AES_192_CM_HMAC_SHA1_80', 'AES_192_CM_HMAC_SHA1_32', 'AES_256_CM_HMAC_SHA1_32'],
  ...['AEAD_AES_256_GCM', 'AEAD_AES_128_GCM'],
].map((suite) => `no-${suite}`);

/** Offers to the SIP side. */
const SIP_OFFERS: Readonly<Record<RelayProfile, NgKeys>> = {
  'webrtc-to-rtp': { ICE: 'remove', 'transport-protocol': 'RTP/AVP', 'rtcp-mux': ['demux'] },
  'webrtc-to-srtp': {
    ...{ ICE: 'remove', DTLS: 'off', SDES: NO_SUITES },
    ...{ 'transport-protocol': 'RTP/SAVP', 'rtcp-mux': ['demux'] },
  },
  'webrtc-to-dtls-srtp': {
    ...{ ICE: 'remove', DTLS: 'passive', SDES: ['off'] },
    ...{ 'transport-protocol': 'UDP/TLS/RTP/SAVP', 'rtcp-mux': ['demux'] },
  },
  'webrtc-to-webrtc': WEBRTC,
};

/**
 * The flags of one `offer` or `answer`. An answer to the SIP side keeps the protocol of its offer, whatever the profile: it
 * would be no answer otherwise (RFC 3264 §6). "DTLS" is about the side that hears, "DTLS-reverse" about the one that has spoken:
 * it is passive towards both, from the offer on. Else it begins DTLS itself as soon as ICE is through, while the answer
 * to come says that the other side does, and both wait for ever.
 */
export function profileKeys(
  profile: RelayProfile,
  { side, kind }: Towards,
  interfaces?: RelayInterfaces,
): NgKeys {
  const direction =
    interfaces === undefined
      ? {}
      : {
          direction: side === 'xmpp' ? [interfaces.sip, interfaces.xmpp] : [interfaces.xmpp, interfaces.sip],
        };
  const role = kind === 'offer' ? { 'DTLS-reverse': 'passive' } : {};
  const keys = { ...formKeys(profile, side, kind), ...role, ...direction };
  return { ...keys, flags: ['trust-address'], replace: ['origin'] };
}

function formKeys(profile: RelayProfile, side: Towards['side'], kind: Towards['kind']): NgKeys {
  if (side === 'xmpp') return WEBRTC;
  if (kind === 'offer') return SIP_OFFERS[profile];
  return profile === 'webrtc-to-webrtc'
    ? { ICE: 'force', DTLS: 'passive', 'rtcp-mux': ['offer', 'require'] }
    : { ICE: 'remove', DTLS: 'passive', 'rtcp-mux': ['demux'] };
}
