// Tones of a call in INFO (CALL-38), and whether the phone is there (CALL-22), over the real transaction layer.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { utf8Bytes, utf8Text } from '../../../src/base/index.ts';
import { readTone, writeTone } from '../../../src/gateway/calls/sip-tone-bodies.ts';
import type { CallEvent } from '../../../src/interwork/call/index.ts';
import type { Dtmf } from '../../../src/xmpp/index.ts';
import { line, Stage } from './sip-stage.ts';

const RELAY = 'application/dtmf-relay';
const PLAIN = 'application/dtmf';

describe('the bodies', () => {
  const taken: readonly (readonly [type: string, body: string, tone: Dtmf])[] = [
    [RELAY, 'Signal=5\r\nDuration=160\r\n', { code: '5', duration: 160 }],
    [RELAY, 'Signal= 5\r\nDuration= 250', { code: '5', duration: 250 }],
    [RELAY, 'signal=*\nduration=1\n', { code: '*', duration: 1 }],
    [RELAY, 'Signal=#', { code: '#', duration: 100 }],
    [RELAY, 'Signal=a\r\nDuration=0', { code: 'A', duration: 100 }],
    // RFC 4733 §3.2, table 3: the numbers of the events.
    [RELAY, 'Signal=10', { code: '*', duration: 100 }],
    [RELAY, 'Signal=11', { code: '#', duration: 100 }],
    [RELAY, 'Signal=15', { code: 'D', duration: 100 }],
    [RELAY, 'Duration=60000\r\nSignal=0', { code: '0', duration: 60_000 }],
    [PLAIN, '7', { code: '7', duration: 100 }],
    [PLAIN, '#\r\n', { code: '#', duration: 100 }],
    [PLAIN, 'Signal=7\r\nDuration=80', { code: '7', duration: 80 }],
  ];
  for (const [type, body, tone] of taken) {
    test(`${type} ${JSON.stringify(body)}`, () => {
      assert.deepEqual(readTone(type, utf8Bytes(body)), tone);
    });
  }
  // 16 is a flash of the hook, for which XEP-0181 has no code.
  for (const body of [
    '',
    '5',
    'Signal=',
    'Signal=E',
    'Signal=16',
    'Signal=!',
    'Signal=55',
    'Duration=100',
    'Signal=5\r\nDuration=-1',
    'Signal=5\r\nDuration=60001',
    'Signal=5\r\nDuration=1e3',
    `Signal=5\r\n${'x=1\r\n'.repeat(30)}`,
    `Signal=5\r\nx=${'1'.repeat(300)}`,
  ]) {
    test(`no tone: ${JSON.stringify(body.slice(0, 30))}`, () => {
      assert.equal(readTone(RELAY, utf8Bytes(body)), undefined);
    });
  }
  test('ours', () => {
    const tone = { code: '9', duration: 120 };
    assert.equal(utf8Text(writeTone(RELAY, tone)), 'Signal=9\r\nDuration=120\r\n');
    assert.deepEqual(readTone(RELAY, writeTone(RELAY, tone)), tone);
    assert.deepEqual(readTone(PLAIN, writeTone(PLAIN, tone)), { ...tone, duration: 100 });
  });
});

const said = (stage: Stage): readonly CallEvent[] =>
  stage.host.events.filter(({ kind }) => kind === 'tone' || kind === 'toned' || kind === 'probed');

function hangsUp(stage: Stage): void {
  stage.request({ method: 'BYE' });
  assert.deepEqual(stage.lines().at(-1), '200 BYE');
  stage.assertNothingLeft();
}

