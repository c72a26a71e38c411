// The route script and calls that XMPP users begin: asked once for each, after the operator's rules, with nothing overtaking anything.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe } from 'node:test';
import {
  answeredByPhone,
  CALLS,
  callsPhone,
  Client,
  contentXml,
  DESCRIPTION,
  jingleXml,
  jmiXml,
  outcomes,
  Phone,
  reasonXml,
  REFUSED,
} from './call-stage.ts';
import { play, type Rig, type RigOptions } from './rig.ts';
import { unique } from './sip-peer.ts';
import { errorOf, JULIET, ROMEO } from './xmpp-peer.ts';

const folder = mkdtempSync(join(tmpdir(), 'stoxgate-call-script-'));
after(() => rmSync(folder, { recursive: true }));

/** With a script of this body of onStanza, of subject `s`, context `c` and verbs `v`. */
function scripted(hook: string, more: RigOptions = {}): RigOptions {
  const file = join(folder, `${unique('s')}.mjs`);
  writeFileSync(file, `export function onStanza(s, c, v) { ${hook} }\n`);
  return { ...CALLS, ...more, routes: file };
}

const initiate = (sid: string): string =>
  jingleXml('session-initiate', sid, contentXml('initiator')).replace(
    ` sid='${sid}'`,
    ` sid='${sid}' initiator='${JULIET}'`,
  );

function propose(rig: Rig): string {
  const sid = unique('sid');
  rig.xmpp.write(jmiXml('propose', sid, ROMEO, DESCRIPTION));
  return sid;
}

const errorStanza = (rig: Rig) =>
  rig.xmpp.stanzas.next('the error', (stanza) => stanza.attr('type') === 'error');
const counted = (rig: Rig, name: string): number =>
  rig.gateway.counters.counter('stoxgate_routes_counted_total', '', { name }).value;

describe('it is asked once for each call', () => {
  const asking = "if (s.kind === 'call') v.count(s.name); else v.count('other'); return v.relay();";

  play('which begins by a proposal; not of what belongs to it', scripted(asking), async (rig) => {
    const { client, sid, self } = await answeredByPhone(rig);
    await client.act(self, jingleXml('session-terminate', sid, reasonXml('success')));
    await rig.until('it is over', () => outcomes(rig).length === 1);
    assert.deepEqual([counted(rig, 'message'), counted(rig, 'iq'), counted(rig, 'other')], [1, 0, 0]);
    await rig.residue();
  });

  play('or by a session-initiate', scripted(asking, REFUSED), async (rig) => {
    rig.sip.answer = () => ({ status: 486 });
    const client = new Client(rig);
    const answer = await client.act(`${ROMEO}/sip`, initiate(unique('sid')));
    assert.equal(answer.attr('type'), 'result');
    await client.action('session-terminate');
    assert.deepEqual([counted(rig, 'message'), counted(rig, 'iq'), counted(rig, 'other')], [0, 1, 0]);
    await rig.residue();
  });

  play('and never of one of a phone', scripted(asking), async (rig) => {
    const client = new Client(rig);
    const phone = new Phone(rig);
    await client.proposal('propose');
    await phone.cancel();
    await phone.final();
    await client.proposal('retract');
    assert.deepEqual([counted(rig, 'message'), counted(rig, 'iq'), counted(rig, 'other')], [0, 0, 0]);
  });

  const seen =
    "return v.reject('not-allowed', [s.kind, s.name, s.from.full, s.to.bare, c.sender.sip, c.target.sip].join(' '));";
  play('with what there is to see', scripted(seen), async (rig) => {
    propose(rig);
    const { condition, text } = errorOf(await errorStanza(rig));
    assert.equal(condition, 'not-allowed');
    const people = 'juliet@example.com/balcony romeo@example.net sip:juliet@example.com;gr=balcony sip:romeo';
    assert.equal(text, `call message ${people}@example.net`);
    assert.deepEqual(outcomes(rig), ['xmpp_to_sip refused']);
    await rig.residue();
  });
});

