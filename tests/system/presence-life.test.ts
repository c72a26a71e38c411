// What becomes of a watcher when either side ends it, asks about it, floods it, or when the gateway or its link goes away
// (RFC 8048 §5.2.3, §7.1; rows PRES-14 … PRES-18, PRES-30 … PRES-37, promises 1 and 5).

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { header, parameter, type SipText } from '../peers/sip-text.ts';
import { finish, HOUR, JULIET, MINUTE, pidf, play, ROMEO, type PresenceRig } from './presence-rig.ts';
import { settle } from './watch-rig.ts';

const TIMER_N = 32_200;

describe('cancelling (§5.2.3)', () => {
  play(
    'PRES-15, PRES-16: Expires 0 in the dialog; on the 2xx unsubscribed; the last NOTIFY is answered',
    async (rig) => {
      const subscribe = await rig.established();
      rig.notifier.answer = () => undefined;
      rig.user('unsubscribe');
      const last = await rig.notifier.subscribe();
      assert.equal(header(last, 'expires'), '0');
      assert.equal(header(last, 'call-id'), header(subscribe, 'call-id'));
      assert.equal(header(last, 'cseq'), '2 SUBSCRIBE');
      await settle();
      assert.deepEqual(rig.told(), []);
      rig.notifier.respond(last, 200);
      await settle();
      assert.deepEqual(rig.told(), ['orchard unavailable', 'unsubscribed']);
      rig.confirm();
      assert.equal(await rig.notify(last, 'terminated;reason=timeout', pidf('!orchard')), 200);
      await rig.silence();
      await rig.residue();
    },
  );

  play('PRES-15: nothing is known of it: unsubscribed at once', async (rig) => {
    rig.user('unsubscribe');
    assert.deepEqual(rig.told(), ['unsubscribed']);
    await rig.silence();
    await rig.residue();
  });

  play('PRES-15: no dialog, since the user was away: at once', async (rig) => {
    await rig.established();
    rig.user('unavailable', JULIET);
    const last = await rig.notifier.subscribe();
    await settle();
    await rig.notify(last, 'terminated;reason=timeout');
    rig.told();
    rig.user('unsubscribe');
    assert.deepEqual(rig.told(), ['unsubscribed']);
    await rig.residue();
  });

  play('before the first answer: Expires 0 as soon as there is a dialog', async (rig) => {
    rig.notifier.answer = () => undefined;
    rig.user('subscribe');
    const subscribe = await rig.notifier.subscribe();
    rig.user('unsubscribe');
    await rig.silence();
    rig.notifier.answer = () => 200;
    rig.notifier.respond(subscribe, 200);
    const last = await rig.notifier.subscribe();
    assert.equal(header(last, 'expires'), '0');
    await settle();
    assert.deepEqual(rig.told(), ['unsubscribed']);
    await rig.notify(last, 'terminated;reason=timeout');
    await rig.residue();
  });

  play('the notifier is dead: unsubscribed all the same', async (rig) => {
    await rig.established();
    rig.notifier.answer = () => undefined;
    rig.user('unsubscribe');
    await rig.notifier.subscribe();
    await settle();
    await rig.rig.advance(TIMER_N, 4);
    assert.deepEqual(rig.told(), ['orchard unavailable', 'unsubscribed']);
    await rig.residue();
  });

  play(
    'he changes his mind before the 2xx: a new subscription, and only its outcome is told',
    async (rig) => {
      await rig.established();
      rig.notifier.answer = () => undefined;
      rig.user('unsubscribe');
      const last = await rig.notifier.subscribe();
      rig.user('subscribe');
      const fresh = await rig.notifier.subscribe();
      assert.notEqual(header(fresh, 'call-id'), header(last, 'call-id'));
      rig.notifier.respond(last, 200);
      rig.notifier.respond(fresh, 200);
      await settle();
      await rig.notify(last, 'terminated;reason=timeout');
      assert.deepEqual(rig.told(), []);
      await rig.notify(fresh, 'active;expires=3600', pidf('orchard'));
      assert.deepEqual(rig.told(), ['subscribed', 'orchard available']);
      rig.notifier.answer = () => 200;
      await finish(rig);
    },
  );
});

