// Many live subscriptions in one gateway, half each way, over UDP and a component link: built up at a rate, refreshed, their
// memory, and a restart after kill -9, which has to answer within their dialogs and subscribe to nothing anew.
//
//   npm run bench:presence-scale -- [--count 200000] [--rate 500] [--expires 3600] [--no-store] [--per-watcher 20] [--prof]

import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePorts, stoxgate, type RunningGateway } from './gateways.ts';
import { PresenceLoad, usageOf, type Done } from './presence-load.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '200000' },
    rate: { type: 'string', default: '500' },
    expires: { type: 'string', default: '3600' },
    'per-watcher': { type: 'string', default: '20' },
    'no-store': { type: 'boolean', default: false },
    snapshot: { type: 'string' },
    root: { type: 'string' },
    prof: { type: 'boolean', default: false },
  },
});

/** The bars of the project: octets held for each subscription, and seconds from the start to the first answer in a dialog. */
const BAR_OCTETS = 2048;
const BAR_SECONDS = 60;
/** Timers J and K, and the confirmations: what is left then belongs to the subscriptions. */
const SETTLE_MS = 40_000;
/** Of each kind, those who send a request in their dialogs after the restart. */
const ASKING = 2000;

const half = Number(values.count) / 2;
const rate = Number(values.rate);
const folder = mkdtempSync(join(tmpdir(), 'stoxgate-scale-'));
const report = join(folder, 'heap.json');
process.env['STOXGATE_HEAP'] = report;
if (values.snapshot !== undefined) process.env['STOXGATE_SNAPSHOT'] = values.snapshot;
const gateway = stoxgate(
  'stoxgate',
  values.root,
  [
    '--expose-gc',
    ...['--import', join(import.meta.dirname, 'heap-report.ts')],
    ...(values.prof ? ['--cpu-prof', '--cpu-prof-dir=/tmp/stoxgate-prof'] : []),
  ],
  [`store: ${values['no-store'] ? '"memory:"' : `sqlite:${join(folder, 'gw.db')}`}`],
);
const ports = await freePorts();
const load = new PresenceLoad(ports, {
  watchers: half,
  users: half,
  perWatcher: Number(values['per-watcher']),
  contacts: half,
  expires: Number(values.expires),
});
let running: RunningGateway | undefined;
let failed = false;

try {
  running = await gateway.start(ports);
  await load.linked();
  // So that the code is there, and the tables that are there anyway.
  await load.run('subscribe', 0, Math.min(100, half), 100);
  await load.run('watch', 0, Math.min(100, half), 100);
  const before = await held(running);

  await stage('phones subscribe', running, () => load.run('subscribe', 0, half, rate, 20));
  await stage('XMPP users subscribe', running, () => load.run('watch', 0, half, rate, 20));
  const built = await load.counts();
  await sleep(SETTLE_MS);
  const resident = usageOf(running.pid).megabytes;
  const after = await held(running);
  const each = (octets: number): number => octets / (2 * half);
  const octets = each(after.heapUsed + after.external - before.heapUsed - before.external);
  console.log(
    `  held ${octets.toFixed(0)} octets for each of ${2 * half}, bar < ${BAR_OCTETS}: ${said(octets < BAR_OCTETS)}`,
  );
  console.log(
    `  resident ${resident.toFixed(0)} MB, ${each(resident * 2 ** 20 - before.rss).toFixed(0)} octets more for each; ` +
      `${(after.rss / 2 ** 20).toFixed(0)} MB after a collection`,
  );

  await stage('refreshes of phones', running, () => load.run('refresh', 0, half, rate, 20));
  await stage('NOTIFY of contacts', running, () => load.run('notify', 0, half, rate, 20));
  const kept = await load.counts();
  if (values.snapshot !== undefined) process.exit();
  console.log(
    `  the gateway has refreshed ${kept.refreshes}, and begun ${kept.initial} of ${half} subscriptions`,
  );
  if (!values['no-store']) await restart(running, kept.initial, built.subscribes);
} finally {
  await running?.stop();
  await load.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failed ? 1 : 0;

async function stage(what: string, { pid }: RunningGateway, run: () => Promise<Done>): Promise<void> {
  const before = usageOf(pid);
  const { of, done, ms, codes } = await run();
  const cpu = usageOf(pid).cpuSeconds - before.cpuSeconds;
  if (done < of) failed = true;
  console.log(
    `${what}: ${done} of ${of} in ${(ms / 1000).toFixed(1)} s, ${((cpu / of) * 1e6).toFixed(0)} us CPU each ${JSON.stringify(codes)}`,
  );
}

/** What the gateway holds after a full collection. */
async function held({ pid }: RunningGateway): Promise<NodeJS.MemoryUsage> {
  rmSync(report, { force: true });
  process.kill(pid, 'SIGUSR2');
  for (let i = 0; i < 1200 && !existsSync(report); i++) await sleep(50);
  const usage: NodeJS.MemoryUsage = JSON.parse(readFileSync(report, 'utf8'));
  return usage;
}

async function restart(old: RunningGateway, initial: number, subscribes: number): Promise<void> {
  // What the store has taken and not yet written is lost with a crash, as it may be; the last change is seconds old.
  await sleep(2000);
  console.log(
    `kill -9 with ${(statSync(join(folder, 'gw.db')).size / 2 ** 20).toFixed(0)} MB in the database`,
  );
  process.kill(old.pid, 'SIGKILL');
  await old.stop();
  const asking = Math.min(ASKING, half);
  const started = performance.now();
  const passed = (): number => (performance.now() - started) / 1000;
  const starting = gateway.start(ports);
  // A phone whose request has no answer sends it again, up to 4 s later.
  const phones = await load.run('refresh', half - asking, half, 0, 90);
  const answered = passed();
  running = await starting;
  await load.linked();
  const contacts = await load.run('notify', half - asking, half, 0, 90);
  const heard = passed();
  const right = (done: Done): boolean => done.codes['200'] === done.of;
  console.log(
    `  the phones have their answers ${answered.toFixed(1)} s after the start ${JSON.stringify(phones.codes)}, ` +
      `the contacts ${heard.toFixed(1)} s ${JSON.stringify(contacts.codes)}, bar < ${BAR_SECONDS} s: ` +
      said(heard < BAR_SECONDS && right(phones) && right(contacts)),
  );
  await stage('all phones refresh after the restart', running, () => load.run('refresh', 0, half, rate, 20));
  await stage('all contacts notify after the restart', running, () => load.run('notify', 0, half, rate, 20));
  const counts = await load.counts();
  const anew = counts.initial - initial;
  console.log(
    `  subscribed anew: ${anew}; requests in dialogs that nobody knows: ${counts.unknown + counts.strays}: ` +
      `${said(anew === 0 && counts.unknown + counts.strays === 0)}; ` +
      `\`subscribe\` to ${counts.subscribes - subscribes} contacts, which asks whether they still allow it (PRES-53)`,
  );
}

function said(met: boolean): string {
  if (!met) failed = true;
  return met ? 'met' : 'MISSED';
}
