// HTTP as a client (RFC 9110): one request, its whole answer, within bounds of time and size. Nothing is followed or repeated.

import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { getCACertificates } from 'node:tls';
import type { Bytes } from '../../base/index.ts';

export interface HttpRequest {
  readonly method: string;
  /** http: or https:. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Bytes;
  /** Certificates (PEM): https servers are checked by these instead of those that Node trusts. */
  readonly ca?: string | undefined;
}

export interface HttpResponse {
  readonly status: number;
  /** Values in order; names in lower case. */
  header(name: string): readonly string[];
  readonly body: Bytes;
}

export interface HttpClientOptions {
  /** For the whole exchange, in milliseconds. */
  readonly timeoutMs?: number;
  /** Authorities (PEM) for https besides those that Node trusts. */
  readonly ca?: readonly string[];
  /** Octets of an answer's body. */
  readonly maxBody?: number;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_MAX_BODY = 262_144;
const CONNECTIONS = { keepAlive: true, maxSockets: 4, maxFreeSockets: 2, timeout: 30_000 };

export class HttpClient {
  readonly #timeoutMs: number;
  readonly #maxBody: number;
  readonly #http = new HttpAgent(CONNECTIONS);
  readonly #https: HttpsAgent;

  constructor(options: HttpClientOptions = {}) {
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#maxBody = options.maxBody ?? DEFAULT_MAX_BODY;
    // The list takes the place of the default one, of which it should be a part.
    const trusted = options.ca === undefined ? {} : { ca: [...getCACertificates('default'), ...options.ca] };
    this.#https = new HttpsAgent({ ...CONNECTIONS, ...trusted });
  }

  /** Rejects with an Error when there is no whole answer in time, or it is too large. */
  send({ method, url, headers = {}, body, ca }: HttpRequest): Promise<HttpResponse> {
    const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>();
    const secure = url.startsWith('https:');
    const options = {
      method,
      agent: secure ? this.#https : this.#http,
      headers: { ...headers, ...(body === undefined ? {} : { 'Content-Length': String(body.length) }) },
      ...(ca === undefined ? {} : { ca }),
      signal: AbortSignal.timeout(this.#timeoutMs),
    };
    const request = (secure ? httpsRequest : httpRequest)(url, options, (response) => {
      this.#read(response).then(resolve, reject);
    });
    request.on('error', reject);
    request.end(body);
    return promise;
  }

  /** Ends what is under way. */
  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  async #read(response: IncomingMessage): Promise<HttpResponse> {
    const parts: Uint8Array[] = [];
    let octets = 0;
    for await (const part of response) {
      if (!(part instanceof Uint8Array)) continue;
      octets += part.length;
      if (octets > this.#maxBody) {
        response.destroy();
        throw new Error(`an answer of more than ${this.#maxBody} octets`);
      }
      parts.push(part);
    }
    const body = new Uint8Array(octets);
    let at = 0;
    for (const part of parts) {
      body.set(part, at);
      at += part.length;
    }
    const { rawHeaders } = response;
    return {
      status: response.statusCode ?? 0,
      header: (name) => rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name),
      body,
    };
  }
}
