// A Locator over a table, in virtual time.

import assert from 'node:assert/strict';
import { Counters, SeededRandom, VirtualTime, type IpFamily } from '../../../src/base/index.ts';
import {
  Locator,
  NextHops,
  TransportSupport,
  type LocateResult,
  type LocatorOptions,
  type NextHopConfig,
  type TransportName,
} from '../../../src/sip/index.ts';
import { TableResolver, type DnsTable } from './dns-table.ts';

export interface RigOptions extends Partial<Omit<LocatorOptions, 'support' | 'nextHops'>> {
  readonly transports?: readonly TransportName[];
  /** Default: IPv4 only. */
  readonly families?: readonly IpFamily[];
  readonly nextHops?: NextHopConfig;
  /** In its place. */
  readonly hops?: NextHops;
  readonly seed?: number;
}

export function locatorRig(table: DnsTable, options: RigOptions = {}) {
  const time = new VirtualTime();
  const resolver = new TableResolver(table);
  const counters = new Counters();
  const { transports = ['UDP', 'TCP'], families = [4], nextHops, hops: _, seed = 1, ...rest } = options;
  const support = new TransportSupport(
    transports.flatMap((transport) => families.map((family) => [transport, family] as const)),
    families,
  );
  const env = { clock: time, timers: time.timers, random: new SeededRandom(seed), resolver, counters };
  const hops = options.hops ?? (nextHops === undefined ? undefined : readHops(nextHops));
  const locator = new Locator(env, { support, nextHops: hops, ...rest });
  /** Targets as "UDP 198.18.0.1 5060", or the code of the fault. */
  const locate = async (uri: string): Promise<readonly string[] | string> => shown(await locator.locate(uri));
  return { time, resolver, counters, locator, locate };
}

function readHops(config: NextHopConfig): NextHops {
  const hops = NextHops.read(config);
  assert.ok(hops.ok);
  return hops.value;
}

export function shown(result: LocateResult): readonly string[] | string {
  if (!result.ok) return result.error.code;
  return result.value.map(({ transport, address, port }) => `${transport} ${address} ${port}`);
}
