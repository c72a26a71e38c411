// Runs the load generator against one gateway and reads its report.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { compile, freePorts, type GatewayUnderTest } from './gateways.ts';

export type Direction = 'sip2xmpp' | 'xmpp2sip';

export interface Load {
  readonly direction: Direction;
  readonly count: number;
  /** Outstanding at once; ignored when `rate` is given. */
  readonly window?: number;
  /** Messages a second. */
  readonly rate?: number;
  /** Messages before the count begins; 2,000 when absent. A runtime that compiles as it goes needs more to be itself. */
  readonly warmUp?: number;
  /** How long the phone waits with its 200; 0 when absent. */
  readonly answerMs?: number;
  readonly targets: number;
  readonly bodyOctets: number;
}

/** What one run showed. */
export interface Figures {
  readonly perSecond: number;
  readonly cpuSecondsPer100k: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Sent and neither delivered nor reported. */
  readonly lost: number;
  readonly duplicates: number;
  readonly rssMegabytes: number;
}

interface Flow {
  readonly msgs_per_s: number;
  readonly lost: number;
  readonly duplicates: number;
  readonly corrupt: number;
  readonly e2e_us: { readonly p50: number; readonly p99: number };
}

interface Report {
  readonly sip2xmpp?: Flow;
  readonly xmpp2sip?: Flow;
  readonly gw_cpu_s_per_100k: number;
  readonly gw_rss_kb_after: number;
}

export async function measure(gateway: GatewayUnderTest, load: Load): Promise<Figures> {
  const generator = compile('gwbench.c', 'gwbench');
  const ports = await freePorts();
  const args = [
    ['--mode', load.direction],
    ['--gw', `127.0.0.1:${ports.sip}`],
    ['--bind', `127.0.0.1:${ports.peer}`],
    ['--xmpp-listen', `127.0.0.1:${ports.xmpp}`],
    ['--count', load.count],
    ['--warmup', load.warmUp ?? 2000],
    ['--body', load.bodyOctets],
    ['--users', load.targets],
    ['--quickack', 1],
    ['--answer-ms', load.answerMs ?? 0],
    ['--ruri', 'sip:bob%u*xmpp.test@gw.test'],
    ['--from', 'sip:alice%u@sip.test'],
    ['--xmpp-from', 'bob%u@xmpp.test/bench'],
    ['--xmpp-to', 'alice%u*sip.test@gw.test'],
    load.rate === undefined ? ['--window', load.window ?? 64] : ['--rate', load.rate],
  ].flat();
  const running = await gateway.start(ports);
  try {
    const child = spawn(generator, [...args.map(String), '--pid', String(running.pid)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let errors = '';
    child.stdout.on('data', (chunk) => (out += String(chunk)));
    child.stderr.on('data', (chunk) => (errors += String(chunk)));
    const [status] = await once(child, 'close');
    if (status !== 0) throw new Error(`the load generator failed against ${gateway.name}: ${errors}`);
    return read(out, load.direction);
  } finally {
    await running.stop();
  }
}

function read(text: string, direction: Direction): Figures {
  const report: Report = JSON.parse(text);
  const flow = report[direction];
  if (flow === undefined) throw new Error(`no figures for ${direction}: ${text}`);
  if (flow.corrupt > 0) throw new Error(`${flow.corrupt} messages arrived damaged`);
  return {
    perSecond: flow.msgs_per_s,
    cpuSecondsPer100k: report.gw_cpu_s_per_100k,
    p50Ms: flow.e2e_us.p50 / 1000,
    p99Ms: flow.e2e_us.p99 / 1000,
    lost: flow.lost,
    duplicates: flow.duplicates,
    rssMegabytes: report.gw_rss_kb_after / 1024,
  };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length >> 1;
  const high = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? Number.NaN) + high) / 2;
}
