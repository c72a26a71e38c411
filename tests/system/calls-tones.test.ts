// Tones through a whole gateway, both ways (CALL-38).

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { header } from '../peers/sip-text.ts';
import { answeredByClient, answeredByPhone, CALLS, jingleXml, outcomes, reasonXml } from './call-stage.ts';
import { play, type Rig } from './rig.ts';
import { unique } from './sip-peer.ts';
import { errorOf, iqXml, ROMEO } from './xmpp-peer.ts';

const dtmf = (code: string, duration = 200): string =>
  `<dtmf xmlns='urn:xmpp:jingle:dtmf:0' code='${code}' duration='${duration}'/>`;
const RELAY = { contentType: 'application/dtmf-relay' };

/** What the phone says to an INFO. */
function phoneSays(rig: Rig, ...statuses: readonly number[]): void {
  const answer = rig.sip.answer;
  const left = [...statuses];
  rig.sip.answer = (request) =>
    request.startLine.startsWith('INFO ') ? { status: left.shift() ?? 500 } : answer(request);
}

const nextInfo = (rig: Rig) =>
  rig.sip.requests.next('INFO', ({ startLine }) => startLine.startsWith('INFO '));

describe('the client presses a key', () => {
  play('the phone has it before the client hears so; in calls of both directions', CALLS, async (rig) => {
    phoneSays(rig, 200, 200);
    for (const begin of [answeredByClient, answeredByPhone]) {
      const { client, sid, self } = await begin(rig);
      const answer = await client.act(self, jingleXml('session-info', sid, dtmf('7')));
      assert.equal(answer.attr('type'), 'result');
      const info = await nextInfo(rig);
      assert.equal(header(info, 'content-type'), 'application/dtmf-relay');
      assert.equal(info.body.toString(), 'Signal=7\r\nDuration=200\r\n');
      await client.act(self, jingleXml('session-terminate', sid, reasonXml('success')));
    }
    await rig.until('both are told', () => outcomes(rig).length === 2);
    await rig.residue();
  });

  play('the phone takes none: service-unavailable, and the call goes on', CALLS, async (rig) => {
    phoneSays(rig, 415, 415);
    const { client, sid, self, phone } = await answeredByClient(rig);
    for (const code of ['1', '2']) {
      const answer = await client.act(self, jingleXml('session-info', sid, dtmf(code)));
      assert.equal(errorOf(answer).condition, 'service-unavailable');
    }
    assert.equal(header(await nextInfo(rig), 'content-type'), 'application/dtmf-relay');
    assert.equal(header(await nextInfo(rig), 'content-type'), 'application/dtmf');
    const bad = await client.act(self, jingleXml('session-info', sid, dtmf('E')));
    assert.equal(errorOf(bad).condition, 'feature-not-implemented');
    assert.match((await phone.ask('BYE')).startLine, / 200 /);
    await client.action('session-terminate');
    await rig.residue();
  });
});

describe('the phone presses a key', () => {
  play('the client has it before the phone hears so', CALLS, async (rig) => {
    const { client, phone, sid } = await answeredByClient(rig);
    const branch = phone.send('INFO', 'Signal=5\r\nDuration=160\r\n', RELAY);
    const info = await client.action('session-info');
    assert.equal(info.attr('sid'), sid);
    const tone = info.child('dtmf', 'urn:xmpp:jingle:dtmf:0');
    assert.deepEqual([tone?.attr('code'), tone?.attr('duration')], ['5', '160']);
    assert.match((await rig.sip.final(branch)).startLine, / 200 /);
    assert.match((await phone.ask('INFO', 'Signal=flash', RELAY)).startLine, / 400 /);
    await phone.ask('BYE');
    await client.action('session-terminate');
    await rig.residue();
  });

  play('the client knows none: 415, and the call goes on', CALLS, async (rig) => {
    const { client, phone, self } = await answeredByClient(rig);
    const branch = phone.send('INFO', '5', { contentType: 'application/dtmf' });
    const iq = await rig.xmpp.stanzas.next('the tone', (stanza) => stanza.attr('type') === 'set');
    const error =
      "<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
    client.write('error', iq.attr('id') ?? '', self, error);
    assert.match((await rig.sip.final(branch)).startLine, / 415 /);
    assert.equal(rig.held('calls'), 1);
    await phone.ask('BYE');
    await client.action('session-terminate');
    await rig.residue();
  });
});

play('XEP-0181 §5: a SIP user announces that he takes them', CALLS, async (rig) => {
  const id = unique('disco');
  rig.xmpp.write(iqXml('get', id, `${ROMEO}/sip`, "<query xmlns='http://jabber.org/protocol/disco#info'/>"));
  const answer = await rig.xmpp.stanzas.next('the answer', (stanza) => stanza.attr('id') === id);
  const features = answer.child('query')?.elements() ?? [];
  assert.ok([...features].some((each) => each.attr('var') === 'urn:xmpp:jingle:dtmf:0'));
});
