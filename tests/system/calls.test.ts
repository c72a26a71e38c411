// Calls through a whole gateway, a phone on one side and a client on the other (rows CALL-xx).

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { header } from '../peers/sip-text.ts';
import {
  answeredByClient,
  answeredByPhone,
  callsPhone,
  CALLS,
  Client,
  contentXml,
  DESCRIPTION,
  inDialog,
  jingleXml,
  jmiXml,
  NS_JINGLE,
  NS_JMI,
  outcomes,
  Phone,
  REFUSED,
  reasonXml,
  sdp,
} from './call-stage.ts';
import { play } from './rig.ts';
import { errorOf, JULIET, ROMEO } from './xmpp-peer.ts';

describe('a phone calls', () => {
  play(
    'CALL-90 … CALL-92, CALL-05, CALL-09: it rings, is answered, and the phone hangs up',
    CALLS,
    async (rig) => {
      const { phone, client, sid } = await answeredByClient(rig);
      assert.equal(rig.held('calls'), 1);
      assert.match((await phone.ask('BYE')).startLine, /^SIP\/2\.0 200 /);
      const end = await client.action('session-terminate');
      assert.equal(end.attr('sid'), sid);
      assert.notEqual(end.child('reason')?.child('success'), undefined);
      assert.deepEqual(outcomes(rig), ['sip_to_xmpp ended']);
      // RFC 3261 §12.2.2: who asks whether the call is still there hears that it is not.
      assert.match((await phone.ask('OPTIONS')).startLine, /^SIP\/2\.0 481 /);
      await rig.residue();
    },
  );

  play('CALL-08: the client hangs up', CALLS, async (rig) => {
    const { client, sid, self } = await answeredByClient(rig);
    const answer = await client.act(self, jingleXml('session-terminate', sid, reasonXml('success')));
    assert.equal(answer.attr('type'), 'result');
    await rig.sip.requests.next('BYE', ({ startLine }) => startLine.startsWith('BYE '));
    await rig.until('it is told', () => outcomes(rig).length > 0);
    assert.deepEqual(outcomes(rig), ['sip_to_xmpp ended']);
    await rig.residue();
  });

  play('CALL-10, CALL-94: it gives up while it rings', CALLS, async (rig) => {
    const client = new Client(rig);
    const phone = new Phone(rig);
    const sid = (await client.proposal('propose')).child('propose', NS_JMI)?.attr('id');
    assert.match((await phone.cancel()).startLine, /^SIP\/2\.0 200 /);
    assert.match((await phone.final()).startLine, /^SIP\/2\.0 487 /);
    assert.equal((await client.proposal('retract')).child('retract', NS_JMI)?.attr('id'), sid);
    assert.deepEqual(outcomes(rig), ['sip_to_xmpp cancelled']);
    await rig.residue();
  });

  for (const [condition, status] of [
    ['busy', 486],
    ['decline', 603],
  ] as const) {
    play(`CALL-93: rejected as ${condition}`, CALLS, async (rig) => {
      const client = new Client(rig);
      const phone = new Phone(rig);
      const propose = await client.proposal('propose');
      const sid = propose.child('propose', NS_JMI)?.attr('id') ?? '';
      rig.xmpp.write(
        jmiXml(
          'reject',
          sid,
          propose.attr('from') ?? '',
          `<reason xmlns='${NS_JINGLE}'><${condition}/></reason>`,
        ),
      );
      assert.ok((await phone.final()).startLine.startsWith(`SIP/2.0 ${status} `));
      assert.equal(outcomes(rig).length, 1);
      await rig.residue();
    });
  }

  play('CALL-41, CALL-43: the phone holds, and goes on', CALLS, async (rig) => {
    const { phone, client } = await answeredByClient(rig);
    const holding = phone.ask('INVITE', sdp(4000, ['a=sendonly'], 2));
    const info = await client.action('session-info');
    assert.notEqual(info.child('hold'), undefined);
    assert.match((await holding).body.toString(), /^a=recvonly\r$/m);
    phone.send('ACK');
    const going = phone.ask('INVITE', sdp(4000, [], 3));
    await client.action('session-info');
    assert.match((await going).startLine, /^SIP\/2\.0 200 /);
    phone.send('ACK');
    assert.match((await phone.ask('BYE')).startLine, /^SIP\/2\.0 200 /);
    await client.action('session-terminate');
    assert.deepEqual(outcomes(rig), ['sip_to_xmpp ended']);
    await rig.residue();
  });

  play('CALL-33: the client is gone', CALLS, async (rig) => {
    await answeredByClient(rig);
    rig.xmpp.write(`<presence from='${JULIET}' to='${ROMEO}' type='unavailable'/>`);
    await rig.sip.requests.next('BYE', ({ startLine }) => startLine.startsWith('BYE '), 15_000);
    await rig.until('it is told', () => outcomes(rig).length > 0);
    assert.deepEqual(outcomes(rig), ['sip_to_xmpp lost']);
    await rig.residue();
  });
});

