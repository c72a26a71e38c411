// NOTIFY requests of the gateway over real sockets: what they say, when they leave, and what becomes of a subscription when
// they fail (RFC 6665 §4.2.2; RFC 3856 §6.10; rows PRES-44, PRES-45, PRES-51).

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { header, statusOf } from '../peers/sip-text.ts';
import { cseqOf, established, finish, serve, ServeRig, stateOf, WatcherDialog } from './serve-rig.ts';
import { SipPeer, textOf } from './sip-peer.ts';
import { settle } from './watch-rig.ts';

/** 64*T1. */
const TIMER_F = 32_000;
const HOUR = 3_600_000;
const CHALLENGE = [
  'Proxy-Authenticate',
  'Digest realm="example.net", nonce="n", qop="auth", algorithm=SHA-256',
] as const;

describe('what the package says', () => {
  serve('PRES-44: pending becomes active, at once', async (rig) => {
    rig.package.decision = { kind: 'accepted', state: 'pending' };
    rig.package.minIntervalMs = 5000;
    const dialog = await established(rig);
    rig.package.last.activate();
    const notify = await rig.notify();
    assert.equal(stateOf(notify), 'active;expires=3600');
    assert.equal(textOf(notify), 'here active');
    await settle();
    rig.package.last.activate();
    await rig.silence();
    await finish(dialog);
  });

  const ends = [
    ['rejected', undefined, 'terminated;reason=rejected'],
    ['noresource', undefined, 'terminated;reason=noresource'],
    ['probation', 600, 'terminated;reason=probation;retry-after=600'],
    ['giveup', 60, 'terminated;reason=giveup;retry-after=60'],
  ] as const;
  for (const [reason, after, expected] of ends) {
    serve(`PRES-45: ${expected}`, async (rig) => {
      const dialog = await established(rig);
      rig.package.last.terminate(reason, after);
      assert.equal(stateOf(await rig.notify()), expected);
      await settle();
      assert.equal(statusOf(await dialog.subscribe(600)), 481);
      assert.equal(
        rig.package.heard.at(-1),
        `ended terminated ${reason}${after === undefined ? '' : ` ${after}`}`,
      );
      await rig.residue();
    });
  }

  serve('what is said after the end is not heard', async (rig) => {
    const dialog = await established(rig);
    const { last } = rig.package;
    await finish(dialog);
    last.update();
    last.activate();
    last.terminate('rejected');
    await rig.silence();
    assert.equal(last.state, 'terminated');
    assert.deepEqual(rig.package.heard, ['began active', 'ended unsubscribed']);
    await rig.residue();
  });

  serve('a fault of the package costs the body, not the dialog', async (rig) => {
    const dialog = await established(rig);
    rig.package.faulty = true;
    rig.package.last.update();
    const notify = await rig.notify();
    assert.equal(stateOf(notify), 'active;expires=3600');
    assert.equal(textOf(notify), '');
    await settle();
    rig.package.faulty = false;
    await dialog.subscribe(0);
    assert.equal(textOf(await rig.notify()), 'here terminated');
    await rig.residue(['notifier.package.failed']);
  });

  serve('nor does one in what it hears: there is a NOTIFY, and an end', async (rig) => {
    const fault = (): never => {
      throw new Error('a fault of the test');
    };
    rig.package.onBegan = fault;
    rig.package.onRefreshed = fault;
    const dialog = await established(rig);
    assert.equal(statusOf(await dialog.subscribe(600)), 200);
    assert.equal(stateOf(await rig.notify()), 'active;expires=600');
    await settle();
    assert.equal(statusOf(await dialog.subscribe(0)), 200);
    assert.equal(stateOf(await rig.notify()), 'terminated;reason=timeout');
    await rig.residue(['notifier.package.failed']);
  });
});

