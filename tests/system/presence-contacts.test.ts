// SIP users who watch XMPP contacts, at a whole gateway (RFC 8048 §5.3; rows PRES-40 … PRES-57).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePidf, type Seen } from './pidf-text.ts';
import { header, parameter, type SipText } from '../peers/sip-text.ts';
import { TempFolder } from '../peers/temp-folder.ts';
import type { XmlElement } from '../../src/xml/index.ts';
import { pause, Rig, type RigOptions } from './rig.ts';
import { textOf, unique, type RequestParts } from './sip-peer.ts';

const JULIET = 'juliet@example.com';
const ROMEO = 'romeo@example.net';

/** Juliet's server: what it answers, by what it is asked. */
class Server {
  authorized = true;
  readonly resources = new Map<string, string>([['balcony', '<show>away</show>']]);

  answer(stanza: XmlElement): string | undefined {
    const from = stanza.attr('to') ?? '';
    const to = stanza.attr('from') ?? '';
    const type = stanza.attr('type');
    if (type === 'subscribe') return this.authorized ? presence(from, to, 'subscribed') : undefined;
    if (type !== 'probe') return undefined;
    if (!this.authorized) return presence(from, to, 'unsubscribed');
    if (this.resources.size === 0) return presence(from, to, 'unavailable');
    return [...this.resources].map(([name, xml]) => presence(`${from}/${name}`, to, undefined, xml)).join('');
  }
}

function presence(from: string, to: string, type?: string, children = ''): string {
  return `<presence from='${from}' to='${to}'${type === undefined ? '' : ` type='${type}'`}>${children}</presence>`;
}

interface Stage {
  readonly rig: Rig;
  readonly server: Server;
}

function play(name: string, act: (stage: Stage) => Promise<void>, options: RigOptions = {}): void {
  test(name, async () => {
    const folder = new TempFolder('contacts');
    const rig = await Rig.start({ storeUrl: `sqlite:${folder.file('store.db')}`, ...options });
    const server = new Server();
    rig.xmpp.react = (stanza) => server.answer(stanza);
    let failed = true;
    try {
      await act({ rig, server });
      failed = false;
    } finally {
      if (failed) await rig.stop().catch(() => undefined);
      else await rig.stop();
      folder.remove();
    }
  });
}

/** A dialog of Romeo's phone, as far as the phone needs to know it. */
interface Dialog {
  readonly parts: RequestParts;
  readonly answer: SipText;
  cseq: number;
}

const fields = (rig: Rig, more: Readonly<Record<string, string>> = {}): (readonly [string, string])[] =>
  Object.entries({
    Event: 'presence',
    Contact: `<sip:romeo@127.0.0.1:${rig.sip.port}>`,
    Accept: 'application/pidf+xml',
    Expires: '3600',
    ...more,
  });

async function subscribe(rig: Rig, more?: Readonly<Record<string, string>>): Promise<Dialog> {
  const parts = {
    method: 'SUBSCRIBE',
    callId: unique('call'),
    fromTag: unique('t'),
    headers: fields(rig, more),
  };
  const answer = await rig.sip.ask(parts, rig.port);
  return { parts, answer, cseq: 1 };
}

/** A request in the dialog. */
async function again(rig: Rig, dialog: Dialog, expires: number): Promise<SipText> {
  dialog.cseq += 1;
  return rig.sip.ask(
    {
      ...dialog.parts,
      uri: /<([^>]+)>/.exec(header(dialog.answer, 'contact'))?.[1] ?? '',
      to: header(dialog.answer, 'to'),
      cseq: dialog.cseq,
      headers: fields(rig, { Expires: String(expires) }),
    },
    rig.port,
  );
}

/** The next NOTIFY: its state, and the tuples of its document. */
async function notified(rig: Rig): Promise<{ state: string; seen: Seen | undefined; request: SipText }> {
  const request = await rig.sip.requests.next(
    'a NOTIFY',
    (each) => each.startLine.startsWith('NOTIFY'),
    8000,
  );
  const state = header(request, 'subscription-state').replace(/;expires=\d+/, '');
  return { state, seen: request.body.length === 0 ? undefined : parsePidf(textOf(request)), request };
}

async function told(rig: Rig): Promise<string> {
  const stanza = await rig.xmpp.stanzas.next('a presence stanza');
  assert.deepEqual([stanza.name, stanza.attr('from'), stanza.attr('to')], ['presence', ROMEO, JULIET]);
  return stanza.attr('type') ?? 'available';
}

/** Subscribed, and shown Juliet on her balcony. */
async function watching(rig: Rig): Promise<Dialog> {
  const dialog = await subscribe(rig);
  assert.equal(dialog.answer.startLine.split(' ')[1], '200');
  assert.equal((await notified(rig)).state, 'pending');
  assert.equal(await told(rig), 'subscribe');
  assert.equal(await told(rig), 'probe');
  const { state, seen } = await notified(rig);
  assert.deepEqual([state, seen?.tuples], ['active', { 'ID-balcony': 'open away' }]);
  return dialog;
}

