// `stoxgate presence` against an admin socket, and what it says of each state.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, test } from 'node:test';
import { Counters, SecureRandom, silentLog, VirtualTime } from '../../src/base/index.ts';
import { AnswerFields } from '../../src/cli/answer-fields.ts';
import { presence } from '../../src/cli/presence.ts';
import { explainPresence } from '../../src/cli/presence-text.ts';
import { startAdmin, type AdminAnswer, type AdminServer } from '../../src/edge/admin/index.ts';
import { adminRoutes } from '../../src/gateway/admin-routes.ts';
import { Ledger } from '../../src/gateway/messages/ledger.ts';
import type { ContactStatus } from '../../src/gateway/presence/contact-status.ts';
import type { PresenceAnswer } from '../../src/gateway/presence/presence-answer.ts';
import type { WatchStatus } from '../../src/gateway/presence/watch-status.ts';
import { fakeTerminal, type FakeTerminal } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'stoxgate-presence-'));
after(() => rmSync(folder, { recursive: true }));
const FILE = join(folder, 's.yaml');
const TEXT =
  'domains: [{ home: sip, sip: example.net, xmpp: example.net }]\nsip: { trusted: [127.0.0.1] }\nadmin: unix:sock\n';

const T0 = Date.UTC(2026, 10, 23, 2, 44, 10);
const at = (seconds: number): number => T0 + seconds * 1000;

const WATCH: WatchStatus = {
  state: 'active',
  by: 'notifyActive',
  sinceMs: T0,
  authorization: 'authorized',
  inTurn: false,
  checkMs: undefined,
  heardMs: at(-5),
  online: ['balcony'],
  tells: true,
  due: undefined,
  unsent: false,
  known: true,
  restored: false,
  resources: [
    {
      resource: 'orchard',
      available: true,
      told: true,
      show: 'away',
      status: 'in the garden',
      priority: '5',
    },
  ],
  more: 0,
  fault: undefined,
  lastEnd: undefined,
  subscription: {
    state: 'subscribing',
    failures: 0,
    againMs: undefined,
    dialogs: [
      {
        callId: 'c1',
        localTag: 'a',
        remoteTag: 'b',
        remoteTarget: 'sip:romeo@10.0.0.5',
        state: 'active',
        sending: 'nothing',
        asked: 3600,
        granted: 1800,
        expiresMs: at(1800),
        refreshMs: at(1500),
        notifyByMs: undefined,
        failures: 0,
        answered: 200,
        notifiedMs: at(1),
        notifyStatus: 200,
      },
    ],
  },
};

const CONTACT: ContactStatus = {
  state: 'open',
  by: 'waited',
  sinceMs: T0,
  inTurn: false,
  waitMs: undefined,
  resources: [
    {
      resource: 'balcony',
      receivedMs: at(-1),
      doubted: false,
      show: 'dnd',
      status: undefined,
      priority: undefined,
    },
  ],
  subscriptions: [
    {
      id: 't',
      callId: 'c2',
      contact: 'sip:romeo@10.0.0.7',
      state: 'active',
      expiresMs: at(3600),
      notify: 'idle',
      owed: false,
      failures: 0,
      againMs: undefined,
      notifiedMs: at(2),
      answered: 200,
    },
  ],
  more: { resources: 0, subscriptions: 0 },
  fetches: 0,
};

const JULIET = { home: 'xmpp', jid: 'juliet@example.com', uri: 'sip:juliet@example.com' } as const;
const ROMEO = { home: 'sip', jid: 'romeo@example.net', uri: 'sip:romeo@example.net' } as const;

const ANSWER: PresenceAnswer = {
  watcher: JULIET,
  contact: ROMEO,
  link: { domain: 'example.net', up: true, states: [{ state: 'up', sinceMs: at(-60) }] },
  shown: { machine: 'W', status: WATCH },
  reverse: undefined,
};

function lines(answer: object): string[] {
  const read: unknown = JSON.parse(JSON.stringify(answer));
  return explainPresence(new AnswerFields(read));
}

const watch = (changes: Partial<WatchStatus>): string[] =>
  lines({ ...ANSWER, shown: { machine: 'W', status: { ...WATCH, ...changes } } });

const contact = (changes: Partial<ContactStatus>): string[] =>
  lines({
    ...ANSWER,
    watcher: ROMEO,
    contact: JULIET,
    shown: { machine: 'P', status: { ...CONTACT, ...changes } },
  });

