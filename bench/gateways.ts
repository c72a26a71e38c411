// The two gateways that a benchmark drives: this one, and the packaged xmpp module of Kamailio, tuned. Both get the
// same addresses: bob*xmpp.test@gw.test in SIP, alice*sip.test@gw.test in XMPP, gw.test as component.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createSocket } from 'node:dgram';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

const HERE = import.meta.dirname;
const ROOT = join(HERE, '..');
const BUILD = join(HERE, '.build');
/** Of kamailio-sqlite-modules. */
const TABLES = '/usr/share/kamailio/db_sqlite';

/** Where a gateway and the load generator meet. All on loopback. */
export interface Ports {
  /** The gateway's SIP port. */
  readonly sip: number;
  /** The load generator's SIP port. */
  readonly peer: number;
  /** The load generator's component port. */
  readonly xmpp: number;
  /** The gateway's port for streams of other XMPP servers, where it has one. */
  readonly server: number;
}

export interface RunningGateway {
  readonly pid: number;
  stop(): Promise<void>;
}

export interface GatewayUnderTest {
  readonly name: string;
  start(ports: Ports): Promise<RunningGateway>;
}

/** Free UDP ports, as far as anybody can promise that. */
export async function freePorts(): Promise<Ports> {
  const ports: number[] = [];
  const sockets = [0, 1, 2, 3].map(() => createSocket('udp4'));
  for (const socket of sockets) {
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    ports.push(socket.address().port);
  }
  for (const socket of sockets) socket.close();
  const [sip = 0, peer = 0, xmpp = 0, server = 0] = ports;
  return { sip, peer, xmpp, server };
}

/** Compiles a C source of bench/ if it is newer than its product. */
export function compile(source: string, product: string, ...options: string[]): string {
  mkdirSync(BUILD, { recursive: true });
  const from = join(HERE, source);
  const to = join(BUILD, product);
  if (existsSync(to) && statSync(to).mtimeMs >= statSync(from).mtimeMs) return to;
  const result = spawnSync('gcc', ['-O2', '-o', to, from, ...options], { stdio: 'inherit' });
  if (result.status !== 0) throw new Error(`cannot compile ${source}: is gcc installed?`);
  return to;
}

/** The part of the configuration that is the same whatever is measured. */
const DOMAINS = `domains:
  - { home: sip,  sip: "*", xmpp: gw.test, separator: "*" }
  - { home: xmpp, xmpp: "*", sip: gw.test, separator: "*" }
log: { level: warn }
`;

/** This gateway from a checkout: this one, or another commit's work tree for a comparison. `lines`: more of its configuration. */
export function stoxgate(
  name = 'stoxgate',
  root = ROOT,
  options: readonly string[] = [],
  lines: readonly string[] = [],
): GatewayUnderTest {
  const config = (ports: Ports): string => `sip:
  listen: ["udp://127.0.0.1:${ports.sip}"]
  next_hops: { "*": "sip:127.0.0.1:${ports.peer}" }
  trusted: ["127.0.0.1/32"]
xmpp:
  components:
    - { domain: gw.test, host: 127.0.0.1, port: ${ports.xmpp}, secret: benchsecret }
${lines.join('\n')}
`;
  return stoxgateWith(name, config, root, options);
}

/** The same with other ways to its peers: `config` is all of the configuration but domains and log. */
export function stoxgateWith(
  name: string,
  config: (ports: Ports) => string,
  root = ROOT,
  options: readonly string[] = [],
): GatewayUnderTest {
  return {
    name,
    async start(ports) {
      build(root);
      const folder = mkdtempSync(join(tmpdir(), 'stoxgate-bench-'));
      const file = join(folder, 'gw.yaml');
      writeFileSync(file, DOMAINS + config(ports));
      const node = join(ROOT, 'node_modules/node/bin/node');
      // As bin/stoxgate starts it.
      const main = join(root, 'dist/cli/main.js');
      const standard = ['--max-semi-space-size=8', '--heap-growing-percent=20'];
      const child = spawn(node, [...standard, ...options, main, 'run', '--config', file], {
        stdio: ['ignore', 'pipe', openSync(join(folder, 'log'), 'w')],
      });
      return running(child, folder, async () => {
        await Promise.race([once(child.stdout ?? child, 'data'), once(child, 'exit')]);
        if (child.exitCode !== null) throw new Error(readFileSync(join(folder, 'log'), 'utf8'));
      });
    },
  };
}

