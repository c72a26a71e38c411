// Profiles of a media relay → flags of rtpengine 10.5 (README, "offer Message"), for both sides, offers and answers.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  profileKeys,
  RELAY_PROFILES,
  type NgKeys,
  type RelayProfile,
  type Towards,
} from '../../../src/edge/rtpengine/index.ts';

const WEBRTC = {
  ICE: 'force',
  DTLS: 'passive',
  SDES: ['off'],
  'transport-protocol': 'UDP/TLS/RTP/SAVPF',
  'rtcp-mux': ['offer', 'require'],
};

const PLAIN_ANSWER = { ICE: 'remove', DTLS: 'passive', 'rtcp-mux': ['demux'] };

const cases: [RelayProfile, Towards['side'], Towards['kind'], NgKeys][] = [
  ['webrtc-to-rtp', 'xmpp', 'offer', WEBRTC],
  ['webrtc-to-rtp', 'xmpp', 'answer', WEBRTC],
  [
    'webrtc-to-rtp',
    'sip',
    'offer',
    { ICE: 'remove', 'transport-protocol': 'RTP/AVP', 'rtcp-mux': ['demux'] },
  ],
  // RFC 3264 §6: no protocol of ours, since the answer has that of its offer.
  ['webrtc-to-rtp', 'sip', 'answer', PLAIN_ANSWER],
  ['webrtc-to-srtp', 'xmpp', 'offer', WEBRTC],
  ['webrtc-to-srtp', 'sip', 'answer', PLAIN_ANSWER],
  [
    'webrtc-to-dtls-srtp',
    'sip',
    'offer',
    {
      ...{ ICE: 'remove', DTLS: 'passive', SDES: ['off'] },
      ...{ 'transport-protocol': 'UDP/TLS/RTP/SAVP', 'rtcp-mux': ['demux'] },
    },
  ],
  ['webrtc-to-webrtc', 'sip', 'offer', WEBRTC],
  ['webrtc-to-webrtc', 'sip', 'answer', { ICE: 'force', DTLS: 'passive', 'rtcp-mux': ['offer', 'require'] }],
];

describe('profile, for whom, offer or answer', () => {
  for (const [profile, side, kind, expected] of cases) {
    test(`${profile}: ${kind} to ${side}`, () => {
      const keys = profileKeys(profile, { side, kind });
      // The relay has one role of DTLS towards who has offered before the answer is there (CALL-102).
      const role = kind === 'offer' ? { 'DTLS-reverse': 'passive' } : {};
      assert.deepEqual(keys, { ...expected, ...role, flags: ['trust-address'], replace: ['origin'] });
    });
  }
});

test('webrtc-to-srtp offers keys in the description and no encryption that is none', () => {
  const keys = profileKeys('webrtc-to-srtp', { side: 'sip', kind: 'offer' });
  assert.equal(keys['transport-protocol'], 'RTP/SAVP');
  assert.equal(keys['DTLS'], 'off');
  const left = keys['SDES'];
  assert.ok(Array.isArray(left));
  assert.ok(left.includes('no-NULL_HMAC_SHA1_80') && left.includes('no-NULL_HMAC_SHA1_32'));
  // RFC 4568 §6.2: these two everybody has.
  assert.ok(!left.includes('no-AES_CM_128_HMAC_SHA1_80') && !left.includes('no-AES_CM_128_HMAC_SHA1_32'));
});

test('interfaces: from whom first, to whom second', () => {
  const interfaces = { sip: 'inner', xmpp: 'outer' };
  const all: readonly RelayProfile[] = [
    'webrtc-to-rtp',
    'webrtc-to-srtp',
    'webrtc-to-dtls-srtp',
    'webrtc-to-webrtc',
  ];
  assert.deepEqual(Object.keys(RELAY_PROFILES), all);
  for (const profile of all) {
    const to = (side: 'sip' | 'xmpp') =>
      profileKeys(profile, { side, kind: 'offer' }, interfaces)['direction'];
    assert.deepEqual(to('xmpp'), ['inner', 'outer']);
    assert.deepEqual(to('sip'), ['outer', 'inner']);
  }
});
