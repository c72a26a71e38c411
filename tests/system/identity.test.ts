// A From that its domain has signed (`sip.identity`; SIPT-06, RFC 8224, RFC 8225), with certificates of an authority of
// our own, fetched over HTTPS from this process.
import assert from 'node:assert/strict';
import { sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { after, before, describe, test } from 'node:test';
import { statusOf } from '../peers/sip-text.ts';
import { certificateBlocks } from '../../src/edge/tls/index.ts';
import { TestCa, type CertificateWish, type TestCertificate } from '../peers/test-ca.ts';
import { pause, Rig, type RigOptions } from './rig.ts';
import { unique, type RequestParts } from './sip-peer.ts';

interface Signing {
  readonly by?: TestCertificate;
  readonly path?: string;
  readonly host?: string;
  readonly form?: 'full' | 'compact';
  /** Seconds from now. */
  readonly age?: number;
  readonly orig?: string;
  readonly dest?: string;
  readonly alg?: string;
  readonly ppt?: string;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly spoiled?: boolean;
}

const FROM = 'sip:romeo@example.net';
const TO = 'sip:juliet@example.com';

describe('RFC 8224 §6.2: a verification service', () => {
  const authority = new TestCa();
  const other = new TestCa('Other CA');
  const pem = (path: string): string => readFileSync(path, 'utf8');
  let good: TestCertificate;
  let server: Server;
  let port = 0;
  const pages = new Map<
    string,
    { readonly status: number; readonly body: string; readonly waitMs?: number }
  >();
  const asked: string[] = [];
  let rig: Rig;

  const options = (more: Readonly<Record<string, unknown>> = {}): RigOptions => ({
    sip: ({ sipPort }) => ({
      next_hops: { 'example.net': `sip:127.0.0.1:${sipPort};transport=udp;lr` },
      trusted: [],
      identity: { hosts: [`127.0.0.1:${port}`], ca: '/ca.pem', ...more },
    }),
    files: { '/ca.pem': pem(authority.certificate) },
  });

  before(async () => {
    good = authority.make({ names: ['DNS:example.net'] });
    const https = authority.make({ names: ['IP:127.0.0.1'] });
    const between = authority.make({ constraints: 'CA:true' });
    const put = (path: string, body: string): unknown => pages.set(path, { status: 200, body });
    /** A certificate, at the path of its name. */
    const make = (name: string, wish: CertificateWish, by: TestCa = authority): void => {
      const made = (issued[name] = by.make(wish));
      put(`/${name}`, pem(made.certificate));
    };
    put('/good', pem(good.certificate));
    make('uri', { names: ['URI:sip:example.net'] });
    make('elsewhere', { names: ['DNS:example.org'] });
    // RFC 5922 §7.1: DNS names count only where there is no sip URI.
    make('uriFirst', { names: ['URI:sip:example.org', 'DNS:example.net'] });
    make('wild', { names: ['DNS:*.example.net'] });
    make('foreign', { names: ['DNS:example.net'] }, other);
    make('expired', { names: ['DNS:example.net'], days: -1 });
    make('p384', { names: ['DNS:example.net'], curve: 'secp384r1' });
    make('chained', { names: ['DNS:example.net'], issuer: between });
    put('/gap', certificateBlocks(pem(issued['chained']?.certificate ?? ''))[0] ?? '');
    // A certificate for a domain is no authority, whatever it signs.
    make('leaf', { names: ['DNS:example.net'], issuer: authority.make({ names: ['DNS:example.org'] }) });
    put('/nonsense', 'hello');
    put('/huge', `${pem(good.certificate)}${'x'.repeat(100_000)}`);
    pages.set('/missing', { status: 404, body: '' });
    pages.set('/redirect', { status: 302, body: '' });
    server = createServer({ cert: pem(https.certificate), key: pem(https.key) }, (request, response) => {
      asked.push(request.url ?? '');
      const page = pages.get(request.url ?? '') ?? { status: 404, body: '' };
      setTimeout(() => {
        response.statusCode = page.status;
        if (page.status === 302) response.setHeader('Location', '/good');
        response.end(page.body);
      }, page.waitMs ?? 0);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    port = typeof address === 'object' && address !== null ? address.port : 0;
    rig = await Rig.start(options());
  });
  after(async () => {
    await rig.stop();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    authority.remove();
    other.remove();
  });

  const issued: Record<string, TestCertificate | undefined> = {};

  /** Date and Identity, made by RFC 8225 §4 to §6 in this file alone. */
  function signed(given: Signing = {}): RequestParts {
    const { by = good, path = '/good', host = `127.0.0.1:${port}`, form = 'compact', age = 0 } = given;
    const seconds = Math.floor(Date.now() / 1000) - age;
    const x5u = `https://${host}${path}`;
    const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const header = base64({ alg: 'ES256', typ: 'passport', x5u });
    const payload = base64({
      dest: { uri: [given.dest ?? TO] },
      iat: seconds,
      orig: { uri: given.orig ?? FROM },
      ...given.claims,
    });
    const signature = sign('sha256', Buffer.from(`${header}.${payload}`), {
      key: pem(by.key),
      dsaEncoding: 'ieee-p1363',
    }).toString('base64url');
    const text = given.spoiled === true ? signature.replace(/^./, (c) => (c === 'A' ? 'B' : 'A')) : signature;
    const passport = form === 'full' ? `${header}.${payload}.${text}` : `..${text}`;
    const params = `${given.alg === undefined ? '' : `;alg=${given.alg}`}${given.ppt === undefined ? '' : `;ppt=${given.ppt}`}`;
    return {
      body: 'signed',
      headers: [
        ['Date', new Date(seconds * 1000).toUTCString()],
        ['Identity', `${passport};info=<${x5u}>${params}`],
      ],
    };
  }

  async function status(parts: RequestParts, on = rig): Promise<readonly [number | undefined, string]> {
    const response = await on.ask(parts);
    return [statusOf(response), response.startLine.replace(/^SIP\/2\.0 \d+ /, '')];
  }

  for (const form of ['compact', 'full'] as const) {
    test(`${form} form: accepted, and the message crosses with its From`, async () => {
      assert.equal((await status(signed({ form })))[0], 202);
      const stanza = await rig.xmpp.stanzas.next('the message');
      assert.equal(stanza.attr('from'), 'romeo@example.net');
    });
  }

  test('§7.2: the certificate is fetched once', async () => {
    for (let i = 0; i < 3; i++) assert.equal((await status(signed()))[0], 202);
    assert.equal(asked.filter((path) => path === '/good').length, 1);
  });

  test('RFC 5922 §7.1: a sip URI in the certificate', async () => {
    const by = issued['uri'];
    assert.ok(by);
    assert.equal((await status(signed({ by, path: '/uri' })))[0], 202);
  });

  test('a chain over an authority in between', async () => {
    const by = issued['chained'];
    assert.ok(by);
    assert.equal((await status(signed({ by, path: '/chained' })))[0], 202);
  });

  const rows: readonly (readonly [string, () => RequestParts, number, RegExp])[] = [
    ['§6.2.2: no Identity: 428', () => ({ body: 'x' }), 428, /^Use Identity Header$/],
    ['§6.2 step 1: only a ppt that we do not know: 428', () => signed({ ppt: 'shaken' }), 428, /Format$/],
    [
      'a host that is not on the list: 436',
      () => signed({ host: 'evil.example' }),
      436,
      /^Bad Identity Info: not fetched from there$/,
    ],
    [
      'the same host by another port: 436',
      () => signed({ host: '127.0.0.1:1' }),
      436,
      /^Bad Identity Info: not fetched from there$/,
    ],
    ['what cannot be fetched: 436', () => signed({ path: '/missing' }), 436, /^Bad Identity Info/],
    ['a redirect is not followed: 436', () => signed({ path: '/redirect' }), 436, /^Bad Identity Info/],
    ['more than a certificate may be: 436', () => signed({ path: '/huge' }), 436, /^Bad Identity Info/],
    ['what is no certificate: 437', () => signed({ path: '/nonsense' }), 437, /^Unsupported Credential/],
    ['another algorithm: 437', () => signed({ alg: 'RS256' }), 437, /^Unsupported Credential/],
    [
      '§6.2 step 5: a spoiled signature: 438',
      () => signed({ spoiled: true }),
      438,
      /^Invalid Identity Header$/,
    ],
    ['§6.2 step 4: older than a minute: 403', () => signed({ age: 90 }), 403, /^Stale Date$/],
    ['from a future: 403', () => signed({ age: -90 }), 403, /^Stale Date$/],
    ['full form, older than a minute: 403', () => signed({ age: 90, form: 'full' }), 403, /^Stale Date$/],
    [
      '§6.2.4: a full form about another sender: 438',
      () => signed({ form: 'full', orig: 'sip:x@example.net' }),
      438,
      /./,
    ],
    [
      '§12.1.1: a full form for another target: 438',
      () => signed({ form: 'full', dest: 'sip:x@example.com' }),
      438,
      /./,
    ],
    ['the signature of another sender: 438', () => signed({ orig: 'sip:x@example.net' }), 438, /./],
    [
      'RFC 7519 §2: an iat that is a text: 438',
      () => signed({ form: 'full', claims: { iat: '1' } }),
      438,
      /./,
    ],
    ['§4: not an Identity: 438', () => ({ body: 'x', headers: [['Identity', 'yes']] }), 438, /./],
  ];
  for (const [what, parts, expected, reason] of rows) {
    test(what, async () => {
      const before = rig.xmpp.stanzas.all.length;
      const [got, phrase] = await status(parts());
      assert.equal(got, expected, phrase);
      assert.match(phrase, reason);
      await pause(20);
      assert.equal(rig.xmpp.stanzas.all.length, before);
    });
  }

  const notHis = ['elsewhere', 'uriFirst', 'wild', 'foreign', 'expired', 'p384', 'gap', 'leaf'] as const;
  for (const name of notHis) {
    test(`§6.2.2: the certificate "${name}": 437`, async () => {
      const key = name === 'gap' ? 'chained' : name;
      const by = issued[key];
      assert.ok(by);
      const [got, phrase] = await status(signed({ by, path: `/${name}` }));
      assert.equal(got, 437, phrase);
    });
  }

  test('§8.4: a certificate for its own domain proves nothing of another', async () => {
    const elsewhere = { ...signed({ orig: 'sip:romeo@example.org' }), from: '<sip:romeo@example.org>' };
    assert.equal((await status(elsewhere))[0], 403, 'no rule of `domains`');
  });

  test('§6.2.1: one of several that is valid is enough', async () => {
    const bad = signed({ spoiled: true }).headers ?? [];
    const parts = signed();
    assert.equal((await status({ ...parts, headers: [...bad.slice(1), ...(parts.headers ?? [])] }))[0], 202);
  });

  test('§12.1: an Identity that is pasted into another request: 438; its own retransmission is the same', async () => {
    const parts = { ...signed(), callId: unique('c'), fromTag: 'f', branch: `z9hG4bK${unique('b')}` };
    assert.equal((await status(parts))[0], 202);
    assert.equal((await status(parts))[0], 202);
    const before = rig.xmpp.stanzas.all.length;
    const pasted = { ...parts, callId: unique('c'), branch: `z9hG4bK${unique('b')}`, body: 'forged' };
    assert.equal((await status(pasted))[0], 438);
    await pause(20);
    assert.equal(rig.xmpp.stanzas.all.length, before);
  });

  test('many wait for one certificate: it is fetched once, and each has his answer', async () => {
    pages.set('/slow', { status: 200, body: pem(good.certificate), waitMs: 200 });
    const answers = await Promise.all(Array.from({ length: 20 }, () => status(signed({ path: '/slow' }))));
    assert.deepEqual(new Set(answers.map(([code]) => code)), new Set([202]));
    assert.equal(asked.filter((path) => path === '/slow').length, 1);
    assert.equal(rig.held('waiting_for_certificates'), 0);
  });

  test('what is stale or of a strange host makes nobody ask', () => {
    const found = ['/good', '/uri', '/chained', '/slow', '/elsewhere', '/uriFirst', '/wild'];
    assert.ok(asked.every((path) => pages.has(path)));
    assert.ok(rig.counter('stoxgate_identity_fetches_total') >= 10);
    assert.equal(
      rig.gateway.counters.counter('stoxgate_identity_fetches_total', '', { result: 'found' }).value,
      asked.filter((path) => found.includes(path)).length,
    );
  });

  test('a stop and a reload while a certificate is fetched leave nothing open, and the sender hears it', async () => {
    pages.set('/never', { status: 200, body: pem(good.certificate), waitMs: 3000 });
    const own = await Rig.start(options());
    try {
      const first = own.sip.sendRequest(signed({ path: '/never' }), own.port);
      await own.until('it waits', () => own.held('waiting_for_certificates') === 1);
      const sip = { trusted: [], identity: { hosts: [`127.0.0.1:${port}`], ca: '/ca.pem', fresh: 59 } };
      await own.gateway.reload(own.config({ sip }));
      // RFC 8224 §6.2.2 has no status for that; another gateway may know the certificate (RFC 3263 §4.3).
      assert.equal(statusOf(await own.sip.final(first)), 503);
      own.sip.sendRequest(signed({ path: '/never' }), own.port);
      await own.until('it waits', () => own.held('waiting_for_certificates') === 1);
      await own.restart();
      assert.equal((await status(signed(), own))[0], 202);
    } finally {
      await own.stop();
    }
  });

  test('with accounts besides: who has a password is challenged, who has a signature is not', async () => {
    const both = await Rig.start({
      ...options(),
      sip: {
        trusted: [],
        identity: { hosts: [`127.0.0.1:${port}`], ca: ['/ca.pem'], fresh: 120 },
        users: [{ user: 'romeo', realm: 'example.net', password: 'x' }],
      },
    });
    try {
      assert.equal((await status({ body: 'x' }, both))[0], 401);
      assert.equal((await status(signed({ age: -90 }), both))[0], 202);
    } finally {
      await both.stop();
    }
  });
});
