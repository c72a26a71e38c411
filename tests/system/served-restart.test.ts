// How many subscriptions the gateway serves, and what becomes of them when it stops and comes back (RFC 6665 §4.1.3, §4.2).

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Counters, silentLog } from '../../src/base/index.ts';
import { openStore } from '../../src/edge/store/index.ts';
import { System } from '../../src/gateway/system.ts';
import { NOTIFIER_SUBSCRIPTIONS } from '../../src/sip/index.ts';
import { header, parameter, statusOf } from '../peers/sip-text.ts';
import { MemoryStore } from './memory-store.ts';
import { cseqOf, established, finish, serve, ServeRig, stateOf, WatcherDialog } from './serve-rig.ts';
import { SipPeer } from './sip-peer.ts';
import { settle } from './watch-rig.ts';

describe('limits', () => {
  const limits = { subscriptions: 3, perWatcher: 2, perResource: 2 };
  const from = (user: string) => ({ from: `<sip:${user}@example.net>` });
  const to = (user: string) => ({ uri: `sip:${user}@example.com` });
  const cases: readonly (readonly [string, object[], object, number])[] = [
    ['of a watcher', [to('a'), to('b')], to('c'), 480],
    ['of a resource', [from('a'), from('b')], from('c'), 480],
    ['of all', [{ ...from('a'), ...to('a') }, { ...from('a'), ...to('b') }, from('c')], from('d'), 503],
  ];
  for (const [what, taken, refused, status] of cases) {
    serve(
      `${what}: ${status} with Retry-After, until one has ended`,
      async (rig) => {
        const dialogs: WatcherDialog[] = [];
        for (const parts of taken) {
          const dialog = new WatcherDialog(rig);
          dialogs.push(dialog);
          assert.equal(statusOf(await dialog.subscribe(600, [], parts)), 200);
          await rig.notify();
        }
        await settle();
        const response = await new WatcherDialog(rig).subscribe(600, [], refused);
        assert.equal(statusOf(response), status);
        assert.match(header(response, 'retry-after'), /^\d+$/);
        await rig.silence();
        rig.package.all[0]?.terminate('noresource');
        await rig.notify();
        await settle();
        const late = new WatcherDialog(rig);
        assert.equal(statusOf(await late.subscribe(600, [], refused)), 200);
        await rig.notify();
        await settle();
        for (const subscription of rig.package.all) subscription.terminate('noresource');
        await rig.residue();
      },
      { limits },
    );
  }
});

describe('a drain', () => {
  serve('of subscriptions that are not kept: terminated, with the advice to come back', async (rig) => {
    const dialog = await established(rig);
    const drained = rig.notifiers.drain();
    const notify = await rig.notify();
    assert.match(stateOf(notify), /^terminated;reason=probation;retry-after=\d+$/);
    const after = Number(parameter(stateOf(notify), 'retry-after'));
    assert.ok(after >= 5 && after <= 30, String(after));
    await drained;
    assert.equal(statusOf(await new WatcherDialog(rig).subscribe(600)), 503);
    assert.equal(statusOf(await dialog.subscribe(600)), 481);
    await rig.residue();
  });

  serve('waits for watchers that do not answer, but not for ever', async (rig) => {
    await established(rig);
    rig.watcher.answer = () => undefined;
    let over = false;
    const drained = rig.notifiers.drain().then(() => {
      over = true;
    });
    await rig.notify();
    await rig.advance(4900);
    assert.equal(over, false);
    await rig.advance(200);
    await drained;
  });

  test('of subscriptions that are kept: they stay, and nobody is told', async () => {
    const watcher = await SipPeer.open();
    const records = await new MemoryStore().collection(NOTIFIER_SUBSCRIPTIONS);
    const rig = await ServeRig.start(watcher, { records });
    await rig.notifiers.restore();
    const dialog = await established(rig);
    await rig.notifiers.drain();
    await rig.silence();
    assert.equal(statusOf(await new WatcherDialog(rig).subscribe(600)), 503);
    assert.equal(statusOf(await dialog.subscribe(600)), 200);
    await rig.close();
    assert.equal(await records.count(), 1);
    await watcher.close();
  });
});

