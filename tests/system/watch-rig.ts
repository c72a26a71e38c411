// The gateway's subscriptions over real sockets, without the rest of it: listener, transactions, location, digest, and a
// registration watch. Time is the test's own or the machine's.

import assert from 'node:assert/strict';
import { Counters, SecureRandom, VirtualTime, type Clock, type Timers } from '../../src/base/index.ts';
import { SipEdge } from '../../src/edge/sip/index.ts';
import { RegistrationWatch } from '../../src/gateway/registrations/registration-watch.ts';
import { Subscriptions } from '../../src/gateway/subscriptions/subscriptions.ts';
import type {
  SubscribeTerms,
  SubscriberHandle,
  SubscriptionUsage,
} from '../../src/gateway/subscriptions/types.ts';
import { System } from '../../src/gateway/system.ts';
import { DigestClient, Locator, NextHops, TransactionLayer, type DnsResolver } from '../../src/sip/index.ts';
import { pause } from '../peers/wait.ts';
import { logInto, type LogEntry } from './rig.ts';

export interface WatchRigOptions {
  /** Where example.net is. */
  readonly registrarPorts: readonly number[];
  readonly port?: number;
  readonly realTime?: boolean;
  readonly credentials?: readonly { realm: string; user: string; password: string }[];
  readonly maxWatches?: number;
  /** Remote targets on loopback may be reached without a next hop. */
  readonly privateTargets?: 'allow';
  readonly maxSubscribers?: number;
  readonly expiresSeconds?: number;
  readonly from?: string;
  /** That of an earlier rig, which this one follows. */
  readonly time?: VirtualTime;
}

export class WatchRig {
  /** Moves only when it is told to; not used in real time. */
  readonly time: VirtualTime;
  readonly counters = new Counters();
  readonly log: LogEntry[] = [];
  /** What the watch heard, in order. */
  readonly heard: string[] = [];
  /** What its owner does within the callback. */
  onHeard = (): void => undefined;
  readonly watch: RegistrationWatch;
  readonly subscriptions: Subscriptions;
  readonly #edge: SipEdge;
  readonly #transactions: TransactionLayer;
  readonly #live: { locator: Locator; readonly digest: DigestClient };
  readonly #system: System | undefined;
  readonly #timers: Timers & { readonly size: number };

