// XMPP users who watch SIP contacts, at a whole gateway: its configuration, its links and its store.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { XmlElement } from '../../src/xml/index.ts';
import { capsVersion, readCaps } from '../../src/xmpp/index.ts';
import { freePort } from '../peers/ports.ts';
import { header } from '../peers/sip-text.ts';
import { TempFolder } from '../peers/temp-folder.ts';
import { Notifier, type NotifyParts } from './notifier.ts';
import { pidf } from './presence-rig.ts';
import { pause, Rig, type RigOptions } from './rig.ts';
import { unique } from './sip-peer.ts';
import { messageXml, ROMEO } from './xmpp-peer.ts';

const JULIET = 'juliet@example.com';

interface Stage {
  readonly rig: Rig;
  readonly notifier: Notifier;
}

function play(name: string, act: (stage: Stage) => Promise<void>, options: RigOptions = {}): void {
  test(name, async () => {
    const folder = new TempFolder('presence');
    const port = await freePort();
    // The handles of the process are counted from here on.
    await pause(20);
    const notifier = await Notifier.open();
    const rig = await Rig.start({
      ...options,
      storeUrl: `sqlite:${folder.file('store.db')}`,
      sip: {
        listen: [`udp://127.0.0.1:${port}`],
        next_hops: { 'example.net': `sip:127.0.0.1:${notifier.port};transport=udp;lr` },
      },
    });
    let failed = true;
    try {
      await act({ rig, notifier });
      failed = false;
    } finally {
      if (failed) await rig.stop().catch(() => undefined);
      else await rig.stop();
      await notifier.close();
      folder.remove();
    }
  });
}

const write = (rig: Rig, type: string, from = JULIET): void =>
  rig.xmpp.write(`<presence type='${type}' from='${from}' to='${ROMEO}' id='${type}1'/>`);

/** The next stanza, as its type and the resource that it is from. */
async function told(rig: Rig): Promise<string> {
  const stanza = await rig.xmpp.stanzas.next('a presence stanza');
  assert.equal(stanza.name, 'presence');
  assert.equal(stanza.attr('to'), JULIET);
  const [bare, resource] = (stanza.attr('from') ?? '').split('/');
  assert.equal(bare, ROMEO);
  return [stanza.attr('type') ?? 'available', ...(resource === undefined ? [] : [resource])].join(' ');
}

const document = (...tuples: string[]): NotifyParts => ({
  contentType: 'application/pidf+xml',
  body: pidf(...tuples),
});

play('from subscribe to unsubscribed', async ({ rig, notifier }) => {
  write(rig, 'subscribe');
  const subscribe = await notifier.subscribe();
  assert.equal(await notifier.notify(subscribe, document('orchard=away')), 200);
  assert.equal(await told(rig), 'subscribed');
  assert.equal(await told(rig), 'available orchard');
  assert.equal(rig.held('presence_watchers'), 1);
  write(rig, 'unsubscribe');
  const last = await notifier.subscribe();
  assert.equal(header(last, 'expires'), '0');
  await notifier.notify(last, { state: 'terminated;reason=timeout' });
  assert.equal(await told(rig), 'unavailable orchard');
  assert.equal(await told(rig), 'unsubscribed');
});

play(
  'what he announces can be asked for, and his vCard by whom he lets see him',
  async ({ rig, notifier }) => {
    write(rig, 'subscribe');
    const subscribe = await notifier.subscribe();
    const about =
      `<dm:person xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" id="p">` +
      `<display-name xmlns="urn:ietf:params:xml:ns:pidf:cipid">Romeo Montague</display-name></dm:person>`;
    const body = pidf('orchard').replace('</presence>', `${about}</presence>`);
    assert.equal(await notifier.notify(subscribe, { ...document(), body }), 200);
    assert.equal(await told(rig), 'subscribed');
    const available = await rig.xmpp.stanzas.next('presence');
    // XEP-0115 §6.2.
    const { node = '', ver = '', hash } = readCaps(available) ?? {};
    const ask = async (from: string, to: string, query: string): Promise<XmlElement> => {
      const id = unique('q');
      rig.xmpp.write(`<iq type='get' id='${id}' from='${from}' to='${to}'>${query}</iq>`);
      return rig.xmpp.stanzas.next('an answer', (each) => each.name === 'iq' && each.attr('id') === id);
    };
    const info = `<query xmlns='http://jabber.org/protocol/disco#info' node='${node}#${ver}'/>`;
    const answer = await ask(`${JULIET}/balcony`, `${ROMEO}/orchard`, info);
    const [query] = [...answer.elements()];
    assert.ok(query && hash === 'sha-1');
    assert.equal(capsVersion(query, 'sha-1'), ver);
    const vCard = `<vCard xmlns='vcard-temp'/>`;
    const card = await ask(`${JULIET}/balcony`, ROMEO, vCard);
    assert.equal(card.child('vCard', 'vcard-temp')?.child('FN', 'vcard-temp')?.text(), 'Romeo Montague');
    const refused = await ask('nurse@example.com/kitchen', ROMEO, vCard);
    assert.equal(refused.attr('type'), 'error');
    write(rig, 'unsubscribe');
    await notifier.notify(await notifier.subscribe(), { state: 'terminated;reason=timeout' });
    assert.equal(await told(rig), 'unavailable orchard');
    assert.equal(await told(rig), 'unsubscribed');
  },
);

