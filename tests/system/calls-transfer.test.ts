// A phone hands its XMPP peer over (rows CALL-35, CALL-36): REFER, what the client is asked, its new call, and what the phone is told.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { AnswerFields } from '../../src/cli/answer-fields.ts';
import { explainCall } from '../../src/cli/call.ts';
import { header, statusOf, type SipText } from '../peers/sip-text.ts';
import {
  answeredByClient,
  answeredByPhone,
  Client,
  jingleXml,
  outcomes,
  Phone,
  reasonXml,
} from './call-stage.ts';
import { pause, play, type Rig } from './rig.ts';
import {
  announces,
  callsInstead,
  CAROL,
  leaves,
  methodOf,
  notified,
  NS_TRANSFER,
  refers,
  takes,
  TRANSFERRED,
  transferOf,
  TRANSFERS,
  transferXml,
} from './transfer-stage.ts';
import { iqXml, JULIET } from './xmpp-peer.ts';

const REFUSED = { ...TRANSFERS, mayHold: [...(TRANSFERS.mayHold ?? []), 'client_transactions'] };
const SIP_CAROL = `<sip:${CAROL}>`;

/** What became of the transfer, by the log. */
function transfers(rig: Rig): readonly string[] {
  return rig.log
    .filter(({ event }) => event === 'call.transfer')
    .map(({ fields }) => {
      const { by, state, status } = fields;
      return `${String(by)} ${String(state)}${typeof status === 'number' ? ` ${status}` : ''}`;
    });
}

async function warned(rig: Rig, branch: string): Promise<string> {
  const response = await rig.sip.final(branch);
  return `${statusOf(response)} ${/"([^"]*)"/.exec(header(response, 'warning'))?.[1] ?? ''}`;
}

/** A phone that was called refers. */
function refersBack(rig: Rig, invite: SipText, tag: string, to: string): string {
  return rig.sip.sendRequest(
    {
      ...{ method: 'REFER', cseq: 1, callId: header(invite, 'call-id'), fromTag: tag },
      uri: /<([^>]*)>/.exec(header(invite, 'contact'))?.[1] ?? '',
      ...{ from: header(invite, 'to'), to: header(invite, 'from') },
      headers: [
        ['Refer-To', to],
        ['Contact', `<sip:romeo@127.0.0.1:${rig.sip.port}>`],
      ],
    },
    rig.port,
  );
}

async function hangsUp(phone: Phone, client: Client): Promise<void> {
  assert.equal(statusOf(await phone.ask('BYE')), 200);
  await client.action('session-terminate');
}