describe('polling (§7.1)', () => {
  play('PRES-17: no authorization: Expires 0 in a new dialog; presence, and no subscribed', async (rig) => {
    rig.user('probe', `${JULIET}/chamber`);
    const fetch = await rig.notifier.subscribe();
    assert.equal(header(fetch, 'expires'), '0');
    assert.equal(parameter(header(fetch, 'to'), 'tag'), undefined);
    // Further questions meanwhile are the same one.
    rig.user('probe', `${JULIET}/balcony`);
    await settle();
    await rig.notify(fetch, 'terminated;reason=timeout', pidf('orchard=away'));
    assert.deepEqual(rig.told(), ['orchard available away']);
    await rig.silence();
    await rig.residue();
  });

  play('PRES-17: pending, then terminated without a document: nothing is told', async (rig) => {
    rig.user('probe');
    const fetch = await rig.notifier.subscribe();
    await settle();
    await rig.notify(fetch, 'pending;expires=0', pidf('orchard'));
    await rig.notify(fetch, 'terminated;reason=timeout');
    await rig.silence();
    await rig.residue();
  });

  for (const [status, told] of [
    [403, 'unsubscribed'],
    [404, 'unavailable'],
    [480, 'unavailable'],
    [501, 'unavailable'],
  ] as const) {
    play(`PRES-17: ${status}: ${told}, once`, async (rig) => {
      rig.notifier.answer = () => status;
      rig.user('probe');
      await rig.notifier.subscribe();
      await settle();
      assert.deepEqual(rig.told(), [told]);
      rig.confirm();
      await rig.rig.advance(10 * MINUTE, 4);
      await rig.residue();
    });
  }

  play('PRES-18: the dialog is active: answered from what is known, without SUBSCRIBE', async (rig) => {
    const subscribe = await rig.established();
    await rig.notify(subscribe, 'active', pidf('orchard', 'work=xa'));
    rig.told();
    rig.user('probe', `${JULIET}/chamber`);
    assert.deepEqual(rig.told(), ['orchard available', 'work available xa']);
    await rig.silence();
    await finish(rig);
  });

  play('PRES-03: he has not decided: nothing', async (rig) => {
    rig.user('subscribe');
    const subscribe = await rig.notifier.subscribe();
    await settle();
    await rig.notify(subscribe, 'pending;expires=3600');
    rig.user('probe');
    await rig.silence();
    await finish(rig);
  });
});

/** A subscription that has lasted: it is asked for again at once where the clause says so. */
async function lasting(rig: PresenceRig): Promise<SipText> {
  const subscribe = await rig.established();
  await rig.rig.advance(2 * MINUTE);
  return subscribe;
}

async function terminate(rig: PresenceRig, subscribe: SipText, reason?: string): Promise<void> {
  const state = reason === undefined ? 'terminated' : `terminated;reason=${reason}`;
  assert.equal(await rig.notify(subscribe, state), 200);
}

