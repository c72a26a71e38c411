// The record of the ledger: written and read again, identifiers bounded, and nothing of what was written to whom.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  correlationId,
  isNamed,
  LEDGER_OUTCOMES,
  ledgerId,
  ledgerSpec,
  readLedgerRecord,
  type LedgerRecord,
} from '../../../src/interwork/message/index.ts';

const optionalText = fc.option(fc.string({ unit: 'grapheme', minLength: 1 }), { nil: undefined });
const optionalNumber = fc.option(fc.nat(), { nil: undefined });
const records: fc.Arbitrary<LedgerRecord> = fc.record({
  direction: fc.constantFrom('sip_to_xmpp' as const, 'xmpp_to_sip' as const),
  outcome: fc.constantFrom(...LEDGER_OUTCOMES),
  acceptedMs: fc.nat(),
  endedMs: optionalNumber,
  xmppId: optionalText,
  xmppFrom: optionalText,
  xmppTo: optionalText,
  callId: optionalText,
  fromTag: optionalText,
  cseq: optionalNumber,
  sipFrom: optionalText,
  requestUri: optionalText,
  imdnId: optionalText,
  target: optionalText,
  attempts: optionalNumber,
  status: optionalNumber,
  condition: optionalText,
  text: optionalText,
  clause: optionalText,
  deliveredMs: optionalNumber,
  displayedMs: optionalNumber,
  failedMs: optionalNumber,
  failure: optionalText,
});

test('what is encoded is decoded again', () => {
  fc.assert(
    fc.property(records, (record) => {
      assert.deepEqual(ledgerSpec.decode(1, ledgerSpec.encode(record)), { ...record });
    }),
  );
});

test('a text that is no record is refused, so that the store passes over it', () => {
  for (const text of ['null', '[]', '{}', '{"direction":"up","outcome":"open","acceptedMs":1}', '"a"'])
    assert.throws(() => ledgerSpec.decode(1, text), TypeError, text);
});

test('what a record does not know is left away', () => {
  const record = readLedgerRecord({
    direction: 'sip_to_xmpp',
    outcome: 'accepted',
    acceptedMs: 1,
    body: 'never',
    callId: 5,
  });
  assert.equal('body' in record, false);
  assert.equal(record.callId, undefined);
});

describe('identifiers are at most 512 octets, what an index can hold', () => {
  const LONG = [
    ['512 octets stay as they are', 'a'.repeat(512), true],
    ['513 octets do not', 'a'.repeat(513), false],
    ['512 octets in other letters', 'é'.repeat(256), true],
    ['more in other letters', 'é'.repeat(257), false],
    ['surrogate pairs', '😀'.repeat(129), false],
  ] as const;
  for (const [name, id, stays] of LONG) {
    test(name, () => {
      const kept = ledgerId(id);
      assert.equal(kept === id, stays);
      assert.ok(Buffer.byteLength(kept) <= 512);
      assert.equal(ledgerId(kept), kept, 'once more changes nothing');
      const record = { direction: 'sip_to_xmpp', outcome: 'open', acceptedMs: 1, callId: id } as const;
      assert.equal(isNamed(record, kept), true, 'found by its whole self');
      assert.equal(isNamed(record, ledgerId(`${id}b`)), false);
    });
  }
});

test('each index is one identifier', () => {
  const record: LedgerRecord = {
    direction: 'sip_to_xmpp',
    outcome: 'accepted',
    acceptedMs: 1,
    xmppId: 'x',
    callId: 'c',
    imdnId: 'i',
  };
  assert.deepEqual(
    Object.entries(ledgerSpec.indexes).map(([name, read]) => [name, read(record)]),
    [
      ['xmpp_id', 'x'],
      ['call_id', 'c'],
      ['imdn_id', 'i'],
    ],
  );
});

test('the cid of the log is the client’s id, unless it is too long for a line', () => {
  assert.equal(correlationId('a'.repeat(64)), 'a'.repeat(64));
  assert.equal(correlationId('a'.repeat(65)), undefined);
  assert.equal(correlationId(undefined), undefined);
});
