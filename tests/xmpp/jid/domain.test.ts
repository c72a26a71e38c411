// RFC 7622 §3.2: domainparts are U-labels (RFC 5890), IPv4 addresses or IPv6 addresses in brackets.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isIpv4, isIpv6, prepareDomain } from '../../../src/xmpp/jid/index.ts';

describe('accepted', () => {
  const label63 = 'a'.repeat(63);
  const cases: readonly (readonly [string, string, string])[] = [
    ['as it is', 'example.com', 'example.com'],
    ['ADDR-51: lower case', 'EXAMPLE.Com', 'example.com'],
    ['the outermost letters and digits', 'AZ.az.09', 'az.az.09'],
    ['label of 63 after another', `b.${label63}`, `b.${label63}`],
    ['§3.2: one final dot goes', 'example.com.', 'example.com'],
    ['unqualified name', 'localhost', 'localhost'],
    ['digits and hyphens', '1-2.3a', '1-2.3a'],
    ['label of 63', `${label63}.example`, `${label63}.example`],
    [
      '253 in all',
      `${`${label63}.`.repeat(3)}${'b'.repeat(61)}`,
      `${`${label63}.`.repeat(3)}${'b'.repeat(61)}`,
    ],
    ['U-label', 'bücher.example', 'bücher.example'],
    ['§3.2.1: A-label becomes a U-label', 'xn--bcher-kva.example', 'bücher.example'],
    ['A-label in capitals', 'XN--BCHER-KVA.example', 'bücher.example'],
    ['upper case beyond ASCII', 'BÜCHER.Example', 'bücher.example'],
    ['NFC', 'bu\u0308cher.example', 'bücher.example'],
    ['width', '\uff45\uff58.example', 'ex.example'],
    ['IDNA2008 keeps sharp s', 'faß.de', 'faß.de'],
    ['and final sigma', 'βόλος.com', 'βόλος.com'],
    ['ideographic full stop', '例え。テスト', '例え.テスト'],
    ['right to left', 'אבג.example', 'אבג.example'],
    ['RFC 5892 A.1: ZWNJ after virama', 'क्\u200cष.example', 'क्\u200cष.example'],
    ['RFC 5892 A.1: ZWNJ between joining letters', 'نامه\u200cای.example', 'نامه\u200cای.example'],
    ['RFC 5892 A.7: middle dot with kana', 'あ・い.example', 'あ・い.example'],
    ['IPv4', '192.0.2.1', '192.0.2.1'],
    ['ADDR-52: IPv6 in brackets', '[2001:DB8::1]', '[2001:db8::1]'],
    ['RFC 5952 §4.2: one text of an IPv6 address', '[2001:0db8:0:0:0:0:0:1]', '[2001:db8::1]'],
    ['RFC 5952 §5', '[::FFFF:c000:201]', '[::ffff:192.0.2.1]'],
    ['IPv6 with IPv4', '[::ffff:192.0.2.1]', '[::ffff:192.0.2.1]'],
  ];
  for (const [name, text, expected] of cases) {
    test(`${name}: ${text.slice(0, 30)}`, () => {
      assert.deepEqual(prepareDomain(text), { ok: true, value: expected });
      assert.deepEqual(prepareDomain(expected), { ok: true, value: expected }, 'again');
    });
  }
});

