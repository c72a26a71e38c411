// The stage of examples/two-names: its files as they are, at other places, into the configuration that Kamailio's package brings
// and into Prosody's. Ann has a chat account and a desk phone, Bob a desk phone.
//
// Of the files is changed only what is different on this machine: the gateway's 10.0.0.9 is a loopback address of its own with
// the same port; Kamailio's 10.0.0.5:5060, the component port and the console are ports of 127.0.0.1.
import { execFile } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { Baresip } from '../peers/baresip.ts';
import { KAMAILIO_TABLES, kamailioProcess } from '../peers/kamailio.ts';
import type { PeerProcess } from '../peers/peer-process.ts';
import { untilPortIsOpen } from '../peers/port-open.ts';
import { freeAddress, freePorts } from '../peers/ports.ts';
import { Prosody } from '../peers/prosody.ts';
import { SipEndpoint } from '../peers/sip-endpoint.ts';
import { Stoxgate } from '../peers/stoxgate.ts';
import { TempFolder } from '../peers/temp-folder.ts';
import { XmppClient } from '../peers/xmpp-client.ts';
import type { Account } from '../peers/xmpp-server.ts';

export const DOMAIN = 'corp.example';
const GATEWAY_SIP_PORT = 5060;
const SECRET = 'two-names-secret';
const PACKAGED_KAMAILIO = '/etc/kamailio/kamailio.cfg';
/** What the example's part for Kamailio takes the place of. */
const PLACE_IN_KAMAILIO = /^\troute\(AUTH\);$/m;
const account = (user: string): Account => ({ user, password: `${user}-password` });

interface Places {
  readonly gateway: string;
  readonly kamailioPort: number;
  readonly componentPort: number;
  readonly clientPort: number;
  readonly consolePort: number;
}

export class TwoNamesStage {
  readonly gateway: Stoxgate;
  readonly #folder: TempFolder;
  readonly #places: Places;
  readonly #prosody: Prosody;
  readonly #kamailioFolder: string;
  #kamailio: PeerProcess | undefined;
  readonly #users: { close(): Promise<void> }[] = [];

