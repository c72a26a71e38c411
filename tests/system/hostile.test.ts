// Thousands of random and mutated datagrams, broken streams and broken XML: the gateway goes on delivering, holds nothing
// afterwards, and nothing but whole messages has reached either side (Bad input; promise 4).

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe } from 'node:test';
import { statusOf } from '../peers/sip-text.ts';
import { TORTURE, tortureMessage } from '../torture/outcomes.ts';
import { pause, play, type Rig } from './rig.ts';
import { requestBytes, SipPeer, TcpCaller, textOf, unique } from './sip-peer.ts';
import { bodyOf, messageXml } from './xmpp-peer.ts';

/** mulberry32: the same bad luck each time. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % sides;
  };
}

const PIECES = [
  '\r\n',
  '\r\n\r\n',
  '\n',
  '\0',
  ';',
  ',',
  '"',
  '<',
  '>',
  '%',
  ': ',
  'Via: x\r\n',
  'Content-Length: 99999999999\r\n',
  'tag=',
  '\u00ff',
  'z9hG4bK',
];

function mutated(bytes: Uint8Array, roll: (sides: number) => number): Buffer {
  let out = Buffer.from(bytes);
  for (let i = roll(4); i >= 0; i--) {
    const at = roll(out.length + 1);
    switch (roll(4)) {
      case 0:
        if (at < out.length) out[at] = roll(256);
        break;
      case 1:
        out = Buffer.concat([
          out.subarray(0, at),
          Buffer.from(PIECES[roll(PIECES.length)] ?? '', 'latin1'),
          out.subarray(at),
        ]);
        break;
      case 2:
        out = Buffer.concat([out.subarray(0, at), out.subarray(at + roll(40))]);
        break;
      case 3:
        out = Buffer.concat([out.subarray(0, at), out.subarray(roll(out.length + 1))]);
        break;
    }
  }
  return out.subarray(0, 60_000);
}

function random(roll: (sides: number) => number): Buffer {
  return Buffer.from(Array.from({ length: roll(200) }, () => roll(256)));
}

async function stillCrosses(rig: Rig): Promise<void> {
  const body = unique('still');
  assert.equal(await rig.status({ body }), 202);
  await rig.xmpp.stanzas.next('the message to XMPP', (stanza) => bodyOf(stanza) === body);
  rig.xmpp.write(messageXml({ id: unique('still'), to: 'still@example.net', body }));
  await rig.sip.requests.next('the message to SIP', (request) => textOf(request) === body);
}

/** A mutated INVITE may still be one, and rings for as long as Juliet likes. */
const RINGING = ['server_transactions', 'calls', 'sip_legs', 'xmpp_legs', 'xmpp_call_requests'];
const QUICK = { t1Ms: 20, t2Ms: 160, t4Ms: 60 };

