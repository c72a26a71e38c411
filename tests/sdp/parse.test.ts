// Session descriptions: the grammar of RFC 8866 §9, its limits, and that nothing is lost between reading and writing.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_SDP_LIMITS, formatSdp, parseSdp, type SessionDescription } from '../../src/sdp/index.ts';
import { recordedDescriptions } from './bodies.ts';

const HEAD = 'v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n';

function read(text: string): SessionDescription {
  const result = parseSdp(text);
  assert.ok(result.ok, result.ok ? '' : result.error.message);
  return result.value;
}

function codeOf(text: string | Uint8Array): string {
  const result = parseSdp(text);
  return result.ok ? 'read' : result.error.code;
}

test('RFC 8866 §5: the example, every line of it', () => {
  const session = read(`v=0
o=jdoe 3724394400 3724394405 IN IP4 198.51.100.1
s=Call to John Smith
i=SDP Offer #1
u=http://www.jdoe.example.com/home.html
e=Jane Doe <jane@jdoe.example.com>
p=+1 617 555-6011
c=IN IP4 198.51.100.1
t=0 0
m=audio 49170 RTP/AVP 0
m=audio 49180 RTP/AVP 0
m=video 51372 RTP/AVP 99
c=IN IP6 2001:db8::2
a=rtpmap:99 h263-1998/90000
`);
  assert.deepEqual(session.origin, {
    username: 'jdoe',
    sessionId: '3724394400',
    sessionVersion: '3724394405',
    netType: 'IN',
    addrType: 'IP4',
    address: '198.51.100.1',
  });
  assert.deepEqual(
    [session.name, session.information, session.uri, session.emails, session.phones],
    [
      'Call to John Smith',
      'SDP Offer #1',
      'http://www.jdoe.example.com/home.html',
      ['Jane Doe <jane@jdoe.example.com>'],
      ['+1 617 555-6011'],
    ],
  );
  assert.deepEqual(
    session.media.map(({ media, port, protocol, formats }) => [media, port, protocol, formats]),
    [
      ['audio', 49170, 'RTP/AVP', ['0']],
      ['audio', 49180, 'RTP/AVP', ['0']],
      ['video', 51372, 'RTP/AVP', ['99']],
    ],
  );
  assert.deepEqual(session.media[2]?.connections, [
    { netType: 'IN', addrType: 'IP6', address: '2001:db8::2' },
  ]);
  assert.deepEqual(session.media[2]?.attributes, [{ name: 'rtpmap', value: '99 h263-1998/90000' }]);
});

