import { formatDateTime } from '../../src/base/index.ts';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { parseDateTime } from '../../src/mime/index.ts';

describe('RFC 3339 §5.8: examples', () => {
  const cases: readonly [string, number][] = [
    ['1985-04-12T23:20:50.52Z', Date.UTC(1985, 3, 12, 23, 20, 50, 520)],
    ['1996-12-19T16:39:57-08:00', Date.UTC(1996, 11, 20, 0, 39, 57)],
    // Leap seconds: as the second before.
    ['1990-12-31T23:59:60Z', Date.UTC(1990, 11, 31, 23, 59, 59)],
    ['1990-12-31T15:59:60-08:00', Date.UTC(1990, 11, 31, 23, 59, 59)],
    ['1937-01-01T12:00:27.87+00:20', Date.UTC(1937, 0, 1, 11, 40, 27, 870)],
    ['2006-04-04t12:16:49z', Date.UTC(2006, 3, 4, 12, 16, 49)],
    ['2006-04-04 12:16:49Z', Date.UTC(2006, 3, 4, 12, 16, 49)],
    ['2000-02-29T00:00:00.1239Z', Date.UTC(2000, 1, 29, 0, 0, 0, 123)],
  ];
  for (const [text, ms] of cases) test(text, () => assert.equal(parseDateTime(text), ms));
});

describe('RFC 3339 §5.7: what is no date-time', () => {
  for (const text of [
    '',
    '2006-04-04',
    '2006-04-04T12:16:49',
    '2006-13-04T12:16:49Z',
    '2006-00-04T12:16:49Z',
    '2006-02-29T12:16:49Z',
    '2006-04-31T12:16:49Z',
    '2006-04-04T24:00:00Z',
    '2006-04-04T12:60:00Z',
    '2006-04-04T12:00:61Z',
    '2006-04-04T12:00:00.Z',
    '2006-04-04T12:00:00+24:00',
    '2006-04-04T12:00:00+0100',
    '06-04-04T12:00:00Z',
    '２006-04-04T12:00:00Z',
  ]) {
    test(JSON.stringify(text), () => assert.equal(parseDateTime(text), undefined));
  }
});

test('XEP-0082 §3.2: UTC, fraction only where there is one', () => {
  assert.equal(formatDateTime(Date.UTC(1969, 6, 21, 2, 56, 15)), '1969-07-21T02:56:15Z');
  assert.equal(formatDateTime(Date.UTC(2010, 0, 1, 0, 0, 0, 7)), '2010-01-01T00:00:00.007Z');
});

test('every time comes back', () => {
  fc.assert(
    fc.property(fc.integer({ min: -62_167_219_200_000, max: 253_402_300_799_999 }), (ms) => {
      assert.equal(parseDateTime(formatDateTime(ms)), ms);
    }),
  );
});
