// Golden pairs of the address rows, both directions; domains unchanged.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toByteString } from '../../src/base/index.ts';
import { formatJid, parseJid, type Jid } from '../../src/xmpp/index.ts';
import {
  canonicalHost,
  domainToHost,
  hostToDomain,
  jidToImPresUri,
  jidToSipUri,
  jidToXmppUri,
  uriToJid,
  xmppUriToJid,
} from '../../src/mapping/index.ts';

function jid(text: string): Jid {
  const parsed = parseJid(text);
  assert.ok(parsed.ok, text);
  return parsed.value;
}

function toJid(uri: string, headerGr?: string): string {
  const mapped = uriToJid(toByteString(uri), headerGr);
  return mapped.ok ? formatJid(mapped.value) : mapped.error.kind;
}

function toUri(text: string): string {
  const mapped = jidToSipUri(jid(text));
  return mapped.ok ? mapped.value : mapped.error.kind;
}

describe('both ways', () => {
  const pairs: readonly [string, string, string][] = [
    // RFC 7247 §6.4 and §6.5: the six examples.
    ['§6.4', 'sip:f%C3%BC@sip.example', 'fü@sip.example'],
    ['§6.4', "sip:o'malley@sip.example", 'o\\27malley@sip.example'],
    ['§6.4', 'sip:foo@sip.example;gr=bar', 'foo@sip.example/bar'],
    ['§6.5', 'sip:m&m@xmpp.example', 'm\\26m@xmpp.example'],
    ['§6.5', 'sip:tsch%C3%BCss@xmpp.example', 'tschüss@xmpp.example'],
    ['§6.5', 'sip:baz@xmpp.example;gr=qux', 'baz@xmpp.example/qux'],
    ['XEP-0106 §4.3', 'sip:c%3A%5C5commas@example.com', 'c\\3a\\5c5commas@example.com'],
    ['ADDR-02', 'sip:%2541@a.example', '%41@a.example'],
    ['ADDR-04', 'sip:a/b@a.example', 'a\\2fb@a.example'],
    ['ADDR-05', 'sip:a%20b%22c%3Ad%3Ce%3Ef%40g@a.example', 'a\\20b\\22c\\3ad\\3ce\\3ef\\40g@a.example'],
    ['ADDR-33', "sip:a&'/(),;=?!$*+-._~0@a.example", 'a\\26\\27\\2f(),;=?!$*+-._~0@a.example'],
    ['ADDR-33', 'sip:a%23%25%5B%5C%5D%5E%60%7B%7C%7D@a.example', 'a#%[\\]^`{|}@a.example'],
    ['ADDR-14, ADDR-38', 'sip:example.com', 'example.com'],
    ['ADDR-38', 'sip:example.com;gr=x', 'example.com/x'],
    ['ADDR-36', "sip:a@a.example;gr=r-_.!~*'()[]/:&+$0", "a@a.example/r-_.!~*'()[]/:&+$0"],
    [
      'ADDR-36',
      'sip:a@a.example;gr=%20%3B%3F%40%3D%2C%25%22%3C%3E%23%5C%5E%60%7B%7C%7D',
      'a@a.example/ ;?@=,%"<>#\\^`{|}',
    ],
    ['ADDR-36', 'sip:a@a.example;gr=B%C3%BCro', 'a@a.example/Büro'],
    [
      'ADDR-36',
      'sip:a@a.example;gr=urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6',
      'a@a.example/urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6',
    ],
    ['ADDR-50', 'sip:a@xn--bcher-kva.example', 'a@bücher.example'],
    ['ADDR-50', 'sip:a@xn--80ak6aa92e.example', 'a@аррӏе.example'],
    ['ADDR-52', 'sip:a@192.0.2.1', 'a@192.0.2.1'],
    ['ADDR-52', 'sip:a@[2001:db8::1]', 'a@[2001:db8::1]'],
    ['right to left', 'sip:%D7%A9%D7%9C%D7%95%D7%9D@a.example', 'שלום@a.example'],
  ];
  for (const [row, uri, address] of pairs) {
    test(`${row}: ${uri} ↔ ${address}`, () => {
      assert.equal(toJid(uri), address);
      assert.equal(toUri(address), uri);
    });
  }
});

