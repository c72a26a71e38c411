import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toByteString } from '../../src/base/index.ts';
import { parseJid } from '../../src/xmpp/index.ts';
import {
  AddressBook,
  faultToResponse,
  faultToStanzaError,
  faultToStatus,
  type AddressFaultKind,
  type AddressRole,
  type DomainRule,
} from '../../src/mapping/index.ts';

/** The rules of the configuration's example. */
const EXAMPLE: readonly DomainRule[] = [
  { home: 'sip', sip: 'example.net', xmpp: 'example.net' },
  { home: 'xmpp', xmpp: 'example.org', sip: 'example.org' },
  { home: 'sip', sip: 'corp.example', xmpp: 'phones.corp.example' },
  { home: 'sip', sip: '*', xmpp: 'sip.example.org' },
  { home: 'xmpp', xmpp: '*', sip: 'xmpp.example.net', separator: '*' },
];

type Question = 'sip target' | 'sip sender' | 'jid target' | 'jid sender';

/** The mapped address, or the kind of the fault. Asked twice: the second answer comes out of the cache. */
function ask(book: AddressBook, question: Question, address: string): string {
  const once = (): string => {
    if (question.startsWith('sip')) {
      const uri = toByteString(address);
      const mapped = question === 'sip target' ? book.sipTargetToJid(uri) : book.sipSenderToJid(uri);
      return mapped.ok ? mapped.value.jidText : mapped.error.kind;
    }
    const mapped = question === 'jid target' ? book.jidTargetToSip(address) : book.jidSenderToSip(address);
    return mapped.ok ? mapped.value.uri : mapped.error.kind;
  };
  const first = once();
  assert.equal(once(), first);
  return first;
}

type Row = readonly [Question, string, string];

function table(name: string, rules: readonly DomainRule[], rows: readonly Row[]): void {
  describe(name, () => {
    const book = new AddressBook(rules);
    for (const [question, address, expected] of rows) {
      test(`${question} ${address} → ${expected}`, () =>
        assert.equal(ask(book, question, address), expected));
    }
  });
}

