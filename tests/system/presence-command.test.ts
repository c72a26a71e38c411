// `stoxgate presence` against whole gateways: both directions, in the states in which an operator asks.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AnswerFields } from '../../src/cli/answer-fields.ts';
import { explainPresence } from '../../src/cli/presence-text.ts';
import { freePort } from '../peers/ports.ts';
import { header, parameter, type SipText } from '../peers/sip-text.ts';
import { Notifier } from './notifier.ts';
import { pidf } from './presence-rig.ts';
import { pause, Rig, type RigOptions } from './rig.ts';
import { unique } from './sip-peer.ts';

const JULIET = 'juliet@example.com';
const ROMEO = 'romeo@example.net';
const TIME = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z`;

interface Told {
  readonly status: number;
  readonly body: object;
  readonly text: string;
}

/** As the command asks: through the route, by JSON. */
async function ask(rig: Rig, watcher: string, contact: string): Promise<Told> {
  const route = rig.gateway.admin.get('presence') ?? assert.fail('no such question');
  const { status, body } = await route([watcher, contact]);
  const read: unknown = JSON.parse(JSON.stringify(body));
  return { status, body, text: explainPresence(new AnswerFields(read)).join('\n') };
}

/** Asks until the answer is so: what was sent is on its way. */
async function until(rig: Rig, watcher: string, contact: string, wanted: RegExp): Promise<Told> {
  let told = await ask(rig, watcher, contact);
  for (let i = 0; i < 1000 && !wanted.test(told.text); i++) {
    await pause(5);
    told = await ask(rig, watcher, contact);
  }
  assert.match(told.text, wanted);
  return told;
}

async function withRig(options: RigOptions, act: (rig: Rig) => Promise<void>): Promise<void> {
  // The handles of the process are counted from here on.
  await pause(20);
  const rig = await Rig.start({ mayHold: MAY_HOLD, ...options });
  let failed = true;
  try {
    await act(rig);
    failed = false;
  } finally {
    if (failed) await rig.stop().catch(() => undefined);
    else await rig.stop();
  }
}

/** The tests end where the answer was given; what is open ends with the gateway. */
const MAY_HOLD = [
  ...['presence_watchers', 'presence_contacts', 'presence_unsent', 'served_subscriptions', 'subscriptions'],
  ...['client_transactions', 'server_transactions', 'error_reports', 'presence_errors'],
];

describe('an XMPP user watches a SIP contact', () => {
  async function play(act: (rig: Rig, notifier: Notifier) => Promise<void>): Promise<void> {
    const port = await freePort();
    const notifier = await Notifier.open();
    const sip = {
      listen: [`udp://127.0.0.1:${port}`],
      next_hops: { 'example.net': `sip:127.0.0.1:${notifier.port};transport=udp;lr` },
    };
    try {
      await withRig({ sip }, (rig) => act(rig, notifier));
    } finally {
      await notifier.close();
    }
  }

  const write = (rig: Rig, type: string): void =>
    rig.xmpp.write(`<presence type='${type}' from='${JULIET}' to='${ROMEO}' id='${type}1'/>`);

  test('from pending to active; by either name of each', () =>
    play(async (rig, notifier) => {
      write(rig, 'subscribe');
      const subscribe = await notifier.subscribe();
      const callId = header(subscribe, 'call-id');
      assert.equal(await notifier.notify(subscribe, { state: 'pending;expires=3600' }), 200);
      const pending = await until(
        rig,
        JULIET,
        ROMEO,
        new RegExp(`^  state     pending since ${TIME}, by: NOTIFY pending$`, 'm'),
      );
      assert.equal(pending.status, 200);
      assert.match(pending.text, /^ {2}means {5}.*the contact has not decided; nothing is shown$/m);
      const state = 'active;expires=3600';
      const body = pidf('orchard=away', '!work');
      assert.equal(
        await notifier.notify(subscribe, { state, contentType: 'application/pidf+xml', body }),
        200,
      );
      for (const [watcher, contact] of [
        [JULIET, ROMEO],
        ['sip:juliet@example.com', 'sip:romeo@example.net'],
        [`${JULIET}/balcony`, 'pres:romeo@example.net'],
      ] as const) {
        const { status, text } = await until(rig, watcher, contact, /^ {2}state {5}active since/m);
        assert.equal(status, 200);
        const wanted = [
          `^juliet@example\\.com  \\(sip:juliet@example\\.com\\) on XMPP\nwatches sip:romeo@example\\.net  \\(romeo@example\\.net\\) on SIP$`,
          `^  link      example\\.net: up since ${TIME}$`,
          `^  means     authorized; he is shown what the contact’s side says$`,
          `^  resource  orchard: available, away$`,
          `^  resource  work: unavailable$`,
          `^  SIP       subscribing$`,
          `^  dialog    active, Call-ID ${callId}; with sip:notifier@127\\.0\\.0\\.1:${notifier.port}; asked 3600 s, granted 3600 s; expires ${TIME}; refresh ${TIME}; the last SUBSCRIBE: 200 OK; the last NOTIFY ${TIME}, answered 200 OK$`,
          '^The other way round nobody watches\\.$',
        ];
        for (const line of wanted) assert.match(text, new RegExp(line, 'm'));
      }
    }));

  test('what the phone wrote cannot turn the line round', () =>
    play(async (rig, notifier) => {
      write(rig, 'subscribe');
      const subscribe = await notifier.subscribe();
      const note = '<note>a\u202eb</note>';
      const body = pidf('orchard').replace('</tuple>', `${note}</tuple>`);
      assert.equal(await notifier.notify(subscribe, { contentType: 'application/pidf+xml', body }), 200);
      const { text } = await until(rig, JULIET, ROMEO, /orchard: available/);
      assert.match(text, /^ {2}resource {2}orchard: available, "a\\u\{202e\}b"/m);
    }));

  test('the link is down: nothing is told, and why', () =>
    play(async (rig, notifier) => {
      write(rig, 'subscribe');
      const subscribe = await notifier.subscribe();
      await until(rig, JULIET, ROMEO, /state {5}neutral/);
      await rig.xmpp.close();
      await rig.unlinked();
      const body = pidf('orchard');
      assert.equal(await notifier.notify(subscribe, { contentType: 'application/pidf+xml', body }), 200);
      const { text } = await until(rig, JULIET, ROMEO, /state {5}active/);
      assert.match(
        text,
        /^ {2}link {6}example\.net: .* since .*; nothing comes from or goes to the XMPP side$/m,
      );
      assert.match(text, /^ {2}to tell {3}subscribed, .*; presence, when the link is up$/m);
    }));

  test('refused by the contact’s side: he watches no more', () =>
    play(async (rig, notifier) => {
      notifier.answer = () => 403;
      notifier.fields = () => [];
      write(rig, 'subscribe');
      await notifier.subscribe();
      await until(
        rig,
        JULIET,
        ROMEO,
        /^ {2}nothing {3}juliet@example\.com does not watch romeo@example\.net: /m,
      );
      const { status, text } = await ask(rig, JULIET, ROMEO);
      assert.equal(status, 404);
      assert.match(text, /^ {2}link {6}example\.net: up since/m);
    }));

  test('503: how it ended, and when it is asked again', () =>
    play(async (rig, notifier) => {
      notifier.answer = () => 500;
      notifier.fields = () => [];
      write(rig, 'subscribe');
      await notifier.subscribe();
      const { text } = await until(rig, JULIET, ROMEO, /^ {2}SIP {7}waiting; asks again/m);
      assert.match(
        text,
        new RegExp(`^  SIP       waiting; asks again ${TIME}; failed 1 times in a row$`, 'm'),
      );
      assert.match(text, new RegExp(`^  last end  ${TIME}: SUBSCRIBE was answered 500 `, 'm'));
    }));
});

