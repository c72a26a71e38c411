// When two URIs are the same: each scheme by its own rules.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { equalUri, equalXmppUri } from '../../src/mapping/index.ts';
import { equalImPresUri, parseUri, type Uri } from '../../src/sip/index.ts';

function uri(raw: string): Uri {
  const read = parseUri(raw);
  assert(read.ok, read.ok ? '' : `${raw}: ${read.error.message}`);
  return read.value;
}

type Pairs = readonly (readonly [string, string])[];

function rule(name: string, same: Pairs, different: Pairs): void {
  describe(name, () => {
    for (const [left, right] of same) {
      test(`${left} = ${right}`, () => {
        assert.equal(equalUri(uri(left), uri(right)), true);
        assert.equal(equalUri(uri(right), uri(left)), true);
      });
    }
    for (const [left, right] of different) {
      test(`${left} ≠ ${right}`, () => {
        assert.equal(equalUri(uri(left), uri(right)), false);
        assert.equal(equalUri(uri(right), uri(left)), false);
      });
    }
  });
}

rule(
  'RFC 3860 A.2, RFC 3859 A.2: im and pres are mailboxes',
  [
    ['im:fred@example.com', 'IM:fred@example.com'],
    ['pres:fred@example.com', 'PRES:fred@Example.COM'],
    // RFC 3986 §6.2.2: an escape is the octet that it encodes, whatever the case of its digits.
    ['im:fr%65d@example.com', 'im:fred@example.com'],
    ['im:f%c3%bcr@example.com', 'im:f%C3%BCr@example.com'],
    // Within a mailbox "+" delimits nothing.
    ['im:fred%2Bwork@example.com', 'im:fred+work@example.com'],
    ['im:fred@[2001:db8::1]', 'im:fred@[2001:0DB8:0::1]'],
    ['im:a@b.example?subject=x&body=y', 'im:a@b.example?body=y&SUBJECT=x'],
    ['im:a@b.example?s%75bject=%78', 'im:a@b.example?subject=x'],
    ['im:a@b.example?x=%4', 'im:a@b.example?x=%4'],
  ],
  [
    ['im:fred@example.com', 'pres:fred@example.com'],
    // RFC 5321 §2.4: a local part has case.
    ['im:Fred@example.com', 'im:fred@example.com'],
    ['im:fred@example.com', 'im:fred@example.org'],
    ['im:fred%2565@example.com', 'im:fred%65@example.com'],
    ['im:a@b.example', 'im:a@b.example?subject=x'],
    ['im:a@b.example', 'im:a@b.example?'],
    ['im:a@b.example?subject=X', 'im:a@b.example?subject=x'],
    ['im:a@b.example?x=1', 'im:a@b.example?x=1&x=1'],
    ['im:a@b.example?a=b', 'im:a@b.example?a%3Db'],
    ['im:a@b.example?a=b', 'im:a@b.example?a%00b'],
    ['im:a@b.example?a', 'im:a@b.example?a='],
    ['im:a@b.example?a=b%26c=d', 'im:a@b.example?a=b&c=d'],
    // The octets C3 84 and C3 A4 are two letters.
    ['im:a@b.example?%C3%84=1', 'im:a@b.example?%E3%84=1'],
    ['sip:fred@example.com', 'im:fred@example.com'],
  ],
);

rule(
  'RFC 5122 with RFC 7622: xmpp are JIDs, compared after preparation',
  [
    ['xmpp:node@example.com', 'XMPP:Node@Example.COM'],
    ['xmpp:no%64e@example.com/res', 'xmpp:node@example.com/res'],
    ['xmpp:ji%C5%99i@%C4%8Dechy.example/v%20Praze', 'xmpp:JI%C5%98I@xn--echy-fua.example/v%20Praze'],
    // An IRI and its URI.
    ['xmpp:ji\u00C5\u0099i@example.com', 'xmpp:ji%c5%99i@example.com'],
    ['xmpp:example.com', 'xmpp:example.com.'],
    ['xmpp:a@[2001:db8::1]', 'xmpp:a@[2001:DB8:0::0:1]'],
    ['xmpp://Guest@example.com', 'xmpp://guest@EXAMPLE.com'],
    ['xmpp://guest@example.com/support@example.com', 'xmpp://Guest@example.com/Support@example.com'],
    ['xmpp:a@example.com?message;subject=x%7e', 'xmpp:a@example.com?message;subject=x~'],
    ['xmpp:a@example.com?message;subject=\u00C3\u00BC', 'xmpp:a@example.com?message;subject=%c3%bc'],
    ['xmpp:a@example.com#fr%61g', 'xmpp:a@example.com#frag'],
    // No JID (RFC 7622 §3.3.1), and yet itself.
    ['xmpp:a%40b@example.com', 'xmpp:%61%40b@example.com'],
  ],
  [
    ['xmpp:node@example.com', 'xmpp:node@example.org'],
    ['xmpp:node@example.com', 'xmpp:example.com'],
    // RFC 7622 §3.4: a resourcepart has case.
    ['xmpp:node@example.com/Res', 'xmpp:node@example.com/res'],
    ['xmpp:node@example.com/res', 'xmpp:node@example.com'],
    ['xmpp://guest@example.com/a@example.com', 'xmpp:a@example.com'],
    ['xmpp://guest@example.com/a@example.com', 'xmpp://host@example.com/a@example.com'],
    ['xmpp://guest@example.com', 'xmpp:guest@example.com'],
    ['xmpp:a@example.com?join', 'xmpp:a@example.com'],
    ['xmpp:a@example.com?message;subject=a%3Bb=c', 'xmpp:a@example.com?message;subject=a;b=c'],
    ['xmpp:a@example.com?Join', 'xmpp:a@example.com?join'],
    ['xmpp:a@example.com#a', 'xmpp:a@example.com#b'],
    ['xmpp:A%40b@example.com', 'xmpp:a%40b@example.com'],
    ['xmpp:a@example.com', 'im:a@example.com'],
  ],
);

rule(
  'sip, sips, tel and others: the rule of the scheme is chosen',
  [
    ['SIP:a@B.example', 'sip:a@b.example'],
    ['sips:a@b.example;lr', 'sips:a@b.example'],
    ['tel:+1-201', 'tel:+1201'],
    // RFC 3986 §6.2.2: of an unknown scheme only case of the scheme and escapes mean nothing.
    ['ISBN:2983792873', 'isbn:2983792873'],
    ['urn:x:%7e%c3', 'urn:x:~%C3'],
  ],
  [
    ['sip:a@b.example', 'sips:a@b.example'],
    ['tel:+1201', 'sip:+1201@b.example'],
    ['tel:+1201', 'tel:+1202'],
    ['urn:x:a', 'urn:x:A'],
    ['urn:x:a', 'urm:x:a'],
    ['urn:x:a%2Fb', 'urn:x:a/b'],
    ['urn:x', 'tel:+1'],
  ],
);

test('a URI equals itself, by the function of its scheme as well', () => {
  const im = uri('im:a@b.example');
  const xmpp = uri('xmpp:a@b.example');
  assert(im.scheme === 'im' && xmpp.scheme === 'xmpp');
  assert.equal(equalImPresUri(im, im), true);
  assert.equal(equalXmppUri(xmpp, xmpp), true);
});
