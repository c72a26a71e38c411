// The record of a served subscription: what is written is what is read, and what is none is refused.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  NOTIFIER_SUBSCRIPTIONS,
  type NotifierRecord,
} from '../../../src/sip/subscription/notifier-record.ts';

const PLAIN = { noNullPrototype: true };
const text = fc.string();
const record: fc.Arbitrary<NotifierRecord> = fc.record(
  {
    node: text,
    package: text,
    eventId: fc.option(text, { nil: undefined }),
    state: fc.constantFrom('pending', 'active'),
    resource: text,
    resourceJid: text,
    watcherJid: text,
    accept: fc.array(text),
    expiresMs: fc.nat(),
    source: fc.option(text, { nil: undefined }),
    dialog: fc.record(
      {
        callId: text,
        localTag: text,
        remoteTag: text,
        localUri: text,
        remoteUri: text,
        localSeq: fc.nat(),
        remoteSeq: fc.nat(),
        remoteTarget: text,
        routeSet: fc.array(text),
        secure: fc.boolean(),
      },
      PLAIN,
    ),
  },
  PLAIN,
);

const RECORDS = NOTIFIER_SUBSCRIPTIONS;

test('what is written is what is read', () => {
  fc.assert(fc.property(record, (one) => assert.deepEqual(RECORDS.decode(1, RECORDS.encode(one)), one)));
});

test('it is given up a day after its time', () => {
  fc.assert(
    fc.property(record, (one) => assert.equal(RECORDS.expires?.(one), one.expiresMs + 24 * 3_600_000)),
  );
});

describe('what is none', () => {
  const [good] = fc.sample(record, 1);
  assert.ok(good);
  const stored: object = JSON.parse(RECORDS.encode(good));
  for (const key of [
    'node',
    'event',
    'active',
    'uri',
    'of',
    'by',
    'accept',
    'until',
    'call',
    'tags',
    'names',
    'seqs',
    'target',
  ]) {
    test(`without ${key}`, () => {
      assert.throws(() => RECORDS.decode(1, JSON.stringify({ ...stored, [key]: undefined })), TypeError);
    });
  }
  const wrong: readonly (readonly [string, unknown])[] = [
    ['tags', ['one']],
    ['seqs', [1, 'two']],
    ['seqs', [1.5, 2]],
    ['names', ['a', 'b', 'c']],
    ['routes', 'none'],
    ['secure', 'yes'],
    ['id', 7],
  ];
  for (const [key, value] of wrong) {
    test(`with ${key} ${JSON.stringify(value)}`, () => {
      assert.throws(() => RECORDS.decode(1, JSON.stringify({ ...stored, [key]: value })), TypeError);
    });
  }
  test('of a version to come', () =>
    assert.throws(() => RECORDS.decode(2, RECORDS.encode(good)), RangeError));
  test('no JSON', () => assert.throws(() => RECORDS.decode(1, 'no')));
});