  private constructor(folder: TempFolder, places: Places) {
    this.#folder = folder;
    this.#places = places;
    const { gateway, kamailioPort, componentPort, clientPort, consolePort } = places;
    this.gateway = new Stoxgate({
      folder: folder.folder('stoxgate'),
      consolePort,
      config: example('stoxgate.yaml', [
        ['10.0.0.9', gateway],
        ['10.0.0.5:5060', `127.0.0.1:${kamailioPort}`],
        ['10.0.0.5', '127.0.0.1'],
        ['port: 5347', `port: ${componentPort}`],
        ['127.0.0.1:8080', `127.0.0.1:${consolePort}`],
      ]),
    });
    folder.write('stoxgate/component-secret', `${SECRET}\n`);
    this.#prosody = new Prosody({
      folder: folder.folder('prosody'),
      domain: DOMAIN,
      clientPort,
      accounts: [account('ann')],
      components: [{ domain: `phones.${DOMAIN}`, secret: SECRET, port: componentPort }],
      hosts: example('prosody.cfg.lua', [['"SECRET"', `"${SECRET}"`]]),
    });
    this.#kamailioFolder = this.#writeKamailio();
  }

  /** The servers are up, the gateway is not. */
  static async open(): Promise<TwoNamesStage> {
    const [kamailioPort = 0, componentPort = 0, clientPort = 0, consolePort = 0] = await freePorts(4);
    const gateway = await freeAddress(GATEWAY_SIP_PORT);
    const places = { gateway, kamailioPort, componentPort, clientPort, consolePort };
    const stage = new TwoNamesStage(new TempFolder('two-names'), places);
    try {
      stage.#kamailio = kamailioProcess(stage.#kamailioFolder);
      await Promise.all([stage.#prosody.start(), untilPortIsOpen('kamailio', kamailioPort)]);
      return stage;
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  /** What `stoxgate check` says of the file. */
  async check(): Promise<string> {
    const command = fileURLToPath(new URL('../../bin/stoxgate', import.meta.url));
    const { stdout } = await promisify(execFile)(command, ['check', '--config', this.gateway.configFile]);
    return stdout;
  }

  /** Ann at her computer. */
  async chat(): Promise<XmppClient> {
    return this.#kept(
      await XmppClient.online({
        jid: `ann@${DOMAIN}/computer`,
        password: account('ann').password,
        port: this.#places.clientPort,
        logFile: this.#folder.file('slixmpp.log'),
      }),
    );
  }

  /** Bob's desk phone. */
  async phone(contacts: readonly string[]): Promise<Baresip> {
    const [sipPort = 0, controlPort = 0] = await freePorts(2);
    return this.#kept(
      await Baresip.registered({
        ...{ folder: this.#folder.folder('baresip'), ...account('bob'), domain: DOMAIN },
        ...{ proxyPort: this.#places.kamailioPort, sipPort, controlPort, contacts, presence: true },
      }),
    );
  }

  /** Ann's desk phone. */
  async annsPhone(): Promise<SipEndpoint> {
    const phone = this.#kept(
      await SipEndpoint.open({
        ...{ user: 'ann', domain: DOMAIN, account: account('ann') },
        proxyPort: this.#places.kamailioPort,
      }),
    );
    const { status } = await phone.register();
    if (status !== 200) throw new Error(`Kamailio answered the registration with ${status}`);
    return phone;
  }

  async close(): Promise<void> {
    await Promise.all(this.#users.map((user) => user.close()));
    await this.gateway.stop();
    await Promise.all([this.#prosody.stop(), this.#kamailio?.stop()]);
    if (process.env['STOXGATE_KEEP'] !== '1') this.#folder.remove();
  }

  #writeKamailio(): string {
    const { gateway, kamailioPort } = this.#places;
    const folder = this.#folder.folder('kamailio');
    const tables = this.#folder.file('kamailio/tables');
    cpSync(KAMAILIO_TABLES, tables, { recursive: true });
    const users = [account('ann'), account('bob')].map(
      ({ user, password }, index) => `${index + 1}:${user}:${DOMAIN}:${password}:-:-\n`,
    );
    const head = readFileSync(`${tables}/subscriber`, 'utf8');
    writeFileSync(`${tables}/subscriber`, `${head.trimEnd()}\n${users.join('')}`);
    const local = example('kamailio-local.cfg', [
      ['/etc/kamailio/tables', tables],
      ['10.0.0.5:5060', `127.0.0.1:${kamailioPort}`],
    ]);
    writeFileSync(`${folder}/kamailio-local.cfg`, local);
    const packaged = readFileSync(PACKAGED_KAMAILIO, 'utf8');
    if (!PLACE_IN_KAMAILIO.test(packaged))
      throw new Error(`${PACKAGED_KAMAILIO} is not as the package brings it: it has no line "route(AUTH);"`);
    const route = example('kamailio-route.cfg', [['10.0.0.9', gateway]]);
    writeFileSync(
      `${folder}/kamailio.cfg`,
      packaged.replace(PLACE_IN_KAMAILIO, () => route),
    );
    return folder;
  }

  #kept<T extends { close(): Promise<void> }>(user: T): T {
    this.#users.push(user);
    return user;
  }
}

/** A file of the example with places of this machine; each must be in it. Its comments stay as they are. */
function example(file: string, places: readonly (readonly [string, string])[]): string {
  let text = readFileSync(new URL(`../../examples/two-names/${file}`, import.meta.url), 'utf8');
  for (const [place, here] of places) {
    if (!text.includes(place)) throw new Error(`examples/two-names/${file} has no ${place}`);
    text = text.replaceAll(place, here);
  }
  return text;
}
