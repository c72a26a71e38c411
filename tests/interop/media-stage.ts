// A chat client in Chromium and phones with media, who see each other's presence; and what is counted of their calls.
import assert from 'node:assert/strict';
import type { Baresip, BaresipMediaOptions, BaresipStream } from '../peers/baresip.ts';
import type { BrowserChat } from '../peers/browser-chat.ts';
import type { BrowserCaller, BrowserMedia, BrowserStream, Medium } from '../peers/browser-media.ts';
import { Chromium } from '../peers/chromium.ts';
import type { OwnNetwork } from '../peers/own-network.ts';
import { udpPortsOf } from '../peers/udp-sockets.ts';
import { mustBecome } from '../peers/wait.ts';
import { Lab, SIP_DOMAIN, XMPP_DOMAIN, type LabOptions } from './lab.ts';

export const ALICE = `alice@${XMPP_DOMAIN}`;
/** Packets of one stream that show that it flows: a second of audio. */
const ENOUGH = 50;
/** Until they have come; ICE and DTLS before them. */
const FLOW_MS = 15_000;

/** A phone, and the full JID under which Alice sees it. */
export interface SeenPhone {
  readonly phone: Baresip;
  readonly jid: string;
}

/** One stream at either end of a call between a page and baresip. */
export interface Flow {
  readonly page: BrowserStream;
  readonly phone: BaresipStream;
  /** The state of ICE in the page. */
  readonly ice: string;
}

export class MediaStage {
  readonly lab: Lab;
  readonly chromium: Chromium;
  readonly alice: BrowserChat;
  readonly #network: OwnNetwork;

  private constructor(lab: Lab, chromium: Chromium, alice: BrowserChat, network: OwnNetwork) {
    this.lab = lab;
    this.chromium = chromium;
    this.alice = alice;
    this.#network = network;
  }

  static async open(network: OwnNetwork, config: LabOptions['config'] = () => ({})): Promise<MediaStage> {
    const lab = await Lab.open({ server: 'prosody', calls: true, presence: true, webSocket: true, config });
    try {
      const chromium = await Chromium.start({ folder: lab.folder.folder('chromium'), certificates: [] });
      const alice = await lab.browserChat(chromium, 'alice');
      return new MediaStage(lab, chromium, alice, network);
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  /** Registered; it and Alice see each other, as people who call one another mostly do. */
  async phone(user: string, media: Omit<BaresipMediaOptions, 'address'>): Promise<SeenPhone> {
    // Not of the loopback interface: ICE takes none of its addresses (RFC 8445 §5.1.1.1).
    const phone = await this.lab.baresip(user, [`sip:${ALICE}`], {
      address: this.#network.host(70),
      ...media,
    });
    await this.alice.event('subscribe');
    await mustBecome(`Alice seen by ${user}`, () => phone.output.includes('<basic>open</basic>'), 10_000);
    await phone.presence('online');
    await this.alice.subscribe(`${user}@${SIP_DOMAIN}`);
    for (;;) {
      const { detail } = await this.alice.event('presence');
      const [state, jid = ''] = detail.split(' ');
      if (state === 'available' && jid.startsWith(`${user}@${SIP_DOMAIN}/`)) return { phone, jid };
    }
  }

  /** Resolves when both ends of a call have heard enough of this medium. */
  async flows(phone: Baresip, kind: Medium): Promise<Flow> {
    return await mustBecome(
      `${kind} both ways`,
      async () => {
        const [media, ours] = [await this.alice.media(), await phone.stream(kind)];
        const page = media?.kinds[kind];
        if (media === undefined || page === undefined || ours === undefined) return undefined;
        return page.received >= ENOUGH && ours.received >= ENOUGH
          ? { page, phone: ours, ice: media.ice }
          : undefined;
      },
      FLOW_MS,
    );
  }

  async close(): Promise<void> {
    await this.chromium.close();
    await this.lab.close();
  }
}

/** Resolves when both pages have heard enough of this medium. */
export async function pagesHear(
  pages: readonly BrowserCaller[],
  kind: Medium,
): Promise<readonly BrowserMedia[]> {
  return await mustBecome(
    `${kind} both ways`,
    async () => {
      const all = await Promise.all(pages.map((page) => page.media()));
      const heard = all.filter((each) => each !== undefined);
      return heard.every(({ kinds }) => (kinds[kind]?.received ?? 0) >= ENOUGH) &&
        heard.length === pages.length
        ? heard
        : undefined;
    },
    FLOW_MS,
  );
}

/**
 * Media have no way through the gateway: it has the socket that it hears SIP on, and no other one of UDP but those to media relays,
 * of which there are `relays`.
 */
export function hasNoMedia({ gateway, gatewayPort }: Lab, relays = 0): void {
  const ports = udpPortsOf(gateway.pid ?? 0);
  assert.ok(ports.includes(gatewayPort));
  assert.equal(ports.length, 1 + relays, ports.join());
}
