// Whom an address of the operator's means.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { personsOf } from '../../../src/gateway/presence/presence-person.ts';
import { AddressBook } from '../../../src/mapping/index.ts';

const book = new AddressBook([
  { home: 'sip', sip: 'example.net', xmpp: 'example.net' },
  { home: 'xmpp', xmpp: 'example.com', sip: 'example.com' },
  { home: 'sip', sip: 'phones.example', xmpp: 'sip.example.org' },
  { home: 'xmpp', xmpp: 'chat.example', sip: 'xmpp.example.org' },
]);

/** As "home jid uri", or the kind of the fault. */
function told(address: string, of = book): string[] | string {
  const found = personsOf(of, address);
  if (!found.ok) return found.error.kind;
  return found.value.map(({ home, jid, uri }) => `${home} ${jid} ${uri}`);
}

describe('one person, by any of his names', () => {
  const juliet = ['xmpp juliet@example.com sip:juliet@example.com'];
  const romeo = ['sip romeo@example.net sip:romeo@example.net'];
  const bob = ['sip bob@sip.example.org sip:bob@phones.example'];
  const amy = ['xmpp amy@chat.example sip:amy@xmpp.example.org'];
  const rows: [string, string[]][] = [
    ['juliet@example.com', juliet],
    ['Juliet@Example.COM/balcony', juliet],
    ['xmpp:juliet@example.com', juliet],
    ['sip:juliet@example.com', juliet],
    ['sip:juliet@example.com;gr=balcony', juliet],
    [' juliet@example.com ', juliet],
    ['romeo@example.net', romeo],
    ['SIP:romeo@example.net:5070;transport=tcp', romeo],
    ['pres:romeo@example.net', romeo],
    ['romeo@example.net/orchard', romeo],
    // Renamed domains: either name, and without a scheme that of SIP too.
    ['bob@sip.example.org', bob],
    ['sip:bob@phones.example', bob],
    ['bob@phones.example', bob],
    ['amy@chat.example', amy],
    ['amy@xmpp.example.org', amy],
    ["o'brien@example.net", ["sip o\\27brien@example.net sip:o'brien@example.net"]],
    ['o\\27brien@example.net', ["sip o\\27brien@example.net sip:o'brien@example.net"]],
  ];
  for (const [address, wanted] of rows) test(address, () => assert.deepEqual(told(address), wanted));

  test('both names "*": he may be at home on either side', () => {
    const open = new AddressBook([
      { home: 'sip', sip: '*', xmpp: '*' },
      { home: 'xmpp', sip: '*', xmpp: '*' },
    ]);
    assert.deepEqual(told('a@b.example', open), [
      'xmpp a@b.example sip:a@b.example',
      'sip a@b.example sip:a@b.example',
    ]);
  });
});

describe('nobody', () => {
  const rows: [string, string][] = [
    ['a@nowhere.example', 'uncovered'],
    ['sip:a@nowhere.example', 'uncovered'],
    ['nowhere.example', 'uncovered'],
    ['', 'malformed'],
    ['@', 'malformed'],
    ['a b@example.com c', 'malformed'],
    ['sip:', 'malformed'],
    ['tel:+15551234', 'malformed'],
    ['example.com', 'malformed'],
    ['sip:example.net', 'malformed'],
  ];
  for (const [address, kind] of rows) test(`"${address}": ${kind}`, () => assert.equal(told(address), kind));

  test('a fault says which rule is missing', () => {
    const found = personsOf(book, 'a@nowhere.example');
    assert.ok(!found.ok);
    assert.match(found.error.message, /^a@nowhere\.example: no rule with home xmpp covers nowhere\.example/);
  });
});