describe('the reasons of "terminated" (table 6.1.1)', () => {
  for (const [row, reason] of [
    ['PRES-30', 'rejected'],
    ['PRES-31', 'noresource'],
  ] as const) {
    play(
      `${row}: ${reason} ends the authorization: unavailable, then unsubscribed, and nobody asks again`,
      async (rig) => {
        const subscribe = await lasting(rig);
        await terminate(rig, subscribe, `${reason};retry-after=1`);
        assert.deepEqual(rig.told(), ['orchard unavailable', 'unsubscribed']);
        rig.confirm();
        await rig.rig.advance(2 * HOUR, 4);
        await rig.silence();
        await rig.residue();
      },
    );

    play(`${row}: ${reason} while pending: unsubscribed alone`, async (rig) => {
      rig.user('subscribe');
      const subscribe = await rig.notifier.subscribe();
      await settle();
      await rig.notify(subscribe, 'pending;expires=3600');
      await terminate(rig, subscribe, reason);
      assert.deepEqual(rig.told(), ['unsubscribed']);
      await rig.residue();
    });
  }

  for (const [row, reason] of [
    ['PRES-32', 'deactivated'],
    ['PRES-34', 'timeout'],
  ] as const) {
    play(
      `${row}: ${reason}: a new SUBSCRIBE at once; nothing is told, and no second subscribed`,
      async (rig) => {
        const subscribe = await lasting(rig);
        await terminate(rig, subscribe, reason);
        const again = await rig.notifier.subscribe();
        assert.notEqual(header(again, 'call-id'), header(subscribe, 'call-id'));
        await rig.silence();
        await rig.notify(again, 'active;expires=3600', pidf('orchard=away'));
        assert.deepEqual(rig.told(), ['orchard available away']);
        await finish(rig);
      },
    );

    play(`${row}: ${reason}, and the new SUBSCRIBE fails: unavailable`, async (rig) => {
      const subscribe = await lasting(rig);
      rig.notifier.answer = () => 480;
      await terminate(rig, subscribe, reason);
      await rig.notifier.subscribe();
      await settle();
      assert.deepEqual(rig.told(), ['orchard unavailable']);
      rig.notifier.answer = () => 200;
      await rig.rig.advanceToRequest(2 * MINUTE);
      const again = await rig.notifier.subscribe();
      await settle();
      await rig.notify(again, 'active;expires=3600', pidf('orchard'));
      assert.deepEqual(rig.told(), ['orchard available']);
      await finish(rig);
    });
  }

  for (const [row, reason, atLeastMs] of [
    ['PRES-33', 'probation;retry-after=300', 300_000],
    ['PRES-33', 'probation', 20_000],
    ['PRES-37', undefined, 20_000],
    ['PRES-37', 'gone-fishing', 20_000],
  ] as const) {
    play(`${row}: ${reason ?? 'no reason'}: unavailable, and asked again later`, async (rig) => {
      const subscribe = await lasting(rig);
      await terminate(rig, subscribe, reason);
      assert.deepEqual(rig.told(), ['orchard unavailable']);
      assert.ok((await rig.rig.advanceToRequest(HOUR)) >= atLeastMs);
      const again = await rig.notifier.subscribe();
      await settle();
      await rig.notify(again, 'active;expires=3600', pidf('orchard'));
      assert.deepEqual(rig.told(), ['orchard available']);
      await finish(rig);
    });
  }

  play('PRES-35: giveup: unavailable, asked again later, and authorized anew', async (rig) => {
    const subscribe = await lasting(rig);
    await terminate(rig, subscribe, 'giveup;retry-after=300');
    assert.deepEqual(rig.told(), ['orchard unavailable']);
    assert.equal(rig.record()?.['authorization'], 'asked');
    assert.ok((await rig.rig.advanceToRequest(HOUR)) >= 300_000);
    const again = await rig.notifier.subscribe();
    await settle();
    await rig.notify(again, 'pending;expires=3600');
    assert.deepEqual(rig.told(), []);
    await rig.notify(again, 'active', pidf('orchard'));
    assert.deepEqual(rig.told(), ['subscribed', 'orchard available']);
    await finish(rig);
  });

  play('PRES-36: invariant: the last presence holds, nobody asks again', async (rig) => {
    const subscribe = await lasting(rig);
    await terminate(rig, subscribe, 'invariant');
    await rig.rig.advance(2 * HOUR, 4);
    await rig.silence();
    rig.user('probe');
    assert.deepEqual(rig.told(), ['orchard available']);
    rig.user('unsubscribe');
    assert.deepEqual(rig.told(), ['orchard unavailable', 'unsubscribed']);
    await rig.residue();
  });

  play('PRES-03: active becomes pending again: what was shown is taken back until he agrees', async (rig) => {
    const subscribe = await rig.established();
    await rig.notify(subscribe, 'pending', pidf('orchard'));
    assert.deepEqual(rig.told(), ['orchard unavailable']);
    rig.user('probe');
    assert.deepEqual(rig.told(), []);
    await rig.notify(subscribe, 'active', pidf('orchard'));
    assert.deepEqual(rig.told(), ['orchard available']);
    await finish(rig);
  });
});

