// The admin socket as a client sees it: who may open it, whose file it may take over, limits on size and time.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, test } from 'node:test';
import { silentLog, StoxgateError } from '../../../src/base/index.ts';
import {
  askAdmin,
  startAdmin,
  type AdminRoute,
  type AdminRoutes,
  type AdminServer,
} from '../../../src/edge/admin/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'stoxgate-admin-'));
after(() => rmSync(folder, { recursive: true }));
const path = join(folder, 's');

const routes: AdminRoutes = new Map<string, AdminRoute>([
  ['echo', (args) => ({ status: 200, body: { args } })],
  ['none', () => ({ status: 404, body: { messages: [] } })],
  ['bug', () => Promise.reject(new TypeError('a bug'))],
  ['large', () => ({ status: 200, body: { text: 'x'.repeat(5_000_000) } })],
  ['never', () => new Promise<never>(() => {})],
]);

async function refusal(act: Promise<unknown>): Promise<string> {
  const error = await act.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof StoxgateError);
  assert.equal(error.code, 'ERR_ADMIN_LISTEN');
  return error.message;
}

/** The status line and what follows, when the gateway has closed the connection. */
function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ path });
    let answer = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (answer += chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
    socket.write(text);
  });
}

describe('asking', () => {
  let server: AdminServer;
  const logged: string[] = [];
  beforeEach(async () => {
    logged.length = 0;
    const log = { ...silentLog, error: (event: string) => logged.push(event) };
    server = await startAdmin({ path, requestTimeoutMs: 200 }, routes, log);
  });
  afterEach(() => server.close());

  test('arguments arrive as they are, whatever is in them', async () => {
    const args = ['a/b?c#d', 'é %2F', '..', '', '\'"\n'];
    assert.deepEqual(await askAdmin(path, ['echo', ...args]), {
      ok: true,
      value: { status: 200, body: { args } },
    });
  });

  test('the status of the answer is that of the route', async () => {
    assert.deepEqual(await askAdmin(path, ['none']), {
      ok: true,
      value: { status: 404, body: { messages: [] } },
    });
  });

  test('a fault of ours: 500, a line in the log, and it goes on', async () => {
    const reply = await askAdmin(path, ['bug']);
    assert.equal(reply.ok && reply.value.status, 500);
    assert.deepEqual(logged, ['admin.failed']);
    assert.equal((await askAdmin(path, ['echo'])).ok, true);
  });

  for (const [what, head, status] of [
    ['no such question', 'GET /v1/nothing HTTP/1.1', 404],
    ['another version', 'GET /v2/echo HTTP/1.1', 404],
    ['no path', 'GET / HTTP/1.1', 404],
    ['another method', 'POST /v1/echo HTTP/1.1', 405],
    ['broken escapes', 'GET /v1/echo/%ff HTTP/1.1', 400],
    ['a head of more than 16 KiB', `GET /v1/echo/${'x'.repeat(17_000)} HTTP/1.1`, 431],
    ['not HTTP', 'hello', 400],
  ] as const) {
    test(`${what}: ${status}`, async () => {
      assert.match(await raw(`${head}\r\nHost: a\r\n\r\n`), new RegExp(`^HTTP/1\\.1 ${status} `));
    });
  }

  test('a request that does not come to an end is closed', async () => {
    assert.match(await raw('GET /v1/echo HTTP/1.1\r\nHost:'), /^HTTP\/1\.1 408 /);
  });

  test('more than 16 connections are not taken', async () => {
    const open = Array.from({ length: 16 }, () => connect({ path }).on('error', () => {}));
    await Promise.all(open.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
    assert.equal((await askAdmin(path, ['echo'])).ok, false);
    for (const socket of open) socket.destroy();
  });

  test('an answer that is too long, or does not come, is a reason and no exception', async () => {
    assert.deepEqual(await askAdmin(path, ['large']), { ok: false, error: 'its answer is too long' });
    assert.deepEqual(await askAdmin(path, ['never'], 50), { ok: false, error: 'no answer within 0.05 s' });
  });

  test('HEAD has no body', async () => {
    const octets = await new Promise<number>((resolve, reject) => {
      const call = request(
        { socketPath: path, path: '/v1/echo', method: 'HEAD', agent: false },
        (response) => {
          let count = 0;
          response.on('data', (chunk: Buffer) => (count += chunk.length));
          response.on('end', () => resolve(count));
        },
      );
      call.on('error', reject);
      call.end();
    });
    assert.equal(octets, 0);
  });
});

describe('the file', () => {
  test('only its owner may open it, and it goes with the gateway; the umask is as before', async () => {
    const before = process.umask();
    const server = await startAdmin({ path }, routes, silentLog);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(process.umask(), before);
    await server.close();
    assert.equal(existsSync(path), false);
  });

  test('of a process that is gone: it is taken over', async () => {
    const listen = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', listen]);
    assert.equal(statSync(path).isSocket(), true);
    assert.deepEqual(await askAdmin(path, ['echo']), { ok: false, error: 'the gateway does not run' });
    const server = await startAdmin({ path }, routes, silentLog);
    assert.equal((await askAdmin(path, ['echo'])).ok, true);
    await server.close();
  });

  test('of a process that runs: ERR_ADMIN_LISTEN, and it stays', async () => {
    const server = await startAdmin({ path }, routes, silentLog);
    assert.match(await refusal(startAdmin({ path }, routes, silentLog)), /a running process has it/);
    assert.equal((await askAdmin(path, ['echo'])).ok, true);
    await server.close();
  });

  test('something else, or a link to something else: it is left alone', async () => {
    writeFileSync(path, 'precious');
    assert.match(await refusal(startAdmin({ path }, routes, silentLog)), /not a socket/);
    assert.equal(statSync(path).size, 8);
    rmSync(path);
    symlinkSync('/nowhere', path);
    assert.match(await refusal(startAdmin({ path }, routes, silentLog)), /not a socket/);
    rmSync(path);
  });

  test('a folder that is not there, a path that is too long: the reason', async () => {
    const missing = join(folder, 'missing/s');
    assert.match(await refusal(startAdmin({ path: missing }, routes, silentLog)), /its folder is not there/);
    const long = join(folder, 'x'.repeat(108));
    assert.match(await refusal(startAdmin({ path: long }, routes, silentLog)), /longer than 107 octets/);
  });

  test('not there: the client says so', async () => {
    const reply = await askAdmin(path, ['echo']);
    assert.match(reply.ok ? '' : reply.error, /no such socket/);
  });

  test('a server that speaks another language: a reason', async () => {
    const other = createServer((socket) =>
      socket
        .on('error', () => {})
        .resume()
        .end('SSH-2.0\r\n'),
    );
    await new Promise<void>((resolve) => other.listen(path, resolve));
    assert.equal((await askAdmin(path, ['echo'])).ok, false);
    await new Promise((resolve) => other.close(resolve));
  });
});
