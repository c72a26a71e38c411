// Calls when the gateway ends: those that are answered go on at the next start where they are kept, all others end on both sides,
// each with one outcome (RFC 3261 §12.2, XEP-0166 §10; ERR-G5).

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { header, statusOf } from '../peers/sip-text.ts';
import {
  answeredByClient,
  answeredByPhone,
  callsPhone,
  CALLS,
  Client,
  DESCRIPTION,
  inDialog,
  jingleXml,
  jmiXml,
  NS_JMI,
  outcomes,
  Phone,
  reasonXml,
  sdp,
} from './call-stage.ts';
import { MemoryStore } from './memory-store.ts';
import { play, type Rig, type RigOptions } from './rig.ts';
import { errorOf, ROMEO } from './xmpp-peer.ts';

/** A store that outlives the gateway of a test. */
const lasting = (): RigOptions => ({ ...CALLS, store: new MemoryStore('sqlite') });

const methodOf = (rig: Rig, method: string, patienceMs?: number) =>
  rig.sip.requests.next(method, ({ startLine }) => startLine.startsWith(`${method} `), patienceMs);

async function restartedInPeace(rig: Rig): Promise<void> {
  await rig.gateway.drain();
  await rig.restart();
}

const ENDS: readonly (readonly [string, (rig: Rig) => Promise<void>])[] = [
  ['drained', restartedInPeace],
  ['without a word', (rig) => rig.restart()],
];

describe('an answered call goes on', () => {
  for (const [how, restart] of ENDS) {
    play(`${how}: the phone that called hangs up`, lasting(), async (rig) => {
      const { phone, client, sid } = await answeredByClient(rig);
      assert.equal(rig.store('calls').size, 1);
      await restart(rig);
      assert.equal(rig.held('calls'), 1);
      assert.deepEqual(outcomes(rig), []);
      assert.equal(statusOf(await phone.ask('BYE')), 200);
      assert.equal((await client.action('session-terminate')).attr('sid'), sid);
      assert.deepEqual(outcomes(rig), ['sip_to_xmpp ended']);
      assert.equal(rig.store('calls').size, 0);
    });

    play(`${how}: the client that called hangs up`, lasting(), async (rig) => {
      const { client, sid, self, invite } = await answeredByPhone(rig);
      await restart(rig);
      const answer = await client.act(self, jingleXml('session-terminate', sid, reasonXml('success')));
      assert.equal(answer.attr('type'), 'result');
      const bye = await methodOf(rig, 'BYE');
      assert.equal(header(bye, 'call-id'), header(invite, 'call-id'));
      assert.equal(header(bye, 'from'), header(invite, 'from'));
      // RFC 3261 §12.2.1.1: "MUST contain strictly monotonically increasing … sequence numbers".
      assert.ok(Number.parseInt(header(bye, 'cseq'), 10) > Number.parseInt(header(invite, 'cseq'), 10));
      await rig.until('it is told', () => outcomes(rig).length > 0);
      assert.deepEqual(outcomes(rig), ['xmpp_to_sip ended']);
    });
  }

  play('the phone that was called hangs up, and the client that was called', lasting(), async (rig) => {
    const called = await answeredByPhone(rig);
    const calling = await answeredByClient(rig);
    await rig.restart();
    assert.equal(rig.held('calls'), 2);
    assert.equal(statusOf(await inDialog(rig, called.invite, called.tag, 'BYE')), 200);
    await called.client.action('session-terminate');
    await calling.client.act(calling.self, jingleXml('session-terminate', calling.sid, reasonXml('success')));
    const bye = await methodOf(rig, 'BYE');
    assert.equal(header(bye, 'call-id'), calling.phone.callId);
    await rig.until('both are told', () => outcomes(rig).length > 1);
    assert.deepEqual(outcomes(rig), ['xmpp_to_sip ended', 'sip_to_xmpp ended']);
    assert.equal(rig.store('calls').size, 0);
  });

  play('CALL-41: it is held after it, in the same dialog and session', lasting(), async (rig) => {
    const { phone, client, sid, self } = await answeredByClient(rig);
    await rig.restart();
    const holding = phone.ask('INVITE', sdp(4000, ['a=sendonly'], 2));
    assert.notEqual((await client.action('session-info')).child('hold'), undefined);
    assert.match((await holding).body.toString(), /^a=recvonly\r$/m);
    phone.send('ACK');
    // It still is after one more.
    await rig.restart();
    await client.act(self, jingleXml('session-terminate', sid, reasonXml('success')));
    await methodOf(rig, 'BYE');
    await rig.until('it is told', () => outcomes(rig).length > 0);
    assert.deepEqual(outcomes(rig), ['sip_to_xmpp ended']);
  });
});

