// Whatever the local part: an address of one side becomes a valid address of the other and comes back, or is refused.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { isAscii } from '../../src/base/index.ts';
import { isParamChar, isUserChar, parseSipUri, percentEncode } from '../../src/sip/index.ts';
import { formatJid, jidFromParts, parseJid } from '../../src/xmpp/index.ts';
import { AddressBook, type DomainRule, type Separator } from '../../src/mapping/index.ts';

const fold = (home: 'sip' | 'xmpp', separator?: Separator): DomainRule =>
  home === 'sip'
    ? { home, sip: '*', xmpp: 'fold.example', ...(separator === undefined ? {} : { separator }) }
    : { home, xmpp: '*', sip: 'fold.example', ...(separator === undefined ? {} : { separator }) };

/** Rule sets of which one rule covers everything in each direction that is asked for. */
const HOME_SIP: readonly (readonly DomainRule[])[] = [
  [{ home: 'sip', sip: '*', xmpp: '*' }],
  [
    { home: 'sip', sip: '*.example', xmpp: '*.renamed.example' },
    { home: 'sip', sip: '*', xmpp: '*' },
  ],
  [fold('sip')],
  [fold('sip', '*')],
  [fold('sip', '+')],
  [fold('sip', '=')],
];

const HOME_XMPP: readonly (readonly DomainRule[])[] = [
  [{ home: 'xmpp', sip: '*', xmpp: '*' }],
  [
    { home: 'xmpp', sip: '*.renamed.example', xmpp: '*.example' },
    { home: 'xmpp', sip: '*', xmpp: '*' },
  ],
  [fold('xmpp')],
  [fold('xmpp', '*')],
  [fold('xmpp', '$')],
  [fold('xmpp', '~')],
];

const text = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'grapheme', maxLength: 20 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
  {
    weight: 2,
    arbitrary: fc.string({
      unit: fc.constantFrom(...Array.from('ab*+=~!$@\\2540fc7 /:\'"&<>;?#%[]üßς\u0307\u0338＠')),
      maxLength: 12,
    }),
  },
);
const domain = fc.constantFrom(
  'a.example',
  'b.a.example',
  'other.test',
  'bücher.example',
  'faß.test',
  '192.0.2.7',
  '[2001:db8::7]',
);
const hosts: Readonly<Record<string, string>> = {
  'bücher.example': 'xn--bcher-kva.example',
  'faß.test': 'xn--fa-hia.test',
};

const SETTINGS = { numRuns: 150 };

describe('JID → SIP → JID is the same', () => {
  for (const rules of HOME_XMPP) {
    test(JSON.stringify(rules), () => {
      const book = new AddressBook(rules);
      fc.assert(
        fc.property(text, domain, text, (local, domainpart, resource) => {
          const jid = jidFromParts(local, domainpart, resource);
          if (!jid.ok) return;
          const mapped = book.jidSenderToSip(jid.value);
          if (!mapped.ok) return;
          assert.ok(isAscii(mapped.value.uri));
          assert.ok(parseSipUri(mapped.value.uri).ok, mapped.value.uri);
          const back = book.sipTargetToJid(mapped.value.uri);
          assert.equal(back.ok && back.value.jidText, formatJid(jid.value), mapped.value.uri);
        }),
        SETTINGS,
      );
    });
  }
});

describe('SIP → JID → SIP: the same, up to what preparation folds, and then fixed', () => {
  for (const rules of HOME_SIP) {
    test(JSON.stringify(rules), () => {
      const book = new AddressBook(rules);
      fc.assert(
        fc.property(text, domain, text, (user, domainpart, gr) => {
          const userPart = user === '' || !user.isWellFormed() ? '' : `${percentEncode(user, isUserChar)}@`;
          const grPart = gr === '' || !gr.isWellFormed() ? '' : `;gr=${percentEncode(gr, isParamChar)}`;
          const mapped = book.sipSenderToJid(`sip:${userPart}${hosts[domainpart] ?? domainpart}${grPart}`);
          if (!mapped.ok) return;
          const parsed = parseJid(mapped.value.jidText);
          assert.ok(parsed.ok, mapped.value.jidText);
          assert.deepEqual(parsed.value, mapped.value.jid);
          const back = book.jidTargetToSip(mapped.value.jidText);
          assert.ok(back.ok, mapped.value.jidText);
          assert.ok(parseSipUri(back.value.uri).ok, back.value.uri);
          const again = book.sipSenderToJid(back.value.uri);
          assert.equal(again.ok && again.value.jidText, mapped.value.jidText, back.value.uri);
        }),
        SETTINGS,
      );
    });
  }
});

test('ASCII users that are lower case come back to the letter', () => {
  const book = new AddressBook([fold('sip', '*')]);
  const ascii = fc.string({
    unit: fc.constantFrom(...Array.from('abcz019!$*+-=?_~#%&/(),.;[]^`{|}\'":<>@ ')),
    minLength: 1,
    maxLength: 20,
  });
  fc.assert(
    fc.property(ascii, (user) => {
      const uri = `sip:${percentEncode(user, isUserChar)}@a.example`;
      const mapped = book.sipSenderToJid(uri);
      // The only ones without a JID begin or end with a space (ADDR-07); the fold adds the domain at the end.
      assert.equal(mapped.ok, !user.startsWith(' '), user);
      if (!mapped.ok) return;
      const back = book.jidTargetToSip(mapped.value.jidText);
      assert.equal(back.ok && back.value.uri, uri);
    }),
  );
});

test('two users are never one: different lower-case texts have different JIDs', () => {
  const book = new AddressBook([{ home: 'sip', sip: 'a.example', xmpp: 'a.example' }]);
  const tricky = fc.string({
    unit: fc.constantFrom(...Array.from("\\2567acf0/@ '")),
    minLength: 1,
    maxLength: 8,
  });
  fc.assert(
    fc.property(tricky, tricky, (left, right) => {
      const [one, two] = [left, right].map((user) =>
        book.sipSenderToJid(`sip:${percentEncode(user, isUserChar)}@a.example`),
      );
      if (one?.ok === true && two?.ok === true)
        assert.equal(one.value.jidText === two.value.jidText, left === right);
    }),
    { numRuns: 1000 },
  );
});

test('any octets as a URI or JID: an answer, never an exception', () => {
  const book = new AddressBook([
    ...(HOME_SIP[2] ?? []),
    { home: 'xmpp', xmpp: 'x.example', sip: 'x.example' },
  ]);
  const scheme = fc.constantFrom('', 'sip:', 'sips:', 'im:', 'tel:', 'xmpp:', 'x:');
  fc.assert(
    fc.property(
      scheme,
      fc.string({ unit: 'binary' }),
      fc.constantFrom('', '@x.example', '@fold.example'),
      (start, middle, end) => {
        const address = `${start}${middle}${end}`;
        book.sipTargetToJid(Buffer.from(address).toString('latin1'));
        book.sipSenderToJid(Buffer.from(address).toString('latin1'));
        book.jidTargetToSip(address);
        book.jidSenderToSip(address);
        book.contactToAddress(address);
        book.addressToContact(address);
        book.explain(address);
      },
    ),
    { numRuns: 1000 },
  );
});
