// The fuzz runner: npm run fuzz

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { DEFAULT_SLOW_MS, timed, type FuzzReport } from './engine.ts';
import { PLANTED } from './planted.ts';
import type { FuzzTarget } from './target.ts';
import { TARGETS, targetNamed } from './targets.ts';
import { watch } from './watch.ts';

const USAGE = `usage: npm run fuzz -- [TARGET…] [--inputs N] [--seed N] [--out FOLDER]
       npm run fuzz -- TARGET --file FILE
       npm run fuzz -- --planted
  TARGET      ${TARGETS.map(({ name }) => name).join(', ')}; all without one
  --inputs    inputs a target (1000000)
  --seed      the same seed gives the same inputs (by the clock)
  --out       folder for inputs that were found (a new one in the temporary folder)
  --hang      milliseconds after which an input counts as hanging (20000)
  --file      runs that one input
  --planted   runs targets with faults put in on purpose; succeeds when each is found
`;

const OPTIONS = {
  inputs: { type: 'string', default: '1000000' },
  seed: { type: 'string' },
  out: { type: 'string' },
  hang: { type: 'string', default: '20000' },
  file: { type: 'string' },
  planted: { type: 'boolean', default: false },
} as const;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let parsed;
  let targets: readonly FuzzTarget[];
  try {
    parsed = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
    targets = parsed.positionals.map(targetNamed);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    return 2;
  }
  const { values } = parsed;
  const inputs = Number(values.inputs);
  const seed = Number(values.seed ?? Date.now() % 2 ** 31);
  const hangMs = Number(values.hang);
  if (![inputs, seed, hangMs].every((number) => Number.isSafeInteger(number) && number >= 0)) {
    process.stderr.write(USAGE);
    return 2;
  }
  if (values.file !== undefined) return replay(targets, values.file);
  if (targets.length === 0) targets = values.planted ? PLANTED : TARGETS;
  const folder = resolve(values.out ?? join(tmpdir(), `stoxgate-fuzz-${process.pid}`));
  process.stdout.write(`seed ${seed}, ${inputs} inputs a target\n`);
  let found = 0;
  await inTurn(targets, async (target) => {
    const began = performance.now();
    const report = await watch(target, { seed, inputs, slowMs: DEFAULT_SLOW_MS, hangMs });
    if (report.finding !== undefined) found += 1;
    process.stdout.write(tell(target, report, performance.now() - began, seed, folder));
  });
  process.stdout.write(`${found} of ${targets.length} targets with a finding\n`);
  return found === (values.planted ? targets.length : 0) ? 0 : 1;
}

/** As many at a time as there are processors. */
async function inTurn<T>(things: readonly T[], work: (thing: T) => Promise<void>): Promise<void> {
  const waiting = things.values();
  const hand = async (): Promise<void> => {
    for (const thing of waiting) await work(thing);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, hand));
}

function tell(target: FuzzTarget, report: FuzzReport, ms: number, seed: number, folder: string): string {
  const { finding } = report;
  const head = `${target.name.padEnd(18)} ${report.inputs} inputs in ${(ms / 1000).toFixed(1)} s`;
  if (finding === undefined) {
    const grown = (report.grownOctets / 1024).toFixed(0);
    return `${head}, slowest ${report.slowestMs.toFixed(1)} ms, growth ${grown} KiB\n`;
  }
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${target.name}-${seed}-${finding.index}.bin`);
  writeFileSync(file, finding.input);
  const again =
    finding.kind === 'growth'
      ? `npm run fuzz -- ${target.name} --seed ${seed} --inputs ${report.inputs}`
      : `npm run fuzz -- ${target.name} --file ${file}`;
  const detail = finding.detail.replaceAll('\n', '\n  ');
  return `${head}\n  FOUND ${finding.kind} at input ${finding.index}: ${detail}\n  run it again: ${again}\n`;
}

function replay(targets: readonly FuzzTarget[], file: string): number {
  const [target, ...more] = targets;
  if (target === undefined || more.length > 0) {
    process.stderr.write(USAGE);
    return 2;
  }
  const ms = timed(target, readFileSync(file));
  process.stdout.write(`${target.name}: no fault, ${ms.toFixed(1)} ms\n`);
  return ms > DEFAULT_SLOW_MS ? 1 : 0;
}