table('the example of the configuration', EXAMPLE, [
  ['sip sender', 'sip:bob@example.net', 'bob@example.net'],
  ['jid target', 'bob@example.net', 'sip:bob@example.net'],
  ['sip target', 'sip:ann@example.org', 'ann@example.org'],
  ['jid sender', 'ann@example.org/pda', 'sip:ann@example.org;gr=pda'],
  // Renamed.
  ['sip sender', 'sip:bob@corp.example', 'bob@phones.corp.example'],
  ['jid target', 'bob@phones.corp.example', 'sip:bob@corp.example'],
  // Folded into a JID by the standard escape.
  ['sip sender', 'sip:bob@sip.org', 'bob\\40sip.org@sip.example.org'],
  ['jid target', 'bob\\40sip.org@sip.example.org', 'sip:bob@sip.org'],
  ['jid target', 'bob\\40sip.org@sip.example.org/x', 'sip:bob@sip.org;gr=x'],
  ['sip sender', 'sip:bob@sip.org;gr=x', 'bob\\40sip.org@sip.example.org/x'],
  // Folded into a SIP user part by the separator; the escape is read as well.
  ['jid sender', 'ann@jabber.org', 'sip:ann*jabber.org@xmpp.example.net'],
  ['sip target', 'sip:ann*jabber.org@xmpp.example.net', 'ann@jabber.org'],
  ['sip target', 'sip:ann%40jabber.org@xmpp.example.net', 'ann@jabber.org'],
  // Local parts that hold the separator, or the "@".
  ['jid sender', 'a*b@jabber.org', 'sip:a*b*jabber.org@xmpp.example.net'],
  ['sip target', 'sip:a*b*jabber.org@xmpp.example.net', 'a*b@jabber.org'],
  ['jid sender', 'a\\40b@jabber.org', 'sip:a%40b*jabber.org@xmpp.example.net'],
  ['sip target', 'sip:a%40b*jabber.org@xmpp.example.net', 'a\\40b@jabber.org'],
  ['sip target', 'sip:a*b%40jabber.org@xmpp.example.net', 'a*b@jabber.org'],
  ['sip sender', 'sip:a%40b@sip.org', 'a\\40b\\40sip.org@sip.example.org'],
  ['jid target', 'a\\40b\\40sip.org@sip.example.org', 'sip:a%40b@sip.org'],
  // A separator that the rule does not have is no separator.
  ['jid target', 'bob*sip.org@sip.example.org', 'no-rule'],
  ['sip target', 'sip:ann!jabber.org@xmpp.example.net', 'no-rule'],
  // Whole domains: mark and domain; a text without mark names nobody.
  ['jid sender', 'conference.jabber.org', 'sip:*conference.jabber.org@xmpp.example.net'],
  ['sip target', 'sip:*conference.jabber.org@xmpp.example.net', 'conference.jabber.org'],
  ['sip sender', 'sip:sip.org', '\\40sip.org@sip.example.org'],
  ['jid target', '\\40sip.org@sip.example.org', 'sip:sip.org'],
  ['jid target', 'bob@sip.example.org', 'no-rule'],
  ['jid target', 'sip.example.org', 'no-rule'],
  ['sip target', 'sip:ann@xmpp.example.net', 'no-rule'],
  ['sip target', 'sip:ann*@xmpp.example.net', 'no-rule'],
  // Nothing but a domain may follow the mark.
  ['jid target', 'bob\\40sip.org\\3a5060@sip.example.org', 'unmappable'],
  ['jid target', 'bob\\40sip.org;maddr=192.0.2.1@sip.example.org', 'unmappable'],
  ['sip target', 'sip:ann*jabber.org/x@xmpp.example.net', 'unmappable'],
  ['jid target', 'bob\\40[\\3a\\3a1]@sip.example.org', 'sip:bob@[::1]'],
  // RFC 5954 §4.2: two spellings of one host are one user.
  ['jid target', 'bob\\40[2001\\3adb8\\3a0\\3a\\3a1]@sip.example.org', 'sip:bob@[2001:db8::1]'],
  ['sip sender', 'sip:bob@[2001:0DB8:0::1]', 'bob\\40[2001\\3adb8\\3a\\3a1]@sip.example.org'],
  // ADDR-50 within folds: the domain in the form of the side.
  ['sip sender', 'sip:bob@xn--bcher-kva.example', 'bob\\40bücher.example@sip.example.org'],
  ['jid target', 'bob\\40bücher.example@sip.example.org', 'sip:bob@xn--bcher-kva.example'],
  ['jid target', 'bob\\40xn--bcher-kva.example@sip.example.org', 'sip:bob@xn--bcher-kva.example'],
  ['jid sender', 'ann@bücher.example', 'sip:ann*xn--bcher-kva.example@xmpp.example.net'],
  // ERR-G6, ERR-G7: nobody covers it.
  ['sip target', 'sip:bob@example.net', 'no-rule'],
  ['jid target', 'ann@example.org', 'no-rule'],
  ['sip target', 'sip:x@nowhere.example', 'no-rule'],
  // A wildcard does not let one side speak for domains of the other.
  ['sip sender', 'sip:ann@example.org', 'no-rule'],
  ['sip sender', 'sip:ann@xmpp.example.net', 'no-rule'],
  ['jid sender', 'bob@example.net', 'no-rule'],
  ['jid sender', 'bob@phones.corp.example', 'no-rule'],
  ['jid sender', 'bob\\40sip.org@sip.example.org', 'no-rule'],
  // ERR-R9, DNS-06: it would come back.
  ['jid target', 'ann\\40example.org@sip.example.org', 'loop'],
  ['jid target', 'ann*jabber.org\\40xmpp.example.net@sip.example.org', 'loop'],
  ['sip target', 'sip:bob*example.net@xmpp.example.net', 'loop'],
  ['sip target', 'sip:bob%40sip.org*sip.example.org@xmpp.example.net', 'loop'],
  // ADDR-63, ADDR-64, ADDR-65, ADDR-20.
  ['sip target', 'sips:ann@example.org', 'sips'],
  ['sip sender', 'sips:bob@example.net', 'bob@example.net'],
  ['sip target', 'im:ann@example.org', 'ann@example.org'],
  ['sip sender', 'pres:bob@example.net', 'bob@example.net'],
  ['sip target', 'mailto:ann@example.org', 'scheme'],
  ['sip target', 'sip:%FF@example.org', 'unmappable'],
  ['jid target', 'a"b@example.net', 'unmappable'],
  ['jid target', '', 'unmappable'],
  // What is written and compared has one spelling.
  ['sip sender', 'sip:Bob@EXAMPLE.NET.:5070;transport=tcp', 'bob@example.net'],
  ['jid target', 'Bob@EXAMPLE.net./X', 'sip:bob@example.net;gr=X'],
]);

