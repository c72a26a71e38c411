// `xmpp.server` in the configuration: what it takes, what it refuses with which words, whom it serves, and which next hop wins.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { readCertificateNames } from '../../../src/edge/tls/index.ts';
import { formatFinding, parseConfig, type Config } from '../../../src/gateway/index.ts';
import { parseServerListen, parseServerPlace } from '../../../src/gateway/config/server-fields.ts';
import { nextHopsOf } from '../../../src/gateway/own-server.ts';
import { ServedDomains } from '../../../src/gateway/served-domains.ts';
import { TestCa } from '../../peers/test-ca.ts';
import { X509Certificate } from 'node:crypto';

const ca = new TestCa();
after(() => ca.remove());
const own = ca.make({ names: ['DNS:example.net', 'DNS:*.any.example'], days: 90 });

interface Parsed {
  readonly config: Config | undefined;
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

function parse(server: unknown, more: Readonly<Record<string, unknown>> = {}): Parsed {
  const warnings: string[] = [];
  const text = JSON.stringify({
    domains: [
      { home: 'sip', sip: 'example.net', xmpp: 'example.net' },
      { home: 'xmpp', xmpp: 'example.org', sip: 'example.org' },
    ],
    sip: { listen: ['udp://127.0.0.1:5060'], trusted: ['127.0.0.1/32'] },
    ...more,
    xmpp: { components: [], ...(typeof more['xmpp'] === 'object' ? more['xmpp'] : {}), server },
  });
  const result = parseConfig(text, '/s.yaml', {
    env: {},
    readFile: (path) => readFileSync(path, 'utf8'),
    warn: (finding) => warnings.push(formatFinding(finding)),
  });
  return {
    config: result.ok ? result.value : undefined,
    errors: result.ok ? [] : result.error.map(formatFinding),
    warnings,
  };
}

describe('the schema', () => {
  test('the least: a certificate; the rest has defaults', () => {
    const { config, errors, warnings } = parse({ tls: own });
    assert.deepEqual([errors, warnings], [[], []]);
    const server = config?.xmpp.server;
    assert.deepEqual(server?.listen, [
      { transport: 'TCP', host: '0.0.0.0', port: 5269 },
      { transport: 'TLS', host: '0.0.0.0', port: 5270 },
    ]);
    assert.equal(server.dialback, 'never');
    assert.deepEqual(server.next_hops, {});
    assert.equal(server.tls.length, 1);
  });

  const refused: [string, unknown, RegExp][] = [
    ['no certificate', {}, /xmpp\.server\.tls: is missing/],
    [
      'dialback in the clear',
      { tls: own, dialback: 'always' },
      /xmpp\.server\.dialback: .*never or over-tls/,
    ],
    ['an unknown key', { tls: own, dailback: 'never' }, /xmpp\.server\.dailback: .*dialback/],
    ['a listener of UDP', { tls: own, listen: ['udp://127.0.0.1:5269'] }, /unknown scheme "udp"/],
    ['a listener with a name', { tls: own, listen: ['tcp://localhost:5269'] }, /a listener needs an address/],
    [
      'two listeners at one place',
      { tls: own, listen: ['tcp://127.0.0.1:1', 'tls://127.0.0.1:1'] },
      /same address and port/,
    ],
    ['a file that is not there', { tls: { ...own, key: 'none.key' } }, /none\.key/],
    ['no place', { tls: own, next_hops: { 'example.org': [] } }, /at least 1 entry/],
    ['a place that is none', { tls: own, next_hops: { 'example.org': 'http://x' } }, /unknown scheme "http"/],
  ];
  for (const [what, server, message] of refused) {
    test(`refused: ${what}`, () => {
      const { errors } = parse(server);
      assert.equal(errors.length, 1, errors.join('\n'));
      assert.match(errors[0] ?? '', message);
    });
  }

  test('doubtful: a certificate of others, a next hop for nobody, nobody to serve', () => {
    const strange = ca.make({ names: ['DNS:elsewhere.example'] });
    assert.match(parse({ tls: strange }).warnings.join('\n'), /no certificate names example\.net/);
    assert.match(
      parse({ tls: own, next_hops: { 'example.com': 'h' } }).warnings.join('\n'),
      /next_hops\.?\[?.*no "home: xmpp" rule/,
    );
    const components = [{ domain: 'example.net', secret: 'x' }];
    assert.match(parse({ tls: own }, { xmpp: { components } }).warnings.join('\n'), /serves nobody/);
  });
});

describe('places', () => {
  const cases: [string, string | undefined][] = [
    ['10.0.0.7', 'TCP 10.0.0.7 5269'],
    ['xmpp.example.org:5222', 'TCP xmpp.example.org 5222'],
    ['tls://[2001:db8::1]', 'TLS 2001:db8::1 5270'],
    ['tcp://h.example:1', 'TCP h.example 1'],
    ['h.example:0', undefined],
    ['h.example:x', undefined],
    ['', undefined],
  ];
  for (const [text, expected] of cases) {
    test(`"${text}" is ${expected ?? 'no place'}`, () => {
      const place = parseServerPlace(text);
      const shown = place.ok ? `${place.value.transport} ${place.value.host} ${place.value.port}` : undefined;
      assert.equal(shown, expected);
    });
  }
  test('a listener may take any free port, and names its scheme', () => {
    assert.ok(parseServerListen('tcp://127.0.0.1:0').ok);
    assert.ok(!parseServerListen('127.0.0.1:5269').ok);
  });

  test('an exact name beats the longest *.name, which beats *', () => {
    const at = (host: string) => [{ transport: 'TCP', host, port: 1 }] as const;
    const hops = {
      '*': at('all'),
      '*.example.org': at('below'),
      '*.a.example.org': at('further'),
      'example.org': at('own'),
    };
    const hostOf = (domain: string): string | undefined => nextHopsOf(domain, hops)?.[0]?.host;
    assert.equal(hostOf('example.org'), 'own');
    assert.equal(hostOf('x.example.org'), 'below');
    assert.equal(hostOf('x.a.example.org'), 'further');
    assert.equal(hostOf('other.example'), 'all');
    assert.equal(nextHopsOf('other.example', {}), undefined);
  });
});

describe('whom the server speaks for', () => {
  const names = readCertificateNames(new X509Certificate(readFileSync(own.certificate)).raw);
  const served = (domains: readonly unknown[], components: readonly unknown[] = []): ServedDomains => {
    const { config, errors } = parse({ tls: own }, { domains, xmpp: { components } });
    assert.ok(config !== undefined && names.ok, errors.join('\n'));
    return new ServedDomains(config, [names.value]);
  };
  const sip = (name: string, xmpp = name) => ({ home: 'sip', sip: name, xmpp });
  const xmpp = (name: string) => ({ home: 'xmpp', sip: name, xmpp: name });

  test('the xmpp names of "home: sip" rules, and no others', () => {
    const all = served([sip('example.net'), sip('corp.example', 'phones.corp.example'), xmpp('example.org')]);
    assert.ok(all.has('example.net') && all.has('phones.corp.example'));
    assert.ok(!all.has('corp.example') && !all.has('example.org') && !all.has('x.example.net'));
  });
  test('not those that a component has', () => {
    const all = served([sip('example.net'), sip('b.example')], [{ domain: 'example.net', secret: 'x' }]);
    assert.ok(!all.has('example.net') && all.has('b.example'));
  });
  test('the domain that folded addresses have', () => {
    const all = served([{ home: 'sip', sip: '*', xmpp: 'sip.example.org' }, xmpp('example.org')]);
    assert.ok(all.has('sip.example.org') && !all.has('any.example'));
  });
  test('"*.name"', () => {
    const all = served([sip('*.example.net'), xmpp('x.example.net')]);
    assert.ok(all.has('a.example.net') && !all.has('example.net'));
    // A closer rule says that its users are at home in XMPP.
    assert.ok(!all.has('x.example.net'));
  });
  test('"*" on both sides: what a certificate of ours proves', () => {
    const all = served([sip('*'), xmpp('example.net')]);
    assert.ok(all.has('a.any.example'));
    assert.ok(!all.has('other.example') && !all.has('example.net'));
  });
});
