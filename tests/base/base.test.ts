import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  BoundedMap,
  Counters,
  SecureRandom,
  SeededRandom,
  TokenBucket,
  emptyBytes,
  fromByteString,
  hashHex,
  joinHeadAndBody,
  latin1Text,
  toByteString,
  utf8Bytes,
  utf8Text,
} from '../../src/base/index.ts';

describe('bytes', () => {
  test('byte strings carry UTF-8 and come back', () => {
    for (const text of ['', 'abc', 'fü', '日本語', '😀'])
      assert.equal(fromByteString(toByteString(text)), text);
    assert.equal(toByteString('ü'), '\u00c3\u00bc');
  });

  test('invalid UTF-8 is told from valid', () => {
    assert.equal(utf8Text(new Uint8Array([0xc0, 0x80])), undefined);
    assert.equal(utf8Text(utf8Bytes('ü')), 'ü');
  });

  test('head and body in one block', () => {
    assert.equal(latin1Text(joinHeadAndBody('a\u00ff', utf8Bytes('b'))), 'a\u00ffb');
    assert.equal(joinHeadAndBody('', emptyBytes()).length, 0);
  });
});

describe('digest', () => {
  test('known answers: RFC 1321 §A.5, FIPS 180', () => {
    assert.equal(hashHex('md5', 'abc'), '900150983cd24fb0d6963f7d28e17f72');
    assert.equal(hashHex('sha1', 'abc'), 'a9993e364706816aba3e25717850c26c9cd0d89d');
    assert.equal(
      hashHex('sha256', 'abc'),
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });
});

describe('random', () => {
  test('base32 is lower case and of the asked length; unit is in [0, 1)', () => {
    for (const random of [new SecureRandom(), new SeededRandom(7)]) {
      for (let i = 0; i < 2000; i++) {
        assert.match(random.base32(13), /^[a-z2-7]{13}$/);
        const unit = random.unit();
        assert.ok(unit >= 0 && unit < 1);
      }
    }
  });
});

describe('token bucket', () => {
  test('burst, then the rate', () => {
    const bucket = new TokenBucket(10, 2, 0);
    assert.deepEqual([bucket.take(0), bucket.take(0), bucket.take(0)], [true, true, false]);
    assert.equal(bucket.take(99), false);
    assert.equal(bucket.take(100), true);
    assert.deepEqual([bucket.take(10_000), bucket.take(10_000), bucket.take(10_000)], [true, true, false]);
  });
});

describe('bounded map', () => {
  test('forgets by age and by number, oldest first', () => {
    const dropped: string[] = [];
    const map = new BoundedMap<string, number>({ maxEntries: 2, onDrop: (key) => dropped.push(key) });
    map.set('a', 1, 0, 100);
    map.set('b', 2, 10, 100);
    map.set('c', 3, 20, 100);
    assert.deepEqual(dropped, ['a']);
    assert.equal(map.get('b', 109), 2);
    assert.equal(map.get('b', 110), undefined);
    map.sweep(120);
    assert.deepEqual(dropped, ['a', 'b', 'c']);
    assert.equal(map.size, 0);
  });
});

describe('counters', () => {
  test('one series per label set, Prometheus text', () => {
    const counters = new Counters();
    counters.counter('x_total', 'Things.', { kind: 'a' }).add();
    counters.counter('x_total', 'Things.', { kind: 'a' }).add(2);
    counters.counter('x_total', 'Things.', { kind: 'say "b"' }).add();
    counters.gauge('y', 'Now.', () => 7);
    assert.equal(counters.total('x_total'), 4);
    assert.equal(
      counters.text(),
      '# HELP x_total Things.\n# TYPE x_total counter\nx_total{kind="a"} 3\nx_total{kind="say \\"b\\""} 1\n' +
        '# HELP y Now.\n# TYPE y gauge\ny 7\n',
    );
  });
});