describe('one NOTIFY at a time (RFC 6665 §4.2.2, RFC 3856 §6.10)', () => {
  serve('a flood of changes while one is under way is one more, with the last state', async (rig) => {
    const dialog = await established(rig);
    rig.watcher.answer = () => undefined;
    rig.package.text = 'first';
    rig.package.last.update();
    const first = await rig.notify();
    assert.equal(textOf(first), 'first active');
    const asked = rig.package.asked;
    for (let i = 1; i <= 500; i++) {
      rig.package.text = `change ${i}`;
      rig.package.last.update();
    }
    await rig.silence();
    assert.equal(rig.package.asked, asked, 'documents are made when they leave');
    rig.watcher.answer = () => 200;
    rig.watcher.respond(first, 200);
    const second = await rig.notify();
    assert.equal(textOf(second), 'change 500 active');
    assert.equal(cseqOf(second), cseqOf(first) + 1);
    await rig.silence();
    await finish(dialog);
  });

  serve(
    'changes rest for the time that the package asks for; an answer to SUBSCRIBE does not',
    async (rig) => {
      rig.package.minIntervalMs = 5000;
      const dialog = await established(rig);
      await rig.advance(1000);
      rig.package.last.update();
      await rig.advance(3900);
      await rig.silence();
      rig.package.text = 'newer';
      rig.package.last.update();
      await rig.advance(200);
      assert.equal(textOf(await rig.notify()), 'newer active');
      await settle();
      rig.package.last.update();
      await dialog.subscribe(600);
      assert.equal(stateOf(await rig.notify()), 'active;expires=600');
      // That one has told it.
      await rig.advance(20_000);
      await rig.silence();
      await finish(dialog);
    },
  );

  serve(
    'more dialogs than may notify at once wait for their turn, in order',
    async (rig) => {
      rig.watcher.answer = () => undefined;
      const dialogs = [new WatcherDialog(rig), new WatcherDialog(rig), new WatcherDialog(rig)];
      // The 2xx does not wait.
      for (const dialog of dialogs) assert.equal(statusOf(await dialog.subscribe(600)), 200);
      const held = await rig.notify();
      assert.equal(header(held, 'call-id'), dialogs[0]?.callId);
      assert.equal(rig.notifiers.waiting, 2);
      await rig.silence();
      rig.watcher.answer = () => 200;
      rig.watcher.respond(held, 200);
      for (const dialog of dialogs.slice(1)) {
        assert.equal(header(await rig.notify(), 'call-id'), dialog.callId);
      }
      await settle();
      for (const dialog of dialogs) {
        await dialog.subscribe(0);
        await rig.notify();
        await settle();
      }
      await rig.residue();
    },
    { limits: { notifying: 1 } },
  );

  serve('the last one waits behind the one under way, and is left out when nobody is there', async (rig) => {
    const dialog = await established(rig);
    rig.watcher.answer = () => undefined;
    rig.package.last.update();
    const first = await rig.notify();
    await dialog.subscribe(0);
    await rig.silence();
    rig.watcher.respond(first, 481);
    await rig.silence();
    await rig.residue();
    assert.deepEqual(rig.package.heard, ['began active', 'ended unsubscribed']);
  });
});