describe('a SIP user watches an XMPP contact', () => {
  const subscribe = (rig: Rig): Promise<SipText> =>
    rig.sip.ask(
      {
        method: 'SUBSCRIBE',
        callId: unique('call'),
        fromTag: unique('t'),
        headers: [
          ['Event', 'presence'],
          ['Contact', `<sip:romeo@127.0.0.1:${rig.sip.port}>`],
          ['Accept', 'application/pidf+xml'],
          ['Expires', '3600'],
        ],
      },
      rig.port,
    );

  test('asking, then open with the resources of the contact; and the other way round', () =>
    withRig({}, async (rig) => {
      const answer = await subscribe(rig);
      assert.ok(parameter(header(answer, 'to'), 'tag') !== undefined);
      const callId = header(answer, 'call-id');
      const asking = await until(rig, ROMEO, JULIET, /the last answer: 200 OK/);
      assert.equal(asking.status, 200);
      assert.match(
        asking.text,
        new RegExp(`^  state     asking since ${TIME}, by: a new subscription$`, 'm'),
      );
      assert.match(
        asking.text,
        new RegExp(
          `^  dialog    pending, Call-ID ${callId}; with sip:romeo@127\\.0\\.0\\.1:${rig.sip.port}; expires ${TIME}; he was told everything; the last NOTIFY ${TIME}; the last answer: 200 OK$`,
          'm',
        ),
      );
      rig.xmpp.write(`<presence from='${JULIET}' to='${ROMEO}' type='subscribed'/>`);
      const settling = await until(rig, ROMEO, JULIET, /^ {2}state {5}settling since/m);
      assert.match(settling.text, new RegExp(`^  waits     until ${TIME}$`, 'm'));
      rig.xmpp.write(
        `<presence from='${JULIET}/balcony' to='${ROMEO}'><show>dnd</show><status>asleep</status><priority>3</priority></presence>`,
      );
      const open = await until(
        rig,
        'sip:romeo@example.net',
        'sip:juliet@example.com',
        /^ {2}state {5}open since/m,
      );
      assert.match(
        open.text,
        new RegExp(`^  resource  balcony: available, dnd, "asleep", priority 3; came ${TIME}$`, 'm'),
      );
      assert.match(open.text, /^sip:romeo@example\.net {2}\(romeo@example\.net\) on SIP$/m);
      const other = await ask(rig, JULIET, ROMEO);
      assert.equal(other.status, 404);
      assert.match(other.text, /^ {2}nothing {3}juliet@example\.com does not watch romeo@example\.net/m);
      assert.match(other.text, /The other way round:\n {2}state {5}open since/);
      // The link goes: what is held counts only if it is heard of again.
      await rig.xmpp.close();
      await rig.unlinked();
      const { text } = await ask(rig, ROMEO, JULIET);
      assert.match(text, /^ {2}link {6}example\.net: .*nothing comes from or goes to the XMPP side$/m);
      await rig.xmpp.listen();
      await rig.linked();
      const unsure = await until(rig, ROMEO, JULIET, /^ {2}state {5}unsure since/m);
      assert.match(unsure.text, /by: the link came up$/m);
      assert.match(unsure.text, /^ {2}resource {2}balcony: .*; counts only if it is heard of again$/m);
    }));
});