describe('a contact who cannot be reached, and a user of whom nothing is heard', () => {
  play('asked for a week in vain: an error and unsubscribed, and nobody is asked any more', async (rig) => {
    rig.notifier.answer = () => undefined;
    rig.user('subscribe');
    rig.rig.time.advance(6.9 * 24 * HOUR);
    assert.deepEqual(rig.told(), []);
    rig.rig.time.advance(0.3 * 24 * HOUR);
    assert.deepEqual(rig.told(), ['error remote-server-timeout', 'unsubscribed']);
    await settle();
    rig.notifier.requests.forget();
    await rig.residue();
  });

  play(
    'authorized: he is asked after a day, and left alone after a week; the authorization stays',
    async (rig) => {
      const subscribe = await rig.established();
      await rig.rig.advance(2 * MINUTE);
      rig.notifier.answer = () => undefined;
      await terminate(rig, subscribe);
      assert.deepEqual(rig.told(), ['orchard unavailable']);
      rig.rig.time.advance(23 * HOUR);
      assert.deepEqual(rig.told(), []);
      rig.rig.time.advance(3 * HOUR);
      assert.ok(rig.told().every((word) => word === 'probe'));
      // He is there: it goes on for another day without a question.
      rig.user(undefined, `${JULIET}/balcony`);
      rig.rig.time.advance(22 * HOUR);
      assert.deepEqual(rig.told(), []);
      rig.rig.time.advance(7 * 24 * HOUR);
      assert.ok(rig.told().every((word) => word === 'probe'));
      assert.equal(rig.rig.subscriptions.size, 0);
      assert.deepEqual([rig.record()?.['authorization'], rig.record()?.['wanted']], ['authorized', false]);
      await settle();
      rig.notifier.requests.forget();
      rig.user('unsubscribe');
      assert.deepEqual(rig.told(), ['unsubscribed']);
      await rig.residue();
    },
  );
});

describe('the link is down', () => {
  play('subscribed is kept, and told first when the link is up; presence as it is then', async (rig) => {
    rig.user('subscribe');
    const subscribe = await rig.notifier.subscribe();
    await settle();
    rig.linkDown();
    assert.equal(await rig.notify(subscribe, 'active;expires=3600', pidf('orchard', 'work')), 200);
    assert.equal(await rig.notify(subscribe, 'active', pidf('orchard=away')), 200);
    assert.deepEqual(rig.told(), []);
    assert.equal(rig.record()?.['due'], 'subscribed');
    await rig.rig.advance(30 * MINUTE);
    rig.linkUp();
    assert.deepEqual(rig.told(), ['subscribed', 'orchard available away']);
    rig.confirm();
    assert.equal(rig.record()?.['due'], undefined);
    await finish(rig);
  });

  play(
    'subscribed was written and not confirmed: once more on the next link, and presence behind it',
    async (rig) => {
      rig.user('subscribe');
      const subscribe = await rig.notifier.subscribe();
      await settle();
      await rig.notify(subscribe, 'active;expires=3600', pidf('orchard'));
      assert.deepEqual(rig.told(), ['subscribed', 'orchard available']);
      rig.linkDown();
      rig.linkUp();
      assert.deepEqual(rig.told(), ['subscribed', 'orchard available']);
      rig.confirm();
      rig.linkDown();
      rig.linkUp();
      assert.deepEqual(rig.told(), []);
      await finish(rig);
    },
  );

  play('unsubscribed is kept, and the record with it', async (rig) => {
    const subscribe = await rig.established();
    rig.linkDown();
    await terminate(rig, subscribe, 'rejected');
    assert.deepEqual([rig.record()?.['authorization'], rig.record()?.['due']], ['over', 'unsubscribed']);
    await rig.rig.advance(HOUR, 4);
    rig.linkUp();
    assert.deepEqual(rig.told(), ['unsubscribed', 'orchard unavailable']);
    await rig.residue();
  });

  play('the link is full: nothing is lost, and the order holds', async (rig) => {
    rig.user('subscribe');
    const subscribe = await rig.notifier.subscribe();
    await settle();
    rig.link.room = 1;
    await rig.notify(subscribe, 'active;expires=3600', pidf('orchard', 'work'));
    assert.deepEqual(rig.told(), ['subscribed']);
    rig.link.room = 1;
    rig.linkUp();
    assert.deepEqual(rig.told(), ['orchard available']);
    rig.link.room = Infinity;
    rig.linkUp();
    assert.deepEqual(rig.told(), ['orchard available', 'work available']);
    await finish(rig);
  });

  play('a new subscribe takes the place of an unsubscribed that was not told', async (rig) => {
    const subscribe = await rig.established();
    rig.linkDown();
    await terminate(rig, subscribe, 'rejected');
    rig.user('subscribe');
    const again = await rig.notifier.subscribe();
    await settle();
    rig.linkUp();
    assert.deepEqual(rig.told(), ['orchard unavailable']);
    await rig.notify(again, 'active;expires=3600', pidf('orchard'));
    assert.deepEqual(rig.told(), ['subscribed', 'orchard available']);
    await finish(rig);
  });
});

