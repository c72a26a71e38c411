// Many live subscriptions in one gateway, half each way, over UDP and a component link: built up at a rate, refreshed, their
// memory, and a restart after kill -9, which has to answer within their dialogs and subscribe to nothing anew. With --rounds
// instead of memory and restart: all are kept for so many times what was granted, and none may be lost.
//
//   npm run bench:presence-scale -- [--count 200000] [--rate 1500] [--expires 3600] [--no-store] [--per-watcher 20]
//                                   [--rounds 2 [--expires 180]] [--root FOLDER] [--prof FOLDER] [--snapshot FILE]

import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePorts, type RunningGateway } from './gateways.ts';
import { PresenceLoad, usageOf, type Done } from './presence-load.ts';
import { ScaleGateway } from './scale-gateway.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '200000' },
    rate: { type: 'string', default: '1500' },
    expires: { type: 'string' },
    rounds: { type: 'string', default: '0' },
    'per-watcher': { type: 'string', default: '20' },
    'no-store': { type: 'boolean', default: false },
    root: { type: 'string' },
    prof: { type: 'string' },
    snapshot: { type: 'string' },
  },
});

/** The bars of the project: octets for each subscription, and seconds from the start to the first answer in a dialog. */
const BAR_OCTETS = 2048;
const BAR_SECONDS = 60;
/** Timers J and K, and the confirmations: what is left then belongs to the subscriptions. */
const SETTLE_MS = 40_000;
/** Of each kind, those who send a request in their dialogs after the restart. */
const ASKING = 2000;
/** Seconds without any progress after which a stage is given up. */
const PATIENCE = 20;
/** So long what is granted lasts, in seconds, when it is refreshed for several rounds. */
const SHORT = '180';

const half = Number(values.count) / 2;
const rate = Number(values.rate);
const rounds = Number(values.rounds);
const expires = Number(values.expires ?? (rounds > 0 ? SHORT : '3600'));
const scale = new ScaleGateway({
  name: 'scale',
  root: values.root,
  prof: values.prof,
  noStore: values['no-store'],
});
if (values.snapshot !== undefined) process.env['STOXGATE_SNAPSHOT'] = values.snapshot;
const ports = await freePorts();
const load = new PresenceLoad(ports, {
  watchers: half,
  users: half,
  perWatcher: Number(values['per-watcher']),
  contacts: half,
  expires,
});
let running: RunningGateway | undefined;
let failed = false;

try {
  running = await scale.gateway.start(ports);
  await load.linked();
  // So that the code is there, and the tables that are there anyway.
  await load.run('subscribe', 0, Math.min(100, half), 100);
  await load.run('watch', 0, Math.min(100, half), 100);
  const before = await scale.held(running);
  console.log(`${2 * half} subscriptions, half each way; ${rate} a second; granted ${expires} s`);
  await stage('phones subscribe', running, () => load.run('subscribe', 0, half, rate, PATIENCE));
  await stage('XMPP users subscribe', running, () => load.run('watch', 0, half, rate, PATIENCE));
  if (rounds > 0) await keep(running);
  else await measure(running, before);
} finally {
  await running?.stop();
  await load.stop();
  scale.remove();
}
process.exitCode = failed ? 1 : 0;

async function measure(gatewayNow: RunningGateway, before: NodeJS.MemoryUsage): Promise<void> {
  const built = await load.counts();
  await sleep(SETTLE_MS);
  const resident = usageOf(gatewayNow.pid).megabytes;
  const after = await scale.held(gatewayNow);
  const each = (octets: number): number => Math.round(octets / (2 * half));
  const octets = each(after.heapUsed + after.external - before.heapUsed - before.external);
  row('held for each', `${octets} octets`, octets < BAR_OCTETS, `< ${BAR_OCTETS}`);
  const more = each(resident * 2 ** 20 - before.rss);
  row(
    'resident for each',
    `${more} octets, ${resident.toFixed(0)} MB in all`,
    more < BAR_OCTETS,
    `< ${BAR_OCTETS}`,
  );
  row('resident after a full collection', `${(after.rss / 2 ** 20).toFixed(0)} MB`);
  if (values.snapshot !== undefined) return;
  await stage('phones refresh', gatewayNow, () => load.run('refresh', 0, half, rate, PATIENCE));
  await stage('contacts notify', gatewayNow, () => load.run('notify', 0, half, rate, PATIENCE));
  const kept = await load.counts();
  row('begun by the gateway', `${kept.initial} of ${half}`, kept.initial === half);
  if (!values['no-store']) await restart(gatewayNow, kept.initial, built.subscribes);
}

