// An XMPP user watches a SIP contact (RFC 8048 §5.2, §7.1; rows PRES-01 … PRES-22). A notifier of our own says what each case
// needs; time is moved by hand.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { header, parameter } from '../peers/sip-text.ts';
import { finish, HOUR, JULIET, MINUTE, pidf, play, ROMEO, type PresenceRig } from './presence-rig.ts';
import { settle } from './watch-rig.ts';

/** 64*T1, and a little. */
const TIMER_N = 32_200;
const CHECK = 10_100;

/** Up to the question whether Juliet is there (PRES-08). Nothing comes from sockets meanwhile. */
function untilAsked(rig: PresenceRig): void {
  for (let waited = 0; waited < HOUR; waited += 1000) {
    rig.rig.time.advance(1000);
    const told = rig.told();
    if (told.length === 0) continue;
    assert.deepEqual(told, ['probe']);
    assert.ok(waited >= 0.74 * HOUR && waited < 0.91 * HOUR, `asked after ${waited / MINUTE} minutes`);
    return;
  }
  assert.fail('nobody was asked');
}

describe('subscribing (§5.2.1)', () => {
  play('PRES-01 … PRES-05: SUBSCRIBE, pending, active, presence, the end', async (rig) => {
    const { notifier } = rig;
    rig.user('subscribe', `${JULIET}/balcony`);
    const subscribe = await notifier.subscribe();
    assert.equal(subscribe.startLine, `SUBSCRIBE sip:${ROMEO} SIP/2.0`);
    assert.match(header(subscribe, 'from'), /^<sip:juliet@example\.com>;tag=/);
    assert.equal(header(subscribe, 'to'), `<sip:${ROMEO}>`);
    assert.equal(header(subscribe, 'contact'), `<sip:127.0.0.1:${rig.rig.port}>`);
    assert.equal(header(subscribe, 'event'), 'presence');
    assert.equal(header(subscribe, 'accept'), 'application/pidf+xml');
    assert.equal(header(subscribe, 'expires'), '3600');
    await rig.silence();
    // PRES-03, with a document that nobody may see.
    assert.equal(await rig.notify(subscribe, 'pending;expires=3600', pidf('orchard')), 200);
    await rig.silence();
    assert.equal(await rig.notify(subscribe, 'active;expires=3600', pidf('orchard=away', 'work')), 200);
    assert.deepEqual(rig.told(), ['subscribed', 'orchard available away', 'work available']);
    // PRES-87: what the next document does not name is gone.
    assert.equal(await rig.notify(subscribe, 'active', pidf('orchard')), 200);
    assert.deepEqual(rig.told(), ['orchard available', 'work unavailable']);
    assert.equal(await rig.notify(subscribe, 'active', pidf('!orchard')), 200);
    assert.deepEqual(rig.told(), ['orchard unavailable']);
    await finish(rig);
  });

  play('PRES-04: the first active NOTIFY has no body: unavailable', async (rig) => {
    rig.user('subscribe');
    const subscribe = await rig.notifier.subscribe();
    assert.equal(await rig.notify(subscribe, 'active;expires=3600'), 200);
    assert.deepEqual(rig.told(), ['subscribed', 'unavailable']);
    assert.equal(await rig.notify(subscribe, 'active', pidf('orchard')), 200);
    assert.deepEqual(rig.told(), ['orchard available']);
    // A later one without a body says nothing new.
    assert.equal(await rig.notify(subscribe, 'active'), 200);
    assert.deepEqual(rig.told(), ['orchard available']);
    await finish(rig);
  });

  play('NOTIFY before the 2xx', async (rig) => {
    rig.notifier.answer = () => undefined;
    rig.user('subscribe');
    const subscribe = await rig.notifier.subscribe();
    assert.equal(await rig.notify(subscribe, 'active;expires=3600', pidf('orchard')), 200);
    assert.deepEqual(rig.told(), ['subscribed', 'orchard available']);
    rig.notifier.respond(subscribe, 200);
    rig.notifier.answer = () => 200;
    await rig.silence();
    await finish(rig);
  });

  play(
    'PRES-91: a document that is none, or of somebody else: 400, and what was known holds',
    async (rig) => {
      const subscribe = await rig.established();
      assert.equal(await rig.notify(subscribe, 'active', '<presence'), 400);
      const other = pidf('orchard').replace(ROMEO, 'paris@example.net');
      assert.equal(await rig.notify(subscribe, 'active', other), 400);
      assert.equal(await rig.notify(subscribe, 'active', 'x', { contentType: 'text/plain' }), 415);
      await rig.silence();
      rig.user('probe');
      assert.deepEqual(rig.told(), ['orchard available']);
      await finish(rig);
    },
  );

  play('PRES-92: an old form is read, though it is not asked for', async (rig) => {
    const subscribe = await rig.established();
    const body = pidf('work').replace('urn:ietf:params:xml:ns:pidf', 'urn:ietf:params:xml:ns:cpim-pidf:');
    const contentType = 'application/cpim-pidf+xml';
    assert.equal(await rig.notify(subscribe, 'active', body, { contentType }), 200);
    assert.deepEqual(rig.told(), ['work available', 'orchard unavailable']);
    await finish(rig);
  });

  play(
    'PRES-87: a phone whose tuples have a new id each time (linphone) is never seen as gone',
    async (rig) => {
      const subscribe = await rig.established();
      assert.equal(await rig.notify(subscribe, 'active', pidf('h1zsm9=away')), 200);
      assert.deepEqual(rig.told(), ['h1zsm9 available away', 'orchard unavailable']);
      assert.equal(await rig.notify(subscribe, 'active', pidf('!x10l-1')), 200);
      assert.deepEqual(rig.told(), ['x10l-1 unavailable', 'h1zsm9 unavailable']);
      await finish(rig);
    },
  );

  play(
    'PRES-02b: no NOTIFY within 64*T1: tried again by back-off, and the user hears nothing',
    async (rig) => {
      rig.user('subscribe');
      await rig.notifier.subscribe();
      await settle();
      await rig.rig.advance(TIMER_N);
      await rig.rig.advanceToRequest(MINUTE);
      const again = await rig.notifier.subscribe();
      assert.deepEqual(rig.told(), []);
      assert.equal(await rig.notify(again, 'active;expires=3600', pidf('orchard')), 200);
      assert.deepEqual(rig.told(), ['subscribed', 'orchard available']);
      await finish(rig);
    },
  );

  play('PRES-19: a repeated subscribe while active: told again, no new dialog', async (rig) => {
    await rig.established();
    rig.user('subscribe');
    assert.deepEqual(rig.told(), ['subscribed', 'orchard available']);
    await rig.silence();
    await finish(rig);
  });

  play('a repeated subscribe while it is undecided: one subscription, one answer', async (rig) => {
    rig.user('subscribe');
    rig.user('subscribe');
    const subscribe = await rig.notifier.subscribe();
    assert.equal(await rig.notify(subscribe, 'pending;expires=3600'), 200);
    rig.user('subscribe');
    await rig.silence();
    assert.equal(await rig.notify(subscribe, 'active', pidf('orchard')), 200);
    assert.deepEqual(rig.told(), ['subscribed', 'orchard available']);
    await finish(rig);
  });

  play(
    'PRES-20: several resources of one user: one dialog, and presence goes to the bare JID',
    async (rig) => {
      const subscribe = await rig.established();
      rig.user(undefined, `${JULIET}/balcony`);
      rig.user(undefined, `${JULIET}/chamber`);
      await rig.silence();
      await rig.notify(subscribe, 'active', pidf('orchard=dnd'));
      assert.deepEqual(rig.told(), ['orchard available dnd']);
      await finish(rig);
    },
  );

  play('PRES-22: a forked SUBSCRIBE: both dialogs are taken, and their resources are merged', async (rig) => {
    const subscribe = await rig.established();
    assert.equal(await rig.notify(subscribe, 'active;expires=3600', pidf('work'), { tag: 'fork2' }), 200);
    assert.deepEqual(rig.told(), ['orchard available', 'work available']);
    // One fork pending does not take back what another says.
    assert.equal(await rig.notify(subscribe, 'pending;expires=3600', undefined, { tag: 'fork3' }), 200);
    assert.deepEqual(rig.told(), []);
    // One of them ends: what it alone knew is gone.
    assert.equal(
      await rig.notify(subscribe, 'terminated;reason=noresource', undefined, { tag: 'fork2' }),
      200,
    );
    assert.deepEqual(rig.told(), ['orchard available', 'work unavailable']);
    rig.user('unsubscribe');
    for (const tag of [rig.notifier.tag, 'fork3']) {
      const last = await rig.notifier.requests.next(
        'Expires 0',
        (each) => parameter(header(each, 'to'), 'tag') === tag,
      );
      await settle();
      await rig.notify(last, 'terminated;reason=timeout', undefined, { tag });
    }
    assert.deepEqual(rig.told(), ['orchard unavailable', 'unsubscribed']);
    await rig.residue();
  });
});