play(
  'ADDR-36, PRES-81: what names a device is its `gr`; the id of a tuple is known to nobody, and means the contact',
  async ({ rig, notifier }) => {
    write(rig, 'subscribe');
    const subscribe = await notifier.subscribe();
    const body = pidf('orchard').replace(
      '</presence>',
      '<tuple id="t4109"><status><basic>open</basic></status><contact>sip:romeo@example.net</contact></tuple>' +
        '<tuple id="desk"><status><basic>open</basic></status><contact>sip:romeo@example.net;gr=desk</contact></tuple></presence>',
    );
    assert.equal(await notifier.notify(subscribe, { ...document(), body }), 200);
    assert.equal(await told(rig), 'subscribed');
    for (const each of ['orchard', 't4109', 'desk']) assert.equal(await told(rig), `available ${each}`);
    const messageTo = async (to: string): Promise<string> => {
      rig.xmpp.write(messageXml({ to, id: unique('m'), type: 'chat', body: 'Art thou there?' }));
      return (await notifier.requests.next('a MESSAGE')).startLine;
    };
    assert.equal(await messageTo(`${ROMEO}/orchard`), `MESSAGE sip:${ROMEO};gr=orchard SIP/2.0`);
    assert.equal(await messageTo(`${ROMEO}/desk`), `MESSAGE sip:${ROMEO};gr=desk SIP/2.0`);
    assert.equal(await messageTo(`${ROMEO}/t4109`), `MESSAGE sip:${ROMEO} SIP/2.0`);
    assert.equal(
      await messageTo(`${ROMEO}/of-no-document`),
      `MESSAGE sip:${ROMEO};gr=of-no-document SIP/2.0`,
    );
    write(rig, 'unsubscribe');
    const last = await notifier.subscribe();
    await notifier.notify(last, { state: 'terminated;reason=timeout' });
    for (const each of ['orchard', 't4109', 'desk']) assert.equal(await told(rig), `unavailable ${each}`);
    assert.equal(await told(rig), 'unsubscribed');
  },
);

play('a restart: the dialog goes on, and the next notification is taken', async ({ rig, notifier }) => {
  write(rig, 'subscribe');
  const subscribe = await notifier.subscribe();
  assert.equal(await notifier.notify(subscribe, document('orchard', 'work')), 200);
  for (const expected of ['subscribed', 'available orchard', 'available work']) {
    assert.equal(await told(rig), expected);
  }
  await rig.gateway.drain();
  await rig.restart();
  assert.equal(rig.held('presence_watchers'), 1);
  assert.deepEqual(notifier.requests.untaken, [], 'nothing was subscribed anew, nothing unsubscribed');
  assert.deepEqual(rig.xmpp.stanzas.untaken, [], 'the user saw nothing of it');
  assert.equal(await notifier.notify(subscribe, document('orchard')), 200);
  assert.equal(await told(rig), 'available orchard');
  assert.equal(await told(rig), 'unavailable work');
  write(rig, 'unsubscribe');
  const last = await notifier.subscribe();
  assert.equal(header(last, 'call-id'), header(subscribe, 'call-id'));
  await notifier.notify(last, { state: 'terminated;reason=timeout' });
  assert.equal(await told(rig), 'unavailable orchard');
  assert.equal(await told(rig), 'unsubscribed');
});

play('the link goes away before `subscribed` is confirmed: once more on the next one', async (stage) => {
  const { rig, notifier } = stage;
  rig.xmpp.barrier = 'hold';
  write(rig, 'subscribe');
  const subscribe = await notifier.subscribe();
  assert.equal(await notifier.notify(subscribe, document('orchard')), 200);
  assert.equal(await told(rig), 'subscribed');
  assert.equal(await told(rig), 'available orchard');
  await rig.xmpp.close();
  await rig.unlinked();
  assert.equal(await notifier.notify(subscribe, document('orchard=away', 'work')), 200);
  rig.xmpp.barrier = 'return';
  await rig.xmpp.listen();
  assert.equal(await told(rig), 'subscribed');
  assert.equal(await told(rig), 'available orchard');
  assert.equal(await told(rig), 'available work');
  write(rig, 'unsubscribe');
  const last = await notifier.subscribe();
  await notifier.notify(last, { state: 'terminated;reason=timeout' });
  for (const expected of ['unavailable orchard', 'unavailable work', 'unsubscribed']) {
    assert.equal(await told(rig), expected);
  }
});

