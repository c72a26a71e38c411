// Entity capabilities (XEP-0115): the verification strings that the specification works out itself, and what is ill-formed.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assert as check, property, shuffledSubarray } from 'fast-check';
import type { XmlElement } from '../../../src/xml/index.ts';
import { capsVersion, readCaps } from '../../../src/xmpp/index.ts';
import { readStanza } from '../read-xml.ts';

const query = (...children: readonly string[]): XmlElement => {
  const xml = `<query xmlns='http://jabber.org/protocol/disco#info'>${children.join('')}</query>`;
  const [found] = [...readStanza(`<iq type='result' id='1'>${xml}</iq>`).elements()];
  return found ?? assert.fail('no query');
};
const feature = (name: string): string => `<feature var='${name}'/>`;
const FEATURES = ['caps', 'disco#info', 'disco#items', 'muc'].map((name) =>
  feature(`http://jabber.org/protocol/${name}`),
);
const EXODUS = [`<identity category='client' name='Exodus 0.9.1' type='pc'/>`, ...FEATURES];
const field = (name: string, ...values: readonly string[]): string =>
  `<field var='${name}'${name === 'FORM_TYPE' ? ` type='hidden'` : ''}>${values.map((each) => `<value>${each}</value>`).join('')}</field>`;
const form = (...fields: readonly string[]): string =>
  `<x xmlns='jabber:x:data' type='result'>${fields.join('')}</x>`;
const TYPE = field('FORM_TYPE', 'urn:xmpp:dataforms:softwareinfo');
const PSI = [
  `<identity xml:lang='en' category='client' name='Psi 0.11' type='pc'/>`,
  `<identity xml:lang='el' category='client' name='Ψ 0.11' type='pc'/>`,
  ...FEATURES,
  form(
    TYPE,
    field('ip_version', 'ipv6', 'ipv4'),
    field('os', 'Mac'),
    field('os_version', '10.5.1'),
    field('software', 'Psi'),
    field('software_version', '0.11'),
  ),
];
const EXODUS_VER = 'QgayPKawpkPSDYmwT/WM94uAlu0=';

describe('§5: the verification string', () => {
  test('§5.2: the simple example', () => {
    assert.equal(capsVersion(query(...EXODUS), 'sha-1'), EXODUS_VER);
  });

  test('§5.3: the complex example', () => {
    assert.equal(capsVersion(query(...PSI), 'sha-1'), 'q07IKJEyjvHSyhy//CH0CxmKi8w=');
  });

  test('the order of identities, features and forms does not matter', () => {
    const all = [...PSI, form(field('FORM_TYPE', 'urn:a'), field('b', '1'))];
    const ver = capsVersion(query(...all), 'sha-1');
    const shuffled = shuffledSubarray(all, { minLength: all.length });
    check(property(shuffled, (each) => capsVersion(query(...each), 'sha-1') === ver));
  });

  const same: readonly (readonly [string, string])[] = [
    ['a form without FORM_TYPE is ignored', form(field('os', 'Mac'))],
    [
      'a form whose FORM_TYPE is not hidden is ignored',
      form(`<field var='FORM_TYPE'><value>urn:a</value></field>`),
    ],
    ['what is of another namespace is ignored', `<feature xmlns='urn:x' var='y'/>`],
  ];
  for (const [name, more] of same) {
    test(`§5.4: ${name}`, () => assert.equal(capsVersion(query(...EXODUS, more), 'sha-1'), EXODUS_VER));
  }

  const illFormed: readonly (readonly [string, string])[] = [
    ['an identity twice', EXODUS[0] ?? ''],
    ['a feature twice', feature('http://jabber.org/protocol/muc')],
    ['a FORM_TYPE twice', form(TYPE) + form(TYPE)],
    ['a FORM_TYPE of two values', form(field('FORM_TYPE', 'a', 'b'))],
    ['a feature that could be two', feature('a&lt;b')],
  ];
  for (const [name, more] of illFormed) {
    test(`§5.4: ${name} is ill-formed`, () =>
      assert.equal(capsVersion(query(...EXODUS, more), 'sha-1'), undefined));
  }
});

test('§4: the element', () => {
  const caps = (attributes: string): unknown =>
    readCaps(readStanza(`<presence><c xmlns='http://jabber.org/protocol/caps' ${attributes}/></presence>`));
  assert.deepEqual(caps(`hash='sha-1' node='n' ver='v'`), { hash: 'sha-1', node: 'n', ver: 'v' });
  assert.deepEqual(caps(`node='n' ver='0.9'`), { hash: undefined, node: 'n', ver: '0.9' });
  assert.equal(caps(`hash='sha-1' ver='v'`), undefined);
  assert.equal(caps(`hash='sha-1' node='n'`), undefined);
  assert.equal(readCaps(readStanza('<presence/>')), undefined);
});
