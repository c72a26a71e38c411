// A client hands its SIP peer over (row CALL-37): `<transfer/>`, REFER, what the phone tells of it, and how the old call ends.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { header, statusOf, type SipText } from '../peers/sip-text.ts';
import { answeredByPhone, inDialog, outcomes } from './call-stage.ts';
import { play, type Rig, type RigOptions } from './rig.ts';
import { MemoryStore } from './memory-store.ts';
import type { Answer } from './sip-peer.ts';
import { asksTransfer, CAROL, leaves, methodOf, tells, TRANSFERRED, TRANSFERS } from './transfer-stage.ts';
import { errorOf } from './xmpp-peer.ts';

/** What the phone answers a REFER with. */
function answersRefer(rig: Rig, answer: Answer | undefined): void {
  const others = rig.sip.answer;
  rig.sip.answer = (request) => (request.startLine.startsWith('REFER ') ? answer : others(request));
}

const states = (rig: Rig): readonly unknown[] =>
  rig.log.filter(({ event }) => event === 'call.transfer').map(({ fields }) => fields['state']);

const TO = `to='${CAROL}'`;

describe('the phone takes it', () => {
  play(
    'CALL-37: it calls the other one, says so, and both legs of the old call end',
    TRANSFERS,
    async (rig) => {
      answersRefer(rig, { status: 202 });
      const { client, sid, self, invite, tag } = await answeredByPhone(rig);
      const peer = { invite, tag };
      assert.equal((await asksTransfer(client, self, sid, TO)).attr('type'), 'result');
      const refer = await methodOf(rig, 'REFER');
      assert.equal(header(refer, 'call-id'), header(invite, 'call-id'));
      assert.equal(header(refer, 'refer-to'), `<sip:${CAROL}>`);
      assert.match(header(refer, 'referred-by'), /^<sip:juliet@example\.com[>;]/);
      assert.match(header(refer, 'contact'), /^<sip:/);
      assert.equal(await tells(rig, peer, 1, 'SIP/2.0 100 Trying\r\n', 'active;expires=60'), 200);
      assert.equal(await tells(rig, peer, 2, 'SIP/2.0 180 Ringing\r\n', 'active;expires=60'), 200);
      assert.equal(rig.held('calls'), 1);
      assert.equal(await tells(rig, peer, 3, 'SIP/2.0 200 OK\r\n', 'terminated;reason=noresource'), 200);
      const end = await client.action('session-terminate');
      const reason = end.child('reason');
      assert.notEqual(reason?.child('success'), undefined);
      assert.notEqual(reason?.child('transferred', 'urn:xmpp:jingle:transfer:0'), undefined);
      await methodOf(rig, 'BYE');
      assert.deepEqual(outcomes(rig), ['xmpp_to_sip ended']);
      assert.deepEqual(states(rig), ['asked', 'done']);
      await rig.residue();
    },
  );

  play('the other one is busy: nothing changes', TRANSFERS, async (rig) => {
    answersRefer(rig, { status: 202 });
    const { client, sid, self, invite, tag } = await answeredByPhone(rig);
    assert.equal((await asksTransfer(client, self, sid, TO)).attr('type'), 'result');
    await methodOf(rig, 'REFER');
    assert.equal(
      await tells(rig, { invite, tag }, 1, 'SIP/2.0 486 Busy Here\r\n', 'terminated;reason=noresource'),
      200,
    );
    assert.equal(rig.held('calls'), 1);
    assert.deepEqual(states(rig), ['asked', 'failed']);
    // The subscription is over: RFC 6665 §4.1.3.
    assert.equal(await tells(rig, { invite, tag }, 2, 'SIP/2.0 200 OK\r\n', 'active;expires=60'), 481);
    assert.equal(rig.held('calls'), 1);
    // And it may be tried again.
    assert.equal((await asksTransfer(client, self, sid, TO)).attr('type'), 'result');
    await methodOf(rig, 'REFER');
    await leaves(rig, client, self, sid, TRANSFERRED);
    await rig.until('it is told', () => states(rig).length === 4);
    assert.deepEqual(states(rig).slice(2), ['asked', 'unknown']);
    await rig.residue();
  });

  play('the phone hangs up when it has the other one, without a word', TRANSFERS, async (rig) => {
    answersRefer(rig, { status: 202 });
    const { client, sid, self, invite, tag } = await answeredByPhone(rig);
    await asksTransfer(client, self, sid, TO);
    await methodOf(rig, 'REFER');
    assert.equal(statusOf(await inDialog(rig, invite, tag, 'BYE')), 200);
    await client.action('session-terminate');
    assert.deepEqual(outcomes(rig), ['xmpp_to_sip ended']);
    assert.deepEqual(states(rig), ['asked', 'unknown']);
    await rig.residue();
  });

  play('RFC 4488: without a subscription nobody says how it goes', TRANSFERS, async (rig) => {
    answersRefer(rig, { status: 200, headers: [['Refer-Sub', 'false']] });
    const { client, sid, self } = await answeredByPhone(rig);
    assert.equal((await asksTransfer(client, self, sid, TO)).attr('type'), 'result');
    await rig.until('it is told', () => states(rig).length === 2);
    assert.deepEqual(states(rig), ['asked', 'unknown']);
    assert.equal(rig.held('calls'), 1);
    await leaves(rig, client, self, sid, TRANSFERRED);
    await rig.residue();
  });

  play(
    'CALL-36: attended; Refer-To names the other call as the other phone knows it',
    TRANSFERS,
    async (rig) => {
      answersRefer(rig, { status: 202 });
      const first = await answeredByPhone(rig);
      const second = await answeredByPhone(rig, CAROL);
      const attributes = `from='juliet@example.com/balcony' sid='${second.sid}' to='${CAROL}/sip'`;
      assert.equal(
        (await asksTransfer(first.client, first.self, first.sid, attributes)).attr('type'),
        'result',
      );
      const refer = await methodOf(rig, 'REFER');
      const replaces = decodeURIComponent(/\?Replaces=([^>]*)>/.exec(header(refer, 'refer-to'))?.[1] ?? '');
      const fromTag = /;tag=([^;]*)/.exec(header(second.invite, 'from'))?.[1] ?? '';
      assert.equal(replaces, `${header(second.invite, 'call-id')};to-tag=${second.tag};from-tag=${fromTag}`);
      for (const { client, self, sid } of [first, second]) await leaves(rig, client, self, sid, TRANSFERRED);
      await rig.until('both are told', () => outcomes(rig).length === 2);
      await rig.residue();
    },
  );

  play('to another XMPP user, whom the phone reaches by way of the gateway', TRANSFERS, async (rig) => {
    answersRefer(rig, { status: 202 });
    const { client, sid, self } = await answeredByPhone(rig);
    assert.equal((await asksTransfer(client, self, sid, `to='carol@example.com'`)).attr('type'), 'result');
    assert.equal(header(await methodOf(rig, 'REFER'), 'refer-to'), '<sip:carol@example.com>');
    await leaves(rig, client, self, sid, TRANSFERRED);
  });
});

