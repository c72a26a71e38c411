// Trust or rules are taken away by a reload: the subscriptions that they had let in end, with the reason after which their
// watchers do not come back at once (RFC 6665 §4.1.3).

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AddressBook } from '../../src/mapping/index.ts';
import { NOTIFIER_SUBSCRIPTIONS, type NotifierRecord } from '../../src/sip/index.ts';
import { statusOf } from '../peers/sip-text.ts';
import { MemoryStore } from './memory-store.ts';
import { established, finish, serve, ServeRig, stateOf, WatcherDialog } from './serve-rig.ts';
import { SipPeer } from './sip-peer.ts';
import { settle } from './watch-rig.ts';

const SIP_RULE = { home: 'sip', sip: 'example.net', xmpp: 'example.net' } as const;
const XMPP_RULE = { home: 'xmpp', sip: 'example.com', xmpp: 'example.com' } as const;
const HERE = '127.0.0.1/32';

describe('after a reload', () => {
  const cases: readonly (readonly [string, Parameters<ServeRig['reload']>[0], string])[] = [
    ['nothing is trusted any more', { trusted: [] }, 'rejected'],
    ['another network is trusted', { trusted: [{ network: '10.0.0.0/8' }] }, 'rejected'],
    [
      'the network may speak for another domain',
      { trusted: [{ network: HERE, domains: ['x.example'] }] },
      'rejected',
    ],
    ["no rule for the watcher's domain", { book: new AddressBook([XMPP_RULE]) }, 'rejected'],
    ["no rule for the contact's domain", { book: new AddressBook([SIP_RULE]) }, 'noresource'],
    [
      'the watcher has another name',
      { book: new AddressBook([{ ...SIP_RULE, xmpp: 'sip.example.net' }, XMPP_RULE]) },
      'deactivated',
    ],
    [
      'the contact has another name',
      { book: new AddressBook([SIP_RULE, { ...XMPP_RULE, xmpp: 'chat.example' }]) },
      'deactivated',
    ],
  ];
  for (const [what, changes, reason] of cases) {
    serve(`${what}: terminated;reason=${reason}, and nothing more`, async (rig) => {
      await established(rig);
      rig.reload(changes);
      assert.equal(stateOf(await rig.notify()), `terminated;reason=${reason}`);
      rig.package.last.update();
      await rig.silence();
      assert.equal(rig.package.heard.at(-1), `ended terminated ${reason}`);
      await rig.residue();
    });
  }

  for (const [what, changes] of [
    ['the same again', {}],
    ['a wider trust', { trusted: [{ network: '127.0.0.0/8', domains: ['*.net', 'example.net'] }] }],
  ] as const) {
    serve(`${what}: nobody hears of it`, async (rig) => {
      const dialog = await established(rig);
      rig.reload(changes);
      await rig.silence();
      await finish(dialog);
    });
  }

  serve('a refresh of such a watcher is 403, and his dialog is none any more', async (rig) => {
    const dialog = await established(rig);
    rig.reload({ trusted: [] });
    await rig.notify();
    assert.equal(statusOf(await dialog.subscribe(600)), 403);
    rig.reload({ trusted: [{ network: HERE }] });
    assert.equal(statusOf(await dialog.subscribe(600)), 481);
    await rig.residue();
  });

  serve('the address of the last SUBSCRIBE counts, not that of the first', async (rig) => {
    const dialog = await established(rig);
    const other = await SipPeer.open('127.0.0.2');
    rig.reload({ trusted: [{ network: '127.0.0.0/8' }] });
    const { uri = '', ...parts } = dialog.parts([['Expires', '600']]);
    assert.equal(statusOf(await other.ask({ uri, ...parts, cseq: 2 }, rig.port)), 200);
    await rig.notify();
    await settle();
    rig.reload({ trusted: [{ network: '127.0.0.2/32' }] });
    await rig.silence();
    rig.reload({ trusted: [{ network: HERE }] });
    assert.equal(stateOf(await rig.notify()), 'terminated;reason=rejected');
    await other.close();
    await rig.residue();
  });

  serve('many are looked at by and by; a second reload begins anew', async (rig) => {
    const count = 1000;
    for (let i = 0; i < count + 10; i++) {
      const from = `<sip:w${i % 20}@example.net>`;
      const response = await new WatcherDialog(rig).subscribe(600, [], { from });
      assert.equal(statusOf(response), 200);
    }
    await settle();
    rig.reload({ trusted: [] });
    const left = async (count: number): Promise<void> => {
      for (let turn = 0; turn < 200 && rig.notifiers.size > count; turn++) await settle();
      await settle();
      assert.equal(rig.notifiers.size, count);
    };
    // One slice.
    await left(10);
    await rig.advance(20);
    await left(0);
    const ended = rig.log.filter(({ event }) => event === 'notifier.reviewed');
    assert.deepEqual(
      ended.map(({ fields }) => fields),
      [{ ended: count + 10 }],
    );
    await rig.residue();
  });
});

test('a restart with other rules: those that were kept end in the same way', async () => {
  const watcher = await SipPeer.open();
  const records = await new MemoryStore().collection(NOTIFIER_SUBSCRIPTIONS);
  const rig = await ServeRig.start(watcher, { records });
  await rig.notifiers.restore();
  await established(rig);
  const { port } = rig;
  await rig.close();
  const trusted = [{ network: '10.0.0.0/8' }];
  const next = await ServeRig.start(watcher, { records, port, trusted });
  await next.notifiers.restore();
  assert.equal(stateOf(await next.notify()), 'terminated;reason=rejected');
  await next.residue();
  assert.equal(await records.count(), 0);
  await next.close();
  await watcher.close();
});

test('a record without an address, as an earlier version wrote it, is read and judged by its names alone', () => {
  const encode = (each: NotifierRecord): string => NOTIFIER_SUBSCRIPTIONS.encode(each);
  const decode = (text: string): NotifierRecord => NOTIFIER_SUBSCRIPTIONS.decode(1, text);
  const record: NotifierRecord = {
    ...{ node: 'n', package: 'presence', eventId: undefined, state: 'active', resource: 'sip:j@example.com' },
    ...{
      resourceJid: 'j@example.com',
      watcherJid: 'r@example.net',
      accept: [],
      expiresMs: 1,
      source: undefined,
    },
    dialog: {
      ...{
        callId: 'c',
        localTag: 'l',
        remoteTag: 'r',
        localUri: '<sip:j@example.com>',
        localSeq: 1,
        remoteSeq: 1,
      },
      ...{ remoteUri: '<sip:r@example.net>', remoteTarget: 'sip:r@127.0.0.1', routeSet: [], secure: false },
    },
  };
  assert.equal(decode(encode(record)).source, undefined);
  assert.equal(decode(encode({ ...record, source: '10.0.0.1' })).source, '10.0.0.1');
  const bad = JSON.stringify({ ...JSON.parse(encode(record)), source: 5 });
  assert.throws(() => decode(bad), TypeError);
});
