// What stands in an imdn.Message-ID (RCPT-01, RCPT-09): ids as clients write them come back to the letter.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { maxTokenContent } from '../../../src/base/index.ts';
import { decodeAsked, encodeAsked, STORED_ASKED } from '../../../src/interwork/message/report-token.ts';

const BARE = 'romeo@example.net';
const MAX = maxTokenContent('base64url');

describe('the content of a Message-ID', () => {
  for (const [what, id, fits] of [
    ['a UUID', '5f0c1e86-3b1f-4f0e-9a53-7c3f4a2f1d11', true],
    ['a UUID in capitals', '5F0C1E86-3B1F-4F0E-9A53-7C3F4A2F1D11', true],
    ['a UUID of both', '5F0C1E86-3b1f-4f0e-9a53-7c3f4a2f1d11', false],
    ['32 hexadecimal digits', '5f0c1e863b1f4f0e9a537c3f4a2f1d11', true],
    ['a short text', 'purple1', true],
    ['an id of a gateway like this one', 's1x-aaaaaaaaaaaaaaaaaaaaaa', true],
    ['26 characters', 'x'.repeat(26), true],
    ['27 characters', 'x'.repeat(27), false],
    ['13 characters of two octets', 'é'.repeat(13), true],
    ['14 of them', 'é'.repeat(14), false],
    ['a very long one', 'x'.repeat(100_000), false],
  ] as const) {
    test(`${what}: ${fits ? 'comes back' : 'does not fit'}`, () => {
      const asked = { id, receipt: true, marker: false, chat: true, address: BARE };
      const content = encodeAsked(asked, BARE, MAX);
      if (fits) assert.deepEqual(decodeAsked(content ?? new Uint8Array(), BARE), asked);
      else assert.equal(content, undefined);
    });
  }

  test('property: all of it comes back, or it does not fit', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(
        fc.oneof(fc.uuid(), text),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        fc.oneof(fc.constant(''), text),
        (id, receipt, marker, chat, resource) => {
          const address = resource === '' ? BARE : `${BARE}/${resource}`;
          const asked = { id, receipt, marker, chat, address };
          const content = encodeAsked(asked, BARE, MAX);
          if (content === undefined) return;
          assert.ok(content.length <= MAX);
          assert.deepEqual(decodeAsked(content, BARE), asked);
        },
      ),
    );
  });

  test('RCPT-11: another spelling of the address does not fit', () => {
    const asked = { id: '1', receipt: true, marker: false, chat: true, address: 'romeo@example.netx' };
    assert.equal(encodeAsked(asked, BARE, MAX), undefined);
  });

  test('what lies elsewhere, and what is nothing of ours', () => {
    assert.equal(decodeAsked(STORED_ASKED, BARE), 'stored');
    for (const octets of [[], [0], [0, 0], [0, 5, 65], [16, 1, 2], [0, 1, 0xff], [64, 65, 66]]) {
      assert.equal(decodeAsked(Uint8Array.from(octets), BARE), undefined);
    }
  });
});