describe('of the phone', () => {
  const info = (stage: Stage, body: string, type = RELAY): void =>
    void stage.request({ method: 'INFO', headers: [`Content-Type: ${type}`], body });

  test('is told, and answered by what the client says', () => {
    for (const status of [200, 415, 488, 500, 504]) {
      const stage = new Stage();
      stage.answered();
      info(stage, 'Signal=5\r\nDuration=160');
      assert.deepEqual(stage.lines(), []);
      const [event] = said(stage);
      assert.ok(event?.kind === 'tone');
      assert.deepEqual(event.tone, { code: '5', duration: 160 });
      stage.host.say({ kind: 'toneAnswer', cseq: event.cseq, status });
      // Of one that has its answer nothing is said any more.
      stage.host.say({ kind: 'toneAnswer', cseq: event.cseq, status: 200 });
      assert.deepEqual(stage.lines(), [`${status} INFO`]);
      hangsUp(stage);
    }
  });

  test('one that there is not: 400', () => {
    const stage = new Stage();
    stage.answered();
    info(stage, 'Signal=16');
    assert.deepEqual(stage.lines(), ['400 INFO']);
    assert.deepEqual(said(stage), []);
    hangsUp(stage);
  });

  test('more than eight that wait for the client: 500 with Retry-After', () => {
    const stage = new Stage();
    stage.answered();
    for (let count = 0; count < 8; count += 1) info(stage, 'Signal=1');
    assert.deepEqual(stage.lines(), []);
    info(stage, 'Signal=1');
    const [refusal] = stage.sent();
    assert.ok(refusal);
    assert.equal(line(refusal), '500 INFO');
    assert.match(refusal.header('retry-after') ?? '', /^\d+$/);
    assert.equal(said(stage).length, 8);
    stage.request({ method: 'BYE' });
    // RFC 3261 §15.1.2: what still waits is answered 487.
    assert.deepEqual(stage.lines(), ['200 BYE', ...Array.from({ length: 8 }, () => '487 INFO')]);
    stage.assertNothingLeft();
  });

  test('before the answer: 415, as of every body that nobody takes then', () => {
    const stage = new Stage();
    stage.invite();
    stage.host.say({ kind: 'progress', status: 180 });
    stage.sent();
    info(stage, 'Signal=1');
    assert.deepEqual(stage.lines(), ['415 INFO']);
    stage.host.say({ kind: 'endSip', status: 480 });
  });
});

