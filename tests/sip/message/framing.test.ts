import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { DEFAULT_SIP_LIMITS, SipFramer, parseMessage, type SipLimits } from '../../../src/sip/index.ts';
import { TORTURE, tortureMessage } from '../../torture/outcomes.ts';

const HEAD = [
  'MESSAGE sip:juliet@example.org SIP/2.0',
  'Via: SIP/2.0/TCP pc33.example.net;branch=z9hG4bK776',
  'From: <sip:romeo@example.net>;tag=r1',
  'To: <sip:juliet@example.org>',
  'Call-ID: c1',
  'CSeq: 7 MESSAGE',
];

function message(body: string, length = `Content-Length: ${Buffer.byteLength(body)}`): string {
  return [...HEAD, length, '', body].join('\r\n');
}

/** All that the framer tells, as text. */
function frame(chunks: readonly Uint8Array[], limits: Partial<SipLimits> = {}): string[] {
  const told: string[] = [];
  const framer = new SipFramer(
    { ...DEFAULT_SIP_LIMITS, ...limits },
    {
      message: (bytes) => told.push(`message ${Buffer.from(bytes).toString('latin1')}`),
      ping: () => told.push('ping'),
      pong: () => told.push('pong'),
      fault: (fault) => told.push(`fault ${fault.code} ${fault.status}`),
    },
  );
  for (const chunk of chunks) framer.write(Uint8Array.from(chunk));
  return told;
}

function cutAt(octets: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const borders = [
    0,
    ...[...new Set(cuts.map((cut) => cut % (octets.length + 1)))].sort((a, b) => a - b),
    octets.length,
  ];
  return borders.slice(1).map((end, index) => octets.subarray(borders[index], end));
}

interface Case {
  readonly name: string;
  readonly stream: string;
  readonly expected: readonly string[];
  readonly limits?: Partial<SipLimits>;
}

const one = message('hello');
const two = message('');
const three = message('a\r\n\r\nMESSAGE sip:x SIP/2.0\r\n\r\nb');
const LENGTH_FAULT = 'fault ERR_SIP_MESSAGE_CONTENT_LENGTH 400';
const SIZE_FAULT = 'fault ERR_SIP_MESSAGE_TOO_LARGE 513';

const CASES: readonly Case[] = [
  { name: 'RFC 3261 §18.3: one message', stream: one, expected: [`message ${one}`] },
  {
    name: 'RFC 3261 §18.3: messages back to back, a body that looks like one',
    stream: one + two + three + one,
    expected: [one, two, three, one].map((text) => `message ${text}`),
  },
  {
    name: 'RFC 3261 §7.5: CRLFs before a start line are no part of the message',
    stream: `\r\n${one}\r\n\r\n${two}`,
    expected: ['pong', `message ${one}`, 'pong', 'ping', `message ${two}`],
  },
  {
    name: 'RFC 5626 §3.5.1: ping is CRLF CRLF, pong is CRLF',
    stream: '\r\n\r\n\r\n\r\n\r\n',
    expected: ['pong', 'ping', 'pong', 'ping', 'pong'],
  },
  {
    name: 'a compact, folded Content-Length with spaces',
    stream: message('hello', 'L  :\r\n\t 5'),
    expected: [`message ${message('hello', 'L  :\r\n\t 5')}`],
  },
  {
    name: 'RFC 3261 §20.14: no Content-Length',
    stream: message('x', 'X: y') + one,
    expected: [LENGTH_FAULT],
  },
  {
    name: 'RFC 4475 §3.1.2.3: negative',
    stream: message('x', 'Content-Length: -1') + one,
    expected: [LENGTH_FAULT],
  },
  {
    name: 'RFC 4475 §3.3.9: two of them',
    stream: message('x', 'l: 1\r\nl: 1') + one,
    expected: [LENGTH_FAULT],
  },
  {
    name: 'after a good one',
    stream: one + message('x', 'l: x') + one,
    expected: [`message ${one}`, LENGTH_FAULT],
  },
  {
    name: 'head above the limit',
    stream: `${'x'.repeat(300)}${one}`,
    expected: [SIZE_FAULT],
    limits: { maxHeadBytes: 250 },
  },
  {
    name: 'head of the limit',
    stream: two + two,
    expected: [`message ${two}`, `message ${two}`],
    limits: { maxHeadBytes: two.length },
  },
  {
    name: 'head one above the limit',
    stream: two,
    expected: [SIZE_FAULT],
    limits: { maxHeadBytes: two.length - 1 },
  },
  {
    name: 'message above the limit',
    stream: one,
    expected: [SIZE_FAULT],
    limits: { maxMessageBytes: one.length - 1 },
  },
  {
    name: 'message of the limit',
    stream: one,
    expected: [`message ${one}`],
    limits: { maxMessageBytes: one.length },
  },
  {
    name: 'a body that will be too large is refused at its head',
    stream: message('', 'l: 99999999'),
    expected: [SIZE_FAULT],
  },
  { name: 'a message that is not whole', stream: one.slice(0, -1), expected: [] },
];