describe('a call that rang ends', () => {
  play('the client that is called hears it, and the outcome is told', lasting(), async (rig) => {
    const client = new Client(rig);
    const phone = new Phone(rig);
    const propose = await client.proposal('propose');
    const sid = propose.child('propose', NS_JMI)?.attr('id');
    rig.xmpp.write(jmiXml('ringing', sid ?? '', propose.attr('from') ?? ''));
    await phone.provisional(180);
    await rig.restart();
    assert.equal((await client.proposal('retract')).child('retract', NS_JMI)?.attr('id'), sid);
    await rig.until('it is told', () => outcomes(rig).length > 0);
    assert.deepEqual(outcomes(rig), ['sip_to_xmpp failed']);
    assert.equal(rig.store('calls').size, 0);
  });

  play('the client that calls hears it, and the outcome is told', lasting(), async (rig) => {
    const { client, sid, invite } = await callsPhone(rig);
    rig.sip.respond(invite, { status: 180, tag: 'one' });
    await client.action('session-info');
    await rig.restart();
    assert.equal((await client.action('session-terminate')).attr('sid'), sid);
    await rig.until('it is told', () => outcomes(rig).length > 0);
    assert.deepEqual(outcomes(rig), ['xmpp_to_sip failed']);
    assert.equal(rig.store('calls').size, 0);
  });
});

describe('ERR-G5: a drain', () => {
  play('ends what rings, on both sides', CALLS, async (rig) => {
    const client = new Client(rig);
    const phone = new Phone(rig);
    const sid = (await client.proposal('propose')).child('propose', NS_JMI)?.attr('id');
    const drained = rig.gateway.drain();
    assert.equal(statusOf(await phone.final()), 500);
    assert.equal((await client.proposal('retract')).child('retract', NS_JMI)?.attr('id'), sid);
    await drained;
    assert.deepEqual(outcomes(rig), ['sip_to_xmpp failed']);
  });

  play('ends an answered call that nothing keeps, and waits for both sides', CALLS, async (rig) => {
    const { client, sid } = await answeredByClient(rig);
    let over = false;
    const drained = rig.gateway.drain().then(() => {
      over = true;
    });
    assert.equal((await client.action('session-terminate')).attr('sid'), sid);
    await methodOf(rig, 'BYE');
    await drained;
    assert.ok(over);
    assert.equal(rig.held('calls'), 0, 'the BYE is answered');
    assert.deepEqual(outcomes(rig), ['sip_to_xmpp ended']);
  });

  play('lets an answered one go on that is kept, and begins no other', lasting(), async (rig) => {
    const { phone, client } = await answeredByClient(rig);
    await rig.gateway.drain();
    assert.equal(rig.held('calls'), 1);
    const refused = await new Phone(rig).final();
    assert.equal(statusOf(refused), 503);
    assert.match(header(refused, 'retry-after'), /^\d+$/);
    rig.xmpp.write(jmiXml('propose', 'late', ROMEO, DESCRIPTION));
    const error = await rig.xmpp.stanzas.next('the refusal', (stanza) => stanza.attr('type') === 'error');
    assert.equal(errorOf(error).condition, 'remote-server-timeout');
    assert.equal(statusOf(await phone.ask('BYE')), 200);
    await client.action('session-terminate');
    assert.deepEqual(outcomes(rig), ['sip_to_xmpp refused', 'xmpp_to_sip refused', 'sip_to_xmpp ended']);
  });
});
