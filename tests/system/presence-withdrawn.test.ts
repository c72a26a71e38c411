// A user lets a contact no longer see her, and goes on watching him: RFC 6121 §3.2.2 has her server say `unavailable` for each
// of her resources and `unsubscribed`, in this order; Prosody says them in the other one. Neither says that she is gone.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { header } from '../peers/sip-text.ts';
import { finish, HOUR, JULIET, pidf, play, type PresenceRig } from './presence-rig.ts';
import { settle } from './watch-rig.ts';

/** Juliet is there with two clients, and sees Romeo's orchard. */
async function both(rig: PresenceRig): Promise<void> {
  await rig.established();
  rig.user(undefined, `${JULIET}/balcony`);
  rig.user(undefined, `${JULIET}/chamber`);
  await rig.silence();
}

function invisible(rig: PresenceRig): void {
  rig.user('unavailable', `${JULIET}/balcony`);
  rig.user('unavailable', `${JULIET}/chamber`);
}

describe('RFC 6121 §3.2.2: the contact may not see the user any more', () => {
  play('Prosody: `unsubscribed`, then unavailable: she goes on seeing him', async (rig) => {
    await both(rig);
    rig.user('unsubscribed');
    invisible(rig);
    await rig.silence();
    await finish(rig);
  });

  play('the order of the RFC: unavailable, then `unsubscribed`: she sees him again', async (rig) => {
    await both(rig);
    invisible(rig);
    const last = await rig.notifier.subscribe();
    assert.equal(header(last, 'expires'), '0');
    assert.deepEqual(rig.told(), ['orchard unavailable']);
    await settle();
    await rig.notify(last, 'terminated;reason=timeout');
    rig.user('unsubscribed');
    const again = await rig.notifier.subscribe();
    assert.equal(header(again, 'expires'), '3600');
    await settle();
    await rig.notify(again, 'active;expires=3600', pidf('orchard'));
    assert.deepEqual(rig.told(), ['orchard available'], 'without `subscribed`: she had that');
    await finish(rig);
  });

  play(
    'PRES-08: from then on no server says that she is there; she is asked, and silence is no going',
    async (rig) => {
      await both(rig);
      rig.user('unsubscribed');
      invisible(rig);
      await rig.silence();
      for (
        let waited = 0;
        waited < HOUR && rig.link.stanzas.at(-1)?.attr('type') !== 'probe';
        waited += 10_000
      )
        rig.rig.time.advance(10_000);
      assert.deepEqual(rig.told(), ['probe']);
      rig.user('unsubscribed');
      const refresh = await rig.notifier.subscribe();
      assert.equal(header(refresh, 'expires'), '3600');
      await settle();
      await rig.notify(refresh, 'active;expires=3600', pidf('orchard'));
      assert.deepEqual(rig.told(), ['orchard available']);
      await finish(rig);
    },
  );

  play('PRES-09: what comes later does mean that she is gone', async (rig) => {
    await both(rig);
    rig.user('unsubscribed');
    invisible(rig);
    await rig.silence();
    await rig.rig.advance(6000);
    // Romeo may see her again, and her client comes and goes.
    rig.user('subscribed');
    rig.user(undefined, `${JULIET}/balcony`);
    await rig.silence();
    rig.user('unavailable', `${JULIET}/balcony`);
    const last = await rig.notifier.subscribe();
    assert.equal(header(last, 'expires'), '0');
    assert.deepEqual(rig.told(), ['orchard unavailable']);
    await settle();
    await rig.notify(last, 'terminated;reason=timeout');
    // Long after she went, an answer to somebody's question brings nothing back.
    await rig.rig.advance(6000);
    rig.user('unsubscribed');
    await rig.silence();
    rig.user('unsubscribe');
    await settle();
    assert.deepEqual(rig.told(), ['unsubscribed']);
    await rig.residue();
  });
});
