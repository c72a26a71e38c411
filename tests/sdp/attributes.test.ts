// Typed readers of single attributes: examples of their RFCs, what is refused, and the way back.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  attributeText,
  candidatesOf,
  credentialsOf,
  cryptoAttribute,
  cryptosOf,
  directionFrom,
  directionOf,
  feedbackAttribute,
  feedbackOf,
  fingerprintAttribute,
  fingerprintsOf,
  formatCandidate,
  formatParameters,
  groupAttribute,
  groupsOf,
  hasEndOfCandidates,
  headerExtensionAttribute,
  headerExtensionsOf,
  iceOptions,
  isHeldByAddress,
  isIceMismatch,
  midOf,
  msidsOf,
  parseSdp,
  payloadAttributes,
  payloadsOf,
  readCandidate,
  readParameters,
  receives,
  reversed,
  sends,
  setupOf,
  sourceAttributes,
  sourceGroupAttribute,
  sourceGroupsOf,
  sourcesOf,
  withDirection,
  type Direction,
  type MediaDescription,
  type SessionDescription,
} from '../../src/sdp/index.ts';

interface Described {
  readonly session: SessionDescription;
  readonly medium: MediaDescription;
}

/** A description with these lines in the session and at its one medium. */
function described(
  session: readonly string[],
  medium: readonly string[],
  line = 'audio 49170 RTP/AVP 0',
): Described {
  const lines = ['v=0', 'o=- 1 1 IN IP4 192.0.2.1', 's=-', 'c=IN IP4 192.0.2.1', 't=0 0'];
  const result = parseSdp([...lines, ...session, `m=${line}`, ...medium].join('\r\n'));
  assert.ok(result.ok, result.ok ? '' : result.error.message);
  const [first] = result.value.media;
  assert.ok(first !== undefined);
  return { session: result.value, medium: first };
}

const medium = (...lines: string[]): MediaDescription =>
  described(
    [],
    lines.map((line) => `a=${line}`),
  ).medium;

describe('direction (RFC 8866 §6.7, RFC 3264)', () => {
  const CASES: [string, string[], string[], Direction][] = [
    ['none is sendrecv', [], [], 'sendrecv'],
    ['of the medium', [], ['a=recvonly'], 'recvonly'],
    ['SDP-20: of the session, where the medium says none', ['a=sendonly'], [], 'sendonly'],
    ['of the medium before the session', ['a=sendonly'], ['a=inactive'], 'inactive'],
  ];
  for (const [name, session, lines, wanted] of CASES) {
    test(name, () => {
      const all = described(session, lines);
      assert.equal(directionOf(all.session, all.medium), wanted);
    });
  }

  const WAYS: [Direction, boolean, boolean, Direction][] = [
    ['sendrecv', true, true, 'sendrecv'],
    ['sendonly', true, false, 'recvonly'],
    ['recvonly', false, true, 'sendonly'],
    ['inactive', false, false, 'inactive'],
  ];
  for (const [direction, sending, receiving, other] of WAYS) {
    test(`${direction}: sends ${sending}, receives ${receiving}, from the other side ${other}`, () => {
      assert.deepEqual([sends(direction), receives(direction)], [sending, receiving]);
      assert.equal(directionFrom(sending, receiving), direction);
      assert.equal(reversed(direction), other);
    });
  }

  test('another direction takes the place of every one that was there', () => {
    assert.deepEqual(
      withDirection([{ name: 'sendrecv' }, { name: 'mid', value: '0' }, { name: 'inactive' }], 'sendonly'),
      [{ name: 'mid', value: '0' }, { name: 'sendonly' }],
    );
  });

  const HELD: [string, string[], string[], string, boolean][] = [
    ['RFC 3264 §8.4: c= with zeros', [], ['c=IN IP4 0.0.0.0'], 'audio 49170 RTP/AVP 0', true],
    ['the same in IPv6', [], ['c=IN IP6 ::'], 'audio 49170 RTP/AVP 0', true],
    ['another address', [], ['c=IN IP4 192.0.2.9'], 'audio 49170 RTP/AVP 0', false],
    [
      'with ICE the address is not known yet',
      [],
      ['c=IN IP4 0.0.0.0', 'a=ice-ufrag:abcd'],
      'audio 9 RTP/AVP 0',
      false,
    ],
    ['ICE in the session', ['a=ice-ufrag:abcd'], ['c=IN IP4 0.0.0.0'], 'audio 1 RTP/AVP 0', false],
  ];
  for (const [name, session, lines, line, wanted] of HELD) {
    test(name, () => {
      const all = described(session, lines, line);
      assert.equal(isHeldByAddress(all.session, all.medium), wanted);
    });
  }
});

