// What the operator is shown of an XMPP user who watches a SIP contact, state by state, in time that is moved by hand.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { WatchStatus } from '../../src/gateway/presence/watch-status.ts';
import type { LegStatus, SubscriberStatus } from '../../src/gateway/subscriptions/types.ts';
import { header } from '../peers/sip-text.ts';
import { HOUR, JULIET, MINUTE, pidf, play, ROMEO, type PresenceRig } from './presence-rig.ts';
import { settle } from './watch-rig.ts';

function status(rig: PresenceRig): WatchStatus {
  return rig.watchers.status(JULIET, ROMEO) ?? assert.fail('nobody watches');
}

function subscription(rig: PresenceRig): SubscriberStatus {
  return status(rig).subscription ?? assert.fail('no subscription');
}

function leg(rig: PresenceRig): LegStatus {
  const { dialogs } = subscription(rig);
  assert.equal(dialogs.length, 1);
  return dialogs[0] ?? assert.fail('no dialog');
}

const wall = (rig: PresenceRig): number => rig.rig.time.wall();

describe('who watches, in which state, since when and why', () => {
  play('nobody', async (rig) => {
    assert.equal(rig.watchers.status(JULIET, ROMEO), undefined);
    rig.user('unsubscribe');
    rig.confirm();
    assert.equal(rig.watchers.status(JULIET, ROMEO), undefined);
  });

  play('subscribe, 2xx, NOTIFY pending, NOTIFY active: each with its time', async (rig) => {
    rig.notifier.answer = () => undefined;
    const begun = wall(rig);
    rig.user('subscribe');
    const subscribe = await rig.notifier.subscribe();
    const asked = status(rig);
    assert.deepEqual([asked.state, asked.by, asked.sinceMs], ['subscribing', 'subscribe', begun]);
    assert.deepEqual([asked.authorization, asked.known, asked.resources], ['asked', false, []]);
    assert.deepEqual(
      [leg(rig).state, leg(rig).sending, leg(rig).answered],
      ['notify_wait', 'initial', undefined],
    );
    assert.equal(leg(rig).callId, header(subscribe, 'call-id'));
    await rig.rig.advance(100);
    rig.notifier.respond(subscribe, 200);
    await settle();
    assert.deepEqual([status(rig).state, status(rig).by, leg(rig).answered], ['neutral', 'accepted', 200]);
    assert.equal(leg(rig).notifyStatus, undefined);
    await rig.rig.advance(100);
    assert.equal(await rig.notify(subscribe, 'pending;expires=1800'), 200);
    assert.deepEqual([status(rig).state, status(rig).sinceMs], ['pending', begun + 200]);
    const { expiresMs, refreshMs = 0, notifiedMs, notifyStatus, granted, asked: wanted } = leg(rig);
    assert.deepEqual([expiresMs, notifiedMs, notifyStatus], [wall(rig) + 1_800_000, wall(rig), 200]);
    assert.deepEqual([wanted, granted], [3600, 3600]);
    // Between 75 % and 90 % of the time (docs/architecture.md).
    const part = (refreshMs - wall(rig)) / 1_800_000;
    assert.ok(part >= 0.74 && part <= 0.91, String(part));
    await rig.rig.advance(1000);
    assert.equal(await rig.notify(subscribe, 'active', pidf('orchard=away', '!work')), 200);
    const active = status(rig);
    assert.deepEqual([active.state, active.by, active.sinceMs], ['active', 'notifyActive', wall(rig)]);
    assert.equal(active.authorization, 'authorized');
    assert.deepEqual(
      active.resources.map(({ resource, available, told, show }) => [resource, available, told, show]),
      [
        ['orchard', true, true, 'away'],
        ['work', false, false, undefined],
      ],
    );
    assert.deepEqual(active.due, { kind: 'subscribed', placed: true });
    rig.confirm();
    assert.equal(status(rig).due, undefined);
  });

  play('a document that is refused: its fault, until one is read again (PRES-91)', async (rig) => {
    const subscribe = await rig.established();
    await rig.rig.advance(1000);
    assert.equal(await rig.notify(subscribe, 'active', '<presence'), 400);
    assert.equal(status(rig).fault, 'not-well-formed');
    assert.deepEqual([leg(rig).notifyStatus, leg(rig).notifiedMs], [400, wall(rig)]);
    assert.equal(status(rig).resources[0]?.resource, 'orchard');
    assert.equal(await rig.notify(subscribe, 'active', pidf('orchard')), 200);
    assert.deepEqual([status(rig).fault, leg(rig).notifyStatus], [undefined, 200]);
  });

  play('the end of a subscription, and when it is asked for again (PRES-35)', async (rig) => {
    const subscribe = await rig.established();
    await rig.rig.advance(MINUTE);
    const ended = wall(rig);
    await rig.notify(subscribe, 'terminated;reason=probation;retry-after=600');
    const { state, by, sinceMs, lastEnd } = status(rig);
    assert.deepEqual([state, by, sinceMs], ['resubscribing', 'paused', ended]);
    assert.deepEqual(lastEnd, {
      end: { cause: 'notified', reason: 'probation', retryAfter: 600 },
      atMs: ended,
    });
    const { state: subscriber, againMs = 0, dialogs } = subscription(rig);
    assert.deepEqual([subscriber, dialogs], ['waiting', []]);
    assert.ok(againMs >= ended + 600_000, `${againMs - ended}`);
    await rig.rig.advance(againMs - ended);
    await rig.notifier.subscribe();
    await settle();
    assert.deepEqual([subscription(rig).state, subscription(rig).againMs], ['subscribing', undefined]);
  });

  play('a reason that the peer made up is not held', async (rig) => {
    const subscribe = await rig.established();
    await rig.notify(subscribe, 'terminated;reason=made-up-by-the-peer');
    assert.deepEqual(status(rig).lastEnd?.end, { cause: 'notified', reason: 'other' });
  });

  play('a refusal for the time being: its status, the failures, the pause', async (rig) => {
    rig.notifier.answer = () => 500;
    rig.notifier.fields = () => [];
    rig.user('subscribe');
    await rig.notifier.subscribe();
    await settle();
    assert.deepEqual(status(rig).lastEnd?.end, { cause: 'refused', status: 500 });
    assert.deepEqual([subscription(rig).state, subscription(rig).failures], ['waiting', 1]);
    assert.ok((subscription(rig).againMs ?? 0) > wall(rig));
  });

  play('before a refresh: until when his server has to say that he is there (PRES-08)', async (rig) => {
    await rig.established();
    rig.user(undefined, `${JULIET}/balcony`);
    assert.deepEqual(status(rig).online, ['balcony']);
    assert.equal(status(rig).tells, true);
    const heard = wall(rig);
    assert.equal(status(rig).heardMs, heard);
    const refreshMs = leg(rig).refreshMs ?? 0;
    await rig.rig.advance(refreshMs - wall(rig));
    assert.deepEqual(rig.told(), ['probe']);
    const { state, by, checkMs = 0, heardMs } = status(rig);
    assert.deepEqual([state, by, heardMs], ['checking', 'refreshDue', heard]);
    assert.ok(Math.abs(checkMs - wall(rig) - 10_000) <= 20, `${checkMs - wall(rig)}`);
  });

  play('the link is down: what is due, and what is not told', async (rig) => {
    const subscribe = await rig.established();
    rig.linkDown();
    await rig.notify(subscribe, 'active', pidf('orchard', 'work'));
    const { unsent, resources } = status(rig);
    assert.equal(unsent, true);
    assert.equal(resources.find(({ resource }) => resource === 'work')?.available, true);
    rig.linkUp();
    assert.equal(status(rig).unsent, false);
  });

  play('after a restart: by the store, and what was told before', async (rig) => {
    await rig.established();
    await rig.rig.advance(MINUTE);
    await rig.restart();
    const { state, by, sinceMs, restored, resources, online } = status(rig);
    assert.deepEqual([state, by, restored, online], ['active', 'restored', true, []]);
    assert.ok(sinceMs > 0 && sinceMs <= wall(rig));
    assert.deepEqual(resources, [{ resource: 'orchard', available: undefined, told: true }]);
    assert.deepEqual(
      [leg(rig).state, leg(rig).answered, leg(rig).notifiedMs],
      ['active', undefined, undefined],
    );
    assert.ok((leg(rig).expiresMs ?? 0) > wall(rig) && (leg(rig).expiresMs ?? 0) <= wall(rig) + HOUR);
  });

  play('more than 50 resources: the others are counted', async (rig) => {
    const names = Array.from({ length: 60 }, (_, n) => `r${n}`);
    rig.user('subscribe');
    const subscribe = await rig.notifier.subscribe();
    await settle();
    await rig.notify(subscribe, 'active', pidf(...names));
    assert.deepEqual([status(rig).resources.length, status(rig).more], [50, 10]);
  });
});