describe('floods', () => {
  play(
    'many subscribes of one user: the first ones are served, the rest is resource-constraint',
    async (rig) => {
      for (let i = 0; i < 20; i++) rig.user('subscribe', JULIET, `r${i}@example.net`);
      await settle();
      assert.equal(rig.notifier.requests.untaken.length, 5);
      assert.equal(rig.told().filter((word) => word.endsWith('error resource-constraint')).length, 15);
      assert.equal(rig.outcome('limited'), 15);
      assert.equal(rig.watchers.size, 5);
      // Another user is not hurt by it.
      rig.user('subscribe', 'nurse@example.com');
      await settle();
      assert.equal(rig.watchers.size, 6);
    },
    { limits: { subscribeBurst: 5 } },
  );

  play(
    'one user may watch so many, and all together so many',
    async (rig) => {
      for (const name of ['a', 'b', 'c']) rig.user('subscribe', JULIET, `${name}@example.net`);
      assert.deepEqual(rig.told(), ['from c@example.net error resource-constraint']);
      rig.user('subscribe', 'nurse@example.com');
      rig.user('subscribe', 'friar@example.com');
      assert.deepEqual(rig.told(), ['to friar@example.com error resource-constraint']);
      // PRES-15 needs no place.
      rig.user('unsubscribe', JULIET, 'd@example.net');
      assert.deepEqual(rig.told(), ['from d@example.net unsubscribed']);
      // What is watched already goes on.
      rig.user('subscribe', JULIET, 'a@example.net');
      assert.deepEqual(rig.told(), []);
    },
    { limits: { perUser: 2, watches: 3 } },
  );

  play(
    'who gives one up may watch another, and no more',
    async (rig) => {
      for (const name of ['a', 'b', 'c']) rig.user('subscribe', JULIET, `${name}@example.net`);
      assert.equal(rig.told().length, 0);
      rig.user('unsubscribe', JULIET, 'a@example.net');
      await settle();
      assert.deepEqual(rig.told(), ['from a@example.net unsubscribed']);
      rig.confirm();
      for (const name of ['d', 'e']) rig.user('subscribe', JULIET, `${name}@example.net`);
      assert.deepEqual(rig.told(), ['from e@example.net error resource-constraint']);
    },
    { limits: { perUser: 3 } },
  );

  play(
    'the table of subscriptions is full: resource-constraint, and nothing is left behind',
    async (rig) => {
      rig.user('subscribe', JULIET, 'a@example.net');
      rig.user('subscribe', JULIET, 'b@example.net');
      assert.deepEqual(rig.told(), ['from b@example.net error resource-constraint']);
      assert.equal(rig.watchers.size, 1);
      assert.equal(rig.records, 1);
    },
    { maxSubscribers: 1 },
  );

  play(
    'probes beyond the rate ask nothing of SIP',
    async (rig) => {
      for (let i = 0; i < 20; i++) rig.user('probe', JULIET, `r${i}@example.net`);
      await settle();
      assert.equal(rig.notifier.requests.untaken.length, 5);
      assert.equal(rig.watchers.size, 5);
      assert.equal(rig.outcome('limited'), 15);
    },
    { limits: { probeBurst: 5 } },
  );
});

describe('the other direction', () => {
  const heard: string[] = [];
  play(
    'answers and presence of the user reach it, beside the watcher',
    async (rig) => {
      const subscribe = await rig.established();
      for (const type of ['subscribed', 'unsubscribed', undefined, 'unavailable', 'error']) {
        rig.user(type, `${JULIET}/balcony`);
      }
      assert.deepEqual(heard, [
        ...['subscribed', 'unsubscribed', 'available', 'unavailable', 'error'].map(
          (kind) => `${kind} ${JULIET} sip:${ROMEO}`,
        ),
      ]);
      assert.equal(rig.rig.counters.total('stoxgate_presence_ignored_total'), 0);
      rig.notifier.requests.forget();
      assert.notEqual(subscribe, undefined);
    },
    {
      contacts: {
        isAsked: () => false,
        presence: (kind, _, user, contact) => {
          heard.push(`${kind} ${user.bareText} ${contact.uri}`);
          return true;
        },
      },
    },
  );

  play('it is not there yet: they are counted', async (rig) => {
    for (const type of ['subscribed', 'unsubscribed', undefined, 'unavailable', 'error', 'what'])
      rig.user(type);
    assert.equal(rig.rig.counters.total('stoxgate_presence_ignored_total'), 6);
    await rig.silence();
    await rig.residue();
  });
});
