import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import {
  buildRequest,
  buildResponse,
  formatVia,
  parseMessage,
  rawHeaderField,
  serializeMessage,
  type SipRequest,
} from '../../../src/sip/index.ts';
import { plainResponse } from '../../../src/sip/message/plain-response.ts';

function received(head: readonly string[]): SipRequest {
  const parsed = parseMessage(Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), { stream: false });
  assert(parsed.kind === 'message' && parsed.message.kind === 'request');
  return parsed.message;
}

const HEAD = [
  'MESSAGE sip:juliet@example.org SIP/2.0',
  'v: SIP/2.0/UDP pc33.example.net;branch=z9hG4bK776;rport',
  'Via: SIP/2.0/TCP first.example.net;branch=z9hG4bK1',
  'Max-Forwards: 70',
  'Timestamp: 54',
  'f: "Romeo" <sip:romeo@example.net>;tag=r1',
];
const TAIL = ['Record-Route: <sip:p.example.net;lr>', 'i: c1', 'CSeq: 7 MESSAGE'];

describe('RFC 3261 §8.2.6: responses written at once', () => {
  for (const [name, status, to, toTag, start, extra] of [
    ['To gets the tag', 202, 'To: <sip:j@example.org>', 'g1', 'SIP/2.0 202 Accepted', ';tag=g1'],
    ['a tag of the request stays', 200, 't: <sip:j@example.org>;tag=old', 'g1', 'SIP/2.0 200 OK', ''],
    ['no tag is given', 404, 'To: <sip:j@example.org>', undefined, 'SIP/2.0 404 Not Found', ''],
  ] as const) {
    test(name, () => {
      const text = Buffer.from(plainResponse(received([...HEAD, to, ...TAIL]), status, toTag)).toString(
        'latin1',
      );
      assert.equal(
        text,
        `${[start, HEAD[1], HEAD[2], HEAD[5], to + extra, 'i: c1', 'CSeq: 7 MESSAGE', 'Content-Length: 0'].join('\r\n')}\r\n\r\n`,
      );
    });
  }

  test('§8.2.6.1: a 100 has the Timestamp and no tag', () => {
    const text = Buffer.from(
      plainResponse(received([...HEAD, 'To: <sip:j@example.org>', ...TAIL]), 100, 'g1'),
    ).toString('latin1');
    assert.match(text, /^SIP\/2\.0 100 Trying\r\n/);
    assert.match(text, /\r\nTimestamp: 54\r\n/);
    assert.match(text, /\r\nTo: <sip:j@example\.org>\r\n/);
  });

  test('the same octets as the longer way, for any request', () => {
    const word = fc.stringMatching(/^[a-zA-Z0-9]{1,12}$/);
    fc.assert(
      fc.property(
        word,
        word,
        fc.option(word, { nil: undefined }),
        fc.constantFrom(100, 183, 200, 202, 404, 482, 503, 699),
        fc.array(fc.tuple(fc.constantFrom('X-A', 'Timestamp', 'via', 'Subject'), word), { maxLength: 5 }),
        (user, tag, toTag, status, extra) => {
          const request = buildRequest({
            method: 'MESSAGE',
            requestUri: `sip:${user}@example.org`,
            via: formatVia({ transport: 'UDP', host: 'a.example', branch: `z9hG4bK${tag}` }),
            from: `<sip:romeo@example.net>;tag=${tag}`,
            to: `<sip:${user}@example.org>`,
            callId: user,
            cseq: 1,
            headers: extra.map(([name, value]) =>
              rawHeaderField(name, name === 'via' ? `SIP/2.0/UDP ${value}.example;branch=z9hG4bKx` : value),
            ),
          });
          assert.deepEqual(
            Buffer.from(plainResponse(request, status, toTag)),
            Buffer.from(serializeMessage(buildResponse(request, status, { toTag }))),
          );
        },
      ),
    );
  });
});

test('RFC 3261 §7.3.1: names are known in any spelling, by their shape or not', () => {
  const parsed = received([
    ...HEAD.slice(0, 5),
    'fRoM: <sip:romeo@example.net>;tag=r1',
    't: <sip:j@example.org>',
    'CALL-id: c1',
    'CseQ: 7 MESSAGE',
    'X-Call: 1',
    'Fron: 2',
  ]);
  assert.deepEqual(
    parsed.headers.map(({ name, id }) => [name, id]),
    [
      ['v', 'via'],
      ['Via', 'via'],
      ['Max-Forwards', 'max-forwards'],
      ['Timestamp', 'timestamp'],
      ['fRoM', 'from'],
      ['t', 'to'],
      ['CALL-id', 'call-id'],
      ['CseQ', 'cseq'],
      ['X-Call', 'x-call'],
      ['Fron', 'fron'],
    ],
  );
});