describe('the phone does not take it: its answer is that of the iq', () => {
  // ERR-S603, ERR-S403, ERR-S405.
  for (const [status, condition] of [
    [603, 'recipient-unavailable'],
    [403, 'forbidden'],
    [405, 'feature-not-implemented'],
  ] as const) {
    play(`${status}: the call goes on`, TRANSFERS, async (rig) => {
      answersRefer(rig, { status });
      const { client, sid, self } = await answeredByPhone(rig);
      assert.equal(errorOf(await asksTransfer(client, self, sid, TO)).condition, condition);
      assert.deepEqual(states(rig), ['asked', 'declined']);
      assert.equal(rig.held('calls'), 1);
      await leaves(rig, client, self, sid, TRANSFERRED);
      await rig.residue();
    });
  }

  // RFC 3261 §12.2.1.2: "481 … or a 408 … the UAC SHOULD terminate the dialog"; ERR-S481, ERR-S408.
  for (const [name, answer, condition] of [
    ['481', { status: 481 }, 'item-not-found'],
    ['nothing in 64*T1', undefined, 'remote-server-timeout'],
  ] as const) {
    play(`${name}: it knows no such call any more`, TRANSFERS, async (rig) => {
      answersRefer(rig, answer);
      const { client, sid, self } = await answeredByPhone(rig);
      assert.equal(errorOf(await asksTransfer(client, self, sid, TO)).condition, condition);
      await methodOf(rig, 'BYE');
      await client.action('session-terminate');
      assert.deepEqual(outcomes(rig), ['xmpp_to_sip lost']);
      assert.deepEqual(states(rig), ['asked', 'declined']);
      await rig.residue();
    });
  }

  play('two at a time', TRANSFERS, async (rig) => {
    answersRefer(rig, undefined);
    const { client, sid, self } = await answeredByPhone(rig);
    const first = asksTransfer(client, self, sid, TO);
    const refer: SipText = await methodOf(rig, 'REFER');
    assert.equal(errorOf(await asksTransfer(client, self, sid, TO)).condition, 'unexpected-request');
    rig.sip.respond(refer, { status: 202 });
    assert.equal((await first).attr('type'), 'result');
    await leaves(rig, client, self, sid, TRANSFERRED);
  });
});