describe('payloads', () => {
  test('SDP-08: mapped and static ones in the order of the formats; channels', () => {
    const { medium: audio } = described(
      [],
      ['a=rtpmap:111 opus/48000/2', 'a=rtpmap:96 L16/8000/1', 'a=rtpmap:0 pcmu/8000'],
      'audio 9 RTP/AVP 111 0 8 96 10',
    );
    assert.deepEqual(payloadsOf(audio), [
      { id: 111, name: 'opus', clockRate: 48_000, channels: 2 },
      { id: 0, name: 'pcmu', clockRate: 8000, channels: 1 },
      { id: 8, name: 'PCMA', clockRate: 8000, channels: 1 },
      { id: 96, name: 'L16', clockRate: 8000, channels: 1 },
      { id: 10, name: 'L16', clockRate: 44_100, channels: 2 },
    ]);
  });

  test('SDP-08: what has no encoding, or no number, is left out', () => {
    const { medium: audio } = described(
      [],
      ['a=rtpmap:97 speex', 'a=rtpmap:98 x/0', 'a=rtpmap:200 y/8000'],
      'audio 9 RTP/AVP 96 97 98 200 1 x 0 0',
    );
    assert.deepEqual(
      payloadsOf(audio).map(({ id }) => id),
      [0],
    );
  });

  // RFC 3551 §6: every number that is assigned.
  const STATIC: [number, string, number, number][] = [
    [0, 'PCMU', 8000, 1],
    [3, 'GSM', 8000, 1],
    [4, 'G723', 8000, 1],
    [5, 'DVI4', 8000, 1],
    [6, 'DVI4', 16_000, 1],
    [7, 'LPC', 8000, 1],
    [8, 'PCMA', 8000, 1],
    [9, 'G722', 8000, 1],
    [10, 'L16', 44_100, 2],
    [11, 'L16', 44_100, 1],
    [12, 'QCELP', 8000, 1],
    [13, 'CN', 8000, 1],
    [14, 'MPA', 90_000, 1],
    [15, 'G728', 8000, 1],
    [16, 'DVI4', 11_025, 1],
    [17, 'DVI4', 22_050, 1],
    [18, 'G729', 8000, 1],
    [25, 'CelB', 90_000, 1],
    [26, 'JPEG', 90_000, 1],
    [28, 'nv', 90_000, 1],
    [31, 'H261', 90_000, 1],
    [32, 'MPV', 90_000, 1],
    [33, 'MP2T', 90_000, 1],
    [34, 'H263', 90_000, 1],
  ];
  test('RFC 3551 §6: the static ones, and no other', () => {
    const all = Array.from({ length: 64 }, (_, id) => id);
    const read = [...all, ...all.map((id) => id + 64)].flatMap((id) =>
      payloadsOf(described([], [], `audio 9 RTP/AVP ${id}`).medium),
    );
    assert.deepEqual(
      read.map(({ id, name, clockRate, channels }) => [id, name, clockRate, channels]),
      STATIC,
    );
  });

  test('SDP-37: several a=fmtp of a payload are joined, and only its own', () => {
    const { medium: video } = described(
      [],
      [
        'a=rtpmap:96 H264/90000',
        'a=fmtp:96 packetization-mode=1',
        'a=fmtp:97 x=1',
        'a=fmtp:96 profile-level-id=42e01f',
      ],
      'video 9 RTP/AVP 96',
    );
    assert.equal(payloadsOf(video)[0]?.parameters, 'packetization-mode=1;profile-level-id=42e01f');
  });

  const PARAMETERS: [string, string, [string, string][], string][] = [
    [
      'a list',
      'minptime=10;useinbandfec=1',
      [
        ['minptime', '10'],
        ['useinbandfec', '1'],
      ],
      'minptime=10;useinbandfec=1',
    ],
    [
      'spaces',
      'a=1; b=2 ;c=3',
      [
        ['a', '1'],
        ['b', '2'],
        ['c', '3'],
      ],
      'a=1;b=2;c=3',
    ],
    ['SDP-09: no "="', '0-15', [['', '0-15']], '0-15'],
    ['RFC 2198', '111/111', [['', '111/111']], '111/111'],
    [
      'a value with "="',
      'sprop-parameter-sets=Z0IAH5==,aM4=',
      [['sprop-parameter-sets', 'Z0IAH5==,aM4=']],
      'sprop-parameter-sets=Z0IAH5==,aM4=',
    ],
    ['an empty value', 'a=', [['a', '']], 'a='],
    ['nothing', ' ; ', [], ''],
  ];
  for (const [name, text, wanted, written] of PARAMETERS) {
    test(`parameters: ${name}`, () => {
      const read = readParameters(text);
      assert.deepEqual(
        read.map((each) => [each.name, each.value]),
        wanted,
      );
      assert.equal(formatParameters(read), written);
    });
  }

  test('the lines of a payload', () => {
    const texts = (payload: Parameters<typeof payloadAttributes>[0]): string[] =>
      payloadAttributes(payload).map(attributeText);
    assert.deepEqual(texts({ id: 111, name: 'opus', clockRate: 48_000, channels: 2, parameters: 'a=1' }), [
      'rtpmap:111 opus/48000/2',
      'fmtp:111 a=1',
    ]);
    assert.deepEqual(texts({ id: 0, name: 'PCMU', clockRate: 8000, channels: 1 }), ['rtpmap:0 PCMU/8000']);
  });
});

