// Breaks random lines of src/, one at a time in a copy of the tree, and lists those that no test notices: npm run mutate

import { spawn } from 'node:child_process';
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Dice } from '../tests/fuzz/dice.ts';
import { mutate, mutationsOf, type Mutation } from './mutation-sites.ts';

const USAGE = `usage: npm run mutate -- [--count N] [--seed N] [--only TEXT]
  --count   lines to break (20)
  --seed    the same seed breaks the same lines of the same source (by the clock)
  --only    only files whose path holds TEXT
`;
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LEFT_OUT = new Set(['node_modules', '.git', 'dist', 'coverage']);
/** Folders whose tests open sockets or start processes: a process each. */
const WITH_SOCKETS = ['edge', 'cli', 'system'];
/** Rooms that the whole gateway shows better than their own tests alone. */
const SEEN_IN_SYSTEM = new Set(['edge', 'gateway', 'interwork', 'mapping', 'policy', 'xmpp', 'sip']);
/** A stage may take so many times as long as without a mutation, and this on top. */
const PATIENCE_FACTOR = 3;
const PATIENCE_MS = 15_000;
const LEFT_OUT_STAGE = -1;

interface Broken extends Mutation {
  readonly path: string;
  readonly line: number;
}

interface Stage {
  readonly name: string;
  readonly command: readonly string[];
}

