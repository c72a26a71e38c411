// Whether a call needs a media relay (SDP-30, CALL-102): the decision as a table of every phase with every event, and what offers of
// real endpoints lack.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseSdp } from '../../../src/sdp/index.ts';
import {
  beginRelay,
  lacksWebrtc,
  stepRelay,
  type RelayEvent,
  type RelayPhase,
  type RelayWhen,
} from '../../../src/interwork/call/index.ts';
import { recordedDescriptions } from '../../sdp/bodies.ts';

const PLAIN: RelayEvent = { kind: 'sipOffer', lacks: true };
const WEBRTC: RelayEvent = { kind: 'sipOffer', lacks: false };
const XMPP: RelayEvent = { kind: 'xmppOffer' };
const ANSWER: RelayEvent = { kind: 'answer' };
const FAILED: RelayEvent = { kind: 'failed' };
const refused = (status: number): RelayEvent => ({ kind: 'refused', status });

/** What each event leads to: when, the phase before, and the phases after PLAIN, WEBRTC, XMPP, ANSWER, 488, 486. */
const table: [
  RelayWhen,
  RelayPhase,
  RelayPhase,
  RelayPhase,
  RelayPhase,
  RelayPhase,
  RelayPhase,
  RelayPhase,
][] = [
  // when, phase, plain offer, webrtc offer, xmpp offer, answer, refused 488, refused 486
  ['never', 'undecided', 'direct', 'direct', 'tried', 'undecided', 'undecided', 'undecided'],
  ['never', 'tried', 'direct', 'direct', 'tried', 'direct', 'tried', 'tried'],
  ['never', 'direct', 'direct', 'direct', 'direct', 'direct', 'direct', 'direct'],
  ['needed', 'undecided', 'relayed', 'direct', 'tried', 'undecided', 'undecided', 'undecided'],
  ['needed', 'tried', 'relayed', 'direct', 'tried', 'direct', 'relayed', 'tried'],
  // A phone that is plain after a transfer needs it from then on.
  ['needed', 'direct', 'relayed', 'direct', 'direct', 'direct', 'direct', 'direct'],
  ['needed', 'relayed', 'relayed', 'relayed', 'relayed', 'relayed', 'relayed', 'relayed'],
  ['always', 'undecided', 'relayed', 'relayed', 'relayed', 'undecided', 'undecided', 'undecided'],
  ['always', 'tried', 'relayed', 'relayed', 'relayed', 'direct', 'tried', 'tried'],
  ['always', 'direct', 'direct', 'direct', 'direct', 'direct', 'direct', 'direct'],
  ['always', 'relayed', 'relayed', 'relayed', 'relayed', 'relayed', 'relayed', 'relayed'],
];

describe('the decision', () => {
  const events: [string, RelayEvent][] = [
    ['a SIP offer without ICE or DTLS', PLAIN],
    ['a SIP offer with both', WEBRTC],
    ['an XMPP offer', XMPP],
    ['an answer', ANSWER],
    ['488', refused(488)],
    ['486', refused(486)],
  ];
  for (const [when, phase, ...after] of table) {
    for (const [n, [what, event]] of events.entries()) {
      test(`${when}, ${phase}: ${what} → ${after[n]}`, () => {
        assert.equal(stepRelay({ when, phase }, event).phase, after[n]);
      });
    }
  }

  const statuses: [number, RelayPhase][] = [
    // RFC 3261 §21.4.13, §21.4.26, §21.6.4: these are about the media; all others are not.
    [415, 'relayed'],
    [488, 'relayed'],
    [606, 'relayed'],
    [400, 'tried'],
    [404, 'tried'],
    [480, 'tried'],
    [486, 'tried'],
    [487, 'tried'],
    [500, 'tried'],
    [603, 'tried'],
  ];
  for (const [status, phase] of statuses) {
    test(`the offer of an XMPP user is refused with ${status}: ${phase}`, () => {
      const tried = stepRelay(beginRelay('needed'), XMPP);
      assert.equal(stepRelay(tried, refused(status)).phase, phase);
    });
  }

  test('it is tried again once', () => {
    const again = stepRelay(stepRelay(beginRelay('needed'), XMPP), refused(488));
    assert.equal(stepRelay(again, refused(488)), again);
  });

  test('no relay took it: as it was before', () => {
    const sip = stepRelay(beginRelay('needed'), PLAIN);
    assert.deepEqual(stepRelay(sip, FAILED), { when: 'needed', phase: 'undecided' });
    const xmpp = stepRelay(stepRelay(beginRelay('needed'), XMPP), refused(488));
    assert.deepEqual(stepRelay(xmpp, FAILED), { when: 'needed', phase: 'tried' });
  });

  test('once it is agreed, it stays: a relay that fails later takes nothing back', () => {
    const agreed = stepRelay(stepRelay(beginRelay('needed'), PLAIN), ANSWER);
    assert.deepEqual(stepRelay(agreed, FAILED), { when: 'needed', phase: 'relayed' });
  });
});

