// Sizes: a MESSAGE outside a session is at most 1300 octets (RFC 3428 §8, RFC 7572 §6; rows IM-30, IM-48).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { mustBecome, pause } from '../peers/wait.ts';
import type { XmppClient } from '../peers/xmpp-client.ts';
import { DIRECT_DOMAIN, Lab, ONE_SERVER, XMPP_DOMAIN } from './lab.ts';

const ALICE = `alice@${XMPP_DOMAIN}`;
const ZOE = `zoe@${DIRECT_DOMAIN}`;
const LIMIT = 1_300;
/** A thread that becomes the Call-ID keeps the length of the head the same. */
const THREAD = 'fixed-length-thread';

for (const server of ONE_SERVER) {
  describe(`sizes (${server})`, () => {
    let lab: Lab;
    let alice: XmppClient;
    /** The body length with which the whole request is exactly 1300 octets. */
    let largest = 0;

    before(async () => {
      lab = await Lab.open({ server, kamailio: false });
      alice = await lab.xmpp('alice');
    });
    after(() => lab.close());

    async function sendToZoe(length: number, id: string): Promise<number> {
      const before = lab.direct.received.length;
      alice.send({ to: ZOE, body: 'y'.repeat(length), id, thread: THREAD });
      await mustBecome('arrival', () => lab.direct.received.length > before, 15_000);
      return lab.direct.received[before]?.bytes ?? 0;
    }

    test('XMPP → SIP: the largest body whose whole request is 1300 octets is delivered', async () => {
      // A body of three digits in Content-Length first, to learn the length of everything else.
      const probe = 500;
      const octets = await sendToZoe(probe, 'size-probe-1');
      largest = probe + (LIMIT - octets);
      assert.ok(largest >= 100 && largest <= 999, `the head takes ${octets - probe} octets`);
      assert.equal(await sendToZoe(largest, 'size-probe-2'), LIMIT);
    });
    test('XMPP → SIP: one octet more is policy-violation, type modify, and nothing is sent', async () => {
      const before = lab.direct.received.length;
      alice.send({ to: ZOE, body: 'y'.repeat(largest + 1), id: 'size-probe-3', thread: THREAD });
      const error = await alice.message((m) => m.id === 'size-probe-3' && m.type === 'error', 15_000);
      assert.equal(error.condition, 'policy-violation');
      assert.equal(error.errorType, 'modify');
      assert.equal(error.sender, ZOE);
      await pause(300);
      assert.equal(lab.direct.received.length, before);
    });
    test('XMPP → SIP: octets count, not characters', async () => {
      const before = lab.direct.received.length;
      alice.send({
        to: ZOE,
        body: '€'.repeat(Math.floor(largest / 3) + 1),
        id: 'size-probe-4',
        thread: THREAD,
      });
      assert.equal(
        (await alice.message((m) => m.id === 'size-probe-4', 15_000)).condition,
        'policy-violation',
      );
      assert.equal(lab.direct.received.length, before);
    });
    test('XMPP → SIP: one byte', async () => {
      await sendToZoe(1, 'size-probe-5');
      assert.equal(lab.direct.bodies.at(-1), 'y');
    });
    test('XMPP → SIP: an empty body brings no error, and what follows arrives', async () => {
      alice.send({ to: ZOE, body: '', id: 'size-probe-6' });
      alice.send({ to: ZOE, body: 'after the empty one', id: 'size-probe-7' });
      await mustBecome('the next', () => lab.direct.bodies.includes('after the empty one'), 15_000);
      assert.equal(alice.received.filter((m) => m.id === 'size-probe-6').length, 0);
    });

    test('SIP → XMPP: a request of 1300 octets and one of 8000 are delivered', async () => {
      for (const length of [900, 7_700]) {
        const from = alice.agent.events.length;
        const text = `${'z'.repeat(length)}!`;
        assert.equal((await lab.direct.message(ALICE, text)).status, 202);
        assert.equal((await alice.message(() => true, 15_000, from)).body, text);
      }
    });
    test('IM-48: SIP → XMPP: no body is 200 and no stanza', async () => {
      const from = alice.agent.events.length;
      assert.equal((await lab.direct.message(ALICE, '')).status, 200);
      assert.equal((await lab.direct.message(ALICE, 'after nothing')).status, 202);
      assert.equal((await alice.message(() => true, 15_000, from)).body, 'after nothing');
    });
  });
}
