// Pages in Chromium with phones (SIP.js), a user of Prosody, and the gateway between: Wendy's page connects to the gateway itself,
// Walt's to Kamailio, whose next hop the gateway is. Both over secure WebSocket.

import { Chromium } from '../peers/chromium.ts';
import { SecureKamailio } from '../peers/kamailio-secure.ts';
import { freePorts } from '../peers/ports.ts';
import { TempFolder } from '../peers/temp-folder.ts';
import { TestCa } from '../peers/test-ca.ts';
import { DIRECT_DOMAIN, Lab, SIP_DOMAIN, XMPP_DOMAIN } from './lab.ts';

export const WENDY = { user: 'wendy', domain: DIRECT_DOMAIN, password: 'opensesame' };
export const WALT = { user: 'walt', domain: SIP_DOMAIN, password: '' };

export class BrowserStage {
  readonly #folder: TempFolder;
  readonly #ca = new TestCa();
  readonly #own = this.#ca.make({ names: [`URI:sip:${XMPP_DOMAIN}`, `DNS:${DIRECT_DOMAIN}`] });
  readonly #closing: (() => Promise<void>)[] = [];
  chromium!: Chromium;
  lab!: Lab;
  /** The gateway's listener for pages, and Kamailio's. */
  direct = '';
  proxied = '';

  private constructor(name: string) {
    this.#folder = new TempFolder(name);
  }

  /** `webSocket`: XMPP clients may be pages too. */
  static async open(name: string, { webSocket = false } = {}): Promise<BrowserStage> {
    const stage = new BrowserStage(name);
    try {
      await stage.#start(webSocket);
    } catch (error) {
      await stage.close();
      throw error;
    }
    return stage;
  }

  async #start(webSocket: boolean): Promise<void> {
    const folder = this.#folder;
    const own = this.#own;
    const kamailioOwn = this.#ca.make({ names: [`URI:sip:${SIP_DOMAIN}`, `DNS:${SIP_DOMAIN}`] });
    const [tlsPort = 0, webSocketPort = 0, secureWebSocketPort = 0, gatewayTls = 0, gatewayWss = 0] =
      await freePorts(5);
    this.direct = `wss://127.0.0.1:${gatewayWss}`;
    this.proxied = `wss://127.0.0.1:${secureWebSocketPort}`;
    const kamailio = new SecureKamailio({
      ...{ folder: folder.folder('kamailio'), domain: SIP_DOMAIN, xmppDomain: XMPP_DOMAIN },
      ...{ tlsPort, webSocketPort, secureWebSocketPort, gatewayPort: gatewayTls, certificate: kamailioOwn },
    });
    const certificates = [own.certificate, kamailioOwn.certificate];
    const chromium = await Chromium.start({ folder: folder.folder('chromium'), certificates });
    this.chromium = chromium;
    this.#closing.push(
      () => chromium.close(),
      () => kamailio.stop(),
    );
    const [lab] = await Promise.all([
      Lab.open({
        server: 'prosody',
        kamailio: false,
        webSocket,
        config: ({ gatewayPort }) => ({
          sip: {
            listen: [`udp://127.0.0.1:${gatewayPort}`, `tls://127.0.0.1:${gatewayTls}`, this.direct],
            tls: { certificate: own.certificate, key: own.key, ca: own.ca },
            origins: [chromium.origin],
            next_hops: { [SIP_DOMAIN]: `sip:127.0.0.1:${tlsPort};transport=tls;lr` },
            // Kamailio is believed by its certificate, the page by its password: SIP.js 0.21 knows MD5 alone.
            trusted: [],
            digest_algorithms: ['MD5'],
            users: [{ user: WENDY.user, realm: WENDY.domain, password: WENDY.password, web_phone: true }],
          },
        }),
      }),
      kamailio.start(),
    ]);
    this.lab = lab;
    // Before Kamailio, which its last messages may go to.
    this.#closing.splice(1, 0, () => lab.close());
  }

  /** Another Chromium, whose pages have another origin; whoever asks for it closes it. */
  otherChromium(): Promise<Chromium> {
    const certificates = [this.#own.certificate];
    return Chromium.start({ folder: this.#folder.folder('other'), certificates });
  }

  /** Chromium, the lab, Kamailio. */
  async close(): Promise<void> {
    try {
      for (const close of this.#closing.splice(0)) await close();
    } finally {
      this.#ca.remove();
      this.#folder.remove();
    }
  }
}
