import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Result } from '../../../src/base/index.ts';
import {
  accept,
  acceptEncoding,
  acceptLanguage,
  acceptsType,
  allow,
  contactList,
  contentDisposition,
  contentEncoding,
  contentLanguage,
  date,
  event,
  expires,
  formatRetryAfter,
  formatSipDate,
  formatWarning,
  minExpires,
  nameAddr,
  nameAddrList,
  parseChallenges,
  parseMediaType,
  parseRetryAfter,
  parseSipDate,
  proxyAuthenticate,
  proxyRequire,
  rawHeaderField,
  reasonHeader,
  recordRouteList,
  requireTags,
  retryAfter,
  routeList,
  singleValue,
  splitCommaList,
  subject,
  subscriptionState,
  supported,
  unsupported,
  viaList,
  warnings,
  wwwAuthenticate,
  type FieldSource,
} from '../../../src/sip/index.ts';

/** Lines "Name: value" as a message would hold them. */
function fields(...lines: string[]): FieldSource {
  return {
    headers: lines.map((line) => {
      const colon = line.indexOf(':');
      return rawHeaderField(line.slice(0, colon), line.slice(colon + 1).trim());
    }),
  };
}

function value<T>(result: Result<T>): T {
  assert(result.ok, result.ok ? '' : result.error.message);
  return result.value;
}

function code(result: Result<unknown>): string {
  return result.ok ? 'accepted' : result.error.code;
}

describe('RFC 3261 §7.3.1: comma lists', () => {
  const cases: readonly [string, readonly string[]][] = [
    ['', ['']],
    ['a', ['a']],
    [' a , b,c ', ['a', 'b', 'c']],
    ['"a,b" <sip:x,y@z>, <sip:q>;p=","', ['"a,b" <sip:x,y@z>', '<sip:q>;p=","']],
    ['"a\\",b", c', ['"a\\",b"', 'c']],
    ['a,,b', ['a', '', 'b']],
    ['"never, closed', ['"never, closed']],
    ['<never, closed', ['<never, closed']],
    ['"<", ">"', ['"<"', '">"']],
  ];
  for (const [raw, expected] of cases)
    test(JSON.stringify(raw), () => assert.deepEqual(splitCommaList(raw), expected));
  test('a field that may stand once and stands twice is a fault', () => {
    assert.equal(code(singleValue(fields('Subject: a', 's: b'), 'subject')), 'ERR_SIP_HEADER_REPEATED');
    assert.equal(code(expires(fields('Expires: 1', 'Expires: 1'))), 'ERR_SIP_HEADER_REPEATED');
  });
});

describe('addresses', () => {
  const source = fields(
    'Via: SIP/2.0/UDP a;branch=1, SIP/2.0/TCP b:1;branch=2',
    'v: SIP/2.0/TLS c;branch=3',
    'Route: <sip:p1;lr>, <sip:p2;lr>',
    'Route: "P, 3" <sip:p3;lr>;x=1',
    'Record-Route: <sip:r1;lr>',
    'm: <sip:x@y>;q=0.5, "A, B" <sip:z@y?a=b,c>',
    'Refer-To: sip:who@example.org;method=INVITE',
    'P-Asserted-Identity: <sip:a@b>, <tel:+1>',
  );
  test('RFC 3261 §20.42: all Via values in order', () => {
    assert.deepEqual(
      value(viaList(source)).map((via) => [via.transport, via.host, via.port, via.branch]),
      [
        ['UDP', 'a', undefined, '1'],
        ['TCP', 'b', 1, '2'],
        ['TLS', 'c', undefined, '3'],
      ],
    );
    assert.equal(code(viaList(fields('Via: SIP/2.0/UDP a,'))), 'ERR_SIP_HEADER_VIA');
  });
  test('RFC 3261 §20.34, §20.30: Route and Record-Route', () => {
    assert.deepEqual(
      value(routeList(source)).map((route) => route.uri),
      ['sip:p1;lr', 'sip:p2;lr', 'sip:p3;lr'],
    );
    assert.equal(value(routeList(source))[2]?.displayName, 'P, 3');
    assert.equal(value(recordRouteList(source)).length, 1);
    assert.deepEqual(value(routeList(fields())), []);
  });
  test('RFC 3261 §20.10: Contact, "*" alone', () => {
    const contacts = value(contactList(source));
    assert(contacts !== '*');
    assert.deepEqual(
      contacts.map((contact) => contact.uri),
      ['sip:x@y', 'sip:z@y?a=b,c'],
    );
    assert.equal(contacts[0]?.params.get('q'), '0.5');
    assert.equal(value(contactList(fields('Contact: *'))), '*');
    assert.equal(code(contactList(fields('Contact: *', 'Contact: <sip:a@b>'))), 'ERR_SIP_HEADER_NAME_ADDR');
  });
  test('fields by id', () => {
    const target = value(nameAddr(source, 'refer-to'));
    assert.equal(target?.uri, 'sip:who@example.org');
    assert.equal(target?.params.get('method'), 'INVITE');
    assert.equal(value(nameAddr(source, 'reply-to')), undefined);
    assert.deepEqual(
      value(nameAddrList(source, 'p-asserted-identity')).map((id) => id.uri),
      ['sip:a@b', 'tel:+1'],
    );
  });
});

