// Many answered calls in one gateway, half each way, over UDP and a component link: built up at a rate, refreshed by their phones
// (RFC 4028), their memory, and a restart after kill -9, which has to answer within their dialogs and sessions and to lose none.
//
//   npm run bench:calls-standing -- [--count 10000] [--rate 150] [--no-store] [--root FOLDER] [--prof FOLDER] [--snapshot FILE]
//
// With --snapshot it ends with a heap snapshot in that file.

import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { CallEnds } from './ends/call-ends.ts';
import { askUntilAnswered, askWithin, hangUp, makeCalls, type Done } from './ends/call-load.ts';
import { freePorts, type RunningGateway } from './gateways.ts';
import { usageOf } from './presence-load.ts';
import { ScaleGateway } from './scale-gateway.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '10000' },
    rate: { type: 'string', default: '150' },
    'no-store': { type: 'boolean', default: false },
    root: { type: 'string' },
    prof: { type: 'string' },
    snapshot: { type: 'string' },
  },
});

/** Timers D, H and J, and what comes late of a call, are 32 s: what is left then belongs to the calls. */
const SETTLE_MS = 40_000;
/** Of each kind, those who ask within their calls after the restart. */
const ASKING = 1000;
/** Seconds from the start to the last answer. */
const BAR_SECONDS = 60;
/** Whole calls before anything is counted, so that the code is there. */
const WARM_UP = 200;

const count = Number(values.count);
const rate = Number(values.rate);
const scale = new ScaleGateway({
  name: 'standing',
  root: values.root,
  prof: values.prof,
  noStore: values['no-store'],
  lines: ['calls: { limits: { user: 1000000, domain: 1000000, total: 1000000, attempts: 1000000 } }'],
});
const ports = await freePorts();
const ends = new CallEnds(ports);
const [phones, clients] = [0, 1].map((rest) => [...Array(count).keys()].filter((user) => user % 2 === rest));
let running: RunningGateway | undefined;
let failed = false;

try {
  await ends.open();
  if (values.snapshot !== undefined) process.env['STOXGATE_SNAPSHOT'] = values.snapshot;
  running = await scale.gateway.start(ports);
  await ends.linked();
  await measure(running, phones ?? [], clients ?? []);
} finally {
  await running?.stop();
  ends.close();
  scale.remove();
}
process.exitCode = failed ? 1 : 0;

async function measure(
  now: RunningGateway,
  ofPhones: readonly number[],
  ofClients: readonly number[],
): Promise<void> {
  console.log(`${count} answered calls with audio and video, half each way; ${rate} a second`);
  const warm = [...Array(WARM_UP).keys()].map((user) => user + count);
  for (const direction of ['sip2xmpp', 'xmpp2sip'] as const) {
    await makeCalls(ends, { users: warm, direction, hangUp: true, window: 16 });
  }
  await sleep(SETTLE_MS);
  const before = await scale.held(now);
  const residentBefore = usageOf(now.pid).megabytes;
  const up = { hangUp: false, perSecond: rate };
  await stage('phones call', now, () => makeCalls(ends, { users: ofPhones, direction: 'sip2xmpp', ...up }));
  await stage('clients call', now, () => makeCalls(ends, { users: ofClients, direction: 'xmpp2sip', ...up }));
  await sleep(SETTLE_MS);
  const resident = usageOf(now.pid).megabytes;
  const after = await scale.held(now);
  const each = (octets: number): number => Math.round(octets / count);
  row('held for each', `${each(after.heapUsed + after.external - before.heapUsed - before.external)} octets`);
  const more = each((resident - residentBefore) * 2 ** 20);
  row('resident for each', `${more} octets, ${resident.toFixed(0)} MB in all`);
  row('resident after a full collection', `${(after.rss / 2 ** 20).toFixed(0)} MB`);
  if (values.snapshot !== undefined) return;
  const all = [...ofPhones, ...ofClients];
  const asking = { users: all, perSecond: rate * 4 };
  await stage('phones refresh by UPDATE', now, () => askWithin(ends, { ...asking, who: 'phones' }));
  await stage('clients ask by session-info', now, () => askWithin(ends, { ...asking, who: 'clients' }));
  if (!values['no-store']) await restart(now, ofPhones, ofClients);
}

async function restart(
  old: RunningGateway,
  ofPhones: readonly number[],
  ofClients: readonly number[],
): Promise<void> {
  // What the store has taken and not yet written is lost with a crash, as it may be; the last change is seconds old.
  await sleep(2000);
  row('in the database at kill -9', `${(scale.databaseOctets / 2 ** 20).toFixed(0)} MB`);
  process.kill(old.pid, 'SIGKILL');
  await old.stop();
  const asking = [...ofPhones.slice(-ASKING), ...ofClients.slice(-ASKING)];
  const started = performance.now();
  const starting = scale.gateway.start(ports);
  answered('phones', await askUntilAnswered(ends, asking), started);
  running = await starting;
  await ends.linked();
  const users = asking;
  answered('clients', await askWithin(ends, { users, who: 'clients', window: 100 }), started);
  const now = running;
  const all = [...ofPhones, ...ofClients];
  await stage('all phones refresh after it', now, () =>
    askWithin(ends, { users: all, who: 'phones', perSecond: rate * 4 }),
  );
  const end = { perSecond: rate, users: all };
  await stage('all hang up', now, () => hangUp(ends, end));
}

async function stage(what: string, { pid }: RunningGateway, run: () => Promise<Done>): Promise<void> {
  const before = usageOf(pid);
  const { of, done, ms, failures } = await run();
  const cpu = usageOf(pid).cpuSeconds - before.cpuSeconds;
  for (const failure of failures) console.error(failure);
  const figure = `${done} of ${of} in ${(ms / 1000).toFixed(0)} s, ${((cpu / of) * 1000).toFixed(2)} ms CPU each`;
  row(what, figure, done === of);
}

function answered(who: string, { of, done, failures }: Done, started: number): void {
  const seconds = (performance.now() - started) / 1000;
  for (const failure of failures) console.error(failure);
  const what = `${seconds.toFixed(1)} s after the start`;
  row(
    `${done} of ${of} ${who} have their answer`,
    what,
    done === of && seconds < BAR_SECONDS,
    `< ${BAR_SECONDS} s`,
  );
}

/** A line of the table; `met` undefined: nothing is asked of it. */
function row(what: string, figure: string, met?: boolean, bar = ''): void {
  if (met === false) failed = true;
  const verdict = met === undefined ? '' : met ? 'met' : 'MISSED';
  console.log(`  ${what.padEnd(40)} ${figure.padEnd(44)} ${bar} ${verdict}`.trimEnd());
}