describe('questions that make no sense', () => {
  test('an address that no rule covers 404; none at all, two of one side, a wrong number 400', () =>
    withRig({}, async (rig) => {
      const none = await ask(rig, JULIET, 'a@nowhere.example');
      assert.equal(none.status, 404);
      assert.match(none.text, /^a@nowhere\.example: no rule .* covers nowhere\.example/);
      const both = await ask(rig, JULIET, 'tybalt@example.com');
      assert.deepEqual(
        [both.status, both.body],
        [400, { error: 'both are at home on the XMPP side: the gateway carries no presence between them' }],
      );
      assert.equal((await ask(rig, 'sip:', ROMEO)).status, 400);
      const route = rig.gateway.admin.get('presence');
      for (const args of [[], [JULIET], [JULIET, ROMEO, 'x']])
        assert.equal((await route?.(args))?.status, 400);
    }));

  test('nobody watches: 404, and that', () =>
    withRig({}, async (rig) => {
      const { status, text } = await ask(rig, ROMEO, JULIET);
      assert.equal(status, 404);
      assert.match(
        text,
        /^ {2}nothing {3}sip:romeo@example\.net does not watch sip:juliet@example\.com: no SUBSCRIBE/m,
      );
    }));

  test('no link carries the domain: that is why', () =>
    withRig({ components: () => [], unlinked: true }, async (rig) => {
      const { text } = await ask(rig, ROMEO, JULIET);
      assert.match(
        text,
        /^ {2}link {6}example\.net: there is none; nothing comes from or goes to the XMPP side$/m,
      );
    }));
});
