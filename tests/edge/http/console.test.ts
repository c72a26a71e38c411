import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { request, type IncomingHttpHeaders } from 'node:http';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Counters, StoxgateError } from '../../../src/base/index.ts';
import { startConsole, type Console, type ConsoleStatus } from '../../../src/edge/http/index.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const UP = { domain: 'sip.example.org', host: '127.0.0.1', port: 5347, state: 'up', everUp: true, since: 1 };

let status: ConsoleStatus & { node: string };
let page: Console;
const counters = new Counters();
counters.counter('stoxgate_messages_total', 'Messages by outcome.', { outcome: 'delivered' }).add(3);

function get(
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body } = options;
    const call = request(
      { host: '127.0.0.1', port: page.port, path, method, headers, agent: false },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
        );
      },
    );
    call.on('error', reject);
    call.end(body);
  });
}

async function start(token?: string): Promise<void> {
  page = await startConsole(
    {
      listen: { host: '127.0.0.1', port: 0 },
      requestTimeoutMs: 300,
      ...(token === undefined ? {} : { token }),
    },
    { status: () => status, counters },
  );
}

beforeEach(async () => {
  status = { ready: true, healthy: true, draining: false, links: [UP], node: 'gw1' };
  await start('a long enough token');
});
afterEach(() => page.close());

describe('GET /healthz', () => {
  test('200 when every link has been up once, with the state of each', async () => {
    const answer = await get('/healthz');
    assert.equal(answer.status, 200);
    assert.deepEqual(JSON.parse(answer.body), { status: 'ok', ready: true, draining: false, links: [UP] });
  });
  const bad: [string, Partial<ConsoleStatus>][] = [
    ['not healthy', { healthy: false }],
    ['not ready', { ready: false }],
    ['draining', { draining: true }],
  ];
  for (const [what, change] of bad) {
    test(`503 when ${what}`, async () => {
      status = { ...status, ...change };
      const answer = await get('/healthz');
      assert.equal(answer.status, 503);
      assert.equal(JSON.parse(answer.body).status, 'unavailable');
    });
  }
});

test('GET /metrics is the Prometheus text', async () => {
  const answer = await get('/metrics');
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  assert.match(answer.body, /^stoxgate_messages_total\{outcome="delivered"\} 3$/m);
});

describe('GET /api/status', () => {
  const authorization = 'Bearer a long enough token';
  test('the whole status for the right token', async () => {
    const answer = await get('/api/status', { headers: { authorization } });
    assert.equal(answer.status, 200);
    assert.deepEqual(JSON.parse(answer.body), status);
  });
  for (const wrong of [
    undefined,
    'Bearer a long enough toke',
    'Bearer ',
    'Basic a long enough token',
    'Bearer a long enough token2',
  ]) {
    test(`RFC 6750 §3: 401 for ${wrong ?? 'none'}`, async () => {
      const answer = await get('/api/status', {
        headers: wrong === undefined ? {} : { authorization: wrong },
      });
      assert.equal(answer.status, 401);
      assert.match(String(answer.headers['www-authenticate']), /^Bearer/);
      assert.doesNotMatch(answer.body, /gw1/);
    });
  }
  test('404 when no token is configured', async () => {
    await page.close();
    await start();
    assert.equal((await get('/api/status', { headers: { authorization } })).status, 404);
  });
});

describe('everything else', () => {
  for (const path of ['/', '/healthz/', '/HEALTHZ', '/../healthz', '/api', '/api/status/x', '//healthz']) {
    test(`404 for ${path}`, async () => assert.equal((await get(path)).status, 404));
  }
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']) {
    test(`RFC 9110 §15.5.6: 405 with Allow for ${method}`, async () => {
      const answer = await get('/healthz', { method });
      assert.equal(answer.status, 405);
      assert.equal(answer.headers.allow, 'GET, HEAD');
    });
  }
  test('RFC 9110 §9.3.2: HEAD answers like GET without content', async () => {
    const answer = await get('/healthz', { method: 'HEAD' });
    assert.equal(answer.status, 200);
    assert.equal(answer.body, '');
    assert.notEqual(answer.headers['content-length'], '0');
  });
  test('a query changes nothing', async () => assert.equal((await get('/healthz?x=1')).status, 200));
  test('no answer may be stored, framed or guessed at', async () => {
    const { headers } = await get('/nothing');
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.match(String(headers['content-security-policy']), /default-src 'none'/);
  });
});

/** Writes `text` and waits until the server closes. */
function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(page.port, '127.0.0.1', () => socket.write(text));
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => (received += chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
  });
}

describe('limits', () => {
  test('a head beyond 8 KiB is 431', async () => {
    assert.match(
      await raw(`GET /healthz HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(9000)}\r\n\r\n`),
      /^HTTP\/1.1 431/,
    );
  });
  test('what is no HTTP is 400', async () =>
    assert.match(await raw('\u0000\u0001 hello\r\n\r\n'), /^HTTP\/1.1 400/));
  test('a request that never ends is 408', async () => {
    assert.match(await raw('GET /healthz HTTP/1.1\r\nHost: x\r\n'), /^HTTP\/1.1 408/);
  });
  test('a body is not read: the connection closes after the answer', async () => {
    const text = await raw('GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nGET /metrics');
    assert.match(text, /^HTTP\/1.1 200/);
    assert.equal(text.split('HTTP/1.1').length, 2);
  });
});

test('a port in use is ERR_CONSOLE_LISTEN', async () => {
  await assert.rejects(
    startConsole({ listen: { host: '127.0.0.1', port: page.port } }, { status: () => status, counters }),
    (error) => error instanceof StoxgateError && error.code === 'ERR_CONSOLE_LISTEN',
  );
});

test('close ends idle connections as well', async () => {
  const closed = new Promise<void>((resolve) => {
    const socket = connect(page.port, '127.0.0.1', () => void page.close());
    socket.on('close', () => resolve());
    socket.on('error', () => {});
  });
  await closed;
  await start();
});