describe('a restart (SQLite)', () => {
  /** A gateway, what happens to it, then the next one at the same address, so many milliseconds later. */
  async function acrossRestart(
    laterMs: number,
    before: (rig: ServeRig) => Promise<WatcherDialog>,
    after: (rig: ServeRig, dialog: WatcherDialog) => Promise<void>,
  ): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'stoxgate-served-'));
    const system = new System(silentLog);
    const watcher = await SipPeer.open();
    const open = async () => {
      const { clock, timers } = system;
      const env = { clock, timers, log: silentLog, counters: new Counters() };
      const store = await openStore(`sqlite:${join(folder, 'served.db')}`, env);
      return { store, records: await store.collection(NOTIFIER_SUBSCRIPTIONS) };
    };
    try {
      const first = await open();
      const rig = await ServeRig.start(watcher, { records: first.records });
      await rig.notifiers.restore();
      const dialog = await before(rig);
      const { port } = rig;
      await rig.close();
      await first.store.close();
      const second = await open();
      const next = await ServeRig.start(watcher, { records: second.records, port }, laterMs);
      try {
        await after(next, Object.assign(dialog, { rig: next }));
        await second.store.flush();
        assert.equal(await second.records.count(), 0, 'records');
      } finally {
        await next.close();
        await second.store.close();
      }
    } finally {
      await watcher.close();
      system.stop();
      rmSync(folder, { recursive: true });
    }
  }

  test('the dialog goes on: no word to the watcher, refreshes are taken, CSeq is higher than any before', async () => {
    let lastSeq = 0;
    await acrossRestart(
      1_000_000,
      async (rig) => {
        rig.package.decision = { kind: 'accepted', state: 'pending' };
        const dialog = new WatcherDialog(rig, 'presence;id=7');
        await dialog.subscribe(3600, [['Record-Route', `<sip:127.0.0.1:${rig.watcher.port};lr>`]]);
        await rig.notify();
        await settle();
        rig.package.last.activate();
        await rig.notify();
        // More than a restart passes over: the CSeq was written meanwhile.
        for (let i = 0; i < 300; i++) {
          rig.package.last.update();
          lastSeq = cseqOf(await rig.notify());
        }
        await settle();
        assert.equal(lastSeq, 302);
        return dialog;
      },
      async (rig, dialog) => {
        await rig.notifiers.restore();
        await rig.silence();
        assert.deepEqual(rig.package.heard, ['restored active']);
        const { last } = rig.package;
        assert.equal(last.id, dialog.tag);
        assert.equal(last.resource, 'sip:juliet@example.com');
        assert.equal(last.resourceJid, 'juliet@example.com');
        assert.equal(last.watcherJid, 'romeo@example.net');
        assert.equal(last.watcher, '<sip:romeo@example.net>');
        assert.deepEqual(last.accept, ['application/pidf+xml']);
        assert.equal(last.expiresInSeconds, 2600);
        last.update();
        const notify = await rig.notify();
        assert.equal(stateOf(notify), 'active;expires=2600');
        assert.equal(header(notify, 'event'), 'presence;id=7');
        assert.equal(header(notify, 'route'), `<sip:127.0.0.1:${rig.watcher.port};lr>`);
        assert.equal(header(notify, 'from'), `<sip:juliet@example.com>;tag=${dialog.tag}`);
        assert.equal(header(notify, 'to'), `<sip:romeo@example.net>;tag=${dialog.fromTag}`);
        assert.ok(cseqOf(notify) > lastSeq, `${cseqOf(notify)} after ${lastSeq}`);
        await settle();
        // RFC 3261 §12.2.2 holds over the restart too.
        dialog.cseq = 1;
        assert.equal(statusOf(await dialog.subscribe(600)), 500);
        assert.equal(statusOf(await dialog.subscribe(600)), 200);
        assert.equal(stateOf(await rig.notify()), 'active;expires=600');
        await settle();
        await finish(dialog);
      },
    );
  });

  test('what expired meanwhile ends as ever', async () => {
    await acrossRestart(
      3_601_000,
      async (rig) => established(rig),
      async (rig) => {
        await rig.notifiers.restore();
        await rig.advance(1100);
        assert.equal(stateOf(await rig.notify()), 'terminated;reason=timeout');
        assert.deepEqual(rig.package.heard, ['restored active', 'ended expired']);
        await rig.residue();
      },
    );
  });

  test('before the records are read, a SUBSCRIBE in a dialog waits for them', async () => {
    await acrossRestart(
      1000,
      async (rig) => established(rig),
      async (rig, dialog) => {
        const asked = dialog.subscribe(600);
        await rig.silence();
        await rig.notifiers.restore();
        assert.equal(statusOf(await asked), 200);
        assert.equal(stateOf(await rig.notify()), 'active;expires=600');
        await settle();
        await finish(dialog);
      },
    );
  });

  test('in a dialog of which there is no record it is answered 481 then', async () => {
    await acrossRestart(
      1000,
      async (rig) => established(rig),
      async (rig, dialog) => {
        const stranger = Object.assign(new WatcherDialog(rig), { tag: 'nobody', target: dialog.target });
        const asked = stranger.subscribe(600);
        await rig.silence();
        await rig.notifiers.restore();
        assert.equal(statusOf(await asked), 481);
        await finish(dialog);
      },
    );
  });

  test('it does not wait longer than its transaction lasts, and then it is asked to come again', async () => {
    await acrossRestart(
      1000,
      async (rig) => established(rig),
      async (rig, dialog) => {
        const asked = dialog.subscribe(600);
        await rig.silence();
        await rig.advance(20_100);
        const late = await asked;
        assert.equal(statusOf(late), 500);
        assert.match(header(late, 'retry-after'), /^\d+$/);
        assert.equal(statusOf(await dialog.subscribe(600)), 500);
        await rig.notifiers.restore();
        await finish(dialog);
      },
    );
  });

  test('what ended before is not there', async () => {
    await acrossRestart(
      1000,
      async (rig) => {
        const dialog = await established(rig);
        await dialog.subscribe(0);
        await rig.notify();
        await settle();
        return dialog;
      },
      async (rig, dialog) => {
        await rig.notifiers.restore();
        assert.deepEqual(rig.package.heard, []);
        assert.equal(statusOf(await dialog.subscribe(600)), 481);
        await rig.residue();
      },
    );
  });
});

test('a store that fails costs a line in the log, not a subscription', async () => {
  const watcher = await SipPeer.open();
  const records = await new MemoryStore().collection(NOTIFIER_SUBSCRIPTIONS);
  records.put = (_key, _record, written) => {
    queueMicrotask(() => written?.(new Error('disk full')));
  };
  const rig = await ServeRig.start(watcher, { records });
  const dialog = await established(rig);
  assert.equal(rig.counters.total('stoxgate_sip_served_failed_writes_total'), 1);
  await dialog.subscribe(0);
  await rig.notify();
  await rig.residue(['notifier.write.failed']);
  await rig.close();
  await watcher.close();
});