describe('the client knows transfers', () => {
  play(
    'CALL-35: it calls the other one, who takes it; the phone is told, and the old call ends',
    TRANSFERS,
    async (rig) => {
      announces(rig, [NS_TRANSFER]);
      const { phone, client, sid, self } = await answeredByClient(rig);
      const refer = refers(phone, SIP_CAROL);
      const transfer = await transferOf(client);
      assert.equal(transfer.attr('to'), `${CAROL}/sip`);
      assert.equal(transfer.attr('sid'), undefined);
      // RFC 3515 §2.4.2, §2.4.4, §2.4.5.
      assert.equal(statusOf(await rig.sip.final(refer)), 202);
      assert.equal(await notified(rig), '100 active refer');
      const next = await callsInstead(rig, client, `${CAROL}/sip`, transferXml(`from='${self}'`));
      assert.match(next.invite.startLine, /^INVITE sip:carol@example\.net /);
      // RFC 3892 §2.2.
      assert.equal(header(next.invite, 'referred-by'), '<sip:romeo@example.net>');
      assert.equal(header(next.invite, 'replaces'), '');
      rig.sip.respond(next.invite, { status: 180, tag: 'c1' });
      await client.action('session-info');
      assert.equal(await notified(rig), '180 active refer');
      await takes(rig, client, next.invite);
      // §2.4.7: "Subscription-State of terminated".
      assert.equal(await notified(rig), '200 terminated refer');
      await leaves(rig, client, self, sid, TRANSFERRED);
      assert.deepEqual(outcomes(rig), ['sip_to_xmpp ended']);
      assert.deepEqual(transfers(rig), ['sip asked', 'sip done 200']);
      const answer = rig.gateway.admin.get('call')?.([sid]);
      const body = JSON.stringify((await answer)?.body);
      const told = new AnswerFields(JSON.parse(body) as unknown).rows('calls').flatMap(explainCall);
      assert.ok(told.includes(`  transfer by sip to ${CAROL}/sip: done, status 200`), told.join('\n'));
      await leaves(rig, client, `${CAROL}/sip`, next.sid, reasonXml('success'));
      await rig.until('both are told', () => outcomes(rig).length === 2);
      await rig.residue();
    },
  );

  play(
    'XEP-0251 §2: it leaves as soon as its new session is there, and the phone hears so before its BYE',
    TRANSFERS,
    async (rig) => {
      announces(rig, [NS_TRANSFER]);
      const { phone, client, sid, self } = await answeredByClient(rig);
      const refer = refers(phone, '<sip:carol@example.com>');
      // Another XMPP user: the call between the two does not come by here.
      assert.equal((await transferOf(client)).attr('to'), 'carol@example.com');
      assert.equal(statusOf(await rig.sip.final(refer)), 202);
      assert.equal(await notified(rig), '100 active refer');
      await leaves(rig, client, self, sid, TRANSFERRED);
      assert.equal(await notified(rig), '200 terminated refer');
      const methods = rig.sip.requests.all.map(({ startLine }) => startLine.split(' ')[0]);
      assert.deepEqual(methods.slice(-2), ['NOTIFY', 'BYE']);
      await rig.residue();
    },
  );

  play('the other one is busy: 486, and the old call goes on', REFUSED, async (rig) => {
    announces(rig, [NS_TRANSFER]);
    const { phone, client } = await answeredByClient(rig);
    const refer = refers(phone, SIP_CAROL);
    await transferOf(client);
    assert.equal(statusOf(await rig.sip.final(refer)), 202);
    assert.equal(await notified(rig), '100 active refer');
    const { invite } = await callsInstead(rig, client, `${CAROL}/sip`);
    rig.sip.respond(invite, { status: 486, tag: 'c1' });
    await client.action('session-terminate');
    assert.equal(await notified(rig), '486 terminated refer');
    assert.equal(rig.held('calls'), 1);
    assert.deepEqual(transfers(rig), ['sip asked', 'sip failed 486']);
    // And another attempt: RFC 3515 §2.4.6 has an id in its Event.
    const second = refers(phone, '<sip:dave@example.net>');
    assert.equal((await transferOf(client)).attr('to'), 'dave@example.net/sip');
    assert.equal(statusOf(await rig.sip.final(second)), 202);
    assert.match(await notified(rig), /^100 active refer;id=\d+$/);
    assert.equal(statusOf(await phone.ask('BYE')), 200);
    assert.match(await notified(rig), /^100 terminated refer;id=\d+$/);
    await client.action('session-terminate');
    assert.deepEqual(transfers(rig).slice(2), ['sip asked', 'sip unknown']);
  });

  play(
    'CALL-36: attended, and the phone hangs up at once; the INVITE of the client has Replaces',
    TRANSFERS,
    async (rig) => {
      announces(rig, [NS_TRANSFER]);
      const { phone, client, sid, self } = await answeredByClient(rig);
      const replaces = 'other-call@example.net;to-tag=c7;from-tag=r7';
      const refer = refers(phone, `<sip:${CAROL}?Replaces=${encodeURIComponent(replaces)}>`);
      const transfer = await transferOf(client);
      assert.equal(transfer.attr('to'), `${CAROL}/sip`);
      assert.equal(transfer.attr('from'), self);
      const named = transfer.attr('sid') ?? '';
      assert.notEqual(named, '');
      assert.equal(statusOf(await rig.sip.final(refer)), 202);
      await notified(rig);
      assert.equal(statusOf(await phone.ask('BYE')), 200);
      assert.equal((await client.action('session-terminate')).attr('sid'), sid);
      assert.equal(await notified(rig), '100 terminated refer');
      const inner = transferXml(`from='${self}' sid='${named}' to='${CAROL}/sip'`);
      const next = await callsInstead(rig, client, `${CAROL}/sip`, inner);
      assert.equal(header(next.invite, 'replaces'), replaces);
      assert.equal(header(next.invite, 'referred-by'), '<sip:romeo@example.net>');
      await takes(rig, client, next.invite);
      await leaves(rig, client, `${CAROL}/sip`, next.sid, reasonXml('success'));
      await rig.until('both are told', () => outcomes(rig).length === 2);
      await rig.residue();
    },
  );

  play('CALL-36: the call that is replaced is one of ours: its session is named', TRANSFERS, async (rig) => {
    announces(rig, [NS_TRANSFER]);
    const first = await answeredByClient(rig);
    // The other call of the phone is with Juliet too: any XMPP user of this gateway has such a session.
    const second = await answeredByClient(rig);
    const toTag = second.phone.toTag;
    const replaces = `${second.phone.callId};to-tag=${toTag};from-tag=${second.phone.fromTag}`;
    const refer = refers(first.phone, `<sip:juliet@example.com?Replaces=${encodeURIComponent(replaces)}>`);
    const transfer = await transferOf(first.client);
    assert.equal(transfer.attr('sid'), second.sid);
    assert.equal(transfer.attr('to'), JULIET);
    assert.equal(transfer.attr('from'), second.self);
    assert.equal(statusOf(await rig.sip.final(refer)), 202);
    await notified(rig);
    // One that the gateway does not know cannot be named.
    for (const { phone, client } of [first, second]) {
      await hangsUp(phone, client);
    }
    await notified(rig);
  });

  play('it gives the new call up: 487, and the old one goes on', REFUSED, async (rig) => {
    announces(rig, [NS_TRANSFER]);
    const { phone, client } = await answeredByClient(rig);
    const refer = refers(phone, SIP_CAROL);
    await transferOf(client);
    assert.equal(statusOf(await rig.sip.final(refer)), 202);
    assert.equal(await notified(rig), '100 active refer');
    const { invite, sid } = await callsInstead(rig, client, `${CAROL}/sip`);
    rig.sip.respond(invite, { status: 180, tag: 'c1' });
    assert.equal(await notified(rig), '180 active refer');
    await client.act(`${CAROL}/sip`, jingleXml('session-terminate', sid, reasonXml('cancel')));
    assert.equal(await notified(rig), '487 terminated refer');
    await methodOf(rig, 'CANCEL');
    rig.sip.respond(invite, { status: 487, tag: 'c1' });
    await hangsUp(phone, client);
    assert.deepEqual(transfers(rig), ['sip asked', 'sip failed 487']);
  });

  play('RFC 4488: without a subscription', TRANSFERS, async (rig) => {
    announces(rig, [NS_TRANSFER]);
    const { phone, client, sid, self } = await answeredByClient(rig);
    const refer = refers(phone, SIP_CAROL, [
      ['Refer-Sub', 'false'],
      ['Require', 'norefersub'],
    ]);
    await transferOf(client);
    const response = await rig.sip.final(refer);
    assert.equal(statusOf(response), 200);
    assert.equal(header(response, 'refer-sub'), 'false');
    await leaves(rig, client, self, sid, TRANSFERRED);
    assert.equal(rig.sip.requests.all.filter(({ startLine }) => startLine.startsWith('NOTIFY ')).length, 0);
    await rig.residue();
  });

  play('it refuses the transfer: 603, and the call goes on', TRANSFERS, async (rig) => {
    announces(rig, [NS_TRANSFER]);
    const { phone, client } = await answeredByClient(rig);
    const refer = refers(phone, SIP_CAROL);
    const iq = await rig.xmpp.stanzas.next(
      'the transfer',
      (stanza) => stanza.child('jingle')?.child('transfer', NS_TRANSFER) !== undefined,
    );
    const error = `<error type='cancel'><not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>`;
    rig.xmpp.write(iqXml('error', iq.attr('id') ?? '', iq.attr('from') ?? '', error));
    assert.equal(await warned(rig, refer), '603 The XMPP client refused the transfer');
    assert.equal(rig.held('calls'), 1);
    await hangsUp(phone, client);
    await rig.residue();
  });

  play('it calls somebody else: that has nothing to do with it', TRANSFERS, async (rig) => {
    announces(rig, [NS_TRANSFER]);
    const { phone, client } = await answeredByClient(rig);
    const refer = refers(phone, SIP_CAROL);
    await transferOf(client);
    assert.equal(statusOf(await rig.sip.final(refer)), 202);
    await notified(rig);
    const { invite, sid } = await callsInstead(rig, client, 'dave@example.net/sip');
    assert.equal(header(invite, 'referred-by'), '');
    await takes(rig, client, invite);
    await leaves(rig, client, 'dave@example.net/sip', sid, reasonXml('success'));
    assert.equal(statusOf(await phone.ask('BYE')), 200);
    assert.equal(await notified(rig), '100 terminated refer');
  });

  play('RFC 3515 §2.4.4: its subscription is refreshed, and ended, by SUBSCRIBE', TRANSFERS, async (rig) => {
    announces(rig, [NS_TRANSFER]);
    const { phone, client } = await answeredByClient(rig);
    refers(phone, SIP_CAROL);
    await transferOf(client);
    await notified(rig);
    const subscribe = (event: string, expires: string) =>
      phone.ask('SUBSCRIBE', undefined, {
        headers: [
          ['Event', event],
          ['Expires', expires],
        ],
      });
    const refreshed = await subscribe('refer', '3600');
    assert.equal(statusOf(refreshed), 200);
    assert.equal(header(refreshed, 'expires'), '300');
    assert.equal(await notified(rig), '100 active refer');
    assert.equal(statusOf(await subscribe('refer;id=77', '0')), 481);
    assert.equal(statusOf(await subscribe('refer', '0')), 200);
    assert.equal(await notified(rig), '100 terminated refer');
    assert.equal(statusOf(await subscribe('refer', '60')), 481);
    const { invite, sid } = await callsInstead(rig, client, `${CAROL}/sip`);
    // The reference goes on, and nobody is told.
    assert.equal(header(invite, 'referred-by'), '<sip:romeo@example.net>');
    await takes(rig, client, invite);
    await leaves(rig, client, `${CAROL}/sip`, sid, reasonXml('success'));
    await hangsUp(phone, client);
    assert.equal(
      rig.sip.requests.untaken.filter(({ startLine }) => startLine.startsWith('NOTIFY ')).length,
      0,
    );
  });

  play('a second REFER while one is under way: 603', TRANSFERS, async (rig) => {
    announces(rig, [NS_TRANSFER]);
    const { phone, client } = await answeredByClient(rig);
    refers(phone, SIP_CAROL);
    await transferOf(client);
    await notified(rig);
    assert.equal(await warned(rig, refers(phone, SIP_CAROL)), '603 A transfer of this call is under way');
    assert.equal(statusOf(await phone.ask('BYE')), 200);
    assert.equal(await notified(rig), '100 terminated refer');
    await client.action('session-terminate');
  });

  play('the gateway is restarted: the old call ends as it was', TRANSFERS, async (rig) => {
    announces(rig, [NS_TRANSFER]);
    const { phone, client } = await answeredByClient(rig);
    refers(phone, SIP_CAROL);
    await transferOf(client);
    await notified(rig);
    await rig.gateway.drain();
    await client.action('session-terminate');
    // The subscription ends with the call that had it.
    assert.equal(await notified(rig), '100 terminated refer');
    await rig.restart();
    assert.equal(rig.held('call_transfers'), 0);
  });
});

