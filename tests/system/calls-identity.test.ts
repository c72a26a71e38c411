// Who a phone calls as, and whom it calls: the same rules as for messages (RFC 3325, 3323, 5079; SIPT-06, ADDR-11).

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { CALLS, Client, contentXml, jingleXml, jmiXml, NS_JMI, Phone } from './call-stage.ts';
import { escapeXml, JULIET } from './xmpp-peer.ts';
import { component, play, type Rig, type RigOptions } from './rig.ts';

const TWO: RigOptions = {
  ...CALLS,
  domains: [
    { home: 'sip', sip: 'example.net', xmpp: 'example.net' },
    { home: 'sip', sip: 'corp.example', xmpp: 'corp.example' },
    { home: 'xmpp', xmpp: 'example.com', sip: 'example.com' },
  ],
  components: (port: number) => [component('example.net', port), component('corp.example', port)],
};
const CORP = { network: '127.0.0.1/32', domains: ['corp.example'] };
const ASSERTING: RigOptions = { ...TWO, sip: { trusted: [{ ...CORP, asserted: true }] } };
const PLAIN: RigOptions = { ...TWO, sip: { trusted: [CORP] } };

const from = '"Desk" <sip:desk@corp.example>';
const BOSS = ['P-Asserted-Identity', '"Boss" <sip:boss@corp.example>'] as const;

/** The propose, which is rejected so that the call is over. */
async function proposed(rig: Rig, phone: Phone): Promise<string> {
  const propose = await new Client(rig).proposal('propose');
  const sender = propose.attr('from') ?? '';
  const xml = JSON.stringify(propose.children);
  for (const secret of ['Boss', 'Desk', 'sserted', 'rivacy']) assert.ok(!xml.includes(secret), secret);
  rig.xmpp.write(jmiXml('reject', propose.child('propose', NS_JMI)?.attr('id') ?? '', sender));
  assert.match((await phone.final()).startLine, /^SIP\/2\.0 603 /);
  return sender.replace(/\/.*/, '');
}

describe('who calls', { concurrency: true }, () => {
  play('RFC 3325 §5: a trusted network says who it is', ASSERTING, async (rig) => {
    const phone = new Phone(rig, { from, headers: [BOSS] });
    assert.equal(await proposed(rig, phone), 'boss@corp.example');
    await rig.residue();
  });

  play('RFC 3325 §5: another one does not', PLAIN, async (rig) => {
    const phone = new Phone(rig, { from, headers: [BOSS] });
    assert.equal(await proposed(rig, phone), 'desk@corp.example');
    assert.equal(rig.counter('stoxgate_sip_asserted_ignored_total'), 1);
    await rig.residue();
  });

  for (const privacy of ['id', 'user', 'header;id']) {
    play(
      `RFC 3325 §7, RFC 3323 §4.2: Privacy: ${privacy}: what is asserted is not shown`,
      ASSERTING,
      async (rig) => {
        const phone = new Phone(rig, { from, headers: [BOSS, ['Privacy', privacy]] });
        assert.equal(await proposed(rig, phone), 'desk@corp.example');
        await rig.residue();
      },
    );
  }

  play('RFC 5079: whoever hides altogether calls nobody, and hears why', ASSERTING, async (rig) => {
    const anonymous = '"Anonymous" <sip:anonymous@anonymous.invalid>';
    const phone = new Phone(rig, { from: anonymous, headers: [BOSS, ['Privacy', 'id']] });
    assert.match((await phone.final()).startLine, /^SIP\/2\.0 433 Anonymity Disallowed$/);
    assert.deepEqual(rig.xmpp.stanzas.all, []);
    await rig.residue();
  });

  play('SIPT-06: of a domain that is another one’s: 403', ASSERTING, async (rig) => {
    for (const parts of [
      { from: '<sip:ceo@example.net>' },
      { from, headers: [['P-Asserted-Identity', '<sip:ceo@example.net>']] as const },
    ]) {
      assert.match((await new Phone(rig, parts).final()).startLine, /^SIP\/2\.0 403 /);
    }
    assert.deepEqual(rig.xmpp.stanzas.all, []);
    await rig.residue();
  });
});

