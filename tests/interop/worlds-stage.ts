// Two whole worlds and a gateway between them, in a network of their own: xmpp.test at an XMPP server, sip.test at Kamailio.
// Nobody is configured with the place of anybody else; DNS says it all, and only certificates are believed.
//
//   xmpp.test   its XMPP records lead to the XMPP server, its SIP records (NAPTR, SRV) to the gateway
//   sip.test    its SIP records lead to Kamailio, its XMPP records to the gateway
import { setTimeout as pause } from 'node:timers/promises';
import { TestDnsServer, type SrvData, type ZoneEntry } from '../edge/dns/dns-server.ts';
import { Baresip } from '../peers/baresip.ts';
import { Ejabberd } from '../peers/ejabberd.ts';
import { Jabberd2 } from '../peers/jabberd2.ts';
import { WorldKamailio } from '../peers/kamailio-world.ts';
import { Linphone } from '../peers/linphone.ts';
import type { OwnNetwork } from '../peers/own-network.ts';
import { Prosody } from '../peers/prosody.ts';
import { SipEndpoint } from '../peers/sip-endpoint.ts';
import { Stoxgate } from '../peers/stoxgate.ts';
import { TempFolder } from '../peers/temp-folder.ts';
import { TestCa, type TestCertificate } from '../peers/test-ca.ts';
import { XmppClient } from '../peers/xmpp-client.ts';
import type { Account, XmppServer, XmppServerKind } from '../peers/xmpp-server.ts';

export const XMPP_DOMAIN = 'xmpp.test';
export const SIP_DOMAIN = 'sip.test';
/** Ports of servers, as everywhere. */
export const S2S_PORT = 5269;
export const SIPS_PORT = 5061;
const CLIENT_PORT = 5222;
const PROXY_PORT = 5060;
/** The last numbers of the hosts. */
const HOSTS = { xs: 10, kam: 20, 'gw-a': 30, 'gw-b': 31, relay: 41, silent: 66, dead: 99 } as const;
export type HostName = keyof typeof HOSTS;

const SERVERS = { prosody: Prosody, ejabberd: Ejabberd, jabberd2: Jabberd2 } as const;
const account = (user: string): Account => ({ user, password: `${user}-password` });
const SIP_USERS = ['bob', 'dave', 'wendy', 'zoe'].map(account);

export interface WorldsOptions {
  readonly network: OwnNetwork;
  readonly server: XmppServerKind;
  /** The XMPP server has never heard of the authority of the gateways, so that dialback has to do. */
  readonly strangers?: boolean;
  readonly gateways?: readonly ('a' | 'b')[];
}

/** The targets of the four links, first the one that is asked first. */
export interface Links {
  readonly xmppServer: readonly HostName[];
  readonly kamailio: readonly HostName[];
  readonly gatewayFromXmpp: readonly HostName[];
  readonly gatewayFromSip: readonly HostName[];
}

const PLAIN: Links = {
  xmppServer: ['xs'],
  kamailio: ['kam'],
  gatewayFromXmpp: ['gw-a'],
  gatewayFromSip: ['gw-a'],
};

export class Worlds {
  readonly folder = new TempFolder('worlds');
  readonly ca = new TestCa();
  readonly network: OwnNetwork;
  readonly dns: TestDnsServer;
  readonly server: XmppServer;
  readonly kamailio: WorldKamailio;
  readonly gateways = new Map<'a' | 'b', Stoxgate>();
  readonly #other = new TestCa('Another CA');
  readonly #users: { close(): Promise<void> }[] = [];

