// One laboratory for a suite: an XMPP server, Kamailio, the gateway between them, all on free loopback ports.
//
//   example.org      XMPP users at the XMPP server
//   example.net      SIP users at Kamailio, with digest authentication
//   direct.example   SIP users at an endpoint of ours that is the gateway's next hop: what it sees is what was sent
import { Baresip, type BaresipMediaOptions } from '../peers/baresip.ts';
import type { BrowserChat } from '../peers/browser-chat.ts';
import type { Chromium } from '../peers/chromium.ts';
import { Ejabberd } from '../peers/ejabberd.ts';
import { Jabberd2 } from '../peers/jabberd2.ts';
import { Kamailio } from '../peers/kamailio.ts';
import { Linphone } from '../peers/linphone.ts';
import { freePort, freePorts } from '../peers/ports.ts';
import { PresencePhone, type PresencePhoneOptions } from '../peers/presence-phone.ts';
import { Profanity } from '../peers/profanity.ts';
import { Prosody } from '../peers/prosody.ts';
import { SipEndpoint } from '../peers/sip-endpoint.ts';
import { Stoxgate } from '../peers/stoxgate.ts';
import { TempFolder } from '../peers/temp-folder.ts';
import { XmppClient } from '../peers/xmpp-client.ts';
import type { TestCertificate } from '../peers/test-ca.ts';
import type { Account, ComponentAccount, XmppServer, XmppServerKind } from '../peers/xmpp-server.ts';

export const XMPP_DOMAIN = 'example.org';
export const SIP_DOMAIN = 'example.net';
export const DIRECT_DOMAIN = 'direct.example';

/** What the interoperability suites run against in CI. The long script sets more (`STOXGATE_MATRIX=full`). */
export const SERVERS: readonly XmppServerKind[] = ['prosody', 'ejabberd', 'jabberd2'];
export const FULL_MATRIX = process.env['STOXGATE_MATRIX'] === 'full';
/** For what does not depend on the server's kind: the first alone, all in the long script. */
export const ONE_SERVER: readonly XmppServerKind[] = FULL_MATRIX ? SERVERS : ['prosody'];
/** The same with the other of the two that are used most. */
export const OTHER_SERVER: readonly XmppServerKind[] = FULL_MATRIX ? SERVERS : ['ejabberd'];
/** For what does: servers differ most in how they carry presence. */
export const TWO_SERVERS: readonly XmppServerKind[] = FULL_MATRIX ? SERVERS : ['prosody', 'ejabberd'];

// An interrupted run goes through the exit handlers, which end the peers and remove the folders.
process.once('SIGTERM', () => process.exit(143));

const SERVER_DRIVERS = { prosody: Prosody, ejabberd: Ejabberd, jabberd2: Jabberd2 } as const;
/** RFC 6120 §3.2.2. */
const CLIENT_PORT = 5222;
const SECRET = 'interop-secret';
const account = (user: string): Account => ({ user, password: `${user}-password` });
const XMPP_ACCOUNTS = ['alice', 'carol', 'dora'].map(account);
const SIP_ACCOUNTS = ['bob', 'dave', 'erin', 'frank', 'grace'].map(account);

export interface LabOptions {
  readonly server: XmppServerKind;
  /** Components beside those of the two SIP domains, for gateways of the suite's own. */
  readonly components?: readonly string[];
  /** Domains beside example.org that Kamailio sends to the gateway; their rules are the suite's. */
  readonly gatewayDomains?: readonly string[];
  readonly kamailio?: boolean;
  /** Kamailio carries presence, and phones tell theirs. */
  readonly presence?: boolean;
  /** Kamailio stays in the way of calls. */
  readonly calls?: boolean;
  /** Prosody takes clients in web pages too. */
  readonly webSocket?: boolean;
  /** Prosody takes clients at the port that they find without SRV, by TLS with this certificate. */
  readonly clientTls?: TestCertificate;
  /** Kamailio tells of registrations (RFC 3680). */
  readonly registrationEvents?: boolean;
  /** Goes over the generated configuration of the gateway. */
  readonly config?: (lab: Pick<Lab, 'gatewayPort' | 'component'>) => Readonly<Record<string, unknown>>;
  readonly startGateway?: boolean;
}