describe('hostile peers', () => {
  play(
    '2000 random and mutated datagrams from a trusted address',
    { timing: QUICK, mayHold: RINGING },
    async (rig) => {
      const roll = dice(4475);
      const enemy = rig.own(await SipPeer.open());
      const seeds = [
        ...TORTURE.map(({ file }) => tortureMessage(file)),
        ...Array.from(
          { length: 20 },
          () => requestBytes({ body: 'mutated' }, 'UDP', `127.0.0.1:${enemy.port}`).bytes,
        ),
      ];
      for (let i = 0; i < 2000; i++) {
        enemy.send(
          roll(5) === 0 ? random(roll) : mutated(seeds[roll(seeds.length)] ?? Buffer.alloc(0), roll),
          rig.port,
        );
        if (i % 100 === 99) await stillCrosses(rig);
      }
      // Whatever of it was a MESSAGE after all is a stanza of ours: addressed within the rules, with a body.
      for (const stanza of rig.xmpp.stanzas.all) {
        assert.equal(stanza.name, 'message');
        assert.match(stanza.attr('from') ?? '', /^[^@]+@example\.net(\/|$)/);
        assert.match(stanza.attr('to') ?? '', /^[^@]+@example\.com(\/|$)/);
      }
      // What looked like a request of ours, or an INVITE without ACK, ends by its timers.
      await pause(64 * QUICK.t1Ms + 200);
    },
  );

  play('2000 datagrams of an untrusted address reach nobody', { timing: QUICK }, async (rig) => {
    const roll = dice(5118);
    const enemy = rig.own(await SipPeer.open('127.0.0.2'));
    for (let i = 0; i < 2000; i++) {
      const { bytes } = requestBytes({ body: 'from outside' }, 'UDP', `127.0.0.2:${enemy.port}`);
      enemy.send(roll(2) === 0 ? bytes : mutated(bytes, roll), rig.port);
      if (i % 200 === 199) await stillCrosses(rig);
    }
    assert.ok(rig.xmpp.stanzas.all.every((stanza) => bodyOf(stanza)?.startsWith('still') === true));
    // Bounded rate (Bad input): thousands of bad datagrams are not thousands of lines.
    assert.ok(rig.log.filter(({ level }) => level === 'warn').length < 100);
    await pause(64 * QUICK.t1Ms + 200);
  });

  play('forged responses, to everything and nothing', { timing: QUICK }, async (rig) => {
    rig.sip.answer = () => undefined;
    rig.xmpp.write(messageXml({ id: 'guess', body: 'x' }));
    const request = await rig.sip.requests.next('the request');
    const enemy = rig.own(await SipPeer.open('127.0.0.2'));
    for (let i = 0; i < 500; i++) {
      enemy.send(
        Buffer.from(
          `SIP/2.0 404 No\r\nVia: SIP/2.0/UDP 127.0.0.1:${rig.port};branch=z9hG4bK${unique('g')}\r\n` +
            'From: <sip:a@example.com>;tag=1\r\nTo: <sip:romeo@example.net>;tag=2\r\n' +
            `Call-ID: guess\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n`,
        ),
        rig.port,
      );
    }
    rig.sip.answer = () => 200;
    await stillCrosses(rig);
    assert.equal(
      rig.xmpp.stanzas.all.some((stanza) => stanza.attr('id') === 'guess'),
      false,
    );
    rig.sip.respond(request, 200);
  });

  // RFC 3261 §18: who ended his half of a connection may still wait for an answer; it is kept for 64*T1 then.
  play(
    'broken TCP streams: each hurts itself only',
    { timing: QUICK, mayHold: ['connections'] },
    async (rig) => {
      const roll = dice(3261);
      const good = rig.own(await TcpCaller.open(rig.tcpPort));
      for (let i = 0; i < 60; i++) {
        const bad = connect(rig.tcpPort, '127.0.0.1');
        rig.own({ close: () => void bad.destroy() });
        bad.on('error', () => undefined);
        const { bytes } = requestBytes({ body: `stream ${i}` }, 'TCP', '127.0.0.1:9');
        switch (roll(5)) {
          case 0:
            bad.end(random(roll));
            break;
          case 1:
            bad.write(bytes.subarray(0, roll(bytes.length)));
            break;
          case 2:
            bad.end(mutated(bytes, roll));
            break;
          case 3:
            bad.write(bytes.toString('latin1').replace('Content-Length: ', 'Content-Length: -'));
            break;
          case 4:
            bad.write('MESSAGE sip:juliet@example.com SIP/2.0\r\nX: ' + 'x'.repeat(200_000));
            break;
        }
        if (i % 10 === 9) {
          assert.equal(statusOf(await good.ask({ body: 'still by TCP' })), 202);
          await stillCrosses(rig);
        }
      }
    },
  );

  play('stanzas that are well-formed and senseless', {}, async (rig) => {
    for (const xml of [
      '<message/>',
      "<message to=''/>",
      "<message from='' to=''><body>x</body></message>",
      "<message from='@' to='@'><body>x</body></message>",
      "<message from='juliet@example.com' to='@example.net'><body>x</body></message>",
      "<message from='juliet@example.com' to='example.net'><body>x</body></message>",
      "<message from='example.com' to='romeo@example.net'><body>x</body></message>",
      '<iq/>',
      "<iq from='juliet@example.com' to='example.net'/>",
      "<iq type='get' from='juliet@example.com' to='example.net'/>",
      "<iq type='nonsense' from='juliet@example.com' to='example.net' id='1'><a/><b/></iq>",
      '<presence/>',
      "<unknown xmlns='urn:unknown' from='juliet@example.com' to='example.net'/>",
      '<handshake/>',
      ' \n ',
    ])
      rig.xmpp.write(xml);
    await stillCrosses(rig);
    assert.equal(rig.xmpp.links, 1);
  });
});

