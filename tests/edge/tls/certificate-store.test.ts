// The certificates that the gateway shows: choice by SNI, renewal without a restart, warnings before the end.

import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { Counters, TimerWheel, type Log } from '../../../src/base/index.ts';
import {
  CertificateStore,
  chooseCredentials,
  inspectCertificate,
  readCredentials,
  type CertificateEntry,
  type Credentials,
} from '../../../src/edge/tls/index.ts';
import { TempFolder } from '../../peers/temp-folder.ts';
import { pemFiles, TestCa } from '../../peers/test-ca.ts';

const DAY = 86_400_000;
const ca = new TestCa();
const folder = new TempFolder('tls-store');
after(() => {
  ca.remove();
  folder.remove();
});
const one = ca.make({ names: ['DNS:a.example', 'DNS:*.a.example'], days: 60 });
const two = ca.make({ names: ['DNS:b.example'], days: 60 });

function rig(entries: readonly CertificateEntry[]) {
  let now = 0;
  let wall = Date.now();
  const lines: string[] = [];
  const line =
    (level: string) =>
    (event: string, { days }: Readonly<Record<string, unknown>> = {}): void =>
      void lines.push([level, event, ...(typeof days === 'number' ? [days] : [])].join(' '));
  const log: Log = {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    enabled: () => true,
  };
  const timers = new TimerWheel(() => now);
  const counters = new Counters();
  const store = new CertificateStore('sip', entries, {
    clock: { now: () => now, wall: () => wall },
    timers,
    log,
    counters,
    readFile: (path) => readFileSync(path, 'utf8'),
    modifiedMs: (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs,
  });
  const pass = (ms: number): void => {
    now += ms;
    wall += ms;
    timers.advance();
  };
  return { store, lines, counters, pass, setWall: (ms: number) => void (wall = ms) };
}

const MINUTE = 61_000;

describe('choice', () => {
  const entry = (made: typeof one, domain?: string): Credentials => {
    const read = readCredentials({ ...pemFiles(made), ...(domain === undefined ? {} : { domain }) });
    assert.ok(read.ok);
    return read.value;
  };
  const first = entry(two);
  const named = entry(one, 'c.example');
  const wild = entry(one, '*.c.example');
  const own = entry(one);
  const cases: [string, readonly [Credentials, ...Credentials[]], string | undefined, Credentials][] = [
    ['no name: the first', [first, own], undefined, first],
    ['an unknown name: the first', [first, own], 'x.example', first],
    ['a configured domain', [first, wild, named], 'c.example', named],
    ['without case and final dot', [first, named], 'C.Example.', named],
    ['a configured wildcard', [first, named, wild], 'x.c.example', wild],
    ['a name of the certificate', [first, own], 'a.example', own],
    ['its wildcard', [first, own], 'x.a.example', own],
    [
      'the domain beats the certificate',
      [first, own, entry(two, 'a.example')],
      'a.example',
      entry(two, 'a.example'),
    ],
  ];
  for (const [what, all, name, expected] of cases) {
    test(what, () => {
      const chosen = chooseCredentials(all, name);
      assert.equal(chosen.entry.certificate.path, expected.entry.certificate.path);
      assert.equal(chosen.entry.domain, expected.entry.domain);
    });
  }
});

describe('renewal', () => {
  test('a new file is taken within a minute; half of it changes nothing', () => {
    const at = { certificate: folder.file('c.pem'), key: folder.file('k.pem'), ca: ca.certificate };
    copyFileSync(one.certificate, at.certificate);
    copyFileSync(one.key, at.key);
    const { store, lines, pass, counters } = rig([pemFiles(at)]);
    let changes = 0;
    store.onChange(() => (changes += 1));
    store.start();
    pass(MINUTE);
    assert.deepEqual([changes, store.for().names.dns[0]], [0, 'a.example'], 'nothing is new');
    // The certificate alone: it does not fit the key that is still there.
    copyFileSync(two.certificate, at.certificate);
    utimesSync(at.certificate, new Date(), new Date(Date.now() + 5000));
    pass(MINUTE);
    assert.deepEqual([changes, store.for().names.dns[0]], [0, 'a.example']);
    assert.deepEqual(lines.splice(0), ['error tls.renewal-failed']);
    assert.equal(counters.total('stoxgate_tls_renewals_failed_total'), 1);
    pass(MINUTE);
    assert.deepEqual(lines.splice(0), [], 'told once for each change');
    copyFileSync(two.key, at.key);
    utimesSync(at.key, new Date(), new Date(Date.now() + 9000));
    pass(MINUTE);
    assert.deepEqual([changes, store.for().names.dns[0]], [1, 'b.example']);
    assert.deepEqual(lines.splice(0), ['info tls.renewed']);
    // A file that is away for a moment is no change.
    rmSync(at.key);
    pass(MINUTE);
    assert.deepEqual([changes, lines.splice(0)], [1, []]);
    store.stop();
    copyFileSync(one.certificate, at.certificate);
    pass(MINUTE);
    assert.equal(changes, 1, 'nobody looks any more');
  });
  test('other entries, all or none', () => {
    const { store } = rig([pemFiles(one)]);
    store.replace([pemFiles(two)]);
    assert.equal(store.for().names.dns[0], 'b.example');
    assert.throws(() => store.replace([pemFiles(one), { ...pemFiles(one), key: pemFiles(two).key }]), {
      code: 'ERR_TLS_KEY',
    });
    assert.equal(store.for().names.dns[0], 'b.example');
  });
});

test('the end is told at 30, 7 and 1 days and when it has come, once each', () => {
  const { store, lines, pass, setWall, counters } = rig([pemFiles(two)]);
  const end = store.expiresMs;
  store.start();
  const told: string[][] = [];
  for (const days of [31, 30, 29, 7, 6.5, 1, 0.5, 0, -1]) {
    setWall(end - days * DAY - MINUTE);
    pass(MINUTE);
    told.push(lines.splice(0));
  }
  assert.deepEqual(told, [
    [],
    ['warn tls.certificate-expires 30'],
    [],
    ['warn tls.certificate-expires 7'],
    [],
    ['warn tls.certificate-expires 1'],
    [],
    ['error tls.certificate-expired'],
    [],
  ]);
  setWall(end - 5000);
  assert.match(counters.text(), /stoxgate_tls_certificate_expiry_seconds\{use="sip"\} 5\n/);
  store.stop();
});

describe('what is wrong with an entry', () => {
  // Certificates are made after this line, and count from the second in which they are.
  const now = Date.now() + 60_000;
  const broken = folder.write('broken.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
  const encrypted = folder.write('enc.pem', '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n');
  const text = (path: string) => ({ path, text: readFileSync(path, 'utf8') });
  const cases: [string, CertificateEntry, string, string, RegExp][] = [
    [
      'a key of another certificate',
      { ...pemFiles(one), key: text(two.key) },
      'key',
      'error',
      /does not belong/,
    ],
    [
      'a key in the place of the certificate',
      { ...pemFiles(one), certificate: text(one.key) },
      'certificate',
      'error',
      /holds no certificate/,
    ],
    [
      'a certificate that cannot be read',
      { ...pemFiles(one), certificate: text(broken) },
      'certificate',
      'error',
      /cannot be read/,
    ],
    ['a key with a passphrase', { ...pemFiles(one), key: text(encrypted) }, 'key', 'error', /passphrase/],
    [
      'a certificate in the place of the key',
      { ...pemFiles(one), key: text(one.certificate) },
      'key',
      'error',
      /cannot be read as a private key/,
    ],
    [
      'authorities that cannot be read',
      { ...pemFiles(one), ca: text(broken) },
      'ca',
      'error',
      /cannot be read/,
    ],
    ['no authorities', { ...pemFiles(one), ca: text(one.key) }, 'ca', 'error', /holds no certificate/],
    [
      'expired',
      pemFiles(ca.make({ names: ['DNS:a.example'], days: -1 })),
      'certificate',
      'warning',
      /expired on/,
    ],
    [
      'soon',
      pemFiles(ca.make({ names: ['DNS:a.example'], days: 20 })),
      'certificate',
      'warning',
      /expires on/,
    ],
  ];
  for (const [what, entry, part, severity, message] of cases) {
    test(what, () => {
      const { remarks } = inspectCertificate(entry, now);
      assert.deepEqual(
        remarks.map((each) => [each.part, each.severity]),
        [[part, severity]],
      );
      assert.match(remarks[0]?.message ?? '', message);
    });
  }
  test('not yet', () => {
    const { remarks } = inspectCertificate(pemFiles(two), now - 2 * DAY);
    assert.match(remarks[0]?.message ?? '', /only from/);
  });
  test('nothing', () => assert.deepEqual(inspectCertificate(pemFiles(two), now).remarks, []));
  test('the start names the file', () => {
    const bad = folder.file('bad.key');
    writeFileSync(bad, 'nothing');
    assert.throws(
      () => rig([{ ...pemFiles(one), key: text(bad) }]),
      (error: Error) => error.message.includes(bad),
    );
  });
});
