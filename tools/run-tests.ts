// The quick test suite: format, lint, types, unit tests, tests with sockets, interoperability with real peers.
// Its last line is "N passed, N failed": each static check counts as one, tests by the runner's own summary.
import { spawn } from 'node:child_process';
import { globSync, readFileSync, rmSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { TempFolder } from '../tests/peers/temp-folder.ts';
import { watchForHangs } from './hang-guard.ts';

const USAGE = `usage: ./test [--unit] [--interop [NAME]]
  without options   everything
  --unit            format, lint, types, unit tests and tests with sockets: no real peers needed
  --interop NAME    only the suites with real peers whose file name contains NAME (all without a name)`;

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const TEST_FOLDER = 'tests';
/** Tests of these folders open sockets or start processes: one process a file. The others share one. */
const WITH_SOCKETS = ['edge', 'cli', 'system'];
const INTEROP = 'interop';
/** A test file that takes longer hangs: its process is ended and counts as failed. */
const FILE_LIMIT_MS = 120_000;
const INTEROP_FILE_LIMIT_MS = 400_000;
const INTEROP_TEST_TIMEOUT_MS = 120_000;
/** The same for a whole stage, such as the unit tests in their one process. */
const STAGE_LIMIT_MS = 900_000;

const TEMPORARY = new TempFolder('tests');
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

interface Stage {
  readonly name: string;
  run(): Promise<TestCounts>;
}

process.exitCode = await main();

async function main(): Promise<number> {
  const stages = chooseStages(process.argv.slice(2));
  if (stages === undefined) {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
  const table: string[] = [];
  let passed = 0;
  let failed = 0;
  for (const stage of stages) {
    process.stdout.write(`\n== ${stage.name}\n`);
    const began = performance.now();
    const counts = await stage.run();
    passed += counts.passed;
    failed += counts.failed;
    const seconds = ((performance.now() - began) / 1_000).toFixed(1);
    const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
    table.push(
      `${stage.name.padEnd(24)} ${seconds.padStart(6)} s   ${counts.passed} passed, ${counts.failed} failed${skipped}`,
    );
  }
  if (process.env['STOXGATE_KEEP'] === '1') table.push(`kept: ${TEMPORARY.path}`);
  process.stdout.write(`\n${table.join('\n')}\n\n${passed} passed, ${failed} failed\n`);
  // A run that tested nothing has not shown anything.
  return failed === 0 && passed > 0 ? 0 : 1;
}

function chooseStages(commandLine: readonly string[]): readonly Stage[] | undefined {
  try {
    const options = { unit: { type: 'boolean' }, interop: { type: 'boolean' } } as const;
    const { values, positionals } = parseArgs({ args: [...commandLine], options, allowPositionals: true });
    const [name = ''] = positionals;
    if (positionals.length > (values.interop === true ? 1 : 0)) return undefined;
    if (values.interop === true) return [interop(name)];
    return values.unit === true ? unitStages() : [...unitStages(), interop('')];
  } catch {
    return undefined;
  }
}

function unitStages(): readonly Stage[] {
  return [
    check('format', ['oxfmt', '--check']),
    check('lint', ['oxlint', '--type-aware', '--deny-warnings']),
    check('types', ['tsc', '-p', 'tsconfig.json']),
    tests(
      'unit tests',
      ['--test-isolation=none', '--test-reporter=dot'],
      (room) => room !== INTEROP && !WITH_SOCKETS.includes(room),
    ),
    tests('tests with sockets', ['--test-concurrency=2', '--test-reporter=dot'], (room) =>
      WITH_SOCKETS.includes(room),
    ),
  ];
}

/** Two at a time: they wait for timers most of the time, and never share a port (tests/peers/ports.ts). */
function interop(name: string): Stage {
  const options = [
    '--test-concurrency=2',
    `--test-timeout=${INTEROP_TEST_TIMEOUT_MS}`,
    '--test-reporter=spec',
  ];
  const chosen = (room: string, file: string): boolean => room === INTEROP && file.includes(name);
  return tests('interoperability', options, chosen, INTEROP_FILE_LIMIT_MS);
}

function check(name: string, [tool = '', ...options]: readonly string[]): Stage {
  return {
    name,
    run: async () => {
      const status = await execute(process.execPath, [join(ROOT, 'node_modules', '.bin', tool), ...options]);
      return { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 };
    },
  };
}

function tests(
  name: string,
  options: readonly string[],
  chosen: (room: string, file: string) => boolean,
  fileLimitMs = FILE_LIMIT_MS,
): Stage {
  return {
    name,
    run: async () => {
      const files = globSync(`${TEST_FOLDER}/**/*.test.ts`, { cwd: ROOT }).filter((path) => {
        const parts = path.split(sep);
        return chosen(parts[1] ?? '', parts.at(-1) ?? '');
      });
      if (files.length === 0) return { passed: 0, failed: 0, skipped: 0 };
      return await runFiles(files.toSorted(), options, fileLimitMs);
    },
  };
}

async function runFiles(
  files: readonly string[],
  options: readonly string[],
  fileLimitMs: number,
): Promise<TestCounts> {
  const countFile = TEMPORARY.file('counts');
  rmSync(countFile, { force: true });
  const command = [
    ...['--test', ...options, '--test-reporter-destination=stdout'],
    ...[
      `--test-reporter=${join(ROOT, 'tools/count-reporter.ts')}`,
      `--test-reporter-destination=${countFile}`,
    ],
    ...files,
  ];
  const status = await execute(process.execPath, command, fileLimitMs);
  process.stdout.write('\n');
  const counts = readFileSync(countFile, { encoding: 'utf8', flag: 'a+' });
  return readCounts(counts, status);
}

/** A runner that died, or that reports failure with no failed test, is itself one failure. */
function readCounts(text: string, status: number): TestCounts {
  const [passed, failed, skipped] = text.split(' ').map(Number);
  if (passed === undefined || failed === undefined || skipped === undefined) {
    process.stdout.write('The test runner ended without a summary.\n');
    return { passed: 0, failed: 1, skipped: 0 };
  }
  if (status === 0 || failed > 0) return { passed, failed, skipped };
  process.stdout.write(`The test runner ended with status ${status}.\n`);
  return { passed, failed: 1, skipped };
}

function execute(command: string, args: readonly string[], fileLimitMs = FILE_LIMIT_MS): Promise<number> {
  return new Promise((resolve) => {
    // Whatever a test leaves in its temporary folder goes with ours, also when its process was killed.
    const env = { ...process.env, TMPDIR: TEMPORARY.path };
    const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'], env });
    const stopWatching = watchForHangs(child.pid ?? 0, fileLimitMs);
    const limit = setTimeout(() => child.kill('SIGKILL'), STAGE_LIMIT_MS);
    // Interrupted: the runner ends its files, and there is no result.
    const interrupted = (): void => {
      child.once('close', () => process.exit(130));
      child.kill('SIGTERM');
    };
    for (const signal of SIGNALS) process.once(signal, interrupted);
    const ended = (status: number): void => {
      stopWatching();
      clearTimeout(limit);
      for (const signal of SIGNALS) process.off(signal, interrupted);
      resolve(status);
    };
    child.once('error', () => ended(127));
    child.once('close', (status) => ended(status ?? 128));
  });
}
