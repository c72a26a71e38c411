// Where a description says several things of which Jingle, or SDP, can say one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toJingle, toSdp } from '../../../src/interwork/call/index.ts';
import { parseSdp, type SessionDescription } from '../../../src/sdp/index.ts';

function sdp(...lines: string[]): SessionDescription {
  const head = ['v=0', 'o=- 1 1 IN IP4 192.0.2.1', 's=-', 'c=IN IP4 192.0.2.1', 't=0 0'];
  const read = parseSdp([...head, ...lines].join('\r\n'));
  assert.ok(read.ok);
  return read.value;
}

const newId = (): string => 'c';

test('SDP-14: of two intervals of feedback the first counts', () => {
  const session = sdp('m=audio 9 RTP/AVPF 0', 'a=rtcp-fb:* trr-int 100', 'a=rtcp-fb:* trr-int 200');
  const description = toJingle(session, { party: 'initiator', table: [], newId }).contents[0]?.description;
  assert.ok(description?.kind === 'rtp');
  assert.equal(description.trrInt, 100);
});

test('SDP-05: of two candidates of one kind the one with the higher priority is the default', () => {
  const ice = ['a=ice-ufrag:8hhY', 'a=ice-pwd:asd88fgpdd777uzjYhagZg', 'a=rtcp-mux'];
  const candidate = (n: number, priority: number): string =>
    `a=candidate:${n} 1 udp ${priority} 192.0.2.${n} 500${n} typ host`;
  const both = [candidate(1, 100), candidate(2, 200)];
  for (const candidates of [both, both.toReversed()]) {
    const session = sdp('m=audio 9 RTP/AVP 0', 'c=IN IP4 0.0.0.0', ...ice, ...candidates);
    const { contents, groups, table } = toJingle(session, { party: 'initiator', table: [], newId });
    const { origin } = session;
    const { description } = toSdp(contents, groups, { party: 'initiator', table, origin, trickle: false });
    assert.deepEqual(
      description.media.map(({ port, connections }) => [port, connections[0]?.address]),
      [[5002, '192.0.2.2']],
    );
  }
});
