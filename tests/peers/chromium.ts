// Chromium without a window, with a phone in its page: SIP.js over WebSocket. The page and the library come from a server
// of ours on loopback, unbundled; the browser is driven by its own protocol (DevTools) over a WebSocket.
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { readObject, type JsonObject } from './json-object.ts';
import { PeerProcess } from './peer-process.ts';
import { mustBecome, waitFor } from './wait.ts';

export interface ChromiumOptions {
  readonly folder: string;
  /** PEM files of the servers that pages may connect to; any other certificate of no public authority is refused. */
  readonly certificates: readonly string[];
}

export interface PageAccount {
  /** URL of the WebSocket. */
  readonly server: string;
  readonly user: string;
  readonly domain: string;
  readonly password: string;
}

export interface PageMessage {
  readonly from: string;
  readonly text: string;
}

const PAGE =
  '<!doctype html><meta charset="utf-8"><title>phone</title><script type="module" src="/phone.js"></script>';
const PHONE = fileURLToPath(new URL('chromium/phone.js', import.meta.url));
const LIBRARY = fileURLToPath(new URL('../../node_modules/sip.js/lib/', import.meta.url));
const LISTENING = /DevTools listening on (ws:\/\/127\.0\.0\.1:(\d+)\/\S+)\s/;
const PATIENCE_MS = 20_000;

/** See the file head. One process; each phone is a page of its own. */
export class Chromium {
  readonly #process: PeerProcess;
  readonly #server: Server;
  readonly #pages: BrowserPhone[] = [];
  #devTools = '';
  #devToolsPort = '';

  private constructor(process: PeerProcess, server: Server) {
    this.#process = process;
    this.#server = server;
  }

