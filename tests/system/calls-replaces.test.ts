// An INVITE that takes the place of a call (RFC 3891 §3, row CALL-36): which call it means, who may, and what becomes of both.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { header, statusOf } from '../peers/sip-text.ts';
import {
  answeredByClient,
  callsPhone,
  Client,
  contentXml,
  jingleXml,
  jmiXml,
  NS_JMI,
  outcomes,
  Phone,
  REFUSED,
  reasonXml,
} from './call-stage.ts';
import { play, type Rig } from './rig.ts';
import { announces, leaves, methodOf, NS_TRANSFER, TRANSFERRED, TRANSFERS } from './transfer-stage.ts';
import { JULIET } from './xmpp-peer.ts';

type Headers = readonly (readonly [string, string])[];

const nameOf = (phone: Phone): string => `${phone.callId};to-tag=${phone.toTag};from-tag=${phone.fromTag}`;
const BY_ROMEO: Headers[number] = ['Referred-By', '<sip:romeo@example.net>'];

/** Another phone, which calls Juliet instead. */
function another(rig: Rig, replaces: string, more: Headers = []): Phone {
  return new Phone(rig, { headers: [['Replaces', replaces], ['Require', 'replaces'], ...more] });
}

async function hangsUp(phone: Phone, client: Client): Promise<void> {
  assert.equal(statusOf(await phone.ask('BYE')), 200);
  await client.action('session-terminate');
}

describe('which call is meant', () => {
  const cases: readonly (readonly [string, (name: string) => Headers, number])[] = [
    ['no such Call-ID', () => [['Replaces', 'none;to-tag=a;from-tag=b']], 481],
    ['another tag', (name) => [['Replaces', `${name}x`]], 481],
    ['"early-only" of one that is answered', (name) => [['Replaces', `${name};early-only`]], 486],
    [
      'two of them',
      (name) => [
        ['Replaces', name],
        ['Replaces', name],
      ],
      400,
    ],
    ['no tags', () => [['Replaces', 'none']], 400],
  ];
  for (const [name, headers, status] of cases) {
    play(`${name}: ${status}, and it goes on`, TRANSFERS, async (rig) => {
      const { phone, client } = await answeredByClient(rig);
      assert.equal(statusOf(await new Phone(rig, { headers: headers(nameOf(phone)) }).final()), status);
      assert.equal(rig.held('calls'), 1);
      assert.deepEqual(outcomes(rig), ['sip_to_xmpp refused']);
      await hangsUp(phone, client);
      await rig.residue();
    });
  }

  play(
    'one that has ended: 603',
    { ...TRANSFERS, timing: { t1Ms: 50, t2Ms: 200, t4Ms: 100 } },
    async (rig) => {
      const { phone, client } = await answeredByClient(rig);
      await hangsUp(phone, client);
      assert.equal(statusOf(await another(rig, nameOf(phone)).final()), 603);
      assert.equal(
        rig.xmpp.stanzas.untaken.filter((each) => each.child('propose', NS_JMI) !== undefined).length,
        0,
      );
    },
  );

  play('one of ours that rings: 488, and it rings on', REFUSED, async (rig) => {
    const { invite, client, sid, self } = await callsPhone(rig);
    rig.sip.respond(invite, { status: 180, tag: 'r1' });
    await client.action('session-info');
    const fromTag = /;tag=([^;]*)/.exec(header(invite, 'from'))?.[1] ?? '';
    const name = `${header(invite, 'call-id')};to-tag=${fromTag};from-tag=r1`;
    const response = await another(rig, name).final();
    assert.equal(statusOf(response), 488);
    assert.match(header(response, 'warning'), /A call that rings cannot be replaced/);
    assert.equal(rig.held('calls'), 1);
    await client.act(self, jingleXml('session-terminate', sid, reasonXml('cancel')));
    await methodOf(rig, 'CANCEL');
    rig.sip.respond(invite, { status: 487, tag: 'r1' });
  });

  play('one that rings at the client, and was not begun here: 481', TRANSFERS, async (rig) => {
    const client = new Client(rig);
    const phone = new Phone(rig);
    const propose = await client.proposal('propose');
    rig.xmpp.write(
      jmiXml('ringing', propose.child('propose', NS_JMI)?.attr('id') ?? '', propose.attr('from') ?? ''),
    );
    const ringing = await phone.provisional(180);
    const toTag = /;tag=([^;]*)/.exec(header(ringing, 'to'))?.[1] ?? '';
    const name = `${phone.callId};to-tag=${toTag};from-tag=${phone.fromTag}`;
    assert.equal(statusOf(await another(rig, name).final()), 481);
    await phone.cancel();
    assert.equal(statusOf(await phone.final()), 487);
  });
});

