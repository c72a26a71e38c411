// Calls between endpoints with ICE: descriptions and contents with candidates, and candidates that come one by one, by INFO and
// transport-info (CALL-12, CALL-13; RFC 8840 §4, §5; XEP-0176 §5.3).

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { XmlElement } from '../../src/xml/index.ts';
import { header, statusOf } from '../peers/sip-text.ts';
import { CALLS, Client, jingleXml, jmiXml, NS_JMI, outcomes, Phone, reasonXml } from './call-stage.ts';
import { play, type Rig, type RigOptions } from './rig.ts';

const NS_ICE = 'urn:xmpp:jingle:transports:ice-udp:1';
const NS_RTP = 'urn:xmpp:jingle:apps:rtp:1';
const NS_DTLS = 'urn:xmpp:jingle:apps:dtls:0';
const PRINT = Array.from({ length: 32 }, () => 'AB').join(':');
const OTHER_PRINT = Array.from({ length: 32 }, () => 'CD').join(':');

/** What a browser at a SIP server offers. */
const OFFER = [
  'v=0',
  'o=- 7 1 IN IP4 192.0.2.1',
  's=-',
  't=0 0',
  'a=ice-options:trickle',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'c=IN IP4 0.0.0.0',
  'a=mid:0',
  'a=sendrecv',
  'a=rtcp-mux',
  'a=ice-ufrag:sips',
  'a=ice-pwd:sipsipsipsipsipsipsipsip',
  `a=fingerprint:sha-256 ${PRINT}`,
  'a=setup:actpass',
  'a=rtpmap:111 opus/48000/2',
  'a=candidate:1 1 udp 2130706431 192.0.2.1 40000 typ host',
  '',
].join('\r\n');

const candidate = (id: string, port: number): string =>
  `<candidate component='1' foundation='${id}' generation='0' id='${id}' ip='198.51.100.7' network='1' port='${port}' priority='2130706431' protocol='udp' type='host'/>`;

const transport = (inner: string): string =>
  `<transport xmlns='${NS_ICE}' ufrag='xmpp' pwd='xmppxmppxmppxmppxmppxmpp'>${inner}</transport>`;

const content = (name: string, inner: string): string =>
  `<content creator='initiator' name='${name}'>${inner}</content>`;

const rtp = (): string =>
  `<description xmlns='${NS_RTP}' media='audio'><payload-type id='111' name='opus' clockrate='48000' channels='2'/><rtcp-mux/></description>`;

/** A browser calls, and Juliet's client takes it with one candidate. */
async function answered(
  rig: Rig,
  supported: string,
): Promise<{ phone: Phone; client: Client; sid: string; self: string; name: string; offer: XmlElement }> {
  const client = new Client(rig);
  const phone = new Phone(rig, { sdp: OFFER, headers: [['Supported', supported]] });
  const propose = await client.proposal('propose');
  const self = propose.attr('from') ?? '';
  const sid = propose.child('propose', NS_JMI)?.attr('id') ?? '';
  rig.xmpp.write(jmiXml('proceed', sid, self));
  const offer = await client.action('session-initiate');
  const name = offer.child('content')?.attr('name') ?? '';
  const dtls = `<fingerprint xmlns='${NS_DTLS}' hash='sha-256' setup='active'>${OTHER_PRINT}</fingerprint>`;
  const accept = content(name, rtp() + transport(dtls + candidate('c1', 50_001)));
  assert.equal((await client.act(self, jingleXml('session-accept', sid, accept))).attr('type'), 'result');
  const answer = await phone.final();
  assert.equal(statusOf(answer), 200);
  const body = answer.body.toString();
  assert.match(body, /^a=ice-ufrag:xmpp\r$/m);
  assert.match(body, new RegExp(`^a=fingerprint:sha-256 ${OTHER_PRINT}\r$`, 'm'));
  assert.match(body, /^a=setup:active\r$/m);
  assert.match(body, /^a=candidate:c1 1 udp 2130706431 198\.51\.100\.7 50001 typ host/m);
  return { phone, client, sid, self, name, offer };
}