/** All stay subscribed for several times what was granted. */
async function keep(gatewayNow: RunningGateway): Promise<void> {
  const seconds = rounds * expires;
  const before = { ...usageOf(gatewayNow.pid), ...(await load.counts()) };
  const kept = await load.keep(seconds);
  const after = { ...usageOf(gatewayNow.pid), ...(await load.counts()) };
  row(
    `phones kept over ${seconds} s`,
    `${kept.phones} of ${half}`,
    kept.phones === half && kept.refused === 0,
  );
  row(
    `contacts kept over ${seconds} s`,
    `${kept.contacts} of ${half}`,
    kept.contacts === half && kept.late === 0,
  );
  const least = Math.min(kept.leastPhone, kept.leastContact);
  row('refreshes of whoever had fewest', `${least}`, least >= rounds, `≥ ${rounds}`);
  row('refreshes that came too late', `${kept.late}`, kept.late === 0);
  const anew = after.initial - before.initial;
  row('subscribed anew', `${anew}`, anew === 0);
  row('in dialogs that nobody knows', `${after.unknown + after.strays}`, after.unknown + after.strays === 0);
  row(
    'sent again by the gateway',
    `${after.retransmitted - before.retransmitted} SUBSCRIBE, ${after.notifiesAgain - before.notifiesAgain} NOTIFY`,
  );
  const share = (after.cpuSeconds - before.cpuSeconds) / seconds;
  row('CPU while they were kept', `${(share * 100).toFixed(0)} % of one core`);
  row('resident', `${after.megabytes.toFixed(0)} MB`);
}

async function stage(what: string, { pid }: RunningGateway, run: () => Promise<Done>): Promise<void> {
  const before = usageOf(pid);
  const { of, done, ms, codes } = await run();
  const cpu = usageOf(pid).cpuSeconds - before.cpuSeconds;
  const wrong = Object.entries(codes).filter(([code]) => code !== '200');
  const others = wrong.length === 0 ? '' : `, answers ${JSON.stringify(codes)}`;
  row(
    what,
    `${done} of ${of} in ${(ms / 1000).toFixed(0)} s, ${((cpu / of) * 1e6).toFixed(0)} us CPU each${others}`,
    done === of && wrong.length === 0,
  );
}

async function restart(old: RunningGateway, initial: number, subscribes: number): Promise<void> {
  // What the store has taken and not yet written is lost with a crash, as it may be; the last change is seconds old.
  await sleep(2000);
  row('in the database at kill -9', `${(scale.databaseOctets / 2 ** 20).toFixed(0)} MB`);
  process.kill(old.pid, 'SIGKILL');
  await old.stop();
  const asking = Math.min(ASKING, half);
  const started = performance.now();
  const starting = scale.gateway.start(ports);
  // A phone whose request has no answer sends it again, up to 4 s later.
  const phones = await load.run('refresh', half - asking, half, 0, BAR_SECONDS);
  answered('phones', phones, started);
  running = await starting;
  await load.linked();
  answered('contacts', await load.run('notify', half - asking, half, 0, BAR_SECONDS), started);
  const now = running;
  await stage('phones refresh after it', now, () => load.run('refresh', 0, half, rate, PATIENCE));
  await stage('contacts notify after it', now, () => load.run('notify', 0, half, rate, PATIENCE));
  const counts = await load.counts();
  const anew = counts.initial - initial;
  row('subscribed anew', `${anew}`, anew === 0);
  row(
    'in dialogs that nobody knows',
    `${counts.unknown + counts.strays}`,
    counts.unknown + counts.strays === 0,
  );
  row('contacts asked whether they still allow it (PRES-53)', `${counts.subscribes - subscribes} times`);
}

function answered(who: string, done: Done, started: number): void {
  const seconds = (performance.now() - started) / 1000;
  const all = done.codes['200'] === done.of;
  const what = `${seconds.toFixed(1)} s after the start ${all ? '' : JSON.stringify(done.codes)}`;
  row(`${done.of} ${who} have their 200`, what, all && seconds < BAR_SECONDS, `< ${BAR_SECONDS} s`);
}

/** A line of the table; `met` undefined: nothing is asked of it. */
function row(what: string, figure: string, met?: boolean, bar = ''): void {
  if (met === false) failed = true;
  const verdict = met === undefined ? '' : met ? 'met' : 'MISSED';
  console.log(`  ${what.padEnd(34)} ${figure.padEnd(44)} ${bar} ${verdict}`.trimEnd());
}
