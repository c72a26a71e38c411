// Whom a certificate stands for, clause by clause: RFC 5922 §7 (SIP), RFC 6120 §13.7 with RFC 6125 and 9525 (XMPP).

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  coversSipHost,
  coversXmppDomain,
  sipDomainsOf,
  type CertificateNames,
  type XmppService,
} from '../../../src/edge/tls/index.ts';

const NOTHING: CertificateNames = {
  hasAlternativeName: true,
  dns: [],
  uris: [],
  addresses: [],
  xmppAddresses: [],
  services: [],
  commonNames: [],
};

describe('RFC 5922 §7.1: identities in a certificate', () => {
  const cases: [string, Partial<CertificateNames>, string[]][] = [
    ['a sip URI without user', { uris: ['sip:example.com'] }, ['example.com']],
    ['the scheme without case', { uris: ['SIP:Example.COM'] }, ['example.com']],
    [
      'no other scheme, sips neither',
      { uris: ['sips:example.com', 'http://example.com', 'xmpp:example.com'] },
      [],
    ],
    ['a URI with a user names a person', { uris: ['sip:alice@example.com'] }, []],
    [
      'the hostpart, without port and parameters',
      { uris: ['sip:example.com:5061;transport=tls'] },
      ['example.com'],
    ],
    ['DNS only where there is no sip URI', { uris: ['sip:a.example'], dns: ['b.example'] }, ['a.example']],
    [
      'DNS beside URIs of persons and of other schemes',
      { uris: ['sip:x@a.example', 'http://c.example'], dns: ['b.example'] },
      ['b.example'],
    ],
    [
      'several, each once',
      { uris: ['sip:a.example', 'sip:b.example', 'sip:A.example'] },
      ['a.example', 'b.example'],
    ],
    [
      'CN only without subjectAltName',
      { hasAlternativeName: false, commonNames: ['cn.example'] },
      ['cn.example'],
    ],
    ['no CN beside an empty subjectAltName', { commonNames: ['cn.example'] }, []],
    [
      'no CN beside a subjectAltName of another kind',
      { addresses: ['192.0.2.1'], commonNames: ['cn.example'] },
      [],
    ],
    ['an address in a URI', { uris: ['sip:192.0.2.1'] }, ['192.0.2.1']],
    ['an IPv6 reference', { uris: ['sip:[2001:DB8::1]:5061'] }, ['2001:db8::1']],
    ['a URI that is none', { uris: ['sip:', 'sip:a b', 'sip:[::1', 'sip:a:b:c'] }, []],
    ['a wildcard names nobody', { dns: ['*.example.com'] }, []],
  ];
  for (const [what, names, expected] of cases) {
    test(what, () => assert.deepEqual(sipDomainsOf({ ...NOTHING, ...names }), expected));
  }
});

describe('RFC 5922 §7.2: comparing', () => {
  const cases: [string, Partial<CertificateNames>, string, boolean][] = [
    ['equal', { dns: ['example.com'] }, 'example.com', true],
    ['without case', { uris: ['sip:example.com'] }, 'EXAMPLE.com', true],
    ['a final dot means the same', { dns: ['example.com'] }, 'example.com.', true],
    ['no suffix', { dns: ['example.com'] }, 'foo.example.com', false],
    ['no prefix', { dns: ['foo.example.com'] }, 'example.com', false],
    ['no wildcard', { dns: ['*.example.com'] }, 'foo.example.com', false],
    ['no wildcard against itself, which is no host', { dns: ['*.example.com'] }, '*.example.com', false],
    ['an IDN as A-label (RFC 5280 §7.2)', { dns: ['xn--mnchen-3ya.example'] }, 'münchen.example', true],
    ['an address as iPAddress', { addresses: ['192.0.2.1'] }, '192.0.2.1', true],
    ['an address in brackets', { addresses: ['2001:db8::1'] }, '[2001:db8:0::1]', true],
    ['another address', { addresses: ['192.0.2.1'] }, '192.0.2.2', false],
    ['an address is no DNS name', { dns: ['192.0.2.1'] }, '192.0.2.2', false],
    ['nothing', {}, 'example.com', false],
    ['no host', { dns: ['example.com'] }, '', false],
  ];
  for (const [what, names, host, expected] of cases) {
    test(what, () => assert.equal(coversSipHost({ ...NOTHING, ...names }, host), expected));
  }
});

describe('RFC 6120 §13.7.2: XMPP', () => {
  const cases: [string, Partial<CertificateNames>, string, boolean, XmppService?][] = [
    ['DNS-ID', { dns: ['example.org'] }, 'example.org', true],
    ['another DNS-ID', { dns: ['example.org'] }, 'example.com', false],
    ['§13.7.1.2.1: a whole left-most wildcard label', { dns: ['*.example.org'] }, 'chat.example.org', true],
    ['RFC 6125 §6.4.3: it stands for one label', { dns: ['*.example.org'] }, 'a.chat.example.org', false],
    ['RFC 6125 §6.4.3: and not for none', { dns: ['*.example.org'] }, 'example.org', false],
    ['RFC 6125 §6.4.2: A-labels', { dns: ['xn--mnchen-3ya.example'] }, 'münchen.example', true],
    ['SRV-ID of the service', { services: ['_xmpp-server.example.org'] }, 'example.org', true],
    ['RFC 6125 §6.5.1: of another service', { services: ['_xmpp-client.example.org'] }, 'example.org', false],
    [
      'the client’s service for a client',
      { services: ['_xmpp-client.example.org'] },
      'example.org',
      true,
      'xmpp-client',
    ],
    ['SRV-ID of another domain', { services: ['_xmpp-server.example.com'] }, 'example.org', false],
    ['XmppAddr', { xmppAddresses: ['example.org'] }, 'example.org', true],
    ['XmppAddr in Unicode, prepared', { xmppAddresses: ['MÜNCHEN.example'] }, 'münchen.example', true],
    ['XmppAddr as A-label', { xmppAddresses: ['xn--mnchen-3ya.example'] }, 'münchen.example', true],
    ['XmppAddr of a user', { xmppAddresses: ['juliet@example.org'] }, 'example.org', false],
    ['XmppAddr with a resource', { xmppAddresses: ['example.org/x'] }, 'example.org', false],
    ['XmppAddr with a wildcard', { xmppAddresses: ['*.example.org'] }, 'chat.example.org', false],
    ['URI-ID is not XMPP’s', { uris: ['sip:example.org', 'xmpp:example.org'] }, 'example.org', false],
    ['RFC 9525: no CN', { hasAlternativeName: false, commonNames: ['example.org'] }, 'example.org', false],
    ['nothing', {}, 'example.org', false],
  ];
  for (const [what, names, domain, expected, service] of cases) {
    test(what, () => assert.equal(coversXmppDomain({ ...NOTHING, ...names }, domain, service), expected));
  }
});
