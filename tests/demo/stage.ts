// The whole main job on loopback: Prosody, Kamailio, Stoxgate between them, a SIP phone and an XMPP client.
import { spawnSync } from 'node:child_process';
import { Baresip } from '../peers/baresip.ts';
import type { JsonObject } from '../peers/json-object.ts';
import { Kamailio } from '../peers/kamailio.ts';
import { freePorts } from '../peers/ports.ts';
import { Prosody } from '../peers/prosody.ts';
import { Stoxgate } from '../peers/stoxgate.ts';
import type { TempFolder } from '../peers/temp-folder.ts';
import { XmppClient } from '../peers/xmpp-client.ts';
import type { Account } from '../peers/xmpp-server.ts';

export const SIP_DOMAIN = 'example.net';
export const XMPP_DOMAIN = 'example.org';

/** The first of each side is driven by the demonstration, the second is for the person who watches. */
export const XMPP_ACCOUNTS: readonly [Account, Account] = [
  { user: 'alice', password: 'alice-secret' },
  { user: 'carol', password: 'carol-secret' },
];
export const SIP_ACCOUNTS: readonly [Account, Account] = [
  { user: 'bob', password: 'bob-secret' },
  { user: 'dave', password: 'dave-secret' },
];

export interface StageEvents {
  kamailio(line: string): void;
  prosody(line: string): void;
  stoxgate(line: JsonObject): void;
}

export interface StagePorts {
  readonly xmppClient: number;
  readonly sipProxy: number;
  readonly gatewaySip: number;
  readonly console: number;
}

export class Stage {
  readonly ports: StagePorts;
  readonly gateway: Stoxgate;
  readonly #folder: TempFolder;
  readonly #prosody: Prosody;
  readonly #kamailio: Kamailio;
  #phone: Baresip | undefined;
  #client: XmppClient | undefined;

  private constructor(folder: TempFolder, ports: StagePorts, component: number, events: StageEvents) {
    this.ports = ports;
    this.#folder = folder;
    const secret = 'demonstration';
    const certificate = makeCertificate(folder);
    this.#prosody = new Prosody({
      folder: folder.folder('prosody'),
      domain: XMPP_DOMAIN,
      clientPort: ports.xmppClient,
      accounts: XMPP_ACCOUNTS,
      components: [{ domain: SIP_DOMAIN, secret, port: component }],
      onTrace: (line) => events.prosody(line),
      ...(certificate && { certificate }),
    });
    this.#kamailio = new Kamailio({
      folder: folder.folder('kamailio'),
      domain: SIP_DOMAIN,
      port: ports.sipProxy,
      gatewayPort: ports.gatewaySip,
      gatewayDomains: [XMPP_DOMAIN],
      accounts: SIP_ACCOUNTS,
      onTrace: (line) => events.kamailio(line),
    });
    this.gateway = new Stoxgate({
      folder: folder.folder('stoxgate'),
      consolePort: ports.console,
      onLog: (line) => events.stoxgate(line),
      config: {
        domains: [
          { home: 'sip', sip: SIP_DOMAIN, xmpp: SIP_DOMAIN },
          { home: 'xmpp', xmpp: XMPP_DOMAIN, sip: XMPP_DOMAIN },
        ],
        sip: {
          listen: [`udp://127.0.0.1:${ports.gatewaySip}`, `tcp://127.0.0.1:${ports.gatewaySip}`],
          next_hops: { [SIP_DOMAIN]: `sip:127.0.0.1:${ports.sipProxy};transport=udp;lr` },
          trusted: ['127.0.0.1/32'],
        },
        xmpp: { components: [{ domain: SIP_DOMAIN, host: '127.0.0.1', port: component, secret }] },
        log: { level: 'debug', format: 'json' },
      },
    });
  }

  static async prepare(folder: TempFolder, events: StageEvents): Promise<Stage> {
    const [xmppClient = 0, component = 0, sipProxy = 0, gatewaySip = 0, console = 0] = await freePorts(5);
    return new Stage(folder, { xmppClient, sipProxy, gatewaySip, console }, component, events);
  }

  async start(): Promise<void> {
    await Promise.all([this.#prosody.start(), this.#kamailio.start()]);
    await this.gateway.start();
    await this.gateway.healthy();
    const [sipPort = 0, controlPort = 0] = await freePorts(2);
    const [alice] = XMPP_ACCOUNTS;
    const [bob] = SIP_ACCOUNTS;
    await Promise.all([
      XmppClient.online({
        jid: `${alice.user}@${XMPP_DOMAIN}/demo`,
        password: alice.password,
        port: this.ports.xmppClient,
        logFile: this.#folder.file('xmpp-client.log'),
      }).then((client) => (this.#client = client)),
      Baresip.registered({
        folder: this.#folder.folder('baresip'),
        user: bob.user,
        domain: SIP_DOMAIN,
        password: bob.password,
        proxyPort: this.ports.sipProxy,
        sipPort,
        controlPort,
        contacts: [...XMPP_ACCOUNTS.map(({ user }) => user), 'nobody'].map(
          (user) => `sip:${user}@${XMPP_DOMAIN}`,
        ),
      }).then((phone) => (this.#phone = phone)),
    ]);
  }

  get client(): XmppClient {
    if (this.#client === undefined) throw new Error('the XMPP client is not started');
    return this.#client;
  }

  get phone(): Baresip {
    if (this.#phone === undefined) throw new Error('the SIP phone is not started');
    return this.#phone;
  }

  /** The users first, then the gateway (which drains), then the servers. */
  async stop(): Promise<void> {
    await Promise.all([this.#client?.close(), this.#phone?.close()]);
    await this.gateway.stop(5_000);
    await Promise.all([this.#prosody.stop(), this.#kamailio.stop()]);
  }
}

/** For people's own XMPP clients that insist on TLS: self-signed, gone with the folder. None without openssl. */
function makeCertificate(folder: TempFolder): { certificateFile: string; keyFile: string } | undefined {
  const certificateFile = folder.file('example.crt');
  const keyFile = folder.file('example.key');
  const made = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30'],
    ...['-subj', `/CN=${XMPP_DOMAIN}`, '-addext', `subjectAltName=DNS:${XMPP_DOMAIN}`],
    ...['-keyout', keyFile, '-out', certificateFile],
  ]);
  return made.status === 0 ? { certificateFile, keyFile } : undefined;
}
