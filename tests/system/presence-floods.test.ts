// Floods and storms of presence at a whole gateway: each is bounded and answered, nobody else waits for it, and nothing is left
// of it afterwards. Cases that need hours are in presence-life.test.ts and served-notifications.test.ts, in virtual time.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { header, statusOf, type SipText } from '../peers/sip-text.ts';
import { Notifier } from './notifier.ts';
import { parsePidf } from './pidf-text.ts';
import { pidf } from './presence-rig.ts';
import { pause, play, Rig, type RigOptions } from './rig.ts';
import { stateOf } from './serve-rig.ts';
import { textOf, unique, type RequestParts, type SipPeer } from './sip-peer.ts';
import { errorOf } from './xmpp-peer.ts';

const STORM = 2000;
/** At once on the way, so that no socket buffer of the test overflows. */
const WAVE = 100;
const JULIET = 'juliet@example.com';
const ROMEO = 'romeo@example.net';

function subscribeParts(peer: SipPeer, more: Partial<RequestParts> = {}, expires = 3600): RequestParts {
  return {
    method: 'SUBSCRIBE',
    callId: unique('call'),
    fromTag: unique('t'),
    ...more,
    headers: [
      ['Event', 'presence'],
      ['Contact', `<sip:romeo@127.0.0.1:${peer.port}>`],
      ['Accept', 'application/pidf+xml'],
      ['Expires', String(expires)],
    ],
  };
}

/** So many requests, a wave at a time; the final responses in their order. */
async function storm(rig: Rig, count: number, parts: (i: number) => RequestParts): Promise<SipText[]> {
  const answers: SipText[] = [];
  while (answers.length < count) {
    const wave = Array.from({ length: Math.min(WAVE, count - answers.length) }, (_, i) =>
      rig.sip.ask(parts(answers.length + i), rig.port),
    );
    answers.push(...(await Promise.all(wave)));
  }
  return answers;
}

