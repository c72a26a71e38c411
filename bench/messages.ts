// Messages a second, CPU and latency, paired: this gateway and Kamailio's xmpp module in turn, with the same load
// generator in the same run. Prints medians and ratios, and says whether each bar of the project is met.
//
//   npm run bench:messages -- [--pairs 5] [--count 100000] [--workers 4] [--only stoxgate] [--direction sip2xmpp]

import { parseArgs } from 'node:util';
import { kamailio, stoxgate, type GatewayUnderTest } from './gateways.ts';
import { measure, median, type Direction, type Figures, type Load } from './load.ts';

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '5' },
    count: { type: 'string', default: '100000' },
    'warm-up': { type: 'string', default: '2000' },
    workers: { type: 'string', default: '4' },
    only: { type: 'string' },
    direction: { type: 'string' },
    'full-only': { type: 'boolean', default: false },
    'paced-only': { type: 'boolean', default: false },
    prof: { type: 'boolean', default: false },
    'node-option': { type: 'string', multiple: true, default: [] },
  },
});

interface Bar {
  readonly figure: keyof Figures;
  readonly what: string;
  /** Ratio ours : theirs. */
  readonly bound: number;
  readonly better: 'more' | 'less';
}

const BARS: Record<Direction, { readonly full: readonly Bar[]; readonly paced: readonly Bar[] }> = {
  sip2xmpp: {
    full: [
      { figure: 'perSecond', what: 'messages a second', bound: 1.5, better: 'more' },
      { figure: 'cpuSecondsPer100k', what: 'CPU seconds per 100,000', bound: 0.6, better: 'less' },
    ],
    paced: [{ figure: 'p99Ms', what: 'p99 in ms at 1,000/s', bound: 0.5, better: 'less' }],
  },
  xmpp2sip: {
    full: [
      { figure: 'perSecond', what: 'messages a second', bound: 1.5, better: 'more' },
      { figure: 'cpuSecondsPer100k', what: 'CPU seconds per 100,000', bound: 0.8, better: 'less' },
    ],
    paced: [{ figure: 'p99Ms', what: 'p99 in ms at 1,000/s', bound: 1, better: 'less' }],
  },
};

const pairs = Number(values.pairs);
const count = Number(values.count);
const ours = stoxgate('stoxgate', undefined, [
  ...values['node-option'],
  ...(values.prof ? ['--cpu-prof', '--cpu-prof-dir=/tmp/stoxgate-prof'] : []),
]);
const gateways: GatewayUnderTest[] =
  values.only === 'stoxgate' ? [ours] : [ours, kamailio(Number(values.workers))];
let failed = false;

for (const direction of ['sip2xmpp', 'xmpp2sip'] as const) {
  if (values.direction !== undefined && values.direction !== direction) continue;
  const base = { direction, targets: 500, bodyOctets: 200 };
  if (!values['paced-only']) {
    await compare(
      `${direction}: 64 outstanding, 500 targets, 200-octet bodies`,
      { ...base, count, warmUp: Number(values['warm-up']), window: 64 },
      BARS[direction].full,
    );
  }
  if (!values['full-only']) {
    await compare(
      `${direction}: 1,000 a second`,
      { ...base, count: 30_000, warmUp: 15_000, rate: 1000 },
      BARS[direction].paced,
    );
  }
}
process.exitCode = failed ? 1 : 0;

async function compare(title: string, load: Load, bars: readonly Bar[]): Promise<void> {
  console.log(`\n${title}; median of ${pairs} runs each, in turn`);
  const results = gateways.map((): Figures[] => []);
  for (let pair = 0; pair < pairs; pair++) {
    // Now one goes first, now the other: what the machine does besides falls on both.
    const order = pair % 2 === 0 ? gateways.keys() : [...gateways.keys()].reverse();
    for (const index of order) {
      const gateway = gateways[index];
      if (gateway !== undefined) results[index]?.push(await measure(gateway, load));
    }
  }
  for (const [index, gateway] of gateways.entries()) {
    const runs = results[index] ?? [];
    const of = (figure: keyof Figures): number => median(runs.map((run) => run[figure]));
    console.log(
      `  ${gateway.name}: ${of('perSecond').toFixed(0)}/s, ${of('cpuSecondsPer100k').toFixed(2)} CPU s per 100,000, ` +
        `p50 ${of('p50Ms').toFixed(2)} ms, p99 ${of('p99Ms').toFixed(2)} ms, lost ${of('lost')}, ` +
        `duplicates ${of('duplicates')}, ${of('rssMegabytes').toFixed(0)} MB`,
    );
    if (index === 0 && runs.some((run) => run.lost > 0)) failed = true;
  }
  if (gateways.length < 2) return;
  for (const bar of bars) {
    const [mine, theirs] = results.map((runs) => median(runs.map((run) => run[bar.figure])));
    const ratio = (mine ?? Number.NaN) / (theirs ?? Number.NaN);
    const met = bar.better === 'more' ? ratio >= bar.bound : ratio <= bar.bound;
    if (!met) failed = true;
    console.log(
      `  ${bar.what}: ratio ${ratio.toFixed(2)}, bar ${bar.better === 'more' ? '≥' : '≤'} ${bar.bound}: ${met ? 'met' : 'MISSED'}`,
    );
  }
}