describe('what offers lack', () => {
  const recorded = recordedDescriptions();
  const cases: [string, boolean][] = [
    ['baresip-call-plain-rtp-1.txt', true],
    ['baresip-call-srtp-mand-1.txt', true],
    ['linphone-call-none-1.txt', true],
    ['linphone-call-srtp-1.txt', true],
    ['baresip-call-ice-dtls_srtp-1.txt', false],
    ['linphone-call-ice-dtls-1.txt', false],
    ['chromium-offer.txt', false],
    ['chromium-stanza-offer.txt', false],
    ['rtpengine-plain-to-webrtc-2.txt', false],
    ['rtpengine-webrtc-to-plain-2.txt', true],
  ];
  for (const [name, lacks] of cases) {
    test(`${name}: ${lacks ? 'needs a relay' : 'has ICE and DTLS-SRTP'}`, () => {
      const parsed = parseSdp(recorded.get(name) ?? '');
      assert.ok(parsed.ok);
      assert.equal(lacksWebrtc(parsed.value), lacks);
    });
  }

  const HEAD = 'v=0\r\no=- 1 1 IN IP4 10.0.0.5\r\ns=-\r\nc=IN IP4 10.0.0.5\r\nt=0 0\r\n';
  const ICE = 'a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n';
  const DTLS = `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => 'AB').join(':')}\r\n`;
  const AUDIO = 'm=audio 4000 UDP/TLS/RTP/SAVPF 0\r\n';
  const made: [string, string, boolean][] = [
    ['ICE and a fingerprint of the session', ICE + DTLS + AUDIO, false],
    ['of the medium', AUDIO + ICE + DTLS, false],
    ['ICE alone', AUDIO + ICE, true],
    ['a fingerprint alone', AUDIO + DTLS, true],
    [
      'ICE whose password is too short (RFC 8839 §5.4)',
      `${AUDIO}a=ice-ufrag:abcd\r\na=ice-pwd:x\r\n${DTLS}`,
      true,
    ],
    [
      'RFC 8839 §4.2.5: an address that is none of the candidates',
      `${AUDIO}${ICE}${DTLS}a=candidate:1 1 UDP 1 10.0.0.9 4000 typ host\r\n`,
      true,
    ],
    ['a plain medium that is rejected (port 0)', `${AUDIO}${ICE}${DTLS}m=video 0 RTP/AVP 31\r\n`, false],
    ['a second medium that is plain', `${AUDIO}${ICE}${DTLS}m=video 4002 RTP/AVP 31\r\n`, true],
    [
      'RFC 9143 §6: bundle-only, which is no rejection',
      `${AUDIO}${ICE}${DTLS}m=video 0 RTP/AVP 31\r\na=bundle-only\r\n`,
      true,
    ],
    ['no medium of RTP', 'm=message 2855 TCP/MSRP *\r\n', false],
    ['none at all', '', false],
  ];
  for (const [what, body, lacks] of made) {
    test(what, () => {
      const parsed = parseSdp(HEAD + body);
      assert.ok(parsed.ok);
      assert.equal(lacksWebrtc(parsed.value), lacks);
    });
  }
});