for (const { name, stream, expected, limits } of CASES) {
  describe(name, () => {
    const octets = Buffer.from(stream, 'latin1');
    test('in one chunk', () => assert.deepEqual(frame([octets], limits), expected));
    test('octet by octet', () =>
      assert.deepEqual(
        frame(
          Array.from(octets, (octet) => Uint8Array.of(octet)),
          limits,
        ),
        expected,
      ));
    test('at random cuts', () => {
      fc.assert(
        fc.property(fc.array(fc.nat({ max: 4096 }), { maxLength: 12 }), (cuts) => {
          assert.deepEqual(frame(cutAt(octets, cuts), limits), expected);
        }),
        { numRuns: 60 },
      );
    });
  });
}

test('RFC 4475, RFC 5118: what has a Content-Length comes out of a stream as it went in', () => {
  for (const { file, parser } of TORTURE) {
    if (parser !== 'accept' || file === 'rfc4475/inv2543.dat') continue;
    const whole = tortureMessage(file);
    const parsed = parseMessage(whole, { stream: false });
    assert(parsed.kind === 'message');
    const told = frame(Array.from(whole, (octet) => Uint8Array.of(octet)));
    const expected = Buffer.from(whole).toString('latin1');
    const [first = ''] = told;
    assert(first.startsWith('message '), file);
    assert(`message ${expected}`.startsWith(first), file);
    assert.deepEqual(frame([whole]), told, file);
  }
});

test('a large body octet by octet takes linear time, and an idle connection holds nothing', () => {
  const limits = { ...DEFAULT_SIP_LIMITS, maxMessageBytes: 2_000_000 };
  let length = 0;
  const sink = { message: (bytes: Uint8Array) => (length = bytes.length), ping() {}, pong() {}, fault() {} };
  const framer = new SipFramer(limits, sink);
  const octets = Buffer.from(message('x'.repeat(300_000)));
  const start = performance.now();
  for (let i = 0; i < octets.length; i++) framer.write(octets.subarray(i, i + 1));
  assert.equal(length, octets.length);
  assert.equal(framer.pending, 0);
  // Quadratic copying would take minutes.
  assert(performance.now() - start < 2000);
});

test('pending tells what waits', () => {
  const framer = new SipFramer(DEFAULT_SIP_LIMITS, { message() {}, ping() {}, pong() {}, fault() {} });
  framer.write(Buffer.from(one.slice(0, 40)));
  assert.equal(framer.pending, 40);
  framer.write(Buffer.from(one.slice(40)));
  assert.equal(framer.pending, 0);
  framer.write(Buffer.from('\r'));
  assert.equal(framer.pending, 1);
});

test('the head of a message without length allows an answer', () => {
  let head: Uint8Array | undefined;
  const framer = new SipFramer(DEFAULT_SIP_LIMITS, {
    message() {},
    ping() {},
    pong() {},
    fault: (_fault, partialHead) => (head = partialHead),
  });
  framer.write(Buffer.from(message('x', 'X: y')));
  assert(head !== undefined);
  const parsed = parseMessage(head, { stream: true });
  assert(parsed.kind === 'malformed');
  assert.equal(parsed.fault.status, 400);
  assert.equal(parsed.wreck?.callId, 'c1');
});
