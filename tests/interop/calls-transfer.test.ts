// Transfers with baresip at Kamailio, and a chat client that knows XEP-0251 behind an XMPP server: the phone refers, the client does,
// and a client that cannot is not lost over it (rows CALL-35, CALL-37).

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { Baresip } from '../peers/baresip.ts';
import { audio, JingleClient, reason, WANTED } from '../peers/jingle-client.ts';
import { waitFor } from '../peers/wait.ts';
import type { XmppClient } from '../peers/xmpp-client.ts';
import { Lab, SIP_DOMAIN, XMPP_DOMAIN } from './lab.ts';

const ALICE = `alice@${XMPP_DOMAIN}`;
const BOB = `bob@${SIP_DOMAIN}`;
const DAVE = `dave@${SIP_DOMAIN}`;
const NS_TRANSFER = 'urn:xmpp:jingle:transfer:0';
/** Where Alice would hear; nobody sends anything there. */
const PORT = 40_406;

describe('transfers between baresip and a chat client (prosody)', () => {
  let lab: Lab;
  let bob: Baresip;
  let dave: Baresip;
  let client: XmppClient;
  let alice: JingleClient;

  before(async () => {
    lab = await Lab.open({ server: 'prosody', calls: true, config: () => ({ admin: 'unix:stoxgate.sock' }) });
    [client, bob, dave] = await Promise.all([
      lab.xmpp('alice'),
      lab.baresip('bob', [`sip:${ALICE}`]),
      lab.baresip('dave', []),
    ]);
    alice = new JingleClient(client);
  });
  after(() => lab.close());
  afterEach(() => {
    alice.forget();
    bob.forget();
    dave.forget();
  });

  const place = (name: string) => audio({ creator: 'initiator', name, address: '127.0.0.1', port: PORT });

  /** Bob dials, and Alice takes it. */
  async function bobCalls(): Promise<{ readonly sid: string; readonly sender: string }> {
    await bob.dial(`sip:${ALICE}`);
    const propose = await alice.proposal('propose');
    alice.propose('proceed', propose.sender, propose.sid);
    const { sid, sender, xml } = await alice.action('session-initiate');
    const name = /<[^<]*content [^>]*name="([^"]*)"/.exec(xml)?.[1] ?? '';
    assert.equal(await alice.act('session-accept', sender, sid, place(name)), 'result');
    await bob.event('CALL_ESTABLISHED');
    return { sid, sender };
  }

  /** Alice calls, and Bob takes it. */
  async function aliceCalls(sid: string): Promise<string> {
    alice.propose('propose', BOB, sid, WANTED);
    const { sender } = await alice.proposal('proceed');
    assert.equal(await alice.act('session-initiate', sender, sid, place('voice')), 'result');
    await bob.event('CALL_INCOMING');
    await bob.command('accept');
    await alice.action('session-accept');
    await bob.event('CALL_ESTABLISHED');
    return sender;
  }

  /** What `stoxgate call` says, once it says this. */
  async function told(id: string, wanted: string): Promise<string> {
    let output = '';
    await waitFor(async () => {
      output = await lab.gateway.asks('call', id);
      return output.includes(wanted);
    }, 10_000);
    assert.ok(output.includes(wanted), output);
    return output;
  }

  test('CALL-35: a client that does not know transfers: 603 is what the phone hears', async () => {
    const { sid } = await bobCalls();
    await bob.command('transfer', `sip:${DAVE}`);
    await told(sid, `transfer by sip to ${DAVE}/sip: declined, status 603`);
    assert.match((await bob.event('TRANSFER_FAILED')).text, /603/);
    // baresip hangs up when it could not transfer.
    await alice.action('session-terminate');
    await told(sid, 'outcome: ended, by sip');
  });

  test('CALL-35: the phone transfers the client to another phone', async () => {
    client.announce(NS_TRANSFER);
    const { sid, sender } = await bobCalls();
    await bob.command('transfer', `sip:${DAVE}`);
    const info = await alice.action('session-info');
    const to = /to="([^"]*)"/.exec(info.xml)?.[1] ?? '';
    assert.equal(to, `${DAVE}/sip`);
    const mark = `<transfer xmlns='${NS_TRANSFER}' from='${sender}'/>`;
    assert.equal(await alice.act('session-initiate', to, 'next-one', place('voice') + mark), 'result');
    await dave.event('CALL_INCOMING');
    await dave.command('accept');
    await alice.action('session-accept');
    await dave.event('CALL_ESTABLISHED');
    // The NOTIFY with 200: baresip hangs up by itself when it has that.
    await told(sid, `transfer by sip to ${DAVE}/sip: done, status 200`);
    await alice.action('session-terminate');
    await bob.event('CALL_CLOSED');
    await told(sid, 'outcome: ended, by sip');
    assert.equal(await alice.act('session-terminate', to, 'next-one', reason('success')), 'result');
    await dave.event('CALL_CLOSED');
  });

  test('CALL-37: the client transfers the phone to another phone', async () => {
    const sid = 'call-transferred';
    const sender = await aliceCalls(sid);
    const transfer = `<transfer xmlns='${NS_TRANSFER}' to='${DAVE}'/>`;
    assert.equal(await alice.act('session-info', sender, sid, transfer), 'result');
    await dave.event('CALL_INCOMING');
    await dave.command('accept');
    await dave.event('CALL_ESTABLISHED');
    const end = await alice.action('session-terminate');
    assert.equal(end.sid, sid);
    assert.match(end.xml, /success/);
    assert.match(end.xml, /transferred/);
    const output = await told(sid, 'outcome: ended, by xmpp');
    assert.match(output, new RegExp(`transfer by xmpp to ${DAVE}: done`));
    await dave.command('hangup');
  });
});
