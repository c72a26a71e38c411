// The scans below the readers of attributes: spellings at the edges of the grammar.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSdp, payloadsOf, readCandidate } from '../../src/sdp/index.ts';

test('RFC 8839 §5.1: more than one space between words is one gap', () => {
  assert.deepEqual(
    readCandidate(' 1  1 udp   2 192.0.2.1 3 typ  host  generation  0'),
    readCandidate('1 1 udp 2 192.0.2.1 3 typ host generation 0'),
  );
});

const PAYLOADS: [format: string, ids: number[]][] = [
  ['0', [0]],
  ['000', [0]],
  ['0000', []],
  ['127', [127]],
  ['128', []],
  ['1e1', []],
  ['+0', []],
];
for (const [format, ids] of PAYLOADS) {
  test(`SDP-08: the format "${format}" is ${ids.length === 0 ? 'no payload' : `payload ${ids[0]}`}`, () => {
    const read = parseSdp(
      [
        'v=0',
        'o=- 1 1 IN IP4 192.0.2.1',
        's=-',
        't=0 0',
        `m=audio 0 RTP/AVP ${format}`,
        'a=rtpmap:127 x/8000',
        'a=rtpmap:128 x/8000',
        'a=rtpmap:1 x/8000',
      ].join('\r\n'),
    );
    assert.ok(read.ok);
    assert.deepEqual(
      read.value.media.flatMap((medium) => payloadsOf(medium).map(({ id }) => id)),
      ids,
    );
  });
}
