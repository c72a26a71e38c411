// What the SIP side may write wrong: bodies, types, sizes, fields (SDP-39, SDP-40; RFC 3261 §8.2.3, §21.4.1, §21.4.13).

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { utf8Bytes } from '../../../src/base/index.ts';
import { readFragment, writeFragment } from '../../../src/gateway/calls/sip-fragment.ts';
import { formatSdp } from '../../../src/sdp/index.ts';
import { line, PHONE, sdp, SDP_FIELD, Stage } from './sip-stage.ts';

const SDP = formatSdp(sdp(5000));
const part = (head: readonly string[], body: string): string => ['--b', ...head, '', body].join('\r\n');
const multi = (...parts: readonly string[]): string => `${[...parts, '--b--'].join('\r\n')}\r\n`;
const MIXED = 'Content-Type: multipart/mixed;boundary=b';
const SDP_PART = part([SDP_FIELD], SDP);
const ISUP = part(['Content-Type: application/ISUP;version=x'], 'xx');

/** SDP so many multiparts deep. */
function nested(depth: number): string {
  let body = SDP;
  let type = SDP_FIELD;
  for (let n = 1; n <= depth; n++) {
    body = `--b${n}\r\n${type}\r\n\r\n${body}\r\n--b${n}--\r\n`;
    type = `Content-Type: multipart/mixed;boundary=b${n}`;
  }
  return body.replaceAll(`--b${depth}`, '--b');
}

interface Row {
  readonly what: string;
  readonly headers?: readonly string[];
  readonly body: string;
  readonly status: number;
  readonly field?: readonly [string, RegExp];
}