const built = new Set<string>();

/** Compiles a checkout once. */
function build(root: string): void {
  if (built.has(root)) return;
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  const result = spawnSync(tsc, ['-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' });
  if (result.status !== 0) throw new Error(`cannot build ${root}`);
  built.add(root);
}

/** Kamailio's xmpp module: the fast allocator, enough memory, and the shim without which it crashes. */
export function kamailio(workers: number): GatewayUnderTest {
  return kamailioWith(`kamailio xmpp module, tuned, ${workers} workers`, 'peer/message.cfg.in', workers);
}

/** The same with its presence modules: presence, pua and pua_xmpp, subscriptions in memory and written to SQLite behind. */
export function kamailioPresence(workers: number): GatewayUnderTest {
  return kamailioWith(
    `kamailio presence modules, tuned, ${workers} workers`,
    'peer/presence.cfg.in',
    workers,
  );
}

function kamailioWith(name: string, file: string, workers: number): GatewayUnderTest {
  return {
    name,
    async start(ports) {
      const shim = compile('peer/expat_shim.c', 'expat_shim.so', '-shared', '-fPIC', '-ldl');
      const folder = mkdtempSync(join(tmpdir(), 'stoxgate-bench-'));
      const places: Record<string, string> = {
        DEBUG: '0',
        CHILDREN: String(workers),
        SIP_PORT: String(ports.sip),
        XMPP_PORT: String(ports.xmpp),
        SIP_PEER_PORT: String(ports.peer),
        COMPONENT: 'gw.test',
        BACKEND: 'component',
        SECRET: 'benchsecret',
        EXTRA: '',
        WORKDIR: folder,
        SUBS_DB_MODE: '2',
        PUBL_CACHE: '1',
      };
      const template = readFileSync(join(HERE, file), 'utf8');
      if (template.includes('db_sqlite')) makeTables(join(folder, 'kamailio.db'));
      const config = join(folder, 'gw.cfg');
      writeFileSync(
        config,
        template.replaceAll(/@([A-Z_]+)@/g, (whole, name: string) => places[name] ?? whole),
      );
      const child = spawn(
        'kamailio',
        [
          '-DD',
          '-E',
          '-m',
          '4096',
          '-M',
          '64',
          '-x',
          'fm',
          '-X',
          'fm',
          '-f',
          config,
          '-P',
          join(folder, 'pid'),
          '-Y',
          folder,
        ],
        {
          env: { ...process.env, LD_PRELOAD: shim },
          stdio: ['ignore', 'ignore', openSync(join(folder, 'log'), 'w')],
          detached: true,
        },
      );
      return running(child, folder, () => sleep(1500), true);
    },
  };
}

function makeTables(file: string): void {
  const database = new DatabaseSync(file);
  for (const name of ['standard', 'presence']) {
    database.exec(readFileSync(join(TABLES, `${name}-create.sql`), 'utf8'));
  }
  database.close();
}

async function running(
  child: ChildProcess,
  folder: string,
  ready: () => Promise<unknown>,
  group = false,
): Promise<RunningGateway> {
  const exited = once(child, 'exit');
  const { pid } = child;
  if (pid === undefined) throw new Error('cannot start the gateway: is it installed?');
  await ready();
  return {
    pid,
    async stop() {
      if (child.exitCode === null) {
        try {
          process.kill(group ? -pid : pid, 'SIGTERM');
        } catch {
          // It is gone already.
        }
        await Promise.race([exited, sleep(5000)]);
        if (child.exitCode === null && child.signalCode === null) process.kill(group ? -pid : pid, 'SIGKILL');
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
