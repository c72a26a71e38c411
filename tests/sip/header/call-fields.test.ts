// Header fields of calls: RSeq, RAck (RFC 3262 §7), Session-Expires, Min-SE (RFC 4028 §4, §5), Replaces (RFC 3891 §6.1),
// Refer-To (RFC 3515 §2.1), Refer-Sub (RFC 4488 §4), Reason (RFC 3326 §2), Info-Package, Recv-Info (RFC 6086 §7).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { formatReason, hasOption, infoPackage, recvInfo } from '../../../src/sip/header/call.ts';
import { formatRAck, rAck, rSeq } from '../../../src/sip/header/reliability.ts';
import { formatSessionExpires, minSe, sessionExpires } from '../../../src/sip/header/session-timer.ts';
import { reasonHeader, supported } from '../../../src/sip/header/tokens.ts';
import {
  formatReplaces,
  parseReplaces,
  referSub,
  referTo,
  referredBy,
  replaces,
  uriWithReplaces,
} from '../../../src/sip/header/transfer.ts';
import { rawHeaderField } from '../../../src/sip/message/field.ts';

const fields = (name: string, ...values: string[]) => ({
  headers: values.map((value) => rawHeaderField(name, value)),
});
const code = (read: { ok: boolean; error?: { code: string } }): string | undefined =>
  read.ok ? 'ok' : read.error?.code;

describe('RFC 3262 §7.1: RSeq', () => {
  const cases: readonly (readonly [string, number | string])[] = [
    ['988789', 988_789],
    ['1', 1],
    ['4294967295', 4_294_967_295],
    ['0', 'ERR_SIP_HEADER_RSEQ'],
    ['4294967296', 'ERR_SIP_HEADER_RSEQ'],
    ['', 'ERR_SIP_HEADER_RSEQ'],
    ['1 2', 'ERR_SIP_HEADER_RSEQ'],
    ['-1', 'ERR_SIP_HEADER_RSEQ'],
  ];
  for (const [raw, expected] of cases) {
    test(`"${raw}"`, () => {
      const read = rSeq(fields('RSeq', raw));
      assert.equal(read.ok ? read.value : read.error.code, expected);
    });
  }
  test('none, two', () => {
    assert.deepEqual(rSeq(fields('RAck', '1 1 INVITE')), { ok: true, value: undefined });
    assert.equal(code(rSeq(fields('RSeq', '1', '2'))), 'ERR_SIP_HEADER_REPEATED');
  });
});

describe('RFC 3262 §7.2: RAck', () => {
  test('its example', () => {
    const value = { rseq: 776_656, cseq: 1, method: 'INVITE' };
    assert.deepEqual(rAck(fields('RAck', '776656 1 INVITE')), { ok: true, value });
    assert.equal(formatRAck(value), '776656 1 INVITE');
    assert.throws(() => formatRAck({ ...value, method: 'a b' }), TypeError);
  });
  for (const raw of ['776656 1', '776656', '0 1 INVITE', '7766561INVITE', 'x 1 INVITE', '1  INVITE']) {
    test(`broken: "${raw}"`, () => assert.match(code(rAck(fields('RAck', raw))) ?? '', /^ERR_SIP_HEADER_/));
  }
  test('written and read', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 32 - 1 }), fc.nat(2 ** 31 - 1), (rseq, cseq) => {
        const value = { rseq, cseq, method: 'INVITE' };
        assert.deepEqual(rAck(fields('RAck', formatRAck(value))), { ok: true, value });
      }),
    );
  });
});

describe('RFC 4028 §4, §5', () => {
  const cases: readonly (readonly [string, object | string])[] = [
    ['4000;refresher=uac', { seconds: 4000, refresher: 'uac' }],
    ['1800 ; Refresher=UAS;x=y', { seconds: 1800, refresher: 'uas' }],
    ['50', { seconds: 50 }],
    ['90;refresher=proxy', { seconds: 90 }],
    ['', 'ERR_SIP_HEADER_DELTA_SECONDS'],
    ['4294967296', 'ERR_SIP_HEADER_DELTA_SECONDS'],
    ['90 seconds', 'ERR_SIP_HEADER_TOKEN'],
    ['90;', 'ERR_SIP_HEADER_TOKEN'],
  ];
  for (const [raw, expected] of cases) {
    test(`Session-Expires: ${raw}`, () => {
      const read = sessionExpires(fields('Session-Expires', raw));
      assert.deepEqual(read.ok ? read.value : read.error.code, expected);
    });
  }
  test('the compact form x; written and read', () => {
    for (const value of [{ seconds: 4000, refresher: 'uac' as const }, { seconds: 90 }]) {
      assert.deepEqual(sessionExpires(fields('x', formatSessionExpires(value))), { ok: true, value });
    }
  });
  test('Min-SE', () => {
    assert.deepEqual(minSe(fields('Min-SE', '3600')), { ok: true, value: 3600 });
    assert.deepEqual(minSe(fields('Min-SE', '3600;why=not')), { ok: true, value: 3600 });
    assert.deepEqual(minSe(fields('x', '3600')), { ok: true, value: undefined });
    assert.equal(code(minSe(fields('Min-SE', 'soon'))), 'ERR_SIP_HEADER_DELTA_SECONDS');
  });
});

