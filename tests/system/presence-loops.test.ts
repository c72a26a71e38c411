// Presence through two gateways back to back: what goes through both arrives once, and what circles stops by itself.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serialize, type XmlElement } from '../../src/xml/index.ts';
import { freePort } from '../peers/ports.ts';
import { component, pause, Rig, type RigOptions } from './rig.ts';

const ALICE = 'alice@a.example';
const BOB = 'bob@b.example';

type Rule = Readonly<Record<string, string>>;

/** Two gateways, each the other's only next hop. */
async function pair(
  first: { domains: readonly Rule[]; component: string },
  second: { domains: readonly Rule[]; component: string },
  mayHold: readonly string[] = [],
): Promise<readonly [Rig, Rig]> {
  const ports = [await freePort(), await freePort()];
  await pause(20);
  const options = (own: typeof first, i: number): RigOptions => ({
    domains: own.domains,
    mayHold,
    sip: {
      listen: [`udp://127.0.0.1:${ports[i]}`],
      next_hops: { '*': `sip:127.0.0.1:${ports[1 - i]};transport=udp;lr` },
    },
    components: (port) => [component(own.component, port)],
  });
  return [await Rig.start(options(first, 0)), await Rig.start(options(second, 1))];
}

/** Stanzas and requests of both, so far. */
function work(...rigs: readonly Rig[]): number {
  return rigs.reduce(
    (sum, rig) =>
      sum +
      rig.xmpp.stanzas.all.length +
      rig.counter('stoxgate_sip_subscribe_served_total') +
      rig.counter('stoxgate_sip_notify_sent_total'),
    0,
  );
}

/** Nothing happens any more for a second; gives how much had. */
async function quiet(...rigs: readonly Rig[]): Promise<number> {
  for (let turn = 0, before = -1; turn < 20; turn++) {
    const now = work(...rigs);
    if (now === before) return now;
    before = now;
    await pause(1000);
  }
  return assert.fail('it does not stop');
}

const presence = (from: string, to: string, type = '', children = ''): string =>
  `<presence from='${from}' to='${to}'${type === '' ? '' : ` type='${type}'`}>${children}</presence>`;

/** The server of somebody who agrees, and is there. */
function agreeable(rig: Rig, show: () => string): void {
  rig.xmpp.react = (stanza) => {
    const from = stanza.attr('to') ?? '';
    const to = stanza.attr('from') ?? '';
    const here = presence(`${from}/home`, to, '', show());
    if (stanza.attr('type') === 'subscribe') return presence(from, to, 'subscribed') + here;
    return stanza.attr('type') === 'probe' ? here : undefined;
  };
}

function told(rig: Rig, to: string): string[] {
  return rig.xmpp.stanzas.all
    .filter((stanza) => stanza.attr('to') === to)
    .map((stanza) => stanza.attr('type') ?? stanza.child('show')?.text() ?? 'available');
}

async function stopAll(rigs: readonly Rig[], failed: boolean): Promise<void> {
  for (const rig of rigs) {
    if (failed) await rig.stop().catch(() => undefined);
    else await rig.stop();
  }
}

test('two users on either side of both watch each other: each hears each change once', async () => {
  const sip = (domain: string): Rule => ({ home: 'sip', sip: domain, xmpp: domain });
  const xmpp = (domain: string): Rule => ({ home: 'xmpp', sip: domain, xmpp: domain });
  const rigs = await pair(
    { domains: [sip('b.example'), xmpp('a.example')], component: 'b.example' },
    { domains: [sip('a.example'), xmpp('b.example')], component: 'a.example' },
  );
  const [a, b] = rigs;
  let failed = true;
  try {
    let show = '<show>away</show>';
    agreeable(a, () => show);
    agreeable(b, () => show);
    a.xmpp.write(presence(ALICE, BOB, 'subscribe'));
    b.xmpp.write(presence(BOB, ALICE, 'subscribe'));
    for (const [rig, user] of [
      [a, ALICE],
      [b, BOB],
    ] as const) {
      await rig.until(`${user} is told`, () => told(rig, user).includes('away'));
      assert.ok(told(rig, user).includes('subscribed'));
    }
    assert.ok((await quiet(a, b)) <= 40, 'as much as two users and a few notifications need');
    // The five seconds between two notifications are over.
    await pause(4000);
    const before = told(b, BOB).length;
    show = '<show>dnd</show>';
    a.xmpp.write(presence(`${ALICE}/home`, BOB, '', show));
    await b.until('bob is told', () => told(b, BOB).length > before);
    await quiet(a, b);
    assert.deepEqual(told(b, BOB).slice(before), ['dnd']);
    assert.ok(!told(a, ALICE).includes('dnd'), 'it does not come back');
    a.xmpp.write(presence(ALICE, BOB, 'unsubscribe'));
    b.xmpp.write(presence(BOB, ALICE, 'unsubscribe'));
    await a.until('nobody watches', () => a.held('presence_watchers') + b.held('presence_watchers') === 0);
    await a.until('nor is watched', () => a.held('presence_contacts') + b.held('presence_contacts') === 0);
    await quiet(a, b);
    failed = false;
  } finally {
    await stopAll(rigs, failed);
  }
});

/** What circles: what one gateway takes to SIP the other one takes back to the same XMPP server. */
for (const [what, back, most] of [
  ['addresses that stay the same', { home: 'sip', sip: 'a.example', xmpp: 'c.example' }, 20],
  ['addresses that grow with each turn', { home: 'sip', sip: '*', xmpp: 'c.example' }, 600],
] as const) {
  test(`a circle through both and the XMPP server, with ${what}: it stops`, async () => {
    const here = (domain: string): Rule => ({ home: 'xmpp', sip: domain, xmpp: domain });
    const circle: Rule = { home: 'sip', sip: 'loop.example', xmpp: 'loop.example' };
    const own: Rule = { home: 'sip', sip: 'c.example', xmpp: 'c.example' };
    const rigs = await pair(
      { domains: [circle, here('a.example'), here('c.example')], component: 'loop.example' },
      { domains: [here('loop.example'), back, ...(back.sip === '*' ? [] : [own])], component: 'c.example' },
      ['presence_watchers', 'presence_contacts', 'served_subscriptions', 'subscriptions', 'presence_unsent'],
    );
    const [a, b] = rigs;
    let failed = true;
    try {
      // One server has both components: what is for the other's domain goes to the other.
      const route = (stanza: XmlElement): undefined => {
        const to = stanza.attr('to') ?? '';
        const link = /@loop\.example/.test(to) ? a : /@c\.example/.test(to) ? b : undefined;
        const text = serialize(stanza);
        if (link !== undefined) setImmediate(() => link.xmpp.write(text));
      };
      a.xmpp.react = route;
      b.xmpp.react = route;
      a.xmpp.write(presence(ALICE, 'x@loop.example', 'subscribe'));
      a.xmpp.write(presence(`${ALICE}/home`, 'x@loop.example'));
      await a.until('it has gone round', () => b.xmpp.stanzas.all.length > 0);
      const turns = await quiet(a, b);
      assert.ok(turns <= most, `${turns} stanzas and requests`);
      a.xmpp.write(presence(`${ALICE}/home`, 'x@loop.example', 'unavailable'));
      a.xmpp.write(presence(ALICE, 'x@loop.example', 'unsubscribe'));
      assert.ok((await quiet(a, b)) <= most + turns);
      failed = false;
    } finally {
      await stopAll(rigs, failed);
    }
  });
}
