// `stoxgate run` as a process, with an XMPP server that takes its component.

import assert from 'node:assert/strict';
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { after, afterEach, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FakeServer } from '../edge/xmpp/fake-server.ts';

const bin = fileURLToPath(new URL('../../bin/stoxgate', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'stoxgate-run-'));
const file = join(folder, 's.yaml');
after(() => rmSync(folder, { recursive: true }));

interface Running {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  output: string;
  log: string;
}

let running: Running | undefined;

function start(): Running {
  const child = spawn(bin, ['run', '--config', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  const run: Running = { child, output: '', log: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (run.output += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (run.log += chunk));
  running = run;
  return run;
}

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 15_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not in time: ${what}\n${running?.output}\n${running?.log}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

describe('stoxgate run, as a process', () => {
  let server: FakeServer;
  let consolePort: number;
  let sipListen: string;

  beforeEach(async () => {
    server = await new FakeServer().listen();
    consolePort = await freePort();
    sipListen = 'udp://127.0.0.1:0';
    write();
  });
  afterEach(async () => {
    running?.child.kill('SIGKILL');
    running = undefined;
    await server.close();
  });

  function write(extra = ''): void {
    writeFileSync(
      file,
      `domains: [{ home: sip, sip: example.net, xmpp: sip.example.org }]
sip: { listen: ["${sipListen}"], trusted: [127.0.0.1] }
xmpp: { components: [{ domain: sip.example.org, port: ${server.port}, secret: secret }] }
console: { listen: "127.0.0.1:${consolePort}", token: a-token-for-this-test }
${extra}`,
    );
  }

  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`http://127.0.0.1:${consolePort}${path}`, { headers });

  test('ready, healthy, reload, an unusable file, drain, exit 0', async () => {
    const run = start();
    await until('ready', () => run.output !== '');
    assert.equal(run.output, 'ready\n');
    await until('healthy', async () => (await get('/healthz')).status === 200);
    assert.match(await (await get('/metrics')).text(), /^# TYPE stoxgate_\w+ counter$/m);
    assert.equal((await get('/api/status')).status, 401);
    const authorization = 'Bearer a-token-for-this-test';
    assert.equal((await get('/api/status', { authorization })).status, 200);

    write('node: other\n');
    run.child.kill('SIGHUP');
    await until('reloaded', () => run.log.includes('"event":"reload.done"'));
    const status = await (await get('/api/status', { authorization })).json();
    assert.equal(typeof status === 'object' && status !== null && 'node' in status && status.node, 'other');

    write('nod: other\n');
    run.child.kill('SIGHUP');
    await until('refused', () => run.log.includes('"event":"reload.failed"'));
    assert.match(run.log, /did you mean node\?/);
    assert.equal((await get('/healthz')).status, 200);

    const closed = once(run.child, 'close');
    run.child.kill('SIGTERM');
    assert.deepEqual(await closed, [0, null]);
    assert.equal(run.output, 'ready\n');
    for (const line of run.log.trim().split('\n')) assert.doesNotThrow(() => JSON.parse(line), line);
    assert.ok(server.ended > 0, 'the stream was ended in order (RFC 6120 §4.4)');
  });

  test('`stoxgate message`: asked through the socket beside the file', async () => {
    write('admin: unix:stoxgate.sock\n');
    const run = start();
    await until('ready', () => run.output !== '');
    const ask = (...args: string[]) => {
      const child = spawn(bin, ['message', ...args, '--config', file], { stdio: ['ignore', 'pipe', 'pipe'] });
      let said = '';
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
      return once(child, 'close').then(([status]) => ({ status: Number(status), said }));
    };
    const none = await ask('no-such-id');
    assert.equal(none.status, 1);
    assert.match(none.said, /^no message with the identifier no-such-id is in the ledger/);
    const totals = await ask('--totals');
    assert.equal(totals.status, 0);
    assert.match(totals.said, /^since \S+\nSIP to XMPP {2}accepted +0\n/);
    const closed = once(run.child, 'close');
    run.child.kill('SIGTERM');
    await closed;
    const gone = await ask('no-such-id');
    assert.equal(gone.status, 2);
    assert.match(gone.said, /the gateway cannot be asked through .*stoxgate\.sock: there is no such socket/);
  });

  test('503 until the link has been up once', async () => {
    server.handshake = 'never';
    const run = start();
    await until('ready', () => run.output !== '');
    const response = await get('/healthz');
    assert.equal(response.status, 503);
    assert.match(await response.text(), /"everUp":false/);
  });

  test('a port in use: exit 1, the reason in the log, never `ready`', async () => {
    const other = createSocket('udp4');
    await new Promise<void>((resolve) => other.bind(0, '127.0.0.1', resolve));
    sipListen = `udp://127.0.0.1:${other.address().port}`;
    write();
    const run = start();
    assert.deepEqual(await once(run.child, 'close'), [1, null]);
    assert.equal(run.output, '');
    assert.match(run.log, /ERR_SIP_LISTEN/);
    other.close();
  });

  test('the secret, the token and the file’s other secrets are in no line of the log', async () => {
    write('log: { level: debug }\n');
    const run = start();
    await until('healthy', async () => run.output !== '' && (await get('/healthz')).status === 200);
    const closed = once(run.child, 'close');
    run.child.kill('SIGINT');
    assert.deepEqual(await closed, [0, null]);
    assert.doesNotMatch(run.log, /a-token-for-this-test|"secret"\s*:/);
  });
});