describe('what it says', () => {
  for (const [hook, condition] of [
    ["return v.reject(603, 'No');", 'redirect'],
    ["return v.reject('forbidden');", 'forbidden'],
    ["return v.redirect('sip:desk@example.net');", 'redirect'],
    ['return v.authorize(false);', 'forbidden'],
    ["throw new Error('a fault');", 'internal-server-error'],
    ["return v.rewrite({ to: 'a@example.net' });", 'internal-server-error'],
  ] as const) {
    const expectedErrors = ['routes.failed'];
    play(
      `${hook}: neither a proposal nor a session begins`,
      scripted(hook, { expectedErrors }),
      async (rig) => {
        propose(rig);
        const refusal = errorOf(await errorStanza(rig)).condition;
        const answer = await new Client(rig).act(`${ROMEO}/sip`, initiate(unique('sid')));
        assert.equal(errorOf(answer).condition, refusal);
        if (condition !== 'redirect' || hook.includes('redirect')) assert.equal(refusal, condition);
        assert.deepEqual(outcomes(rig), ['xmpp_to_sip refused', 'xmpp_to_sip refused']);
        assert.deepEqual(rig.sip.requests.all, []);
        await rig.residue();
      },
    );
  }

  play(
    'drop: a proposal hears nothing, an iq that nobody is there',
    scripted('return v.drop();'),
    async (rig) => {
      propose(rig);
      const answer = await new Client(rig).act(`${ROMEO}/sip`, initiate(unique('sid')));
      assert.equal(errorOf(answer).condition, 'service-unavailable');
      assert.deepEqual(rig.xmpp.stanzas.untaken, []);
      assert.deepEqual(outcomes(rig), ['xmpp_to_sip refused', 'xmpp_to_sip refused']);
      await rig.residue();
    },
  );

  const policy = { policy: [{ action: 'deny', direction: 'to-sip' }] };
  play('ERR-G3: the operator’s rules come before it', scripted("v.count('asked');", policy), async (rig) => {
    propose(rig);
    assert.equal(errorOf(await errorStanza(rig)).condition, 'forbidden');
    assert.equal(counted(rig, 'asked'), 0);
    assert.deepEqual(outcomes(rig), ['xmpp_to_sip refused']);
  });

  const limited = { limits: { user: { rate: 0.01, burst: 1 } } };
  play('ERR-G2: and limits, which count a call once', scripted('return v.relay();', limited), async (rig) => {
    await callsPhone(rig);
    propose(rig);
    assert.equal(errorOf(await errorStanza(rig)).condition, 'resource-constraint');
  });
});

describe('while it thinks', () => {
  const slow = (then: string): string =>
    `return new Promise((resolve) => setTimeout(() => resolve(${then}), 150));`;

  play(
    'what belongs to the call waits for its beginning',
    scripted(slow('v.relay()'), REFUSED),
    async (rig) => {
      rig.sip.answer = () => ({ status: 487 });
      const client = new Client(rig);
      const sid = unique('sid');
      client.write('set', 'begin', `${ROMEO}/sip`, initiate(sid));
      const end = await client.act(`${ROMEO}/sip`, jingleXml('session-terminate', sid, reasonXml('cancel')));
      assert.equal(end.attr('type'), 'result', 'it had begun');
      const begun = await rig.xmpp.stanzas.next('its answer', (stanza) => stanza.attr('id') === 'begin');
      assert.equal(begun.attr('type'), 'result');
      await rig.until('it is over', () => outcomes(rig).length === 1);
      assert.deepEqual(outcomes(rig), ['xmpp_to_sip cancelled']);
      await rig.residue();
    },
  );

  play('and hears that there is none where it was refused', scripted(slow('v.reject(403)')), async (rig) => {
    const client = new Client(rig);
    const sid = unique('sid');
    client.write('set', 'begin', `${ROMEO}/sip`, initiate(sid));
    const end = await client.act(`${ROMEO}/sip`, jingleXml('session-terminate', sid, reasonXml('cancel')));
    assert.equal(errorOf(end).condition, 'item-not-found');
    await rig.residue();
  });

  play('no more waits than is bounded', scripted(slow('v.relay()'), REFUSED), async (rig) => {
    rig.sip.answer = () => ({ status: 486 });
    const client = new Client(rig);
    client.write('set', 'begin', `${ROMEO}/sip`, initiate('one'));
    for (let i = 0; i < 70; i += 1) {
      client.write('set', `w${i}`, `${ROMEO}/sip`, jingleXml('session-info', 'other'));
    }
    const answers = new Map<string, string | undefined>();
    for (let i = 0; i < 70; i += 1) {
      const answer = await rig.xmpp.stanzas.next(`w${i}`, (stanza) => stanza.attr('id') === `w${i}`);
      const { condition = '' } = errorOf(answer);
      answers.set(condition, `${Number(answers.get(condition) ?? 0) + 1}`);
    }
    assert.deepEqual(Object.fromEntries(answers), { 'item-not-found': '64', 'resource-constraint': '6' });
    await client.action('session-terminate');
    await rig.residue();
  });
});