describe('what a transfer may not', () => {
  const cases: readonly (readonly [string, string, string, RigOptions?])[] = [
    ['nobody is named', `from='${CAROL}'`, 'bad-request'],
    ['no address', `to='@@'`, 'jid-malformed'],
    ['a telephone number', `to='+33123456789@example.net'`, 'forbidden'],
    ['a session that is none of ours', `to='${CAROL}' sid='none'`, 'item-not-found'],
    ['an address of nowhere', `to='carol@elsewhere.example'`, 'item-not-found'],
    [
      'the rules for calls',
      TO,
      'forbidden',
      { calls: { rules: [{ action: 'deny', direction: 'to-sip', to: [CAROL] }] } },
    ],
    ['the rules for everything', TO, 'forbidden', { policy: [{ action: 'deny', to: [CAROL] }] }],
  ];
  for (const [name, attributes, condition, options] of cases) {
    play(name, { ...TRANSFERS, ...options }, async (rig) => {
      const { client, sid, self } = await answeredByPhone(rig);
      assert.equal(errorOf(await asksTransfer(client, self, sid, attributes)).condition, condition);
      assert.equal(rig.sip.requests.all.filter(({ startLine }) => startLine.startsWith('REFER ')).length, 0);
      await leaves(rig, client, self, sid, TRANSFERRED);
      await rig.residue();
    });
  }
});

describe('the gateway is restarted with a transfer under way', () => {
  play(
    'a NOTIFY after that gets 481, and the call goes on',
    { ...TRANSFERS, store: new MemoryStore('sqlite') },
    async (rig) => {
      answersRefer(rig, { status: 202 });
      const { client, sid, self, invite, tag } = await answeredByPhone(rig);
      assert.equal((await asksTransfer(client, self, sid, TO)).attr('type'), 'result');
      await methodOf(rig, 'REFER');
      await rig.restart();
      assert.equal(rig.held('calls'), 1);
      assert.equal(
        await tells(rig, { invite, tag }, 1, 'SIP/2.0 200 OK\r\n', 'terminated;reason=noresource'),
        481,
      );
      assert.equal(rig.held('calls'), 1);
      await leaves(rig, client, self, sid, TRANSFERRED);
      await rig.until('it is told', () => outcomes(rig).length === 1);
    },
  );
});