table(
  'separator towards XMPP',
  [{ home: 'sip', sip: '*', xmpp: 'sip.example.org', separator: '*' }],
  [
    ['sip sender', 'sip:bob@sip.org', 'bob*sip.org@sip.example.org'],
    ['jid target', 'bob*sip.org@sip.example.org', 'sip:bob@sip.org'],
    ['jid target', 'bob\\40sip.org@sip.example.org', 'sip:bob@sip.org'],
    ['sip sender', 'sip:a*b@sip.org', 'a*b*sip.org@sip.example.org'],
    ['jid target', 'a*b*sip.org@sip.example.org', 'sip:a*b@sip.org'],
    ['sip sender', 'sip:sip.org', '*sip.org@sip.example.org'],
  ],
);

describe('ADDR-33, ADDR-53: the addresses of another gateway, such as those of biboumi for IRC, both ways', () => {
  const rules: readonly DomainRule[] = [
    { home: 'xmpp', xmpp: 'irc.example.org', sip: 'irc.example.org' },
    { home: 'xmpp', xmpp: '*', sip: 'xmpp.example.net', separator: '*' },
    { home: 'sip', sip: '*', xmpp: 'sip.example.org' },
  ];
  const book = new AddressBook(rules);
  // RFC 2812 §2.3.1: a nick may hold [ ] \\ ` _ ^ { | }; §1.3: a channel begins with # & + or !.
  const pairs = [
    ['ivy%irc.test@irc.example.org', 'sip:ivy%25irc.test@irc.example.org'],
    ['#chat%irc.test@irc.example.org', 'sip:%23chat%25irc.test@irc.example.org'],
    ['##c++%irc.test@irc.example.org', 'sip:%23%23c++%25irc.test@irc.example.org'],
    ['\\26local%irc.test@irc.example.org', 'sip:&local%25irc.test@irc.example.org'],
    ['!abcde%irc.test@irc.example.org', 'sip:!abcde%25irc.test@irc.example.org'],
    ['#a\\40b%irc.test@irc.example.org', 'sip:%23a%40b%25irc.test@irc.example.org'],
    ['[i]_\\v`y^{|}%irc.test@irc.example.org', 'sip:%5Bi%5D_%5Cv%60y%5E%7B%7C%7D%25irc.test@irc.example.org'],
    ['#chat%irc.test@irc.example.org/ivy', 'sip:%23chat%25irc.test@irc.example.org;gr=ivy'],
    ['irc.test@irc.example.org', 'sip:irc.test@irc.example.org'],
    // Folded, behind another domain: the last separator is the border, and the "%" is none.
    ['ivy%irc.test@irc.jabber.org', 'sip:ivy%25irc.test*irc.jabber.org@xmpp.example.net'],
    ['#chat%irc.test@irc.jabber.org', 'sip:%23chat%25irc.test*irc.jabber.org@xmpp.example.net'],
    ['#*%irc.test@irc.jabber.org', 'sip:%23*%25irc.test*irc.jabber.org@xmpp.example.net'],
  ] as const;
  for (const [jid, uri] of pairs) {
    test(`${jid} ↔ ${uri}`, () => {
      assert.equal(ask(book, 'jid sender', jid), uri);
      assert.equal(ask(book, 'sip target', uri), jid);
    });
  }
  test('a "#" that is not escaped begins a fragment, which a SIP URI has not', () => {
    assert.equal(ask(book, 'sip target', 'sip:#chat%25irc.test@irc.example.org'), 'unmappable');
  });
  // The other direction of the same characters: SIP users who are so called.
  const sipPairs = [
    ['sip:%23100@pbx.test', '#100\\40pbx.test@sip.example.org'],
    ['sip:50%25@pbx.test', '50%\\40pbx.test@sip.example.org'],
  ] as const;
  for (const [uri, jid] of sipPairs) {
    test(`${uri} ↔ ${jid}`, () => {
      assert.equal(ask(book, 'sip sender', uri), jid);
      assert.equal(ask(book, 'jid target', jid), uri);
    });
  }
});