describe('SIP → XMPP only', () => {
  const cases: readonly [string, string, string][] = [
    ['ADDR-01', 'SIP:a@a.example', 'a@a.example'],
    ['ADDR-01', 'im:a@a.example', 'a@a.example'],
    ['ADDR-01', 'pres:a@a.example', 'a@a.example'],
    ['ADDR-01', 'sips:a@a.example', 'a@a.example'],
    [
      'ADDR-01: ";" "?" "/" before "@" belong to the user',
      'sip:a;b=c?d/e@a.example',
      'a;b=c?d\\2fe@a.example',
    ],
    ['ADDR-02: percent-decoded letters', 'sip:%61%6C%69ce@a.example', 'alice@a.example'],
    ['ADDR-03: overlong', 'sip:%C0%AF@a.example', 'unmappable'],
    ['ADDR-03: surrogate', 'sip:%ED%A0%80@a.example', 'unmappable'],
    ['ADDR-03: Latin-1', 'sip:f%FC@a.example', 'unmappable'],
    ['ADDR-07', 'sip:%20a@a.example', 'unmappable'],
    ['ADDR-07', 'sip:a%20@a.example', 'unmappable'],
    ['ADDR-08', 'sip:Alice@A.Example', 'alice@a.example'],
    ['ADDR-09', 'sip:a%00@a.example', 'unmappable'],
    ['ADDR-09', 'sip:a%0Ab@a.example', 'unmappable'],
    ['ADDR-09', 'sip:a%7F@a.example', 'unmappable'],
    [
      'ADDR-10',
      'sip:a:secret@a.example:5070;transport=tcp;user=ip;maddr=192.0.2.1;ttl=1;lr;x=y?Subject=z',
      'a@a.example',
    ],
    ['ADDR-12', 'sip:a@a.example;gr', 'a@a.example'],
    ['ADDR-13', 'sip:a@a.example;GR=x', 'a@a.example/x'],
    ['ADDR-15', `sip:${'a'.repeat(1024)}@a.example`, 'unmappable'],
    ['ADDR-15', `sip:a@a.example;gr=${'a'.repeat(1024)}`, 'unmappable'],
    ['ADDR-11: control in gr', 'sip:a@a.example;gr=%0A', 'unmappable'],
    ['ADDR-51', 'sip:a@A.EXAMPLE.', 'a@a.example'],
    ['ADDR-50: broken A-label', 'sip:a@xn--a-.example', 'unmappable'],
    ['ADDR-64', 'http://a.example/', 'scheme'],
    ['ADDR-64', 'xmpp:a@a.example', 'scheme'],
    ['ADDR-60: no telephony domain', 'tel:+12015550123', 'scheme'],
    ['no URI', 'a@a.example', 'unmappable'],
    ['raw octets above ASCII', 'sip:ü@a.example', 'unmappable'],
  ];
  for (const [row, uri, expected] of cases) {
    test(`${row}: ${uri.slice(0, 60)}`, () => assert.equal(toJid(uri), expected));
  }
  test('ADDR-13: gr outside of the brackets counts only when the URI has none', () => {
    assert.equal(toJid('sip:a@b.example', 'x%20y'), 'a@b.example/x y');
    assert.equal(toJid('sip:a@b.example;gr=in', 'out'), 'a@b.example/in');
    assert.equal(toJid('sip:a@b.example;gr', 'out'), 'a@b.example');
  });
});

describe('XMPP → SIP only', () => {
  const cases: readonly [string, string, string][] = [
    ['ADDR-30: first "/"', 'a@a.example/b@c/d', 'sip:a@a.example;gr=b%40c/d'],
    ['ADDR-31: prepared before unescaping', 'a\\2Fb@a.example', 'sip:a/b@a.example'],
    ['ADDR-32: unknown sequences stay', 'a\\2pb\\41@a.example', 'sip:a%5C2pb%5C41@a.example'],
    ['ADDR-32: one pass', '\\5c27@a.example', 'sip:%5C27@a.example'],
    ['ADDR-51', 'A@A.Example.', 'sip:a@a.example'],
    ['a needless escape', 'a\\5cb@a.example', 'unmappable'],
    ['a last label of digits is no host name', 'a@example.123', 'unmappable'],
  ];
  for (const [row, address, expected] of cases) {
    test(`${row}: ${address}`, () => assert.equal(toUri(address), expected));
  }
});

