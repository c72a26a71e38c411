import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { check } from '../../src/cli/check.ts';
import { checkLinks } from '../../src/cli/check-links.ts';
import { Counters, silentLog } from '../../src/base/index.ts';
import { openStore } from '../../src/edge/store/index.ts';
import { parseConfig, System } from '../../src/gateway/index.ts';
import { TempFolder } from '../peers/temp-folder.ts';
import { TestCa } from '../peers/test-ca.ts';
import { FakeServer } from '../edge/xmpp/fake-server.ts';
import { fakeTerminal } from './support.ts';

const FILE = 's.yaml';

interface Parts {
  readonly sip?: string;
  readonly components?: string;
  readonly rest?: string;
}

function file({ sip, components, rest = '' }: Parts): string {
  return `domains:
  - { home: sip, sip: example.net, xmpp: sip.example.org }
sip: { trusted: [127.0.0.1], ${sip ?? 'listen: ["udp://127.0.0.1:0"], next_hops: { example.net: "sip:127.0.0.1" }'} }
xmpp: { components: [${components ?? ''}] }
${rest}
`;
}

async function findings(
  text: string,
  others: Readonly<Record<string, string>> = {},
): Promise<{ status: number; lines: string[] }> {
  const terminal = fakeTerminal({ [FILE]: text, ...others });
  const status = await check(FILE, terminal);
  assert.deepEqual(terminal.errors, []);
  return { status, lines: terminal.output };
}

/** RFC 1035 §4.1: 10.1.2.3 for the A question about hop.example.org, NXDOMAIN for every other. */
function dnsAnswer(query: Buffer): Buffer {
  // The header is 12 octets; the question is a name, a type and a class of two octets each.
  let end = 12;
  while ((query[end] ?? 0) !== 0) end += 1 + (query[end] ?? 0);
  const question = query.subarray(12, end + 5);
  const isA = question.readUInt16BE(question.length - 4) === 1;
  const found = isA && question.toString('latin1').toLowerCase().includes('\u0003hop\u0007example\u0003org');
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(found ? 0x8180 : 0x8183, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(found ? 1 : 0, 6);
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 1, 2, 3]);
  return Buffer.concat([header, question, ...(found ? [record] : [])]);
}

