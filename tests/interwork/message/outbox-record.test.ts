import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { OUTBOX, type OutboxRecord } from '../../../src/interwork/message/index.ts';

const pairs = fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 5 }).map((list) => list.flat());
const bytes = fc.uint8Array({ maxLength: 300 }).map((octets) => Buffer.from(octets));
const record: fc.Arbitrary<OutboxRecord> = fc.record(
  {
    state: fc.constantFrom('sending' as const, 'kept' as const, 'reporting' as const),
    node: fc.string(),
    recipient: fc.string(),
    from: fc.string(),
    requestUri: fc.string(),
    displayName: fc.string({ unit: 'grapheme' }),
    callId: fc.string(),
    fromTag: fc.string(),
    cseq: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    maxForwards: fc.nat(255),
    headerList: pairs,
    body: bytes,
    wrappedForm: fc.option(fc.record({ headerList: pairs, body: bytes }, { noNullPrototype: true }), {
      nil: undefined,
    }),
    stanza: pairs,
    mayKeep: fc.boolean(),
    acceptedMs: fc.nat(),
  },
  { noNullPrototype: true },
);

describe('records of the outbox', () => {
  test('come back as they were written', () => {
    fc.assert(
      fc.property(record, (value) => {
        const back = OUTBOX.decode(1, OUTBOX.encode(value));
        assert.deepEqual(back, value);
      }),
    );
  });

  for (const [what, version, text] of [
    ['another version', 2, '{}'],
    ['no JSON', 1, '{'],
    ['no record', 1, '[]'],
    ['an ended one', 1, JSON.stringify({ state: 'ended' })],
  ] as const) {
    test(`${what} is refused`, () => assert.throws(() => OUTBOX.decode(version, text)));
  }
});
