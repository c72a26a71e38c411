import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StoxgateError, VirtualTime, type Log } from '../../../src/base/index.ts';
import { RateLimitedLog, StandardLog, type LogOptions } from '../../../src/edge/log/index.ts';

const WALL = Date.UTC(2026, 10, 23, 1, 2, 3, 45);

function recorded(options: LogOptions): { log: StandardLog; lines: string[] } {
  const lines: string[] = [];
  const sink = { write: (text: string) => lines.push(text), flushSync: () => {} };
  return { log: new StandardLog(options, sink, () => WALL), lines };
}

describe('JSON lines', () => {
  test('level, time, node, event and fields, one object a line', () => {
    const { log, lines } = recorded({ level: 'info', format: 'json', node: 'gw1' });
    log.info('message.delivered', { id: 'c1', status: 202 });
    assert.equal(lines.length, 1);
    assert.ok(lines[0]?.endsWith('}\n'));
    assert.deepEqual(JSON.parse(lines[0] ?? ''), {
      level: 'info',
      time: '2026-11-23T01:02:03.045Z',
      node: 'gw1',
      event: 'message.delivered',
      id: 'c1',
      status: 202,
    });
  });

  test('no value can begin a line', () => {
    const { log, lines } = recorded({ level: 'info', format: 'json' });
    log.warn('x', { from: 'a\n{"level":"error"}' });
    assert.equal(lines.join('').split('\n').length, 2);
  });

  test('levels below are neither written nor enabled, and configure changes it', () => {
    const { log, lines } = recorded({ level: 'warn', format: 'json' });
    log.debug('a');
    log.info('b');
    assert.deepEqual([lines.length, log.enabled('info'), log.enabled('warn')], [0, false, true]);
    log.configure({ level: 'debug', format: 'json' });
    log.debug('c');
    assert.equal(lines.length, 1);
    assert.equal(log.enabled('debug'), true);
  });
});

describe('lines for the eye', () => {
  test('time of day, level, event, fields', () => {
    const { log, lines } = recorded({ level: 'info', format: 'pretty' });
    log.error('link.down', {
      domain: 'sip.example.org',
      reason: 'connection refused',
      tries: 3,
      none: undefined,
    });
    assert.deepEqual(lines, [
      '01:02:03.045 ERROR link.down domain=sip.example.org reason="connection refused" tries=3\n',
    ]);
  });
  test('line breaks, escapes and bidirectional overrides are shown, not obeyed', () => {
    const { log, lines } = recorded({ level: 'info', format: 'pretty' });
    log.info('x', { a: 'b\r\nc\u001b[31m\u009b\u202e' });
    assert.deepEqual(lines, ['01:02:03.045 INFO  x a="b\\r\\nc\\u001b[31m\\u009b\\u202e"\n']);
  });
  test('a value that JSON cannot say is no reason to fail', () => {
    const { log, lines } = recorded({ level: 'info', format: 'pretty' });
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    log.info('x', { cycle, big: 1n });
    assert.equal(lines.length, 1);
  });
});

for (const format of ['json', 'pretty'] as const) {
  test(`${format}: passwords, secrets and tokens are not shown, whoever passes them`, () => {
    const { log, lines } = recorded({ level: 'debug', format });
    for (const name of ['password', 'secret', 'token', 'authorization', 'handshake'])
      log.debug('x', { [name]: 'hunter2' });
    assert.equal(lines.length, 5);
    assert.doesNotMatch(lines.join(''), /hunter2/);
  });

  test(`${format}: an environment failure shows its code, a bug its stack`, () => {
    const { log, lines } = recorded({ level: 'info', format });
    log.error('x', { error: new StoxgateError('ERR_X_Y', 'no', { cause: new Error('why') }) });
    assert.match(lines[0] ?? '', /ERR_X_Y/);
    assert.match(lines[0] ?? '', /why/);
    assert.doesNotMatch(lines[0] ?? '', /at .*log\.test/);
    log.error('x', { error: new TypeError('bug') });
    assert.match(lines[1] ?? '', /log\.test/);
  });
}

describe('a bounded rate', () => {
  function limited(lines = 3) {
    const written: string[] = [];
    const write =
      (level: string) =>
      (event: string, fields?: object): void => {
        written.push(`${level} ${event} ${JSON.stringify(fields ?? {})}`);
      };
    const target: Log = {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      enabled: (level) => level !== 'info',
    };
    const time = new VirtualTime();
    const log = new RateLimitedLog(target, time.timers, { lines, intervalMs: 10_000, maxEvents: 2 });
    return { written, time, log };
  }

  test('so many lines in the interval, then their number', () => {
    const { written, time, log } = limited();
    for (let i = 0; i < 100; i++) log.warn('sip.malformed', { i });
    assert.equal(written.length, 3);
    time.advance(10_000);
    assert.deepEqual(written.slice(3), ['warn log.suppressed {"of":"sip.malformed","count":97}']);
    log.warn('sip.malformed');
    assert.equal(written.length, 5);
  });

  test('nothing left out, nothing told; no timer stays', () => {
    const { written, time, log } = limited();
    log.warn('a');
    time.advance(10_000);
    assert.deepEqual(written, ['warn a {}']);
    assert.equal(log.size, 0);
    assert.equal(time.timers.size, 0);
  });

  test('events are told apart, up to a number', () => {
    const { written, log } = limited(1);
    for (const event of ['a', 'b', 'c', 'd', 'a', 'b']) log.error(event);
    assert.deepEqual(written, ['error a {}', 'error b {}', 'error c {}']);
  });

  test('debug passes, a disabled level costs nothing', () => {
    const { written, time, log } = limited(1);
    for (let i = 0; i < 5; i++) log.debug('d');
    for (let i = 0; i < 5; i++) log.info('i');
    assert.equal(written.length, 5);
    assert.equal(time.timers.size, 0);
  });

  test('close tells what is open and leaves nothing', () => {
    const { written, time, log } = limited(1);
    log.warn('a');
    log.error('a');
    log.close();
    assert.deepEqual(written.slice(1), ['error log.suppressed {"of":"a","count":1}']);
    assert.equal(time.timers.size, 0);
  });
});