describe('CALL-12: candidates', () => {
  play('what a client is offered: ICE, DTLS-SRTP, and the candidate', CALLS, async (rig) => {
    const { client, phone, offer } = await answered(rig, 'timer');
    const place = offer.child('content')?.child('transport', NS_ICE);
    assert.equal(place?.attr('ufrag'), 'sips');
    assert.equal(place.child('candidate')?.attr('port'), '40000');
    assert.equal(place.child('fingerprint', NS_DTLS)?.text(), PRINT);
    await phone.ask('BYE');
    await client.action('session-terminate');
  });

  play('one by one where both sides take them so: INFO and transport-info', CALLS, async (rig) => {
    const { client, phone, sid, self, name } = await answered(rig, 'trickle-ice');
    await client.act(
      self,
      jingleXml('transport-info', sid, content(name, transport(candidate('c2', 50_002)))),
    );
    const info = await rig.sip.requests.next('INFO', ({ startLine }) => startLine.startsWith('INFO '));
    assert.equal(header(info, 'info-package'), 'trickle-ice');
    assert.equal(header(info, 'content-type'), 'application/trickle-ice-sdpfrag');
    assert.match(info.body.toString(), /^a=ice-ufrag:xmpp\r$/m);
    assert.match(info.body.toString(), /^a=candidate:c2 1 udp 2130706431 198\.51\.100\.7 50002 typ host/m);
    const fragment = [
      'a=ice-ufrag:sips',
      'a=ice-pwd:sipsipsipsipsipsipsipsip',
      'm=audio 9 RTP/AVP 0',
      'a=mid:0',
      'a=candidate:2 1 udp 2130706430 192.0.2.1 40002 typ host',
      'a=end-of-candidates',
      '',
    ].join('\r\n');
    const headers = [['Info-Package', 'trickle-ice']] as const;
    const told = phone.ask('INFO', fragment, { headers, contentType: 'application/trickle-ice-sdpfrag' });
    const more = await client.action('transport-info');
    assert.equal(statusOf(await told), 200);
    const found = more.child('content')?.child('transport', NS_ICE)?.child('candidate');
    assert.equal(found?.attr('port'), '40002');
    await phone.ask('BYE');
    await client.action('session-terminate');
    assert.deepEqual(outcomes(rig), ['sip_to_xmpp ended']);
  });

  play('by a re-INVITE where the phone does not', CALLS, async (rig) => {
    const answer = rig.sip.answer;
    rig.sip.answer = (request) => (request.startLine.startsWith('INVITE ') ? undefined : answer(request));
    const { client, sid, self, name } = await answered(rig, 'timer');
    await client.act(
      self,
      jingleXml('transport-info', sid, content(name, transport(candidate('c2', 50_002)))),
    );
    const again = await rig.sip.requests.next(
      'INVITE',
      ({ startLine }) => startLine.startsWith('INVITE '),
      10_000,
    );
    assert.match(again.body.toString(), /50002 typ host/);
    const contact = ['Contact', `<sip:romeo@127.0.0.1:${rig.sip.port}>`] as const;
    const body = OFFER.replace('setup:actpass', 'setup:passive').replace('o=- 7 1', 'o=- 7 2');
    rig.sip.respond(again, { status: 200, headers: [contact], sdp: body });
    await rig.sip.requests.next('ACK', ({ startLine }) => startLine.startsWith('ACK '));
    await client.act(self, jingleXml('session-terminate', sid, reasonXml('success')));
    await rig.sip.requests.next('BYE', ({ startLine }) => startLine.startsWith('BYE '));
    await rig.until('it is told', () => outcomes(rig).length > 0);
    assert.deepEqual(outcomes(rig), ['sip_to_xmpp ended']);
  });

  const relay = {
    instances: ['127.0.0.1:9'],
    rules: [{ sip: 'example.net', xmpp: 'example.com', profile: 'webrtc-to-rtp', when: 'needed' }],
  };
  const RELAYED: RigOptions = { ...CALLS, mediaRelay: relay };
  play('not one by one where a relay may come between', RELAYED, async (rig) => {
    const { client, phone } = await answered(rig, 'trickle-ice');
    const headers = [['Info-Package', 'trickle-ice']] as const;
    const told = await phone.ask('INFO', 'x', { headers, contentType: 'application/trickle-ice-sdpfrag' });
    assert.equal(statusOf(told), 469);
    await phone.ask('BYE');
    await client.action('session-terminate');
  });
});
