// What the outbox costs: XMPP to SIP with `durability: full` (SQLite on this disk) and with `durability: none`, in turn.
// With a phone that answers at once no record is written; with one that takes longer than the commit window, each is.
//
//   npm run bench:outbox -- [--pairs 5] [--count 100000]

import { parseArgs } from 'node:util';
import { stoxgate } from './gateways.ts';
import { measure, median, type Figures, type Load } from './load.ts';

const { values } = parseArgs({
  options: { pairs: { type: 'string', default: '5' }, count: { type: 'string', default: '100000' } },
});

/** Share of the throughput without the outbox that has to remain. */
const BAR = 0.6;

const gateways = (['full', 'none'] as const).map((durability) =>
  stoxgate(`durability: ${durability}`, undefined, [], [`durability: ${durability}`]),
);
const base = { direction: 'xmpp2sip', targets: 500, bodyOctets: 200, window: 64 } as const;
const count = Number(values.count);
const loads: readonly (readonly [string, Load])[] = [
  ['phones that answer at once', { ...base, count }],
  // 500 targets with one message under way each (IM-33): at most 10,000 a second in either case.
  ['phones that answer after 50 ms', { ...base, count, answerMs: 50, window: 500 }],
  ['2,000 a second, phones that answer after 50 ms', { ...base, count: 20_000, rate: 2000, answerMs: 50 }],
];

for (const [title, load] of loads) {
  const results = gateways.map((): Figures[] => []);
  const pairs = Number(values.pairs);
  for (let pair = 0; pair < pairs; pair++) {
    // Now one goes first, now the other: what the machine does besides falls on both.
    const order = pair % 2 === 0 ? [0, 1] : [1, 0];
    for (const index of order) {
      const gateway = gateways[index];
      if (gateway !== undefined) results[index]?.push(await measure(gateway, load));
    }
  }
  console.log(`\n${title}; median of ${pairs} runs each, in turn`);
  const medians = (figure: keyof Figures): readonly number[] =>
    results.map((runs) => median(runs.map((run) => run[figure])));
  const [rate, cpu, p50, p99] = (['perSecond', 'cpuSecondsPer100k', 'p50Ms', 'p99Ms'] as const).map(medians);
  for (const [index, { name }] of gateways.entries()) {
    console.log(
      `  ${name}: ${rate?.[index]?.toFixed(0)}/s, ${cpu?.[index]?.toFixed(2)} CPU s per 100,000, ` +
        `p50 ${p50?.[index]?.toFixed(2)} ms, p99 ${p99?.[index]?.toFixed(2)} ms`,
    );
  }
  const lost = results.flat().reduce((sum, run) => sum + run.lost, 0);
  if (lost > 0) {
    console.log(`  lost: ${lost}`);
    process.exitCode = 1;
  }
  if (load.rate !== undefined) continue;
  const share = (rate?.[0] ?? Number.NaN) / (rate?.[1] ?? Number.NaN);
  console.log(
    `  throughput that remains: ${share.toFixed(2)}, bar ≥ ${BAR}: ${share >= BAR ? 'met' : 'MISSED'}`,
  );
  if (!(share >= BAR)) process.exitCode = 1;
}