type Verdict = { readonly kind: 'passed' } | { readonly kind: 'killed'; readonly by: string };

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let values;
  try {
    const options = {
      count: { type: 'string' },
      seed: { type: 'string' },
      only: { type: 'string' },
    } as const;
    ({ values } = parseArgs({ args: [...args], options }));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    return 2;
  }
  const count = Number(values.count ?? 20);
  const seed = Number(values.seed ?? Date.now() % 2 ** 31);
  const chosen = choose(count, seed, values.only ?? '');
  const copy = mkdtempSync(join(tmpdir(), 'stoxgate-mutate-'));
  process.once('exit', () => rmSync(copy, { recursive: true, force: true, maxRetries: 5 }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  cpSync(ROOT, copy, { recursive: true, filter: (path) => !LEFT_OUT.has(path.slice(ROOT.length)) });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  process.stdout.write(`seed ${seed}, ${chosen.length} mutations\n`);
  const survivors: Broken[] = [];
  const patience = new Map<string, number>();
  for (const [index, broken] of chosen.entries()) {
    const verdict = await judge(broken, copy, patience);
    process.stdout.write(`${String(index + 1).padStart(3)} ${tell(broken)}\n    ${verdict}\n`);
    if (verdict === 'SURVIVED') survivors.push(broken);
  }
  process.stdout.write(`\n${chosen.length - survivors.length} of ${chosen.length} noticed\n`);
  for (const survivor of survivors) process.stdout.write(`SURVIVED ${tell(survivor)}\n`);
  // Survivors are for a person to judge; a check without some of its tests has not checked.
  return [...patience.values()].includes(LEFT_OUT_STAGE) ? 1 : 0;
}

/** Lines by chance, and a place by chance on each. */
function choose(count: number, seed: number, only: string): readonly Broken[] {
  const lines: Broken[][] = [];
  for (const path of globSync('src/**/*.ts', { cwd: ROOT }).toSorted()) {
    if (!path.includes(only) || path.endsWith('.d.ts')) continue;
    const source = readFileSync(join(ROOT, path), 'utf8');
    // A generated table has its own test, and one range more or less in it says nothing about our tests.
    if (/^.*Made by tools/.test(source)) continue;
    const ofFile = new Map<number, Broken[]>();
    for (const mutation of mutationsOf(source)) {
      const line = source.slice(0, mutation.at).split('\n').length;
      const known = ofFile.get(line);
      if (known === undefined) ofFile.set(line, [{ ...mutation, path, line }]);
      else known.push({ ...mutation, path, line });
    }
    lines.push(...ofFile.values());
  }
  const dice = new Dice(seed, 0);
  const chosen: Broken[] = [];
  while (chosen.length < count && lines.length > 0) {
    const [places] = lines.splice(dice.below(lines.length), 1);
    if (places !== undefined) chosen.push(dice.pick(places));
  }
  return chosen;
}

/** Runs the tests of the room, then all, then those of whole gateways, then the compiler, until one notices. */
async function judge(broken: Broken, copy: string, patience: Map<string, number>): Promise<string> {
  const file = join(copy, broken.path);
  const source = readFileSync(file, 'utf8');
  for (const stage of stagesFor(broken.path, copy)) {
    if (!patience.has(stage.name)) patience.set(stage.name, await baseline(stage, copy));
    const patienceMs = patience.get(stage.name) ?? 0;
    if (patienceMs === LEFT_OUT_STAGE) continue;
    writeFileSync(file, mutate(source, broken));
    try {
      const verdict = await run(stage, copy, patienceMs);
      if (verdict.kind === 'killed') return `noticed by ${stage.name}: ${verdict.by}`;
    } finally {
      writeFileSync(file, source);
    }
  }
  return 'SURVIVED';
}

function stagesFor(path: string, copy: string): readonly Stage[] {
  const files = (pattern: string): string[] => globSync(pattern, { cwd: copy }).toSorted();
  const room = path.split(sep)[1] ?? '';
  const near = dirname(path).replace(/^src/, 'tests');
  const stages: Stage[] = [];
  const tests = (name: string, isolated: boolean, list: readonly string[]): void => {
    const options = isolated ? ['--test-concurrency=2'] : ['--test-isolation=none'];
    if (list.length === 0) return;
    const command = [process.execPath, '--test', ...options, '--test-reporter=tap', ...list];
    stages.push({ name, command });
  };
  tests(near, WITH_SOCKETS.includes(room), files(`${near}/*.test.ts`));
  const unit = files('tests/**/*.test.ts').filter(
    (test) => ![...WITH_SOCKETS, 'interop', 'architecture'].includes(test.split(sep)[1] ?? ''),
  );
  tests('all unit tests', false, unit);
  if (SEEN_IN_SYSTEM.has(room)) tests('tests/system', true, files('tests/system/*.test.ts'));
  if (WITH_SOCKETS.includes(room)) tests(`tests/${room}`, true, files(`tests/${room}/**/*.test.ts`));
  const compiler = join(ROOT, 'node_modules/.bin/tsc');
  return [...stages, { name: 'the compiler', command: [process.execPath, compiler, '-p', 'tsconfig.json'] }];
}

/**
 * How long the stage may take; it is left out, and said so, when it does not even pass without a mutation, also not
 * when tried again.
 */
async function baseline(stage: Stage, copy: string): Promise<number> {
  let by = '';
  for (let attempt = 0; attempt < 2; attempt++) {
    const began = performance.now();
    const verdict = await run(stage, copy, 600_000);
    if (verdict.kind === 'passed') return (performance.now() - began) * PATIENCE_FACTOR + PATIENCE_MS;
    by = verdict.by;
  }
  process.stdout.write(`LEFT OUT ${stage.name}: fails without a mutation: ${by}\n`);
  return LEFT_OUT_STAGE;
}

/** Ends at the first failed test. */
function run(stage: Stage, copy: string, patienceMs: number): Promise<Verdict> {
  const [command = '', ...args] = stage.command;
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: copy, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let by: string | undefined;
    let rest = '';
    const stop = (reason: string): void => {
      by ??= reason;
      // Its own group, so that the processes of its tests go with it.
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    };
    const timer = setTimeout(() => stop(`no end within ${(patienceMs / 1000).toFixed(0)} s`), patienceMs);
    const read = (text: string): void => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      const failed = lines.find((line) => /^\s*not ok |: error TS/.test(line));
      if (failed !== undefined) stop(failed.trim().replace(/^not ok \d+ - /, ''));
    };
    child.stdout.setEncoding('utf8').on('data', read);
    child.stderr.resume();
    child.once('close', (status) => {
      clearTimeout(timer);
      if (by === undefined && status === 0) return resolve({ kind: 'passed' });
      resolve({ kind: 'killed', by: by ?? `status ${status}` });
    });
  });
}

function tell({ path, line, kind, before, after }: Broken): string {
  const short = (text: string): string => text.replace(/\s+/g, ' ').slice(0, 100);
  return `${path}:${line} ${kind}: ${short(before)} → ${kind === 'statement' ? 'removed' : short(after)}`;
}