play(
  'her server confirms that it has the phone’s `subscribe`: that is no word of her going',
  async (stage) => {
    const { rig, notifier } = stage;
    write(rig, 'subscribe');
    const subscribe = await notifier.subscribe();
    assert.equal(await notifier.notify(subscribe, document('orchard')), 200);
    for (const expected of ['subscribed', 'available orchard']) assert.equal(await told(rig), expected);
    // Prosody answers so while she has not decided, and again each time that she is asked.
    rig.xmpp.react = (each) =>
      each.attr('type') === 'subscribe' && each.attr('to') === JULIET
        ? `<presence type='unavailable' from='${JULIET}' to='${ROMEO}'/>`
        : undefined;
    const headers = [
      ['Event', 'presence'],
      ['Contact', `<sip:romeo@127.0.0.1:${notifier.port}>`],
    ] as const;
    for (const callId of ['desk', 'mobile']) {
      const answer = await rig.sip.ask({ method: 'SUBSCRIBE', callId, fromTag: callId, headers }, rig.port);
      assert.match(answer.startLine, / 200 /);
      assert.equal(await told(rig), 'subscribe');
      const pending = await notifier.requests.next('a NOTIFY');
      assert.match(header(pending, 'subscription-state'), /^pending/);
    }
    await pause(100);
    assert.deepEqual(notifier.requests.untaken, [], 'her own subscription goes on');
    assert.deepEqual(rig.xmpp.stanzas.untaken, [], 'she is told nothing');
    write(rig, 'unsubscribed');
    for (const _ of [1, 2]) {
      const last = await notifier.requests.next('a NOTIFY');
      assert.equal(header(last, 'subscription-state'), 'terminated;reason=rejected');
    }
    write(rig, 'unsubscribe');
    await notifier.notify(await notifier.subscribe(), { state: 'terminated;reason=timeout' });
    for (const expected of ['unavailable orchard', 'unsubscribed']) assert.equal(await told(rig), expected);
  },
);

play('an error goes to whoever asks for something that there is not', async ({ rig }) => {
  rig.xmpp.write(`<presence type='subscribe' from='${JULIET}' to='romeo@nowhere.example' id='s2'/>`);
  write(rig, 'subscribe', 'mallory@elsewhere.example');
  const answer = await rig.xmpp.stanzas.next('the error');
  assert.deepEqual(
    [answer.attr('type'), answer.attr('id'), answer.attr('to')],
    ['error', 'subscribe1', 'mallory@elsewhere.example'],
  );
  assert.equal(answer.child('error')?.attr('type'), 'auth');
  assert.equal(rig.held('presence_watchers'), 0);
});

play('while it drains nothing new is taken', async ({ rig, notifier }) => {
  await rig.gateway.drain();
  write(rig, 'subscribe');
  const answer = await rig.xmpp.stanzas.next('the error');
  assert.deepEqual([answer.attr('type'), answer.attr('id')], ['error', 'subscribe1']);
  assert.deepEqual(notifier.requests.untaken, []);
});

play(
  'what was kept for a contact goes when he shows that he is there, by presence or by a request',
  async ({ rig, notifier }) => {
    let answer = 480;
    notifier.answer = (request) => (request.startLine.startsWith('MESSAGE') ? answer : 200);
    write(rig, 'subscribe');
    const subscribe = await notifier.subscribe();
    assert.equal(await notifier.notify(subscribe, document()), 200);
    assert.equal(await told(rig), 'subscribed');
    assert.equal(await told(rig), 'unavailable');
    const keep = async (): Promise<void> => {
      rig.xmpp.write(messageXml({ id: unique('m'), from: `${JULIET}/b`, body: 'x' }));
      await notifier.requests.next('the MESSAGE');
      await rig.until('it is kept', () => rig.held('kept_messages') === 1);
    };
    const gone = async (): Promise<void> => {
      await notifier.requests.next('the MESSAGE again');
      await rig.until('it has gone', () => rig.held('kept_messages') === 0);
    };
    await keep();
    answer = 200;
    assert.equal(await notifier.notify(subscribe, document('orchard')), 200);
    assert.equal(await told(rig), 'available orchard');
    await gone();
    answer = 480;
    await keep();
    answer = 200;
    const headers = [
      ['Event', 'dialog'],
      ['Contact', `<sip:romeo@127.0.0.1:${rig.sip.port}>`],
    ] as const;
    assert.equal(await rig.status({ method: 'SUBSCRIBE', headers }), 489);
    await gone();
    write(rig, 'unsubscribe');
    const last = await notifier.subscribe();
    await notifier.notify(last, { state: 'terminated;reason=timeout' });
    assert.equal(await told(rig), 'unavailable orchard');
    assert.equal(await told(rig), 'unsubscribed');
  },
  { offline: { keep: true } },
);