describe('lines', () => {
  const READ: [string, string][] = [
    ['§5.14: several ports', `${HEAD}m=video 49170/2 RTP/AVP 31\r\n`],
    ['§5.14: a rejected medium (RFC 3264 §6)', `${HEAD}m=video 0 RTP/AVP 31\r\n`],
    [
      '§5.7: several addresses of a medium',
      `${HEAD}m=video 1 RTP/AVP 31\r\nc=IN IP4 233.252.0.1/127\r\nc=IN IP4 233.252.0.2/127\r\n`,
    ],
    [
      '§5.7: none in the session, one at each medium',
      `v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\nm=audio 1 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\n`,
    ],
    [
      '§5.7: none at a rejected medium',
      `v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\n`,
    ],
    [
      '§5.8: bandwidths',
      `${HEAD.replace('t=', 'b=CT:128\r\nt=')}m=audio 1 RTP/AVP 0\r\nb=AS:64\r\nb=TIAS:64000\r\n`,
    ],
    [
      '§5.10: repeats and zones',
      `v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=3724394400 3724398000\r\nr=604800 3600 0 90000\r\nz=3730928400 -1h 3749680800 0\r\n`,
    ],
    ['§5.12: a key, obsolete', `${HEAD}k=prompt\r\n`],
    [
      '§5.13: attributes that nobody knows',
      `${HEAD}a=x-thing:a b:c\r\na=flag\r\nm=audio 1 RTP/AVP 0\r\na=y:\r\n`,
    ],
    [
      'numbers of any length in o=',
      'v=0\r\no=- 18446744073709551616 99999999999999999999 IN IP6 2001:db8::1\r\ns=-\r\nt=0 0\r\n',
    ],
    ['formats that are no numbers', `${HEAD}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n`],
    ['UTF-8', HEAD.replace('c=', 'i=Grüße 😀\r\nc=')],
  ];
  for (const [name, text] of READ)
    test(`${name}: read, and written as it was`, () => assert.equal(formatSdp(read(text)), text));

  const CARELESS: [string, string, (session: SessionDescription) => unknown, unknown][] = [
    ['SDP-40: LF alone', HEAD.replaceAll('\r', ''), ({ name }) => name, '-'],
    ['no line end at the end', HEAD.trimEnd(), ({ times }) => times[0]?.active, '0 0'],
    ['an empty line at the end', `${HEAD}\r\n`, ({ media }) => media.length, 0],
    ['an empty s=', HEAD.replace('s=-', 's='), ({ name }) => name, '-'],
    ['no t=', HEAD.replace('t=0 0\r\n', ''), ({ times }) => times[0]?.active, '0 0'],
    ['spaces at the end of m=', `${HEAD}m=audio 1 RTP/AVP 0 \r\n`, ({ media }) => media[0]?.formats, ['0']],
  ];
  for (const [name, text, value, wanted] of CARELESS)
    test(`careless phones: ${name}`, () => assert.deepEqual(value(read(text)), wanted));

  const REFUSED: [string, string][] = [
    ['nothing', ''],
    ['another version', HEAD.replace('v=0', 'v=1')],
    ['v= is not the first', `s=-\r\n${HEAD}`],
    ['no o=', HEAD.replace(/o=.*\r\n/, '')],
    ['no s=', HEAD.replace('s=-\r\n', '')],
    ['o= with five fields', HEAD.replace(' IN IP4 192.0.2.1', ' IN IP4')],
    ['o= with a version that is no number', HEAD.replace('o=- 1 2', 'o=- 1 x')],
    ['o= twice', HEAD.replace('s=-', 'o=- 1 2 IN IP4 192.0.2.1\r\ns=-')],
    ['s= twice', HEAD.replace('s=-', 's=-\r\ns=-')],
    ['c= twice in the session (§5.7)', HEAD.replace('t=0 0', 'c=IN IP4 192.0.2.1\r\nt=0 0')],
    ['c= with two fields', HEAD.replace('c=IN IP4 192.0.2.1', 'c=IN IP4')],
    [
      'no c= for a medium (§5.7)',
      'v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\nm=audio 1 RTP/AVP 0\r\n',
    ],
    ['t= that is none', HEAD.replace('t=0 0', 't=now')],
    ['r= before t=', HEAD.replace('t=0 0', 'r=1 2 3')],
    ['a type that there is not (§5)', `${HEAD}x=1\r\n`],
    ['a type in upper case', `${HEAD}A=sendrecv\r\n`],
    ['t= behind m=', `${HEAD}m=audio 1 RTP/AVP 0\r\nt=0 0\r\n`],
    ['no "="', `${HEAD}a sendrecv\r\n`],
    ['a space before the type', `${HEAD} a=sendrecv\r\n`],
    ['a= without a name', `${HEAD}a=\r\n`],
    ['a= with a name that is no token', `${HEAD}a=a b:c\r\n`],
    ['b= without a number', `${HEAD}b=AS:\r\n`],
    ['m= without formats', `${HEAD}m=audio 1 RTP/AVP\r\n`],
    ['m= with a port above 65535', `${HEAD}m=audio 65536 RTP/AVP 0\r\n`],
    ['m= with a port below 0', `${HEAD}m=audio -1 RTP/AVP 0\r\n`],
    ['m= with no ports', `${HEAD}m=audio 1/0 RTP/AVP 0\r\n`],
    ['m= with a protocol that is none', `${HEAD}m=audio 1 RTP//AVP 0\r\n`],
    ['a CR inside of a line (§9)', `${HEAD}a=x:1\ra=y:2\r\n`],
    ['a NUL inside of a line (§9)', `${HEAD}a=x:\0\r\n`],
    ['m= with a medium that is no token', `${HEAD}m=au@dio 1 RTP/AVP 0\r\n`],
  ];
  for (const [name, text] of REFUSED)
    test(`${name}: ERR_SDP_SYNTAX`, () => assert.equal(codeOf(text), 'ERR_SDP_SYNTAX'));

  test('octets that are not UTF-8: ERR_SDP_SYNTAX (§4.5)', () => {
    assert.equal(codeOf(Buffer.from(`${HEAD}i=\xff\r\n`, 'latin1')), 'ERR_SDP_SYNTAX');
  });
});