describe('whom a `gr` calls (ADDR-11)', () => {
  const uri = 'sip:juliet@example.com;gr=balcony';
  const say = (rig: Rig, from: string, what: string, id: string, to: string): void =>
    rig.xmpp.write(jmiXml(what, id, to).replace(`from='${JULIET}'`, `from='${escapeXml(from)}'`));

  play('that client, and no other one takes the call', CALLS, async (rig) => {
    const client = new Client(rig);
    const phone = new Phone(rig, { uri });
    const propose = await client.proposal('propose');
    assert.equal(propose.attr('to'), JULIET);
    // XEP-0280 §9: the other clients get no copy.
    assert.ok(propose.child('private', 'urn:xmpp:carbons:2'));
    assert.ok(propose.child('no-copy', 'urn:xmpp:hints'));
    const self = propose.attr('from') ?? '';
    const sid = propose.child('propose', NS_JMI)?.attr('id') ?? '';
    say(rig, 'juliet@example.com/garden', 'proceed', sid, self);
    assert.equal((await client.proposal('retract')).attr('to'), 'juliet@example.com/garden');
    say(rig, JULIET, 'ringing', sid, self);
    await phone.provisional(180);
    say(rig, JULIET, 'proceed', sid, self);
    const initiate = await client.action('session-initiate');
    const content = contentXml('initiator', 9000, initiate.child('content')?.attr('name') ?? '');
    await client.act(self, jingleXml('session-accept', sid, content));
    assert.match((await phone.final()).startLine, / 200 /);
    await phone.ask('BYE');
    await client.action('session-terminate');
    await rig.residue();
  });

  play('which alone hears that the caller gives up', CALLS, async (rig) => {
    const client = new Client(rig);
    const phone = new Phone(rig, { uri });
    await client.proposal('propose');
    await phone.cancel();
    assert.match((await phone.final()).startLine, / 487 /);
    assert.equal((await client.proposal('retract')).attr('to'), JULIET);
    await rig.residue();
  });

  play('CALL-101: with a session-initiate where it knows no proposals', CALLS, async (rig) => {
    const client = new Client(rig);
    const phone = new Phone(rig, { uri });
    const ask = await rig.xmpp.stanzas.next('a question', (stanza) => stanza.child('query') !== undefined);
    assert.equal(ask.attr('to'), JULIET);
    const features = ['urn:xmpp:jingle:1', 'urn:xmpp:jingle:apps:rtp:1', 'urn:xmpp:jingle:apps:rtp:audio']
      .map((each) => `<feature var='${each}'/>`)
      .join('');
    const query = `<query xmlns='http://jabber.org/protocol/disco#info'>${features}</query>`;
    client.write('result', ask.attr('id') ?? '', ask.attr('from') ?? '', query);
    const initiate = await client.action('session-initiate');
    await phone.cancel();
    assert.match((await phone.final()).startLine, / 487 /);
    assert.equal((await client.action('session-terminate')).attr('sid'), initiate.attr('sid'));
    await rig.residue();
  });

  play('without one, or with one that names nobody (ADDR-12), all of them', CALLS, async (rig) => {
    for (const target of ['sip:juliet@example.com', 'sip:juliet@example.com;gr']) {
      const client = new Client(rig);
      const phone = new Phone(rig, { uri: target });
      const propose = await client.proposal('propose');
      assert.equal(propose.attr('to'), 'juliet@example.com');
      assert.equal(propose.child('private', 'urn:xmpp:carbons:2'), undefined);
      await phone.cancel();
      await phone.final();
      await client.proposal('retract');
    }
    await rig.residue();
  });
});
