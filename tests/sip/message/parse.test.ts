import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  DEFAULT_SIP_LIMITS,
  buildWreckResponse,
  parseMessage,
  serializeMessage,
  type ParsedMessage,
  type SipLimits,
  type SipMessage,
} from '../../../src/sip/index.ts';

const FIELDS: Readonly<Record<string, string>> = {
  Via: 'SIP/2.0/UDP pc33.example.net:5066;branch=z9hG4bK776',
  'Max-Forwards': '70',
  From: '"Romeo" <sip:romeo@example.net>;tag=r1',
  To: '<sip:juliet@example.org>',
  'Call-ID': 'c1@example.net',
  CSeq: '7 MESSAGE',
  'Content-Length': '3',
};

interface Change {
  readonly start?: string;
  /** Field name to value; undefined takes it away. */
  readonly set?: Readonly<Record<string, string | undefined>>;
  /** Whole lines after the fields. */
  readonly lines?: readonly string[];
  readonly body?: string;
}

function text(change: Change = {}): string {
  const fields = { ...FIELDS, ...change.set };
  const lines = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}`],
  );
  const start = change.start ?? 'MESSAGE sip:juliet@example.org SIP/2.0';
  return [start, ...lines, ...(change.lines ?? []), '', change.body ?? 'abc'].join('\r\n');
}

function parse(raw: string, options: { stream?: boolean; limits?: Partial<SipLimits> } = {}): ParsedMessage {
  const limits = { ...DEFAULT_SIP_LIMITS, ...options.limits };
  return parseMessage(Buffer.from(raw, 'latin1'), { stream: options.stream ?? false, limits });
}

function accepted(raw: string, options: Parameters<typeof parse>[1] = {}): SipMessage {
  const parsed = parse(raw, options);
  assert(parsed.kind === 'message', parsed.kind === 'malformed' ? parsed.fault.message : '');
  return parsed.message;
}

test('RFC 3261 §7: request, values read at once and fields in order', () => {
  const message = accepted(text());
  assert(message.kind === 'request');
  assert.equal(message.method, 'MESSAGE');
  assert.equal(message.requestUri, 'sip:juliet@example.org');
  assert.deepEqual(
    [message.via.transport, message.via.host, message.via.port],
    ['UDP', 'pc33.example.net', 5066],
  );
  assert.equal(message.via.branch, 'z9hG4bK776');
  assert.equal(message.from.displayName, 'Romeo');
  assert.equal(message.from.uri, 'sip:romeo@example.net');
  assert.equal(message.from.tag, 'r1');
  assert.equal(message.to.tag, undefined);
  assert.equal(message.callId, 'c1@example.net');
  assert.deepEqual(message.cseq, { number: 7, method: 'MESSAGE' });
  assert.equal(message.maxForwards, 70);
  assert.deepEqual(
    message.headers.map((field) => field.id),
    ['via', 'max-forwards', 'from', 'to', 'call-id', 'cseq', 'content-length'],
  );
  assert.equal(Buffer.from(message.body).toString(), 'abc');
});

test('RFC 3261 §7.2: response', () => {
  const message = accepted(text({ start: 'SIP/2.0 486 Busy Here' }));
  assert(message.kind === 'response');
  assert.deepEqual([message.status, message.reason], [486, 'Busy Here']);
});

test('RFC 4475 §3.1.1.13: the SP after the status may be missing with the reason', () => {
  const message = accepted(text({ start: 'SIP/2.0 100' }));
  assert(message.kind === 'response');
  assert.deepEqual([message.status, message.reason], [100, '']);
});

test('the body is a copy: the block may be used again', () => {
  const block = Buffer.from(text());
  const parsed = parseMessage(block, { stream: false });
  assert(parsed.kind === 'message');
  block.fill(0);
  assert.equal(Buffer.from(parsed.message.body).toString(), 'abc');
});

describe('RFC 3261 §7.3.3: compact forms', () => {
  const forms: Readonly<Record<string, string>> = {
    a: 'accept-contact',
    b: 'referred-by',
    c: 'content-type',
    d: 'request-disposition',
    e: 'content-encoding',
    f: 'from',
    i: 'call-id',
    j: 'reject-contact',
    k: 'supported',
    l: 'content-length',
    m: 'contact',
    n: 'identity-info',
    o: 'event',
    r: 'refer-to',
    s: 'subject',
    t: 'to',
    u: 'allow-events',
    v: 'via',
    x: 'session-expires',
    y: 'identity',
  };
  for (const [letter, id] of Object.entries(forms)) {
    test(`${letter} is ${id}, in either case`, () => {
      for (const name of [letter, letter.toUpperCase()]) {
        const long = Object.keys(FIELDS).find((field) => field.toLowerCase() === id);
        const value = long === undefined ? 'x' : FIELDS[long];
        const message = accepted(
          text({ set: long === undefined ? {} : { [long]: undefined }, lines: [`${name}: ${value}`] }),
        );
        assert.equal(message.header(id), value);
        assert.equal(message.headers.at(-1)?.name, name);
      }
    });
  }
});

test('RFC 3261 §7.3.1: names in any case, unknown ones as they came', () => {
  const message = accepted(text({ lines: ['X-Ünïque: 1', 'X-UnIque: 2', 'x-unique:3'].slice(1) }));
  assert.deepEqual(message.headerAll('x-unique'), ['2', '3']);
  assert.equal(message.headers.at(-2)?.name, 'X-UnIque');
});

test('RFC 3261 §7.3.1: a folded value is one line with single spaces', () => {
  const message = accepted(text({ lines: ["Subject: I know \r\n\t you're there,\r\n  pick up"] }));
  assert.equal(message.header('subject'), "I know you're there, pick up");
});

test('RFC 3261 §7.5: CRLFs before the start line are ignored', () => {
  assert.equal(accepted(`\r\n\r\n${text()}`).body.length, 3);
});

test('RFC 3261 §18.3: datagrams without Content-Length, longer, shorter', () => {
  assert.equal(accepted(text({ set: { 'Content-Length': undefined }, body: 'abcdef' })).body.length, 6);
  assert.equal(accepted(text({ body: 'abcdef' })).body.length, 3);
  const short = parse(text({ body: 'ab' }));
  assert(short.kind === 'malformed');
  assert.equal(short.fault.status, 400);
  assert.notEqual(short.wreck, undefined);
  const shortResponse = parse(text({ start: 'SIP/2.0 200 OK', body: 'ab' }));
  assert(shortResponse.kind === 'malformed');
  assert.equal(shortResponse.wreck, undefined);
});

test('RFC 3261 §20.14: a message on a stream has a Content-Length', () => {
  assert.equal(parse(text({ set: { 'Content-Length': undefined } }), { stream: true }).kind, 'malformed');
  assert.equal(parse(text(), { stream: true }).kind, 'message');
});

describe('faults', () => {
  const via = FIELDS['Via'] ?? '';
  const cases: readonly [name: string, raw: string, code: string, status?: number][] = [
    ['nothing', '', 'ERR_SIP_MESSAGE_EMPTY'],
    ['only line ends', '\r\n\r\n', 'ERR_SIP_MESSAGE_EMPTY'],
    ['octets that are no SIP', '\u0016\u0003\u0001\u0002', 'ERR_SIP_MESSAGE_NO_BLANK_LINE'],
    ['HTTP', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'ERR_SIP_MESSAGE_START_LINE'],
    ['no blank line', text().slice(0, -5), 'ERR_SIP_MESSAGE_NO_BLANK_LINE'],
    ['LF alone', text({ lines: ['X: a\nVia: b'] }), 'ERR_SIP_MESSAGE_LINE_END'],
    ['CR alone', text({ lines: ['X: a\rVia: b'] }), 'ERR_SIP_MESSAGE_LINE_END'],
    ['LF only everywhere', text().replaceAll('\r', ''), 'ERR_SIP_MESSAGE_LINE_END'],
    ['a line without colon', text({ lines: ['Foobar roobar'] }), 'ERR_SIP_MESSAGE_HEADER_LINE'],
    ['a name that is no token', text({ lines: ['Foo bar: x'] }), 'ERR_SIP_MESSAGE_HEADER_LINE'],
    [
      'a line that begins with white space at once',
      text({ start: 'MESSAGE sip:a@b SIP/2.0\r\n x: y' }),
      'ERR_SIP_MESSAGE_HEADER_LINE',
    ],
    ['SIP/3.0', text({ start: 'MESSAGE sip:a@b.example SIP/3.0' }), 'ERR_SIP_MESSAGE_VERSION', 505],
    ['SIP/2.01', text({ start: 'MESSAGE sip:a@b.example SIP/2.01' }), 'ERR_SIP_MESSAGE_VERSION', 505],
    ['SIP/x', text({ start: 'MESSAGE sip:a@b.example SIP/x' }), 'ERR_SIP_MESSAGE_START_LINE'],
    ['no Request-URI', text({ start: 'MESSAGE  SIP/2.0' }), 'ERR_SIP_MESSAGE_START_LINE'],
    ['Request-URI without scheme', text({ start: 'MESSAGE romeo SIP/2.0' }), 'ERR_SIP_MESSAGE_START_LINE'],
    ['a SIP URI that is none', text({ start: 'MESSAGE sip:a@b@c SIP/2.0' }), 'ERR_SIP_URI_HOST'],
    ['status 99', text({ start: 'SIP/2.0 099 x' }), 'ERR_SIP_MESSAGE_START_LINE'],
    ['status 700', text({ start: 'SIP/2.0 700 x' }), 'ERR_SIP_MESSAGE_START_LINE'],
    ['status of four digits', text({ start: 'SIP/2.0 2000 x' }), 'ERR_SIP_MESSAGE_START_LINE'],
    ['status of two digits', text({ start: 'SIP/2.0 20 x' }), 'ERR_SIP_MESSAGE_START_LINE'],
    ['no Via', text({ set: { Via: undefined } }), 'ERR_SIP_MESSAGE_MISSING_HEADER'],
    ['no From', text({ set: { From: undefined } }), 'ERR_SIP_MESSAGE_MISSING_HEADER'],
    ['no To', text({ set: { To: undefined } }), 'ERR_SIP_MESSAGE_MISSING_HEADER'],
    ['no Call-ID', text({ set: { 'Call-ID': undefined } }), 'ERR_SIP_MESSAGE_MISSING_HEADER'],
    ['no CSeq', text({ set: { CSeq: undefined } }), 'ERR_SIP_MESSAGE_MISSING_HEADER'],
    ['two From', text({ lines: ['f: <sip:x@y.example>;tag=1'] }), 'ERR_SIP_MESSAGE_REPEATED_HEADER'],
    ['two To', text({ lines: ['To: <sip:juliet@example.org>'] }), 'ERR_SIP_MESSAGE_REPEATED_HEADER'],
    ['two Call-ID', text({ lines: ['i: c1@example.net'] }), 'ERR_SIP_MESSAGE_REPEATED_HEADER'],
    ['two CSeq', text({ lines: ['CSeq: 7 MESSAGE'] }), 'ERR_SIP_MESSAGE_REPEATED_HEADER'],
    ['two Max-Forwards', text({ lines: ['Max-Forwards: 70'] }), 'ERR_SIP_MESSAGE_REPEATED_HEADER'],
    ['two equal Content-Length', text({ lines: ['l: 3'] }), 'ERR_SIP_MESSAGE_REPEATED_HEADER'],
    [
      'Content-Length as a list',
      text({ set: { 'Content-Length': '3, 3' } }),
      'ERR_SIP_MESSAGE_CONTENT_LENGTH',
    ],
    ['Content-Length +3', text({ set: { 'Content-Length': '+3' } }), 'ERR_SIP_MESSAGE_CONTENT_LENGTH'],
    ['Content-Length empty', text({ set: { 'Content-Length': '' } }), 'ERR_SIP_MESSAGE_CONTENT_LENGTH'],
    [
      'Content-Length beyond counting',
      text({ set: { 'Content-Length': '9'.repeat(40) } }),
      'ERR_SIP_MESSAGE_CONTENT_LENGTH',
    ],
    ['Max-Forwards 256', text({ set: { 'Max-Forwards': '256' } }), 'ERR_SIP_MESSAGE_MAX_FORWARDS'],
    ['Max-Forwards -1', text({ set: { 'Max-Forwards': '-1' } }), 'ERR_SIP_MESSAGE_MAX_FORWARDS'],
    ['CSeq 2^31', text({ set: { CSeq: '2147483648 MESSAGE' } }), 'ERR_SIP_HEADER_CSEQ'],
    ['CSeq without method', text({ set: { CSeq: '1' } }), 'ERR_SIP_HEADER_CSEQ'],
    ['CSeq of another method', text({ set: { CSeq: '1 message' } }), 'ERR_SIP_MESSAGE_CSEQ_METHOD'],
    ['Call-ID with a space', text({ set: { 'Call-ID': 'a b' } }), 'ERR_SIP_MESSAGE_CALL_ID'],
    ['empty Call-ID', text({ set: { 'Call-ID': '' } }), 'ERR_SIP_MESSAGE_CALL_ID'],
    ['From without scheme', text({ set: { From: 'romeo@example.net' } }), 'ERR_SIP_HEADER_NAME_ADDR'],
    [
      'From with two tags',
      text({ set: { From: '<sip:a@b.example>;tag=1;TAG=2' } }),
      'ERR_SIP_HEADER_NAME_ADDR',
    ],
    [
      'From as a list',
      text({ set: { From: '<sip:a@b.example>;tag=1, <sip:c@d.example>' } }),
      'ERR_SIP_HEADER_NAME_ADDR',
    ],
    ['Via of SIP/3.0', text({ set: { Via: via.replace('2.0', '3.0') } }), 'ERR_SIP_HEADER_VIA'],
    ['Via without sent-by', text({ set: { Via: 'SIP/2.0/UDP ;branch=z9hG4bK1' } }), 'ERR_SIP_HEADER_VIA'],
    ['Via port 0', text({ set: { Via: 'SIP/2.0/UDP a:0;branch=z9hG4bK1' } }), 'ERR_SIP_HEADER_VIA'],
    ['Via port 65536', text({ set: { Via: 'SIP/2.0/UDP a:65536;branch=z9hG4bK1' } }), 'ERR_SIP_HEADER_VIA'],
    [
      'Via branch of the cookie alone',
      text({ set: { Via: 'SIP/2.0/UDP a;branch=z9hG4bK' } }),
      'ERR_SIP_HEADER_VIA',
    ],
  ];
  for (const [name, raw, code, status = 400] of cases) {
    test(name, () => {
      const parsed = parse(raw);
      assert(parsed.kind === 'malformed', 'accepted');
      assert.equal(parsed.fault.code, code);
      assert.equal(parsed.fault.status, status);
    });
  }
});

test('Via: what stands below the topmost does not matter to the parser', () => {
  const message = accepted(text({ set: { Via: 'SIP/2.0/UDP a;branch=z9hG4bK1 , SIP/9.9/UDP ;;' } }));
  assert.equal(message.via.host, 'a');
});

describe('limits', () => {
  const cases: readonly [string, string, Partial<SipLimits>, string, number][] = [
    ['message', text(), { maxMessageBytes: text().length - 1 }, 'ERR_SIP_MESSAGE_TOO_LARGE', 513],
    ['head', text(), { maxHeadBytes: text().length - 4 }, 'ERR_SIP_MESSAGE_TOO_LARGE', 513],
    ['number of fields', text(), { maxHeaders: 6 }, 'ERR_SIP_MESSAGE_TOO_MANY_HEADERS', 400],
    [
      'one field',
      text({ lines: [`X: ${'x'.repeat(70)}`] }),
      { maxFieldBytes: 72 },
      'ERR_SIP_MESSAGE_TOO_LARGE',
      513,
    ],
    [
      'one field folded',
      text({ lines: [`X: ${'x\r\n '.repeat(15)}x`] }),
      { maxFieldBytes: 63 },
      'ERR_SIP_MESSAGE_TOO_LARGE',
      513,
    ],
    [
      'Via values',
      text({ lines: ['v: SIP/2.0/UDP a;x="a,b,c", SIP/2.0/UDP b'] }),
      { maxVias: 2 },
      'ERR_SIP_MESSAGE_TOO_MANY_VIAS',
      400,
    ],
  ];
  for (const [name, raw, limits, code, status] of cases) {
    test(`${name}: one less than needed is refused, as much as needed is not`, () => {
      const parsed = parse(raw, { limits });
      assert(parsed.kind === 'malformed', 'accepted');
      assert.deepEqual([parsed.fault.code, parsed.fault.status], [code, status]);
      const more = Object.fromEntries(Object.entries(limits).map(([key, value]) => [key, value + 1]));
      assert.equal(parse(raw, { limits: more }).kind, 'message');
    });
  }
});

describe('what can be answered of a broken request (RFC 3261 §8.2.6.2)', () => {
  test('values as they stand, in order', () => {
    const parsed = parse(
      text({ set: { CSeq: '7  MESSAGE,' }, lines: ['v: SIP/2.0/TCP b;branch=x,\r\n SIP/2.0/TCP c'] }),
    );
    assert(parsed.kind === 'malformed' && parsed.wreck !== undefined);
    assert.deepEqual(parsed.wreck, {
      method: 'MESSAGE',
      vias: [FIELDS['Via'], 'SIP/2.0/TCP b;branch=x, SIP/2.0/TCP c'],
      from: FIELDS['From'],
      to: FIELDS['To'],
      callId: FIELDS['Call-ID'],
      cseq: '7  MESSAGE,',
    });
    const answer = Buffer.from(
      serializeMessage(buildWreckResponse(parsed.wreck, 400, 'Bad Request', 'w1')),
    ).toString('latin1');
    assert.equal(
      answer,
      [
        'SIP/2.0 400 Bad Request',
        `Via: ${FIELDS['Via']}`,
        'Via: SIP/2.0/TCP b;branch=x, SIP/2.0/TCP c',
        `From: ${FIELDS['From']}`,
        `To: ${FIELDS['To']};tag=w1`,
        `Call-ID: ${FIELDS['Call-ID']}`,
        'CSeq: 7  MESSAGE,',
        'Content-Length: 0',
        '',
        '',
      ].join('\r\n'),
    );
  });
  const silent: readonly [string, Change][] = [
    ['ACK (§17.1.1.3)', { start: 'ACK sip:juliet@example.org SIP/2.0', set: { CSeq: 'x' } }],
    ['a response', { start: 'SIP/2.0 200 OK', set: { CSeq: 'x' } }],
    ['no Via', { set: { Via: undefined } }],
    ['no SIP version', { start: 'MESSAGE sip:juliet@example.org' }],
  ];
  for (const [name, change] of silent) {
    test(`no answer: ${name}`, () => {
      const parsed = parse(text(change));
      assert(parsed.kind === 'malformed');
      assert.equal(parsed.wreck, undefined);
    });
  }
  test('a value with a CR or LF inside is not copied', () => {
    const parsed = parse(text({ set: { From: '<sip:a@b>\nX: y', 'Call-ID': 'a\rb' } }));
    assert(parsed.kind === 'malformed' && parsed.wreck !== undefined);
    assert.deepEqual([parsed.wreck.from, parsed.wreck.callId], ['', '']);
  });
  test('a To with other parameters gets a tag', () => {
    const parsed = parse(text({ set: { To: '<sip:a@b.example>;x=1;tagged;y', CSeq: 'x' } }));
    assert(parsed.kind === 'malformed' && parsed.wreck !== undefined);
    const answer = buildWreckResponse(parsed.wreck, 400, 'Bad Request', 'w1');
    assert.equal(answer.header('to'), '<sip:a@b.example>;x=1;tagged;y;tag=w1');
  });
  test('of more fields than the limit only the first are looked at', () => {
    const parsed = parse(text({ set: { CSeq: undefined }, lines: ['X: y', 'CSeq: x'] }), {
      limits: { maxHeaders: 7 },
    });
    assert(parsed.kind === 'malformed' && parsed.wreck !== undefined);
    assert.equal(parsed.wreck.cseq, '');
  });
  test('a To that has a tag keeps it', () => {
    const parsed = parse(text({ set: { To: '"x;tag=1" <sip:a@b.example> ; TAG = 9', CSeq: 'x' } }));
    assert(parsed.kind === 'malformed' && parsed.wreck !== undefined);
    const answer = Buffer.from(
      serializeMessage(buildWreckResponse(parsed.wreck, 400, 'Bad Request', 'w1')),
    ).toString('latin1');
    assert.match(answer, /To: "x;tag=1" <sip:a@b\.example> ; TAG = 9\r\n/);
  });
});