describe('an XMPP server that sends what no stream may hold (RFC 6120 §11)', { concurrency: true }, () => {
  const BROKEN: readonly (readonly [string, string])[] = [
    ['not well-formed', "<message from='juliet@example.com' to='romeo@example.net'><body>x</message>"],
    ['a DTD', '<!DOCTYPE lolz [<!ENTITY lol "lol">]>'],
    [
      'a foreign entity',
      "<message from='juliet@example.com' to='romeo@example.net'><body>&evil;</body></message>",
    ],
    ['a processing instruction', '<?evil?>'],
    [
      'a character that XML forbids',
      "<message from='juliet@example.com' to='romeo@example.net'><body>&#0;</body></message>",
    ],
    ['bottomless depth', '<a>'.repeat(100_000)],
    ['an endless attribute', `<message from='${'x'.repeat(2_000_000)}`],
    ['the end of the stream', '</stream:stream>'],
    [
      'a stream error',
      "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
    ],
  ];
  for (const [name, xml] of BROKEN) {
    play(`${name}: the link begins anew, SIP senders have a truthful answer`, {}, async (rig) => {
      rig.xmpp.barrier = 'hold';
      const open = rig.sip.sendRequest({ body: 'open' }, rig.port);
      await rig.xmpp.stanzas.next('the message');
      rig.xmpp.barrier = 'return';
      rig.xmpp.write(xml);
      assert.equal(statusOf(await rig.sip.final(open, 9900)), 202);
      assert.ok(rig.xmpp.links >= 2);
      await stillCrosses(rig);
    });
  }
});

describe('a lossy network: datagrams that are lost, doubled and reordered', () => {
  play(
    'RFC 3261 §17: each message arrives once, none is missing',
    { timing: { t1Ms: 40, t2Ms: 320, t4Ms: 60 } },
    async (rig) => {
      const roll = dice(3428);
      const COUNT = 100;
      const answered = Array.from({ length: COUNT }, async (_, i) => {
        const { bytes, branch } = requestBytes({ body: `lossy ${i}` }, 'UDP', `127.0.0.1:${rig.sip.port}`);
        const final = rig.sip.final(branch, 8000);
        const state = { done: false };
        void final.then(() => (state.done = true));
        // As timer E does, but every third copy is lost on the way, every fourth is doubled, and all are late.
        for (let copies = 0; !state.done && copies < 60; copies++) {
          await pause(roll(40));
          if (copies === 0 ? roll(2) === 0 : roll(3) === 0) continue;
          rig.sip.send(bytes, rig.port);
          if (roll(4) === 0) rig.sip.send(bytes, rig.port);
        }
        return statusOf(await final);
      });
      assert.deepEqual(new Set(await Promise.all(answered)), new Set([202]));
      const bodies = rig.xmpp.stanzas.all.map((stanza) => bodyOf(stanza) ?? '').sort();
      assert.deepEqual(bodies, Array.from({ length: COUNT }, (_, i) => `lossy ${i}`).sort());
    },
  );

  play(
    'towards SIP: an answer that is lost is asked for again, and the message is one',
    { timing: { t1Ms: 40, t2Ms: 320, t4Ms: 60 } },
    async (rig) => {
      rig.sip.answer = () => undefined;
      for (let i = 0; i < 20; i++)
        rig.xmpp.write(messageXml({ id: `l${i}`, to: `user${i}@example.net`, body: `l${i}` }));
      for (let i = 0; i < 20; i++) {
        const request = await rig.sip.requests.next('the request');
        // The first answer is lost: from the first retransmission on it is given.
        void pause(60 + i).then(() => rig.sip.respond(request, 200));
      }
      await rig.until('all are delivered', () => rig.held('messages_to_sip') === 0);
      assert.equal(rig.sip.requests.all.length, 20);
      assert.ok(rig.sip.retransmissions > 0);
      assert.deepEqual(rig.xmpp.stanzas.all, []);
    },
  );
});
