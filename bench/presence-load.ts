// Runs both ends of a presence gateway (presbench.c) and says what the gateway's processes use meanwhile.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { compile, type Ports } from './gateways.ts';

export interface PresenceWorld {
  /** SIP users who watch XMPP contacts: subscriptions that the gateway serves. */
  readonly watchers: number;
  /** XMPP users who watch SIP contacts, one subscription each. */
  readonly users: number;
  /** Subscriptions that one watcher or user has. */
  readonly perWatcher: number;
  /** XMPP contacts that are watched. */
  readonly contacts: number;
  /** Seconds for which subscriptions are asked for and granted. */
  readonly expires: number;
}

/** What a command came to. */
export interface Done {
  readonly of: number;
  readonly done: number;
  readonly ms: number;
  /** Until the first of them. */
  readonly firstMs: number;
  /** NOTIFY requests to the phones, without retransmissions. */
  readonly notifies: number;
  /** Phones whose subscription is active. */
  readonly active: number;
  /** Final responses by status; 0: none. */
  readonly codes: Readonly<Record<string, number>>;
}

/** What became of all while time went by. */
export interface Kept {
  /** Whose subscriptions are active, and were refreshed within the time that was granted. */
  readonly phones: number;
  readonly contacts: number;
  /** How often that was done for the one who had it least. */
  readonly leastPhone: number;
  readonly leastContact: number;
  /** Refreshes of phones that were refused, and those of the gateway that came when the time was over. */
  readonly refused: number;
  readonly late: number;
}

/** Since the start. */
export interface Counts {
  /** SUBSCRIBE requests of the gateway: first ones, refreshes, and those that end. */
  readonly initial: number;
  readonly refreshes: number;
  readonly ended: number;
  readonly notifies: number;
  /** SUBSCRIBE and NOTIFY requests that came again. */
  readonly retransmitted: number;
  readonly notifiesAgain: number;
  /** SUBSCRIBE and NOTIFY requests of the gateway in dialogs that nobody knows. */
  readonly unknown: number;
  readonly strays: number;
  /** `subscribe` and `probe` stanzas of the gateway. */
  readonly subscribes: number;
  readonly probes: number;
  readonly ups: number;
}

export class PresenceLoad {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(ports: Ports, world: PresenceWorld) {
    const args = [
      ['--gw', `127.0.0.1:${ports.sip}`],
      ['--bind', `127.0.0.1:${ports.peer}`],
      ['--xmpp-listen', `127.0.0.1:${ports.xmpp}`],
      ['--watchers', world.watchers],
      ['--users', world.users],
      ['--per-watcher', world.perWatcher],
      ['--contacts', world.contacts],
      ['--expires', world.expires],
    ].flat();
    this.#child = spawn(compile('presbench.c', 'presbench'), args.map(String), {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const { stdout } = this.#child;
    if (stdout === null) throw new Error('no output of the load generator');
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  }

  /** The gateway's component link is there. */
  async linked(): Promise<void> {
    const { up }: { readonly up: boolean } = await this.#ask('link 0 0 0 60');
    if (!up) throw new Error('the gateway did not connect');
  }

  /**
   * With each of `from` … `to` - 1, at `rate` a second (0: at once), and until all are answered or nothing has moved for
   * `patience` seconds. `subscribe`, `refresh` and `change` concern the phones, `watch` and `notify` the other direction.
   */
  run(
    what: 'subscribe' | 'refresh' | 'change' | 'watch' | 'notify',
    from: number,
    to: number,
    rate = 0,
    patience = 10,
  ): Promise<Done> {
    return this.#ask(`${what} ${from} ${to} ${rate} ${patience}`);
  }

  /** Lets time go by, while phones refresh when four fifths of what was granted are over. */
  keep(seconds: number): Promise<Kept> {
    return this.#ask(`keep 0 0 ${seconds}`);
  }

  counts(): Promise<Counts> {
    return this.#ask('counts');
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.stdin?.end();
    await exited;
  }

  async #ask<T>(command: string): Promise<T> {
    this.#child.stdin?.write(`${command}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`the load generator ended at "${command}"`);
    const answer: T = JSON.parse(value);
    return answer;
  }
}

export interface Usage {
  readonly cpuSeconds: number;
  /** Memory that the processes share counts once. */
  readonly megabytes: number;
}

/** Of a process and of all in its process group. */
export function usageOf(pid: number): Usage {
  let nanoseconds = 0;
  let kilobytes = 0;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      // Behind the name of the program: state, parent, process group.
      const group = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[2];
      if (name !== String(pid) && group !== String(pid)) continue;
      for (const thread of readdirSync(`/proc/${name}/task`)) {
        nanoseconds += Number.parseInt(readFileSync(`/proc/${name}/task/${thread}/schedstat`, 'utf8'), 10);
      }
      kilobytes += Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${name}/smaps_rollup`, 'utf8'))?.[1]);
    } catch {
      // It has just ended.
    }
  }
  return { cpuSeconds: nanoseconds / 1e9, megabytes: kilobytes / 1024 };
}
