// A gateway as a process of its own between the two ends, with a relay on its XMPP side; what a fault can lay hands on.

import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { TestDnsServer, type ZoneEntry } from '../edge/dns/dns-server.ts';
import type { JsonObject } from '../peers/json-object.ts';
import { Kamailio } from '../peers/kamailio.ts';
import { freePort, freePorts } from '../peers/ports.ts';
import { Prosody } from '../peers/prosody.ts';
import { Stoxgate } from '../peers/stoxgate.ts';
import { TempFolder } from '../peers/temp-folder.ts';
import { SECRET, XmppPeer } from '../system/xmpp-peer.ts';
import {
  DirectSipEnd,
  KamailioSipEnd,
  OwnXmppEnd,
  ProsodyXmppEnd,
  SIP_DOMAIN,
  XMPP_ACCOUNTS,
  XMPP_DOMAIN,
  type Ledgers,
  type SipEnd,
  type XmppEnd,
} from './ends.ts';
import { Ledger } from './ledger.ts';
import { TcpProxy } from './tcp-proxy.ts';

export interface StageOptions {
  /** Real peers in the place of ours. */
  readonly prosody?: boolean;
  readonly kamailio?: boolean;
  /** The SIP domain is found by DNS. */
  readonly dns?: boolean;
  /** How long a SIP user of ours takes to answer, in milliseconds: so long his messages are in the store. */
  readonly answerMs?: number;
  /** Whether he answers 482 to what he has by another branch; default true, in the strictest way. */
  readonly merges?: boolean;
  /** Loaded into the gateway instead of the clock that can be shifted. */
  readonly preload?: URL;
  readonly nodeOptions?: string;
  readonly onLog?: (line: JsonObject) => void;
  /** The store is on a file system of its own, of so many KiB. Needs the right to mount. */
  readonly diskKiB?: number;
}

/** Ends one of the things that were opened. */
type Closer = () => unknown;

const HOURS = 168;
/** Kinds of `stoxgate_held` that say that a message has no outcome yet. */
const HELD = ['messages_to_sip', 'messages_to_xmpp', 'kept_messages', 'error_reports', 'undeleted_records'];
const account = (user: string): { user: string; password: string } => ({ user, password: `${user}-secret` });

export class Stage {
  readonly ledgers: Ledgers;
  readonly folder: TempFolder;
  readonly gateway: Stoxgate;
  readonly proxy: TcpProxy;
  readonly sip: SipEnd;
  readonly xmpp: XmppEnd;
  readonly kamailio: Kamailio | undefined;
  readonly prosody: Prosody | undefined;
  readonly dns: TestDnsServer | undefined;
  /** Where the store is. */
  readonly storeFolder: string;
  /** What the gateway logged as an error. */
  readonly errors: JsonObject[];
  readonly #closers: readonly Closer[];

  private constructor(parts: Parts) {
    this.ledgers = parts.ledgers;
    this.folder = parts.folder;
    this.gateway = parts.gateway;
    this.proxy = parts.proxy;
    this.sip = parts.sip;
    this.xmpp = parts.xmpp;
    this.kamailio = parts.kamailio;
    this.prosody = parts.prosody;
    this.dns = parts.dns;
    this.storeFolder = parts.storeFolder;
    this.errors = parts.errors;
    this.#closers = parts.closers;
  }

  static async open(options: StageOptions = {}): Promise<Stage> {
    const closers: Closer[] = [];
    try {
      const stage = new Stage(await build(options, closers));
      await stage.gateway.start();
      await stage.gateway.healthy();
      return stage;
    } catch (error) {
      await closeAll(closers);
      throw error;
    }
  }

  /** The wall clock of the gateway jumps. */
  shiftClock(milliseconds: number): void {
    writeFileSync(this.folder.file('clock'), String(milliseconds));
    if (this.gateway.pid !== undefined) process.kill(this.gateway.pid, 'SIGUSR2');
  }

