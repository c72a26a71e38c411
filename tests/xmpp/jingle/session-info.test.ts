// What session-info says (XEP-0166 §6.8, XEP-0167, XEP-0181, XEP-0251; rows CALL-03, CALL-22, CALL-35 to CALL-43).

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  dtmfError,
  MAX_QUESTIONS,
  MAX_TONES,
  type SessionEffect,
  type SessionSupport,
} from '../../../src/xmpp/index.ts';
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

test('§6.8, CALL-22: an empty one in an active session, where the owner is to know; not before', () => {
  const support: SessionSupport = { ...TAKEN, ping: true };
  const side = sideIn('active', 'responder', ['voice'], support);
  assert.deepEqual(brief(side.receive(jingle('session-info'))), ['question ping']);
  const [id = ''] = side.state.questions;
  assert.deepEqual(brief(side.step({ kind: 'decided', id }).effects), ['acknowledge']);
  const early = sideIn('pending', 'responder', ['voice'], support);
  assert.deepEqual(brief(early.receive(jingle('session-info'))), ['acknowledge']);
});

test('what is known to the owner comes back with its answer (CALL-38)', () => {
  const side = sideIn('active', 'initiator');
  const info = { action: 'session-info', infos: [parse("<x xmlns='urn:x'/>")] } as const;
  const one = side.send({ ...info, about: 'one' });
  const two = side.send({ ...info, about: 'two' });
  const error = dtmfError('unsupported');
  const about = { action: 'session-info', contents: [] } as const;
  assert.deepEqual(reportsOf(side.step({ kind: 'error', request: two, error }).effects), [
    { kind: 'failed', ...about, about: 'two', error },
  ]);
  assert.deepEqual(reportsOf(side.step({ kind: 'result', request: one }).effects), [
    { kind: 'answered', ...about, about: 'one' },
  ]);
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
    const taking = side('taken');
    const effects = tell(taking, seven);
    // "The receiving entity MUST send an IQ result if it can process the DTMF": that is not known yet.
    assert.deepEqual(brief(effects), ['question tones']);
    const [report] = reportsOf(effects);
    assert.ok(report?.kind === 'question');
    const tones = [{ code: '7', duration: 400, volume: 42 }];
    assert.deepEqual(report.question, { kind: 'tones', tones });
    const { id } = report;
    assert.deepEqual(taking.step({ kind: 'decided', id }).effects, [{ kind: 'acknowledge', id }]);
    assert.equal(taking.step({ kind: 'decided', id }).expected, false, 'one answer for each');
  });
  test('refused by whoever is to play it', () => {
    const taking = side('taken');
    tell(taking, seven);
    const error = dtmfError('unsupported');
    const [id = ''] = taking.state.questions;
    assert.deepEqual(taking.step({ kind: 'decided', id, error }).effects, [{ kind: 'refuse', id, error }]);
  });
  test('beside a hold, which is told at once', () => {
    const effects = tell(side('taken'), "<hold xmlns='urn:xmpp:jingle:apps:rtp:info:1'/>", seven);
    assert.deepEqual(brief(effects), ['report hold', 'question tones']);
  });
  test('not more at a time, nor in one iq, than are bounded', () => {
    const taking = side('taken');
    for (let count = 0; count < MAX_QUESTIONS; count += 1) {
      assert.deepEqual(brief(tell(taking, seven)), ['question tones']);
    }
    assert.equal(answerOf(tell(taking, seven)), 'resource-constraint');
    const many = Array.from({ length: MAX_TONES + 1 }, () => seven);
    assert.equal(answerOf(tell(side('taken'), ...many)), 'resource-constraint');
  });
  test('the end of the session answers what is open: unknown-session, once', () => {
    const taking = side('taken');
    tell(taking, seven);
    const [id = ''] = taking.state.questions;
    const effects = taking.receive(jingle('session-terminate', [], { reason: { condition: 'success' } }));
    assert.deepEqual(brief(effects), ['acknowledge', 'refuse unknown-session', 'end terminated in active']);
    assert.equal(taking.step({ kind: 'decided', id }).expected, false);
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