const refused: readonly Row[] = [
  {
    what: 'no SDP at all',
    headers: [SDP_FIELD],
    body: 'hello',
    status: 400,
    field: ['warning', /^399 192\.0\.2\.1 "/],
  },
  { what: 'SDP of another version', headers: [SDP_FIELD], body: SDP.replace('v=0', 'v=1'), status: 400 },
  { what: 'a line that is none', headers: [SDP_FIELD], body: `${SDP}nonsense\r\n`, status: 400 },
  {
    what: 'more media than anybody has',
    headers: [SDP_FIELD],
    body: SDP + 'm=audio 1 RTP/AVP 0\r\n'.repeat(33),
    status: 400,
  },
  {
    what: 'a description that is too long',
    headers: [SDP_FIELD],
    body: SDP + 'a=x\r\n'.repeat(2000),
    status: 400,
  },
  {
    what: 'a message that is too long',
    headers: [SDP_FIELD],
    body: SDP + `a=${'x'.repeat(65_536)}\r\n`,
    status: 513,
  },
  { what: 'a body without a type', headers: ['X-Type: none'], body: SDP, status: 400 },
  {
    what: 'another type',
    headers: ['Content-Type: text/plain'],
    body: 'x',
    status: 415,
    field: ['accept', /application\/sdp/],
  },
  {
    what: 'SDP for another purpose (SDP-39)',
    headers: [SDP_FIELD, 'Content-Disposition: early-session'],
    body: SDP,
    status: 415,
    field: ['accept', /application\/sdp/],
  },
  {
    what: 'a coding that is not understood',
    headers: [SDP_FIELD, 'Content-Encoding: gzip'],
    body: SDP,
    status: 415,
    field: ['accept-encoding', /identity/],
  },
  {
    what: 'a multipart without SDP',
    headers: [MIXED],
    body: multi(ISUP),
    status: 415,
    field: ['accept', /application\/sdp/],
  },
  { what: 'a multipart without an end', headers: [MIXED], body: SDP_PART, status: 400 },
  {
    what: 'a multipart without a boundary',
    headers: ['Content-Type: multipart/mixed'],
    body: multi(SDP_PART),
    status: 400,
  },
  {
    what: 'RFC 5621 §3: a part that has to be understood',
    headers: [MIXED],
    body: multi(SDP_PART, part(['Content-Type: x/y', 'Content-Disposition: z;handling=required'], 'x')),
    status: 415,
  },
  { what: 'multiparts in multiparts in multiparts', headers: [MIXED], body: nested(4), status: 400 },
  {
    what: 'malformed SDP in a multipart',
    headers: [MIXED],
    body: multi(part([SDP_FIELD], 'v=0')),
    status: 400,
  },
  { what: 'no Contact', headers: ['m: <>', SDP_FIELD], body: SDP, status: 400 },
  {
    what: 'two Contacts',
    headers: [SDP_FIELD, `Contact: <${PHONE}>, <sip:b@192.0.2.9>`],
    body: SDP,
    status: 400,
  },
  {
    what: 'Session-Expires that is no number',
    headers: [SDP_FIELD, 'Session-Expires: soon'],
    body: SDP,
    status: 400,
  },
  { what: 'Min-SE twice', headers: [SDP_FIELD, 'Min-SE: 90', 'Min-SE: 91'], body: SDP, status: 400 },
  { what: 'Expires that is no number', headers: [SDP_FIELD, 'Expires: soon'], body: SDP, status: 400 },
  {
    what: 'an extension that is required',
    headers: [SDP_FIELD, 'Require: precondition'],
    body: SDP,
    status: 420,
    field: ['unsupported', /precondition/],
  },
];

describe('an INVITE that is refused before it is a call', () => {
  for (const { what, headers, body, status, field } of refused) {
    test(what, () => {
      const stage = new Stage();
      stage.invite({ ...(headers === undefined ? {} : { headers }), body });
      const [response] = stage.sent();
      assert.ok(response?.kind === 'response');
      assert.equal(response.status, status);
      if (field !== undefined) assert.match(response.header(field[0]) ?? '', field[1]);
      if (status === 400) assert.match(response.header('warning') ?? '399', /^399/);
      assert.equal(stage.host.leg, undefined);
      assert.deepEqual(stage.host.told(), []);
      stage.assertNothingLeft();
    });
  }
});

/** In one order. */
const KEYS = [
  ...['media', 'mid', 'ufrag', 'pwd', 'candidates', 'end', 'foundation', 'component', 'transport'],
  ...['priority', 'address', 'port', 'type', 'extensions'],
];

const taken: readonly { what: string; headers: readonly string[]; body: string; told: string }[] = [
  {
    what: 'SDP-40: lines that end with LF',
    headers: [SDP_FIELD],
    body: SDP.replaceAll('\r\n', '\n'),
    told: 'invited 5000',
  },
  { what: 'SDP-40: SDP in a multipart', headers: [MIXED], body: multi(ISUP, SDP_PART), told: 'invited 5000' },
  { what: 'SDP in a multipart in a multipart', headers: [MIXED], body: nested(2), told: 'invited 5000' },
  {
    what: 'SDP in base64',
    headers: [MIXED],
    body: multi(part([SDP_FIELD, 'Content-Transfer-Encoding: base64'], btoa(SDP))),
    told: 'invited 5000',
  },
  {
    what: 'RFC 5621 §4.2: the last alternative that is understood',
    headers: ['Content-Type: multipart/alternative;boundary=b'],
    body: multi(part([SDP_FIELD], formatSdp(sdp(5002))), SDP_PART, ISUP),
    told: 'invited 5000',
  },
  {
    what: 'a body that is optional',
    headers: ['Content-Type: text/plain', 'Content-Disposition: render;handling=optional'],
    body: 'x',
    told: 'invited',
  },
];

describe('a body that is taken', () => {
  for (const { what, headers, body, told } of taken) {
    test(what, () => {
      const stage = new Stage();
      stage.invite({ headers, body });
      assert.deepEqual(stage.host.told(), [told]);
      stage.host.say({ kind: 'endSip', status: 486 });
      stage.assertNothingLeft();
    });
  }
});

describe('within a call', () => {
  const rows: readonly (Row & { method: string })[] = [
    {
      what: 'malformed SDP',
      method: 'INVITE',
      headers: [SDP_FIELD],
      body: 'x',
      status: 400,
      field: ['warning', /^399/],
    },
    {
      what: 'malformed SDP',
      method: 'UPDATE',
      headers: [SDP_FIELD],
      body: 'x',
      status: 400,
      field: ['warning', /^399/],
    },
    {
      what: 'another type',
      method: 'UPDATE',
      headers: ['Content-Type: a/b'],
      body: 'x',
      status: 415,
      field: ['accept', /sdp/],
    },
    {
      what: 'Session-Expires that is no number',
      method: 'UPDATE',
      headers: ['Session-Expires: x'],
      body: '',
      status: 400,
    },
    {
      what: 'an interval that is too small',
      method: 'UPDATE',
      headers: ['Supported: timer', 'Session-Expires: 30'],
      body: '',
      status: 422,
      field: ['min-se', /^90$/],
    },
  ];
  for (const { what, method, headers = [], body, status, field } of rows) {
    test(`${method}: ${what}`, () => {
      const stage = new Stage();
      stage.answered();
      stage.request({ method, headers, body });
      const [response] = stage.sent();
      assert.ok(response);
      assert.equal(line(response), `${status} ${method}`);
      if (field !== undefined) assert.match(response.header(field[0]) ?? '', field[1]);
      assert.deepEqual(stage.host.told(), []);
      stage.request({ method: 'BYE' });
      stage.assertNothingLeft();
    });
  }

  test('an answer that cannot be read is none', () => {
    const stage = new Stage();
    const invite = stage.call();
    stage.respond(invite, 200, { headers: ['Content-Type: text/plain'] });
    assert.deepEqual(stage.host.told(), ['ended lost noAnswer']);
    stage.respond(stage.sentRequest('BYE'), 200);
    stage.assertNothingLeft();
  });
});

describe('RFC 8840 §9: fragments', () => {
  test('what is written is read back', () => {
    const word = fc.stringMatching(/^[A-Za-z0-9]{1,20}$/);
    const candidate = fc.record({
      foundation: word,
      component: fc.integer({ min: 1, max: 256 }),
      transport: fc.constantFrom('udp', 'tcp'),
      priority: fc.nat(),
      address: fc.ipV4(),
      port: fc.nat(65_535),
      type: fc.constantFrom('host', 'srflx', 'relay'),
      extensions: fc.constant([]),
    });
    const medium = fc.record({
      media: fc.constantFrom('audio', 'video'),
      mid: fc.option(word, { nil: undefined }),
      ufrag: fc.option(word, { nil: undefined }),
      pwd: fc.constant(undefined),
      candidates: fc.array(candidate, { maxLength: 5 }),
      end: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(medium, { minLength: 1, maxLength: 5 }), (media) => {
        const read = readFragment(writeFragment(media));
        assert.ok(read.ok);
        assert.equal(JSON.stringify(read.value, KEYS), JSON.stringify(media, KEYS));
      }),
    );
  });

  test('credentials and the end before the first medium are for all', () => {
    const text = [
      'a=ice-ufrag:u',
      'a=end-of-candidates',
      'm=audio 9 RTP/AVP 0',
      'm=video 9 RTP/AVP 0',
      'a=ice-ufrag:v',
    ];
    const read = readFragment(utf8Bytes(text.join('\n')));
    assert.ok(read.ok);
    assert.deepEqual(
      read.value.map(({ media, ufrag, end }) => [media, ufrag, end]),
      [
        ['audio', 'u', true],
        ['video', 'v', true],
      ],
    );
  });

  const bad: readonly [string, Uint8Array][] = [
    ['nothing', new Uint8Array(0)],
    ['no medium', utf8Bytes('a=candidate:1 1 udp 1 192.0.2.1 1 typ host')],
    ['not UTF-8', new Uint8Array([0x6d, 0x3d, 0xff, 0x20])],
    ['too long', utf8Bytes(`m=audio 9 RTP/AVP 0\r\na=${'x'.repeat(40_000)}`)],
    ['too many lines', utf8Bytes('m=audio 9 RTP/AVP 0\r\n'.concat('a=x\r\n'.repeat(600)))],
    ['too many media', utf8Bytes('m=audio 9 RTP/AVP 0\r\n'.repeat(33))],
  ];
  for (const [what, body] of bad) {
    test(what, () => {
      const read = readFragment(body);
      assert.ok(!read.ok);
      assert.equal(read.error.code, 'ERR_CALL_FRAGMENT');
    });
  }
});