  static async start({ folder, certificates }: ChromiumOptions): Promise<Chromium> {
    const server = createServer((request, response) => {
      const [type, content] = fileAt(request.url ?? '/');
      response.writeHead(content === undefined ? 404 : 200, { 'content-type': type }).end(content);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const command = [
      ...['chromium', '--headless=new', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'],
      // Its sandbox does not work for root; what it shows is ours.
      '--no-sandbox',
      // It asks nobody but us: no updates, no other host.
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
      '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
      `--ignore-certificate-errors-spki-list=${certificates.map(keyHash).join(',')}`,
      ...['--remote-debugging-port=0', `--user-data-dir=${join(folder, 'profile')}`, 'about:blank'],
    ];
    const logFile = join(folder, 'chromium.log');
    const chromium = new Chromium(
      new PeerProcess('chromium', command, { logFile, env: { HOME: folder } }),
      server,
    );
    try {
      await chromium.#process.waitForOutput(LISTENING, PATIENCE_MS);
      [, chromium.#devTools = '', chromium.#devToolsPort = ''] =
        LISTENING.exec(chromium.#process.output) ?? [];
      return chromium;
    } catch (error) {
      await chromium.close();
      throw error;
    }
  }

  /** What browsers call the page that has the phone (RFC 6454). */
  get origin(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  }

  /** A page with a phone that is not connected yet. */
  async page(): Promise<BrowserPhone> {
    const place = `http://127.0.0.1:${this.#devToolsPort}/json/new?${encodeURIComponent(`${this.origin}/`)}`;
    const answer = await fetch(place, { method: 'PUT' });
    const url = readObject(await answer.text())?.['webSocketDebuggerUrl'];
    if (typeof url !== 'string') throw new Error(`chromium opened no page: ${answer.status}`);
    const page = await BrowserPhone.attach(url);
    this.#pages.push(page);
    return page;
  }

  async close(): Promise<void> {
    for (const page of this.#pages) page.detach();
    // Asked to, it takes its temporary files with it; by a signal it does not.
    if (this.#devTools !== '' && this.#process.alive) await this.#askToEnd();
    await this.#process.stop();
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #askToEnd(): Promise<void> {
    const devTools = new WebSocket(this.#devTools);
    devTools.on('error', () => {});
    devTools.once('open', () => devTools.send('{"id":1,"method":"Browser.close"}'));
    await waitFor(() => !this.#process.alive, 5_000);
    devTools.terminate();
  }
}

/** A phone in a page, with what a person can do with it. */
export class BrowserPhone {
  readonly #devTools: WebSocket;
  readonly #answers = new Map<number, (answer: JsonObject) => void>();
  #asked = 0;

  private constructor(devTools: WebSocket) {
    this.#devTools = devTools;
    devTools.on('message', (data) => {
      const answer = data instanceof Buffer ? readObject(data.toString()) : undefined;
      const id = answer?.['id'];
      if (answer === undefined || typeof id !== 'number') return;
      this.#answers.get(id)?.(answer);
      this.#answers.delete(id);
    });
  }

  static async attach(url: string): Promise<BrowserPhone> {
    const devTools = new WebSocket(url);
    await once(devTools, 'open');
    const phone = new BrowserPhone(devTools);
    // The page has loaded when its module has run.
    // Before that, what is asked may be lost with the empty page that was there first.
    const loaded = (): Promise<boolean> =>
      phone.#evaluate('window.phone !== undefined').then(
        (value) => value === true,
        () => false,
      );
    await mustBecome('the page with its phone', loaded, PATIENCE_MS);
    return phone;
  }

  /** Connects. The host that it made up for itself. */
  async open(account: PageAccount): Promise<string> {
    return String(await this.#call('open', account));
  }

  /** The status that its registration ended with, and whether SIP.js takes itself for registered. */
  async register(): Promise<unknown> {
    return await this.#call('register');
  }

  /** The status that a message ended with, challenges answered. */
  async send(to: string, text: string): Promise<unknown> {
    return await this.#call('send', to, text);
  }

  /** The next message that it received. */
  async next(): Promise<unknown> {
    return await this.#call('next');
  }

  /** Ends the connection of the page. */
  async close(): Promise<void> {
    await this.#call('close');
  }

  detach(): void {
    this.#devTools.terminate();
  }

  #call(name: string, ...values: readonly unknown[]): Promise<unknown> {
    return this.#evaluate(`window.phone.${name}(${values.map((each) => JSON.stringify(each)).join(', ')})`);
  }

  async #evaluate(expression: string): Promise<unknown> {
    const id = ++this.#asked;
    const params = { expression, awaitPromise: true, returnByValue: true };
    const answer = await new Promise<JsonObject>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#answers.delete(id);
        reject(new Error(`the page did not answer within ${PATIENCE_MS} ms: ${expression}`));
      }, PATIENCE_MS);
      this.#answers.set(id, (given) => {
        clearTimeout(timer);
        resolve(given);
      });
      this.#devTools.send(JSON.stringify({ id, method: 'Runtime.evaluate', params }));
    });
    const result = fieldOf(answer, 'result');
    if (result === undefined || result['exceptionDetails'] !== undefined)
      throw new Error(`the page failed: ${expression}: ${JSON.stringify(answer)}`);
    return fieldOf(result, 'result')?.['value'];
  }
}

function fieldOf(object: JsonObject, name: string): JsonObject | undefined {
  return readObject(JSON.stringify(object[name] ?? null));
}

function fileAt(url: string): readonly [string, Buffer | string | undefined] {
  if (url === '/') return ['text/html', PAGE];
  if (url === '/phone.js') return ['text/javascript', readFileSync(PHONE)];
  const path = join(LIBRARY, normalize(url.replace(/^\/sip\.js\//, '/')));
  try {
    return ['text/javascript', readFileSync(path)];
  } catch {
    return ['text/plain', undefined];
  }
}

/** SHA-256 of the public key of a certificate, in base64: how Chromium is told which to accept. */
function keyHash(file: string): string {
  const { publicKey } = new X509Certificate(readFileSync(file));
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64');
}
