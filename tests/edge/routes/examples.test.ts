// The scripts of examples/, asked as an operator would test them.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as byDefault from '../../../examples/routes-default.ts';
import * as of2007 from '../../../examples/routes-2007.ts';
import * as irc from '../../../examples/routes-irc.ts';
import {
  loadRoutes,
  messageStanza,
  presenceStanza,
  sipRequest,
  testContext,
  testFailure,
  testResponse,
  testRoutes,
} from '../../../src/edge/routes/index.ts';
import { HOOKS } from '../../../src/policy/index.ts';

const RELAY = { verb: 'relay' };
const TO_SIP = testContext({ direction: 'xmpp-to-sip' });

test('each can be loaded', async () => {
  const folder = fileURLToPath(new URL('../../../examples', import.meta.url));
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts'))) {
    const loaded = await loadRoutes(`${folder}/${file}`);
    assert.deepEqual(loaded.ok, true, file);
  }
});

describe('routes-default.ts', () => {
  test('has every hook, and says what happens without a script', async () => {
    assert.deepEqual(Object.keys(byDefault).toSorted(), [...HOOKS].toSorted());
    const routes = testRoutes(byDefault);
    for (const method of ['MESSAGE', 'SUBSCRIBE', 'PUBLISH'])
      assert.deepEqual(await routes.onSipRequest(sipRequest({ method })), RELAY);
    assert.deepEqual(await routes.onStanza(messageStanza({ body: 'x' })), RELAY);
    assert.deepEqual(await routes.onStanza(presenceStanza()), RELAY);
    assert.deepEqual(await routes.onTranslated(messageStanza()), RELAY);
    assert.deepEqual(await routes.onTranslated(sipRequest()), RELAY);
    assert.deepEqual(await routes.onResponse(testResponse()), RELAY);
    assert.deepEqual(await routes.onFailure(testFailure()), RELAY);
  });
});

describe('routes-2007.ts', () => {
  const nowhere = testContext({ target: undefined, rule: undefined });

  test('a MESSAGE for a domain of the XMPP side goes to the gateway', async () => {
    const routes = testRoutes(of2007);
    assert.deepEqual(await routes.onSipRequest(sipRequest()), RELAY);
    assert.deepEqual(routes.counts, { to_xmpp_message: 1 });
  });
  test('any other is the registrar’s: 302 (RFC 3261 §21.3.3)', async () => {
    const request = sipRequest({ to: 'sip:j%C3%B6rg@example.net' });
    assert.deepEqual(await testRoutes(of2007).onSipRequest(request, nowhere), {
      verb: 'redirect',
      targets: ['sip:j%C3%B6rg@example.net;maddr=proxy.example.net'],
    });
    assert.deepEqual(await testRoutes(of2007).onSipRequest(sipRequest({ to: 'sip:example.net' }), nowhere), {
      verb: 'reject',
      status: 404,
      text: 'Nobody of that name',
    });
  });
  test('no hop left: 483; a Route that leads further: 404', async () => {
    const routes = testRoutes(of2007);
    const further = sipRequest({ headers: { Route: '<sip:gw.example;lr>', route: '<sip:next.example;lr>' } });
    assert.deepEqual(await routes.onSipRequest(further), {
      verb: 'reject',
      status: 404,
      text: 'Not the last hop of this route',
    });
    assert.deepEqual(
      await routes.onSipRequest(sipRequest({ headers: { Route: '<sip:gw.example;lr>' } })),
      RELAY,
    );
    const spent = sipRequest({ maxForwards: 0 });
    assert.deepEqual(await routes.onSipRequest(spent), {
      verb: 'reject',
      status: 483,
      text: 'Too Many Hops',
    });
  });
  test('from XMPP: only to domains of the SIP side', async () => {
    const routes = testRoutes(of2007);
    assert.deepEqual(await routes.onStanza(messageStanza({ body: 'x' })), RELAY);
    assert.deepEqual(await routes.onStanza(messageStanza({ body: 'x' }), nowhere), {
      verb: 'reject',
      condition: 'item-not-found',
      text: 'No such SIP domain',
    });
  });
  test('who is not there has his message in the store, once', async () => {
    const routes = testRoutes(of2007);
    const stored = { verb: 'rewrite', changes: { to: 'sip:bob@store.example.net' } };
    for (const status of [404, 408, 410, 480])
      assert.deepEqual(await routes.onFailure(testFailure({ status }), TO_SIP), stored);
    assert.deepEqual(routes.counts, { to_offline_store: 4 });
    assert.equal(routes.logged[0]?.message, 'stored');
    const again = testFailure({ status: 480, requestUri: 'sip:bob@store.example.net' });
    assert.deepEqual(await routes.onFailure(again, TO_SIP), RELAY);
    assert.deepEqual(await routes.onFailure(testFailure({ status: 403 }), TO_SIP), RELAY);
    assert.deepEqual(await routes.onFailure(testFailure({ status: 480 }), testContext()), RELAY);
  });
});

