// One presence change of an XMPP contact to all of his SIP watchers over UDP: the stanzas that his server sends, until the
// last phone has the NOTIFY and has answered it. With 100 watchers paired with Kamailio's presence modules, in turn in the
// same run; then the gateway alone with more.
//
//   npm run bench:fanout -- [--pairs 3] [--changes 5] [--watchers 100,1000,10000] [--workers 4] [--only stoxgate] [--prof]

import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePorts, kamailioPresence, stoxgate, type GatewayUnderTest } from './gateways.ts';
import { median } from './load.ts';
import { PresenceLoad, usageOf } from './presence-load.ts';

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '3' },
    changes: { type: 'string', default: '5' },
    watchers: { type: 'string', default: '100,1000,10000' },
    workers: { type: 'string', default: '4' },
    only: { type: 'string' },
    prof: { type: 'boolean', default: false },
    'node-option': { type: 'string', multiple: true, default: [] },
  },
});

/** Milliseconds between two changes: RFC 3856 §6.10 lets five seconds pass between two NOTIFY requests of a subscription. */
const PAUSE_MS = 5500;
/** What 100 watchers take, times this and the number of hundreds, is still linear. */
const LINEAR = 1.5;
/** Kamailio answers 500 to most when they come faster: its workers wait for one database. */
const PAIRED_PER_SECOND = 40;
const ALONE_PER_SECOND = 400;
/** The number of watchers with which Kamailio still keeps up. */
const PAIRED = 100;

interface Figures {
  /** Until the last one of those who heard of it. */
  readonly ms: number;
  readonly arrived: number;
  /** NOTIFY requests that it took. */
  readonly notifies: number;
  readonly cpuMs: number;
  readonly megabytes: number;
}

const changes = Number(values.changes);
const ours = stoxgate('stoxgate', undefined, [
  ...values['node-option'],
  ...(values.prof ? ['--cpu-prof', '--cpu-prof-dir=/tmp/stoxgate-prof'] : []),
]);
const theirs = kamailioPresence(Number(values.workers));
let failed = false;
let perHundred: number | undefined;

for (const count of values.watchers.split(',').map(Number)) {
  const gateways = count > PAIRED || values.only === 'stoxgate' ? [ours] : [ours, theirs];
  const pairs = gateways.length === 1 ? 1 : Number(values.pairs);
  console.log(`\n${count} watchers; median of ${changes} changes in each of ${pairs} runs`);
  const results = gateways.map((): Figures[] => []);
  for (let pair = 0; pair < pairs; pair++) {
    for (const index of pair % 2 === 0 ? gateways.keys() : [...gateways.keys()].reverse()) {
      const gateway = gateways[index];
      if (gateway !== undefined) results[index]?.push(...(await measure(gateway, count)));
    }
  }
  for (const [index, gateway] of gateways.entries()) {
    const runs = results[index] ?? [];
    const of = (figure: keyof Figures): number => median(runs.map((run) => run[figure]));
    const least = Math.min(...runs.map(({ arrived }) => arrived));
    console.log(
      `  ${gateway.name}: ${of('ms').toFixed(1)} ms, ${of('arrived')} of ${count} arrived (at least ${least}), ` +
        `${of('notifies')} NOTIFY, ${of('cpuMs').toFixed(0)} ms CPU, ${of('megabytes').toFixed(0)} MB`,
    );
    if (index === 0 && least < count) failed = true;
  }
  const [mine, other] = results.map((runs) => median(runs.map(({ ms }) => ms)));
  if (mine === undefined) continue;
  if (other !== undefined) said('time to all, ratio', mine / other, 1);
  perHundred ??= (mine / count) * 100;
  if (count > PAIRED)
    said('time for each watcher, ratio to that of the first row', mine / (count / 100) / perHundred, LINEAR);
}
process.exitCode = failed ? 1 : 0;

function said(what: string, ratio: number, bound: number): void {
  const met = ratio <= bound;
  if (!met) failed = true;
  console.log(`  ${what} ${ratio.toFixed(2)}, bar ≤ ${bound}: ${met ? 'met' : 'MISSED'}`);
}

async function measure(gateway: GatewayUnderTest, count: number): Promise<readonly Figures[]> {
  const ports = await freePorts();
  const load = new PresenceLoad(ports, {
    watchers: count,
    users: 0,
    perWatcher: 1,
    contacts: 1,
    expires: 3600,
  });
  const running = await gateway.start(ports);
  const figures: Figures[] = [];
  try {
    await load.linked();
    const subscribed = await load.run(
      'subscribe',
      0,
      count,
      count > PAIRED ? ALONE_PER_SECOND : PAIRED_PER_SECOND,
      4,
    );
    if (subscribed.active < count) console.log(`  ${gateway.name}: ${subscribed.active} of ${count} watch`);
    // One more than is counted: the first finds code that was never run.
    for (let i = 0; i <= changes; i++) {
      await sleep(PAUSE_MS);
      const before = usageOf(running.pid);
      const change = await load.run('change', 0, count, 0, 3);
      const after = usageOf(running.pid);
      if (i === 0) continue;
      figures.push({
        ms: change.ms,
        arrived: change.done,
        notifies: change.notifies,
        cpuMs: (after.cpuSeconds - before.cpuSeconds) * 1000,
        megabytes: after.megabytes,
      });
    }
  } finally {
    await running.stop();
    await load.stop();
  }
  return figures;
}