describe('content (RFC 3261 §20.11 … §20.15)', () => {
  const types: readonly [string, readonly unknown[] | string][] = [
    ['text/plain', ['text', 'plain', []]],
    ['Text / HTML ; Charset=UTF-8', ['text', 'html', [['charset', 'UTF-8']]]],
    ['multipart/mixed;boundary="a;\\"b"', ['multipart', 'mixed', [['boundary', 'a;"b']]]],
    ['application/im-iscomposing+xml', ['application', 'im-iscomposing+xml', []]],
    ['text', 'ERR_SIP_HEADER_MEDIA_TYPE'],
    ['text/', 'ERR_SIP_HEADER_MEDIA_TYPE'],
    ['/plain', 'ERR_SIP_HEADER_MEDIA_TYPE'],
    ['text/plain;', 'ERR_SIP_HEADER_MEDIA_TYPE'],
    ['text/plain, text/html', 'ERR_SIP_HEADER_MEDIA_TYPE'],
    ['text/plain;charset', ['text', 'plain', [['charset', undefined]]]],
    ['', 'ERR_SIP_HEADER_MEDIA_TYPE'],
  ];
  for (const [raw, expected] of types) {
    test(`Content-Type ${JSON.stringify(raw)}`, () => {
      const read = parseMediaType(raw);
      assert.deepEqual(
        read.ok ? [read.value.type, read.value.subtype, [...read.value.params]] : read.error.code,
        expected,
      );
    });
  }
  test('Content-Disposition: handling is required unless it says optional', () => {
    assert.equal(value(contentDisposition(fields())), undefined);
    const dispositions = ['Render', 'session;handling=OPTIONAL', 'session;handling=required'].map((raw) => {
      const read = value(contentDisposition(fields(`Content-Disposition: ${raw}`)));
      return [read?.type, read?.handling];
    });
    assert.deepEqual(dispositions, [
      ['render', 'required'],
      ['session', 'optional'],
      ['session', 'required'],
    ]);
  });
  test('Content-Encoding, Content-Language, Subject', () => {
    assert.deepEqual(value(contentEncoding(fields('e: GZIP, tar'))), ['gzip', 'tar']);
    assert.deepEqual(value(contentLanguage(fields('Content-Language: de-AT'))), ['de-AT']);
    assert.equal(subject(fields('s: Gr\u00C3\u00BC\u00C3\u009Fe \u00FF')), 'Grüße \uFFFD');
    assert.equal(subject(fields()), undefined);
  });
});

describe('Accept (RFC 3261 §20.1 … §20.3)', () => {
  test('absent is not the same as empty', () => {
    assert.equal(value(accept(fields())), undefined);
    assert.deepEqual(value(accept(fields('Accept:'))), []);
  });
  test('ranges with q', () => {
    const ranges = value(accept(fields('Accept: text/*;q=0.3, text/html;level=1', 'Accept: */*;q=0')));
    assert.deepEqual(
      ranges?.map((range) => [range.type, range.subtype, range.q]),
      [
        ['text', '*', 0.3],
        ['text', 'html', 1],
        ['*', '*', 0],
      ],
    );
    assert(ranges !== undefined);
    assert.equal(acceptsType(ranges, 'text', 'plain'), true);
    assert.equal(acceptsType(ranges, 'image', 'png'), false);
    assert.equal(acceptsType([], 'text', 'plain'), false);
    const refused = value(accept(fields('Accept: */*, text/html;q=0')));
    assert.equal(acceptsType(refused ?? [], 'text', 'html'), false);
    assert.equal(acceptsType(refused ?? [], 'text', 'plain'), true);
  });
  for (const q of ['1.1', '-1', '0.1234', '2', 'x']) {
    test(`q=${q} is a fault`, () =>
      assert.equal(code(accept(fields(`Accept: text/plain;q=${q}`))), 'ERR_SIP_HEADER_QVALUE'));
  }
  test('encodings and languages', () => {
    assert.deepEqual(value(acceptEncoding(fields('Accept-Encoding: gzip;q=0.5, identity'))), [
      { token: 'gzip', q: 0.5 },
      { token: 'identity', q: 1 },
    ]);
    assert.deepEqual(value(acceptLanguage(fields('Accept-Language: da, en-GB;q=0.8'))), [
      { token: 'da', q: 1 },
      { token: 'en-gb', q: 0.8 },
    ]);
    assert.equal(value(acceptLanguage(fields())), undefined);
  });
});

