// jabberd2 as a peer: router, session manager and client listener, each a process; components connect to the router.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PeerProcess } from './peer-process.ts';
import { untilPortIsOpen } from './port-open.ts';
import { fillTemplate } from './template.ts';
import type { XmppServer, XmppServerOptions } from './xmpp-server.ts';

const FILES = ['router', 'router-users', 'sm', 'c2s', 's2s'] as const;

export class Jabberd2 implements XmppServer {
  readonly name = 'jabberd2';
  readonly options: XmppServerOptions;
  readonly #routerPort: number;
  #processes: PeerProcess[] = [];

  /** The router has one port and one secret for all: the first component's. */
  constructor(options: XmppServerOptions) {
    this.options = options;
    this.#routerPort = options.components[0]?.port ?? options.routerPort ?? 0;
    const { folder, federation } = options;
    mkdirSync(join(folder, 'store'), { recursive: true });
    for (const file of FILES) {
      const text = fillTemplate(`jabberd2/${file}.xml`, {
        FOLDER: folder,
        LIBRARIES: libraryFolder(),
        DOMAIN: options.domain,
        CLIENT_PORT: options.clientPort,
        ROUTER_PORT: this.#routerPort,
        SECRET: options.components[0]?.secret ?? 'secret',
        SERVER_ADDRESS: federation?.address ?? '127.0.0.1',
        SERVER_PORT: federation?.port ?? 0,
        CA: federation?.tls.ca ?? '',
      });
      writeFileSync(join(folder, `${file}.xml`), text);
    }
    if (federation !== undefined) {
      const { certificate, key } = federation.tls;
      writeFileSync(
        join(folder, 'server.pem'),
        readFileSync(certificate, 'utf8') + readFileSync(key, 'utf8'),
      );
    }
    const accounts = new DatabaseSync(join(folder, 'accounts.db'));
    accounts.exec('create table authreg(username text not null, realm text not null, password text)');
    const insert = accounts.prepare('insert into authreg values (?, ?, ?)');
    for (const { user, password } of options.accounts) insert.run(user, options.domain, password);
    accounts.close();
  }

  async start(): Promise<void> {
    this.#processes = [this.#launch('router')];
    await untilPortIsOpen('jabberd2-router', this.#routerPort);
    this.#processes.push(await this.#sessionManager());
    this.#processes.push(this.#launch('c2s'));
    await untilPortIsOpen('jabberd2-c2s', this.options.clientPort);
    const { federation } = this.options;
    if (federation === undefined) return;
    const [address = '', port = ''] = federation.dns.split(':');
    // udns, its resolver, takes these instead of resolv.conf.
    this.#processes.push(this.#launch('s2s', { NAMESERVERS: address, RES_OPTIONS: `port:${port}` }));
    await untilPortIsOpen('jabberd2-s2s', federation.port, 10_000, federation.address);
  }

  /** The session manager alone; router, component links and client connections stay. */
  async restartSessionManager(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const [router, old, c2s] = this.#processes;
    if (router === undefined || old === undefined || c2s === undefined)
      throw new Error('jabberd2 is not running');
    await old.stop(3_000, signal);
    this.#processes = [router, await this.#sessionManager(), c2s];
  }

  /**
   * The router first, and with it the component links. The other way round the session manager goes on answering for
   * messages that the client listener, being stopped, throws away: a loss that no gateway can see.
   */
  async stop(): Promise<void> {
    for (const process of this.#processes) await process.stop(3_000);
  }

  async kill(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.stop(0, 'SIGKILL')));
  }

  async #sessionManager(): Promise<PeerProcess> {
    const sm = this.#launch('sm');
    await sm.waitForOutput('ready for sessions', 10_000);
    return sm;
  }

  #launch(part: string, env: Readonly<Record<string, string>> = {}): PeerProcess {
    const { folder } = this.options;
    return new PeerProcess(`jabberd2-${part}`, [`jabberd2-${part}`, '-c', join(folder, `${part}.xml`)], {
      logFile: join(folder, `${part}.log`),
      cwd: folder,
      env,
    });
  }
}

function libraryFolder(): string {
  for (const name of readdirSync('/usr/lib')) {
    const path = join('/usr/lib', name, 'jabberd2');
    if (existsSync(path)) return path;
  }
  throw new Error('no jabberd2 folder below /usr/lib: is the package jabberd2 installed?');
}
