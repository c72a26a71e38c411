// An hour at a moderate rate. In the first part the gateway is ended and started again, by SIGTERM and SIGKILL in turn;
// then one process runs to the end, while its links break, its SIP side is silent for a while, and its absent users
// come and go. What it holds is sampled, and must not grow; and every message has its outcome, as in the fault matrix.
//
//   node tests/long/soak.ts [--minutes 60] [--rate 15]
//
// The rule. The second part is cut into three: the first third is for what fills up to its bound (ten minutes is the
// longest that a message is remembered), and the last is compared with the middle one. Heap after a collection: the median
// may be 3 MB higher, which is compiled code, and less than 70 octets for each message of a third of an hour's run.
// Descriptors: not one more. What `stoxgate_held` says, timers among it: the load is the same, so the medians differ by
// chance and by who is away just then; half as many again, or twenty, is neither. Rows of the store: none is left when
// all messages have their outcome.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { DirectSipEnd } from '../faults/ends.ts';
import type { Deed, Fault } from '../faults/faults.ts';
import { DIRECTIONS, type Entry } from '../faults/ledger.ts';
import { judge, settle, tableOf } from '../faults/row.ts';
import { Stage } from '../faults/stage.ts';
import { mustBecome, pause } from '../peers/wait.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '60' }, rate: { type: 'string', default: '15' } },
});

const TOTAL_MS = Number(values.minutes) * 60_000;
/** Of the whole: with restarts. */
const FIRST_PART = 0.2;
const RESTARTS = 6;
/** Breaks of the second part, and samples of each third. */
const BREAKS = 12;
const SAMPLES = 12;
const HEAP_BAR = 3 * 1024 * 1024;
const WINDOW_MS = 300;
const SILENCE_MS = 1000;
const PRESENCE_MS = 10_000;
const STEP_MS = 20;
const NO_ACK = 'a component link has no acknowledgement: at a SIGKILL, or in the wire when it broke';

interface Sample {
  readonly heap: number;
  readonly rss: number;
  readonly files: number;
  readonly held: ReadonlyMap<string, number>;
  readonly storeOctets: number;
}

/** What may come of all of it together. */
const FAULT: Fault = {
  name: 'soak',
  strike: () => undefined,
  mend: () => undefined,
  explains: (entry, stage, deed) =>
    !entry.text.startsWith('s2x') &&
    (!stage.proxy.handedOver(entry.text) ||
      deed.killedMs.some((at) => Math.abs(entry.sentMs - at) < WINDOW_MS)),
  excuses: {
    s2x: {
      duplicated: 'written again with the same id: the confirmation went with the link or the process',
      both: 'its confirmation or answer went with the link or the process',
    },
    x2s: { window: NO_ACK, both: 'its error was written and not confirmed, so it was sent again' },
    kept: { window: NO_ACK },
  },
};

process.exitCode = await main();

async function main(): Promise<number> {
  const heaps: number[] = [];
  const stage = await Stage.open({
    answerMs: 20,
    preload: new URL('./heap-probe.ts', import.meta.url),
    nodeOptions: '--expose-gc',
    onLog: (line) => {
      if (line['event'] === 'heap.probe') heaps.push(Number(line['octets']));
    },
  });
  try {
    const deed: Deed = { killedMs: [], felt: 0 };
    const began = performance.now();
    const firstMs = TOTAL_MS * FIRST_PART;
    const traffic = send(stage, Number(values.rate), TOTAL_MS);
    const presence = comeAndGo(stage, TOTAL_MS);
    for (let restart = 0; restart < RESTARTS; restart++) {
      await until(began + ((restart + 1) * firstMs) / (RESTARTS + 1));
      await restartGateway(stage, deed, restart % 2 === 0 ? 'SIGKILL' : 'SIGTERM');
    }
    await until(began + firstMs);
    const breaks = breakThings(stage, TOTAL_MS - firstMs, deed);
    const samples: Sample[] = [];
    const count = 3 * SAMPLES;
    for (let index = 0; index < count; index++) {
      await until(began + firstMs + ((index + 1) * (TOTAL_MS - firstMs)) / (count + 1));
      samples.push(await sample(stage, heaps));
    }
    await Promise.all([breaks, presence, ...(await traffic)]);
    await settle(stage, 90_000);

    const faults = compare(samples.slice(SAMPLES, 2 * SAMPLES), samples.slice(2 * SAMPLES));
    const { s2x, x2s, kept } = stage.ledgers;
    const explains = (entry: Entry): boolean => FAULT.explains?.(entry, stage, deed) === true;
    const cells = { s2x: s2x.close(explains), x2s: x2s.close(explains), kept: kept.close(explains) };
    for (const direction of DIRECTIONS) faults.push(...judge(FAULT, direction, cells[direction]));
    const records = await stage.recordsLeft();
    if (records > 0) faults.push(`${records} records are left in the store`);
    process.stdout.write(`${tableOf([{ fault: FAULT, cells, faults, merged: stage.sip.merged }])}\n`);
    for (const fault of faults) process.stdout.write(`FAULT ${fault}\n`);
    process.stdout.write(faults.length === 0 ? 'nothing grows, and nothing is lost\n' : 'failed\n');
    return faults.length === 0 ? 0 : 1;
  } finally {
    await stage.close();
  }
}

