// Telephone numbers through the whole gateway (`telephony.domain`; ADDR-60, ADDR-61; RFC 3966, RFC 3261 §19.1.6): who has one lives on
// the SIP side, or on the XMPP side; and without the key a number stands for nobody.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { header, statusOf } from '../peers/sip-text.ts';
import { callsPhone, Client, outcomes, Phone, REFUSED, jmiXml, NS_JMI } from './call-stage.ts';
import { play } from './rig.ts';
import { messageXml } from './xmpp-peer.ts';

const NUMBER = '+12015550123';
const WRITTEN = 'tel:+1-201-555-0123';
const SIP_SIDE = { telephony: { domain: 'example.net' } };
const XMPP_SIDE = { telephony: { domain: 'example.com' } };

describe('whoever has a number lives on the SIP side', () => {
  play('ADDR-60: a message of a number, and the answer to it', SIP_SIDE, async (rig) => {
    assert.equal(await rig.status({ from: `<${WRITTEN}>`, body: 'it is me' }), 202);
    const stanza = await rig.xmpp.stanzas.next('the message');
    assert.equal(stanza.attr('from'), `${NUMBER}@example.net`);
    rig.xmpp.write(messageXml({ to: `${NUMBER}@example.net`, id: 'back', body: 'and me' }));
    const request = await rig.sip.requests.next('the answer');
    assert.equal(request.startLine, `MESSAGE sip:${NUMBER}@example.net;user=phone SIP/2.0`);
    assert.equal(header(request, 'to'), `<sip:${NUMBER}@example.net;user=phone>`);
  });

  play('ADDR-61: a user of that domain who is no number is one as before', SIP_SIDE, async (rig) => {
    rig.xmpp.write(messageXml({ id: 'other', body: 'x' }));
    const request = await rig.sip.requests.next('the message');
    assert.equal(request.startLine, 'MESSAGE sip:romeo@example.net SIP/2.0');
  });

  play('ADDR-60: its own numbers are not called through XMPP', SIP_SIDE, async (rig) => {
    assert.equal(await rig.status({ uri: WRITTEN, body: 'x' }), 404);
    assert.deepEqual(rig.xmpp.stanzas.untaken, []);
  });

  const ALLOWED = [{ action: 'allow', direction: 'to-sip', from: 'example.com', number: '+1201*' }];
  play('ADDR-61: a number is called', { ...REFUSED, ...SIP_SIDE, calls: { rules: ALLOWED } }, async (rig) => {
    const { invite, client } = await callsPhone(rig, `${NUMBER}@example.net`);
    assert.equal(invite.startLine, `INVITE sip:${NUMBER}@example.net;user=phone SIP/2.0`);
    rig.sip.respond(invite, { status: 486, tag: 'one' });
    await client.action('session-terminate');
    assert.deepEqual(outcomes(rig), ['xmpp_to_sip busy']);
  });
});

describe('whoever has a number lives on the XMPP side', () => {
  play('ADDR-60: a message to a number', XMPP_SIDE, async (rig) => {
    assert.equal(await rig.status({ uri: WRITTEN, body: 'hello' }), 202);
    assert.equal((await rig.xmpp.stanzas.next('the message')).attr('to'), `${NUMBER}@example.com`);
  });

  play('ADDR-60: a call to a number', { ...REFUSED, ...XMPP_SIDE }, async (rig) => {
    const phone = new Phone(rig, { uri: WRITTEN });
    const propose = await new Client(rig).proposal('propose');
    assert.equal(propose.attr('to'), `${NUMBER}@example.com`);
    const id = propose.child('propose', NS_JMI)?.attr('id') ?? '';
    rig.xmpp.write(
      jmiXml('reject', id, propose.attr('from') ?? '').replace(
        "from='juliet@example.com/balcony'",
        `from='${NUMBER}@example.com/balcony'`,
      ),
    );
    assert.equal(statusOf(await phone.final()), 603);
    assert.deepEqual(outcomes(rig), ['sip_to_xmpp declined']);
  });
});

describe('without `telephony`', () => {
  play('RFC 3261 §8.2.2.1: a number is of no scheme that is known here', REFUSED, async (rig) => {
    assert.equal(await rig.status({ uri: WRITTEN, body: 'x' }), 416);
    assert.equal(statusOf(await new Phone(rig, { uri: WRITTEN }).final()), 416);
    assert.equal(await rig.status({ from: `<${WRITTEN}>`, body: 'x' }), 403);
    assert.deepEqual(rig.xmpp.stanzas.untaken, []);
  });
});