table(
  'a longer *.name is closer than a shorter one, also between the sides; of two "*" the first counts',
  [
    { home: 'xmpp', xmpp: '*.example.org', sip: '*.example.org' },
    { home: 'sip', sip: '*.b.example.org', xmpp: '*.b.example.org' },
    { home: 'sip', sip: '*', xmpp: 'first.example' },
    { home: 'sip', sip: '*', xmpp: 'second.example' },
  ],
  [
    ['jid sender', 'u@x.example.org', 'sip:u@x.example.org'],
    ['jid sender', 'u@x.b.example.org', 'no-rule'],
    ['sip target', 'sip:u@x.b.example.org', 'loop'],
    ['sip sender', 'sip:u@x.b.example.org', 'u@x.b.example.org'],
    ['sip sender', 'sip:u@x.example.org', 'no-rule'],
    ['sip sender', 'sip:u@sip.org', 'u\\40sip.org@first.example'],
    ['jid target', 'u\\40sip.org@second.example', 'sip:u@sip.org'],
    // RFC 5893: left-to-right user and right-to-left domain make no localpart together; the A-label does.
    ['sip sender', 'sip:u@xn--9dbne9b.example', 'u\\40xn--9dbne9b.example@first.example'],
    ['jid target', 'u\\40xn--9dbne9b.example@first.example', 'sip:u@xn--9dbne9b.example'],
  ],
);

table(
  'no separator towards SIP',
  [{ home: 'xmpp', xmpp: '*', sip: 'xmpp.example.net' }],
  [
    ['jid sender', 'ann@jabber.org', 'sip:ann%40jabber.org@xmpp.example.net'],
    ['sip target', 'sip:ann%40jabber.org@xmpp.example.net', 'ann@jabber.org'],
    ['sip target', 'sip:ann*jabber.org@xmpp.example.net', 'no-rule'],
    ['jid sender', 'o\\27hara@jabber.org', "sip:o'hara%40jabber.org@xmpp.example.net"],
    ['sip target', "sip:o'hara%40jabber.org@xmpp.example.net", 'o\\27hara@jabber.org'],
    ['jid sender', '[2001:db8::1]', 'sip:%40%5B2001%3Adb8%3A%3A1%5D@xmpp.example.net'],
    ['sip target', 'sip:%40%5B2001%3Adb8%3A%3A1%5D@xmpp.example.net', '[2001:db8::1]'],
  ],
);

const WILD: readonly DomainRule[] = [
  { home: 'xmpp', xmpp: '*', sip: '*' },
  { home: 'sip', sip: '*', xmpp: '*' },
  { home: 'xmpp', xmpp: '*.example.org', sip: '*.im.example.org' },
  { home: 'xmpp', xmpp: '*.b.example.org', sip: '*.deep.example.org' },
  { home: 'xmpp', xmpp: 'a.example.org', sip: 'exact.example.org' },
  { home: 'sip', sip: 'sip.example.org', xmpp: 'sip.example.org' },
  { home: 'xmpp', xmpp: 'a.example.org', sip: 'second.example.org' },
];