describe('a circle of phones', () => {
  play('a call that was transferred ten times is not transferred again', TRANSFERS, async (rig) => {
    announces(rig, [NS_TRANSFER]);
    const first = await answeredByClient(rig);
    const { client } = first;
    let branch = refers(first.phone, '<sip:phone1@example.net>');
    let leaving = { self: first.self, sid: first.sid };
    for (let hop = 1; hop <= 10; hop++) {
      const to = (await transferOf(client)).attr('to') ?? '';
      assert.equal(to, `phone${hop}@example.net/sip`);
      assert.equal(statusOf(await rig.sip.final(branch)), 202);
      const next = await callsInstead(rig, client, to);
      const tag = await takes(rig, client, next.invite);
      await leaves(rig, client, leaving.self, leaving.sid, TRANSFERRED);
      leaving = { self: to, sid: next.sid };
      branch = refersBack(rig, next.invite, tag, `<sip:phone${hop + 1}@example.net>`);
    }
    assert.equal(await warned(rig, branch), '603 This call was transferred too often');
    await leaves(rig, client, leaving.self, leaving.sid, reasonXml('success'));
    await rig.until('all are told', () => outcomes(rig).length === 11);
    await rig.residue();
  });
});

describe('who cannot be handed over', () => {
  play('CALL-35: a client that does not know transfers', TRANSFERS, async (rig) => {
    announces(rig, []);
    const { phone, client } = await answeredByClient(rig);
    assert.equal(await warned(rig, refers(phone, SIP_CAROL)), '603 The XMPP client cannot be transferred');
    await hangsUp(phone, client);
    await rig.residue();
  });

  /** It has 2 s for its answer, and the phone waits 64*T1 (RFC 3261 §17.1.2.2). */
  const PATIENT = { ...TRANSFERS, timing: { t1Ms: 50, t2Ms: 200, t4Ms: 100 } };
  play('a client that says nothing of what it can do', PATIENT, async (rig) => {
    const { phone, client } = await answeredByClient(rig);
    assert.equal(await warned(rig, refers(phone, SIP_CAROL)), '603 The XMPP client cannot be transferred');
    await hangsUp(phone, client);
  });

  play('a call that rings', TRANSFERS, async (rig) => {
    const phone = new Phone(rig);
    await new Client(rig).proposal('propose');
    await pause(20);
    const out = rig.sip.sendRequest(
      { method: 'REFER', callId: 'none', headers: [['Refer-To', SIP_CAROL]], to: '<sip:juliet@example.com>' },
      rig.port,
    );
    // Outside of a call nobody is there who could be handed over.
    assert.equal(statusOf(await rig.sip.final(out)), 405);
    await phone.cancel();
    await phone.final();
  });
});