describe('ADDR-34: im and pres URIs', () => {
  const cases: readonly [string, string][] = [
    ['a@a.example', 'im:a@a.example'],
    ['juliet.c@a.example', 'im:juliet%2Ec@a.example'],
    ['a(),;[\\]@a.example', 'im:a%28%29%2C%3B%5B%5C%5D@a.example'],
    ['a!$*+-=?_~@a.example', 'im:a!$*+-=?_~@a.example'],
    ['a\\26\\27\\2f@a.example', "im:a&'/@a.example"],
    ['ü\\20\\22\\3a\\3c\\3e\\40%#x@a.example', 'im:%C3%BC%20%22%3A%3C%3E%40%25%23x@a.example'],
    ['a@a.example/res', 'im:a@a.example'],
  ];
  for (const [address, uri] of cases) {
    test(`${address} → ${uri}`, () => {
      assert.deepEqual(jidToImPresUri(jid(address), 'im'), { ok: true, value: uri });
      // Equivalent for whoever reads it back.
      assert.equal(toJid(uri), address.replace(/\/res$/, ''));
    });
  }
  test('pres', () =>
    assert.deepEqual(jidToImPresUri(jid('a@b.example'), 'pres'), { ok: true, value: 'pres:a@b.example' }));
  test('a domain has none', () => assert.equal(jidToImPresUri(jid('b.example'), 'im').ok, false));
});

describe('ADDR-52, RFC 5954 §4.2: every spelling of an IPv6 address is one address', () => {
  const spellings = ['2001:db8::1', '2001:0DB8::0001', '2001:db8:0:0::1', '2001:db8:0:0:0:0:0.0.0.1'];
  for (const spelling of spellings) {
    test(spelling, () => {
      assert.equal(toJid(`sip:a@[${spelling}]`), 'a@[2001:db8::1]');
      assert.equal(toUri(`a@[${spelling}]`), 'sip:a@[2001:db8::1]');
      assert.equal(canonicalHost(`[${spelling}]`), '[2001:db8::1]');
    });
  }
});

describe('ADDR-50 … 52: domains', () => {
  const pairs: readonly [string, string][] = [
    ['example.org', 'example.org'],
    ['xn--bcher-kva.example', 'bücher.example'],
    ['xn--fa-hia.example', 'faß.example'],
    ['[2001:db8::1]', '[2001:db8::1]'],
    ['192.0.2.1', '192.0.2.1'],
  ];
  for (const [host, domain] of pairs) {
    test(`${host} ↔ ${domain}`, () => {
      assert.deepEqual(hostToDomain(host), { ok: true, value: domain });
      assert.deepEqual(domainToHost(domain), { ok: true, value: host });
    });
  }
  test('one final dot, upper case', () => {
    assert.deepEqual(hostToDomain('EXAMPLE.org.'), { ok: true, value: 'example.org' });
  });
  for (const host of [
    '',
    '.',
    'a..b',
    '-a.de',
    'a'.repeat(64),
    'xn--a-.example',
    'a_b.example',
    '[::g]',
    'a b',
  ]) {
    test(`no domain: ${JSON.stringify(host)}`, () => assert.equal(hostToDomain(host).ok, false));
  }
});

describe('ADDR-62: xmpp URIs', () => {
  const pairs: readonly [string, string][] = [
    ['xmpp:romeo@afterlife.example.net', 'romeo@afterlife.example.net'],
    ['xmpp:example-node@example.com/some-resource', 'example-node@example.com/some-resource'],
    ['xmpp:example.com', 'example.com'],
    [
      'xmpp:nasty!%23$%25()*+,-.;=%3F%5B%5C%5D%5E_%60%7B%7C%7D~node@example.com',
      'nasty!#$%()*+,-.;=?[\\]^_`{|}~node@example.com',
    ],
  ];
  for (const [uri, address] of pairs) {
    test(`${uri} ↔ ${address}`, () => {
      const mapped = xmppUriToJid(uri);
      assert.equal(mapped.ok && formatJid(mapped.value), address);
      assert.equal(jidToXmppUri(jid(address)), uri);
    });
  }
  const read: readonly [string, string][] = [
    ['xmpp:romeo@a.example?message;subject=x', 'romeo@a.example'],
    ['XMPP:fü@a.example', 'fü@a.example'],
    ['\n  xmpp:a@a.example\n', 'a@a.example'],
  ];
  for (const [uri, address] of read) {
    test(JSON.stringify(uri), () => {
      const mapped = xmppUriToJid(uri);
      assert.equal(mapped.ok && formatJid(mapped.value), address);
    });
  }
  for (const uri of [
    'sip:a@b.example',
    'xmpp:',
    'xmpp:@b',
    'xmpp:a%0A@b.example',
    'a@b.example',
    'xmpp:a b@c.example',
  ]) {
    test(`refused: ${uri}`, () => assert.equal(xmppUriToJid(uri).ok, false));
  }
});