  private constructor(options: WatchRigOptions) {
    const log = logInto(this.log);
    this.time = options.time ?? new VirtualTime(Date.UTC(2026, 0, 1), 20);
    this.#system = options.realTime === true ? new System(log) : undefined;
    const clock: Clock = this.#system?.clock ?? this.time;
    this.#timers = this.#system?.timers ?? this.time.timers;
    const timers = this.#timers;
    const random = new SecureRandom();
    const { counters } = this;
    this.#edge = new SipEdge(
      [{ transport: 'UDP', host: '127.0.0.1', port: options.port ?? 0 }],
      { clock, timers, log, counters },
      { message: (bytes, source) => this.#transactions.receive(bytes, source) },
    );
    this.#transactions = new TransactionLayer(
      { clock, timers, random, transport: this.#edge, log, counters },
      { request: (tx) => this.subscriptions.notify(tx) },
    );
    this.#live = {
      locator: this.#makeLocator(options, clock),
      digest: new DigestClient({ clock, random, credentials: options.credentials ?? [] }),
    };
    this.subscriptions = new Subscriptions({
      clock,
      timers,
      random,
      log,
      counters,
      live: this.#live,
      transactions: this.#transactions,
      localFor: (target) => this.#edge.localFor(target),
      t1Ms: 500,
      packages: new Set(['reg', 'presence']),
      maxSubscribers: options.maxSubscribers ?? 100,
    });
    this.watch = new RegistrationWatch(
      { clock, log, counters, subscriptions: this.subscriptions },
      {
        domains: ['example.net'],
        from: options.from ?? 'sip:gateway@example.com',
        ...(options.maxWatches === undefined ? {} : { maxWatches: options.maxWatches }),
        ...(options.expiresSeconds === undefined ? {} : { expiresSeconds: options.expiresSeconds }),
      },
      {
        registered: (aor) => {
          this.heard.push(`registered ${aor}`);
          this.onHeard();
        },
        unsupported: (unsupported) => this.heard.push(`unsupported ${unsupported}`),
      },
    );
  }

  static async start(options: WatchRigOptions): Promise<WatchRig> {
    const rig = new WatchRig(options);
    await rig.#edge.start();
    // Only now it is known which transports there are.
    rig.#live.locator = rig.#makeLocator(options, rig.#system?.clock ?? rig.time);
    return rig;
  }

  get port(): number {
    return this.#edge.localEndpoints[0]?.port ?? 0;
  }

  subscribe(terms: Partial<SubscribeTerms>, usage: SubscriptionUsage): SubscriberHandle | undefined {
    return this.subscriptions.subscribe(
      {
        resource: 'sip:romeo@example.net',
        from: 'sip:juliet@example.com',
        terms: {
          event: { package: 'presence' },
          accept: ['application/pidf+xml'],
          expires: 3600,
          forks: 'several',
          ...terms,
        },
      },
      usage,
    );
  }

  /** Time goes on, with room for what the sockets have to say in between. */
  async advance(ms: number, steps = 1): Promise<void> {
    for (let step = 0; step < steps; step++) {
      this.time.advance(ms / steps);
      await settle();
    }
  }

  /** Time goes on until a request leaves, which must be within `ms`; gives how long that took. */
  async advanceToRequest(ms: number): Promise<number> {
    const before = this.time.now();
    while (this.#transactions.pending.client === 0) {
      assert.ok(this.time.now() - before < ms, `no request within ${ms} ms`);
      this.time.advance(500);
    }
    await settle();
    return this.time.now() - before;
  }

  /** Nothing is left: no subscriber, no dialog, no transaction, no timer but those of ended transactions. */
  async residue(): Promise<void> {
    assert.equal(this.subscriptions.size, 0, 'subscribers');
    assert.equal(this.subscriptions.dialogs, 0, 'dialogs');
    assert.equal(this.watch.size, 0, 'watches');
    if (this.#system === undefined) {
      // Timers F, J, K are over then.
      await this.advance(40_000);
      assert.equal(this.#transactions.pending.client, 0, 'client transactions');
      assert.equal(this.#transactions.pending.completed, 0, 'completed transactions');
      assert.equal(this.#timers.size, 0, 'timers');
    }
    assert.deepEqual(
      this.log.filter(({ level }) => level === 'error'),
      [],
      'logged errors',
    );
  }

  #makeLocator(options: WatchRigOptions, clock: Clock): Locator {
    const nextHops = NextHops.read({
      'example.net': options.registrarPorts.map((port) => `sip:127.0.0.1:${port};transport=udp;lr`),
    });
    assert.ok(nextHops.ok);
    return new Locator(
      { clock, timers: this.#timers, random: new SecureRandom(), counters: this.counters, resolver: noDns },
      { support: this.#edge.support, nextHops: nextHops.value, privateTargets: options.privateTargets },
    );
  }

  async close(): Promise<void> {
    this.watch.stop();
    this.subscriptions.stop();
    this.#transactions.stop();
    this.#live.locator.stop();
    await this.#edge.stop();
    this.#system?.stop();
  }
}

/** Nobody: every name here has next hops. */
const noDns: DnsResolver = {
  naptr: async () => ({ kind: 'failure', reason: 'timeout' }),
  srv: async () => ({ kind: 'failure', reason: 'timeout' }),
  a: async () => ({ kind: 'failure', reason: 'timeout' }),
  aaaa: async () => ({ kind: 'failure', reason: 'timeout' }),
};

/** Datagrams on loopback arrive within some turns of the event loop. */
export function settle(): Promise<void> {
  return pause(15);
}
