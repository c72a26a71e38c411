// A chat client in a page of Chromium: the library stanza over WebSocket (RFC 7395), its calls by Jingle and WebRTC.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { BrowserCaller } from './browser-media.ts';

export interface ChatAccount {
  /** URL of the WebSocket. */
  readonly server: string;
  /** Bare. */
  readonly jid: string;
  readonly resource: string;
  readonly password: string;
}

const CHAT = fileURLToPath(new URL('chromium/chat.js', import.meta.url));

export class BrowserChat extends BrowserCaller {
  /** Online, with the roster read and its features announced. The full JID. */
  async open(account: ChatAccount): Promise<string> {
    return String(await this.page.call('open', account));
  }

  /** Asks to see somebody's presence; who asks for this one's is allowed it. */
  async subscribe(to: string): Promise<void> {
    await this.page.call('subscribe', to);
  }

  /** What an address announces (XEP-0030). */
  async features(of: string): Promise<readonly string[]> {
    const value = await this.page.call('features', of);
    return Array.isArray(value) ? value.map(String) : [];
  }
}

/** The script of its page: the library is written for Node's module loader, so it has to be bundled for a page. */
export async function chatScript(): Promise<string> {
  const { outputFiles } = await build({
    ...{ entryPoints: [CHAT], bundle: true, format: 'esm', write: false, logLevel: 'error' },
    define: { global: 'globalThis' },
  });
  return outputFiles[0]?.text ?? '';
}