describe('of the client', () => {
  const tones = (codes: string): readonly Dtmf[] => codes.split('').map((code) => ({ code, duration: 100 }));

  function answered(): Stage {
    const stage = new Stage();
    stage.answered();
    return stage;
  }

  test('one INFO after the other, and one word for all', () => {
    const stage = answered();
    stage.host.say({ kind: 'tones', id: 'a', tones: tones('12') });
    stage.host.say({ kind: 'tones', id: 'b', tones: tones('#') });
    for (const code of ['1', '2', '#']) {
      const info = stage.sentRequest('INFO');
      assert.equal(info.header('content-type'), RELAY);
      // RFC 6086 §4.2.1: no package; it is of the old kind.
      assert.equal(info.header('info-package'), undefined);
      assert.equal(utf8Text(info.body), `Signal=${code}\r\nDuration=100\r\n`);
      assert.deepEqual(said(stage).length, code === '#' ? 1 : 0);
      stage.respond(info, 200);
    }
    assert.deepEqual(said(stage), [
      { kind: 'toned', id: 'a' },
      { kind: 'toned', id: 'b' },
    ]);
    hangsUp(stage);
  });

  test('415: once more in the other form, and by that from then on', () => {
    const stage = answered();
    stage.host.say({ kind: 'tones', id: 'a', tones: tones('12') });
    stage.respond(stage.sentRequest('INFO'), 415);
    for (const code of ['1', '2']) {
      const info = stage.sentRequest('INFO');
      assert.equal(info.header('content-type'), PLAIN);
      assert.equal(utf8Text(info.body), `${code}\r\n`);
      stage.respond(info, 200);
    }
    assert.deepEqual(said(stage), [{ kind: 'toned', id: 'a' }]);
    hangsUp(stage);
  });

  test('who takes none is asked no more', () => {
    for (const [statuses, told] of [
      [[415, 415], 415],
      [[405], 405],
      [[469], 469],
      [[501], 501],
    ] as const) {
      const stage = answered();
      stage.host.say({ kind: 'tones', id: 'a', tones: tones('12') });
      stage.host.say({ kind: 'tones', id: 'b', tones: tones('3') });
      for (const status of statuses) stage.respond(stage.sentRequest('INFO'), status);
      stage.host.say({ kind: 'tones', id: 'c', tones: tones('4') });
      assert.deepEqual(stage.lines(), []);
      assert.deepEqual(
        said(stage),
        ['a', 'b', 'c'].map((id) => ({ kind: 'toned', id, status: told })),
      );
      hangsUp(stage);
    }
  });

  test('one that is refused ends its number, not the others', () => {
    const stage = answered();
    stage.host.say({ kind: 'tones', id: 'a', tones: tones('12') });
    stage.host.say({ kind: 'tones', id: 'b', tones: tones('3') });
    stage.respond(stage.sentRequest('INFO'), 400);
    assert.match(utf8Text(stage.sentRequest('INFO').body) ?? '', /^Signal=3\r\n/);
    assert.deepEqual(said(stage), [{ kind: 'toned', id: 'a', status: 400 }]);
    stage.request({ method: 'BYE' });
    stage.sent();
    stage.assertNothingLeft();
  });

  test('no more than 64 wait', () => {
    const stage = answered();
    stage.host.say({ kind: 'tones', id: 'a', tones: tones('1'.repeat(60)) });
    stage.host.say({ kind: 'tones', id: 'b', tones: tones('12345') });
    assert.deepEqual(said(stage), [{ kind: 'toned', id: 'b', status: 500 }]);
    stage.request({ method: 'BYE' });
    stage.sent();
    stage.assertNothingLeft();
  });

  test('481: the call is lost', () => {
    const stage = answered();
    stage.host.say({ kind: 'tones', id: 'a', tones: tones('1') });
    stage.respond(stage.sentRequest('INFO'), 481);
    assert.ok(stage.host.told().includes('ended lost 481'));
    stage.respond(stage.sentRequest('BYE'), 481);
    stage.assertNothingLeft();
  });
});

describe('is the phone there?', () => {
  test('within a minute after the session was agreed, nobody is asked', () => {
    const stage = new Stage();
    stage.answered();
    stage.host.say({ kind: 'probe', id: 'a' });
    assert.deepEqual(said(stage), [{ kind: 'probed', id: 'a' }]);
    assert.deepEqual(stage.lines(), []);
    hangsUp(stage);
  });

  test('after it, by OPTIONS, one for all who ask; any answer shows that it is', () => {
    for (const status of [200, 405, 501, 503]) {
      const stage = new Stage();
      stage.answered();
      stage.time.advance(61_000);
      stage.host.say({ kind: 'probe', id: 'a' });
      stage.host.say({ kind: 'probe', id: 'b' });
      const options = stage.sentRequest('OPTIONS');
      assert.deepEqual(said(stage), []);
      stage.respond(options, status);
      stage.host.say({ kind: 'probe', id: 'c' });
      assert.deepEqual(
        said(stage),
        ['a', 'b', 'c'].map((id) => ({ kind: 'probed', id })),
      );
      assert.deepEqual(stage.lines(), []);
      hangsUp(stage);
    }
  });

  test('481, 408, or no answer: the call is lost (RFC 3261 §12.2.1.2)', () => {
    for (const status of [481, 408, undefined]) {
      const stage = new Stage();
      stage.answered();
      stage.time.advance(61_000);
      stage.host.say({ kind: 'probe', id: 'a' });
      if (status === undefined) stage.time.advance(32_000);
      else stage.respond(stage.sentRequest('OPTIONS'), status);
      assert.deepEqual(said(stage), []);
      assert.ok(stage.host.told().includes(`ended lost ${status ?? 408}`));
      stage.time.advance(100);
      stage.respond(stage.sentRequest('BYE'), 481);
      stage.assertNothingLeft();
    }
  });
});
