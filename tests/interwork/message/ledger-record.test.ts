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
  mayHold,
  noteLine,
  notesPage,
  readLedgerRecord,
  ROW_OCTETS,
  rowsPage,
  writeRow,
  type LedgerNote,
  type LedgerPage,
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

/** A page of these rows, the first of which has the number `first`. */
function pageOf(rows: readonly LedgerRecord[], first = 0, lastMs = 1): LedgerPage {
  const numbers = Buffer.alloc(rows.length * ROW_OCTETS);
  const view = new DataView(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  const failures: [number, string][] = [];
  let texts = '';
  for (const [n, row] of rows.entries()) {
    const cells = cellsOf(row);
    const octets = Buffer.from(cells.texts);
    writeRow(view, n * ROW_OCTETS, cells, octets.length);
    texts += octets.toString('latin1');
    if (cells.failure !== '') failures.push([first + n, cells.failure]);
  }
  return rowsPage({ first, numbers, texts, failures }, lastMs);
}

const stored = (page: LedgerPage): LedgerPage => LEDGER.decode(2, LEDGER.encode(page));
const MINIMAL: LedgerRecord = { direction: 'sip_to_xmpp', outcome: 'open', acceptedMs: 1 };

describe('a page', () => {
  test('rows that are put into it are read again, with their numbers', () => {
    fc.assert(
      fc.property(fc.array(records, { maxLength: 5 }), fc.nat(), fc.nat(), (rows, first, lastMs) => {
        const page = stored(pageOf(rows, first, lastMs));
        assert.deepEqual([page.notes, page.lastMs], [0, lastMs]);
        assert.deepEqual(
          [...linesOf(page)],
          rows.map((record, n) => ({ row: first + n, record: { ...record } })),
        );
      }),
    );
  });

  test('notes that are put into it are read again', () => {
    fc.assert(
      fc.property(fc.nat(10), fc.nat(), (count, at) => {
        const notes: LedgerNote[] = Array.from({ length: count }, (_, n) => ({
          direction: 'xmpp_to_sip',
          id: `"${n}\\`,
          report: 'failed',
          atMs: at,
          failure: n % 2 === 0 ? undefined : 'gone',
        }));
        const page = stored(notesPage(notes.map(noteLine), at));
        assert.deepEqual([page.notes, page.lastMs], [count, at]);
        assert.deepEqual([...linesOf(page)], notes);
      }),
    );
  });

  test('a page of version 1, with a line for each row and notes behind them, is read', () => {
    const row = `[7,17,1700000000123,1700000000456,202,0,2,0,0,9,${JSON.stringify(
      ['id', 'a@x.example', 'b@y.example', 'c', 't', '', '', '', '', '', '', ''].join('\u007f'),
    )},"gone"]`;
    const text = `{"notes":1,"lastMs":5,"lines":[${row},\n["sip_to_xmpp","id","delivered",8,""]]}`;
    const page = LEDGER.decode(1, text);
    assert.deepEqual(
      [page.notes, page.lastMs, mayHold(page, 'id'), mayHold(page, 'zz')],
      [1, 5, true, false],
    );
    const [first, second] = linesOf(page);
    assert.ok(first !== undefined && 'row' in first);
    assert.equal(first.row, 7);
    assert.deepEqual(JSON.parse(JSON.stringify(first.record)), {
      direction: 'sip_to_xmpp',
      outcome: 'accepted',
      acceptedMs: 1_700_000_000_123,
      endedMs: 1_700_000_000_456,
      ...{ xmppId: 'id', xmppFrom: 'a@x.example', xmppTo: 'b@y.example', callId: 'c', fromTag: 't', cseq: 1 },
      ...{ status: 202, failedMs: 9, failure: 'gone' },
    });
    assert.deepEqual(second, {
      ...{ direction: 'sip_to_xmpp', id: 'id', report: 'delivered', atMs: 8, failure: undefined },
    });
  });

  test('an identifier that is in it may be there, however it is written', () => {
    for (const id of ['a', 'a"b', 'a\\b', 'é', '\t', '\u2028', '😀']) {
      assert.equal(mayHold(stored(pageOf([{ ...MINIMAL, callId: id }])), id), true, JSON.stringify(id));
      const note = noteLine({ direction: 'sip_to_xmpp', id, report: 'failed', atMs: 1 });
      assert.equal(mayHold(stored(notesPage([note], 1)), id), true, JSON.stringify(id));
    }
    assert.equal(mayHold(pageOf([]), 'zz'), false);
  });

  test('a text that is none is refused, so that the store passes over it', () => {
    for (const text of ['null', '[]', '{}', '{"notes":1}', '"a"', '', '{"notes":0,"lastMs":1,"rows":[]}'])
      for (const version of [1, 2]) assert.throws(() => LEDGER.decode(version, text), TypeError, text);
  });

  test('a line that is none is passed over', () => {
    const good = noteLine({ direction: 'sip_to_xmpp', id: 'good', report: 'failed', atMs: 1 });
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
      [...linesOf(notesPage([...bad, good], 1))].map((line) => 'report' in line && line.id),
      ['good'],
    );
  });

  test('rows that are not as they should be are passed over, and nothing is thrown', () => {
    const { json } = pageOf([
      { ...MINIMAL, callId: 'a' },
      { ...MINIMAL, callId: 'b' },
    ]);
    const read = (text: string): (string | undefined)[] =>
      [...linesOf(LEDGER.decode(2, text))].map((line) => ('row' in line ? line.record.callId : 'note'));
    assert.deepEqual(read(json), ['a', 'b']);
    const texts = /"texts":"[^"]*"/;
    const numbers = /"numbers":"[^"]*"/;
    for (const [text, wanted] of [
      [json.replace(texts, '"texts":""'), []],
      [json.replace(texts, '"texts":5'), []],
      [json.replace(numbers, '"numbers":"AAAA"'), []],
      [json.replace('"first":0', '"first":"0"'), []],
      [json.replace(/\}$/, ',"failures":[null,[1],["a","b"],[0,"gone"]]}'), ['a', 'b']],
      [json.replace(/\}$/, ',"failures":5}'), ['a', 'b']],
    ] as const)
      assert.deepEqual(read(text), wanted, text);
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