describe('stoxgate check', () => {
  let server: FakeServer;
  let good: string;
  beforeEach(async () => {
    server = await new FakeServer().listen();
    good = `{ domain: sip.example.org, port: ${server.port}, secret: secret }`;
  });
  afterEach(() => server.close());

  test('nothing wrong: one line, exit 0', async () => {
    assert.deepEqual(await findings(file({ components: good })), {
      status: 0,
      lines: ['s.yaml: nothing wrong'],
    });
  });

  test('an unusable file: exit 2', async () => {
    const terminal = fakeTerminal({ [FILE]: 'domains: 1' });
    assert.equal(await check(FILE, terminal), 2);
    assert.deepEqual(terminal.errors, ['s.yaml:1:10: domains: must be a list, not a number']);
  });

  test('a warning of the file is a finding', async () => {
    const sip = 'listen: ["udp://0.0.0.0:0"], next_hops: { example.net: "sip:127.0.0.1" }';
    const { status, lines } = await findings(file({ sip, components: good }));
    assert.equal(status, 1);
    assert.match(lines[0] ?? '', /^s\.yaml:3:\d+: warning: sip\.listen\[0\]: /);
  });

  test('the store: not there yet, no folder, damaged, in use, another program’s', async () => {
    const folder = new TempFolder('check-store');
    const lines = async (path: string): Promise<string> =>
      (
        await findings(file({ components: good, rest: `store: "sqlite:${join(folder.path, path)}"` }))
      ).lines.join('\n');
    try {
      assert.equal(await lines('s.db'), 's.yaml: nothing wrong');
      assert.equal(existsSync(folder.file('s.db')), false, 'it is not made');
      assert.match(await lines('none/s.db'), /^s\.yaml: store: there is no folder .*none; choose a place/);
      writeFileSync(folder.file('bad.db'), 'x'.repeat(5000));
      assert.match(await lines('bad.db'), /^s\.yaml: store: .*; restore it from a backup/);
      const other = new DatabaseSync(folder.file('other.db'));
      other.exec('CREATE TABLE t (a)');
      other.close();
      assert.match(await lines('other.db'), /another program; correct the place/);
      const system = new System(silentLog);
      const { clock, timers } = system;
      const env = { clock, timers, log: silentLog, counters: new Counters() };
      const store = await openStore(`sqlite:${folder.file('s.db')}`, env);
      assert.match(
        await lines('s.db'),
        /^s\.yaml: store: .* locked.*; only one gateway may use it at a time: stop the other one/,
      );
      await store.close();
      system.stop();
      assert.equal(await lines('s.db'), 's.yaml: nothing wrong');
    } finally {
      folder.remove();
    }
  });

  test('the admin socket: a folder that is not there; one that can be made is removed again', async () => {
    const place = mkdtempSync(join(tmpdir(), 'stoxgate-check-'));
    const admin = (path: string): string => file({ components: good, rest: `admin: "unix:${path}"` });
    assert.equal((await findings(admin(join(place, 's')))).status, 0);
    assert.deepEqual(readdirSync(place), []);
    const { status, lines } = await findings(admin(join(place, 'missing/s')));
    assert.equal(status, 1);
    assert.match(lines.join('\n'), /^s\.yaml: admin: cannot listen on .*: its folder is not there; .*folder/);
    rmSync(place, { recursive: true });
  });

  describe('ports', () => {
    let tcp: Server;
    let udp: Socket;
    let port: number;
    beforeEach(async () => {
      tcp = createServer();
      await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
      const address = tcp.address();
      port = typeof address === 'object' ? (address?.port ?? 0) : 0;
      udp = createSocket('udp4');
      await new Promise<void>((resolve) => udp.bind(port, '127.0.0.1', resolve));
    });
    afterEach(() => {
      tcp.close();
      udp.close();
    });

    test('in use: UDP, TCP and the console', async () => {
      const { status, lines } = await findings(
        file({
          sip: `listen: ["udp://127.0.0.1:${port}", "tcp://127.0.0.1:${port}"], next_hops: { example.net: "sip:127.0.0.1" }`,
          components: good,
        }),
      );
      assert.equal(status, 1);
      assert.equal(lines.length, 2);
      assert.match(
        lines[0] ?? '',
        /^s\.yaml: sip\.listen\[0\]: udp:\/\/127\.0\.0\.1:\d+ cannot be bound: it is in use; /,
      );
      assert.match(lines[1] ?? '', /^s\.yaml: sip\.listen\[1\]: tcp:\/\//);
      const console = await findings(
        file({ components: good, rest: `console: { listen: "127.0.0.1:${port}" }` }),
      );
      assert.match(console.lines.join(), /^s\.yaml: console\.listen: tcp:\/\/127/);
    });

    test('in use: a listener of the XMPP server', async () => {
      const ca = new TestCa();
      try {
        const { certificate, key } = ca.make({ names: ['DNS:sip.example.org'], days: 90 });
        const server = JSON.stringify({ listen: [`tls://127.0.0.1:${port}`], tls: { certificate, key } });
        const text = file({}).replace('components: []', `server: ${server}`);
        const files = [certificate, key].map((path) => [path, readFileSync(path, 'utf8')]);
        const { status, lines } = await findings(text, Object.fromEntries(files));
        assert.equal(status, 1);
        assert.equal(lines.length, 1, lines.join('\n'));
        assert.match(
          lines[0] ?? '',
          /^s\.yaml: xmpp\.server\.listen\[0\]: .* cannot be bound: it is in use; /,
        );
      } finally {
        ca.remove();
      }
    });

    test('an address of another machine', async () => {
      const { lines } = await findings(
        file({
          sip: 'listen: ["udp://192.0.2.1:5060"], next_hops: { example.net: "sip:127.0.0.1" }',
          components: good,
        }),
      );
      assert.equal(lines.length, 1);
      assert.match(lines[0] ?? '', /does not have the address; choose one of its own/);
    });
  });

  describe('DNS and targets', () => {
    let dns: Socket;
    let port: number;
    /** Answers A questions for hop.example.org and nothing else. */
    beforeEach(async () => {
      dns = createSocket('udp4');
      dns.on('message', (message, from) => dns.send(dnsAnswer(message), from.port, from.address));
      await new Promise<void>((resolve) => dns.bind(0, '127.0.0.1', resolve));
      port = dns.address().port;
    });
    afterEach(() => dns.close());

    const listen = 'listen: ["udp://127.0.0.1:0"]';
    const rest = () => `dns: { servers: ["127.0.0.1:${port}"] }`;

    test('a next hop whose name resolves, to a private address as well', async () => {
      const sip = `${listen}, next_hops: { example.net: "sip:hop.example.org;lr" }`;
      assert.deepEqual((await findings(file({ sip, components: good, rest: rest() }))).lines, [
        's.yaml: nothing wrong',
      ]);
    });
    test('a next hop whose name does not', async () => {
      const sip = `${listen}, next_hops: { example.net: ["sip:hop.example.org", "sip:none.example.org"] }`;
      const { status, lines } = await findings(file({ sip, components: good, rest: rest() }));
      assert.equal(status, 1);
      assert.equal(lines.length, 1, lines.join('\n'));
      assert.match(
        lines[0] ?? '',
        /^s\.yaml: sip\.next_hops\["example\.net"\]\[1\]: sip:none\.example\.org: .*; correct the name/,
      );
    });
    test('a presence server whose name does not resolve', async () => {
      const sip = `${listen}, next_hops: { example.net: "sip:127.0.0.1" }`;
      const presence = 'presence: { model: presence-server, server: "sip:none.example.org" }';
      const { lines } = await findings(file({ sip, components: good, rest: `${rest()}\n${presence}` }));
      assert.match(lines.join(), /presence\.server: sip:none\.example\.org: .*; correct the name/);
    });
    test('a transport without a listener', async () => {
      const sip = `${listen}, next_hops: { example.net: "sip:127.0.0.1;transport=tcp" }`;
      const { lines } = await findings(file({ sip, components: good }));
      assert.match(lines.join(), /add a listener of this transport/);
    });
    test('a SIP domain that DNS does not know', async () => {
      const { lines } = await findings(file({ sip: listen, components: good, rest: rest() }));
      assert.equal(lines.length, 1, lines.join('\n'));
      assert.match(
        lines[0] ?? '',
        /^s\.yaml: domains\[0\]\.sip: no SIP server for example\.net: .*publish SRV records/,
      );
    });
    test('a DNS server that is not there', async () => {
      const gone = createSocket('udp4');
      await new Promise<void>((resolve) => gone.bind(0, '127.0.0.1', resolve));
      const free = gone.address().port;
      await new Promise<void>((resolve) => gone.close(resolve));
      const { status, lines } = await findings(
        file({ components: good, rest: `dns: { servers: ["127.0.0.1:${port}", "127.0.0.1:${free}"] }` }),
      );
      assert.equal(status, 1);
      assert.equal(lines.length, 1, lines.join('\n'));
      assert.match(lines[0] ?? '', /^s\.yaml: dns\.servers\[1\]: 127\.0\.0\.1:\d+: nothing listens there; /);
    });
  });

  describe('media relays', () => {
    const relay = (port: number): string =>
      file({ components: good, rest: `media_relay: { instances: ["127.0.0.1:${port}"] }` });
    const stub = async (answer: (cookie: string) => string): Promise<string[]> => {
      const socket = createSocket('udp4');
      socket.on('message', (octets, from) => {
        socket.send(answer(octets.toString('latin1').split(' ')[0] ?? ''), from.port, from.address);
      });
      await new Promise<void>((resolve) => {
        socket.bind(0, '127.0.0.1', resolve);
      });
      const { lines } = await findings(relay(socket.address().port));
      socket.close();
      return lines;
    };
    test('it answers', async () => {
      assert.deepEqual(await stub((cookie) => `${cookie} d6:result4:ponge`), ['s.yaml: nothing wrong']);
    });
    test('something else answers', async () => {
      const [line] = await stub((cookie) => `${cookie} hello`);
      assert.match(
        line ?? '',
        /^s\.yaml: media_relay\.instances\[0\]: .*something else than its control protocol; /,
      );
    });
    test('nobody listens', async () => {
      const socket = createSocket('udp4');
      await new Promise<void>((resolve) => {
        socket.bind(0, '127.0.0.1', resolve);
      });
      const { port } = socket.address();
      socket.close();
      const { status, lines } = await findings(relay(port));
      assert.equal(status, 1);
      assert.match(lines.join(), /media_relay\.instances\[0\]: .*nobody listens there; start rtpengine/);
    });
  });

  describe('links', () => {
    test('a wrong secret', async () => {
      const { status, lines } = await findings(
        file({ components: `{ domain: sip.example.org, port: ${server.port}, secret: wrong }` }),
      );
      assert.equal(status, 1);
      assert.match(lines.join(), /^s\.yaml: xmpp\.components\[0\]: .*not-authorized; .*secret/);
    });
    test('nothing listens', async () => {
      const { port } = server;
      await server.close();
      const { lines } = await findings(
        file({ components: `{ domain: sip.example.org, port: ${port}, secret: a }` }),
      );
      assert.match(lines.join(), /connect-failed; start the server/);
      server = await new FakeServer().listen();
    });
    test('another connection has the domain', async () => {
      server.handshake = 'conflict';
      assert.match((await findings(file({ components: good }))).lines.join(), /conflict; /);
    });
    test('stanzas flow but the barrier never returns', async () => {
      server.barrier = 'never';
      const text = file({ components: good });
      const config = parseConfig(text, FILE, { env: {}, readFile: () => '' });
      assert.ok(config.ok);
      const found = await checkLinks(config.value, { barrierTimeoutMs: 200 });
      assert.equal(found.length, 1);
      assert.match(found[0]?.message ?? '', /failed: barrier$/);
      assert.match(found[0]?.remedy ?? '', /ping/);
    });
    test('a message that comes to the check is not lost in silence', async () => {
      server.barrier = 'never';
      const config = parseConfig(file({ components: good }), FILE, { env: {}, readFile: () => '' });
      assert.ok(config.ok);
      const running = checkLinks(config.value, { barrierTimeoutMs: 300 });
      while (server.pings.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
      server.write(
        "<message from='ann@example.org/x' to='bob@sip.example.org' id='m1'><body>hi</body></message>",
      );
      await running;
      const answer = server.stanzas.find((stanza) => stanza.attr('id') === 'm1');
      assert.equal(answer?.attr('type'), 'error');
      assert.equal(answer?.attr('to'), 'ann@example.org/x');
    });
  });
});
