// The socket through which commands ask the running gateway: HTTP with JSON over a Unix socket that only the gateway's
// own user may open. Sources: RFC 9110 (HTTP), unix(7).

import { existsSync, lstatSync, unlinkSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { StoxgateError, utf8Length, type Log } from '../../base/index.ts';

export interface AdminAnswer {
  /** HTTP status. */
  readonly status: number;
  /** Becomes JSON. */
  readonly body: object;
}

/** Answers `GET /v1/NAME/ARGUMENT/ARGUMENT…`. What it throws is a fault of ours and answered by 500. */
export type AdminRoute = (args: readonly string[]) => AdminAnswer | Promise<AdminAnswer>;

/** By NAME. */
export type AdminRoutes = ReadonlyMap<string, AdminRoute>;

export interface AdminOptions {
  /** Of the socket, absolute. */
  readonly path: string;
  /** A whole request must be there within this time, in milliseconds. */
  readonly requestTimeoutMs?: number;
}

export interface AdminServer {
  close(): Promise<void>;
}

/** unix(7): sun_path is 108 octets with its end. */
const MAX_PATH_OCTETS = 107;
const MAX_CONNECTIONS = 16;
const MAX_HEADER_OCTETS = 16 * 1024;
const REQUEST_TIMEOUT_MS = 10_000;
/** For a process that holds the socket and does not take connections. */
const PROBE_MS = 1000;
/** Read and write for the owner, nothing for others. */
const UMASK = 0o177;
const PREFIX = '/v1/';

/** Listens and answers. Fails with `ERR_ADMIN_LISTEN`. */
export async function startAdmin(options: AdminOptions, routes: AdminRoutes, log: Log): Promise<AdminServer> {
  const { path, requestTimeoutMs: requestTimeout = REQUEST_TIMEOUT_MS } = options;
  if (utf8Length(path) > MAX_PATH_OCTETS)
    throw listenError(path, `its path is longer than ${MAX_PATH_OCTETS} octets`);
  await clearTheWay(path);
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_OCTETS,
      requestTimeout,
      headersTimeout: requestTimeout,
      keepAliveTimeout: 1000,
      connectionsCheckingInterval: Math.min(requestTimeout, 5000),
    },
    (request, response) => void answer(request, response, routes, log),
  );
  server.maxConnections = MAX_CONNECTIONS;
  await bind(server, path);
  server.on('error', () => {});
  return { close: () => close(server) };
}

/** Removes the socket of a process that is gone. */
async function clearTheWay(path: string): Promise<void> {
  let isSocket: boolean;
  try {
    isSocket = lstatSync(path).isSocket();
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw listenError(path, reasonOf(error), error);
    // `listen` would call this a lack of permission.
    if (!existsSync(dirname(path))) throw listenError(path, 'its folder is not there');
    return;
  }
  if (!isSocket) throw listenError(path, 'something is there that is not a socket');
  const code = await probe(path);
  if (code === undefined) throw listenError(path, 'a running process has it');
  if (code !== 'ECONNREFUSED')
    throw listenError(path, `whether a running process has it is not known: ${code}`);
  try {
    unlinkSync(path);
  } catch (error) {
    throw listenError(path, reasonOf(error), error);
  }
}

/** undefined: somebody answers there; else the code of the error. */
function probe(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const end = (code: string | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(code);
    };
    const timer = setTimeout(() => end('ETIMEDOUT'), PROBE_MS);
    socket.once('connect', () => end(undefined));
    socket.once('error', (error) => end(codeOf(error) ?? error.message));
  });
}

function bind(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: Error): void => reject(listenError(path, reasonOf(cause), cause));
    server.once('error', failed);
    // The file gets its mode when it is made, within `listen`: there is no moment in which others could open it.
    const before = process.umask(UMASK);
    try {
      server.listen({ path }, () => {
        server.off('error', failed);
        resolve();
      });
    } finally {
      process.umask(before);
    }
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  routes: AdminRoutes,
  log: Log,
): Promise<void> {
  let reply: AdminAnswer;
  try {
    reply = await replyTo(request, routes);
  } catch (error) {
    log.error('admin.failed', { error, url: request.url });
    reply = { status: 500, body: { error: 'a fault of the gateway: see its log' } };
  }
  const body = Buffer.from(`${JSON.stringify(reply.body)}\n`, 'utf8');
  response.writeHead(reply.status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
    // Each command asks once; and a body that nobody reads would stand before the next request.
    Connection: 'close',
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function replyTo(request: IncomingMessage, routes: AdminRoutes): Promise<AdminAnswer> {
  const [path = ''] = (request.url ?? '').split('?', 1);
  if (!path.startsWith(PREFIX)) return notFound();
  const [name, ...args] = path.slice(PREFIX.length).split('/');
  const route = routes.get(name ?? '');
  if (route === undefined) return notFound();
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return { status: 405, body: { error: 'only GET' } };
  const decoded: string[] = [];
  for (const arg of args) {
    try {
      decoded.push(decodeURIComponent(arg));
    } catch {
      return { status: 400, body: { error: 'a part of the path is not percent-encoded UTF-8' } };
    }
  }
  return route(decoded);
}

function notFound(): AdminAnswer {
  return { status: 404, body: { error: 'no such question' } };
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // The file of the socket goes with it.
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function listenError(path: string, reason: string, cause?: unknown): StoxgateError {
  return new StoxgateError('ERR_ADMIN_LISTEN', `cannot listen on ${path}: ${reason}`, { cause });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function reasonOf(error: unknown): string {
  switch (codeOf(error)) {
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'EROFS':
      return 'the file system is read-only';
    case 'ENOTDIR':
      return 'its folder is not a folder';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