/** Lines that are read, and written as they were. */
function roundTrip<T>(
  lines: readonly string[],
  wanted: readonly T[],
  read: (of: MediaDescription) => readonly T[],
  write: (value: T) => { name: string; value?: string | undefined },
): void {
  const values = read(medium(...lines));
  assert.deepEqual(values, wanted);
  assert.deepEqual(
    values.map((value) => attributeText(write(value))),
    lines,
  );
}

/** Lines that are none: they are left out. */
function leftOut(lines: readonly string[], read: (of: MediaDescription) => readonly unknown[]): void {
  for (const line of lines) assert.deepEqual(read(medium(line)), [], line);
}

test('a=rtcp-fb (RFC 4585 §4.2)', () => {
  roundTrip(
    [
      'rtcp-fb:96 nack pli',
      'rtcp-fb:96 nack',
      'rtcp-fb:* trr-int 100',
      'rtcp-fb:111 transport-cc',
      'rtcp-fb:98 ack app x y',
    ],
    [
      { payload: 96, type: 'nack', parameter: 'pli' },
      { payload: 96, type: 'nack' },
      { payload: '*', type: 'trr-int', parameter: '100' },
      { payload: 111, type: 'transport-cc' },
      { payload: 98, type: 'ack', parameter: 'app x y' },
    ],
    feedbackOf,
    feedbackAttribute,
  );
  leftOut(['rtcp-fb:', 'rtcp-fb:96', 'rtcp-fb:x nack'], feedbackOf);
});

test('a=extmap (RFC 8285 §5, §8)', () => {
  roundTrip(
    [
      'extmap:1 URI-toffset',
      'extmap:2/recvonly http://example.com/082005/ext.htm#xmeta short',
      'extmap:4096 urn:x',
    ],
    [
      { id: 1, direction: 'sendrecv', uri: 'URI-toffset' },
      { id: 2, direction: 'recvonly', uri: 'http://example.com/082005/ext.htm#xmeta', attributes: 'short' },
      { id: 4096, direction: 'sendrecv', uri: 'urn:x' },
    ],
    headerExtensionsOf,
    headerExtensionAttribute,
  );
  leftOut(['extmap:0 urn:x', 'extmap:1', 'extmap:1/both urn:x', 'extmap:x urn:x'], headerExtensionsOf);
});