table('an exact name beats *.name, which beats *; file order only between equals', WILD, [
  ['jid sender', 'u@a.example.org', 'sip:u@exact.example.org'],
  ['jid sender', 'u@x.example.org', 'sip:u@x.im.example.org'],
  ['jid sender', 'u@x.y.example.org', 'sip:u@x.y.im.example.org'],
  ['jid sender', 'u@x.b.example.org', 'sip:u@x.deep.example.org'],
  ['jid sender', 'u@b.example.org', 'sip:u@b.im.example.org'],
  ['jid sender', 'u@example.org', 'sip:u@example.org'],
  ['jid sender', 'u@other.example', 'sip:u@other.example'],
  ['sip target', 'sip:u@x.im.example.org', 'u@x.example.org'],
  ['sip target', 'sip:u@x.deep.example.org', 'u@x.b.example.org'],
  ['sip target', 'sip:u@im.example.org', 'u@im.example.org'],
  ['sip target', 'sip:u@exact.example.org', 'u@a.example.org'],
  ['sip target', 'sip:u@second.example.org', 'u@a.example.org'],
  // "*" on both sides keeps every address; which side it is decides DNS, unless a closer rule does.
  ['jid target', 'u@other.example', 'sip:u@other.example'],
  ['sip sender', 'sip:u@other.example', 'u@other.example'],
  ['sip target', 'sip:u@sip.example.org', 'loop'],
  ['jid target', 'u@sip.example.org', 'sip:u@sip.example.org'],
  ['jid target', 'u@exact.example.org', 'loop'],
  ['sip sender', 'sip:u@exact.example.org', 'no-rule'],
]);

table(
  'international names in the rules',
  [
    { home: 'sip', sip: 'BÜCHER.example.', xmpp: 'xn--fa-hia.example' },
    { home: 'xmpp', xmpp: '*.bücher.example', sip: '*.faß.example' },
  ],
  [
    ['sip sender', 'sip:a@xn--bcher-kva.example', 'a@faß.example'],
    ['jid target', 'a@faß.example', 'sip:a@xn--bcher-kva.example'],
    ['jid sender', 'a@ä.bücher.example', 'sip:a@xn--4ca.xn--fa-hia.example'],
    ['sip target', 'sip:a@xn--4ca.xn--fa-hia.example', 'a@ä.bücher.example'],
  ],
);

describe('ADDR-60, ADDR-61: telephone numbers', () => {
  const book = new AddressBook([{ home: 'sip', sip: 'tel.example', xmpp: 'tel.example' }], {
    telephonyDomain: 'Tel.example',
  });
  const rows: readonly Row[] = [
    ['sip sender', 'tel:+1-201-555-0123', '+12015550123@tel.example'],
    ['sip sender', 'tel:+1(201)555.0123;ext=12;isub=4', '+12015550123@tel.example'],
    ['sip sender', 'tel:7042;phone-context=example.com', '7042;phone-context=example.com@tel.example'],
    ['sip sender', 'tel:7042', 'unmappable'],
    ['jid target', '+12015550123@tel.example', 'sip:+12015550123@tel.example;user=phone'],
    ['jid target', '+12015550123@tel.example/x', 'sip:+12015550123@tel.example;user=phone;gr=x'],
    ['jid target', '7042@tel.example', 'sip:7042@tel.example'],
    ['sip sender', 'sip:+12015550123@tel.example;user=phone', '+12015550123@tel.example'],
  ];
  for (const [question, address, expected] of rows) {
    test(`${question} ${address}`, () => assert.equal(ask(book, question, address), expected));
  }
  test('no number elsewhere is marked', () => {
    const other = new AddressBook(EXAMPLE, { telephonyDomain: 'tel.example' });
    assert.equal(ask(other, 'jid target', '+1@example.net'), 'sip:+1@example.net');
  });
});