describe('refused', () => {
  const label63 = 'a'.repeat(63);
  const cases: readonly (readonly [string, string])[] = [
    ['empty', ''],
    ['a dot', '.'],
    ['two final dots', 'example.com..'],
    ['empty label', 'a..b'],
    ['first dot', '.a'],
    ['hyphen first', '-a.de'],
    ['hyphen last', 'a-.de'],
    ['hyphen last of all', 'a.de-'],
    ['RFC 5890 §2.3.1: reserved label', 'ab--cd.de'],
    ['label of 64', `${label63}a.de`],
    ['second label of 64', `b.${label63}a.de`],
    ['254 in all', `${`${label63}.`.repeat(3)}${'b'.repeat(62)}`],
    ['underscore', 'a_b.de'],
    ['space', 'a b.de'],
    ['slash', 'a/b'],
    ['at', 'a@b'],
    ['full-width slash', 'a\uff0fb.de'],
    ['full-width at', 'a\uff20b.de'],
    ['NUL', 'a\0.de'],
    ['control character beyond ASCII', 'a\u0085.de'],
    ['line end', 'a.de\n'],
    ['bad Punycode', 'xn--a.de'],
    ['A-label of ASCII', 'xn--abc-.de'],
    ['A-label of nothing', 'xn--.de'],
    ['A-label that is not NFC', 'xn--u-ccb.de'],
    ['emoji, which UTS 46 allows and IDNA2008 does not', '☕.example'],
    ['emoji as A-label', 'xn--53h.example'],
    ['zero-width space only', '\u200b'],
    ['combining mark first', '\u0301a.de'],
    ['RFC 5893 §2: digit before a right-to-left letter', '1אב.example'],
    ['RFC 5893 §2: both directions', 'aא.example'],
    ['RFC 5893 §3: LTR label that ends in a neutral, in a Bidi domain', 'אב.1a'],
    ['RFC 5892 A.1: ZWNJ without context', 'a\u200cb.example'],
    ['RFC 5892 A.2: ZWJ without context', 'a\u200db.example'],
    ['RFC 5892 A.3: middle dot without l', 'a·b.example'],
    ['RFC 5892 A.7: katakana middle dot alone', 'a・b.example'],
    ['RFC 5892 A.8: two kinds of digits', 'ب٣۳.example'],
    ['lone surrogate', 'a\ud800.de'],
    ['ideographic full stop at the end', 'example。'],
    ['long', 'é'.repeat(2000)],
    ['empty brackets', '[]'],
    ['IPv4 in brackets', '[192.0.2.1]'],
    ['bracket not closed', '[::1'],
    ['text after the bracket', '[::1]x'],
    ['IPv6 without brackets', '2001:db8::1'],
    ['IPv6 with zone', '[fe80::1%25eth0]'],
    ['port', 'example.com:5222'],
  ];
  for (const [name, text] of cases) {
    test(`${name}: ${JSON.stringify(text.slice(0, 30))}`, () => {
      const result = prepareDomain(text);
      assert.equal(result.ok ? `accepted as ${result.value}` : result.error.code, 'jid-malformed');
    });
  }
});

describe('RFC 3986 §3.2.2: addresses', () => {
  const addresses: readonly (readonly [string, boolean, boolean])[] = [
    ['0.0.0.0', true, false],
    ['255.255.255.255', true, false],
    ['256.0.0.1', false, false],
    ['1.2.3', false, false],
    ['1.2.3.4.5', false, false],
    ['01.2.3.4', false, false],
    ['1.2.3.', false, false],
    ['::', false, true],
    ['::1', false, true],
    ['1::', false, true],
    ['1:2:3:4:5:6:7:8', false, true],
    ['1:2:3:4:5:6:7::', false, true],
    ['::2:3:4:5:6:7:8', false, true],
    ['1:2:3:4:5:6:1.2.3.4', false, true],
    ['::1.2.3.4', false, true],
    ['1::5:1.2.3.4', false, true],
    ['1:2:3:4:5:6:7', false, false],
    ['1:2:3:4:5:6:7:8:9', false, false],
    ['1:2:3:4::5:6:7:8', false, false],
    ['1::2::3', false, false],
    [':::', false, false],
    [':1:2:3:4:5:6:7', false, false],
    ['1:2:3:4:5:6:7:', false, false],
    ['12345::', false, false],
    ['g::', false, false],
    ['1.2.3.4::', false, false],
    ['1:2:3:4:5:6:7:1.2.3.4', false, false],
    ['::1.2.3', false, false],
    ['', false, false],
  ];
  for (const [text, four, six] of addresses) {
    test(JSON.stringify(text), () => {
      assert.equal(isIpv4(text), four, 'IPv4');
      assert.equal(isIpv6(text), six, 'IPv6');
    });
  }
});
