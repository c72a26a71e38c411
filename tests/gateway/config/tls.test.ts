// `sip.tls`: the files behind it, and how it agrees with listeners and domains.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { TestCa, type TestCertificate } from '../../peers/test-ca.ts';
import { load, MINIMAL } from './support.ts';

const ca = new TestCa();
after(() => ca.remove());
const own = ca.make({ names: ['URI:sip:example.org'], days: 90 });
const host = ca.make({ names: ['DNS:gw.example.org'], days: 90 });
const wild = ca.make({ names: ['DNS:*.org'], days: 90 });
const old = ca.make({ names: ['URI:sip:example.org'], days: -1 });

function files(made: TestCertificate, more: Readonly<Record<string, string>> = {}) {
  return {
    '/etc/gw.pem': readFileSync(made.certificate, 'utf8'),
    '/etc/gw.key': readFileSync(made.key, 'utf8'),
    '/etc/ca.pem': readFileSync(made.ca, 'utf8'),
    ...more,
  };
}

const TLS = MINIMAL.replace(
  '  listen: ["udp://127.0.0.1:5060"]',
  '  listen: ["tls://127.0.0.1"]\n  tls: { certificate: gw.pem, key: gw.key, ca: ca.pem }',
);
const LIST = MINIMAL.replace(
  '  listen: ["udp://127.0.0.1:5060"]',
  '  listen: ["tls://127.0.0.1"]\n  tls:\n    - { domain: example.org, certificate: gw.pem, key: gw.key }',
);

test('one certificate, and a list', () => {
  for (const text of [TLS, LIST]) {
    const { config, errors, warnings } = load(text, files(own));
    assert.deepEqual([errors, warnings], [[], []]);
    const [entry] = config?.sip.tls ?? [];
    assert.equal(entry?.certificate.path, '/etc/gw.pem');
    assert.match(entry.key.text, /BEGIN PRIVATE KEY/);
  }
});

describe('findings', () => {
  const cases: [string, string, Readonly<Record<string, string>>, string][] = [
    [
      'a file that is missing',
      TLS,
      { '/etc/gw.pem': 'x', '/etc/ca.pem': 'x' },
      '6:36: sip.tls.key: /etc/gw.key is not there; put the file there, or correct the path, which starts from this file',
    ],
    [
      'a key that does not match',
      TLS,
      files(own, { '/etc/gw.key': readFileSync(host.key, 'utf8') }),
      '6:36: sip.tls.key: does not belong to the certificate /etc/gw.pem; put the key with which that was asked for here',
    ],
    [
      'in a list, at its own line',
      LIST,
      files(own, { '/etc/gw.key': readFileSync(host.key, 'utf8') }),
      '7:56: sip.tls[0].key: does not belong to the certificate /etc/gw.pem; put the key with which that was asked for here',
    ],
    [
      'a listener without certificate',
      MINIMAL.replace('udp:', 'wss:'),
      {},
      '5:12: sip.listen[0]: wss:// needs sip.tls, which names certificate and key',
    ],
    [
      'two for one domain',
      LIST.replace(
        'key: gw.key }\n',
        'key: gw.key }\n    - { domain: example.org, certificate: gw.pem, key: gw.key }\n',
      ),
      files(own),
      '8:17: sip.tls[1].domain: has its certificate in entry 1 already',
    ],
    [
      'a path in an origin',
      TLS.replace('  tls:', '  origins: ["https://a.example/x"]\n  tls:'),
      files(own),
      '6:13: sip.origins[0]: must be an origin: https://a.example',
    ],
  ];
  for (const [what, text, beside, finding] of cases) {
    test(what, () => {
      const { errors } = load(text, beside);
      assert.ok(errors.includes(`/etc/s.yaml:${finding}`), errors.join('\n'));
    });
  }
});

describe('warnings: the gateway starts, and check tells', () => {
  const cases: [string, string, TestCertificate, RegExp][] = [
    ['expired', TLS, old, /6:23: warning: sip\.tls\.certificate: expired on .*renew it/],
    [
      'a domain that it does not name',
      TLS,
      wild,
      /6:8: warning: sip\.tls: no certificate names example\.org, .*RFC 5922/,
    ],
    [
      'a domain of its own that it does not name',
      LIST,
      host,
      /7:17: warning: sip\.tls\[0\]\.domain: is not named by the certificate/,
    ],
    [
      'no listener',
      TLS.replace('tls://127.0.0.1', 'udp://127.0.0.1'),
      own,
      /6:8: warning: sip\.tls: has no use/,
    ],
    [
      'origins without WebSocket',
      TLS.replace('  tls:', '  origins: ["*"]\n  tls:'),
      own,
      /6:12: warning: sip\.origins: has no use/,
    ],
  ];
  for (const [what, text, made, warning] of cases) {
    test(what, () => {
      const { errors, warnings } = load(text, files(made));
      assert.deepEqual(errors, []);
      assert.equal(warnings.length, 1, warnings.join('\n'));
      assert.match(warnings[0] ?? '', warning);
    });
  }
  test('a certificate of the host that is advertised will do for peers that are sent here', () => {
    const { warnings } = load(TLS.replace('  tls:', '  advertise: gw.example.org:5061\n  tls:'), files(host));
    assert.deepEqual(warnings, []);
  });
});