/** The texts of the lines of this name. */
const named = (all: readonly string[], name: string): string[] =>
  all.filter((line) => line.startsWith(`  ${name.padEnd(10)}`)).map((line) => line.slice(12));

describe('the whole of it', () => {
  test('an XMPP user watches a SIP contact', () => {
    assert.deepEqual(lines(ANSWER), [
      'juliet@example.com  (sip:juliet@example.com) on XMPP',
      'watches sip:romeo@example.net  (romeo@example.net) on SIP',
      '  link      example.net: up since 2026-11-23T02:43:10Z',
      '  state     active since 2026-11-23T02:44:10Z, by: NOTIFY active',
      '  means     authorized; he is shown what the contact’s side says',
      '  resource  orchard: available, away, "in the garden", priority 5',
      '  user      last heard of 2026-11-23T02:44:05Z; there with balcony',
      '  SIP       subscribing',
      '  dialog    active, Call-ID c1; with sip:romeo@10.0.0.5; asked 3600 s, granted 1800 s; expires 2026-11-23T03:14:10Z; refresh 2026-11-23T03:09:10Z; the last SUBSCRIBE: 200 OK; the last NOTIFY 2026-11-23T02:44:11Z, answered 200 OK',
      '',
      'The other way round nobody watches.',
    ]);
  });

  test('a SIP user watches an XMPP contact, and the other way round', () => {
    const answer = { ...ANSWER, watcher: ROMEO, contact: JULIET, shown: { machine: 'P', status: CONTACT } };
    assert.deepEqual(lines({ ...answer, reverse: { machine: 'W', status: WATCH } }).slice(0, 10), [
      'sip:romeo@example.net  (romeo@example.net) on SIP',
      'watches juliet@example.com  (sip:juliet@example.com) on XMPP',
      '  link      example.net: up since 2026-11-23T02:43:10Z',
      '  state     open since 2026-11-23T02:44:10Z, by: the time to wait was over',
      '  means     authorized; he is shown what the contact sends',
      '  resource  balcony: available, dnd; came 2026-11-23T02:44:09Z',
      '  dialog    active, Call-ID c2; with sip:romeo@10.0.0.7; expires 2026-11-23T03:44:10Z; he was told everything; the last NOTIFY 2026-11-23T02:44:12Z; the last answer: 200 OK',
      '',
      'The other way round:',
      '  state     active since 2026-11-23T02:44:10Z, by: NOTIFY active',
    ]);
  });
});

describe('what else there may be of machine W', () => {
  const rows: [string, Partial<WatchStatus>, string, string[]][] = [
    ['his turn', { inTurn: true }, 'waits', ['for its turn among others']],
    [
      'the check (PRES-08)',
      { checkMs: at(10) },
      'check',
      ['his server has to say that he is there until 2026-11-23T02:44:20Z'],
    ],
    [
      'due, and a link has it',
      { due: { kind: 'subscribed', placed: true } },
      'to tell',
      ['subscribed, not confirmed by the XMPP server yet'],
    ],
    [
      'due and unsent',
      { due: { kind: 'unsubscribed', placed: false }, unsent: true },
      'to tell',
      ['unsubscribed, which waits for the link; presence, when the link is up'],
    ],
    [
      'nothing known',
      { known: false, resources: [] },
      'known',
      ['nobody has said anything about the contact'],
    ],
    ['a document without tuples', { resources: [] }, 'known', ['the contact’s side named no resource']],
    [
      'restored',
      { restored: true, resources: [{ resource: 'orchard', available: undefined, told: true }] },
      'resource',
      ['orchard: told as available; nothing was heard of it since'],
    ],
    [
      'known and not told',
      {
        resources: [
          { resource: 'a', available: true, told: false },
          { resource: '', available: false, told: true },
          { resource: 'b', available: false, told: false },
        ],
      },
      'resource',
      ['a: available; not told', 'without a name: unavailable; told as available', 'b: unavailable'],
    ],
    ['further resources', { more: 3 }, '', ['and 3 further resources']],
    [
      'a user of whom nothing is told',
      { tells: false, online: [] },
      'user',
      ['last heard of 2026-11-23T02:44:05Z; his server has never told this contact whether he is there'],
    ],
    ['a fault', { fault: 'not-well-formed' }, 'fault', ['the last document was refused: not-well-formed']],
    [
      'an end by NOTIFY',
      { lastEnd: { end: { cause: 'notified', reason: 'probation', retryAfter: 60 }, atMs: T0 } },
      'last end',
      ['2026-11-23T02:44:10Z: NOTIFY terminated, reason probation, Retry-After 60 s'],
    ],
    [
      'an end by a refusal',
      { lastEnd: { end: { cause: 'refused', status: 480 }, atMs: T0 } },
      'last end',
      ['2026-11-23T02:44:10Z: SUBSCRIBE was answered 480 Temporarily Unavailable'],
    ],
    [
      'an end by silence',
      { lastEnd: { end: { cause: 'failed', reason: 'timeout' }, atMs: T0 } },
      'last end',
      ['2026-11-23T02:44:10Z: SUBSCRIBE had no answer: nobody answered in time'],
    ],
    ['no subscription', { subscription: undefined }, 'SIP', ['no subscription']],
    [
      'a pause',
      { subscription: { state: 'waiting', failures: 2, againMs: at(30), dialogs: [] } },
      'SIP',
      ['waiting; asks again 2026-11-23T02:44:40Z; failed 2 times in a row'],
    ],
    ['never in another state', { state: 'none', sinceMs: 0, by: 'restored' }, 'state', ['none']],
  ];
  for (const [name, changes, line, wanted] of rows) {
    test(name, () => assert.deepEqual(named(watch(changes), line), wanted));
  }

  test('a SUBSCRIBE on its way, before there is a dialog', () => {
    const [dialog] = WATCH.subscription?.dialogs ?? [];
    assert.ok(dialog !== undefined);
    const first = {
      ...dialog,
      ...({ state: 'notify_wait', sending: 'initial', granted: undefined, remoteTarget: undefined } as const),
      ...{ remoteTag: undefined, expiresMs: undefined, refreshMs: undefined, notifyByMs: at(32) },
      ...({ answered: 'transport', notifiedMs: undefined, notifyStatus: undefined, failures: 1 } as const),
    };
    const subscription = { state: 'subscribing', failures: 0, againMs: undefined, dialogs: [first] } as const;
    assert.deepEqual(named(watch({ subscription }), 'dialog'), [
      'notify_wait, Call-ID c1; asked 3600 s; a NOTIFY has to come until 2026-11-23T02:44:42Z; SUBSCRIBE (initial) without an answer yet; the last SUBSCRIBE: it could not be sent; failed 1 times in a row',
    ]);
  });
});