test('lists of tokens: Allow, Supported, Require, Proxy-Require, Unsupported', () => {
  assert.deepEqual(value(allow(fields('Allow: INVITE, ACK', 'Allow: BYE'))), ['INVITE', 'ACK', 'BYE']);
  assert.deepEqual(value(supported(fields('k: 100rel ,timer'))), ['100rel', 'timer']);
  assert.deepEqual(value(supported(fields('Supported:'))), []);
  assert.deepEqual(value(requireTags(fields('Require: a'))), ['a']);
  assert.deepEqual(value(proxyRequire(fields('Proxy-Require: b'))), ['b']);
  assert.deepEqual(value(unsupported(fields('Unsupported: c'))), ['c']);
  assert.equal(code(requireTags(fields('Require: a b'))), 'ERR_SIP_HEADER_TOKEN');
});

test('RFC 6665 §8.2: Event and Subscription-State', () => {
  const read = value(event(fields('o: Presence.WinFo;id=Ab1')));
  assert.deepEqual([read?.package, read?.id], ['presence.winfo', 'Ab1']);
  const state = value(subscriptionState(fields('Subscription-State: Terminated;reason=timeout')));
  assert.deepEqual([state?.token, state?.params.get('reason')], ['terminated', 'timeout']);
});

test('RFC 3326 §2: Reason', () => {
  const read = value(
    reasonHeader(
      fields('Reason: SIP ;cause=200 ;text="Call completed elsewhere", Q.850;cause=16;text="Terminated"'),
    ),
  );
  assert.deepEqual(
    read.map(({ protocol, cause, text }) => [protocol, cause, text]),
    [
      ['SIP', 200, 'Call completed elsewhere'],
      ['Q.850', 16, 'Terminated'],
    ],
  );
  assert.deepEqual(
    value(reasonHeader(fields('Reason: preemption;cause=x'))).map((one) => [one.cause, one.text]),
    [[undefined, '']],
  );
});

describe('RFC 3261 §20.17: Date', () => {
  test('the example of the RFC, both ways', () => {
    const ms = Date.UTC(2010, 10, 13, 23, 29, 0);
    assert.equal(value(parseSipDate('Sat, 13 Nov 2010 23:29:00 GMT')), ms);
    assert.equal(formatSipDate(ms), 'Sat, 13 Nov 2010 23:29:00 GMT');
    assert.equal(value(date(fields('Date: Sat, 13 Nov 2010 23:29:00 GMT'))), ms);
    assert.equal(value(date(fields())), undefined);
  });
  for (const raw of [
    'Fri, 01 Jan 2010 16:00:00 EST',
    'Fri, 01 Jan 2010 16:00:00 UTC',
    'fri, 01 Jan 2010 16:00:00 GMT',
    'Fri, 1 Jan 2010 16:00:00 GMT',
    'Fri, 01 Jan 10 16:00:00 GMT',
    'Sat, 01 Jan 2010 16:00:00 GMT',
    'Wed, 31 Feb 2010 16:00:00 GMT',
    'Fri, 01 Jan 2010 24:00:00 GMT',
    'Fri, 01 Jan 2010 16:60:00 GMT',
    'Friday, 01-Jan-10 16:00:00 GMT',
    '2010-01-01T16:00:00Z',
  ]) {
    test(`refused: ${raw}`, () => assert.equal(code(parseSipDate(raw)), 'ERR_SIP_HEADER_DATE'));
  }
});

describe('RFC 3261 §20.33: Retry-After', () => {
  const cases: readonly [string, unknown][] = [
    ['18000;duration=3600', { seconds: 18000, comment: '', duration: 3600 }],
    ["120 (I'm in a meeting)", { seconds: 120, comment: "I'm in a meeting", duration: undefined }],
    ['5(a (nested) \\) one) ;duration=1', { seconds: 5, comment: 'a (nested) ) one', duration: 1 }],
    ['0', { seconds: 0, comment: '', duration: undefined }],
    ['949302838503028349304023988', 'ERR_SIP_HEADER_DELTA_SECONDS'],
    ['', 'ERR_SIP_HEADER_DELTA_SECONDS'],
    ['-1', 'ERR_SIP_HEADER_DELTA_SECONDS'],
    ['5 (open', 'ERR_SIP_HEADER_RETRY_AFTER'],
    ['5 x', 'ERR_SIP_HEADER_RETRY_AFTER'],
    ['5;duration=x', 'ERR_SIP_HEADER_DELTA_SECONDS'],
  ];
  for (const [raw, expected] of cases) {
    test(JSON.stringify(raw), () => {
      const read = parseRetryAfter(raw);
      assert.deepEqual(read.ok ? read.value : read.error.code, expected);
    });
  }
  test('written and read', () => {
    const made = { seconds: 7, comment: 'zurück (um 5) \\o/', duration: 60 };
    const source = fields(`Retry-After: ${formatRetryAfter(made)}`);
    assert.deepEqual(value(retryAfter(source)), made);
    assert.equal(formatRetryAfter({ seconds: 30 }), '30');
    assert.doesNotMatch(formatRetryAfter({ seconds: 30, comment: 'a\r\nb' }), /[\r\n]/);
  });
});