async function leaves(rig: Rig, dialog: Dialog): Promise<void> {
  assert.equal((await again(rig, dialog, 0)).startLine.split(' ')[1], '200');
  const { state } = await notified(rig);
  assert.equal(state, 'terminated;reason=timeout');
  assert.equal(await told(rig), 'unavailable');
}

play(
  'PRES-40, PRES-44: pending at once, without a body; active with one document',
  async ({ rig, server }) => {
    server.resources.set('chamber', '<show>dnd</show><status>asleep</status>');
    const { answer } = await subscribe(rig);
    assert.equal(answer.startLine.split(' ')[1], '200');
    assert.equal(header(answer, 'expires'), '3600');
    assert.ok(parameter(header(answer, 'to'), 'tag') !== undefined);
    const first = await notified(rig);
    assert.deepEqual([first.state, first.seen], ['pending', undefined]);
    assert.match(header(first.request, 'subscription-state'), /^pending;expires=3[56]\d\d$/);
    assert.equal(await told(rig), 'subscribe');
    assert.equal(await told(rig), 'probe');
    const { state, seen } = await notified(rig);
    assert.equal(state, 'active');
    assert.equal(seen?.entity, `pres:${JULIET}`);
    assert.deepEqual(seen?.tuples, { 'ID-balcony': 'open away', 'ID-chamber': 'open dnd' });
    const dialog = { parts: {}, answer, cseq: 1 };
    void dialog;
  },
  { mayHold: ['presence_contacts', 'served_subscriptions'] },
);

play('PRES-66: the languages of the notes stand in Content-Language too', async ({ rig }) => {
  const dialog = await watching(rig);
  const status = "<status>out</status><status xml:lang='de'>weg</status><status xml:lang='fr'>sorti</status>";
  rig.xmpp.write(presence(`${JULIET}/balcony`, ROMEO, undefined, `<show>xa</show>${status}`));
  assert.equal(header((await notified(rig)).request, 'content-language'), 'de, fr');
  rig.xmpp.write(presence(`${JULIET}/balcony`, ROMEO, undefined, '<show>xa</show>'));
  assert.equal(header((await notified(rig)).request, 'content-language'), '');
  await leaves(rig, dialog);
});

play('PRES-46, PRES-56, PRES-71: changes, one resource gone, the last one gone', async ({ rig }) => {
  const dialog = await watching(rig);
  rig.xmpp.write(presence(`${JULIET}/balcony`, ROMEO, undefined, '<show>xa</show>'));
  assert.deepEqual((await notified(rig)).seen?.tuples, { 'ID-balcony': 'open xa' });
  rig.xmpp.write(presence(`${JULIET}/balcony`, ROMEO, 'unavailable'));
  assert.deepEqual((await notified(rig)).seen?.tuples, { 'ID-balcony': 'closed' });
  await leaves(rig, dialog);
});

play('PRES-48: Expires 0: closed, and the contact hears "unavailable"', async ({ rig }) => {
  const dialog = await watching(rig);
  assert.equal((await again(rig, dialog, 0)).startLine.split(' ')[1], '200');
  const { state, seen } = await notified(rig);
  assert.deepEqual([state, seen?.tuples], ['terminated;reason=timeout', { 'ID-balcony': 'closed' }]);
  assert.equal(await told(rig), 'unavailable');
  await rig.until('nothing is left', () => rig.held('presence_contacts') === 0);
});

play('PRES-47: a refresh is answered with the state; the contact is probed', async ({ rig }) => {
  const dialog = await watching(rig);
  assert.equal((await again(rig, dialog, 1800)).startLine.split(' ')[1], '200');
  const { state, seen } = await notified(rig);
  assert.deepEqual([state, seen?.tuples], ['active', { 'ID-balcony': 'open away' }]);
  assert.equal(await told(rig), 'probe');
  await leaves(rig, dialog);
});

play('PRES-45: the contact says no, at once or later: rejected, nothing shown', async ({ rig, server }) => {
  server.authorized = false;
  await subscribe(rig);
  assert.equal((await notified(rig)).state, 'pending');
  assert.equal(await told(rig), 'subscribe');
  // Presence before the answer is shown to nobody.
  rig.xmpp.write(presence(`${JULIET}/balcony`, ROMEO));
  await pause(100);
  rig.xmpp.write(presence(JULIET, ROMEO, 'unsubscribed'));
  const { state, seen } = await notified(rig);
  assert.deepEqual([state, seen], ['terminated;reason=rejected', undefined]);
  server.authorized = true;
  await watching(rig);
  rig.xmpp.write(presence(JULIET, ROMEO, 'unsubscribed'));
  assert.equal((await notified(rig)).state, 'terminated;reason=rejected');
  await rig.until('nothing is left', () => rig.held('presence_contacts') === 0);
});

