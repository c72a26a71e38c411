// A call that rings when the gateway ends without a word: the next start ends it on its SIP side too, in the transaction that was
// open (RFC 3261 §9.1, §13.2.2.4, §17.2.1, §18.2.2; RFC 3326).

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { freePort } from '../peers/ports.ts';
import { header, parameter, statusOf, type SipText } from '../peers/sip-text.ts';
import {
  answeredByPhone,
  callsPhone,
  Client,
  inDialog,
  jmiXml,
  NS_JMI,
  outcomes,
  Phone,
  REFUSED,
  sdp,
} from './call-stage.ts';
import { MemoryStore } from './memory-store.ts';
import { pause, play, type Rig, type RigOptions } from './rig.ts';
import { branchOf, requestBytes, TcpAnswerer, TcpCaller, unique } from './sip-peer.ts';

/** A store that outlives the gateway of a test, and ports that the next one has again. */
async function lasting(from: RigOptions): Promise<RigOptions> {
  const listen = [`udp://127.0.0.1:${await freePort()}`, `tcp://127.0.0.1:${await freePort()}`];
  return { ...from, store: new MemoryStore('sqlite'), sip: { listen } };
}

/** Timer I of the caller's side, timers D and M of ours: what is kept of a transaction that has its response. */
const ringing = await lasting({ ...REFUSED, mayHold: [...(REFUSED.mayHold ?? []), 'server_transactions'] });
const called = await lasting(REFUSED);
// The sockets that looked for free ports are gone before handles are counted.
await pause(50);

const sent = (rig: Rig, method: string, patienceMs?: number): Promise<SipText> =>
  rig.sip.requests.next(method, ({ startLine }) => startLine.startsWith(`${method} `), patienceMs);

const toTag = (message: SipText): string | undefined => parameter(header(message, 'to'), 'tag');

/** A phone has called Juliet, whose devices ring. */
async function rings(rig: Rig): Promise<{ phone: Phone; client: Client; sid: string; tag: string }> {
  const client = new Client(rig);
  const phone = new Phone(rig);
  const propose = await client.proposal('propose');
  const sid = propose.child('propose', NS_JMI)?.attr('id') ?? '';
  rig.xmpp.write(jmiXml('ringing', sid, propose.attr('from') ?? ''));
  const tag = toTag(await phone.provisional(180)) ?? '';
  return { phone, client, sid, tag };
}

/** The INVITE once more. */
function again(rig: Rig, { callId, fromTag, branch }: Phone): void {
  rig.sip.sendRequest(
    {
      ...{ method: 'INVITE', callId, fromTag, branch },
      headers: [['Contact', `<sip:romeo@127.0.0.1:${rig.sip.port}>`]],
      ...{ contentType: 'application/sdp', body: sdp(4000) },
    },
    rig.port,
  );
}

const finals = (rig: Rig, branch: string): readonly SipText[] =>
  rig.sip.responses.all.filter((each) => branchOf(each) === branch && (statusOf(each) ?? 0) >= 200);

