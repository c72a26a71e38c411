// PostgreSQL as Debian packages it, with a data directory of its own, on a port of loopback.
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, globSync, mkdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import pg from 'pg';
import { PeerProcess } from './peer-process.ts';
import { freePort } from './ports.ts';
import { waitFor } from './wait.ts';

/** The newest one that is installed. */
function program(name: string): string {
  const found = globSync(`/usr/lib/postgresql/*/bin/${name}`).toSorted().at(-1);
  if (found === undefined) throw new Error('PostgreSQL is not installed: apt-get install postgresql');
  return found;
}

/** PostgreSQL refuses to run as root: then it runs as the user of Debian's package. */
function asOrdinaryUser(command: readonly string[]): string[] {
  if (process.getuid?.() !== 0) return [...command];
  return [
    'setpriv',
    '--reuid=postgres',
    '--regid=postgres',
    '--init-groups',
    '--pdeathsig',
    'KILL',
    '--',
    ...command,
  ];
}

export class Postgres {
  readonly #data: string;
  readonly #logFile: string;
  #port = 0;
  #process: PeerProcess | undefined;
  #databases = 0;

  /** `folder` is where its files go. */
  constructor(folder: string) {
    this.#data = join(folder, 'data');
    this.#logFile = join(folder, 'postgres.log');
    mkdirSync(this.#data, { mode: 0o700 });
    if (process.getuid?.() === 0) {
      const { status, stdout } = spawnSync('id', ['-u', 'postgres'], { encoding: 'utf8' });
      if (status !== 0) throw new Error('there is no user postgres');
      chownSync(this.#data, Number(stdout), statSync(this.#data).gid);
      // Its way there, for another user than the one who made the folders: ours, and that of a whole test run.
      for (let path = folder; basename(path).startsWith('stoxgate-'); path = dirname(path)) {
        chmodSync(path, 0o711);
      }
    }
    const [command = '', ...args] = asOrdinaryUser([
      program('initdb'),
      ...[
        '--pgdata',
        this.#data,
        '--username=stoxgate',
        '--auth=trust',
        '--encoding=UTF8',
        '--locale=C.UTF-8',
      ],
    ]);
    const made = spawnSync(command, args, { encoding: 'utf8', cwd: '/' });
    if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`);
  }

  get port(): number {
    return this.#port;
  }

  async start(): Promise<void> {
    if (this.#port === 0) this.#port = await freePort();
    const settings = {
      listen_addresses: '127.0.0.1',
      port: this.#port,
      unix_socket_directories: '',
      shared_buffers: '16MB',
      max_connections: 40,
      // Not what our store accepts: it has to ask for more.
      synchronous_commit: 'off',
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    this.#process = new PeerProcess(
      'postgres',
      asOrdinaryUser([program('postgres'), '-D', this.#data, ...options]),
      { logFile: this.#logFile, cwd: '/' },
    );
    const up = await waitFor(() => this.query('postgres', 'SELECT 1').catch(() => undefined), 60_000, 50);
    if (up === undefined) throw new Error(`PostgreSQL did not start: ${this.#process.output.slice(-1000)}`);
  }

  /** A fresh database. */
  async database(): Promise<string> {
    this.#databases += 1;
    const name = `db${this.#databases}`;
    await this.query('postgres', `CREATE DATABASE ${name}`);
    return name;
  }

  url(database: string, port = this.#port): string {
    return `postgres://stoxgate@127.0.0.1:${port}/${database}`;
  }

  async query(database: string, sql: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: this.url(database) });
    client.on('error', () => {});
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  /** As a crash ends it: no checkpoint, no goodbye. */
  async crash(): Promise<void> {
    // Its immediate shutdown, so that no child of its own is left with the shared memory.
    await this.#process?.stop(5000, 'SIGQUIT');
  }

  /** Its fast shutdown: transactions are rolled back, clients cut off. */
  async stop(): Promise<void> {
    await this.#process?.stop(10_000, 'SIGINT');
  }
}
