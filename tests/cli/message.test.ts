// `stoxgate message` against an admin socket, and what it says of each outcome.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, test } from 'node:test';
import { Counters, SecureRandom, silentLog, VirtualTime } from '../../src/base/index.ts';
import { message } from '../../src/cli/message.ts';
import { explainMessage, type TellableMessage } from '../../src/cli/message-text.ts';
import { startAdmin, type AdminRoutes, type AdminServer } from '../../src/edge/admin/index.ts';
import { adminRoutes } from '../../src/gateway/admin-routes.ts';
import { Ledger, type LedgerSettings } from '../../src/gateway/messages/ledger.ts';
import type { LedgerOutcome, LedgerRecord } from '../../src/interwork/message/index.ts';
import { fakeTerminal, type FakeTerminal } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'stoxgate-message-'));
after(() => rmSync(folder, { recursive: true }));
const FILE = join(folder, 's.yaml');
const TEXT = 'domains: [{ home: sip, sip: example.net, xmpp: example.net }]\nsip: { trusted: [127.0.0.1] }\n';

const T0 = Date.UTC(2026, 10, 23, 2, 44, 10);
const ACCEPTED: LedgerRecord = {
  direction: 'sip_to_xmpp',
  outcome: 'accepted',
  acceptedMs: T0,
  endedMs: T0 + 12,
  xmppId: 's1x-a',
  xmppFrom: 'bob@example.net',
  xmppTo: 'alice@example.org',
  callId: 'c1',
  fromTag: 't1',
  cseq: 3,
  sipFrom: 'sip:bob@example.net',
  requestUri: 'sip:alice@example.org',
  status: 202,
};
const REPORTED: LedgerRecord = {
  direction: 'xmpp_to_sip',
  outcome: 'reported',
  acceptedMs: T0,
  endedMs: T0 + 32_000,
  xmppId: 'm1',
  xmppFrom: 'alice@example.org/x',
  xmppTo: 'bob@example.net',
  callId: 'c2',
  fromTag: 't2',
  cseq: 2,
  sipFrom: 'sip:alice@example.org',
  requestUri: 'sip:bob@example.net',
  target: 'UDP 10.0.0.5 5060',
  attempts: 2,
  status: 404,
  condition: 'item-not-found',
  text: 'Not Found',
};

const NO_CALLS = { ask: () => assert.fail('a question about a call') };
const NO_PRESENCE = { ask: () => assert.fail('presence was asked for') };

const lines = (record: LedgerRecord, more: Partial<TellableMessage> = {}): string[] =>
  explainMessage({ record, state: undefined, sinceMs: undefined, waitsFor: undefined, ...more });