describe('who may (§8.1)', () => {
  play('PRES-21: users of the configured domains only', async (rig) => {
    rig.user('subscribe', 'mallory@elsewhere.example');
    assert.deepEqual(rig.told(), ['to mallory@elsewhere.example error forbidden']);
    // Presence itself asks for nothing.
    rig.user(undefined, 'mallory@elsewhere.example/x');
    rig.user('unavailable', 'mallory@elsewhere.example/x');
    await rig.silence();
    rig.confirm();
    await rig.residue();
  });

  play('a contact that there cannot be, and the domain itself', async (rig) => {
    rig.user('subscribe', JULIET, 'romeo@nowhere.example');
    rig.user('probe', JULIET, 'example.net');
    assert.deepEqual(rig.told(), [
      'from romeo@nowhere.example error item-not-found',
      'from example.net error item-not-found',
    ]);
    rig.confirm();
    await rig.residue();
  });
});

describe('refreshing (§5.2.2)', () => {
  play('PRES-07, PRES-08: he is asked first; he is there: SUBSCRIBE in the dialog', async (rig) => {
    const subscribe = await rig.established();
    untilAsked(rig);
    await rig.silence();
    rig.user(undefined, `${JULIET}/balcony`);
    const refresh = await rig.notifier.subscribe();
    assert.equal(header(refresh, 'call-id'), header(subscribe, 'call-id'));
    assert.equal(header(refresh, 'cseq'), '2 SUBSCRIBE');
    assert.equal(header(refresh, 'expires'), '3600');
    await settle();
    // PRES-05.
    assert.equal(await rig.notify(refresh, 'active;expires=3600', pidf('orchard')), 200);
    assert.deepEqual(rig.told(), ['orchard available']);
    await finish(rig);
  });

  for (const [what, answer] of [
    ['nothing', async (rig: PresenceRig): Promise<void> => rig.rig.advance(CHECK)],
    ['unavailable', (rig: PresenceRig): void => rig.user('unavailable', JULIET)],
    ['an error', (rig: PresenceRig): void => rig.user('error', JULIET)],
  ] as const) {
    play(`PRES-08: the answer is ${what}: it is not refreshed; the authorization stays`, async (rig) => {
      await rig.established();
      // His server tells the contact of him.
      rig.user(undefined, `${JULIET}/balcony`);
      untilAsked(rig);
      await answer(rig);
      assert.deepEqual(rig.told(), ['orchard unavailable']);
      const last = await rig.notifier.subscribe();
      assert.equal(header(last, 'expires'), '0');
      await settle();
      await rig.notify(last, 'terminated;reason=timeout', pidf('!orchard'));
      await rig.silence();
      assert.equal(rig.rig.subscriptions.size, 0);
      assert.deepEqual(
        [rig.record()?.['authorization'], rig.record()?.['wanted'], rig.record()?.['subscriptions']],
        ['authorized', false, []],
      );
      // PRES-06: he comes back; "the next NOTIFY active sends presence only".
      rig.user('probe', `${JULIET}/balcony`);
      const again = await rig.notifier.subscribe();
      assert.equal(parameter(header(again, 'to'), 'tag'), undefined);
      assert.equal(header(again, 'expires'), '3600');
      await settle();
      await rig.notify(again, 'active;expires=3600', pidf('orchard'));
      assert.deepEqual(rig.told(), ['orchard available']);
      await finish(rig);
    });
  }

  for (const answer of ['unsubscribed', 'nothing'] as const) {
    play(
      `PRES-08: this contact is never told of him (${answer}): he is there for a day after he was heard of`,
      async (rig) => {
        const subscribe = await rig.established();
        for (let hours = 0; ; hours++) {
          untilAsked(rig);
          if (answer === 'nothing') rig.rig.time.advance(CHECK);
          else rig.user(answer, JULIET);
          const next = await rig.notifier.subscribe();
          assert.equal(header(next, 'call-id'), header(subscribe, 'call-id'));
          await settle();
          if (header(next, 'expires') === '0') {
            // A refresh each 45 to 54 minutes.
            assert.ok(hours >= 26 && hours <= 32, String(hours));
            await rig.notify(next, 'terminated;reason=timeout');
            break;
          }
          await rig.notify(next, 'active;expires=3600', pidf('orchard'));
          assert.deepEqual(rig.told(), ['orchard available']);
        }
        assert.deepEqual(rig.told(), ['orchard unavailable']);
        rig.user('unsubscribe');
        assert.deepEqual(rig.told(), ['unsubscribed']);
        await rig.residue();
      },
    );
  }

  play('PRES-08: our link is down, so that nobody can be asked: it is refreshed', async (rig) => {
    await rig.established();
    rig.linkDown();
    await rig.rig.advanceToRequest(HOUR);
    const refresh = await rig.notifier.subscribe();
    assert.equal(header(refresh, 'cseq'), '2 SUBSCRIBE');
    rig.linkUp();
    await settle();
    await rig.notify(refresh, 'active;expires=3600', pidf('orchard'));
    assert.deepEqual(rig.told(), ['orchard available']);
    await finish(rig);
  });

  play('while it is undecided nobody is asked (RFC 6121 §4.3.2: no answer could come)', async (rig) => {
    rig.user('subscribe');
    const subscribe = await rig.notifier.subscribe();
    await settle();
    await rig.notify(subscribe, 'pending;expires=3600');
    await rig.rig.advanceToRequest(HOUR);
    const refresh = await rig.notifier.subscribe();
    assert.equal(header(refresh, 'cseq'), '2 SUBSCRIBE');
    assert.deepEqual(rig.told(), []);
    await settle();
    await rig.notify(refresh, 'active;expires=3600', pidf('orchard'));
    assert.deepEqual(rig.told(), ['subscribed', 'orchard available']);
    await finish(rig);
  });

  play('PRES-09: the last resource of the user is gone: Expires 0; the authorization stays', async (rig) => {
    await rig.established();
    rig.user(undefined, `${JULIET}/balcony`);
    rig.user(undefined, `${JULIET}/chamber`);
    rig.user('unavailable', `${JULIET}/balcony`);
    await rig.silence();
    rig.user('unavailable', `${JULIET}/chamber`);
    const last = await rig.notifier.subscribe();
    assert.equal(header(last, 'expires'), '0');
    assert.deepEqual(rig.told(), ['orchard unavailable']);
    await settle();
    await rig.notify(last, 'terminated;reason=timeout');
    await rig.silence();
    // PRES-06.
    rig.user(undefined, `${JULIET}/chamber`);
    rig.user('probe', `${JULIET}/chamber`);
    const again = await rig.notifier.subscribe();
    await settle();
    await rig.notify(again, 'active;expires=3600', pidf('orchard'));
    assert.deepEqual(rig.told(), ['orchard available']);
    await finish(rig);
  });

  play('a resource of which nothing was known is gone: he is asked whether others are there', async (rig) => {
    await rig.established();
    rig.user('unavailable', `${JULIET}/balcony`);
    assert.deepEqual(rig.told(), ['probe']);
    rig.user(undefined, `${JULIET}/chamber`);
    const refresh = await rig.notifier.subscribe();
    assert.equal(header(refresh, 'expires'), '3600');
    await settle();
    await rig.notify(refresh, 'active;expires=3600', pidf('orchard'));
    assert.deepEqual(rig.told(), ['orchard available']);
    await finish(rig);
  });
});