test('a=ssrc (RFC 5576 §4.1): one source for each number, with what is said of it', () => {
  const read = sourcesOf(
    medium('ssrc:314159 cname:user@example.com', 'ssrc:1 fmtp:96 x', 'ssrc:314159 msid:a b', 'ssrc:1 flag'),
  );
  assert.deepEqual(read, [
    {
      ssrc: 314_159,
      parameters: [
        { name: 'cname', value: 'user@example.com' },
        { name: 'msid', value: 'a b' },
      ],
    },
    { ssrc: 1, parameters: [{ name: 'fmtp', value: '96 x' }, { name: 'flag' }] },
  ]);
  assert.deepEqual(read.flatMap(sourceAttributes).map(attributeText), [
    'ssrc:314159 cname:user@example.com',
    'ssrc:314159 msid:a b',
    'ssrc:1 fmtp:96 x',
    'ssrc:1 flag',
  ]);
  leftOut(['ssrc:', 'ssrc:x cname:a', 'ssrc:4294967296 cname:a'], sourcesOf);
});

test('a=ssrc-group (RFC 5576 §4.2)', () => {
  roundTrip(
    ['ssrc-group:FID 1 2', 'ssrc-group:SIM 4294967295 2 3'],
    [
      { semantics: 'FID', sources: [1, 2] },
      { semantics: 'SIM', sources: [4_294_967_295, 2, 3] },
    ],
    sourceGroupsOf,
    sourceGroupAttribute,
  );
  leftOut(['ssrc-group:', 'ssrc-group:FID 1 4294967296', 'ssrc-group:FID a'], sourceGroupsOf);
});

test('a=msid (RFC 8830), several', () => {
  assert.deepEqual(msidsOf(medium('msid:s1 t', 'msid:- t')), ['s1 t', '- t']);
});

describe('a=candidate (RFC 8839 §5.1)', () => {
  const CASES: [string, object][] = [
    [
      '1 1 UDP 2130706431 203.0.113.141 8998 typ host',
      {
        foundation: '1',
        component: 1,
        transport: 'UDP',
        priority: 2_130_706_431,
        address: '203.0.113.141',
        port: 8998,
        type: 'host',
        extensions: [],
      },
    ],
    [
      '2 1 UDP 1694498815 192.0.2.3 45664 typ srflx raddr 203.0.113.141 rport 8998',
      {
        foundation: '2',
        component: 1,
        transport: 'UDP',
        priority: 1_694_498_815,
        address: '192.0.2.3',
        port: 45_664,
        type: 'srflx',
        relatedAddress: '203.0.113.141',
        relatedPort: 8998,
        extensions: [],
      },
    ],
    [
      '401 2 tcp 1518280447 2001:db8::1 9 typ host tcptype active generation 0 network-id 1',
      {
        foundation: '401',
        component: 2,
        transport: 'tcp',
        priority: 1_518_280_447,
        address: '2001:db8::1',
        port: 9,
        type: 'host',
        extensions: [
          ['tcptype', 'active'],
          ['generation', '0'],
          ['network-id', '1'],
        ],
      },
    ],
  ];
  for (const [text, wanted] of CASES) {
    test(text, () => {
      const candidate = readCandidate(text);
      assert.deepEqual(candidate, wanted);
      assert.ok(candidate !== undefined);
      assert.equal(formatCandidate(candidate), text);
    });
  }

  const NONE = [
    '',
    '1 1 UDP 1 192.0.2.1 1',
    '1 1 UDP 1 192.0.2.1 1 type host',
    '1 1 UDP 1 192.0.2.1 1 typ',
    '1 0 UDP 1 192.0.2.1 1 typ host',
    '1 257 UDP 1 192.0.2.1 1 typ host',
    '1 1 UDP 4294967296 192.0.2.1 1 typ host',
    '1 1 UDP 1 192.0.2.1 65536 typ host',
    '1 1 UDP x 192.0.2.1 1 typ host',
    `${'f'.repeat(33)} 1 UDP 1 192.0.2.1 1 typ host`,
    '1! 1 UDP 1 192.0.2.1 1 typ host',
    '1 1 UDP 1 192.0.2.1 1 typ host raddr',
  ];
  for (const text of NONE) test(`ignored: "${text}"`, () => assert.equal(readCandidate(text), undefined));

  test('those of a medium, in their order', () => {
    const of = medium(
      'candidate:1 1 UDP 1 192.0.2.1 1 typ host',
      'candidate:none',
      'candidate:2 1 UDP 1 192.0.2.2 1 typ host',
    );
    assert.deepEqual(
      candidatesOf(of).map(({ address }) => address),
      ['192.0.2.1', '192.0.2.2'],
    );
  });
});