describe('what a REFER may not', () => {
  const cases: readonly (readonly [string, readonly (readonly [string, string])[], string])[] = [
    ['RFC 3515 §2.4.2: no Refer-To', [], '400 '],
    [
      'two of them',
      [
        ['Refer-To', SIP_CAROL],
        ['Refer-To', SIP_CAROL],
      ],
      '400 ',
    ],
    [
      'a method that is no call',
      [['Refer-To', `<sip:${CAROL};method=MESSAGE>`]],
      '603 Only a call can be referred to',
    ],
    ['a Replaces that names nothing', [['Refer-To', `<sip:${CAROL}?Replaces=x>`]], '400 '],
    ['an address of no user', [['Refer-To', '<sip:example.net>']], '603 The target has no address in XMPP'],
    [
      'an address of nowhere',
      [['Refer-To', '<sip:carol@elsewhere.example>']],
      '603 The target has no address in XMPP',
    ],
    ['another scheme', [['Refer-To', '<https://example.net/>']], '603 The target has no address in XMPP'],
    // By default nobody may call a number.
    [
      'a telephone number',
      [['Refer-To', '<sip:+33123456789@example.net>']],
      '603 The policy of the gateway forbids a call to the target',
    ],
    [
      'a call to an XMPP user that is not here',
      [['Refer-To', '<sip:carol@example.com?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>']],
      '603 The gateway does not know the call that is to be replaced',
    ],
  ];
  for (const [name, headers, expected] of cases) {
    play(name, TRANSFERS, async (rig) => {
      announces(rig, [NS_TRANSFER]);
      const { phone, client } = await answeredByClient(rig);
      const told = await warned(rig, phone.send('REFER', undefined, { headers }));
      assert.ok(told.startsWith(expected), told);
      // Nothing was asked of the client.
      assert.equal(
        rig.xmpp.stanzas.all.filter((stanza) => stanza.child('jingle')?.attr('action') === 'session-info')
          .length,
        0,
      );
      await hangsUp(phone, client);
      await rig.residue();
    });
  }

  const RULES = { ...TRANSFERS, calls: { rules: [{ action: 'deny', direction: 'to-sip', to: [CAROL] }] } };
  play('the rules for calls hold for whom it names', RULES, async (rig) => {
    announces(rig, [NS_TRANSFER]);
    const { phone, client } = await answeredByClient(rig);
    assert.equal(
      await warned(rig, refers(phone, SIP_CAROL)),
      '603 The policy of the gateway forbids a call to the target',
    );
    await hangsUp(phone, client);
  });

  const PAID = { ...TRANSFERS, calls: { rules: [{ action: 'allow', direction: 'to-sip', number: ['*'] }] } };
  play('a number that the client may call, of the domain of the phone', PAID, async (rig) => {
    announces(rig, [NS_TRANSFER]);
    const { phone, client } = await answeredByClient(rig);
    const refer = refers(phone, '<sip:+33123456789@example.net>');
    assert.equal((await transferOf(client)).attr('to'), '+33123456789@example.net/sip');
    assert.equal(statusOf(await rig.sip.final(refer)), 202);
    await notified(rig);
    await hangsUp(phone, client);
  });

  const ABROAD = {
    ...PAID,
    domains: [
      { home: 'sip', sip: 'example.net', xmpp: 'example.net' },
      { home: 'sip', sip: 'example.info', xmpp: 'example.info' },
      { home: 'xmpp', xmpp: 'example.com', sip: 'example.com' },
    ],
  };
  play('a number of another domain, which the phone has nothing to do with', ABROAD, async (rig) => {
    announces(rig, [NS_TRANSFER]);
    const { phone, client } = await answeredByClient(rig);
    assert.equal(
      await warned(rig, refers(phone, '<sip:+33123456789@example.info>')),
      '603 The policy of the gateway forbids a call to the target',
    );
    await hangsUp(phone, client);
  });

  play('the phone that was called refers as well', TRANSFERS, async (rig) => {
    announces(rig, [NS_TRANSFER]);
    const { client, sid, self, invite, tag } = await answeredByPhone(rig);
    const refer = refersBack(rig, invite, tag, SIP_CAROL);
    await transferOf(client);
    assert.equal(statusOf(await rig.sip.final(refer)), 202);
    await leaves(rig, client, self, sid, TRANSFERRED);
    assert.equal(await notified(rig), '100 active refer');
    assert.equal(await notified(rig), '200 terminated refer');
    await rig.residue();
  });
});