async function send(stage: Stage, perSecond: number, forMs: number): Promise<readonly Promise<void>[]> {
  const open: Promise<void>[] = [];
  const began = performance.now();
  let index = 0;
  for (let now = began; now - began < forMs; now = performance.now()) {
    for (; index < ((now - began) * perSecond) / 1000; index++) {
      open.push(stage.sip.send(index));
      for (const direction of ['x2s', 'kept'] as const)
        stage.xmpp.send(direction, index, stage.sip.recipient(direction, index));
    }
    // What the peer keeps of each stanza is not needed here.
    if (index % 1000 === 0) await stage.xmpp.collect();
    await pause(STEP_MS);
  }
  return open;
}

async function comeAndGo(stage: Stage, forMs: number): Promise<void> {
  const end = performance.now() + forMs;
  while (performance.now() < end - 2 * PRESENCE_MS) {
    await pause(PRESENCE_MS);
    await stage.sip.show();
    await pause(PRESENCE_MS / 2);
    if (stage.sip instanceof DirectSipEnd) stage.sip.hide();
  }
}

async function restartGateway(stage: Stage, deed: Deed, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  if (signal === 'SIGKILL') {
    deed.killedMs.push(performance.now());
    await stage.gateway.kill();
  } else await stage.gateway.stop(60_000);
  await stage.gateway.start();
  await stage.gateway.healthy();
}

/** A link that breaks, and a SIP side that is silent, by turns. */
async function breakThings(stage: Stage, forMs: number, deed: Deed): Promise<void> {
  for (let index = 0; index < BREAKS; index++) {
    await pause(forMs / (BREAKS + 1));
    deed.felt += 1;
    if (index % 2 === 0) stage.proxy.cut();
    else {
      stage.sip.override = () => 0;
      await pause(SILENCE_MS);
      stage.sip.override = undefined;
    }
  }
}

async function sample(stage: Stage, heaps: readonly number[]): Promise<Sample> {
  const { pid } = stage.gateway;
  if (pid === undefined) throw new Error('the gateway is gone');
  const told = heaps.length;
  process.kill(pid, 'SIGUSR2');
  const heap = await mustBecome('the heap', () => heaps[told], 20_000);
  const held = new Map<string, number>();
  for (const [, kind = '', value] of (await stage.gateway.metrics()).matchAll(
    /^stoxgate_held\{kind="(\w+)"\} (\d+)/gm,
  ))
    held.set(kind, Number(value));
  const rssKib = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  const files = readdirSync(`/proc/${pid}/fd`).length;
  const storeOctets = readdirSync(stage.storeFolder)
    .map((name) => statSync(`${stage.storeFolder}/${name}`).size)
    .reduce((sum, size) => sum + size, 0);
  return { heap, rss: rssKib * 1024, files, held, storeOctets };
}

function compare(middle: readonly Sample[], last: readonly Sample[]): string[] {
  const faults: string[] = [];
  const row = (name: string, of: (sample: Sample) => number, allowed: number): void => {
    const [before, after] = [median(middle.map(of)), median(last.map(of))];
    process.stdout.write(`${name.padEnd(28)} ${String(before).padStart(12)} ${String(after).padStart(12)}\n`);
    if (after > before + allowed) faults.push(`${name} grows: ${before}, then ${after}`);
  };
  row('heap octets', ({ heap }) => heap, HEAP_BAR);
  // Only told: what the system keeps of it is not the gateway's doing.
  row('resident octets', ({ rss }) => rss, Infinity);
  row('open files', ({ files }) => files, 0);
  row('octets of the store', ({ storeOctets }) => storeOctets, Infinity);
  for (const kind of last[0]?.held.keys() ?? []) {
    const of = ({ held }: Sample): number => held.get(kind) ?? 0;
    const about = median(middle.map(of));
    row(kind, of, Math.max(20, about / 2));
  }
  return faults;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((left, right) => left - right)[numbers.length >> 1] ?? 0;
}

async function until(ms: number): Promise<void> {
  await pause(Math.max(0, ms - performance.now()));
}