describe('a phone has called, and devices ring', () => {
  play('it gets a final response with the tag that it knows, and why', ringing, async (rig) => {
    const { phone, client, sid, tag } = await rings(rig);
    await rig.restart();
    const final = await phone.final();
    assert.equal(statusOf(final), 500);
    assert.match(header(final, 'warning'), /^399 .*"the gateway was restarted"$/);
    // RFC 3261 §8.2.6.2: "The same tag MUST be used for all responses to that request, both final and provisional".
    assert.equal(toTag(final), tag);
    assert.equal((await client.proposal('retract')).child('retract', NS_JMI)?.attr('id'), sid);
    assert.deepEqual(outcomes(rig), ['sip_to_xmpp failed']);
    assert.equal(rig.store('calls').size, 0);
    phone.send('ACK');
  });

  play(
    'RFC 3261 §17.2.1: it is said again until the ACK is there, and not after that',
    ringing,
    async (rig) => {
      const { phone, tag } = await rings(rig);
      await rig.restart();
      await phone.final();
      await rig.until('timer G', () => finals(rig, phone.branch).length >= 3);
      rig.sip.sendRequest(
        {
          ...{ method: 'ACK', callId: phone.callId, fromTag: phone.fromTag, branch: phone.branch },
          to: `<sip:juliet@example.com>;tag=${tag}`,
        },
        rig.port,
      );
      await rig.until('it is taken', () => rig.held('server_transactions') === 0);
      const before = finals(rig, phone.branch).length;
      await pause(300);
      assert.equal(finals(rig, phone.branch).length, before);
    },
  );

  play('its INVITE that comes again has the same answer, and is no call', ringing, async (rig) => {
    const { phone, client, tag } = await rings(rig);
    await rig.restart();
    await client.proposal('retract');
    again(rig, phone);
    await rig.until('both', () => finals(rig, phone.branch).length >= 2);
    const answers = finals(rig, phone.branch).map((each) => `${String(statusOf(each))} ${toTag(each)}`);
    assert.deepEqual([...new Set(answers)], [`500 ${tag}`]);
    assert.equal(rig.xmpp.stanzas.all.filter((each) => each.child('propose', NS_JMI)).length, 1);
    assert.deepEqual(outcomes(rig), ['sip_to_xmpp failed']);
  });

  play('so it is while the gateway starts, when nobody can be asked yet', ringing, async (rig) => {
    const { phone, tag } = await rings(rig);
    await rig.gateway.stop();
    const storm = setInterval(() => again(rig, phone), 1);
    await rig.again().finally(() => clearInterval(storm));
    await phone.final();
    const answers = finals(rig, phone.branch).map((each) => `${String(statusOf(each))} ${toTag(each)}`);
    assert.deepEqual([...new Set(answers)], [`500 ${tag}`]);
    assert.equal(rig.xmpp.stanzas.all.filter((each) => each.child('propose', NS_JMI)).length, 1);
    assert.deepEqual(outcomes(rig), ['sip_to_xmpp failed']);
  });

  play('RFC 3261 §18.2.2: over TCP a connection to sent-by is opened for it', ringing, async (rig) => {
    const listens = rig.own(await TcpAnswerer.open());
    listens.act = () => undefined;
    const caller = rig.own(await TcpCaller.open(rig.tcpPort));
    const { bytes, branch } = requestBytes(
      {
        ...{ method: 'INVITE', callId: unique('call'), contentType: 'application/sdp', body: sdp(4000) },
        headers: [['Contact', `<sip:romeo@127.0.0.1:${listens.port};transport=tcp>`]],
      },
      'TCP',
      `127.0.0.1:${listens.port}`,
    );
    caller.write(bytes);
    await new Client(rig).proposal('propose');
    await rig.restart();
    const final = await listens.requests.next('the response', ({ startLine }) => startLine.includes(' 500 '));
    assert.equal(branchOf(final), branch);
  });

  play('what can be asked of it says one outcome', ringing, async (rig) => {
    const { phone, sid } = await rings(rig);
    await rig.restart();
    await phone.final();
    for (const id of [phone.callId, sid]) {
      const { status, body } =
        (await rig.gateway.admin.get('call')?.([id])) ?? assert.fail('no such question');
      assert.equal(status, 200, id);
      const text = JSON.stringify(body);
      assert.deepEqual(text.match(/"outcome":\{.*?\}/g), [
        '"outcome":{"kind":"failed","side":"gateway","status":500,"why":"restart"}',
      ]);
      assert.ok(text.includes(`"callId":"${phone.callId}"`), text);
    }
  });
});

