// Chromium without a window, with a phone (browser-phone.ts) or a chat client (browser-chat.ts) in each of its pages. They come from a
// server of ours on loopback; the browser is driven by its own protocol (DevTools) over a WebSocket. Microphone and camera are false ones.
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { WebSocket } from 'ws';
import { BrowserChat } from './browser-chat.ts';
import { BrowserPage } from './browser-page.ts';
import { BrowserPhone } from './browser-phone.ts';
import { readObject } from './json-object.ts';
import { PeerProcess } from './peer-process.ts';
import { waitFor } from './wait.ts';

export interface ChromiumOptions {
  readonly folder: string;
  /** PEM files of the servers that pages may connect to; any other certificate of no public authority is refused. */
  readonly certificates: readonly string[];
}

const SCRIPTS = fileURLToPath(new URL('chromium/', import.meta.url));
const LISTENING = /DevTools listening on (ws:\/\/127\.0\.0\.1:(\d+)\/\S+)\s/;
const PATIENCE_MS = 60_000;

/** See the file head. One process; each phone and each client is a page of its own. */
export class Chromium {
  readonly #process: PeerProcess;
  readonly #server: Server;
  readonly #pages: (BrowserPhone | BrowserChat)[] = [];
  /** What the pages run, by their names. */
  readonly #scripts = new Map<string, string>();
  #devTools = '';
  #devToolsPort = '';

  private constructor(process: PeerProcess, server: Server) {
    this.#process = process;
    this.#server = server;
  }

  static async start({ folder, certificates }: ChromiumOptions): Promise<Chromium> {
    let chromium: Chromium | undefined;
    const server = createServer((request, response) => {
      const [type, content] = chromium?.fileAt(request.url ?? '/') ?? [];
      response
        .writeHead(content === undefined ? 404 : 200, { 'content-type': type ?? 'text/plain' })
        .end(content);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const command = [
      ...['chromium', '--headless=new', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'],
      // Its sandbox does not work for root; what it shows is ours.
      '--no-sandbox',
      // A microphone that beeps and a camera with a moving picture, allowed without a question; what is heard is played.
      ...['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
      ...['--autoplay-policy=no-user-gesture-required', '--mute-audio'],
      // It asks nobody but us: no updates, no other host.
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
      '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
      `--ignore-certificate-errors-spki-list=${certificates.map(keyHash).join(',')}`,
      ...['--remote-debugging-port=0', `--user-data-dir=${join(folder, 'profile')}`, 'about:blank'],
    ];
    const logFile = join(folder, 'chromium.log');
    chromium = new Chromium(new PeerProcess('chromium', command, { logFile, env: { HOME: folder } }), server);
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

  /** Media type and content of what a page asks for: itself, and its script. */
  fileAt(url: string): readonly [string, string | undefined] {
    const [, name = '', script] = /^\/(phone|chat)(\.js)?$/.exec(url) ?? [];
    const content = this.#scripts.get(name);
    if (script !== undefined) return ['text/javascript', content];
    return ['text/html', content === undefined ? undefined : pageOf(name)];
  }

  /** What browsers call the page that has the phone (RFC 6454). */
  get origin(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  }

  /** A page with a phone that is not connected yet. */
  async page(): Promise<BrowserPhone> {
    return this.#kept(new BrowserPhone(await this.#open('phone')));
  }

  /** A page with a chat client that is not connected yet. */
  async chat(): Promise<BrowserChat> {
    return this.#kept(new BrowserChat(await this.#open('chat')));
  }

  async close(): Promise<void> {
    for (const page of this.#pages) page.detach();
    // Asked to, it takes its temporary files with it; by a signal it does not.
    if (this.#devTools !== '' && this.#process.alive) await this.#askToEnd();
    await this.#process.stop();
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #open(name: string): Promise<BrowserPage> {
    if (!this.#scripts.has(name)) this.#scripts.set(name, await scriptOf(name));
    const place = `http://127.0.0.1:${this.#devToolsPort}/json/new?${encodeURIComponent(`${this.origin}/${name}`)}`;
    const answer = await fetch(place, { method: 'PUT' });
    const url = readObject(await answer.text())?.['webSocketDebuggerUrl'];
    if (typeof url !== 'string') throw new Error(`chromium opened no page: ${answer.status}`);
    return await BrowserPage.attach(url, name);
  }

  #kept<T extends BrowserPhone | BrowserChat>(page: T): T {
    this.#pages.push(page);
    return page;
  }

  async #askToEnd(): Promise<void> {
    const devTools = new WebSocket(this.#devTools);
    devTools.on('error', () => {});
    devTools.once('open', () => devTools.send('{"id":1,"method":"Browser.close"}'));
    await waitFor(() => !this.#process.alive, 5_000);
    devTools.terminate();
  }
}

const pageOf = (name: string): string =>
  `<!doctype html><meta charset="utf-8"><title>${name}</title><body><script type="module" src="/${name}.js"></script>`;

/** One file: libraries are written for the module loader of Node, or are hundreds of modules that a busy machine loads one by one. */
async function scriptOf(name: string): Promise<string> {
  const { outputFiles } = await build({
    ...{
      entryPoints: [join(SCRIPTS, `${name}.js`)],
      bundle: true,
      format: 'esm',
      write: false,
      logLevel: 'error',
    },
    define: { global: 'globalThis' },
  });
  return outputFiles[0]?.text ?? '';
}

/** SHA-256 of the public key of a certificate, in base64: how Chromium is told which to accept. */
function keyHash(file: string): string {
  const { publicKey } = new X509Certificate(readFileSync(file));
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64');
}