table(
  'ADDR-63: sips targets by the will of the operator, for one domain',
  [
    { home: 'xmpp', xmpp: 'example.org', sip: 'example.org', sips: 'carry' },
    { home: 'xmpp', xmpp: 'other.example', sip: 'other.example', sips: 'refuse' },
    { home: 'xmpp', xmpp: '*.example.com', sip: '*.example.com' },
    { home: 'xmpp', xmpp: '*', sip: 'xmpp.example.net', separator: '*' },
  ],
  [
    ['sip target', 'sips:ann@example.org', 'ann@example.org'],
    ['sip target', 'sip:ann@example.org', 'ann@example.org'],
    ['sip target', 'sips:ann@other.example', 'sips'],
    ['sip target', 'sips:ann@a.example.com', 'sips'],
    // What the operator promises of a name he does not promise of another way to the same people.
    ['sip target', 'sips:ann*example.org@xmpp.example.net', 'sips'],
    ['sip target', 'sips:ann@nowhere.example', 'sips'],
    // He has still no sips address on the SIP side.
    ['jid sender', 'ann@example.org', 'sip:ann@example.org'],
  ],
);

test('a result says all about itself', () => {
  const book = new AddressBook(EXAMPLE);
  const jid = book.sipSenderToJid('sip:bob@CORP.example.;gr=x');
  assert.deepEqual(jid.ok && jid.value, {
    host: 'corp.example',
    jid: { local: 'bob', domain: 'phones.corp.example', resource: 'x' },
    jidText: 'bob@phones.corp.example/x',
    bareText: 'bob@phones.corp.example',
    rule: EXAMPLE[2],
  });
  const uri = book.jidTargetToSip('Bob@phones.corp.example/x');
  assert.deepEqual(uri.ok && uri.value, {
    uri: 'sip:bob@corp.example;gr=x',
    host: 'corp.example',
    jid: { local: 'bob', domain: 'phones.corp.example', resource: 'x' },
    jidText: 'bob@phones.corp.example/x',
    bareText: 'bob@phones.corp.example',
    rule: EXAMPLE[2],
  });
});

test('a Jid is asked as its text is', () => {
  const book = new AddressBook(EXAMPLE);
  const jid = parseJid('bob@example.net/x');
  assert.ok(jid.ok);
  const mapped = book.jidTargetToSip(jid.value);
  assert.equal(mapped.ok && mapped.value.uri, 'sip:bob@example.net;gr=x');
  assert.equal(book.jidTargetToSip('bob@example.net/x'), mapped);
});

test('remembered: the same object again, for a bounded number of texts of bounded length', () => {
  const book = new AddressBook(EXAMPLE, { maxCached: 4 });
  const first = book.sipSenderToJid('sip:bob@example.net');
  assert.equal(book.sipSenderToJid('sip:bob@example.net'), first);
  for (let i = 0; i < 10; i++) book.sipSenderToJid(`sip:u${i}@example.net`);
  assert.notEqual(book.sipSenderToJid('sip:bob@example.net'), first);
  const long = `sip:bob@example.net;x=${'y'.repeat(600)}`;
  assert.notEqual(book.sipSenderToJid(long), book.sipSenderToJid(long));
  const gr = book.sipSenderToJid('sip:bob@example.net', 'x');
  assert.equal(gr.ok && gr.value.jidText, 'bob@example.net/x');
  assert.equal(ask(book, 'sip sender', 'sip:bob@example.net'), 'bob@example.net');
});

describe('rules that mean nothing are thrown out', () => {
  const cases: readonly DomainRule[] = [
    { home: 'sip', sip: 'a.example', xmpp: '*' },
    { home: 'sip', sip: '*.a.example', xmpp: 'b.example' },
    { home: 'sip', sip: '*', xmpp: '*.b.example' },
    { home: 'xmpp', sip: '*', xmpp: 'b.example' },
    { home: 'sip', sip: 'a..example', xmpp: 'b.example' },
    { home: 'sip', sip: '', xmpp: '' },
    { home: 'sip', sip: '*.*', xmpp: '*.*' },
  ];
  for (const rule of cases) {
    test(JSON.stringify(rule), () => {
      assert.throws(() => new AddressBook([rule]), { code: 'ERR_ADDRESS_RULE' });
    });
  }
});

