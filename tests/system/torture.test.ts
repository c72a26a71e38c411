// Every message of RFC 4475 and RFC 5118 through the whole gateway, over UDP, with its stated outcome; and after each of
// them, and after all of them, an ordinary MESSAGE still crosses.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { header, statusOf, writeSip, type SipText } from '../peers/sip-text.ts';
import { TORTURE, tortureFiles, tortureMessage } from '../torture/outcomes.ts';
import { stage } from './rig.ts';
import { SipPeer, unique } from './sip-peer.ts';
import { bodyOf } from './xmpp-peer.ts';

// RFC 3261 §18.2.2: without rport a response goes to the source address, but to the port of Via. An address of our own
// of the loopback network has all of them free.
const HOST = '127.44.75.1';
const PORTS = [5050, 5060, 5070, 6050, 19_823];

function answers(text: string, response: SipText): boolean {
  const via = header(response, 'via').split(';received=', 1)[0] ?? '';
  return text.includes(header(response, 'call-id')) || text.includes(via);
}

const TRUSTING = { sip: { trusted: ['127.0.0.0/8'] }, timing: { t1Ms: 20, t2Ms: 160, t4Ms: 60 } };

describe('torture messages through a gateway that carries calls', () => {
  // A good INVITE among them is a call, which rings.
  const mayHold = ['calls', 'sip_legs', 'xmpp_legs', 'xmpp_call_requests', 'server_transactions'];
  const rig = stage({ ...TRUSTING, mayHold });

  test('none of them harms it, and none is taken for a message', async () => {
    const sip = rig().own(await SipPeer.open(HOST, 0));
    for (const file of tortureFiles()) {
      sip.send(tortureMessage(file), rig().port);
      const body = unique('ordinary');
      assert.equal(await rig().status({ body }), 202, file);
      const told = rig().xmpp.stanzas.untaken.flatMap((stanza) => bodyOf(stanza) ?? []);
      assert.deepEqual(told, [body], file);
      rig().xmpp.stanzas.forget();
    }
  });
});

describe('torture messages through the gateway', () => {
  // Without calls: what the table says of INVITE is the answer of who has none.
  const rig = stage({ ...TRUSTING, calls: { enabled: false } });
  let peers: SipPeer[] = [];

  before(async () => {
    peers = await Promise.all(PORTS.map(async (port) => rig().own(await SipPeer.open(HOST, port))));
  });

  test('the table names every file', () => {
    assert.deepEqual([...new Set(TORTURE.map(({ file }) => file))].sort(), [...tortureFiles()].sort());
  });

  for (const { file, gateway, allowed, why } of TORTURE) {
    const outcomes = [gateway, ...allowed];
    test(`${why} (${file}): ${outcomes.join(' or ')}`, async () => {
      const [sip] = peers;
      assert.ok(sip);
      for (const peer of peers) peer.responses.forget();
      sip.send(tortureMessage(file), rig().port);
      // Datagrams of one socket are read in order: what was to be answered at once was answered before this one.
      await ordinary();
      // An INVITE whose ACK was not understood is refused again and again: only answers to this message count. Some
      // messages have the branch of another before them, and are answered as its retransmission.
      const text = Buffer.from(tortureMessage(file)).toString('latin1');
      const final = peers
        .flatMap((peer) => peer.responses.untaken)
        .find((response) => (statusOf(response) ?? 0) >= 200 && answers(text, response));
      const outcome = final === undefined ? 'silence' : statusOf(final);
      if (typeof gateway === 'number') {
        assert.ok(final, `no response instead of ${outcomes.join(' or ')}`);
        assert.ok(
          outcomes.some((each) => each === outcome),
          `${outcome}: ${final.startLine}`,
        );
        acknowledge(final);
      } else {
        assert.equal(outcome, 'silence', final?.startLine);
      }
      assert.deepEqual(rig().xmpp.stanzas.untaken.map(bodyOf), []);
    });
  }

  async function ordinary(): Promise<void> {
    const body = unique('ordinary');
    assert.equal(await rig().status({ body }), 202);
    assert.equal(
      bodyOf(await rig().xmpp.stanzas.next('the ordinary message', (s) => bodyOf(s) === body)),
      body,
    );
  }

  /** RFC 3261 §17.1.1.3: whoever sent an INVITE acknowledges its refusal. */
  function acknowledge(response: SipText): void {
    if (!header(response, 'cseq').endsWith('INVITE')) return;
    const ack = writeSip(
      'ACK sip:gateway.invalid SIP/2.0',
      [
        ['Via', header(response, 'via')],
        ['Max-Forwards', '70'],
        ['From', header(response, 'from')],
        ['To', header(response, 'to')],
        ['Call-ID', header(response, 'call-id')],
        ['CSeq', header(response, 'cseq').replace('INVITE', 'ACK')],
      ],
      Buffer.alloc(0),
    );
    peers[0]?.send(ack, rig().port);
  }
});