  private constructor(options: WorldsOptions) {
    const { network } = options;
    this.network = network;
    const { family } = network;
    this.dns = new TestDnsServer({});
    this.dns.ttl = 1;
    this.links({});
    const dns = network.place(53, 53);
    this.server = new SERVERS[options.server]({
      folder: this.folder.folder(options.server),
      domain: XMPP_DOMAIN,
      clientAddress: network.local,
      clientPort: CLIENT_PORT,
      accounts: [account('alice')],
      components: [],
      routerPort: 5347,
      federation: {
        address: network.host(HOSTS.xs),
        port: S2S_PORT,
        tls: this.ca.make({ names: [`DNS:${XMPP_DOMAIN}`] }),
        dns,
        certificatesOnly: options.strangers !== true && options.server !== 'jabberd2',
        extensions: true,
      },
    });
    this.kamailio = new WorldKamailio({
      folder: this.folder.folder('kamailio'),
      domain: SIP_DOMAIN,
      server: network.host(HOSTS.kam),
      phones: network.local,
      accounts: SIP_USERS,
      certificate: this.ca.make({ names: [`URI:sip:${SIP_DOMAIN}`, `DNS:${SIP_DOMAIN}`] }),
    });
    const asSip = this.ca.make({
      names: [`URI:sip:${XMPP_DOMAIN}`, `DNS:${XMPP_DOMAIN}`, 'DNS:gw-a.test', 'DNS:gw-b.test'],
    });
    const issuer = options.strangers === true ? this.#other : this.ca;
    const asXmpp = { ...issuer.make({ names: [`DNS:${SIP_DOMAIN}`] }), ca: this.ca.certificate };
    const dialback = options.strangers === true || options.server === 'jabberd2' ? 'over-tls' : 'never';
    for (const name of options.gateways ?? ['a']) {
      this.gateways.set(
        name,
        new Stoxgate({
          name: `stoxgate-${name}`,
          folder: this.folder.folder(`stoxgate-${name}`),
          consoleHost: network.local,
          consolePort: name === 'a' ? 8081 : 8082,
          config: configuration(network, name, asSip, asXmpp, dialback),
        }),
      );
    }
    if (family === 6 && options.server !== 'prosody')
      throw new Error('only Prosody is told its client address');
  }

  static async open(options: WorldsOptions): Promise<Worlds> {
    const worlds = new Worlds(options);
    try {
      await worlds.dns.start(options.network.host(53), 53);
      await Promise.all([
        worlds.server.start(),
        worlds.kamailio.start(),
        ...[...worlds.gateways.values()].map((gateway) => gateway.start()),
      ]);
      return worlds;
    } catch (error) {
      await worlds.close();
      throw error;
    }
  }

  gateway(name: 'a' | 'b' = 'a'): Stoxgate {
    const found = this.gateways.get(name);
    if (found === undefined) throw new Error(`there is no gateway ${name}`);
    return found;
  }

  /** Says in DNS where everybody is; `directTls` names hosts whose XMPP port begins with TLS (XEP-0368). */
  links(changed: Partial<Links>, directTls: readonly HostName[] = []): void {
    const links = { ...PLAIN, ...changed };
    const zone: Record<string, ZoneEntry> = {};
    const type = this.network.family === 4 ? 'A' : 'AAAA';
    for (const [name, number] of Object.entries(HOSTS))
      zone[`${type} ${name}.test`] = [this.network.host(number)];
    // What is within a dialog goes to the name in Kamailio's Record-Route.
    zone[`${type} ${SIP_DOMAIN}`] = [this.network.host(HOSTS.kam)];
    const records = (hosts: readonly HostName[], port: number): [HostName, SrvData][] =>
      hosts.map((host, priority) => [host, { priority, weight: 0, port, target: `${host}.test` }]);
    for (const [domain, hosts] of [
      [XMPP_DOMAIN, links.xmppServer],
      [SIP_DOMAIN, links.gatewayFromXmpp],
    ] as const) {
      for (const [service, direct] of [
        ['_xmpp-server', false],
        ['_xmpps-server', true],
      ] as const) {
        const of = records(hosts, S2S_PORT).filter(([host]) => directTls.includes(host) === direct);
        if (of.length > 0) zone[`SRV ${service}._tcp.${domain}`] = of.map(([, record]) => record);
      }
    }
    for (const [domain, hosts] of [
      [SIP_DOMAIN, links.kamailio],
      [XMPP_DOMAIN, links.gatewayFromSip],
    ] as const) {
      const replacement = `_sips._tcp.${domain}`;
      zone[`NAPTR ${domain}`] = [
        { order: 10, preference: 10, flags: 's', services: 'SIPS+D2T', regexp: '', replacement },
      ];
      zone[`SRV ${replacement}`] = records(hosts, SIPS_PORT).map(([, record]) => record);
    }
    this.dns.zone = zone;
  }