describe('rows ADDR-20, ERR-G6, ERR-G7, ADDR-63, ADDR-64, ERR-R9: what the sender hears', () => {
  const rows: readonly [AddressFaultKind, AddressRole, number, string, string][] = [
    ['unmappable', 'target', 404, 'jid-malformed', 'modify'],
    ['unmappable', 'sender', 400, 'jid-malformed', 'modify'],
    ['no-rule', 'target', 404, 'item-not-found', 'cancel'],
    ['no-rule', 'sender', 403, 'forbidden', 'auth'],
    ['sips', 'target', 403, 'remote-server-not-found', 'cancel'],
    ['scheme', 'target', 416, 'remote-server-not-found', 'cancel'],
    ['scheme', 'sender', 403, 'forbidden', 'auth'],
    ['loop', 'target', 482, 'remote-server-not-found', 'cancel'],
  ];
  for (const [kind, role, status, condition, type] of rows) {
    test(`${kind} ${role}`, () => {
      const fault = { kind, message: 'why' };
      assert.equal(faultToStatus(fault, role), status);
      assert.equal(faultToResponse(fault, role).status, status);
      const error = faultToStanzaError(fault, role);
      assert.deepEqual([error.condition, error.type, error.text], [condition, type, 'why']);
    });
  }
  test('ERR-G6: remote-server-not-found for a domain', () => {
    const mapped = new AddressBook(EXAMPLE).jidTargetToSip('nowhere.example');
    assert.equal(
      !mapped.ok && faultToStanzaError(mapped.error, 'target').condition,
      'remote-server-not-found',
    );
  });
});

describe('new addresses of redirects', () => {
  const book = new AddressBook(EXAMPLE);
  test('ERR-X05, X15: as a Contact', () => {
    assert.equal(book.addressToContact('xmpp:ann@example.org'), 'sip:ann@example.org');
    assert.equal(book.addressToContact('xmpp:bob@example.net'), 'sip:bob@example.net');
    assert.equal(book.addressToContact('xmpp:ann@jabber.org'), 'sip:ann*jabber.org@xmpp.example.net');
    assert.equal(book.addressToContact('http://a.example/'), undefined);
  });
  test('ERR-S301, S302: as an xmpp URI', () => {
    assert.equal(book.contactToAddress('sip:bob@example.net;transport=tcp'), 'xmpp:bob@example.net');
    assert.equal(book.contactToAddress('sip:ann@example.org'), 'xmpp:ann@example.org');
    assert.equal(book.contactToAddress('sip:bob@sip.org'), 'xmpp:bob%5C40sip.org@sip.example.org');
    assert.equal(book.contactToAddress('mailto:bob@sip.org'), undefined);
  });
});

test('the explanation of an address: both directions, rule or refusal', () => {
  const book = new AddressBook(EXAMPLE);
  assert.deepEqual(book.explain('bob@example.net'), [
    'sip:bob@example.net',
    '  SIP request to it    refused, 404 Not Found: no rule with home xmpp covers example.net',
    '  SIP request from it  bob@example.net  by domains[0] { home: sip, sip: example.net, xmpp: example.net }',
    'bob@example.net',
    '  stanza to it         sip:bob@example.net  by domains[0] { home: sip, sip: example.net, xmpp: example.net }',
    '  stanza from it       refused, forbidden: example.net is at home on the SIP side',
  ]);
  assert.deepEqual(book.explain('xmpp:ann@jabber.org'), [
    'ann@jabber.org',
    '  stanza to it         refused, item-not-found: no rule with home sip covers jabber.org',
    '  stanza from it       sip:ann*jabber.org@xmpp.example.net  by domains[4] { home: xmpp, sip: xmpp.example.net, xmpp: "*", separator: "*" }',
  ]);
  // A JID with an escape is no SIP URI.
  assert.equal(book.explain('bob\\40sip.org@sip.example.org').length, 3);
  assert.equal(book.explain('sip:bob@example.net').length, 3);
  assert.match(book.explain('?').join('\n'), /refused/);
});