describe('RFC 3891 §6.1: Replaces', () => {
  const cases: readonly (readonly [string, object])[] = [
    [
      '98732@sip.example.com ;from-tag=r33th4x0r ;to-tag=ff87ff',
      { callId: '98732@sip.example.com', fromTag: 'r33th4x0r', toTag: 'ff87ff', earlyOnly: false },
    ],
    [
      '12adf2f34456gs5;to-tag=12345;from-tag=54321;early-only',
      { callId: '12adf2f34456gs5', toTag: '12345', fromTag: '54321', earlyOnly: true },
    ],
    [
      '87134@171.161.34.23;to-tag=24796;from-tag=0',
      { callId: '87134@171.161.34.23', toTag: '24796', fromTag: '0', earlyOnly: false },
    ],
  ];
  for (const [raw, value] of cases) {
    test(raw, () => {
      assert.deepEqual(replaces(fields('Replaces', raw)), { ok: true, value });
      const read = parseReplaces(raw);
      assert.ok(read.ok);
      assert.deepEqual(parseReplaces(formatReplaces(read.value)), { ok: true, value });
    });
  }
  const broken = [
    'a;to-tag=1',
    'a;from-tag=1',
    ';to-tag=1;from-tag=2',
    'a;to-tag=1;from-tag=2;to-tag=3',
    'a;to-tag;from-tag=2',
    'a b;to-tag=1;from-tag=2',
    'a;to-tag=1;from-tag=2,b;to-tag=1;from-tag=2',
    `${'a'.repeat(513)};to-tag=1;from-tag=2`,
    `a;to-tag=${'1'.repeat(513)};from-tag=2`,
  ];
  for (const raw of broken) {
    test(`broken: ${raw.slice(0, 50)}`, () =>
      assert.equal(code(replaces(fields('Replaces', raw))), 'ERR_SIP_HEADER_REPLACES'));
  }
  test('as long as they may be', () =>
    assert.equal(code(parseReplaces(`${'a'.repeat(512)};to-tag=${'1'.repeat(512)};from-tag=2`)), 'ok'));
  // §3: "more than one Replaces header field value … MUST reject the request with a 400".
  test('two', () =>
    assert.equal(
      code(replaces(fields('Replaces', 'a;to-tag=1;from-tag=2', 'b;to-tag=1;from-tag=2'))),
      'ERR_SIP_HEADER_REPEATED',
    ));
});