describe('limits', () => {
  const { maxLength, maxLines, maxMedia, maxFormats } = DEFAULT_SDP_LIMITS;
  const medium = 'm=audio 1 RTP/AVP 0\r\n';
  const LIMITS: [string, string, string][] = [
    [
      'length',
      HEAD + `a=x:${'y'.repeat(maxLength - HEAD.length - 6)}\r\n`,
      HEAD + `a=x:${'y'.repeat(maxLength)}\r\n`,
    ],
    ['lines', HEAD + 'a=x\r\n'.repeat(maxLines - 6), HEAD + 'a=x\r\n'.repeat(maxLines - 5)],
    ['media', HEAD + medium.repeat(maxMedia), HEAD + medium.repeat(maxMedia + 1)],
    [
      'formats',
      `${HEAD}m=audio 1 RTP/AVP${' 0'.repeat(maxFormats)}\r\n`,
      `${HEAD}m=audio 1 RTP/AVP${' 0'.repeat(maxFormats + 1)}\r\n`,
    ],
  ];
  for (const [name, most, more] of LIMITS) {
    test(`${name}: the last that is read, and the first that is not`, () => {
      assert.equal(codeOf(most), 'read');
      assert.equal(codeOf(more), 'ERR_SDP_LIMIT');
    });
  }
});

describe('recorded descriptions of baresip, linphone, Chromium, sipp and rtpengine', () => {
  for (const [name, text] of recordedDescriptions()) {
    test(`${name}: no line is lost, and each section has the lines that it had`, () => {
      const lines = (of: string): string[] => of.split(/\r?\n/).filter((line) => line !== '');
      const written = lines(formatSdp(read(text)));
      assert.deepEqual(written.toSorted(), lines(text).toSorted());
      // Only lines of different types may change their places.
      for (const type of ['a', 'm', 'b'])
        assert.deepEqual(
          written.filter((line) => line[0] === type),
          lines(text).filter((line) => line[0] === type),
        );
      assert.deepEqual(read(formatSdp(read(text))), read(text));
    });
  }
});

const token = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
const value = fc.stringMatching(/^[!-~ éß😀]{0,20}$/u);
const section = {
  information: fc.option(value, { nil: undefined }),
  bandwidths: fc.array(fc.record({ type: token, value: fc.nat() }), { maxLength: 2 }),
  attributes: fc.array(fc.record({ name: token, value: fc.option(value, { nil: undefined }) }), {
    maxLength: 6,
  }),
};
const connection = fc.record({
  netType: fc.constant('IN'),
  addrType: fc.constant('IP4'),
  address: fc.ipV4(),
});
const sessions: fc.Arbitrary<SessionDescription> = fc.record({
  ...section,
  origin: fc.record({
    username: token,
    sessionId: fc.nat().map(String),
    sessionVersion: fc.nat().map(String),
    ...{ netType: fc.constant('IN'), addrType: fc.constant('IP4'), address: fc.ipV4() },
  }),
  name: value.filter((text) => text !== ''),
  emails: fc.array(value, { maxLength: 2 }),
  phones: fc.array(value, { maxLength: 2 }),
  connection,
  times: fc.constant([{ active: '0 0', repeats: [], zones: [] }]),
  media: fc.array(
    fc.record({
      ...section,
      media: token,
      port: fc.integer({ min: 0, max: 65_535 }),
      protocol: fc.constantFrom('RTP/AVP', 'UDP/TLS/RTP/SAVPF'),
      formats: fc.array(fc.nat(127).map(String), { minLength: 1, maxLength: 5 }),
      connections: fc.array(connection, { maxLength: 2 }),
    }),
    { maxLength: 4 },
  ),
});

/** Absent and undefined are the same. */
const plain = (session: SessionDescription): unknown => JSON.parse(JSON.stringify(session));

test('whatever is written is read again as it was', () => {
  fc.assert(
    fc.property(sessions, (session) => assert.deepEqual(plain(read(formatSdp(session))), plain(session))),
  );
});

test('no text makes the parser throw, and what is read is stable', () => {
  const recorded = [...recordedDescriptions().values()];
  fc.assert(
    fc.property(
      fc.constantFrom(...recorded),
      fc.array(fc.tuple(fc.nat(2000), fc.nat(8), fc.string({ maxLength: 6 })), { maxLength: 4 }),
      (text, cuts) => {
        let broken = text;
        for (const [at, length, put] of cuts) broken = broken.slice(0, at) + put + broken.slice(at + length);
        const first = parseSdp(broken);
        if (!first.ok) return;
        const again = parseSdp(formatSdp(first.value));
        assert.ok(again.ok);
        assert.deepEqual(again.value, first.value);
      },
    ),
    { numRuns: 2000 },
  );
});