describe('PRES-51: NOTIFY fails', () => {
  for (const status of [404, 405, 408, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604]) {
    serve(`${status} removes the subscription`, async (rig) => {
      const dialog = await established(rig);
      rig.watcher.answer = () => status;
      rig.package.last.update();
      await rig.notify();
      await settle();
      assert.equal(rig.package.heard.at(-1), `ended refused ${status}`);
      assert.equal(statusOf(await dialog.subscribe(600)), 481);
      await rig.silence();
      await rig.residue();
    });
  }

  for (const status of [302, 400, 401, 403, 406, 415, 491, 600]) {
    serve(`${status} concerns that NOTIFY only; the next change is told`, async (rig) => {
      const dialog = await established(rig);
      rig.watcher.answer = () => status;
      rig.package.last.update();
      await rig.notify();
      await settle();
      rig.watcher.answer = () => 200;
      await rig.advance(120_000);
      await rig.silence();
      rig.package.text = 'again';
      rig.package.last.update();
      assert.equal(textOf(await rig.notify()), 'again active');
      await settle();
      await finish(dialog);
    });
  }

  serve('500 is tried again, with what holds then', async (rig) => {
    const dialog = await established(rig);
    rig.watcher.answer = () => 500;
    rig.package.last.update();
    await rig.notify();
    await settle();
    rig.watcher.answer = () => 200;
    rig.package.text = 'later';
    rig.package.last.update();
    await rig.silence();
    // 30 s, and a quarter of it by chance.
    await rig.advance(40_000, 8);
    assert.equal(textOf(await rig.notify()), 'later active');
    await settle();
    await rig.advance(HOUR / 4);
    await rig.silence();
    await finish(dialog);
  });

  serve('503 with Retry-After is tried again not before', async (rig) => {
    const dialog = await established(rig);
    rig.watcher.answer = () => ({ status: 503, headers: [['Retry-After', '300']] });
    rig.package.last.update();
    await rig.notify();
    await settle();
    rig.watcher.answer = () => 200;
    await rig.advance(299_000);
    await rig.silence();
    await rig.advance(100_000, 20);
    assert.equal(stateOf(await rig.notify()).startsWith('active;'), true);
    await settle();
    await finish(dialog);
  });

  serve('a watcher that refuses eight times, for an hour, is given up', async (rig) => {
    await established(rig, 7200);
    rig.watcher.answer = () => 500;
    rig.package.last.update();
    await settle();
    // 30 s, twice as long each time, and a quarter of it by chance: 63.5 minutes in all, 80 at most.
    await rig.advance(40 * 60_000, 80);
    assert.equal(rig.notifiers.size, 1);
    await rig.advance(HOUR, 120);
    assert.deepEqual(rig.package.heard, ['began active', 'ended refused 500']);
    assert.equal(rig.watcher.requests.untaken.length, 8);
    await rig.residue();
  });

  serve('silence for 32 s removes it (timer F)', async (rig) => {
    const dialog = await established(rig);
    rig.watcher.answer = () => undefined;
    rig.package.last.update();
    await rig.notify();
    await rig.advance(TIMER_F - 1000, 10);
    assert.equal(rig.notifiers.size, 1);
    await rig.advance(1100);
    assert.equal(rig.notifiers.size, 0);
    assert.equal(rig.package.heard.at(-1), 'ended failed timeout');
    rig.watcher.answer = () => 200;
    assert.equal(statusOf(await dialog.subscribe(600)), 481);
    await rig.residue();
  });

  serve('the first NOTIFY fails: nothing came of the SUBSCRIBE', async (rig) => {
    rig.watcher.answer = () => 481;
    const dialog = new WatcherDialog(rig);
    assert.equal(statusOf(await dialog.subscribe(600)), 200);
    await rig.notify();
    await settle();
    assert.deepEqual(rig.package.heard, ['began active', 'ended refused 481']);
    await rig.residue();
  });

  serve(
    'a Contact where nobody may be sent, and no next hop: it ends after eight tries, quietly',
    async (rig) => {
      await new WatcherDialog(rig).subscribe(7200);
      await rig.advance(HOUR * 1.5, 120);
      await rig.silence();
      assert.deepEqual(rig.package.heard, ['began active', 'ended failed unlocatable']);
      await rig.residue();
    },
    { astray: true },
  );

  test('RFC 3263 §4.3: a dead server, then the next', async () => {
    const watcher = await SipPeer.open();
    const dead = await SipPeer.open();
    dead.answer = () => undefined;
    const rig = await ServeRig.start(watcher, { hops: [dead.port] });
    const dialog = new WatcherDialog(rig);
    await dialog.subscribe(3600);
    await dead.requests.next('a NOTIFY');
    await rig.advance(TIMER_F + 100, 10);
    assert.equal(stateOf(await rig.notify()), 'active;expires=3568');
    await settle();
    await finish(dialog);
    await rig.close();
    await dead.close();
    await watcher.close();
  });

  serve(
    'RFC 3261 §22.2: a challenge of the next hop is answered, with a CSeq of its own',
    async (rig) => {
      rig.watcher.answer = (request) =>
        request.headers.has('proxy-authorization') ? 200 : { status: 407, headers: [CHALLENGE] };
      const dialog = new WatcherDialog(rig);
      await dialog.subscribe(600);
      const first = await rig.notify();
      const second = await rig.notify();
      assert.equal(cseqOf(second), cseqOf(first) + 1);
      assert.match(header(second, 'proxy-authorization'), /username="gateway"/);
      await settle();
      rig.package.last.update();
      assert.equal(cseqOf(await rig.notify()), cseqOf(second) + 1);
      await settle();
      await dialog.subscribe(0);
      assert.equal(stateOf(await rig.notify()), 'terminated;reason=timeout');
      await rig.residue();
    },
    { credentials: [{ realm: 'example.net', user: 'gateway', password: 'secret' }] },
  );
});