describe('who may', () => {
  const OTHERS = {
    ...TRANSFERS,
    domains: [
      { home: 'sip', sip: 'example.net', xmpp: 'example.net' },
      { home: 'sip', sip: 'example.info', xmpp: 'example.info' },
      { home: 'xmpp', xmpp: 'example.com', sip: 'example.com' },
    ],
    components: (port: number) =>
      ['example.net', 'example.info'].map((domain) => ({
        domain,
        host: '127.0.0.1',
        port,
        secret: 'secret',
      })),
  };
  const stranger = (rig: Rig, replaces: string, more: Headers = []): Phone =>
    new Phone(rig, { from: '<sip:carol@example.info>', headers: [['Replaces', replaces], ...more] });

  play('a stranger: 403, and the call goes on', OTHERS, async (rig) => {
    const { phone, client } = await answeredByClient(rig);
    const response = await stranger(rig, nameOf(phone)).final();
    assert.equal(statusOf(response), 403);
    assert.match(header(response, 'warning'), /The sender may not replace this call/);
    assert.equal(rig.held('calls'), 1);
    await hangsUp(phone, client);
  });

  play('a stranger, by somebody who has no part in the call: 403', OTHERS, async (rig) => {
    const { phone, client } = await answeredByClient(rig);
    const by = [['Referred-By', '<sip:dave@example.net>']] as const;
    assert.equal(statusOf(await stranger(rig, nameOf(phone), by).final()), 403);
    await hangsUp(phone, client);
  });

  play('a stranger whom the replaced phone referred', OTHERS, async (rig) => {
    announces(rig, [NS_TRANSFER]);
    const { phone, client } = await answeredByClient(rig);
    const next = stranger(rig, nameOf(phone), [BY_ROMEO]);
    const initiate = await client.action('session-initiate');
    const self = 'carol@example.info/sip';
    const sid = initiate.attr('sid') ?? '';
    const content = contentXml('initiator', 9000, initiate.child('content')?.attr('name') ?? '');
    await client.act(self, jingleXml('session-accept', sid, content));
    assert.equal(statusOf(await next.final()), 200);
    await methodOf(rig, 'BYE');
    await client.action('session-terminate');
    await hangsUp(next, client);
  });
});

