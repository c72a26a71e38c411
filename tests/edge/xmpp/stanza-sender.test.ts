// What is confirmed on a stream without XEP-0198: by a ping to the other domain, and by nobody else's answer.
// Source: XEP-0199; docs/architecture.md, "Server to server".

import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { SeededRandom, VirtualTime } from '../../../src/base/index.ts';
import { BarrierDesk, DEFAULT_SERVER_LIMITS } from '../../../src/edge/xmpp/index.ts';
import type { Outgoing } from '../../../src/edge/xmpp/outgoing.ts';
import { StanzaSender } from '../../../src/edge/xmpp/stanza-sender.ts';
import { element, NS_CLIENT, parseDocument, serialize, type XmlElement } from '../../../src/xml/index.ts';
import { settle } from './rig.ts';
import { chat, Watched } from './server-rig.ts';

const A = 'a.example';
const B = 'b.example';

describe('the barrier between servers', () => {
  let time: VirtualTime;
  let desk: BarrierDesk;
  let written: string;
  let lost: number;
  let returned: string[];
  let env: { clock: VirtualTime; timers: VirtualTime['timers']; random: SeededRandom; reading: boolean };
  let sender: StanzaSender;

  beforeEach(() => {
    time = new VirtualTime();
    desk = new BarrierDesk();
    written = '';
    lost = 0;
    returned = [];
    env = { clock: time, timers: time.timers, random: new SeededRandom(5), reading: true };
    sender = new StanzaSender(A, B, DEFAULT_SERVER_LIMITS, env, desk, {
      write: (text) => {
        written += text;
      },
      ready: () => {},
      abandoned: (stanzas) => returned.push(...stanzas.map(({ stanza }) => stanza.attr('id') ?? '')),
      lost: () => {
        lost += 1;
      },
      violation: () => assert.fail('a violation'),
    });
    sender.begin(false);
  });

  const outgoing = (id: string, entry?: Watched): Outgoing => {
    const stanza = entry?.stanza ?? chat(`ann@${A}`, `bob@${B}`, 'x', id);
    return { stanza, text: serialize(stanza), entry, owner: { returned: () => {} }, writes: 0, seq: 0 };
  };
  const watched = (id: string): Watched => new Watched(chat(`ann@${A}`, `bob@${B}`, 'x', id));
  /** The ping that went out last. */
  const ping = (): XmlElement => {
    const at = written.lastIndexOf('<iq');
    assert.ok(at >= 0, 'no ping');
    const parsed = parseDocument(written.slice(at).replace('<iq', `<iq xmlns='${NS_CLIENT}'`));
    return parsed.ok ? parsed.value : assert.fail('a ping that is no XML');
  };
  const answerOf = (asked: XmlElement, from = B): XmlElement =>
    element('iq', NS_CLIENT, { from, to: A, id: asked.attr('id'), type: 'result' });

  test('what nobody wants to know is not asked: it may cost the other server a connection', async () => {
    sender.send(outgoing('1'));
    await settle();
    assert.ok(written.includes("id='1'") && !written.includes('<iq'));
  });

  test('one ping behind each batch, from our domain to theirs; its answer confirms what was before it', async () => {
    const [one, two] = [watched('1'), watched('2')];
    sender.send(outgoing('1', one));
    sender.send(outgoing('2', two));
    await settle();
    const asked = ping();
    assert.deepEqual([asked.attr('from'), asked.attr('to'), asked.attr('type')], [A, B, 'get']);
    assert.ok(written.indexOf("id='2'") < written.indexOf('<iq'));
    const late = watched('3');
    sender.send(outgoing('3', late));
    await settle();
    assert.ok(desk.takes(answerOf(asked)));
    assert.deepEqual([one.events, two.events, late.events], [['confirmed'], ['confirmed'], []]);
  });

  test('the answer of somebody else confirms nothing', async () => {
    const one = watched('1');
    sender.send(outgoing('1', one));
    await settle();
    assert.ok(desk.takes(answerOf(ping(), 'c.example')));
    assert.deepEqual(one.events, []);
  });

  test('no answer in 8 s: the stream is of no use', async () => {
    sender.send(outgoing('1', watched('1')));
    await settle();
    time.advance(7900);
    assert.equal(lost, 0);
    time.advance(200);
    assert.equal(lost, 1);
  });

  test('while nothing is taken from others, their silence proves nothing', async () => {
    env.reading = false;
    sender.send(outgoing('1', watched('1')));
    await settle();
    time.advance(60_000);
    assert.equal(lost, 0);
    env.reading = true;
    time.advance(9000);
    assert.equal(lost, 1);
  });

  test('the end gives back what is not confirmed, in order, and a late answer confirms nothing', async () => {
    const entries = ['1', '2', '3'].map(watched);
    for (const [i, entry] of entries.entries()) sender.send(outgoing(String(i + 1), entry));
    await settle();
    const asked = ping();
    sender.down();
    assert.deepEqual(returned, ['1', '2', '3']);
    assert.ok(!desk.takes(answerOf(asked)));
    assert.deepEqual(
      entries.flatMap(({ events }) => events),
      [],
    );
  });
});
