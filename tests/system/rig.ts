// A whole gateway in this process between an XMPP server and a SIP user agent of our own, all on free loopback ports.
// Every test ends with a count of what is left: in the gateway, in its log, and in the process.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Log, LogLevel } from '../../src/base/index.ts';
import {
  parseConfig,
  startGateway,
  type Config,
  type Gateway,
  type GatewayEnv,
} from '../../src/gateway/index.ts';
import { statusOf, type SipText } from '../peers/sip-text.ts';
import type { MemoryStore } from './memory-store.ts';
import { SipPeer, type RequestParts } from './sip-peer.ts';
import { SECRET, XmppPeer } from './xmpp-peer.ts';

/** Timer K is what keeps an ended transaction in the books; here no response travels for five seconds. */
const QUICK: NonNullable<GatewayEnv['timing']> = { t4Ms: 60 };

type Section = Readonly<Record<string, unknown>>;

export interface RigOptions {
  readonly domains?: readonly Section[];
  /** Added to, or instead of, the keys of `sip`. */
  readonly sip?: Section | ((rig: { readonly sipPort: number }) => Section);
  readonly components?: (port: number) => readonly Section[];
  readonly messages?: Section;
  readonly dns?: Section;
  readonly offline?: Section;
  readonly presence?: Section;
  readonly policy?: readonly Section[];
  readonly limits?: Section;
  readonly calls?: Section;
  readonly mediaRelay?: Section;
  readonly telephony?: Section;
  /** Files that the configuration names, by their full path. */
  readonly files?: Readonly<Record<string, string>>;
  /** The same, read by a function of the test's own. */
  readonly readFile?: (path: string) => string;
  /** Default `memory:`. */
  readonly storeUrl?: string;
  readonly durability?: 'full' | 'none';
  /** The route script: its absolute path, or the section. */
  readonly routes?: string | Section;
  readonly timing?: GatewayEnv['timing'];
  readonly clock?: GatewayEnv['clock'];
  readonly keys?: readonly Uint8Array[];
  readonly store?: MemoryStore;
  /** Do not wait for the links. */
  readonly unlinked?: boolean;
  /** Names of sizes of the gateway that need not be zero at the end of the test. */
  readonly mayHold?: readonly string[];
  /** Names of log events of level `error` that belong to the test. */
  readonly expectedErrors?: readonly string[];
}

export interface LogEntry {
  readonly level: LogLevel;
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What may be there although nothing is open: memories that are bounded and age. */
const MEMORIES: ReadonlySet<string> = new Set([
  'completed_transactions',
  'conversations',
  'ended_messages',
  'reports_owed',
  'reports_asked',
  'sip_peers',
  'ledger_rows',
  'presence_capabilities',
  'digest_nonces',
  'web_phones',
  'identity_signatures',
  'limited',
  'timers',
]);

let alive = 0;
let baseline: readonly string[] = [];

/** A log that keeps every line. */
export function logInto(lines: LogEntry[]): Log {
  const write =
    (level: LogLevel) =>
    (event: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      lines.push({ level, event, fields });
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    enabled: () => true,
  };
}

export class Rig {
  readonly sip: SipPeer;
  readonly xmpp: XmppPeer;
  readonly log: LogEntry[] = [];
  gateway!: Gateway;
  /** Ports of the gateway's first UDP and first TCP listener. */
  port = 0;
  tcpPort = 0;
  /** Of its first listener of each kind, by scheme. */
  ports: Readonly<Record<string, number>> = {};
  readonly #options: RigOptions;
  readonly #others: (() => Promise<void> | void)[] = [];

  private constructor(options: RigOptions, sip: SipPeer, xmpp: XmppPeer) {
    this.#options = options;
    this.sip = sip;
    this.xmpp = xmpp;
  }