describe('ICE in a description', () => {
  const PWD = 'asd88fgpdd777uzjYhagZg';
  const CREDENTIALS: [string, string[], string[], object | undefined][] = [
    ['of the medium', [], ['a=ice-ufrag:8hhY', `a=ice-pwd:${PWD}`], { ufrag: '8hhY', pwd: PWD }],
    ['SDP-24: of the session', ['a=ice-ufrag:8hhY', `a=ice-pwd:${PWD}`], [], { ufrag: '8hhY', pwd: PWD }],
    ['one alone', [], ['a=ice-ufrag:8hhY'], undefined],
    ['§5.4: ufrag of three', [], ['a=ice-ufrag:8hh', `a=ice-pwd:${PWD}`], undefined],
    ['§5.4: pwd of 21', [], ['a=ice-ufrag:8hhY', `a=ice-pwd:${PWD.slice(1)}`], undefined],
    ['§5.4: more than 256', [], [`a=ice-ufrag:${'a'.repeat(257)}`, `a=ice-pwd:${PWD}`], undefined],
    ['§5.4: other characters', [], ['a=ice-ufrag:8h-Y', `a=ice-pwd:${PWD}`], undefined],
  ];
  for (const [name, session, lines, wanted] of CREDENTIALS) {
    test(`credentials: ${name}`, () => {
      const all = described(session, lines);
      assert.deepEqual(credentialsOf(all.session, all.medium), wanted);
    });
  }

  test('options of medium and session, and the end of candidates', () => {
    const all = described(['a=ice-options:ice2', 'a=end-of-candidates'], ['a=ice-options:trickle ice2']);
    assert.deepEqual(iceOptions(all.session, all.medium), ['trickle', 'ice2']);
    assert.equal(hasEndOfCandidates(all.session, all.medium), true);
    assert.deepEqual(iceOptions(medium()), []);
    assert.equal(hasEndOfCandidates(medium(), medium('end-of-candidates')), true);
    assert.equal(hasEndOfCandidates(medium(), medium()), false);
  });

  const MISMATCH: [string, string[], string, boolean][] = [
    [
      'the default is a candidate',
      ['a=candidate:1 1 UDP 1 192.0.2.1 49170 typ host'],
      'audio 49170 RTP/AVP 0',
      false,
    ],
    [
      'another port (RFC 8839 §4.2.5)',
      ['a=candidate:1 1 UDP 1 192.0.2.1 49172 typ host'],
      'audio 49170 RTP/AVP 0',
      true,
    ],
    [
      'only of the other component',
      ['a=candidate:1 2 UDP 1 192.0.2.1 49170 typ host'],
      'audio 49170 RTP/AVP 0',
      true,
    ],
    ['no candidates', [], 'audio 49170 RTP/AVP 0', false],
    [
      'not known yet (RFC 8840 §4.1.1)',
      ['c=IN IP4 0.0.0.0', 'a=candidate:1 1 UDP 1 192.0.2.1 1 typ host'],
      'audio 9 RTP/AVP 0',
      false,
    ],
    [
      'IPv6 in other letters',
      ['c=IN IP6 2001:DB8::1', 'a=candidate:1 1 UDP 1 2001:db8::1 49170 typ host'],
      'audio 49170 RTP/AVP 0',
      false,
    ],
    ['a rejected medium', ['a=candidate:1 1 UDP 1 192.0.2.1 1 typ host'], 'audio 0 RTP/AVP 0', false],
  ];
  for (const [name, lines, line, wanted] of MISMATCH) {
    test(`SDP-33: ${name}`, () => {
      const all = described([], lines, line);
      assert.equal(isIceMismatch(all.session, all.medium), wanted);
    });
  }
});

