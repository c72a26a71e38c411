// A laboratory for server-to-server: an XMPP server of somebody else, the gateway as the XMPP server of its SIP domain, and
// DNS of made-up domains by which each finds the other. Everything on loopback.
import { TestDnsServer } from '../edge/dns/dns-server.ts';
import { Ejabberd } from '../peers/ejabberd.ts';
import { Jabberd2 } from '../peers/jabberd2.ts';
import { freePorts } from '../peers/ports.ts';
import { Prosody } from '../peers/prosody.ts';
import { SipEndpoint } from '../peers/sip-endpoint.ts';
import { Stoxgate } from '../peers/stoxgate.ts';
import { TempFolder } from '../peers/temp-folder.ts';
import { TestCa, type TestCertificate } from '../peers/test-ca.ts';
import { XmppClient } from '../peers/xmpp-client.ts';
import type { Federation, XmppServer, XmppServerKind } from '../peers/xmpp-server.ts';

export const XMPP_DOMAIN = 'example.org';
export const SIP_DOMAIN = 'example.net';
/** A second domain of the gateway. */
export const OTHER_DOMAIN = 'phones.example.net';

const SERVERS = { prosody: Prosody, ejabberd: Ejabberd, jabberd2: Jabberd2 } as const;
const USER = { user: 'alice', password: 'alice-password' };

export interface FederationOptions {
  readonly server: XmppServerKind;
  readonly dialback: 'never' | 'over-tls';
  /** How the gateway finds the server. */
  readonly by: 'next-hop' | 'dns';
  readonly certificatesOnly?: boolean;
  readonly extensions?: boolean;
  /** TLS from the first octet, both ways (XEP-0368). */
  readonly directTls?: boolean;
  /** The gateway's certificate names somebody else, so that dialback has to do. */
  readonly strangeCertificate?: boolean;
}

export class FederationLab {
  readonly folder: TempFolder;
  readonly server: XmppServer;
  readonly gateway: Stoxgate;
  readonly sip: SipEndpoint;
  readonly dns: TestDnsServer;
  readonly #ca: TestCa;
  readonly #users: XmppClient[] = [];

  private constructor(
    parts: Pick<FederationLab, 'folder' | 'server' | 'gateway' | 'sip' | 'dns'>,
    ca: TestCa,
  ) {
    this.folder = parts.folder;
    this.server = parts.server;
    this.gateway = parts.gateway;
    this.sip = parts.sip;
    this.dns = parts.dns;
    this.#ca = ca;
  }

  static async open(options: FederationOptions): Promise<FederationLab> {
    const {
      server: kind,
      dialback,
      by,
      certificatesOnly = dialback === 'never',
      extensions = true,
      directTls = false,
    } = options;
    const [gatewayPort = 0, consolePort = 0, clientPort = 0, peerPort = 0, ownPort = 0, routerPort = 0] =
      await freePorts(6);
    const folder = new TempFolder('federation');
    const ca = new TestCa();
    // ejabberd asks DNS for services only, and the system for addresses.
    const target = kind === 'ejabberd' ? 'localhost' : 'host.example';
    const at = (port: number) => [{ priority: 0, weight: 0, port, target }];
    const service = directTls ? '_xmpps-server' : '_xmpp-server';
    const dns = new TestDnsServer({
      [`A ${target}`]: ['127.0.0.1'],
      [`SRV ${service}._tcp.${XMPP_DOMAIN}`]: at(peerPort),
      [`SRV ${service}._tcp.${SIP_DOMAIN}`]: at(ownPort),
      [`SRV ${service}._tcp.${OTHER_DOMAIN}`]: at(ownPort),
    });
    const dnsAddress = await dns.start();
    const federation: Federation = {
      port: peerPort,
      tls: ca.make({ names: [`DNS:${XMPP_DOMAIN}`] }),
      dns: dnsAddress,
      certificatesOnly,
      extensions,
      directTls,
    };
    const server = new SERVERS[kind]({
      folder: folder.folder(kind),
      domain: XMPP_DOMAIN,
      clientPort,
      accounts: [USER],
      components: [],
      routerPort,
      federation,
    });
    const sip = await SipEndpoint.open({ user: 'bob', domain: SIP_DOMAIN, proxyPort: gatewayPort });
    const names = options.strangeCertificate === true ? ['elsewhere.example'] : [SIP_DOMAIN, OTHER_DOMAIN];
    const own: TestCertificate = ca.make({ names: names.map((name) => `DNS:${name}`) });
    const gateway = new Stoxgate({
      folder: folder.folder('stoxgate'),
      consolePort,
      config: {
        domains: [
          { home: 'sip', sip: SIP_DOMAIN, xmpp: SIP_DOMAIN },
          { home: 'sip', sip: OTHER_DOMAIN, xmpp: OTHER_DOMAIN },
          { home: 'xmpp', xmpp: XMPP_DOMAIN, sip: XMPP_DOMAIN },
        ],
        sip: {
          listen: [`udp://127.0.0.1:${gatewayPort}`],
          next_hops: { '*': `sip:127.0.0.1:${sip.port};transport=udp;lr` },
          trusted: ['127.0.0.1/32'],
        },
        xmpp: {
          server: {
            listen: [`${directTls ? 'tls' : 'tcp'}://127.0.0.1:${ownPort}`],
            tls: own,
            dialback,
            ...(by === 'next-hop' && { next_hops: { [XMPP_DOMAIN]: `127.0.0.1:${peerPort}` } }),
          },
        },
        dns: { servers: [dnsAddress], private_targets: 'allow' },
        store: 'memory:',
        log: { level: 'debug', format: 'json' },
      },
    });
    const lab = new FederationLab({ folder, server, gateway, sip, dns }, ca);
    try {
      await Promise.all([server.start(), gateway.start()]);
      await gateway.healthy();
      return lab;
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  /** A MESSAGE of bob@example.net, or of somebody else. */
  say(to: string, body: string, from?: string): Promise<{ readonly status: number }> {
    return this.sip.message(to, body, from === undefined ? {} : { from });
  }

  /** alice@example.org, logged in. */
  async alice(): Promise<XmppClient> {
    const client = await XmppClient.online({
      jid: `${USER.user}@${XMPP_DOMAIN}/client`,
      password: USER.password,
      port: this.server.options.clientPort,
      logFile: this.folder.file('slixmpp.log'),
    });
    this.#users.push(client);
    return client;
  }

  async close(): Promise<void> {
    await Promise.all(this.#users.map((user) => user.close()));
    await this.sip.close();
    await this.gateway.stop();
    await this.server.stop();
    await this.dns.stop();
    this.#ca.remove();
    if (process.env['STOXGATE_KEEP'] !== '1') this.folder.remove();
  }
}