function tally(answers: readonly SipText[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const each of answers) {
    const retry = each.headers.has('retry-after') ? ` after ${header(each, 'retry-after')}` : '';
    const key = `${statusOf(each)}${retry}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

const presence = (from: string, to: string, type = '', children = ''): string =>
  `<presence from='${from}' to='${to}'${type === '' ? '' : ` type='${type}'`}>${children}</presence>`;

/** A contact's server that agrees, and knows one resource. */
function agreeable(rig: Rig): void {
  rig.xmpp.react = (stanza) => {
    const from = stanza.attr('to') ?? '';
    const to = stanza.attr('from') ?? '';
    if (stanza.attr('type') === 'subscribe') return presence(from, to, 'subscribed');
    return stanza.attr('type') === 'probe' ? presence(`${from}/balcony`, to) : undefined;
  };
}

const typed = (rig: Rig, type: string): number =>
  rig.xmpp.stanzas.all.filter((stanza) => stanza.attr('type') === type).length;
const notifies = (rig: Rig, user = 'romeo'): SipText[] =>
  rig.sip.requests.all.filter(
    ({ startLine }) => startLine.startsWith('NOTIFY') && startLine.includes(`:${user}@`),
  );

/** All dialogs end, as when the peer that made them is not believed any more. */
async function endAll(rig: Rig): Promise<void> {
  await rig.gateway.reload(rig.config({ sip: { trusted: ['10.0.0.0/8'] } }));
  await rig.until('no subscription is left', () => rig.held('served_subscriptions') === 0, 20_000);
}

describe('SIP side', () => {
  play('a burst of SUBSCRIBE of one watcher: a thousand are served, the others are 480', {}, async (rig) => {
    const answers = await storm(rig, STORM, (i) =>
      subscribeParts(rig.sip, { uri: `sip:u${i}@example.com`, to: `<sip:u${i}@example.com>` }),
    );
    assert.deepEqual(tally(answers), { '200': 1000, '480 after 600': 1000 });
    assert.equal(rig.held('served_subscriptions'), 1000);
    const other = { from: '<sip:benvolio@example.net>' };
    assert.equal(await rig.status(subscribeParts(rig.sip, other)), 200, 'somebody else is served');
    await rig.until('each contact is asked once', () => typed(rig, 'subscribe') === 1001);
    await endAll(rig);
  });

  play('a burst of SUBSCRIBE for one contact: he is asked a few times, not a thousand', {}, async (rig) => {
    const answers = await storm(rig, STORM, () => subscribeParts(rig.sip));
    assert.deepEqual(tally(answers), { '200': 1000, '480 after 600': 1000 });
    await pause(200);
    assert.ok(typed(rig, 'subscribe') <= 20, `asked ${typed(rig, 'subscribe')} times`);
    agreeable(rig);
    rig.xmpp.write(presence(JULIET, ROMEO, 'subscribed'));
    await rig.until('all are active', () => {
      const active = notifies(rig).filter((each) => stateOf(each).startsWith('active'));
      return new Set(active.map((each) => header(each, 'call-id'))).size === 1000;
    });
    await endAll(rig);
  });

  play(
    'refreshes without end in one dialog: each is answered, the contact is not asked each time',
    {},
    async (rig) => {
      agreeable(rig);
      const parts = subscribeParts(rig.sip);
      const first = await rig.ask(parts);
      await rig.until('it is active', () => notifies(rig).some((each) => stateOf(each).startsWith('active')));
      const uri = /<(.*)>/.exec(header(first, 'contact'))?.[1] ?? '';
      const probes = typed(rig, 'probe');
      let refused = 0;
      for (let i = 0; i < STORM; i++) {
        const answer = await rig.ask({ ...parts, uri, to: header(first, 'to'), cseq: i + 2 });
        if (statusOf(answer) !== 200) refused += 1;
      }
      assert.equal(refused, 0);
      await pause(200);
      assert.ok(typed(rig, 'probe') - probes <= 20, `${typed(rig, 'probe') - probes} probes`);
      assert.ok(notifies(rig).length <= STORM + 3, `${notifies(rig).length} NOTIFY requests`);
      await endAll(rig);
    },
  );

  play('fetches without end: each is answered, the contact is not asked each time', {}, async (rig) => {
    agreeable(rig);
    const answers = await storm(rig, STORM, () => subscribeParts(rig.sip, {}, 0));
    const { '200': served = 0, '480 after 600': late = 0 } = tally(answers);
    assert.equal(served + late, STORM);
    await rig.until('each has its NOTIFY', () => notifies(rig).length === served);
    assert.ok(typed(rig, 'probe') <= 20, `${typed(rig, 'probe')} probes`);
    await rig.until('nothing is left', () => rig.held('presence_contacts') === 0);
  });

  play(
    'a watcher whose answers never come: a thousand of his dialogs do not keep others waiting',
    { timing: { t1Ms: 100 } },
    async (rig) => {
      agreeable(rig);
      rig.sip.answer = ({ startLine }) => (startLine.includes(':romeo@') ? undefined : 200);
      await storm(rig, 1000, (i) =>
        subscribeParts(rig.sip, { uri: `sip:u${i}@example.com`, to: `<sip:u${i}@example.com>` }),
      );
      const contact = `<sip:benvolio@127.0.0.1:${rig.sip.port}>`;
      const { headers = [], ...parts } = subscribeParts(rig.sip, { from: '<sip:benvolio@example.net>' });
      const startMs = performance.now();
      const status = await rig.status({
        ...parts,
        headers: headers.map(([name, value]) => [name, name === 'Contact' ? contact : value] as const),
      });
      assert.equal(status, 200);
      await rig.until('he is told', () => notifies(rig, 'benvolio').length >= 2);
      // Timer F of his own would be 6.4 s.
      assert.ok(performance.now() - startMs < 5000);
      rig.sip.answer = () => 200;
      for (const each of notifies(rig)) rig.sip.respond(each, 200);
      await endAll(rig);
    },
  );
});

describe('XMPP side', () => {
  play('presence without end of one contact: one NOTIFY in 5 s; others are told at once', {}, async (rig) => {
    agreeable(rig);
    await rig.ask(subscribeParts(rig.sip));
    const other = { uri: 'sip:nurse@example.com', to: '<sip:nurse@example.com>' };
    await rig.ask(subscribeParts(rig.sip, other));
    const active = (): SipText[] => notifies(rig).filter((each) => stateOf(each).startsWith('active'));
    await rig.until('both are active', () => active().length === 2);
    // The five seconds of the first NOTIFY are over.
    await pause(5100);
    const before = active().length;
    for (let i = 0; i < STORM; i++) {
      rig.xmpp.write(presence(`${JULIET}/balcony`, ROMEO, '', `<status>number ${i}</status>`));
      if (i === STORM / 2) rig.xmpp.write(presence('nurse@example.com/hall', ROMEO));
      if (i % 200 === 0) await pause(100);
    }
    const about = (user: string): SipText[] =>
      active()
        .slice(before)
        .filter((each) => parsePidf(textOf(each)).entity === `pres:${user}@example.com`);
    await rig.until('the other one is told', () => about('nurse').length === 1);
    assert.equal(about('juliet').length, 1, 'the first of them');
    await rig.until('what holds in the end is told', () => about('juliet').length === 2);
    assert.match(textOf(about('juliet').at(-1) ?? assert.fail()), /number 1999/);
    await endAll(rig);
  });

  play('a contact with 2,000 resources: a document tells of the newest', {}, async (rig) => {
    agreeable(rig);
    await rig.ask(subscribeParts(rig.sip));
    await rig.until('active', () => notifies(rig).some((each) => stateOf(each).startsWith('active')));
    for (let i = 0; i < STORM; i++) rig.xmpp.write(presence(`${JULIET}/r${i}`, ROMEO));
    const last = (): string[] => {
      const body = textOf(notifies(rig).at(-1) ?? assert.fail('no NOTIFY'));
      return body === '' ? [] : Object.keys(parsePidf(body).tuples);
    };
    await rig.until('the last is told', () => last().includes('ID-r1999'), 8000);
    assert.ok(last().length <= 20, `${last().length} tuples`);
    await endAll(rig);
  });

  playWatching(
    '2,000 `subscribe` of one user: 100 are asked for, each of the others hears why not',
    async (rig, notifier) => {
      notifier.answer = () => 200;
      for (let i = 0; i < STORM; i++) {
        rig.xmpp.write(`<presence from='${JULIET}/x' to='c${i}@example.net' type='subscribe' id='s${i}'/>`);
      }
      await rig.until(
        'each is answered or asked for',
        () => typed(rig, 'error') + rig.held('presence_watchers') >= STORM,
      );
      const errors = rig.xmpp.stanzas.all.filter((each) => each.attr('type') === 'error');
      assert.deepEqual(
        new Set(errors.map((each) => `${errorOf(each).condition} ${errorOf(each).type}`)),
        new Set(['resource-constraint wait']),
      );
      const asked = rig.held('presence_watchers');
      await rig.until('they are asked for', () => notifier.requests.all.length === asked);
      assert.ok(asked >= 100 && asked <= 110, `${asked} SUBSCRIBE requests`);
      assert.equal(new Set(errors.map((each) => each.attr('id'))).size, STORM - asked);
      for (const request of notifier.requests.all) {
        assert.equal(await notifier.notify(request, { state: 'terminated;reason=rejected' }), 200);
      }
      await rig.until('nobody watches', () => rig.held('presence_watchers') === 0);
    },
  );

  playWatching('probes without end: each is answered, and few ask anything of SIP', async (rig, notifier) => {
    const count = 3000;
    for (let i = 0; i < count; i++) {
      rig.xmpp.write(`<presence from='${JULIET}' to='c${i}@example.net' type='probe' id='p${i}'/>`);
    }
    await rig.until('those that are too many hear why', () => typed(rig, 'error') >= count - 1050);
    for (const stanza of rig.xmpp.stanzas.all.filter((each) => each.attr('type') === 'error')) {
      assert.equal(errorOf(stanza).condition, 'resource-constraint');
    }
    await rig.until(
      'the fetches are there',
      () => notifier.requests.all.length + typed(rig, 'error') >= count,
    );
    assert.ok(notifier.requests.all.length <= 1050, `${notifier.requests.all.length} SUBSCRIBE requests`);
    for (const request of notifier.requests.all) {
      await notifier.notify(request, { state: 'terminated;reason=timeout' });
    }
    await rig.until('nobody watches', () => rig.held('presence_watchers') === 0);
  });

  playWatching(
    'NOTIFY without end in one dialog: each is answered; the user is told what holds',
    async (rig, notifier) => {
      rig.xmpp.write(presence(JULIET, ROMEO, 'subscribe'));
      const subscribe = await notifier.subscribe();
      const type = 'application/pidf+xml';
      assert.equal(await notifier.notify(subscribe, { body: pidf('orchard'), contentType: type }), 200);
      const names = Array.from({ length: 40 }, (_, i) => `r${i}`);
      let refused = 0;
      for (let i = 0; i < STORM; i++) {
        const body = pidf(...names.map((name) => `${name}=${i % 2 === 0 ? 'away' : 'dnd'}`));
        if ((await notifier.notify(subscribe, { body, contentType: type })) !== 200) refused += 1;
      }
      assert.equal(refused, 0);
      await notifier.notify(subscribe, { body: pidf('last'), contentType: type });
      const told = rig.xmpp.stanzas;
      await rig.until(
        'what holds in the end is told',
        () =>
          told.all.some((each) => each.attr('from') === `${ROMEO}/last`) &&
          names.every((name) =>
            told.all.some(
              (each) => each.attr('from') === `${ROMEO}/${name}` && each.attr('type') === 'unavailable',
            ),
          ),
      );
      assert.ok(told.all.length < STORM * 2, `${told.all.length} stanzas`);
      rig.xmpp.write(presence(JULIET, ROMEO, 'unsubscribe'));
      await rig.until('it is over', () => typed(rig, 'unsubscribed') === 1);
      await notifier.notify(subscribe, { state: 'terminated;reason=timeout' });
    },
  );
});

/** XMPP users who watch: example.net is a notifier of its own. */
function playWatching(
  name: string,
  act: (rig: Rig, notifier: Notifier) => Promise<void>,
  options: RigOptions = {},
): void {
  test(name, async () => {
    // The handles of the process are counted from here on.
    await pause(20);
    const notifier = await Notifier.open();
    const next_hops = { 'example.net': `sip:127.0.0.1:${notifier.port};transport=udp;lr` };
    const rig = await Rig.start({ ...options, sip: { next_hops } });
    let failed = true;
    try {
      await act(rig, notifier);
      failed = false;
    } finally {
      if (failed) await rig.stop().catch(() => undefined);
      else await rig.stop();
      await notifier.close();
      await pause(20);
    }
  });
}
