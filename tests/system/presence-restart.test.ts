// A restart of the gateway: what it finds in the store goes on as if nothing had been (promise 5; RFC 6665 §4.4.1).

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { header, parameter, type SipText } from '../peers/sip-text.ts';
import { finish, HOUR, JULIET, MINUTE, pidf, play, type PresenceRig } from './presence-rig.ts';
import { settle } from './watch-rig.ts';

const TIMER_N = 32_200;

async function terminate(rig: PresenceRig, subscribe: SipText, reason: string): Promise<void> {
  assert.equal(await rig.notify(subscribe, `terminated;reason=${reason}`), 200);
}

describe('a restart of the gateway', () => {
  play(
    'the dialog goes on: NOTIFY is taken, nothing is subscribed anew, and what vanished is told',
    async (rig) => {
      const subscribe = await rig.established();
      await rig.notify(subscribe, 'active', pidf('orchard', 'work'));
      rig.told();
      await rig.restart();
      await rig.silence();
      assert.equal(rig.outcome('restored'), 1);
      assert.equal(await rig.notify(subscribe, 'active', pidf('orchard=away')), 200);
      assert.deepEqual(rig.told(), ['orchard available away', 'work unavailable']);
      await finish(rig);
    },
  );

  play('the refresh comes in the old dialog, with the next CSeq', async (rig) => {
    const subscribe = await rig.established();
    await rig.rig.advance(10 * MINUTE);
    await rig.restart();
    let waited = 0;
    while (rig.told().length === 0 && waited < HOUR) {
      rig.rig.time.advance(1000);
      waited += 1000;
    }
    // Between 75 % and 90 % of the 50 minutes that are left.
    assert.ok(waited >= 37 * MINUTE && waited < 46 * MINUTE, String(waited));
    rig.user(undefined, `${JULIET}/balcony`);
    const refresh = await rig.notifier.subscribe();
    assert.equal(header(refresh, 'call-id'), header(subscribe, 'call-id'));
    assert.equal(header(refresh, 'cseq'), '2 SUBSCRIBE');
    assert.equal(parameter(header(refresh, 'to'), 'tag'), rig.notifier.tag);
    await settle();
    await rig.notify(refresh, 'active;expires=3600', pidf('orchard'));
    assert.deepEqual(rig.told(), ['orchard available']);
    await finish(rig);
  });

  play('PRES-18: a probe asks for what the restart forgot, in the dialog', async (rig) => {
    await rig.established();
    await rig.restart();
    rig.user('probe');
    const refresh = await rig.notifier.subscribe();
    assert.equal(header(refresh, 'cseq'), '2 SUBSCRIBE');
    await settle();
    await rig.notify(refresh, 'active;expires=3600', pidf('orchard'));
    assert.deepEqual(rig.told(), ['orchard available']);
    await finish(rig);
  });

  play('pending stays pending', async (rig) => {
    rig.user('subscribe');
    const subscribe = await rig.notifier.subscribe();
    await settle();
    await rig.notify(subscribe, 'pending;expires=3600');
    await rig.restart();
    await rig.silence();
    await rig.notify(subscribe, 'active', pidf('orchard'));
    assert.deepEqual(rig.told(), ['subscribed', 'orchard available']);
    await finish(rig);
  });

  play('there was no answer yet: asked again, and the old dialog is refused', async (rig) => {
    rig.user('subscribe');
    const subscribe = await rig.notifier.subscribe();
    await settle();
    await rig.restart();
    const again = await rig.notifier.subscribe();
    assert.notEqual(header(again, 'call-id'), header(subscribe, 'call-id'));
    await settle();
    assert.equal(await rig.notify(subscribe, 'active', pidf('orchard')), 481);
    await rig.notify(again, 'active;expires=3600', pidf('orchard'));
    assert.deepEqual(rig.told(), ['subscribed', 'orchard available']);
    await finish(rig);
  });

  play('its time is nearly over: a new one, and no second subscribed', async (rig) => {
    const subscribe = await rig.established({ state: 'active;expires=90' });
    await rig.stopGateway();
    rig.rig.time.advance(MINUTE);
    await rig.startGateway();
    const again = await rig.notifier.subscribe();
    assert.notEqual(header(again, 'call-id'), header(subscribe, 'call-id'));
    await settle();
    assert.deepEqual(rig.told(), []);
    await rig.notify(again, 'active;expires=3600', pidf('work'));
    assert.deepEqual(rig.told(), ['work available', 'orchard unavailable']);
    await finish(rig);
  });

  play('the user was away: nothing is asked until he comes', async (rig) => {
    await rig.established();
    rig.user('unavailable', JULIET);
    const last = await rig.notifier.subscribe();
    await settle();
    await rig.notify(last, 'terminated;reason=timeout');
    rig.told();
    await rig.restart();
    await rig.silence();
    rig.user('probe');
    const again = await rig.notifier.subscribe();
    await settle();
    await rig.notify(again, 'active;expires=3600', pidf('orchard'));
    assert.deepEqual(rig.told(), ['orchard available']);
    await finish(rig);
  });

  play('subscribed was due: told by the next one, though no link was up in between', async (rig) => {
    rig.user('subscribe');
    const subscribe = await rig.notifier.subscribe();
    await settle();
    rig.linkDown();
    await rig.notify(subscribe, 'active;expires=3600', pidf('orchard'));
    await rig.restart();
    assert.deepEqual(rig.told(), []);
    rig.linkUp();
    assert.deepEqual(rig.told(), ['subscribed']);
    rig.confirm();
    assert.equal(rig.record()?.['due'], undefined);
    await rig.notify(subscribe, 'active', pidf('orchard'));
    assert.deepEqual(rig.told(), ['orchard available']);
    await finish(rig);
  });

  play('subscribed was due once more: what was shown before may still be true', async (rig) => {
    const subscribe = await rig.established();
    rig.linkDown();
    rig.user('subscribe');
    await rig.restart();
    rig.linkUp();
    assert.deepEqual(rig.told(), ['subscribed']);
    rig.confirm();
    await rig.notify(subscribe, 'active', pidf('work'));
    assert.deepEqual(rig.told(), ['work available', 'orchard unavailable']);
    await finish(rig);
  });

  play('unsubscribed was due: told by the next one, and then the record goes', async (rig) => {
    const subscribe = await rig.established();
    rig.linkDown();
    await terminate(rig, subscribe, 'rejected');
    await rig.restart();
    rig.linkUp();
    assert.deepEqual(rig.told(), ['unsubscribed', 'orchard unavailable']);
    await rig.residue();
  });

  play('he was just taking it back: the next one ends it in the dialog', async (rig) => {
    await rig.established();
    rig.notifier.answer = () => undefined;
    rig.user('unsubscribe');
    await rig.notifier.subscribe();
    await settle();
    rig.notifier.answer = () => 200;
    await rig.restart();
    await settle();
    assert.deepEqual(rig.told(), ['orchard unavailable', 'unsubscribed']);
    rig.notifier.requests.forget();
    rig.confirm();
    await rig.rig.advance(TIMER_N, 2);
    await rig.residue();
  });

  play('many at once are asked one by one', async (rig) => {
    for (let i = 0; i < 300; i++) rig.user('subscribe', `u${i}@example.com`);
    await settle();
    await rig.stopGateway();
    rig.notifier.requests.forget();
    await rig.startGateway();
    // 200 at once, and 200 a second.
    assert.equal(rig.watchers.waiting, 100);
    assert.equal(rig.rig.subscriptions.size, 200);
    // One of those who wait takes it back: he is not asked for any more.
    rig.user('unsubscribe', 'u299@example.com');
    assert.deepEqual(rig.told(), ['to u299@example.com unsubscribed']);
    assert.equal(rig.watchers.waiting, 99);
    await rig.rig.advance(1000, 10);
    assert.equal(rig.watchers.waiting, 0);
    assert.equal(rig.rig.subscriptions.size, 299);
  });

  play(
    'a store that forgets: what was shown is taken back, and the notifier is told',
    async (rig) => {
      await rig.established();
      rig.watchers.drain();
      assert.deepEqual(rig.told(), ['orchard unavailable']);
      const drained = rig.rig.subscriptions.drain();
      const last = await rig.notifier.subscribe();
      assert.equal(header(last, 'expires'), '0');
      await rig.rig.advance(2100);
      await drained;
    },
    { forgetful: true },
  );

  play('while it drains, notifications are taken and told', async (rig) => {
    const subscribe = await rig.established();
    rig.watchers.drain();
    assert.equal(await rig.notify(subscribe, 'active', pidf('orchard=away')), 200);
    assert.deepEqual(rig.told(), ['orchard available away']);
    rig.watchers.stop();
    rig.notifier.requests.forget();
  });

  play('what no link could carry before it is asked for again', async (rig) => {
    const subscribe = await rig.established();
    rig.linkDown();
    assert.equal(await rig.notify(subscribe, 'active', pidf('orchard=away')), 200);
    assert.equal(rig.record()?.['untold'], true);
    await rig.stopGateway();
    rig.link.state = 'up';
    await rig.startGateway();
    // PRES-08 holds for this refresh too.
    assert.deepEqual(rig.told(), ['probe']);
    rig.user(undefined, `${JULIET}/balcony`);
    const refresh = await rig.notifier.subscribe();
    assert.equal(header(refresh, 'cseq'), '2 SUBSCRIBE');
    await settle();
    await rig.notify(refresh, 'active;expires=3600', pidf('orchard=away'));
    assert.deepEqual(rig.told(), ['orchard available away']);
    assert.equal(rig.record()?.['untold'], undefined);
    await finish(rig);
  });

  play('a record whose domain no rule covers any more is left where it is, aloud', async (rig) => {
    await rig.established();
    await rig.stopGateway();
    rig.contactDomain = 'elsewhere.example';
    await rig.startGateway();
    assert.equal(rig.watchers.size, 0);
    assert.equal(rig.records, 1);
    assert.ok(rig.rig.log.some(({ level, event }) => level === 'warn' && event === 'watchers.unmapped'));
  });
});