  /** A figure of GET /metrics, summed over its labels; 0 where nobody answers. */
  async figure(name: string, labels = ''): Promise<number> {
    try {
      let sum = 0;
      for (const line of (await this.gateway.metrics()).split('\n')) {
        if (!line.startsWith(name) || !line.includes(labels)) continue;
        if (/[ {]/.test(line[name.length] ?? '')) sum += Number(line.slice(line.lastIndexOf(' ')));
      }
      return sum;
    } catch {
      return 0;
    }
  }

  /** Messages, and what is due about them, that the gateway has. */
  async held(): Promise<number> {
    let sum = 0;
    for (const kind of HELD) sum += await this.figure('stoxgate_held', `kind="${kind}"`);
    return sum;
  }

  /** Ends the gateway by SIGKILL; what stands in the store then of messages that have no outcome. */
  async recordsLeft(): Promise<number> {
    await this.gateway.kill();
    const store = new DatabaseSync(`${this.storeFolder}/store.db`);
    try {
      return Number(store.prepare('SELECT count(*) AS records FROM stoxgate_c_outbox').get()?.['records']);
    } finally {
      store.close();
    }
  }

  async close(): Promise<void> {
    await closeAll(this.#closers);
  }
}

interface Parts extends Pick<
  Stage,
  'ledgers' | 'folder' | 'gateway' | 'proxy' | 'sip' | 'xmpp' | 'kamailio' | 'prosody' | 'dns'
> {
  readonly storeFolder: string;
  readonly errors: JsonObject[];
  readonly closers: readonly Closer[];
}

async function closeAll(closers: readonly Closer[]): Promise<void> {
  for (const close of closers.toReversed()) await close();
}

async function build(options: StageOptions, closers: Closer[]): Promise<Parts> {
  const ledgers: Ledgers = { s2x: new Ledger('s2x'), x2s: new Ledger('x2s'), kept: new Ledger('kept') };
  const folder = new TempFolder('faults');
  closers.push(() => {
    if (process.env['STOXGATE_KEEP'] !== '1') folder.remove();
  });
  const [gatewayPort = 0, consolePort = 0, kamailioPort = 0, clientPort = 0] = await freePorts(4);

  const storeFolder = folder.folder('store');
  if (options.diskKiB !== undefined) {
    closers.push(mountSmall(storeFolder, options.diskKiB));
  }

  const [xmpp, xmppPort, prosody] = await openXmpp(options, { folder, clientPort, ledgers, closers });
  const proxy = await TcpProxy.open(xmppPort);
  closers.push(() => proxy.close());

  const kamailio =
    options.kamailio === true ? await openKamailio(folder, kamailioPort, gatewayPort) : undefined;
  closers.push(() => kamailio?.stop());
  const [sip, sipPort] = await openSip(kamailio, gatewayPort, ledgers, options);
  closers.push(() => sip.close());

  let dns: TestDnsServer | undefined;
  let dnsAddress: string | undefined;
  if (options.dns === true) {
    dns = new TestDnsServer(zoneOf(sipPort));
    // So that answers do not outlive an outage.
    dns.ttl = 1;
    dnsAddress = await dns.start();
    closers.push(() => dns?.stop());
  }

  const errors: JsonObject[] = [];
  const preload = options.preload ?? new URL('./shifted-clock.ts', import.meta.url);
  const gateway = new Stoxgate({
    folder: folder.folder('stoxgate'),
    consolePort,
    env: {
      NODE_OPTIONS: `${options.nodeOptions ?? ''} --import=${preload.href}`,
      STOXGATE_CLOCK: folder.file('clock'),
    },
    onLog: (line) => {
      options.onLog?.(line);
      if (line['level'] === 'error') errors.push(line);
    },
    config: {
      domains: [
        { home: 'sip', sip: SIP_DOMAIN, xmpp: SIP_DOMAIN },
        { home: 'xmpp', xmpp: XMPP_DOMAIN, sip: XMPP_DOMAIN },
      ],
      sip: {
        listen: [`udp://127.0.0.1:${gatewayPort}`, `tcp://127.0.0.1:${gatewayPort}`],
        next_hops: dns === undefined ? { [SIP_DOMAIN]: `sip:127.0.0.1:${sipPort};transport=udp;lr` } : {},
        trusted: ['127.0.0.1/32'],
      },
      ...(dnsAddress === undefined ? {} : { dns: { servers: [dnsAddress], private_targets: 'allow' } }),
      xmpp: { components: [{ domain: SIP_DOMAIN, host: '127.0.0.1', port: proxy.port, secret: SECRET }] },
      offline: { keep: true, hours: HOURS, per_user: 10_000, per_domain: 1_000_000 },
      store: `sqlite:${storeFolder}/store.db`,
      log: { level: 'info', format: 'json' },
    },
  });
  closers.push(() => gateway.stop());
  return { ledgers, folder, gateway, proxy, sip, xmpp, kamailio, prosody, dns, storeFolder, errors, closers };
}

async function openXmpp(
  options: StageOptions,
  env: {
    readonly folder: TempFolder;
    readonly clientPort: number;
    readonly ledgers: Ledgers;
    readonly closers: Closer[];
  },
): Promise<readonly [XmppEnd, number, Prosody | undefined]> {
  const { folder, clientPort, ledgers, closers } = env;
  if (options.prosody !== true) {
    const peer = await XmppPeer.open();
    const end = new OwnXmppEnd(peer, ledgers);
    closers.push(() => end.close());
    return [end, peer.port, undefined];
  }
  const port = await freePort();
  const prosody = new Prosody({
    folder: folder.folder('prosody'),
    domain: XMPP_DOMAIN,
    clientPort,
    accounts: XMPP_ACCOUNTS.map(account),
    components: [{ domain: SIP_DOMAIN, secret: SECRET, port }],
    kickOld: true,
  });
  await prosody.start();
  closers.push(() => prosody.stop());
  const end = await ProsodyXmppEnd.open(prosody, ledgers, (name) => folder.file(name));
  closers.push(() => end.close());
  return [end, port, prosody];
}

async function openSip(
  kamailio: Kamailio | undefined,
  gatewayPort: number,
  ledgers: Ledgers,
  options: StageOptions,
): Promise<readonly [SipEnd, number]> {
  if (kamailio !== undefined) return [await KamailioSipEnd.open(kamailio, ledgers), kamailio.options.port];
  const direct = await DirectSipEnd.open(gatewayPort, ledgers, options);
  return [direct, direct.port];
}

async function openKamailio(folder: TempFolder, port: number, gatewayPort: number): Promise<Kamailio> {
  const kamailio = new Kamailio({
    folder: folder.folder('kamailio'),
    domain: SIP_DOMAIN,
    port,
    gatewayPort,
    gatewayDomains: [XMPP_DOMAIN],
    accounts: ['bob', 'away'].map(account),
  });
  await kamailio.start();
  return kamailio;
}

export function zoneOf(sipPort: number): Readonly<Record<string, ZoneEntry>> {
  const server = `ua.${SIP_DOMAIN}`;
  return {
    [`SRV _sip._udp.${SIP_DOMAIN}`]: [{ priority: 1, weight: 1, port: sipPort, target: server }],
    [`A ${server}`]: ['127.0.0.1'],
  };
}

/** All of it answers nothing. */
export function silentZone(): Readonly<Record<string, ZoneEntry>> {
  const silent: Record<string, ZoneEntry> = {};
  for (const name of [SIP_DOMAIN, `ua.${SIP_DOMAIN}`]) {
    for (const type of ['NAPTR', 'A', 'AAAA']) silent[`${type} ${name}`] = 'silent';
  }
  for (const service of ['_sip._udp', '_sip._tcp']) silent[`SRV ${service}.${SIP_DOMAIN}`] = 'silent';
  return silent;
}

/** A file system in memory that is soon full. Returns what takes it away; an interrupted run does so too. */
function mountSmall(folder: string, kib: number): Closer {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kib}k`, 'tmpfs', folder]);
  const unmount = (): void => {
    process.off('exit', unmount);
    spawnSync('umount', ['-l', folder]);
  };
  // Before the handler that removes the folder.
  process.prependListener('exit', unmount);
  return unmount;
}

/** Whether this process may mount: root in a container often may not. */
export function mayMount(): boolean {
  const folder = new TempFolder('mount');
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder.path], { stdio: 'ignore' });
    execFileSync('umount', [folder.path], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  } finally {
    folder.remove();
  }
}