test('RFC 3261 §20.19, §20.23: Expires and Min-Expires', () => {
  assert.equal(value(expires(fields('Expires: 4294967295'))), 4294967295);
  assert.equal(code(expires(fields('Expires: 4294967296'))), 'ERR_SIP_HEADER_DELTA_SECONDS');
  assert.equal(code(expires(fields('Expires: 1.5'))), 'ERR_SIP_HEADER_DELTA_SECONDS');
  assert.equal(value(minExpires(fields('Min-Expires: 0060'))), 60);
  assert.equal(value(minExpires(fields())), undefined);
});

describe('RFC 3261 §20.43: Warning', () => {
  test('the examples of the RFC', () => {
    const source = fields(
      'Warning: 307 isi.edu "Session parameter \'foo\' not understood"',
      'Warning: 301 isi.edu "Incompatible network address type \'E.164\'", 399 a:5060 "x, \\"y\\""',
    );
    assert.deepEqual(value(warnings(source)), [
      { code: 307, agent: 'isi.edu', text: "Session parameter 'foo' not understood" },
      { code: 301, agent: 'isi.edu', text: "Incompatible network address type 'E.164'" },
      { code: 399, agent: 'a:5060', text: 'x, "y"' },
    ]);
  });
  test('RFC 4475 §3.1.2.5: four digits are a fault', () => {
    assert.equal(code(warnings(fields('Warning: 1812 overture "In Progress"'))), 'ERR_SIP_HEADER_WARNING');
  });
  test('written and read', () => {
    const made = { code: 399, agent: 'gw.example.net', text: 'say "ü" \\' };
    assert.deepEqual(value(warnings(fields(`Warning: ${formatWarning(made)}`))), [made]);
  });
});

describe('RFC 3261 §20.44, §22: challenges', () => {
  test('the example of RFC 3261 §20.27', () => {
    const source = fields(
      'Proxy-Authenticate: Digest realm="atlanta.com", domain="sip:ss1.carrier.com", qop="auth", nonce="f84f1cec41e6cbe5aea9c8e88d359", opaque="", stale=FALSE, algorithm=MD5',
    );
    const [challenge] = value(proxyAuthenticate(source));
    assert.equal(challenge?.scheme, 'digest');
    assert.deepEqual(
      [...(challenge?.params ?? [])],
      [
        ['realm', 'atlanta.com'],
        ['domain', 'sip:ss1.carrier.com'],
        ['qop', 'auth'],
        ['nonce', 'f84f1cec41e6cbe5aea9c8e88d359'],
        ['opaque', ''],
        ['stale', 'FALSE'],
        ['algorithm', 'MD5'],
      ],
    );
  });
  test('several in one field and in several, in order', () => {
    const source = fields(
      'WWW-Authenticate: Digest realm="a, \\"b\\"", nonce=x , Negotiate, DIGEST algorithm=SHA-256,realm="c"',
      'WWW-Authenticate: Basic realm=d',
    );
    const read = value(wwwAuthenticate(source));
    assert.deepEqual(
      read.map(({ scheme, params }) => [scheme, params.get('realm')]),
      [
        ['digest', 'a, "b"'],
        ['negotiate', undefined],
        ['digest', 'c'],
        ['basic', 'd'],
      ],
    );
  });
  test('RFC 7235 §2.1: a token68 of another scheme does not spoil the rest', () => {
    const read = value(parseChallenges('Negotiate YII+/a==, Digest realm="x"'));
    assert.deepEqual(
      read.map(({ scheme, params }) => [scheme, params.get('realm')]),
      [
        ['negotiate', undefined],
        ['digest', 'x'],
      ],
    );
  });
  for (const raw of [
    '',
    'realm="x"',
    'Digest a b',
    'Digest realm="x',
    'Digest realm="x" nonce="y"',
    'Digest a=1, A=2',
    'Digest/x',
    'Digest a=,b=1',
  ]) {
    test(`refused: ${raw}`, () => assert.equal(code(parseChallenges(raw)), 'ERR_SIP_HEADER_CHALLENGE'));
  }
});