  static async start(options: RigOptions = {}): Promise<Rig> {
    if (alive === 0) baseline = handles();
    alive += 1;
    const rig = new Rig(options, await SipPeer.open(), await XmppPeer.open());
    try {
      rig.gateway = await startGateway(rig.config(), rig.#env());
      rig.#readPorts();
      if (options.unlinked !== true) await rig.linked();
    } catch (error) {
      await rig.gateway?.stop();
      await rig.#closePeers();
      throw error;
    }
    return rig;
  }

  /** The configuration of this rig; what is given replaces the keys of its options. */
  config(changes: RigOptions = {}): Config {
    const options = { ...this.#options, ...changes };
    const sip = typeof options.sip === 'function' ? options.sip({ sipPort: this.sip.port }) : options.sip;
    const text = JSON.stringify({
      domains: options.domains ?? [
        { home: 'sip', sip: 'example.net', xmpp: 'example.net' },
        { home: 'xmpp', xmpp: 'example.com', sip: 'example.com' },
      ],
      sip: {
        listen: ['udp://127.0.0.1:0', 'tcp://127.0.0.1:0'],
        next_hops: { 'example.net': `sip:127.0.0.1:${this.sip.port};transport=udp;lr` },
        trusted: ['127.0.0.1/32'],
        ...sip,
      },
      xmpp: {
        components: options.components?.(this.xmpp.port) ?? [component('example.net', this.xmpp.port)],
      },
      messages: options.messages ?? {},
      dns: options.dns ?? {},
      offline: options.offline ?? {},
      presence: { model: 'end-to-end', ...options.presence },
      policy: options.policy ?? [],
      limits: options.limits ?? {},
      calls: options.calls ?? {},
      ...(options.mediaRelay === undefined ? {} : { media_relay: options.mediaRelay }),
      ...(options.telephony === undefined ? {} : { telephony: options.telephony }),
      store: options.storeUrl ?? 'memory:',
      durability: options.durability ?? 'full',
      ...(options.routes === undefined ? {} : { routes: options.routes }),
      log: { level: 'debug' },
    });
    const parsed = parseConfig(text, 'test.yaml', {
      env: {},
      readFile:
        options.readFile ??
        ((path) => {
          const file = options.files?.[path];
          if (file === undefined) throw new Error(`no file ${path}`);
          return file;
        }),
    });
    if (!parsed.ok) assert.fail(JSON.stringify(parsed.error));
    return parsed.value;
  }

  /** Another gateway in the place of this one: same configuration, nothing remembered. */
  async restart(): Promise<void> {
    await this.gateway.stop();
    await this.again();
  }

  /** The next gateway after one that was stopped. */
  async again(): Promise<void> {
    this.gateway = await startGateway(this.config(), this.#env());
    this.#readPorts();
    await this.linked();
  }

  /** Every link is up. */
  async linked(patienceMs = 10_000): Promise<void> {
    await this.until(
      'the links are up',
      () => this.gateway.status().links.every((link) => link.state === 'up'),
      patienceMs,
    );
  }

  async unlinked(): Promise<void> {
    await this.until('the link is down', () =>
      this.gateway.status().links.every(({ state }) => state !== 'up'),
    );
  }

  async until(what: string, holds: () => boolean, patienceMs = 10_000): Promise<void> {
    const end = performance.now() + patienceMs;
    while (!holds()) {
      if (performance.now() > end) assert.fail(`not within ${patienceMs} ms: ${what}`);
      await pause(5);
    }
  }

  /** The final response to a request of the SIP user. */
  ask(parts: RequestParts, patienceMs?: number): Promise<SipText> {
    return this.sip.ask(parts, this.port, patienceMs);
  }

  /** The status of that. */
  async status(parts: RequestParts): Promise<number | undefined> {
    return statusOf(await this.ask(parts));
  }

  counter(name: string): number {
    return this.gateway.counters.total(name);
  }

  held(name: string): number {
    return this.gateway.status().counters?.[name] ?? 0;
  }

  /** What is written in a collection of the store. */
  store(name: string): ReadonlyMap<string, unknown> {
    return this.#options.store?.table(name) ?? new Map();
  }

  /** Something more to close at the end. */
  own<T extends { close(): Promise<void> | void }>(other: T): T {
    this.#others.push(() => other.close());
    return other;
  }

  /** Waits until nothing is open any more; fails with the names of what is. */
  async residue(): Promise<void> {
    const mayHold = this.#options.mayHold ?? [];
    const left = (): string =>
      Object.entries(this.gateway.status().counters ?? {})
        .filter(([name, size]) => size !== 0 && !MEMORIES.has(name) && !mayHold.includes(name))
        .map(([name, size]) => `${name} ${size}`)
        .join(', ');
    const end = performance.now() + 10_000;
    while (left() !== '' && performance.now() < end) await pause(5);
    assert.equal(left(), '', 'held by the gateway at the end');
    // A link that is down is told as an error, and many tests take it down.
    const expected = ['xmpp.link.down', ...(this.#options.expectedErrors ?? [])];
    assert.deepEqual(
      this.log.filter(({ level, event }) => level === 'error' && !expected.includes(event)),
      [],
      'logged errors',
    );
    assert.deepEqual(this.xmpp.faults, [], 'what an XMPP server would have closed the link for');
  }

  async stop(): Promise<void> {
    try {
      for (const close of this.#others) await close();
      await this.residue();
    } finally {
      await this.gateway.stop();
      await this.#closePeers();
    }
    if (alive > 0) return;
    const end = performance.now() + 10_000;
    while (handlesBeyond(baseline).length > 0 && performance.now() < end) await pause(5);
    assert.deepEqual(handlesBeyond(baseline), [], 'open handles of the process');
  }

  async #closePeers(): Promise<void> {
    await this.xmpp.close();
    await this.sip.close();
    alive -= 1;
  }

  #env(): GatewayEnv {
    const log = logInto(this.log);
    const { keys, store, timing, clock } = this.#options;
    return {
      log,
      version: '0.0.0-test',
      timing: { ...QUICK, ...timing },
      ...(clock === undefined ? {} : { clock }),
      ...(keys === undefined ? {} : { keys }),
      ...(store === undefined ? {} : { store }),
    };
  }

  #readPorts(): void {
    const listeners = this.gateway.status().listeners;
    const port = (scheme: string): number =>
      Number(
        listeners
          .find((listener) => listener.startsWith(scheme))
          ?.split(':')
          .at(-1) ?? 0,
      );
    this.ports = Object.fromEntries(
      ['udp', 'tcp', 'tls', 'ws', 'wss'].map((scheme) => [scheme, port(`${scheme}:`)]),
    );
    this.port = port('udp:');
    this.tcpPort = port('tcp:');
  }
}

export function component(domain: string, port: number): Section {
  return { domain, host: '127.0.0.1', port, secret: SECRET };
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/** Sockets, listeners and look-ups of this process. Timers are left out: the test runner has its own. */
function handles(): string[] {
  return process.getActiveResourcesInfo().filter((name) => /^(TCP|UDP|GetAddr|Query)/.test(name));
}

/** What is open now and was not then; what another file's test was still closing then may be gone. */
function handlesBeyond(before: readonly string[]): string[] {
  const left = [...before];
  return handles().filter((name) => {
    const at = left.indexOf(name);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

/** One test with a gateway of its own. */
export function play(name: string, options: RigOptions, act: (rig: Rig) => Promise<void>): void {
  test(name, async () => {
    const rig = await Rig.start(options);
    let failed = true;
    try {
      await act(rig);
      failed = false;
    } finally {
      // What went wrong first is what is told.
      if (failed) await rig.stop().catch(() => undefined);
      else await rig.stop();
    }
  });
}

/** One gateway for all tests of a `describe`. */
export function stage(options: RigOptions = {}): () => Rig {
  let rig: Rig | undefined;
  before(async () => {
    rig = await Rig.start(options);
  });
  after(async () => {
    await rig?.stop();
  });
  return () => {
    assert.ok(rig, 'the gateway runs');
    return rig;
  };
}
