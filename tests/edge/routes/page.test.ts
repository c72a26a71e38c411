// Each example of docs/routes.md is loaded as the gateway loads a script, and does what the page says of it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, describe, test } from 'node:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  callStanza,
  loadRoutesOrFail,
  messageStanza,
  presenceStanza,
  sipRequest,
  testContext,
  testFailure,
  testResponse,
  testRoutes,
  type TestedRoutes,
} from '../../../src/edge/routes/index.ts';
import { OCCASIONS } from '../../../src/policy/index.ts';

const page = readFileSync(new URL('../../../docs/routes.md', import.meta.url), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'stoxgate-page-'));
after(() => rmSync(folder, { recursive: true }));

/** The blocks of the page by the name in their first line. */
const blocks = new Map(
  [...page.matchAll(/^```ts\n\/\/ (\w+)\n([\s\S]*?)^```$/gm)].map(([, name = '', text = '']) => [name, text]),
);

const EXPECTED: Readonly<Record<string, (routes: TestedRoutes) => Promise<void>>> = {
  first: async (routes) => {
    assert.deepEqual(await routes.onSipRequest(sipRequest({ body: 'hi' })), { verb: 'relay' });
    assert.deepEqual(await routes.onSipRequest(sipRequest({ body: 'x'.repeat(501) })), {
      verb: 'reject',
      status: 513,
      text: 'Please be brief',
    });
    assert.deepEqual(routes.counts, { too_long: 1 });
  },
  reject: async (routes) => {
    assert.deepEqual(await routes.onStanza(presenceStanza({ from: 'a@elsewhere.example' })), {
      verb: 'reject',
      condition: 'not-allowed',
      text: 'Presence is for our own users',
    });
    assert.deepEqual(await routes.onStanza(presenceStanza()), { verb: 'relay' });
    assert.deepEqual(await routes.onStanza(messageStanza({ from: 'a@elsewhere.example' })), {
      verb: 'relay',
    });
  },
  calls: async (routes) => {
    const rule = { home: 'sip', sip: 'phones.example', xmpp: 'phones.example' } as const;
    const context = testContext({ direction: 'xmpp-to-sip', rule });
    for (const session of [false, true]) {
      const video = callStanza({ session, media: ['audio', 'video'] });
      assert.deepEqual(await routes.onStanza(video, context), {
        verb: 'reject',
        condition: 'not-acceptable',
        text: 'Our phones have no cameras',
      });
      assert.deepEqual(await routes.onStanza(video), { verb: 'relay' });
      assert.deepEqual(await routes.onStanza(callStanza({ session }), context), { verb: 'relay' });
    }
  },
  redirect: async (routes) => {
    assert.deepEqual(await routes.onSipRequest(sipRequest()), {
      verb: 'redirect',
      targets: ['xmpp:ann@new.example'],
    });
    assert.deepEqual(await routes.onSipRequest(sipRequest({ to: 'sip:eve@example.com' })), { verb: 'relay' });
  },
  drop: async (routes) => {
    assert.deepEqual(await routes.onSipRequest(sipRequest({ body: 'Buy now!' })), { verb: 'drop' });
    assert.deepEqual(routes.logged, [
      { message: 'spam', fields: { from: 'sip:bob@example.net', address: '192.0.2.1' } },
    ]);
  },
  rewrite: async (routes) => {
    assert.deepEqual(await routes.onSipRequest(sipRequest({ to: 'sip:100@example.com' })), {
      verb: 'rewrite',
      changes: { to: 'sip:reception@example.com' },
    });
    assert.deepEqual(await routes.onTranslated(sipRequest()), {
      verb: 'rewrite',
      changes: { headers: { 'X-Origin': 'xmpp', subject: null } },
    });
    assert.deepEqual(await routes.onTranslated(messageStanza()), {
      verb: 'rewrite',
      changes: {
        add: ["<no-store xmlns='urn:xmpp:hints'/>"],
        remove: ['{http://jabber.org/protocol/nick}nick'],
      },
    });
  },
  authorize: async (routes) => {
    assert.deepEqual(await routes.onStanza(messageStanza()), { verb: 'relay' });
    assert.deepEqual(await routes.onStanza(messageStanza({ from: 'guest@example.com/x' })), {
      verb: 'reject',
      condition: 'forbidden',
      text: 'Guests may not write to phones',
    });
  },
  ending: async (routes) => {
    assert.deepEqual(await routes.onResponse(testResponse({ outcome: 'accepted', status: 202 })), {
      verb: 'relay',
    });
    assert.deepEqual(routes.counts, { accepted_sip_to_xmpp: 1 });
    assert.deepEqual(await routes.onFailure(testFailure({ status: 480 })), {
      verb: 'rewrite',
      changes: { to: 'sip:mailbox@example.net' },
    });
    assert.deepEqual(await routes.onFailure(testFailure({ status: 480 }), testContext()), { verb: 'relay' });
  },
};

describe('the examples of the page', () => {
  test('each has its test', () => {
    assert.deepEqual(
      [...blocks.keys()].filter((name) => name !== 'testing'),
      Object.keys(EXPECTED),
    );
    assert.equal(page.match(/^```ts$/gm)?.length, blocks.size);
  });
  for (const [name, expect] of Object.entries(EXPECTED)) {
    test(name, async () => {
      const file = join(folder, `${name}.ts`);
      writeFileSync(file, blocks.get(name) ?? '');
      await expect(testRoutes(await loadRoutesOrFail(file)));
    });
  }

  test('testing: it is a test that passes', () => {
    writeFileSync(join(folder, 'routes.ts'), blocks.get('first') ?? '');
    const helper = new URL('../../../src/edge/routes/testing.ts', import.meta.url).href;
    writeFileSync(
      join(folder, 'routes.test.ts'),
      (blocks.get('testing') ?? '').replace("'stoxgate/testing'", `'${helper}'`),
    );
    const { status, stdout } = spawnSync(process.execPath, ['--test', join(folder, 'routes.test.ts')], {
      encoding: 'utf8',
      env: {},
    });
    assert.equal(status, 0, stdout);
    assert.match(stdout, /pass 1\n/);
  });
});

test('the table "Which verb where" is that of the runner', () => {
  const VERBS = ['relay', 'reject', 'redirect', 'drop', 'rewrite'];
  const rows = new Map(
    (page.match(/^\| `on\w+`[^|]*\| yes \|.*$/gm) ?? []).map((line) => {
      const [name = '', ...cells] = line.split('|').slice(1, -1);
      return [name.trim(), VERBS.filter((_, i) => cells[i]?.trim() !== '')];
    }),
  );
  const named = {
    'sip-message': '`onSipRequest`, MESSAGE',
    'sip-request': '`onSipRequest`, SUBSCRIBE, PUBLISH and INVITE',
    message: '`onStanza`, message',
    presence: '`onStanza`, presence',
    call: '`onStanza`, call',
    'stanza-out': '`onTranslated`, to XMPP',
    'request-out': '`onTranslated`, to SIP',
    response: '`onResponse`',
    'failure-to-xmpp': '`onFailure`, to XMPP',
    'failure-to-sip': '`onFailure`, to SIP',
  } as const;
  assert.equal(rows.size, Object.keys(OCCASIONS).length);
  for (const [occasion, name] of Object.entries(named)) {
    const row = Object.entries(OCCASIONS).find(([each]) => each === occasion)?.[1];
    assert.deepEqual(rows.get(name), [...(row?.verbs ?? [])], name);
  }
});