describe('a client has called, and the phone rings', () => {
  play('RFC 3261 §9.1: CANCEL of that INVITE, and why (RFC 3326)', called, async (rig) => {
    const { client, sid, invite } = await callsPhone(rig);
    rig.sip.respond(invite, { status: 180, tag: 'one' });
    await client.action('session-info');
    await rig.restart();
    const cancel = await sent(rig, 'CANCEL');
    // "The Request-URI, Call-ID, To, the numeric part of CSeq, and From header fields in the CANCEL request MUST be
    // identical to those in the request being cancelled, including tags", and "a single Via header field value matching the top Via".
    assert.equal(cancel.startLine.split(' ')[1], invite.startLine.split(' ')[1]);
    for (const name of ['call-id', 'to', 'from', 'via']) {
      assert.equal(header(cancel, name), header(invite, name), name);
    }
    assert.equal(cancel.headers.get('via')?.length, 1);
    assert.deepEqual(cancel.headers.get('route'), invite.headers.get('route'));
    assert.equal(header(cancel, 'cseq'), header(invite, 'cseq').replace('INVITE', 'CANCEL'));
    assert.match(header(cancel, 'reason'), /^SIP\s*;\s*cause=500/i);
    rig.sip.respond(invite, { status: 487, tag: 'one' });
    const ack = await sent(rig, 'ACK');
    assert.equal(branchOf(ack), branchOf(invite));
    assert.equal((await client.action('session-terminate')).attr('sid'), sid);
    assert.deepEqual(outcomes(rig), ['xmpp_to_sip failed']);
    assert.equal(rig.store('calls').size, 0);
  });

  play('a 2xx that crossed it is acknowledged, and its dialog ends (§13.2.2.4)', called, async (rig) => {
    const { client, invite } = await callsPhone(rig);
    rig.sip.respond(invite, { status: 180, tag: 'one' });
    await client.action('session-info');
    await rig.restart();
    await sent(rig, 'CANCEL');
    const contact = ['Contact', `<sip:romeo@127.0.0.1:${rig.sip.port}>`] as const;
    // The phones of two forks took it.
    for (const tag of ['one', 'two']) {
      rig.sip.respond(invite, { status: 200, tag, headers: [contact], sdp: sdp(4000) });
      const ack = await sent(rig, 'ACK');
      assert.equal(toTag(ack), tag);
      const bye = await sent(rig, 'BYE');
      assert.equal(toTag(bye), tag);
      assert.equal(header(bye, 'call-id'), header(invite, 'call-id'));
      assert.ok(Number.parseInt(header(bye, 'cseq'), 10) > Number.parseInt(header(invite, 'cseq'), 10));
    }
    // It did not hear the ACK: the ACK is sent again, and no BYE.
    rig.sip.respond(invite, { status: 200, tag: 'one', headers: [contact], sdp: sdp(4000) });
    const count = (method: string): number =>
      rig.sip.requests.all.filter(({ startLine }) => startLine.startsWith(`${method} `)).length;
    await rig.until('the ACK once more', () => count('ACK') >= 3);
    await pause(50);
    assert.equal(count('BYE'), 2);
    assert.deepEqual(outcomes(rig), ['xmpp_to_sip failed']);
  });

  play(
    'RFC 3261 §9.1: no CANCEL before a provisional response, and at once behind it',
    called,
    async (rig) => {
      const { invite } = await callsPhone(rig);
      await rig.restart();
      await pause(200);
      assert.ok(!rig.sip.requests.all.some(({ startLine }) => startLine.startsWith('CANCEL ')));
      rig.sip.respond(invite, { status: 180, tag: 'one' });
      await sent(rig, 'CANCEL');
      rig.sip.respond(invite, { status: 487, tag: 'one' });
      await sent(rig, 'ACK');
    },
  );

  play('nobody answers the CANCEL: 64*T1 later nothing is left of it', called, async (rig) => {
    const { client, invite } = await callsPhone(rig);
    rig.sip.answer = () => undefined;
    rig.sip.respond(invite, { status: 180, tag: 'one' });
    await client.action('session-info');
    await rig.restart();
    await sent(rig, 'CANCEL');
    await rig.until('it is given up', () => rig.held('calls') === 0 && rig.held('sip_legs') === 0);
    assert.deepEqual(outcomes(rig), ['xmpp_to_sip failed']);
  });
});

describe('an answered call is none of these', () => {
  play('its record has no INVITE any more', called, async (rig) => {
    const { invite, tag } = await answeredByPhone(rig);
    await rig.restart();
    assert.equal(rig.held('calls'), 1);
    assert.equal(statusOf(await inDialog(rig, invite, tag, 'BYE')), 200);
    assert.ok(!rig.sip.requests.all.some(({ startLine }) => startLine.startsWith('CANCEL ')));
    assert.deepEqual(outcomes(rig), ['xmpp_to_sip ended']);
  });
});
