// Calls between baresip at Kamailio, with plain RTP, and a chat client with proposals and plain UDP behind an XMPP server: who
// calls, who hangs up, and what the operator is told (rows CALL-05, CALL-08 to CALL-11, CALL-90 to CALL-97).
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { Baresip } from '../peers/baresip.ts';
import { audio, JingleClient, reason, WANTED, type Said } from '../peers/jingle-client.ts';
import { waitFor } from '../peers/wait.ts';
import { Lab, SIP_DOMAIN, TWO_SERVERS, XMPP_DOMAIN } from './lab.ts';

const ALICE = `alice@${XMPP_DOMAIN}`;
const BOB = `bob@${SIP_DOMAIN}`;
/** Where Alice would hear; nobody sends anything there. */
const PORT = 40_404;

for (const server of TWO_SERVERS) {
  describe(`calls between baresip and a chat client (${server})`, () => {
    let lab: Lab;
    let bob: Baresip;
    let alice: JingleClient;

    before(async () => {
      lab = await Lab.open({ server, calls: true, config: () => ({ admin: 'unix:stoxgate.sock' }) });
      const [client, phone] = await Promise.all([lab.xmpp('alice'), lab.baresip('bob', [`sip:${ALICE}`])]);
      alice = new JingleClient(client);
      bob = phone;
    });
    after(() => lab.close());
    afterEach(() => {
      alice.forget();
      bob.forget();
    });

    /** Bob dials, and Alice takes it: her session, and the text of the offer. */
    async function bobCalls(): Promise<Said> {
      await bob.dial(`sip:${ALICE}`);
      const propose = await alice.proposal('propose');
      alice.propose('ringing', propose.sender, propose.sid);
      await bob.event('CALL_RINGING');
      alice.propose('proceed', propose.sender, propose.sid);
      const offer = await alice.action('session-initiate');
      assert.equal(offer.sid, propose.sid);
      const name = /<[^<]*content [^>]*name="([^"]*)"/.exec(offer.xml)?.[1] ?? '';
      const content = audio({ creator: 'initiator', name, address: '127.0.0.1', port: PORT });
      assert.equal(await alice.act('session-accept', offer.sender, offer.sid, content), 'result');
      await bob.event('CALL_ESTABLISHED');
      return offer;
    }

    /** Alice calls, and Bob takes it. */
    async function aliceCalls(sid: string): Promise<Said> {
      alice.propose('propose', BOB, sid, WANTED);
      const { sender } = await alice.proposal('proceed');
      const content = audio({ creator: 'initiator', name: 'voice', address: '127.0.0.1', port: PORT });
      assert.equal(await alice.act('session-initiate', sender, sid, content), 'result');
      await bob.event('CALL_INCOMING');
      await bob.command('accept');
      const answer = await alice.action('session-accept');
      await bob.event('CALL_ESTABLISHED');
      return answer;
    }

    /** What `stoxgate call` says of it, once it has ended. */
    async function told(id: string): Promise<string> {
      let output = '';
      await waitFor(async () => {
        output = await lab.gateway.asks('call', id);
        return output.includes('outcome: ');
      }, 10_000);
      return output;
    }

    const outcomesOf = (output: string): readonly string[] =>
      [...output.matchAll(/outcome: (.*)$/gm)].map((match) => match[1] ?? '');

    test('CALL-91, CALL-92, CALL-09: the phone calls, and hangs up', async () => {
      const { sid, xml } = await bobCalls();
      // What baresip offers, as a client reads it.
      assert.match(xml, /PCMU/);
      assert.match(xml, /raw-udp/);
      const open = await lab.gateway.asks('call', sid);
      assert.match(open, /SIP to XMPP: bob@example\.net calls alice@example\.org/);
      assert.match(open, /state: up/);
      assert.match(open, new RegExp(`audio over RTP/AVP: the XMPP side at port ${PORT}, the SIP side at`));
      await bob.command('hangup');
      const end = await alice.action('session-terminate');
      assert.equal(end.sid, sid);
      assert.match(end.xml, /success/);
      assert.deepEqual(outcomesOf(await told(sid)), ['ended, by sip']);
    });

    test('CALL-08: the phone calls, and the client hangs up', async () => {
      const { sid, sender } = await bobCalls();
      assert.equal(await alice.act('session-terminate', sender, sid, reason('success')), 'result');
      await bob.event('CALL_CLOSED');
      assert.deepEqual(outcomesOf(await told(sid)), ['ended, by xmpp']);
    });

    test('CALL-97, CALL-05, CALL-08: the client calls, and hangs up', async () => {
      const { sender, xml } = await aliceCalls('call-one');
      assert.match(xml, /PCMU/);
      assert.equal(await alice.act('session-terminate', sender, 'call-one', reason('success')), 'result');
      await bob.event('CALL_CLOSED');
      assert.deepEqual(outcomesOf(await told('call-one')), ['ended, by xmpp']);
    });

    test('CALL-09: the client calls, and the phone hangs up', async () => {
      await aliceCalls('call-two');
      await bob.command('hangup');
      const end = await alice.action('session-terminate');
      assert.equal(end.sid, 'call-two');
      assert.deepEqual(outcomesOf(await told('call-two')), ['ended, by sip']);
    });

    test('CALL-50: the client is busy', async () => {
      await bob.dial(`sip:${ALICE}`);
      const { sid, sender } = await alice.proposal('propose');
      alice.propose('reject', sender, sid, `<reason xmlns='urn:xmpp:jingle:1'><busy/></reason>`);
      assert.match((await bob.event('CALL_CLOSED')).text, /486/);
      assert.deepEqual(outcomesOf(await told(sid)), ['busy']);
    });

    test('CALL-10, CALL-94: the phone gives up while it rings', async () => {
      await bob.dial(`sip:${ALICE}`);
      const { sid, sender } = await alice.proposal('propose');
      alice.propose('ringing', sender, sid);
      await bob.event('CALL_RINGING');
      await bob.command('hangup');
      assert.equal((await alice.proposal('retract')).sid, sid);
      assert.deepEqual(outcomesOf(await told(sid)), ['cancelled']);
    });

    test('CALL-07: the client gives up while it rings', async () => {
      const sid = 'call-three';
      alice.propose('propose', BOB, sid, WANTED);
      const { sender } = await alice.proposal('proceed');
      const content = audio({ creator: 'initiator', name: 'voice', address: '127.0.0.1', port: PORT });
      assert.equal(await alice.act('session-initiate', sender, sid, content), 'result');
      await bob.event('CALL_INCOMING');
      assert.equal(await alice.act('session-terminate', sender, sid, reason('cancel')), 'result');
      await bob.event('CALL_CLOSED');
      assert.deepEqual(outcomesOf(await told(sid)), ['cancelled']);
    });

    test('CALL-51: the phone declines', async () => {
      const sid = 'call-four';
      alice.propose('propose', BOB, sid, WANTED);
      const { sender } = await alice.proposal('proceed');
      const content = audio({ creator: 'initiator', name: 'voice', address: '127.0.0.1', port: PORT });
      assert.equal(await alice.act('session-initiate', sender, sid, content), 'result');
      await bob.event('CALL_INCOMING');
      await bob.command('hangup');
      const end = await alice.action('session-terminate');
      assert.match(end.xml, /busy|decline/);
      assert.equal(outcomesOf(await told(sid)).length, 1);
    });
  });
}
