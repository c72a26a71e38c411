// What session-info says (XEP-0166 §6.8, XEP-0167, XEP-0181, XEP-0251; rows CALL-03, CALL-22, CALL-35 to CALL-43).

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SessionEffect, SessionSupport } from '../../../src/xmpp/index.ts';
import { answerOf, brief, jingle, parse, reportsOf, rtp, sideIn, type Side } from './session-play.ts';

const tell = (side: Side, ...texts: readonly string[]): readonly SessionEffect[] =>
  side.receive(jingle('session-info', [], { infos: texts.map(parse) }));
const say = (side: Side, name: string): readonly string[] =>
  brief(side.receive(jingle('session-info', [], { infos: [rtp(name)] })));

const TAKEN: SessionSupport = { dtmf: 'taken', transfer: true };

test('§6.8: an empty one is answered with a result, and nothing else', () => {
  for (const phase of ['pending', 'active'] as const) {
    assert.deepEqual(brief(sideIn(phase, 'responder').receive(jingle('session-info'))), ['acknowledge']);
  }
});

test('§6.8: what is not understood is unsupported-info; what stands beside something that is, is ignored', () => {
  const side = sideIn('active', 'responder');
  assert.equal(answerOf(tell(side, "<x xmlns='urn:x'/>")), 'unsupported-info');
  assert.equal(answerOf(tell(side, "<trying xmlns='urn:xmpp:jingle:apps:rtp:info:1'/>")), 'unsupported-info');
  const both = tell(side, "<x xmlns='urn:x'/>", "<hold xmlns='urn:xmpp:jingle:apps:rtp:info:1'/>");
  assert.deepEqual(brief(both), ['acknowledge', 'report hold']);
});

describe('ringing (CALL-03)', () => {
  test('of the responder, once, until it accepts', () => {
    const side = sideIn('pending', 'initiator');
    assert.deepEqual(say(side, 'ringing'), ['acknowledge', 'report ringing']);
    assert.deepEqual(say(side, 'ringing'), ['acknowledge']);
    assert.deepEqual(say(sideIn('active', 'initiator'), 'ringing'), ['acknowledge']);
    assert.deepEqual(say(sideIn('pending', 'responder'), 'ringing'), ['acknowledge']);
  });

  test('in the namespace of the example of XEP-0166 §6.8 too', () => {
    const effects = tell(
      sideIn('pending', 'initiator'),
      "<ringing xmlns='urn:xmpp:jingle:apps:rtp:1:info'/>",
    );
    assert.deepEqual(brief(effects), ['acknowledge', 'report ringing']);
  });
});

test('hold, unhold and active (CALL-41): a change is told, a repetition is not', () => {
  const side = sideIn('active', 'responder');
  const PLAY: readonly (readonly [string, boolean])[] = [
    ...([
      ['unhold', false],
      ['hold', true],
      ['hold', false],
      ['unhold', true],
      ['unhold', false],
    ] as const),
    ...([
      ['hold', true],
      ['active', true],
      ['unhold', false],
      ['hold', true],
    ] as const),
  ];
  for (const [name, isTold] of PLAY) {
    assert.deepEqual(say(side, name), isTold ? ['acknowledge', `report ${name}`] : ['acknowledge']);
  }
});

test('mute and unmute name a content, or all', () => {
  const NS = 'urn:xmpp:jingle:apps:rtp:info:1';
  const side = sideIn('active', 'initiator');
  const [one] = reportsOf(tell(side, `<mute xmlns='${NS}' creator='responder' name='voice'/>`));
  const [all] = reportsOf(tell(side, `<unmute xmlns='${NS}'/>`));
  assert.deepEqual(one, { kind: 'info', info: { kind: 'mute', creator: 'responder', name: 'voice' } });
  assert.deepEqual(all, { kind: 'info', info: { kind: 'unmute' } });
});

describe('tones (XEP-0181; CALL-38)', () => {
  const seven = "<dtmf xmlns='urn:xmpp:jingle:dtmf:0' code='7' duration='400' volume='42'/>";
  const side = (dtmf: SessionSupport['dtmf']): Side =>
    sideIn('active', 'responder', ['voice'], { ...TAKEN, dtmf });

  test('taken', () => {
    assert.deepEqual(reportsOf(tell(side('taken'), seven)), [
      { kind: 'info', info: { kind: 'dtmf', dtmf: { code: '7', duration: 400, volume: 42 } } },
    ]);
  });
  test('"The receiver SHOULD ignore the event if the value is zero."', () => {
    const none = "<dtmf xmlns='urn:xmpp:jingle:dtmf:0' code='7' duration='0'/>";
    assert.deepEqual(brief(tell(side('taken'), none)), ['acknowledge']);
  });
  test('a code that there is not', () => {
    const bad = "<dtmf xmlns='urn:xmpp:jingle:dtmf:0' code='E'/>";
    assert.equal(answerOf(tell(side('taken'), bad)), 'feature-not-implemented');
    // One of two refuses both: no half of a number is dialled.
    assert.equal(answerOf(tell(side('taken'), seven, bad)), 'feature-not-implemented');
  });
  test('not taken, or in RTP', () => {
    assert.equal(answerOf(tell(side('unsupported'), seven)), 'service-unavailable');
    assert.equal(answerOf(tell(side('native'), seven)), 'not-acceptable');
    assert.equal(answerOf(tell(sideIn('active', 'responder'), seven)), 'service-unavailable', 'by default');
  });
  test('what only looks like one', () => {
    for (const text of [
      "<dtmf xmlns='urn:x' code='7'/>",
      "<tone xmlns='urn:xmpp:jingle:dtmf:0' code='7'/>",
    ]) {
      assert.equal(answerOf(tell(side('taken'), text)), 'unsupported-info');
    }
  });
});

test('transfers (XEP-0251; CALL-35, CALL-36)', () => {
  const request = `<transfer xmlns='urn:xmpp:jingle:transfer:0' from='attendant@office.example.com/desk' sid='663e9f' to='boss@execs.example.com/phone'/>`;
  assert.deepEqual(reportsOf(tell(sideIn('active', 'responder', ['voice'], TAKEN), request)), [
    {
      kind: 'info',
      info: {
        kind: 'transfer',
        transfer: {
          from: 'attendant@office.example.com/desk',
          to: 'boss@execs.example.com/phone',
          sid: '663e9f',
        },
      },
    },
  ]);
  // "if not, it MUST return a <feature-not-implemented/> error as specified in XEP-0166".
  assert.equal(answerOf(tell(sideIn('active', 'responder'), request)), 'unsupported-info');
  for (const text of [
    "<transfer xmlns='urn:x' to='a@b'/>",
    "<give xmlns='urn:xmpp:jingle:transfer:0' to='a@b'/>",
  ]) {
    const effects = tell(sideIn('active', 'responder', ['voice'], TAKEN), text);
    assert.equal(answerOf(effects), 'unsupported-info');
  }
  const nobody = "<transfer xmlns='urn:xmpp:jingle:transfer:0' sid='1'/>";
  assert.equal(answerOf(tell(sideIn('active', 'responder', ['voice'], TAKEN), nobody)), 'bad-request');
});
