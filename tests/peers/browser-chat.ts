// A chat client in a page of Chromium: the library stanza over WebSocket (RFC 7395), its calls by Jingle and WebRTC.
import { BrowserCaller } from './browser-media.ts';

export interface ChatAccount {
  /** URL of the WebSocket. */
  readonly server: string;
  /** Bare. */
  readonly jid: string;
  readonly resource: string;
  readonly password: string;
}

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