describe('a client calls', () => {
  play(
    'CALL-97, CALL-03, CALL-05, CALL-08: it rings, is answered, and the client hangs up',
    CALLS,
    async (rig) => {
      const { client, sid, self, invite } = await callsPhone(rig);
      assert.match(header(invite, 'from'), /^<sip:juliet@example\.com[>;]/);
      rig.sip.respond(invite, { status: 180, tag: 'one' });
      assert.notEqual((await client.action('session-info')).child('ringing'), undefined);
      const contact = ['Contact', `<sip:romeo@127.0.0.1:${rig.sip.port}>`] as const;
      rig.sip.respond(invite, { status: 200, tag: 'one', headers: [contact], sdp: sdp(4000) });
      const accept = await client.action('session-accept');
      assert.equal(accept.child('content')?.child('transport')?.child('candidate')?.attr('port'), '4000');
      await rig.sip.requests.next('ACK', ({ startLine }) => startLine.startsWith('ACK '));
      await client.act(self, jingleXml('session-terminate', sid, reasonXml('success')));
      await rig.sip.requests.next('BYE', ({ startLine }) => startLine.startsWith('BYE '));
      await rig.until('it is told', () => outcomes(rig).length > 0);
      assert.deepEqual(outcomes(rig), ['xmpp_to_sip ended']);
      await rig.residue();
    },
  );

  play('CALL-09: the phone hangs up', CALLS, async (rig) => {
    const { client, invite, tag } = await answeredByPhone(rig);
    assert.match((await inDialog(rig, invite, tag, 'BYE')).startLine, /^SIP\/2\.0 200 /);
    await client.action('session-terminate');
    assert.deepEqual(outcomes(rig), ['xmpp_to_sip ended']);
    await rig.residue();
  });

  play('CALL-07: it gives up while it rings', REFUSED, async (rig) => {
    const { client, sid, self, invite } = await callsPhone(rig);
    rig.sip.respond(invite, { status: 180, tag: 'one' });
    await client.action('session-info');
    await client.act(self, jingleXml('session-terminate', sid, reasonXml('cancel')));
    await rig.sip.requests.next('CANCEL', ({ startLine }) => startLine.startsWith('CANCEL '));
    rig.sip.respond(invite, { status: 487, tag: 'one' });
    await rig.until('it is told', () => outcomes(rig).length > 0);
    assert.deepEqual(outcomes(rig), ['xmpp_to_sip cancelled']);
    await rig.residue();
  });

  for (const [status, condition, outcome] of [
    [486, 'busy', 'busy'],
    [603, 'decline', 'declined'],
    [404, 'gone', 'failed'],
    [488, 'incompatible-parameters', 'failed'],
  ] as const) {
    play(`CALL-70 … CALL-79: ${status} is ${condition}`, REFUSED, async (rig) => {
      const { client, invite } = await callsPhone(rig);
      rig.sip.respond(invite, { status, tag: 'one' });
      const end = await client.action('session-terminate');
      assert.notEqual(end.child('reason')?.child(condition), undefined, condition);
      assert.deepEqual(outcomes(rig), [`xmpp_to_sip ${outcome}`]);
      await rig.residue();
    });
  }
});