describe('one message in words', () => {
  test('from SIP', () => {
    assert.deepEqual(lines({ ...ACCEPTED, failedMs: T0 + 500, failure: 'gone' }), [
      'SIP to XMPP',
      '  from      sip:bob@example.net  (bob@example.net)',
      '  to        sip:alice@example.org  (alice@example.org)',
      '  in XMPP   id s1x-a',
      '  in SIP    Call-ID c1, CSeq 3, tag t1',
      '  came      2026-11-23T02:44:10Z',
      '  ended     2026-11-23T02:44:10.012Z, after 12 ms',
      '  outcome   accepted: the XMPP server has it; the SIP sender was answered 202 Accepted',
      '  failed    2026-11-23T02:44:10.500Z: an error came after the outcome: gone',
    ]);
  });

  test('from XMPP', () => {
    assert.deepEqual(lines(REPORTED), [
      'XMPP to SIP',
      '  from      alice@example.org/x  (sip:alice@example.org)',
      '  to        bob@example.net  (sip:bob@example.net)',
      '  in XMPP   id m1',
      '  in SIP    Call-ID c2, CSeq 2, tag t2',
      '  came      2026-11-23T02:44:10Z',
      '  ended     2026-11-23T02:44:42Z, after 32000 ms',
      '  target    UDP 10.0.0.5 5060, request 2',
      '  outcome   reported: the SIP side answered 404 Not Found; the error for its sender is item-not-found, "Not Found"',
    ]);
  });

  const outcomes: [LedgerOutcome, Partial<LedgerRecord>, string][] = [
    [
      'refused',
      { status: 404, condition: 'item-not-found', text: 'x' },
      'refused: the XMPP side answered item-not-found, "x"; the SIP sender was answered 404 Not Found',
    ],
    [
      'rejected',
      { status: 480, clause: 'ERR-G2' },
      'rejected: the gateway refused it; the SIP sender was answered 480 Temporarily Unavailable (ERR-G2)',
    ],
    [
      'unconfirmed',
      { status: 503, clause: 'ERR-G1' },
      'unconfirmed: the XMPP server did not confirm it; the SIP sender was answered 503 Service Unavailable (ERR-G1)',
    ],
    [
      'nothing',
      { status: 200 },
      'nothing: there was nothing in it for the XMPP side; the SIP sender was answered 200 OK',
    ],
    [
      'delivered',
      { status: 200 },
      'delivered: the recipient’s client has it; the SIP sender was answered 200 OK',
    ],
  ];
  for (const [outcome, more, wanted] of outcomes) {
    test(`from SIP: ${outcome}`, () => {
      const record: LedgerRecord = { ...ACCEPTED, outcome, ...more };
      assert.ok(lines(record).includes(`  outcome   ${wanted}`), lines(record).join('\n'));
    });
  }

  test('from XMPP: delivered, nothing, and refused before it came to SIP', () => {
    const told = (more: Partial<LedgerRecord>): string | undefined =>
      lines({ ...REPORTED, text: undefined, ...more }).find((line) => line.includes('outcome'));
    assert.equal(
      told({ outcome: 'delivered', status: 200 }),
      '  outcome   delivered: the SIP side answered 200 OK',
    );
    assert.equal(
      told({ outcome: 'nothing' }),
      '  outcome   nothing: there was nothing in it for the SIP side',
    );
    assert.equal(
      told({ status: undefined, clause: 'IM-30', condition: 'policy-violation' }),
      '  outcome   reported: it did not reach the SIP side; the error for its sender is policy-violation (IM-30)',
    );
  });

  test('open: the state, since when, and what it waits for', () => {
    const open = lines(
      { ...ACCEPTED, outcome: 'open', endedMs: undefined, status: undefined },
      { state: 'written', sinceMs: T0 + 1, waitsFor: 'the acknowledgement of the XMPP server' },
    );
    assert.equal(
      open.at(-1),
      '  outcome   open: written since 2026-11-23T02:44:10.001Z, waits for the acknowledgement of the XMPP server',
    );
    assert.ok(!open.some((line) => line.includes('ended')));
  });

  test('what others wrote cannot move the cursor', () => {
    const [, , , id] = lines({ ...ACCEPTED, xmppId: 'a\u001b[2Jb\n\u202ec' });
    assert.equal(id, '  in XMPP   id a\\u{1b}[2Jb\\u{a}\\u{202e}c');
  });
});