describe('refusals', () => {
  for (const status of [403, 489, 603]) {
    play(`PRES-10: ${status} to the first SUBSCRIBE: unsubscribed, for good`, async (rig) => {
      rig.notifier.answer = () => status;
      rig.user('subscribe');
      await rig.notifier.subscribe();
      await settle();
      assert.deepEqual(rig.told(), ['unsubscribed']);
      rig.confirm();
      await rig.rig.advance(2 * HOUR, 4);
      await rig.residue();
    });

    play(`PRES-10: ${status} to a refresh: unavailable and unsubscribed, at once`, async (rig) => {
      await rig.established();
      untilAsked(rig);
      rig.notifier.answer = () => status;
      rig.user(undefined, `${JULIET}/balcony`);
      await rig.notifier.subscribe();
      await settle();
      assert.deepEqual(rig.told(), ['orchard unavailable', 'unsubscribed']);
      await rig.residue();
    });
  }

  play('PRES-11: 423 is asked again with Min-Expires', async (rig) => {
    rig.notifier.answer = (request) => (header(request, 'expires') === '7200' ? 200 : 423);
    rig.notifier.fields = (request) =>
      header(request, 'expires') === '7200' ? [['Expires', '7200']] : [['Min-Expires', '7200']];
    rig.user('subscribe');
    await rig.notifier.subscribe();
    const raised = await rig.notifier.subscribe();
    assert.equal(header(raised, 'expires'), '7200');
    await settle();
    await rig.notify(raised, 'active;expires=7200', pidf('orchard'));
    assert.deepEqual(rig.told(), ['subscribed', 'orchard available']);
    rig.notifier.answer = () => 200;
    await finish(rig);
  });

  play(
    'PRES-12: 481 to a refresh: a new dialog at once; the user hears nothing but presence',
    async (rig) => {
      const subscribe = await rig.established();
      untilAsked(rig);
      rig.notifier.answer = (request) => (parameter(header(request, 'to'), 'tag') === undefined ? 200 : 481);
      rig.user(undefined, `${JULIET}/balcony`);
      await rig.notifier.subscribe();
      const fresh = await rig.notifier.subscribe();
      assert.notEqual(header(fresh, 'call-id'), header(subscribe, 'call-id'));
      assert.equal(parameter(header(fresh, 'to'), 'tag'), undefined);
      await rig.silence();
      rig.notifier.answer = () => 200;
      await rig.notify(fresh, 'active;expires=3600', pidf('work'));
      assert.deepEqual(rig.told(), ['work available', 'orchard unavailable']);
      await finish(rig);
    },
  );

  for (const status of [404, 604]) {
    play(
      `PRES-13: ${status} to the first SUBSCRIBE: an error with the id of the question, and unsubscribed`,
      async (rig) => {
        rig.notifier.answer = () => status;
        rig.user('subscribe');
        await rig.notifier.subscribe();
        await settle();
        assert.equal(rig.link.stanzas[0]?.attr('id'), 'p1');
        assert.deepEqual(rig.told(), ['error item-not-found', 'unsubscribed']);
        rig.confirm();
        await rig.rig.advance(2 * HOUR, 4);
        await rig.residue();
      },
    );
  }

  play('PRES-13: 404 to a refresh ends the authorization', async (rig) => {
    await rig.established();
    untilAsked(rig);
    rig.notifier.answer = () => 404;
    rig.user(undefined, `${JULIET}/balcony`);
    await rig.notifier.subscribe();
    await settle();
    assert.deepEqual(rig.told(), ['orchard unavailable', 'unsubscribed']);
    await rig.residue();
  });

  play(
    'PRES-13: where registrars say 404 of users who are away, the authorization stays',
    async (rig) => {
      await rig.established();
      untilAsked(rig);
      rig.notifier.answer = () => 404;
      rig.user(undefined, `${JULIET}/balcony`);
      await rig.notifier.subscribe();
      await settle();
      assert.deepEqual(rig.told(), ['orchard unavailable']);
      rig.notifier.answer = () => 200;
      await rig.rig.advanceToRequest(MINUTE);
      const again = await rig.notifier.subscribe();
      await rig.notify(again, 'active;expires=3600', pidf('orchard'));
      assert.deepEqual(rig.told(), ['orchard available']);
      await finish(rig);
    },
    { unknownUsers: 'keep' },
  );

  for (const status of [408, 480, 486, 500, 503]) {
    play(`PRES-13: ${status} to the first SUBSCRIBE: tried again, and nothing is told`, async (rig) => {
      rig.notifier.answer = () => status;
      rig.user('subscribe');
      await rig.notifier.subscribe();
      await rig.silence();
      rig.notifier.answer = () => 200;
      await rig.rig.advanceToRequest(MINUTE);
      const again = await rig.notifier.subscribe();
      await settle();
      await rig.notify(again, 'active;expires=3600', pidf('orchard'));
      assert.deepEqual(rig.told(), ['subscribed', 'orchard available']);
      await finish(rig);
    });
  }

  play('PRES-13: Retry-After is obeyed', async (rig) => {
    rig.notifier.answer = () => 480;
    rig.notifier.fields = () => [['Retry-After', '600']];
    rig.user('subscribe');
    await rig.notifier.subscribe();
    await settle();
    assert.ok((await rig.rig.advanceToRequest(HOUR)) >= 600_000);
    await rig.notifier.subscribe();
    rig.user('unsubscribe');
    await settle();
    assert.deepEqual(rig.told(), ['unsubscribed']);
    await rig.residue();
  });

  play('PRES-13: 401 is answered, or it is a refusal like 480', async (rig) => {
    rig.notifier.answer = () => 401;
    rig.user('subscribe');
    await rig.notifier.subscribe();
    await settle();
    assert.deepEqual(rig.told(), []);
    await rig.rig.advanceToRequest(MINUTE);
    rig.user('unsubscribe');
    await settle();
    assert.deepEqual(rig.told(), ['unsubscribed']);
    rig.notifier.requests.forget();
    await rig.residue();
  });

  play('PRES-13: a refusal that no repetition would mend: the error table says which', async (rig) => {
    rig.notifier.answer = () => 405;
    rig.user('subscribe');
    await rig.notifier.subscribe();
    await settle();
    assert.deepEqual(rig.told(), ['error feature-not-implemented', 'unsubscribed']);
    rig.confirm();
    await rig.residue();
  });
});