describe('stoxgate/testing itself', () => {
  test('refuses what the gateway would not load', () => {
    assert.throws(
      () => testRoutes({ onStanzas: () => undefined }),
      /"onStanzas" is no hook.*did you mean onStanza\?/,
    );
    assert.throws(() => testRoutes({}), /exports no hook/);
  });
  test('shows a script that fails', async () => {
    const routes = testRoutes(
      {
        onStanza: () => Promise.reject(new Error('down')),
        onSipRequest: () => new Promise(() => undefined),
        onResponse: () => 5,
      },
      { deadlineMs: 20 },
    );
    assert.deepEqual(await routes.onStanza(messageStanza()), { verb: 'failed', error: 'down' });
    assert.deepEqual(await routes.onSipRequest(sipRequest()), {
      verb: 'failed',
      error: 'no answer within 20 ms',
    });
    assert.deepEqual(await routes.onResponse(testResponse()), {
      verb: 'failed',
      error: 'onResponse returned 5; it returns what a verb made, or nothing',
    });
  });
  test('what a hook is given is frozen', () => {
    const { source, sender, target, rule } = testContext();
    for (const part of [testContext(), source, sender, target, rule, testFailure(), testResponse()])
      assert.ok(Object.isFrozen(part));
  });
});

describe('routes-irc.ts', () => {
  const rule = { home: 'xmpp', sip: 'irc.example.org', xmpp: 'irc.example.org' } as const;
  const to = (xmpp: string): ReturnType<typeof testContext> =>
    testContext({ target: { sip: 'sip:x@irc.example.org', xmpp }, rule });

  const rows = [
    // RFC 2812 §1.3: the four kinds of channels.
    ['#chat%irc.example.net@irc.example.org', 'reject'],
    ['+chat%irc.example.net@irc.example.org', 'reject'],
    ['!chat%irc.example.net@irc.example.org', 'reject'],
    ['\\26chat%irc.example.net@irc.example.org', 'reject'],
    // Somebody in a channel is a nick; so is what no channel begins with.
    ['#chat%irc.example.net@irc.example.org/ivy', 'relay'],
    ['ivy%irc.example.net@irc.example.org', 'relay'],
    ['i#vy%irc.example.net@irc.example.org', 'relay'],
    // Elsewhere it is a name as any other.
    ['#1@example.org', 'relay'],
    ['#1@irc-example.org', 'relay'],
    ['irc.example.org', 'relay'],
  ] as const;
  for (const [jid, verb] of rows) {
    test(`a message to ${jid}: ${verb}`, async () => {
      const routes = testRoutes(irc);
      assert.equal((await routes.onSipRequest(sipRequest(), to(jid))).verb, verb);
      assert.deepEqual(routes.counts, verb === 'reject' ? { to_channel: 1 } : {});
    });
  }
  test('nobody of ours is meant: as without a script', async () => {
    const nowhere = testContext({ target: undefined, rule: undefined });
    assert.deepEqual(await testRoutes(irc).onSipRequest(sipRequest(), nowhere), RELAY);
  });
  test('XMPP to SIP: a line of a channel of IRC is dropped, and nothing else', async () => {
    const from = '#chat%irc.example.net@irc.example.org/ivy';
    const verb = async (parts: Parameters<typeof messageStanza>[0]): Promise<string> =>
      (await testRoutes(irc).onStanza(messageStanza(parts), TO_SIP)).verb;
    assert.equal(await verb({ from, type: 'groupchat' }), 'drop');
    assert.equal(await verb({ from, type: 'chat' }), 'relay');
    assert.equal(await verb({ from: 'room@rooms.example.org/ivy', type: 'groupchat' }), 'relay');
  });
});