  host(name: HostName): string {
    return this.network.host(HOSTS[name]);
  }

  /** Everybody forgets what DNS said: peers after a second, the gateways by a new start. */
  async forget(): Promise<void> {
    const gateways = [...this.gateways.values()];
    await Promise.all([pause(1_200), ...gateways.map((gateway) => gateway.stop())]);
    await Promise.all(gateways.map((gateway) => gateway.start()));
  }

  async alice(): Promise<XmppClient> {
    return this.#kept(
      await XmppClient.online({
        jid: `alice@${XMPP_DOMAIN}/client`,
        password: account('alice').password,
        host: this.network.local,
        port: CLIENT_PORT,
        logFile: this.folder.file('slixmpp.log'),
      }),
    );
  }

  /** Bob's phone. */
  async bob(): Promise<Baresip> {
    return this.#kept(
      await Baresip.registered({
        folder: this.folder.folder('baresip'),
        address: this.network.local,
        ...account('bob'),
        ...{ domain: SIP_DOMAIN, proxyPort: PROXY_PORT, sipPort: 5070, controlPort: 4444, presence: true },
        contacts: [`sip:alice@${XMPP_DOMAIN}`, `sip:nobody@${XMPP_DOMAIN}`],
      }),
    );
  }

  /** Dave's phone, which speaks CPIM and IMDN. */
  async dave(): Promise<Linphone> {
    return this.#kept(
      await Linphone.registered({
        folder: this.folder.folder('linphone'),
        ...account('dave'),
        ...{ domain: SIP_DOMAIN, proxyPort: PROXY_PORT, sipPort: 5072, cpim: true, imdn: true },
      }),
    );
  }

  /** A phone of ours, for counted traffic; what it has already by another branch it answers with 482. */
  async zoe(): Promise<SipEndpoint> {
    const zoe = this.#kept(
      await SipEndpoint.open({
        ...{ user: 'zoe', domain: SIP_DOMAIN, proxyPort: PROXY_PORT, merges: true },
        account: account('zoe'),
      }),
    );
    const { status } = await zoe.register();
    if (status !== 200) throw new Error(`Kamailio answered the registration with ${status}`);
    return zoe;
  }

  async close(): Promise<void> {
    await Promise.all(this.#users.map((user) => user.close()));
    await Promise.all([...this.gateways.values()].map((gateway) => gateway.stop()));
    await Promise.all([this.server.stop(), this.kamailio.stop()]);
    await this.dns.stop();
    this.ca.remove();
    this.#other.remove();
    if (process.env['STOXGATE_KEEP'] !== '1') this.folder.remove();
  }

  #kept<T extends { close(): Promise<void> }>(user: T): T {
    this.#users.push(user);
    return user;
  }
}

/** Not one name of a domain or of a host in it but its own. */
function configuration(
  network: OwnNetwork,
  name: 'a' | 'b',
  asSip: TestCertificate,
  asXmpp: TestCertificate,
  dialback: 'never' | 'over-tls',
): Record<string, unknown> {
  const number = HOSTS[`gw-${name}`];
  return {
    domains: [
      { home: 'sip', sip: '*', xmpp: '*' },
      { home: 'xmpp', xmpp: '*', sip: '*' },
    ],
    sip: {
      listen: [
        { url: `tls://${network.place(number, SIPS_PORT)}`, advertise: `gw-${name}.test:${SIPS_PORT}` },
      ],
      tls: asSip,
    },
    xmpp: { server: { listen: [`tcp://${network.place(number, S2S_PORT)}`], tls: asXmpp, dialback } },
    messages: { reports: 'always' },
    dns: { private_targets: 'allow' },
    keys: ['the same secret of all gateways of the domain'],
    node: `gw-${name}`,
    store: 'sqlite:stoxgate.db',
    log: { level: 'debug', format: 'json' },
  };
}
