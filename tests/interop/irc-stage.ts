// The stage of the IRC suite: a SIP user at Kamailio, the gateway, Prosody, biboumi as another component of Prosody, an IRC
// server, and somebody on it.
//
//   irc.example.org   biboumi: ivy%SERVER is a nick, #chat%SERVER a channel, SERVER the address of the IRC server
//   chat.example      any XMPP address, folded: ivy%SERVER*irc.example.org
import { fileURLToPath } from 'node:url';
import { Biboumi } from '../peers/biboumi.ts';
import { IrcClient } from '../peers/irc-client.ts';
import { IRC_PORT, Ngircd } from '../peers/ngircd.ts';
import { freeAddress } from '../peers/ports.ts';
import { XmppComponent } from '../peers/xmpp-component.ts';
import { Lab, SIP_DOMAIN, XMPP_DOMAIN, type LabOptions } from './lab.ts';

export const IRC_DOMAIN = 'irc.example.org';
export const FOLDED_DOMAIN = 'chat.example';
export const CHANNEL = '#chat';

export interface IrcStageOptions {
  /** Goes over the gateway's configuration, such as the way in which it reaches XMPP. */
  readonly config?: LabOptions['config'];
}

export class IrcStage {
  readonly lab: Lab;
  /** What stands behind the "%" of biboumi's addresses. */
  readonly server: string;
  readonly ivy: IrcClient;
  readonly #ngircd: Ngircd;
  readonly #biboumi: Biboumi;

  private constructor(parts: Pick<IrcStage, 'lab' | 'server' | 'ivy'>, ngircd: Ngircd, biboumi: Biboumi) {
    this.lab = parts.lab;
    this.server = parts.server;
    this.ivy = parts.ivy;
    this.#ngircd = ngircd;
    this.#biboumi = biboumi;
  }

  /** Everybody is there; the gateway is not started. */
  static async open(options: IrcStageOptions = {}): Promise<IrcStage> {
    const server = await freeAddress(IRC_PORT);
    const lab = await Lab.open({
      server: 'prosody',
      components: [IRC_DOMAIN],
      gatewayDomains: [IRC_DOMAIN, FOLDED_DOMAIN],
      startGateway: false,
      config: (parts) => ({
        domains: [
          { home: 'sip', sip: SIP_DOMAIN, xmpp: SIP_DOMAIN },
          { home: 'xmpp', xmpp: XMPP_DOMAIN, sip: XMPP_DOMAIN },
          // What biboumi takes for a nick.
          { home: 'xmpp', xmpp: IRC_DOMAIN, sip: IRC_DOMAIN, messages: { type: 'chat' } },
          { home: 'xmpp', xmpp: '*', sip: FOLDED_DOMAIN, separator: '*' },
        ],
        routes: fileURLToPath(new URL('../../examples/routes-irc.ts', import.meta.url)),
        ...options.config?.(parts),
      }),
    });
    const ngircd = new Ngircd({ folder: lab.folder.folder('ngircd'), address: server });
    const biboumi = new Biboumi({
      folder: lab.folder.folder('biboumi'),
      ...lab.componentAccount(IRC_DOMAIN),
    });
    try {
      await Promise.all([ngircd.start(), biboumi.start()]);
      const ivy = await IrcClient.online({ address: server, port: IRC_PORT, nick: 'ivy' });
      await ivy.join(CHANNEL);
      return new IrcStage({ lab, server, ivy }, ngircd, biboumi);
    } catch (error) {
      await Promise.all([ngircd.stop(), biboumi.stop()]);
      await lab.close();
      throw error;
    }
  }

  /** The JID of a nick or a channel. */
  jid(name: string): string {
    return `${name}%${this.server}@${IRC_DOMAIN}`;
  }

  /** Its SIP address: in the user part "#" and "%" are escaped (ADDR-33). */
  uri(name: string): string {
    return `${encodeURIComponent(`${name}%${this.server}`)}@${IRC_DOMAIN}`;
  }

  /** The same below the domain of folded addresses. */
  foldedUri(name: string): string {
    return `${encodeURIComponent(`${name}%${this.server}`)}*${IRC_DOMAIN}@${FOLDED_DOMAIN}`;
  }

  /**
   * Joins the channel for a SIP user, while the gateway is not there: biboumi is on IRC for who has joined a channel, and
   * the gateway does not join any (XEP-0045 §7.2). `instance` is that of his phone (RFC 5627): biboumi answers to the full JID.
   */
  async joinFor(user: string, instance: string): Promise<void> {
    const component = await XmppComponent.online(this.lab.componentAccount(SIP_DOMAIN));
    component.write(
      `<presence from='${user}@${SIP_DOMAIN}/${instance}' to='${this.jid(CHANNEL)}/${user}'>` +
        `<x xmlns='http://jabber.org/protocol/muc'/></presence>`,
    );
    // XEP-0045 §7.2.2: status 110 is his own presence in the room.
    await component.hears(/<status code=['"]110['"]/);
    await component.close();
  }

  async close(): Promise<void> {
    await this.ivy.close();
    await this.#biboumi.stop();
    await this.#ngircd.stop();
    await this.lab.close();
  }
}