for (const [condition, wanted] of [
  ['item-not-found', 'terminated;reason=noresource'],
  ['remote-server-not-found', 'terminated;reason=noresource'],
  ['forbidden', 'terminated;reason=rejected'],
  ['remote-server-timeout', 'terminated;reason=probation;retry-after=300'],
] as const) {
  play(`PRES-52: ${condition} → ${wanted}`, async ({ rig, server }) => {
    server.authorized = false;
    await subscribe(rig);
    assert.equal((await notified(rig)).state, 'pending');
    assert.equal(await told(rig), 'subscribe');
    rig.xmpp.write(
      `<presence type='error' from='${JULIET}' to='${ROMEO}'><error type='cancel'><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>`,
    );
    assert.equal((await notified(rig)).state, wanted);
  });
}

play(
  'PRES-49: a fetch: the answer of the contact, or an empty one; no `subscribe`',
  async ({ rig, server }) => {
    await subscribe(rig, { Expires: '0' });
    assert.equal(await told(rig), 'probe');
    const { state, seen } = await notified(rig);
    assert.deepEqual([state, seen?.tuples], ['terminated;reason=timeout', { 'ID-balcony': 'open away' }]);
    server.authorized = false;
    await subscribe(rig, { Expires: '0' });
    assert.equal(await told(rig), 'probe');
    const other = await notified(rig);
    assert.deepEqual([other.state, other.seen], ['terminated;reason=timeout', undefined]);
    await rig.until('nothing is left', () => rig.held('presence_contacts') === 0);
  },
);

play(
  'two phones of one watcher: one contact, each told; "unavailable" when the last one goes',
  async ({ rig }) => {
    const first = await watching(rig);
    const second = await subscribe(rig);
    assert.equal((await notified(rig)).state, 'pending', 'PRES-53: not before the contact has said so again');
    assert.equal(await told(rig), 'subscribe');
    assert.equal((await notified(rig)).state, 'active');
    assert.equal(rig.held('presence_contacts'), 1);
    await again(rig, first, 0);
    assert.equal((await notified(rig)).state, 'terminated;reason=timeout');
    await pause(50);
    assert.deepEqual(rig.xmpp.stanzas.untaken, []);
    await leaves(rig, second);
  },
);

play('PRES-55: what was sent to one watcher is shown to no other', async ({ rig, server }) => {
  const dialog = await watching(rig);
  rig.xmpp.write(presence(`${JULIET}/secret`, 'benvolio@example.net'));
  await pause(200);
  assert.deepEqual(rig.sip.requests.untaken, []);
  await leaves(rig, dialog);
  void server;
});

play(
  'a restart: the dialog goes on, shown again only when the contact has confirmed it',
  async ({ rig, server }) => {
    const dialog = await watching(rig);
    await rig.gateway.drain();
    server.resources.set('balcony', '<show>dnd</show>');
    await rig.restart();
    assert.equal(await told(rig), 'subscribe');
    assert.equal(await told(rig), 'probe');
    const { state, seen, request } = await notified(rig);
    assert.deepEqual([state, seen?.tuples], ['active', { 'ID-balcony': 'open dnd' }]);
    assert.equal(header(request, 'call-id'), dialog.parts.callId);
    await leaves(rig, dialog);
  },
);

play('PRES-53: what was revoked while the gateway was away does not leak', async ({ rig, server }) => {
  await watching(rig);
  await rig.gateway.drain();
  server.authorized = false;
  await rig.restart();
  assert.equal(await told(rig), 'subscribe');
  rig.xmpp.write(presence(JULIET, ROMEO, 'unsubscribed'));
  const { state, seen } = await notified(rig);
  assert.deepEqual([state, seen], ['terminated;reason=rejected', undefined]);
});

play('the link goes and comes: who went meanwhile is shown as gone', async ({ rig, server }) => {
  server.resources.set('chamber', '');
  const dialog = await subscribe(rig);
  await notified(rig);
  await told(rig);
  await told(rig);
  assert.deepEqual(Object.keys((await notified(rig)).seen?.tuples ?? {}), ['ID-balcony', 'ID-chamber']);
  rig.xmpp.drop();
  await rig.unlinked();
  server.resources.delete('chamber');
  await rig.linked();
  assert.equal(await told(rig), 'subscribe');
  assert.equal(await told(rig), 'probe');
  assert.deepEqual((await notified(rig)).seen?.tuples, { 'ID-balcony': 'open away' });
  await leaves(rig, dialog);
});
