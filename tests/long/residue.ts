// What 100,000 messages leave behind in a gateway that runs as a process: open files, what it says that it holds, and
// the heap after a collection, each compared with what it had after some first traffic.
//
//   node tests/long/residue.ts [--messages 100000] [--wait 40]

import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { freePort } from '../peers/ports.ts';
import { Stoxgate } from '../peers/stoxgate.ts';
import { TempFolder } from '../peers/temp-folder.ts';
import { mustBecome, pause } from '../peers/wait.ts';
import { SipPeer } from '../system/sip-peer.ts';
import { SECRET, XmppPeer } from '../system/xmpp-peer.ts';
import { errorFor, ghosts, round, teach, type Ends } from './traffic.ts';

const ROUND = 2_000;
/** A link drops in every fourth round. */
const DROP_EVERY = 4;
const GHOSTS = 20;
/** Compiled code, and the shapes of rare paths that only the long run took. */
const MAX_HEAP_GROWTH = 6 * 1024 * 1024;
/**
 * Kept on purpose, and bounded: for ten minutes refused messages, so that what still comes about them is not taken for a
 * loss; the newest rows of the ledger, which have their places from the start.
 */
const REMEMBERED = 'ended_messages';
const BOUNDED: Readonly<Record<string, number>> = { [REMEMBERED]: 20_000, ledger_rows: 10_000 };
const MAX_OCTETS_REMEMBERED = 1024;
/** 64*T1 for the transactions that were answered last, and a little more. */
const DEFAULT_WAIT_SECONDS = '40';

interface Sample {
  readonly files: number;
  readonly held: Readonly<Record<string, number>>;
  readonly heap: number;
  readonly rss: number;
}

process.exitCode = await main();

async function main(): Promise<number> {
  const options = {
    messages: { type: 'string', default: '100000' },
    wait: { type: 'string', default: DEFAULT_WAIT_SECONDS },
  } as const;
  const { values } = parseArgs({ options });
  const rounds = Math.max(DROP_EVERY, Math.ceil(Number(values.messages) / ROUND));
  const waitMs = Number(values.wait) * 1000;
  const folder = new TempFolder('residue');
  const [sip, xmpp, port, consolePort] = [
    await SipPeer.open(),
    await XmppPeer.open(),
    await freePort(),
    await freePort(),
  ];
  const ends: Ends = { sip, xmpp, port };
  const errors: string[] = [];
  const heaps: { readonly octets: number; readonly rss: number }[] = [];
  const gateway = new Stoxgate({
    folder: folder.path,
    consolePort,
    config: config(ends),
    onLog: (line) => {
      if (line['event'] === 'heap.probe')
        heaps.push({ octets: Number(line['octets']), rss: Number(line['rss']) });
      else if (line['level'] === 'error' || line['level'] === 50) errors.push(JSON.stringify(line));
    },
  });
  // For the child only: this process has read its own already.
  const probe = new URL('./heap-probe.ts', import.meta.url).href;
  process.env['NODE_OPTIONS'] = `--expose-gc --import=${probe}`;

  const sample = async (): Promise<Sample> => {
    await pause(waitMs);
    const { pid } = gateway;
    if (pid === undefined) throw new Error('the gateway is gone');
    const held = heldIn(await gateway.metrics());
    const told = heaps.length;
    process.kill(pid, 'SIGUSR2');
    const { octets, rss } = await mustBecome('the heap', () => heaps[told], 10_000);
    return { files: readdirSync(`/proc/${pid}/fd`).length, held, heap: octets, rss };
  };
  const play = async (count: number): Promise<void> => {
    const silent = ghosts(ends, GHOSTS);
    for (let index = 0; index < count; index++) {
      await round(ends, ROUND, index % DROP_EVERY === DROP_EVERY - 1);
      if (index === 0) await Promise.all(silent.map((id) => errorFor(xmpp, id, 45_000)));
    }
  };

  try {
    teach(ends);
    await gateway.start();
    await gateway.healthy();
    await play(DROP_EVERY);
    const before = await sample();
    const began = performance.now();
    await play(rounds);
    const seconds = (performance.now() - began) / 1000;
    const after = await sample();
    process.stdout.write(`${rounds * ROUND} messages in ${seconds.toFixed(0)} s, ${xmpp.links} links\n`);
    const faults = [...compare(before, after), ...errors.map((line) => `logged: ${line}`)];
    for (const fault of faults) process.stdout.write(`LEFT ${fault}\n`);
    const status = await gateway.stop();
    if (status !== 0) process.stdout.write(`the gateway ended with ${status}\n`);
    process.stdout.write(faults.length === 0 && status === 0 ? 'nothing is left\n' : 'failed\n');
    return faults.length === 0 && status === 0 ? 0 : 1;
  } finally {
    await gateway.kill();
    await xmpp.close();
    await sip.close();
    folder.remove();
  }
}

function config({ sip, xmpp, port }: Ends): Readonly<Record<string, unknown>> {
  return {
    domains: [
      { home: 'sip', sip: 'example.net', xmpp: 'example.net' },
      { home: 'xmpp', xmpp: 'example.com', sip: 'example.com' },
    ],
    sip: {
      listen: [`udp://127.0.0.1:${port}`, `tcp://127.0.0.1:${port}`],
      next_hops: { 'example.net': `sip:127.0.0.1:${sip.port};transport=udp;lr` },
      trusted: ['127.0.0.1/32'],
    },
    xmpp: { components: [{ domain: 'example.net', host: '127.0.0.1', port: xmpp.port, secret: SECRET }] },
    log: { level: 'warn', format: 'json' },
  };
}

/** What the gateway says that it holds, by kind (GET /metrics). */
function heldIn(metrics: string): Readonly<Record<string, number>> {
  const held: Record<string, number> = {};
  for (const [, kind = '', value] of metrics.matchAll(/^stoxgate_held\{kind="(\w+)"\} (\d+)/gm)) {
    held[kind] = Number(value);
  }
  if (Object.keys(held).length === 0) throw new Error('no stoxgate_held in /metrics');
  return held;
}

function compare(before: Sample, after: Sample): readonly string[] {
  const faults: string[] = [];
  const row = (name: string, from: number, to: number, allowed: number): void => {
    process.stdout.write(`${name.padEnd(28)} ${String(from).padStart(12)} ${String(to).padStart(12)}\n`);
    if (to > from + allowed) faults.push(`${name}: ${from} before, ${to} after`);
  };
  row('open files', before.files, after.files, 0);
  for (const [kind, count] of Object.entries(after.held)) {
    row(kind, before.held[kind] ?? 0, count, BOUNDED[kind] ?? 0);
  }
  const remembered = (after.held[REMEMBERED] ?? 0) - (before.held[REMEMBERED] ?? 0);
  const allowed = MAX_HEAP_GROWTH + Math.max(0, remembered) * MAX_OCTETS_REMEMBERED;
  row('heap octets', before.heap, after.heap, allowed);
  // Only told: how much of it the system keeps is not the gateway's doing.
  row('resident octets', before.rss, after.rss, Infinity);
  return faults;
}
