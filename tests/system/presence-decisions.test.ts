// The decisions of XMPP users about their SIP watchers at a whole gateway (rows CSP-12, CSP-13): an XCAP server behind TLS, whose
// certificate is looked at, and a gateway that stops while that server is away.

import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:https';
import { after, before, describe, test } from 'node:test';
import { readFileSync } from 'node:fs';
import { parseConfig } from '../../src/gateway/index.ts';
import { TestCa, type TestCertificate } from '../peers/test-ca.ts';
import { freePort } from '../peers/ports.ts';
import { TempFolder } from '../peers/temp-folder.ts';
import { pause, Rig, type RigOptions } from './rig.ts';

const WATCHER = 'romeo@example.net';
const USER = 'juliet@example.com';
const PATH = '/xcap/pres-rules/users/sip:juliet@example.com/index';

/** An XCAP server for one document, with TLS. */
class XcapServer {
  readonly requests: string[] = [];
  body: string | undefined;
  readonly #server: Server;

  private constructor({ key, certificate }: TestCertificate) {
    const pem = { key: readFileSync(key), cert: readFileSync(certificate) };
    this.#server = createServer(pem, (request, response) => {
      this.requests.push(`${request.method} ${request.url}`);
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        if (request.method === 'PUT') this.body = Buffer.concat(parts).toString('utf8');
        else if (this.body === undefined) response.statusCode = 404;
        response.end(request.method === 'GET' ? this.body : undefined);
      });
    });
  }

  static async open(certificate: TestCertificate): Promise<XcapServer> {
    const server = new XcapServer(certificate);
    await new Promise<void>((resolve) => server.#server.listen(port, '127.0.0.1', resolve));
    return server;
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}

let folder: TempFolder;
let authority: TestCa;
let other: TestCa;
/** Of the XCAP server. */
let port: number;
before(async () => {
  port = await freePort();
  // Its sockets are gone a moment later, and are not to be counted.
  await pause(50);
  folder = new TempFolder('decisions');
  authority = new TestCa();
  other = new TestCa('Other CA');
});
after(() => {
  folder.remove();
  authority.remove();
  other.remove();
});

function options(more: RigOptions = {}): RigOptions {
  const xcap = { root: `https://localhost:${port}/xcap`, ca: authority.certificate };
  const presence = { model: 'presence-server', server: 'sip:127.0.0.1:9;transport=udp', xcap };
  return {
    domains: [
      { home: 'sip', sip: 'example.net', xmpp: 'example.net' },
      { home: 'xmpp', sip: 'example.com', xmpp: 'example.com', presence },
    ],
    readFile: (path) => readFileSync(path, 'utf8'),
    ...more,
  };
}

function decides(rig: Rig, type: 'subscribed' | 'unsubscribed'): void {
  rig.xmpp.write(`<presence from='${USER}' to='${WATCHER}' type='${type}'/>`);
}

const outcome = (rig: Rig, decision: string, what: string): number =>
  rig.gateway.counters.counter('stoxgate_presence_decisions_total', '', { decision, outcome: what }).value;

describe('XCAP over HTTPS', () => {
  test('a certificate of the configured authority for this name: the rules are written', async () => {
    const rig = await Rig.start(options());
    const server = rig.own(await XcapServer.open(authority.make({ names: ['DNS:localhost'] })));
    decides(rig, 'subscribed');
    await rig.until('it is written', () => outcome(rig, 'allow', 'written') === 1);
    decides(rig, 'unsubscribed');
    await rig.until('it is written', () => outcome(rig, 'block', 'written') === 1);
    assert.deepEqual(server.requests, [`GET ${PATH}`, `PUT ${PATH}`, `GET ${PATH}`, `PUT ${PATH}`]);
    assert.match(server.body ?? '', /stoxgate-block.*sip:romeo@example\.net/s);
    await rig.stop();
  });

  const cases: readonly (readonly [string, () => TestCertificate, RegExp])[] = [
    [
      'the name of another',
      () => authority.make({ names: ['DNS:xcap.example.org'] }),
      /does not match certificate/,
    ],
    ['an expired one', () => authority.make({ names: ['DNS:localhost'], days: -1 }), /expired/],
    [
      'one by another authority',
      () => other.make({ names: ['DNS:localhost'] }),
      /unable to (verify|get)|self.signed/,
    ],
  ];
  for (const [what, issue, why] of cases) {
    test(`${what}: nothing is sent, it is told, and tried again later`, async () => {
      const rig = await Rig.start(options({ mayHold: ['presence_decisions'] }));
      const server = rig.own(await XcapServer.open(issue()));
      decides(rig, 'subscribed');
      const delayed = () => rig.log.find(({ event }) => event === 'presence.decision.delayed');
      await rig.until('it is told', () => delayed() !== undefined);
      assert.match(String(delayed()?.fields['error']), why);
      assert.deepEqual(server.requests, []);
      assert.equal(rig.held('presence_decisions'), 1);
      await rig.stop();
    });
  }

  test('a reload takes another authority', async () => {
    const path = folder.write('changes.pem', readFileSync(other.certificate, 'utf8'));
    const rig = await Rig.start(options());
    rig.own(await XcapServer.open(other.make({ names: ['DNS:localhost'] })));
    const changed = options();
    await rig.gateway.reload(
      rig.config({
        domains: JSON.parse(JSON.stringify(changed.domains).replaceAll(authority.certificate, path)),
      }),
    );
    decides(rig, 'subscribed');
    await rig.until('it is written', () => outcome(rig, 'allow', 'written') === 1);
    await rig.stop();
  });

  const files: readonly (readonly [string, string, RegExp])[] = [
    ['no certificate in it', 'hello', /holds no certificate/],
    ['one that is broken', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', /cannot be read/],
  ];
  for (const [what, text, why] of files) {
    test(`a file with ${what} is a fault of the configuration`, () => {
      const { errors } = loadWithCa(() => text, 'https://x.example/r');
      assert.match(errors, why);
      assert.match(errors, /ca/);
    });
  }

  test('no such file; and a file where nobody asks for a certificate', () => {
    const missing = (): string => {
      throw new Error('ENOENT');
    };
    assert.match(loadWithCa(missing, 'https://x.example/r').errors, /cannot be read: ENOENT/);
    const read = (path: string): string => readFileSync(path, 'utf8');
    assert.match(loadWithCa(read, 'http://x.example/r').errors, /has a meaning only with https/);
    assert.equal(loadWithCa(read, 'https://x.example/r').errors, '');
  });

  function loadWithCa(readFile: (path: string) => string, root: string): { readonly errors: string } {
    const presence = {
      model: 'presence-server',
      server: 'sip:x.example',
      xcap: { root, ca: authority.certificate },
    };
    const text = JSON.stringify({
      domains: [
        { home: 'sip', sip: 'example.net', xmpp: 'example.net' },
        { home: 'xmpp', sip: 'example.com', xmpp: 'example.com', presence },
      ],
      sip: { listen: ['udp://127.0.0.1:0'], trusted: ['127.0.0.1/32'] },
      xmpp: { components: [{ domain: 'example.net', host: '127.0.0.1', port: 1, secret: 's' }] },
      store: 'memory:',
    });
    const parsed = parseConfig(text, 'test.yaml', { env: {}, readFile });
    return { errors: parsed.ok ? '' : JSON.stringify(parsed.error) };
  }
});

test('the gateway stops while the XCAP server is away: sent after the restart', async () => {
  const storeUrl = `sqlite:${folder.file('kept.db')}`;
  const rig = await Rig.start(options({ storeUrl }));
  decides(rig, 'unsubscribed');
  await rig.until('it is delayed', () => rig.log.some(({ event }) => event === 'presence.decision.delayed'));
  await rig.gateway.stop();
  const server = rig.own(await XcapServer.open(authority.make({ names: ['DNS:localhost'] })));
  await rig.again();
  await rig.until('it is written', () => outcome(rig, 'block', 'written') === 1);
  assert.match(server.body ?? '', /stoxgate-block/);
  await rig.restart();
  assert.equal(rig.held('presence_decisions'), 0, 'and not once more');
  assert.equal(server.requests.length, 2);
  await rig.stop();
});

test('a decision while the gateway drains is not lost', async () => {
  const storeUrl = `sqlite:${folder.file('drained.db')}`;
  const rig = await Rig.start(options({ storeUrl }));
  await rig.gateway.drain();
  decides(rig, 'subscribed');
  await rig.until('it is taken', () => rig.held('presence_decisions') === 1);
  await rig.gateway.stop();
  rig.own(await XcapServer.open(authority.make({ names: ['DNS:localhost'] })));
  await rig.again();
  await rig.until('it is written', () => outcome(rig, 'allow', 'written') === 1);
  await rig.stop();
});