describe('security', () => {
  test('SDP-23: fingerprints in one spelling; those of the medium before those of the session', () => {
    const all = described(
      ['a=fingerprint:sha-1 AA:BB'],
      ['a=fingerprint:SHA-256 4a:ad', 'a=fingerprint:sha-1 00:11'],
    );
    assert.deepEqual(fingerprintsOf(all.session, all.medium), [
      { hash: 'sha-256', value: '4A:AD' },
      { hash: 'sha-1', value: '00:11' },
    ]);
    assert.deepEqual(fingerprintsOf(all.session, medium()), [{ hash: 'sha-1', value: 'AA:BB' }]);
    assert.equal(
      attributeText(fingerprintAttribute({ hash: 'sha-256', value: '4A:AD' })),
      'fingerprint:sha-256 4A:AD',
    );
    for (const line of [
      'fingerprint:',
      'fingerprint:sha-1',
      'fingerprint:sha-1 A:B',
      'fingerprint:sha-1 AABB',
    ])
      assert.deepEqual(fingerprintsOf(medium(), medium(line)), [], line);
  });

  test('a=setup (RFC 4145 §4)', () => {
    for (const word of ['active', 'passive', 'actpass', 'holdconn'])
      assert.equal(setupOf(medium(), medium(`setup:${word}`)), word);
    assert.equal(setupOf(medium('setup:active'), medium()), 'active');
    assert.equal(setupOf(medium(), medium('setup:both')), undefined);
    assert.equal(setupOf(medium(), medium()), undefined);
  });

  test('a=crypto (RFC 4568 §4)', () => {
    roundTrip(
      [
        'crypto:1 AES_CM_128_HMAC_SHA1_80 inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR|2^20|1:32',
        'crypto:2 AES_CM_128_HMAC_SHA1_32 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj UNENCRYPTED_SRTCP WSH=64',
      ],
      [
        {
          tag: '1',
          suite: 'AES_CM_128_HMAC_SHA1_80',
          keyParams: 'inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR|2^20|1:32',
        },
        {
          tag: '2',
          suite: 'AES_CM_128_HMAC_SHA1_32',
          keyParams: 'inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj',
          sessionParams: 'UNENCRYPTED_SRTCP WSH=64',
        },
      ],
      cryptosOf,
      cryptoAttribute,
    );
    leftOut(
      ['crypto:1 AES_CM_128_HMAC_SHA1_80', 'crypto:x A inline:b', 'crypto:1234567890 A inline:b'],
      cryptosOf,
    );
  });
});

test('SDP-03, SDP-21: names and groups (RFC 5888)', () => {
  assert.equal(midOf(medium('mid:audio1')), 'audio1');
  assert.equal(midOf(medium('mid:')), undefined);
  assert.equal(midOf(medium()), undefined);
  const { session } = described(['a=group:BUNDLE a v', 'a=group:LS', 'a=group:'], []);
  assert.deepEqual(groupsOf(session), [
    { semantics: 'BUNDLE', mids: ['a', 'v'] },
    { semantics: 'LS', mids: [] },
  ]);
  assert.deepEqual(
    groupsOf(session).map((group) => attributeText(groupAttribute(group))),
    ['group:BUNDLE a v', 'group:LS'],
  );
});
