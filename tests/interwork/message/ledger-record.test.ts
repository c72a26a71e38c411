// The record of the ledger: written and read again, identifiers bounded, and nothing of what was written to whom.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  cellsOf,
  correlationId,
  isNamed,
  LEDGER,
  LEDGER_OUTCOMES,
  ledgerId,
  linesOf,
  makePage,
  mayHold,
  noteLine,
  readLedgerRecord,
  rowLine,
  type LedgerNote,
  type LedgerRecord,
} from '../../../src/interwork/message/index.ts';

const optionalText = fc.option(fc.string({ unit: 'grapheme', minLength: 1 }), { nil: undefined });
// 0 is "none".
const optionalNumber = fc.option(fc.integer({ min: 1, max: 255 }), { nil: undefined });
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

describe('a page', () => {
  test('what is put into lines is read again, and a note is about its row', () => {
    fc.assert(
      fc.property(fc.array(records, { maxLength: 5 }), fc.nat(), (rows, at) => {
        const notes: LedgerNote[] = rows.map((_, n) => ({
          direction: 'xmpp_to_sip',
          id: `"${n}\\`,
          report: 'failed',
          atMs: at,
          failure: n % 2 === 0 ? undefined : 'gone',
        }));
        const lines = [...rows.map((row, n) => rowLine(n, cellsOf(row))), ...notes.map(noteLine)];
        const page = LEDGER.decode(1, LEDGER.encode(makePage(lines, notes.length, at)));
        assert.deepEqual([page.notes, page.lastMs], [notes.length, at]);
        assert.deepEqual(
          [...linesOf(page)],
          [...rows.map((record, row) => ({ row, record: { ...record } })), ...notes],
        );
      }),
    );
  });

  test('an identifier that is in it may be there, however it is written', () => {
    for (const id of ['a', 'a"b', 'a\\b', 'é', '\t', '\u2028']) {
      const record: LedgerRecord = { direction: 'sip_to_xmpp', outcome: 'open', acceptedMs: 1, callId: id };
      assert.equal(mayHold(makePage([rowLine(0, cellsOf(record))], 0, 1), id), true, JSON.stringify(id));
    }
    assert.equal(mayHold(makePage([], 0, 1), 'zz'), false);
  });

  test('a text that is none is refused, so that the store passes over it', () => {
    for (const text of ['null', '[]', '{}', '{"notes":1}', '"a"', ''])
      assert.throws(() => LEDGER.decode(1, text), TypeError, text);
  });

  test('a line that is none is passed over', () => {
    const good = rowLine(7, cellsOf({ direction: 'sip_to_xmpp', outcome: 'open', acceptedMs: 1 }));
    const bad = [
      'null',
      '5',
      '[]',
      '[1,2]',
      '["up","a","failed",1,""]',
      '["sip_to_xmpp","a","seen",1,""]',
      '{"a":1}',
    ];
    assert.deepEqual(
      [...linesOf(makePage([...bad, good], 0, 1))].map((line) => 'row' in line && line.row),
      [7],
    );
  });
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

test('the cid of the log is the client’s id, unless it is too long for a line', () => {
  assert.equal(correlationId('a'.repeat(64)), 'a'.repeat(64));
  assert.equal(correlationId('a'.repeat(65)), undefined);
  assert.equal(correlationId(undefined), undefined);
});