describe('what else there may be of machine P', () => {
  const [served] = CONTACT.subscriptions;
  assert.ok(served !== undefined);
  const rows: [string, Partial<ContactStatus>, string, string[]][] = [
    ['a timer', { state: 'asking', by: 'dialog', waitMs: at(2) }, 'waits', ['until 2026-11-23T02:44:12Z']],
    ['his turn', { inTurn: true, waitMs: at(2) }, 'waits', ['for its turn among others']],
    ['nothing held', { resources: [] }, 'known', ['no resource of the contact is available']],
    ['fetches', { fetches: 2 }, 'fetches', ['2 without an answer yet']],
    [
      'further ones',
      { more: { resources: 1, subscriptions: 2 } },
      '',
      ['and 1 further resources', 'and 2 further dialogs'],
    ],
    [
      'doubted',
      {
        resources: [
          { resource: '', receivedMs: T0, doubted: true, show: undefined, status: 'x', priority: undefined },
        ],
      },
      'resource',
      ['without a name: available, "x"; came 2026-11-23T02:44:10Z; counts only if it is heard of again'],
    ],
    [
      'a NOTIFY that failed',
      {
        subscriptions: [
          {
            ...served,
            state: 'pending',
            notify: 'retrying',
            owed: true,
            failures: 3,
            againMs: at(30),
            answered: 'timeout',
          },
        ],
      },
      'dialog',
      [
        'pending, Call-ID c2; with sip:romeo@10.0.0.7; expires 2026-11-23T03:44:10Z; the last NOTIFY failed, and is tried again; another one follows; next NOTIFY 2026-11-23T02:44:40Z; the last NOTIFY 2026-11-23T02:44:12Z; the last answer: nobody answered in time; failed 3 times in a row',
      ],
    ],
  ];
  for (const [name, changes, line, wanted] of rows) {
    test(name, () => assert.deepEqual(named(contact(changes), line), wanted));
  }
});

describe('the link', () => {
  test('down since; and none at all', () => {
    const link = { domain: 'example.net', up: false, states: [{ state: 'waiting', sinceMs: T0 }] };
    assert.deepEqual(named(lines({ ...ANSWER, link }), 'link'), [
      'example.net: waiting since 2026-11-23T02:44:10Z; nothing comes from or goes to the XMPP side',
    ]);
    assert.deepEqual(named(lines({ ...ANSWER, link: { ...link, states: [] } }), 'link'), [
      'example.net: there is none; nothing comes from or goes to the XMPP side',
    ]);
  });
});

