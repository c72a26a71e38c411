// Asks the running gateway one question through its admin socket.

import { request } from 'node:http';
import { err, ok, type Result } from '../../base/index.ts';

export interface AdminReply {
  /** HTTP status. */
  readonly status: number;
  /** The JSON, read. */
  readonly body: unknown;
}

const TIMEOUT_MS = 15_000;
/** Some times what the largest answer has. */
const MAX_OCTETS = 4 * 1024 * 1024;

/** `GET /v1/NAME/ARGUMENT…`. The error says in words why there is no answer. Never throws. */
export function askAdmin(
  path: string,
  parts: readonly string[],
  timeoutMs = TIMEOUT_MS,
): Promise<Result<AdminReply, string>> {
  return new Promise((resolve) => {
    const target = `/v1/${parts.map(encodeURIComponent).join('/')}`;
    const call = request({ socketPath: path, path: target, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      let octets = 0;
      response.on('data', (chunk: Buffer) => {
        octets += chunk.length;
        if (octets > MAX_OCTETS) call.destroy(new Error('its answer is too long'));
        else chunks.push(chunk);
      });
      response.on('error', (error) => end(err(reasonOf(error))));
      response.on('end', () => {
        try {
          const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
          end(ok({ status: response.statusCode ?? 0, body }));
        } catch {
          end(err('its answer is not JSON'));
        }
      });
    });
    const end = (result: Result<AdminReply, string>): void => {
      clearTimeout(timer);
      resolve(result);
    };
    const timer = setTimeout(() => {
      call.destroy(new Error(`no answer within ${timeoutMs / 1000} s`));
    }, timeoutMs);
    call.on('error', (error) => end(err(reasonOf(error))));
    call.end();
  });
}

function reasonOf(error: Error): string {
  switch ('code' in error ? error.code : undefined) {
    case 'ENOENT':
      return 'there is no such socket: the gateway does not run, or runs without this "admin"';
    case 'ECONNREFUSED':
      return 'the gateway does not run';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied: ask as the user that the gateway runs as, or as root';
    default:
      return error.message;
  }
}