describe('the command', () => {
  let server: AdminServer | undefined;
  afterEach(async () => {
    await server?.close();
    server = undefined;
  });

  async function serve(routes: AdminRoutes): Promise<void> {
    server = await startAdmin({ path: join(folder, 'sock') }, routes, silentLog);
  }

  function ledger(settings: LedgerSettings): Ledger {
    const time = new VirtualTime(T0);
    const env = {
      clock: time,
      timers: time.timers,
      random: new SecureRandom(),
      log: silentLog,
      counters: new Counters(),
    };
    return new Ledger(env, settings);
  }

  async function ask(
    id: string | undefined,
    options: { json?: boolean; text?: string } = {},
  ): Promise<FakeTerminal & { status: number }> {
    const terminal = fakeTerminal({ [FILE]: options.text ?? `${TEXT}admin: unix:sock\n` });
    const status = await message({ config: FILE, id, json: options.json ?? false }, terminal);
    return { ...terminal, status };
  }

  test('found: exit 0, a block each, newest first', async () => {
    const book = ledger({ rows: 100, hours: 1 });
    book.add({ ...ACCEPTED, xmppId: 'x1' });
    book.add({ ...ACCEPTED, xmppId: 'x2' });
    await serve(adminRoutes({ ledger: book, presence: NO_PRESENCE, calls: NO_CALLS }));
    const { status, output, errors } = await ask('c1');
    assert.deepEqual([status, errors], [0, []]);
    assert.deepEqual(
      output.filter((line) => line === '' || line.includes('in XMPP')),
      ['  in XMPP   id x2', '', '  in XMPP   id x1'],
    );
  });

  test('more than 50: how many are not shown', async () => {
    const book = ledger({ rows: 100, hours: 1 });
    for (let n = 0; n < 60; n++) book.add(ACCEPTED);
    await serve(adminRoutes({ ledger: book, presence: NO_PRESENCE, calls: NO_CALLS }));
    assert.equal((await ask('c1')).output.at(-1), '\n10 older ones are not shown');
  });

  test('--json: the answer as it is', async () => {
    const book = ledger({ rows: 100, hours: 1 });
    book.add(ACCEPTED);
    await serve(adminRoutes({ ledger: book, presence: NO_PRESENCE, calls: NO_CALLS }));
    const { status, output } = await ask('c1', { json: true });
    assert.equal(status, 0);
    assert.deepEqual(JSON.parse(output.join('')), { kept: true, messages: [ACCEPTED], older: 0 });
    const none = await ask('c9', { json: true });
    assert.deepEqual(
      [none.status, JSON.parse(none.output.join(''))],
      [1, { kept: true, messages: [], older: 0 }],
    );
  });

  test('not found: exit 1, and why that may be', async () => {
    await serve(
      adminRoutes({ ledger: ledger({ rows: 100, hours: 1 }), presence: NO_PRESENCE, calls: NO_CALLS }),
    );
    const { status, output, errors } = await ask('c1');
    assert.deepEqual([status, output], [1, []]);
    assert.match(errors.join(), /^no message with the identifier c1 is in the ledger/);
    await server?.close();
    await serve(adminRoutes({ ledger: ledger('off'), presence: NO_PRESENCE, calls: NO_CALLS }));
    assert.match((await ask('c1')).errors.join(), /ledger: off/);
  });

  test('totals', async () => {
    const book = ledger('off');
    book.countedBy('sip_to_xmpp', 'accepted', () => 12);
    book.countedBy('xmpp_to_sip', 'reported', () => 3);
    await serve(adminRoutes({ ledger: book, presence: NO_PRESENCE, calls: NO_CALLS }));
    const { status, output } = await ask(undefined);
    assert.equal(status, 0);
    assert.deepEqual(output, [
      'since 2026-11-23T02:44:10Z',
      'SIP to XMPP  accepted              12',
      'XMPP to SIP  reported               3',
    ]);
  });

  test('no gateway runs, or not with this file: exit 2, and the reason', async () => {
    const { status, output, errors } = await ask('c1');
    assert.deepEqual([status, output], [2, []]);
    assert.match(errors.join(), /cannot be asked through .*sock: there is no such socket/);
  });

  test('no `admin` in the file: exit 2, and which key to add', async () => {
    const { status, errors } = await ask('c1', { text: TEXT });
    assert.equal(status, 2);
    assert.match(errors.join(), /add "admin: unix:stoxgate\.sock"/);
  });

  test('an unusable file: exit 2 with its findings', async () => {
    const { status, errors } = await ask('c1', { text: `${TEXT}admin: stoxgate.sock\n` });
    assert.equal(status, 2);
    assert.match(errors.join(), /s\.yaml:3:8: admin: must look like unix:PATH/);
  });

  test('a gateway that does not know the question, or has a fault: exit 2', async () => {
    await serve(new Map());
    assert.match((await ask('c1')).errors.join(), /did not answer: no such question/);
    assert.equal((await ask(undefined)).status, 2);
  });
});