test('what others wrote cannot move the cursor or turn the line round', () => {
  const bad = 'a\u001b[2J\n\u202eb';
  const all = [
    ...watch({
      online: [bad],
      fault: bad,
      resources: [
        { resource: bad, available: true, told: true, show: bad, status: bad, priority: bad },
        { resource: bad, available: undefined, told: true },
      ],
    }),
    ...contact({
      resources: [{ resource: bad, receivedMs: T0, doubted: false, show: bad, status: bad, priority: bad }],
      subscriptions: CONTACT.subscriptions.map((each) => ({ ...each, callId: bad, contact: bad })),
    }),
    ...lines({ because: [bad] }),
  ];
  for (const line of all) assert.doesNotMatch(line, /[\p{Cc}\p{Cf}]/u);
  assert.equal(all.filter((line) => line.includes('a\\u{1b}[2J\\u{a}\\u{202e}b')).length, 7);
});

test('an answer that is none is told without a fault', () => {
  for (const body of [{ watcher: 3, shown: 'x', because: 4 }, { watcher: {}, shown: { machine: 'W' } }, {}]) {
    assert.doesNotThrow(() => lines(body));
  }
});

describe('the command', () => {
  let server: AdminServer | undefined;
  afterEach(async () => {
    await server?.close();
    server = undefined;
  });

  async function ask(
    answer: AdminAnswer | undefined,
    json = false,
  ): Promise<FakeTerminal & { status: number; asked: readonly string[] }> {
    let asked: readonly string[] = [];
    const time = new VirtualTime(T0);
    const env = { clock: time, timers: time.timers, random: new SecureRandom(), log: silentLog };
    const routes = adminRoutes({
      ledger: new Ledger({ ...env, counters: new Counters() }, 'off'),
      calls: { ask: () => assert.fail('a question about a call') },
      presence: {
        ask: (args) => {
          asked = args;
          return answer ?? assert.fail('asked');
        },
      },
    });
    server = await startAdmin(
      { path: join(folder, 'sock') },
      answer === undefined ? new Map() : routes,
      silentLog,
    );
    const terminal = fakeTerminal({ [FILE]: TEXT });
    const question = {
      config: FILE,
      watcher: 'juliet@example.com/a',
      contact: 'sip:ro%6deo@example.net',
      json,
    };
    const status = await presence(question, terminal);
    return { ...terminal, status, asked };
  }

  test('he watches him: exit 0; both addresses as they were given', async () => {
    const { status, output, errors, asked } = await ask({ status: 200, body: ANSWER });
    assert.deepEqual([status, errors], [0, []]);
    assert.deepEqual(asked, ['juliet@example.com/a', 'sip:ro%6deo@example.net']);
    assert.deepEqual(output, lines(ANSWER));
  });

  test('--json: the answer as it is', async () => {
    const { status, output } = await ask({ status: 200, body: ANSWER }, true);
    assert.equal(status, 0);
    assert.deepEqual(JSON.parse(output.join('')), JSON.parse(JSON.stringify(ANSWER)));
  });

  test('he does not: exit 1, and why', async () => {
    const body = { ...ANSWER, shown: undefined, because: ['he does not watch him'] };
    const { status, output } = await ask({ status: 404, body });
    assert.equal(status, 1);
    assert.ok(output.includes('  nothing   he does not watch him'), output.join('\n'));
  });

  test('no rule covers an address: exit 1, and that', async () => {
    const { status, output } = await ask({ status: 404, body: { because: ['no rule'] } });
    assert.deepEqual([status, output], [1, ['no rule']]);
  });

  test('a question that makes no sense: exit 2, and why', async () => {
    const { status, output, errors } = await ask({ status: 400, body: { error: 'both on one side' } });
    assert.deepEqual([status, output], [2, []]);
    assert.deepEqual(errors, ['the gateway did not answer: both on one side']);
  });

  test('a gateway that does not know the question: exit 2', async () => {
    const { status, errors } = await ask(undefined);
    assert.equal(status, 2);
    assert.match(errors.join(), /did not answer: no such question/);
  });

  test('no gateway runs: exit 2', async () => {
    const terminal = fakeTerminal({ [FILE]: TEXT });
    const question = { config: FILE, watcher: 'a@b', contact: 'c@d', json: false };
    assert.equal(await presence(question, terminal), 2);
    assert.match(terminal.errors.join(), /there is no such socket/);
  });
});
