// The gateway over HTTP: health, metrics, status. Sources: RFC 9110, RFC 6750 (Bearer), Prometheus text format 0.0.4.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { StoxgateError, equalBytes, hashBytes, type Counters } from '../../base/index.ts';

/** What the pages are made of. The gateway's own status has more, and `/api/status` shows it all. */
export interface ConsoleSource {
  status(): ConsoleStatus;
  readonly counters: Counters;
}

export interface ConsoleStatus {
  readonly ready: boolean;
  readonly healthy: boolean;
  readonly draining: boolean;
  readonly links: readonly object[];
}

export interface ConsoleOptions {
  readonly listen: { readonly host: string; readonly port: number };
  /** Without it there is no `/api/status`. */
  readonly token?: string;
  /** Connections at one time. */
  readonly maxConnections?: number;
  /** A whole request must be there within this time, in milliseconds. */
  readonly requestTimeoutMs?: number;
}

export interface Console {
  /** The port really bound, which matters when 0 was asked for. */
  readonly port: number;
  /** From now on `/api/status` asks for this token; without one there is no `/api/status`. */
  setToken(token: string | undefined): void;
  close(): Promise<void>;
}

interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const JSON_TYPE = 'application/json; charset=utf-8';
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
const TEXT_TYPE = 'text/plain; charset=utf-8';
const MAX_HEADER_OCTETS = 8 * 1024;

// Nothing here is a page for a browser, least of all within somebody else's.
const SAFE_HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/** Binds and serves. Fails with `ERR_CONSOLE_LISTEN`. */
export async function startConsole(options: ConsoleOptions, source: ConsoleSource): Promise<Console> {
  const requestTimeout = options.requestTimeoutMs ?? 10_000;
  let tokenHash = hashToken(options.token);
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_OCTETS,
      requestTimeout,
      headersTimeout: requestTimeout,
      keepAliveTimeout: 5000,
      connectionsCheckingInterval: Math.min(requestTimeout, 5000),
    },
    (request, response) => answer(request, response, pageFor(request, source, tokenHash)),
  );
  server.maxConnections = options.maxConnections ?? 64;
  await bind(server, options.listen);
  server.on('error', () => {});
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.listen.port,
    setToken: (token) => {
      tokenHash = hashToken(token);
    },
    close: () => close(server),
  };
}

function hashToken(token: string | undefined): Uint8Array | undefined {
  return token === undefined ? undefined : hashBytes('sha256', token);
}

function pageFor(request: IncomingMessage, source: ConsoleSource, tokenHash: Uint8Array | undefined): Page {
  const path = (request.url ?? '').split('?', 1)[0];
  const make =
    path === '/healthz'
      ? healthPage
      : path === '/metrics'
        ? metricsPage
        : path === '/api/status' && tokenHash !== undefined
          ? statusPage
          : undefined;
  if (make === undefined) return { status: 404, type: TEXT_TYPE, body: 'not found\n' };
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return { status: 405, type: TEXT_TYPE, body: 'only GET\n', headers: { Allow: 'GET, HEAD' } };
  }
  if (make === statusPage && !authorized(request.headers.authorization, tokenHash)) {
    return {
      status: 401,
      type: TEXT_TYPE,
      body: 'a bearer token is needed\n',
      headers: { 'WWW-Authenticate': 'Bearer realm="stoxgate"' },
    };
  }
  return make(source);
}

function healthPage(source: ConsoleSource): Page {
  const { ready, healthy, draining, links } = source.status();
  const well = ready && healthy && !draining;
  return {
    status: well ? 200 : 503,
    type: JSON_TYPE,
    body: `${JSON.stringify({ status: well ? 'ok' : 'unavailable', ready, draining, links })}\n`,
  };
}

function metricsPage(source: ConsoleSource): Page {
  return { status: 200, type: METRICS_TYPE, body: source.counters.text() };
}

function statusPage(source: ConsoleSource): Page {
  return { status: 200, type: JSON_TYPE, body: `${JSON.stringify(source.status())}\n` };
}

/** Hashes first: of equal length whatever was sent, so that the time tells neither length nor content. */
function authorized(header: string | undefined, tokenHash: Uint8Array | undefined): boolean {
  const given = /^bearer +(\S.*)$/i.exec(header ?? '')?.[1];
  return given !== undefined && tokenHash !== undefined && equalBytes(hashBytes('sha256', given), tokenHash);
}

function answer(request: IncomingMessage, response: ServerResponse, page: Page): void {
  const body = Buffer.from(page.body, 'utf8');
  // A body that nobody reads would stand before the next request on this connection.
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || (request.headers['content-length'] ?? '0') !== '0';
  response.writeHead(page.status, {
    ...SAFE_HEADERS,
    'Content-Type': page.type,
    'Content-Length': body.length,
    ...(hasBody ? { Connection: 'close' } : {}),
    ...page.headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function bind(server: Server, listen: ConsoleOptions['listen']): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: Error): void => {
      reject(
        new StoxgateError(
          'ERR_CONSOLE_LISTEN',
          `cannot serve HTTP on ${listen.host} port ${listen.port}: ${cause.message}`,
          {
            cause,
          },
        ),
      );
    };
    server.once('error', failed);
    server.listen({ host: listen.host, port: listen.port }, () => {
      server.off('error', failed);
      resolve();
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    // An answer is written in one piece, so nothing is cut short that was not already stuck.
    server.closeAllConnections();
  });
}