describe('what is not allowed', () => {
  const PHONE = '+4930123@example.net';

  play('a telephone number is refused by default', CALLS, async (rig) => {
    rig.xmpp.write(jmiXml('propose', 'n1', PHONE, DESCRIPTION));
    const refusal = await rig.xmpp.stanzas.next('the refusal');
    assert.equal(refusal.attr('type'), 'error');
    assert.equal(errorOf(refusal).condition, 'forbidden');
    assert.deepEqual(outcomes(rig), ['xmpp_to_sip refused']);
    await rig.residue();
  });

  const ALLOWED = [{ action: 'allow', direction: 'to-sip', from: 'example.com', number: '+4930*' }];
  play('and called where a rule allows it', { ...REFUSED, calls: { rules: ALLOWED } }, async (rig) => {
    const { invite, client } = await callsPhone(rig, PHONE);
    rig.sip.respond(invite, { status: 486, tag: 'one' });
    await client.action('session-terminate');
    assert.deepEqual(outcomes(rig), ['xmpp_to_sip busy']);
  });

  const DENIED = [{ action: 'deny', from: 'romeo@example.net' }];
  play('ERR-G3: a rule denies a phone', { ...CALLS, calls: { rules: DENIED } }, async (rig) => {
    const answer = await new Phone(rig).final();
    assert.match(answer.startLine, /^SIP\/2\.0 403 /);
    assert.match(header(answer, 'warning'), /policy/);
    assert.deepEqual(outcomes(rig), ['sip_to_xmpp refused']);
    await rig.residue();
  });

  play(
    'ERR-G2: more calls than one user may have',
    { ...CALLS, calls: { limits: { user: 1 } } },
    async (rig) => {
      const { phone, client } = await answeredByClient(rig);
      assert.match((await new Phone(rig).final()).startLine, /^SIP\/2\.0 480 /);
      await phone.ask('BYE');
      await client.action('session-terminate');
      assert.deepEqual(outcomes(rig), ['sip_to_xmpp refused', 'sip_to_xmpp ended']);
      await rig.residue();
    },
  );

  play(
    'without calls INVITE is no method, and Jingle no service',
    { ...CALLS, calls: { enabled: false } },
    async (rig) => {
      const answer = await new Phone(rig).final();
      assert.match(answer.startLine, /^SIP\/2\.0 405 /);
      assert.doesNotMatch(header(answer, 'allow'), /INVITE/);
      const client = new Client(rig);
      const refusal = await client.act(
        `${ROMEO}/sip`,
        jingleXml('session-initiate', 's1', contentXml('initiator')),
      );
      assert.equal(errorOf(refusal).condition, 'service-unavailable');
      await rig.residue();
    },
  );
});

describe('what means nothing', () => {
  for (const method of ['BYE', 'INVITE', 'UPDATE', 'INFO', 'PRACK'])
    play(`RFC 3261 §12.2.2: ${method} in a dialog that nobody knows`, CALLS, async (rig) => {
      const answer = await rig.ask({
        ...{ method, to: '<sip:juliet@example.com>;tag=nobody' },
        headers: [['Contact', '<sip:romeo@127.0.0.1>']],
      });
      assert.match(answer.startLine, /^SIP\/2\.0 481 /);
      await rig.residue();
    });

  play('XEP-0166 §10: a session that nobody knows', CALLS, async (rig) => {
    const client = new Client(rig);
    const answer = await client.act(
      `${ROMEO}/sip`,
      jingleXml('session-terminate', 'none', reasonXml('success')),
    );
    assert.equal(errorOf(answer).condition, 'item-not-found');
    assert.notEqual(answer.child('error')?.child('unknown-session'), undefined);
    await rig.residue();
  });

  const BAD: readonly (readonly [string, string, number])[] = [
    ['no description at all', 'hello', 400],
    ['a line that is none', sdp(4000).replace('c=IN', 'cIN'), 400],
    ['too many lines', sdp(4000) + 'm=audio 4002 RTP/AVP 0\r\n'.repeat(500), 400],
  ];
  for (const [what, body, status] of BAD)
    play(`a malformed description: ${what}`, CALLS, async (rig) => {
      assert.ok((await new Phone(rig, { sdp: body }).final()).startLine.startsWith(`SIP/2.0 ${status} `));
      assert.equal(rig.xmpp.stanzas.untaken.length, 0, 'nothing reaches the other side');
      await rig.residue();
    });

  play('a malformed session-initiate', CALLS, async (rig) => {
    const client = new Client(rig);
    const answer = await client.act(
      `${ROMEO}/sip`,
      `<jingle xmlns='${NS_JINGLE}' action='session-initiate'/>`,
    );
    assert.equal(errorOf(answer).condition, 'bad-request');
    assert.equal(rig.sip.requests.untaken.length, 0, 'nothing reaches the other side');
    await rig.residue();
  });

  play('RFC 3261 §11.2: OPTIONS says what calls can do', CALLS, async (rig) => {
    const answer = await rig.ask({ method: 'OPTIONS' });
    for (const method of ['INVITE', 'BYE', 'UPDATE', 'PRACK', 'MESSAGE'])
      assert.match(header(answer, 'allow'), new RegExp(method));
    assert.match(header(answer, 'accept'), /application\/sdp/);
    assert.match(header(answer, 'supported'), /timer/);
  });
});