export class Lab {
  readonly folder: TempFolder;
  readonly server: XmppServer;
  readonly gateway: Stoxgate;
  readonly gatewayPort: number;
  /** The user agent of direct.example. */
  readonly direct: SipEndpoint;
  readonly kamailioPort: number;
  /** Where Prosody takes clients in web pages. */
  readonly webSocket: string;
  readonly #components: readonly ComponentAccount[];
  readonly #kamailio: Kamailio | undefined;
  readonly #presence: boolean;
  readonly #users: { close(): Promise<void> }[] = [];

  private constructor(options: LabOptions, parts: LabParts) {
    const { folder, ports } = parts;
    this.#components = parts.components;
    this.#presence = options.presence === true;
    this.folder = folder;
    this.gatewayPort = ports.gateway;
    this.kamailioPort = ports.kamailio;
    this.direct = parts.direct;
    this.server = new SERVER_DRIVERS[options.server]({
      folder: folder.folder(options.server),
      domain: XMPP_DOMAIN,
      clientPort: options.clientTls === undefined ? ports.client : CLIENT_PORT,
      accounts: XMPP_ACCOUNTS,
      components: parts.components,
      ...(options.webSocket === true && { webSocketPort: ports.webSocket }),
      ...(options.clientTls && {
        certificate: { certificateFile: options.clientTls.certificate, keyFile: options.clientTls.key },
      }),
    });
    this.webSocket = `ws://127.0.0.1:${ports.webSocket}/xmpp-websocket`;
    if (options.kamailio !== false) {
      this.#kamailio = new Kamailio({
        folder: folder.folder('kamailio'),
        domain: SIP_DOMAIN,
        port: ports.kamailio,
        gatewayPort: ports.gateway,
        gatewayDomains: [XMPP_DOMAIN, ...(options.gatewayDomains ?? [])],
        accounts: SIP_ACCOUNTS,
        ...(options.presence === true ? { presence: true } : {}),
        ...(options.calls === true ? { calls: true } : {}),
        ...(options.registrationEvents === true && { registrationEvents: { minExpires: 60 } }),
      });
    }
    this.gateway = new Stoxgate({
      folder: folder.folder('stoxgate'),
      consolePort: ports.console,
      config: { ...this.#configuration(ports), ...options.config?.(this) },
    });
  }

  static async open(options: LabOptions): Promise<Lab> {
    const [gateway = 0, kamailio = 0, client = 0, console = 0, shared = 0, webSocket = 0] =
      await freePorts(6);
    const components: ComponentAccount[] = [];
    for (const domain of [SIP_DOMAIN, DIRECT_DOMAIN, ...(options.components ?? [])]) {
      const port = options.server === 'ejabberd' ? await freePort() : shared;
      components.push({ domain, secret: SECRET, port });
    }
    const folder = new TempFolder('interop');
    const direct = await SipEndpoint.open({ user: 'zoe', domain: DIRECT_DOMAIN, proxyPort: gateway });
    const lab = new Lab(options, {
      folder,
      direct,
      components,
      ports: { gateway, kamailio, client, console, webSocket },
    });
    try {
      await Promise.all([lab.server.start(), lab.#kamailio?.start()]);
      if (options.startGateway !== false) {
        await lab.gateway.start();
        await lab.gateway.healthy();
      }
      return lab;
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  /** A component link of a domain, for a gateway of the suite's own. */
  component(domain: string): Readonly<Record<string, unknown>> {
    const { port, secret } = this.componentAccount(domain);
    return { domain, host: '127.0.0.1', port, secret };
  }

  /** What a component of a domain needs to know of the XMPP server. */
  componentAccount(domain: string): ComponentAccount {
    const found = this.#components.find((component) => component.domain === domain);
    if (found === undefined) throw new Error(`the XMPP server knows no component ${domain}`);
    return found;
  }

  /** An XMPP user, logged in. */
  async xmpp(user: string, options: { reconnect?: boolean } = {}): Promise<XmppClient> {
    return this.#kept(
      await XmppClient.online({
        jid: `${user}@${XMPP_DOMAIN}/${user}-client`,
        password: account(user).password,
        port: this.server.options.clientPort,
        logFile: this.folder.file(`slixmpp-${user}.log`),
        ...options,
      }),
    );
  }

  /** A SIP user of example.net at an endpoint of ours, registered at Kamailio. */
  async sip(user: string): Promise<SipEndpoint> {
    const endpoint = this.#kept(
      await SipEndpoint.open({
        user,
        domain: SIP_DOMAIN,
        proxyPort: this.kamailioPort,
        account: account(user),
      }),
    );
    const { status } = await endpoint.register();
    if (status !== 200) throw new Error(`Kamailio answered the registration of ${user} with ${status}`);
    return endpoint;
  }

  async baresip(user: string, contacts: readonly string[], media?: BaresipMediaOptions): Promise<Baresip> {
    const [sipPort = 0, controlPort = 0] = await freePorts(2);
    const { password } = account(user);
    const folder = this.folder.folder(`baresip-${user}`);
    const domain = SIP_DOMAIN;
    const proxyPort = this.kamailioPort;
    return this.#kept(
      await Baresip.registered({
        ...{ folder, user, domain, password, proxyPort, sipPort, controlPort, contacts },
        presence: this.#presence,
        ...(media && { media }),
      }),
    );
  }

  /** A chat client in a page, logged in. */
  async browserChat(chromium: Chromium, user: string): Promise<BrowserChat> {
    const chat = await chromium.chat();
    await chat.open({
      server: this.webSocket,
      jid: `${user}@${XMPP_DOMAIN}`,
      resource: 'page',
      password: account(user).password,
    });
    return chat;
  }

  async linphone(user: string, options: { cpim?: boolean; imdn?: boolean } = {}): Promise<Linphone> {
    return this.#kept(
      await Linphone.registered({
        folder: this.folder.folder(`linphone-${user}`),
        user,
        domain: SIP_DOMAIN,
        password: account(user).password,
        proxyPort: this.kamailioPort,
        sipPort: await freePort(),
        ...options,
      }),
    );
  }

  /** An XMPP user at a client for people, logged in. */
  async profanity(user: string): Promise<Profanity> {
    return this.#kept(
      await Profanity.online({
        folder: this.folder.folder(`profanity-${user}`),
        jid: `${user}@${XMPP_DOMAIN}`,
        password: account(user).password,
        port: this.server.options.clientPort,
      }),
    );
  }

  /** A phone of ours that does presence alone. */
  async presencePhone(
    user: string,
    options: Pick<PresencePhoneOptions, 'granted' | 'refreshMs' | 'decided' | 'localPort'>,
  ): Promise<PresencePhone> {
    return this.#kept(
      await PresencePhone.open({
        ...options,
        user,
        domain: SIP_DOMAIN,
        proxyPort: this.kamailioPort,
        account: account(user),
      }),
    );
  }

  /** Kamailio, to be stopped and started. */
  get kamailio(): Kamailio {
    if (this.#kamailio === undefined) throw new Error('this laboratory has no Kamailio');
    return this.#kamailio;
  }

  async close(): Promise<void> {
    await Promise.all(this.#users.map((user) => user.close()));
    await this.direct.close();
    await this.gateway.stop();
    await Promise.all([this.server.stop(), this.#kamailio?.stop()]);
    if (process.env['STOXGATE_KEEP'] !== '1') this.folder.remove();
  }

  #configuration(ports: LabPorts): Record<string, unknown> {
    return {
      domains: [
        { home: 'sip', sip: SIP_DOMAIN, xmpp: SIP_DOMAIN },
        { home: 'sip', sip: DIRECT_DOMAIN, xmpp: DIRECT_DOMAIN },
        { home: 'xmpp', xmpp: XMPP_DOMAIN, sip: XMPP_DOMAIN },
      ],
      sip: {
        listen: [`udp://127.0.0.1:${ports.gateway}`, `tcp://127.0.0.1:${ports.gateway}`],
        next_hops: {
          [SIP_DOMAIN]: `sip:127.0.0.1:${ports.kamailio};transport=udp;lr`,
          [DIRECT_DOMAIN]: `sip:127.0.0.1:${this.direct.port};transport=udp;lr`,
        },
        trusted: ['127.0.0.1/32'],
      },
      xmpp: { components: [this.component(SIP_DOMAIN), this.component(DIRECT_DOMAIN)] },
      log: { level: 'debug', format: 'json' },
    };
  }

  #kept<T extends { close(): Promise<void> }>(user: T): T {
    this.#users.push(user);
    return user;
  }
}

interface LabPorts {
  readonly gateway: number;
  readonly kamailio: number;
  readonly client: number;
  readonly console: number;
  readonly webSocket: number;
}

interface LabParts {
  readonly folder: TempFolder;
  readonly direct: SipEndpoint;
  readonly components: readonly ComponentAccount[];
  readonly ports: LabPorts;
}
