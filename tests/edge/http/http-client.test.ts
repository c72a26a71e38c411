// HTTP as a client: what goes out, what comes back, and the bounds of time and size.
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { test } from 'node:test';
import { utf8Bytes } from '../../../src/base/index.ts';
import { HttpClient, type HttpClientOptions } from '../../../src/edge/http/index.ts';

async function withServer(
  answer: (request: IncomingMessage, response: ServerResponse, body: string) => void,
  act: (url: string, client: HttpClient) => Promise<void>,
  options: HttpClientOptions = {},
): Promise<void> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => answer(request, response, Buffer.concat(parts).toString('utf8')));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const client = new HttpClient(options);
  try {
    await act(`http://127.0.0.1:${port}/some/path`, client);
  } finally {
    client.close();
    server.closeAllConnections();
    server.close();
  }
}

test('a request with fields and body, and its whole answer', async () => {
  await withServer(
    (request, response, body) => {
      response.setHeader('ETag', '"one"');
      response.setHeader('WWW-Authenticate', ['Basic realm="a"', 'Digest realm="b", nonce="c"']);
      response.statusCode = 201;
      response.end(
        `${request.method} ${request.url} ${request.headers['if-match']} ${request.headers['content-length']} ${body}`,
      );
    },
    async (url, client) => {
      const response = await client.send({
        method: 'PUT',
        url,
        headers: { 'If-Match': '"zero"' },
        body: utf8Bytes('grüße'),
      });
      assert.equal(response.status, 201);
      assert.equal(new TextDecoder().decode(response.body), 'PUT /some/path "zero" 7 grüße');
      assert.deepEqual(response.header('etag'), ['"one"']);
      assert.deepEqual(response.header('www-authenticate'), [
        'Basic realm="a"',
        'Digest realm="b", nonce="c"',
      ]);
      assert.deepEqual(response.header('none'), []);
    },
  );
});

test('a redirection is an answer like another', async () => {
  await withServer(
    (_, response) => {
      response.writeHead(302, { Location: 'http://127.0.0.1:1/' });
      response.end();
    },
    async (url, client) => assert.equal((await client.send({ method: 'GET', url })).status, 302),
  );
});

test('an answer that is too large, or never ends, or never comes', async () => {
  await withServer(
    (request, response) => {
      if (request.method === 'GET') response.end('x'.repeat(1001));
      if (request.method === 'DELETE') response.write('x');
    },
    async (url, client) => {
      await assert.rejects(client.send({ method: 'GET', url }), /more than 1000 octets/);
      await assert.rejects(client.send({ method: 'DELETE', url }));
      await assert.rejects(client.send({ method: 'PUT', url }));
    },
    { timeoutMs: 150, maxBody: 1000 },
  );
});

test('nobody is there', async () => {
  const client = new HttpClient();
  await assert.rejects(client.send({ method: 'GET', url: 'http://127.0.0.1:1/' }), /ECONNREFUSED/);
  client.close();
});
