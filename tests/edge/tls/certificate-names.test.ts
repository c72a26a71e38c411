// Names in certificates: RFC 5280 §4.2.1.6, RFC 4985, RFC 6120 §13.7.1.4; and what must never become a name.

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { readCertificateNames, type CertificateNames } from '../../../src/edge/tls/index.ts';
import { TestCa } from '../../peers/test-ca.ts';
import { alternativeName, certificate, generalName, oid, rdn, seq, text, tlv } from './der-bytes.ts';

function namesOf(der: Uint8Array): CertificateNames {
  const names = readCertificateNames(der);
  assert.ok(names.ok, names.ok ? '' : names.error.message);
  return names.value;
}

describe('each kind of name', () => {
  const { dns, uri, email, ip, xmppAddr, srv } = generalName;
  const cases: [string, Uint8Array, Partial<CertificateNames>][] = [
    ['dNSName, in lower case', dns('Sip.Example.ORG'), { dns: ['sip.example.org'] }],
    ['dNSName with a whole wildcard label', dns('*.example.org'), { dns: ['*.example.org'] }],
    ['RFC 9525 §6.3: no wildcard inside of a label', dns('w*.example.org'), { dns: [] }],
    ['RFC 6125 §6.4.3: no wildcard further right', dns('a.*.example.org'), { dns: [] }],
    ['no wildcard for a whole top-level domain', dns('*.org'), { dns: [] }],
    ['no wildcard alone', dns('*'), { dns: [] }],
    ['a NUL ends no name', dns('example.org\0.evil.example'), { dns: [] }],
    ['CVE-2021-44532: a comma makes no second name', dns('a.example, DNS:b.example'), { dns: [] }],
    ['a name that is none', dns('-a.example'), { dns: [] }],
    ['an empty name', dns(''), { dns: [] }],
    ['a final dot', dns('example.org.'), { dns: [] }],
    ['URI as written', uri('sip:Example.org'), { uris: ['sip:Example.org'] }],
    ['a URI with a line break', uri('sip:a.example\r\nb'), { uris: [] }],
    ['iPAddress', ip(192, 0, 2, 1), { addresses: ['192.0.2.1'] }],
    [
      'iPAddress of version 6',
      ip(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
      { addresses: ['2001:db8::1'] },
    ],
    ['an iPAddress of five octets', ip(192, 0, 2, 1, 0), { addresses: [] }],
    ['rfc822Name is none of ours', email('a@example.org'), { dns: [], uris: [] }],
    ['id-on-xmppAddr', xmppAddr('münchen.example'), { xmppAddresses: ['münchen.example'] }],
    ['id-on-xmppAddr with a NUL', xmppAddr('example.org\0x'), { xmppAddresses: [] }],
    [
      'id-on-xmppAddr that is not UTF-8',
      tlv(0xa0, oid('xmppAddr'), tlv(0xa0, tlv(0x0c, [0xff, 0xfe]))),
      { xmppAddresses: [] },
    ],
    [
      'RFC 6120 §13.7.1.4: an XmppAddr is a UTF8String',
      tlv(0xa0, oid('xmppAddr'), tlv(0xa0, text(0x16, 'example.org'))),
      { xmppAddresses: [] },
    ],
    [
      'two values in one otherName',
      tlv(0xa0, oid('xmppAddr'), tlv(0xa0, text(0x0c, 'a.example'), text(0x0c, 'b.example'))),
      { xmppAddresses: [] },
    ],
    ['id-on-dnsSRV', srv('_XMPP-Server.Example.org'), { services: ['_xmpp-server.example.org'] }],
    ['id-on-dnsSRV without service', srv('example.org'), { services: [] }],
    ['id-on-dnsSRV with a wildcard', srv('_xmpp-server.*.example.org'), { services: [] }],
  ];
  for (const [what, name, expected] of cases) {
    test(what, () => {
      const found: CertificateNames = namesOf(certificate([alternativeName(name)]));
      for (const [kind, values] of Object.entries(expected)) {
        assert.deepEqual(Reflect.get(found, kind), values, kind);
      }
      assert.equal(found.hasAlternativeName, true);
    });
  }
});

describe('subject and extensions', () => {
  test('common names that are DNS names; others are left out', () => {
    const subject = [
      rdn('organization', 'org.example'),
      rdn('commonName', 'Some Body'),
      rdn('commonName', 'A.Example'),
    ];
    const found = namesOf(certificate(undefined, subject));
    assert.deepEqual(found.commonNames, ['a.example']);
    assert.equal(found.hasAlternativeName, false);
  });
  test('a critical extension has one part more', () => {
    const critical = seq(
      oid('alternativeName'),
      tlv(0x01, [0xff]),
      tlv(0x04, seq(generalName.dns('a.example'))),
    );
    assert.deepEqual(namesOf(certificate([critical])).dns, ['a.example']);
  });
  test('the issuer’s alternative name is not the subject’s', () => {
    const other = seq(oid('issuerAlternativeName'), tlv(0x04, seq(generalName.dns('a.example'))));
    const found = namesOf(certificate([other]));
    assert.deepEqual([found.dns, found.hasAlternativeName], [[], false]);
  });
  const refused: [string, Uint8Array][] = [
    [
      'RFC 5280 §4.2: twice',
      certificate([
        alternativeName(generalName.dns('a.example')),
        alternativeName(generalName.dns('b.example')),
      ]),
    ],
    [
      'names with something behind them',
      certificate([seq(oid('alternativeName'), tlv(0x04, seq(), [5, 0]))]),
    ],
    ['octets behind the certificate', Buffer.concat([certificate([]), Buffer.from([0])])],
    ['the indefinite form of length (X.690 §10.1)', Buffer.from([0x30, 0x80, 0, 0])],
    ['a length in more octets than needed', Buffer.from([0x30, 0x81, 0x02, 0x05, 0x00])],
    ['a length beyond the end', Buffer.from([0x30, 0x05, 0x00])],
    ['nothing', Buffer.alloc(0)],
    ['a subject that is none', certificate([], [tlv(0x31, [0x30, 0x7f])])],
    [
      'more names than anybody has',
      certificate([alternativeName(...Array.from({ length: 1025 }, () => generalName.dns('a.example')))]),
    ],
  ];
  for (const [what, der] of refused) {
    test(`refused: ${what}`, () => {
      const names = readCertificateNames(der);
      assert.equal(names.ok ? 'read' : names.error.code, 'ERR_TLS_CERTIFICATE_DER');
    });
  }
  test('octets at random, and a certificate with one octet changed, throw nothing', () => {
    const good = certificate([
      alternativeName(generalName.dns('a.example'), generalName.xmppAddr('a.example')),
    ]);
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 64 }),
        fc.nat(good.length - 1),
        fc.nat(255),
        (noise, at, octet) => {
          readCertificateNames(noise);
          const changed = Buffer.from(good);
          changed[at] = octet;
          readCertificateNames(changed);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('certificates of OpenSSL', () => {
  const ca = new TestCa();
  after(() => ca.remove());
  test('all kinds in one', () => {
    const names = [
      'DNS:a.example',
      'URI:sip:a.example',
      'IP:192.0.2.7',
      'otherName:1.3.6.1.5.5.7.8.5;UTF8:a.example',
      'otherName:1.3.6.1.5.5.7.8.7;IA5:_xmpp-server.a.example',
    ];
    const { certificate: path } = ca.make({ names, commonName: 'cn.example' });
    assert.deepEqual(namesOf(new X509Certificate(readFileSync(path)).raw), {
      hasAlternativeName: true,
      dns: ['a.example'],
      uris: ['sip:a.example'],
      addresses: ['192.0.2.7'],
      xmppAddresses: ['a.example'],
      services: ['_xmpp-server.a.example'],
      commonNames: ['cn.example'],
    });
  });
});
