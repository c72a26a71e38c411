// A phone in a page of Chromium: the library SIP.js over WebSocket (RFC 7118).
import { BrowserCaller } from './browser-media.ts';

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

/** With what a person can do with it. */
export class BrowserPhone extends BrowserCaller {
  /** Connects. The host that it made up for itself. */
  async open(account: PageAccount): Promise<string> {
    return String(await this.page.call('open', account));
  }

  /** The status that its registration ended with, and whether SIP.js takes itself for registered. */
  async register(): Promise<unknown> {
    return await this.page.call('register');
  }

  /** The status that a message ended with, challenges answered. */
  async send(to: string, text: string): Promise<unknown> {
    return await this.page.call('send', to, text);
  }

  /** Watches the presence of somebody; each document that comes is an event `notified`. */
  async watch(to: string): Promise<void> {
    await this.page.call('watch', to);
  }

  /** The next message that it received. */
  async next(): Promise<unknown> {
    return await this.page.call('next');
  }
}