describe('RFC 3515 §2.1: Refer-To', () => {
  const cases: readonly (readonly [string, object | string])[] = [
    [
      'sip:alice@atlanta.example.com',
      { uri: 'sip:alice@atlanta.example.com', displayName: '', method: 'INVITE' },
    ],
    [
      '<sip:dave@denver.example.org?Replaces=12345%40192.168.118.3%3Bto-tag%3D12345%3Bfrom-tag%3D5FFE-3994>',
      {
        uri: 'sip:dave@denver.example.org',
        displayName: '',
        method: 'INVITE',
        replaces: { callId: '12345@192.168.118.3', toTag: '12345', fromTag: '5FFE-3994', earlyOnly: false },
      },
    ],
    [
      '"Carol" <sip:carol@cleveland.example.org;method=SUBSCRIBE>',
      { uri: 'sip:carol@cleveland.example.org', displayName: 'Carol', method: 'SUBSCRIBE' },
    ],
    ['<http://www.ietf.org>', { uri: 'http://www.ietf.org', displayName: '', method: 'INVITE' }],
    ['<sip:a@example.org?Replaces=x>', 'ERR_SIP_HEADER_REPLACES'],
    ['<sip:@example.org>', 'ERR_SIP_URI_USER'],
    ['sip:a@example.org, <sip:b@example.org>', 'ERR_SIP_HEADER_NAME_ADDR'],
  ];
  for (const [raw, expected] of cases) {
    test(raw, () => {
      const read = referTo(fields('Refer-To', raw));
      assert.deepEqual(read.ok ? read.value : read.error.code, expected);
    });
  }
  test('§2.4.2: none, two; the compact form r', () => {
    assert.equal(code(referTo({ headers: [] })), 'ERR_SIP_HEADER_REFER_TO');
    assert.equal(code(referTo(fields('Refer-To', 'sip:a@b.c', 'sip:d@e.f'))), 'ERR_SIP_HEADER_REPEATED');
    assert.equal(code(referTo(fields('r', 'sip:a@b.c'))), 'ok');
  });
  test('a URI with Replaces, written and read', () => {
    const dialog = { callId: 'a%b"@c', toTag: 't1', fromTag: 'f2', earlyOnly: true };
    const uri = uriWithReplaces('sip:dave@denver.example.org;transport=tcp', dialog);
    assert.ok(uri.ok);
    const read = referTo(fields('Refer-To', `<${uri.value}>`));
    assert.ok(read.ok);
    assert.deepEqual(read.value.replaces, dialog);
    assert.equal(read.value.uri, 'sip:dave@denver.example.org;transport=tcp');
    assert.equal(uriWithReplaces('http://x', dialog).ok, false);
  });
  test('Referred-By, also as b; Refer-Sub', () => {
    const read = referredBy(fields('b', '<sip:r@ref.example>;cid="20398823@x"'));
    assert.ok(read.ok);
    assert.equal(read.value?.uri, 'sip:r@ref.example');
    assert.deepEqual(referSub(fields('Refer-Sub', 'False')), { ok: true, value: false });
    assert.deepEqual(referSub(fields('Refer-Sub', 'true')), { ok: true, value: true });
    assert.deepEqual(referSub({ headers: [] }), { ok: true, value: undefined });
  });
});

describe('RFC 3326 §2: Reason', () => {
  test('its examples, written and read', () => {
    assert.equal(
      formatReason({ protocol: 'SIP', cause: 200, text: 'Call completed elsewhere' }),
      'SIP;cause=200;text="Call completed elsewhere"',
    );
    assert.equal(
      formatReason({ protocol: 'Q.850', cause: 16, text: 'Terminated' }),
      'Q.850;cause=16;text="Terminated"',
    );
    assert.equal(formatReason({ protocol: 'SIP' }), 'SIP');
    assert.throws(() => formatReason({ protocol: 'S IP' }), TypeError);
  });
  test('any text comes back, and stays in its line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (raw) => {
        const text = raw.replaceAll(/[\r\n\0]/g, '');
        const value = formatReason({ protocol: 'SIP', cause: 480, text: raw });
        const read = reasonHeader(fields('Reason', value));
        assert.ok(read.ok);
        assert.equal(read.value.length, 1);
        assert.equal(read.value[0]?.cause, 480);
        assert.equal(read.value[0]?.text, text);
      }),
    );
  });
});

describe('RFC 6086 §7', () => {
  test('Info-Package', () => {
    const read = infoPackage(fields('Info-Package', 'foo;x=1'));
    assert.ok(read.ok);
    assert.equal(read.value?.token, 'foo');
    assert.deepEqual(infoPackage({ headers: [] }), { ok: true, value: undefined });
    assert.equal(code(infoPackage(fields('Info-Package', '<foo>'))), 'ERR_SIP_HEADER_TOKEN');
  });
  test('Recv-Info: absent, empty, a list', () => {
    assert.equal(recvInfo({ headers: [] }), undefined);
    assert.deepEqual(recvInfo(fields('Recv-Info', '')), { ok: true, value: [] });
    const read = recvInfo(fields('Recv-Info', 'P, R;x=1', 'T'));
    assert.deepEqual(read?.ok === true && read.value.map(({ token }) => token), ['P', 'R', 'T']);
  });
  test('option-tags are compared without case', () => {
    assert.equal(hasOption(supported(fields('k', 'Timer, 100rel')), 'timer'), true);
    assert.equal(hasOption(supported(fields('k', 'timers')), 'timer'), false);
    assert.equal(hasOption(supported(fields('k', '<x>')), 'timer'), false);
  });
});
