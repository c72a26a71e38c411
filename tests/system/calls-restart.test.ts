// Calls over a restart of the gateway, a drain, and as `stoxgate call` tells of them.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { explainCall } from '../../src/cli/call.ts';
import { AnswerFields } from '../../src/cli/answer-fields.ts';
import {
  answeredByClient,
  answeredByPhone,
  callsPhone,
  CALLS,
  Client,
  inDialog,
  jingleXml,
  outcomes,
  Phone,
  reasonXml,
  REFUSED,
} from './call-stage.ts';
import { MemoryStore } from './memory-store.ts';
import { play, type Rig, type RigOptions } from './rig.ts';

/** With a store that outlives the process. */
const kept = (options: RigOptions = CALLS): RigOptions => ({ ...options, store: new MemoryStore('sqlite') });

async function ask(rig: Rig, id: string): Promise<{ readonly status: number; readonly call: AnswerFields }> {
  const route = rig.gateway.admin.get('call') ?? assert.fail('no such question');
  const { status, body } = await route([id]);
  return { status, call: new AnswerFields(body).rows('calls')[0] ?? new AnswerFields({}) };
}

describe('an answered call outlives a restart of the gateway', () => {
  play('a phone called, and hangs up after it', kept(), async (rig) => {
    const { phone, client } = await answeredByClient(rig);
    await rig.until('it is written', () => rig.store('calls').size === 1);
    await rig.restart();
    assert.equal(rig.held('calls'), 1);
    assert.match((await phone.ask('BYE')).startLine, /^SIP\/2\.0 200 /);
    await client.action('session-terminate');
    assert.deepEqual(outcomes(rig), ['sip_to_xmpp ended']);
    await rig.until('nothing is kept', () => rig.store('calls').size === 0);
  });

  play('a client called, and hangs up after it', kept(), async (rig) => {
    const { client, sid, self } = await answeredByPhone(rig);
    await rig.until('it is written', () => rig.store('calls').size === 1);
    await rig.restart();
    const answer = await client.act(self, jingleXml('session-terminate', sid, reasonXml('success')));
    assert.equal(answer.attr('type'), 'result');
    await rig.sip.requests.next('BYE', ({ startLine }) => startLine.startsWith('BYE '));
    await rig.until('it is told', () => outcomes(rig).length > 0);
    assert.deepEqual(outcomes(rig), ['xmpp_to_sip ended']);
  });

  play('a client called, and the phone hangs up after it', kept(), async (rig) => {
    const { client, invite, tag } = await answeredByPhone(rig);
    await rig.restart();
    assert.match((await inDialog(rig, invite, tag, 'BYE')).startLine, /^SIP\/2\.0 200 /);
    await client.action('session-terminate');
    assert.deepEqual(outcomes(rig), ['xmpp_to_sip ended']);
  });
});

describe('one that rings is over with the gateway', () => {
  play('the client that was rung hears it', kept(), async (rig) => {
    const client = new Client(rig);
    const phone = new Phone(rig);
    await client.proposal('propose');
    await rig.until('it is written', () => rig.store('calls').size === 1);
    await rig.restart();
    await client.proposal('retract');
    assert.ok(phone.callId !== '');
    assert.deepEqual(outcomes(rig), ['sip_to_xmpp failed']);
    await rig.until('nothing is kept', () => rig.store('calls').size === 0);
  });

  play('the client that called hears it', kept(REFUSED), async (rig) => {
    const { client } = await callsPhone(rig);
    await rig.until('it is written', () => rig.store('calls').size === 1);
    await rig.restart();
    await client.action('session-terminate');
    assert.deepEqual(outcomes(rig), ['xmpp_to_sip failed']);
  });
});

describe('a drain', () => {
  play(
    'ends what rings, takes nothing new, and leaves answered calls to the next start',
    kept(),
    async (rig) => {
      const { phone, client } = await answeredByClient(rig);
      const ringing = new Phone(rig);
      await client.proposal('propose');
      await rig.gateway.drain();
      assert.match((await ringing.final()).startLine, /^SIP\/2\.0 500 /);
      await client.proposal('retract');
      assert.match((await new Phone(rig).final()).startLine, /^SIP\/2\.0 503 /);
      assert.deepEqual(outcomes(rig), ['sip_to_xmpp failed', 'sip_to_xmpp refused']);
      await rig.restart();
      assert.match((await phone.ask('BYE')).startLine, /^SIP\/2\.0 200 /);
      await client.action('session-terminate');
    },
  );

  play('hangs up where nothing outlives the process', CALLS, async (rig) => {
    const { client } = await answeredByClient(rig);
    await rig.gateway.drain();
    await client.action('session-terminate');
    await rig.sip.requests.next('BYE', ({ startLine }) => startLine.startsWith('BYE '));
    assert.deepEqual(outcomes(rig), ['sip_to_xmpp ended']);
  });
});

describe('stoxgate call', () => {
  play('a call that goes on, by each of its identifiers; then what became of it', CALLS, async (rig) => {
    const { phone, client, sid } = await answeredByClient(rig);
    const { status, call } = await ask(rig, phone.callId);
    assert.equal(status, 200);
    for (const id of [sid, call.text('id') ?? ''])
      assert.equal((await ask(rig, id)).call.text('callId'), phone.callId);
    const lines = explainCall(call);
    assert.match(lines[0] ?? '', /SIP to XMPP: romeo@example\.net calls juliet@example\.com/);
    assert.ok(
      lines.some((line) => line.includes('state: up; open legs: sip, session, proposal')),
      lines.join('\n'),
    );
    assert.ok(
      lines.includes('  audio over RTP/AVP: the XMPP side at port 9000, the SIP side at port 4000'),
      lines.join('\n'),
    );
    await phone.ask('BYE');
    await client.action('session-terminate');
    const ended = (await ask(rig, sid)).call;
    assert.ok(
      explainCall(ended).some((line) => line.startsWith('  outcome: ended, by sip')),
      explainCall(ended).join('\n'),
    );
    await rig.residue();
  });

  play('one that nobody knows: 404; a question without an identifier: 400', CALLS, async (rig) => {
    assert.equal((await ask(rig, 'nobody')).status, 404);
    assert.equal((await rig.gateway.admin.get('call')?.([]))?.status, 400);
  });

  test('what others wrote cannot move the cursor', () => {
    const [line] = explainCall(
      new AnswerFields({ id: 'a', direction: 'toSip', caller: '\u001b[2J', callee: 'b' }),
    );
    assert.equal(line?.includes('\u001b'), false);
  });
});