describe('the client knows transfers', () => {
  play(
    'CALL-36: its session-initiate names the old session, and that ends when it is accepted',
    TRANSFERS,
    async (rig) => {
      announces(rig, [NS_TRANSFER]);
      const { phone, client, sid, self } = await answeredByClient(rig);
      const next = another(rig, nameOf(phone), [BY_ROMEO]);
      const initiate = await client.action('session-initiate');
      const transfer = initiate.child('transfer', NS_TRANSFER);
      // XEP-0251 §3: "an active session with the same from+to+sid".
      assert.deepEqual(
        [transfer?.attr('from'), transfer?.attr('to'), transfer?.attr('sid')],
        [self, JULIET, sid],
      );
      const nextSid = initiate.attr('sid') ?? '';
      const content = contentXml('initiator', 9002, initiate.child('content')?.attr('name') ?? '');
      await client.act(self, jingleXml('session-accept', nextSid, content));
      assert.equal(statusOf(await next.final()), 200);
      // RFC 3891 §3: "shuts down the replaced dialog by sending a BYE".
      assert.equal(header(await methodOf(rig, 'BYE'), 'call-id'), phone.callId);
      const end = await client.action('session-terminate');
      assert.equal(end.attr('sid'), sid);
      assert.notEqual(end.child('reason')?.child('transferred', NS_TRANSFER), undefined);
      assert.deepEqual(outcomes(rig), ['sip_to_xmpp ended']);
      await hangsUp(next, client);
      assert.deepEqual(outcomes(rig), ['sip_to_xmpp ended', 'sip_to_xmpp ended']);
      await rig.residue();
    },
  );

  play('it ends the old session itself', TRANSFERS, async (rig) => {
    announces(rig, [NS_TRANSFER]);
    const { phone, client, sid, self } = await answeredByClient(rig);
    const next = another(rig, nameOf(phone));
    const initiate = await client.action('session-initiate');
    assert.equal(header(await leaves(rig, client, self, sid, TRANSFERRED), 'call-id'), phone.callId);
    const content = contentXml('initiator', 9002, initiate.child('content')?.attr('name') ?? '');
    await client.act(self, jingleXml('session-accept', initiate.attr('sid') ?? '', content));
    assert.equal(statusOf(await next.final()), 200);
    await hangsUp(next, client);
    assert.deepEqual(outcomes(rig), ['sip_to_xmpp ended', 'sip_to_xmpp ended']);
    await rig.residue();
  });

  play('it refuses the new one: the old one goes on', TRANSFERS, async (rig) => {
    announces(rig, [NS_TRANSFER]);
    const { phone, client, self } = await answeredByClient(rig);
    const next = another(rig, nameOf(phone));
    const initiate = await client.action('session-initiate');
    await client.act(self, jingleXml('session-terminate', initiate.attr('sid') ?? '', reasonXml('busy')));
    assert.equal(statusOf(await next.final()), 486);
    assert.equal(rig.held('calls'), 1);
    await hangsUp(phone, client);
    await rig.residue();
  });

  play('the old one ends while the new one rings: that goes on', TRANSFERS, async (rig) => {
    announces(rig, [NS_TRANSFER]);
    const { phone, client, self } = await answeredByClient(rig);
    const next = another(rig, nameOf(phone));
    const initiate = await client.action('session-initiate');
    await hangsUp(phone, client);
    const content = contentXml('initiator', 9002, initiate.child('content')?.attr('name') ?? '');
    await client.act(self, jingleXml('session-accept', initiate.attr('sid') ?? '', content));
    assert.equal(statusOf(await next.final()), 200);
    await hangsUp(next, client);
    await rig.residue();
  });
});

describe('the client does not', () => {
  /** Carol's phone, up to the proposal. */
  async function carolCalls(rig: Rig, phone: Phone): Promise<{ next: Phone; sid: string; self: string }> {
    const next = new Phone(rig, { from: '<sip:carol@example.net>', headers: [['Replaces', nameOf(phone)]] });
    const propose = await new Client(rig).proposal('propose');
    return {
      next,
      sid: propose.child('propose', NS_JMI)?.attr('id') ?? '',
      self: propose.attr('from') ?? '',
    };
  }

  play('it is called like by everybody, and the old call ends when it takes that', TRANSFERS, async (rig) => {
    announces(rig, []);
    const { phone, client, sid } = await answeredByClient(rig);
    const { next, sid: nextSid, self } = await carolCalls(rig, phone);
    assert.match(self, /^carol@example\.net/);
    rig.xmpp.write(jmiXml('proceed', nextSid, self));
    const initiate = await client.action('session-initiate');
    assert.equal(initiate.child('transfer', NS_TRANSFER), undefined);
    const content = contentXml('initiator', 9002, initiate.child('content')?.attr('name') ?? '');
    await client.act(self, jingleXml('session-accept', nextSid, content));
    assert.equal(statusOf(await next.final()), 200);
    assert.equal(header(await methodOf(rig, 'BYE'), 'call-id'), phone.callId);
    assert.equal((await client.action('session-terminate')).attr('sid'), sid);
    await hangsUp(next, client);
    await rig.residue();
  });

  play('it does not take that: the old call goes on', TRANSFERS, async (rig) => {
    announces(rig, []);
    const { phone, client } = await answeredByClient(rig);
    const { next, sid, self } = await carolCalls(rig, phone);
    rig.xmpp.write(jmiXml('reject', sid, self));
    assert.equal(statusOf(await next.final()), 603);
    assert.equal(rig.held('calls'), 1);
    await hangsUp(phone, client);
    await rig.residue();
  });
});
