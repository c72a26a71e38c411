// Calls with audio and video through a whole gateway, each from its INVITE or proposal to the end on both sides: set-ups a second,
// and CPU time of the gateway for one call. No other gateway here has both legs. What a call is compared with is the translation
// of its descriptions alone, in the same run on the same machine; with --root, an earlier state of this gateway, in turn.
//
//   npm run bench:calls -- [--pairs 3] [--count 3000] [--warm-up 3000] [--window 32] [--direction sip2xmpp] [--root FOLDER]
//                          [--prof FOLDER]

import { rmSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CallEnds, type CallDirection } from './ends/call-ends.ts';
import { makeCalls, type Done } from './ends/call-load.ts';
import { ANSWER, OFFER } from './ends/descriptions.ts';
import { freePorts, stoxgate, type GatewayUnderTest } from './gateways.ts';
import { median } from './load.ts';
import { usageOf } from './presence-load.ts';
import { throughXml, translated } from './translation.ts';

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '3' },
    count: { type: 'string', default: '3000' },
    'warm-up': { type: 'string', default: '3000' },
    window: { type: 'string', default: '32' },
    direction: { type: 'string' },
    root: { type: 'string' },
    prof: { type: 'string' },
  },
});

/** Calls that have just ended are known for 32 s, and there may be 20,000 of them. */
const MOST = 19_000;
/** Of the translator, before it is measured and while it is. */
const TRANSLATIONS = 5000;

interface Figures {
  readonly perSecond: number;
  readonly cpuMs: number;
  readonly failed: number;
  readonly megabytes: number;
}

const count = Number(values.count);
const warmUp = Number(values['warm-up']);
if (count + warmUp > MOST) throw new Error(`more than ${MOST} calls are not taken within 32 s`);
const folder = mkdtempSync(join(tmpdir(), 'stoxgate-calls-'));
let files = 0;

function gatewayOf(name: string, root?: string): GatewayUnderTest {
  const options = values.prof === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.prof}`];
  return {
    name,
    start: (ports) =>
      stoxgate(name, root, options, [
        `store: sqlite:${join(folder, `${++files}.db`)}`,
        'calls: { limits: { user: 1000000, domain: 1000000, total: 1000000, attempts: 1000000 } }',
      ]).start(ports),
  };
}

async function measure(gateway: GatewayUnderTest, direction: CallDirection): Promise<Figures> {
  const ports = await freePorts();
  const ends = new CallEnds(ports);
  await ends.open();
  const running = await gateway.start(ports);
  const calls = (users: readonly number[]): Promise<Done> =>
    makeCalls(ends, { users, direction, hangUp: true, window: Number(values.window) });
  try {
    await ends.linked();
    const numbers = [...Array(warmUp + count).keys()];
    await calls(numbers.slice(0, warmUp));
    const before = usageOf(running.pid);
    const { done, ms, of, failures } = await calls(numbers.slice(warmUp));
    const after = usageOf(running.pid);
    for (const failure of failures) console.error(failure);
    return {
      perSecond: (done / ms) * 1000,
      cpuMs: ((after.cpuSeconds - before.cpuSeconds) * 1000) / of,
      failed: of - done,
      megabytes: after.megabytes,
    };
  } finally {
    await running.stop();
    ends.close();
  }
}

/** Milliseconds of CPU for the descriptions of one call: both to the text of Jingle and back. */
function translationMs(): number {
  const both = (): void => {
    translated(OFFER, throughXml);
    translated(ANSWER, throughXml);
  };
  for (let i = 0; i < TRANSLATIONS; i++) both();
  const before = process.cpuUsage();
  for (let i = 0; i < TRANSLATIONS; i++) both();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / TRANSLATIONS;
}

const gateways = [
  gatewayOf('stoxgate'),
  ...(values.root === undefined ? [] : [gatewayOf(values.root, values.root)]),
];
const pairs = Number(values.pairs);
try {
  for (const direction of ['sip2xmpp', 'xmpp2sip'] as const) {
    if (values.direction === undefined || values.direction === direction) await compare(direction);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function compare(direction: CallDirection): Promise<void> {
  console.log(
    `\n${direction}: whole calls with audio and video, ${values.window} at once; medians of ${pairs} runs, in turn`,
  );
  const results = gateways.map((): Figures[] => []);
  const translations: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    translations.push(translationMs());
    // Now one goes first, now the other: what the machine does besides falls on both.
    for (const index of pair % 2 === 0 ? gateways.keys() : [...gateways.keys()].reverse()) {
      const gateway = gateways[index];
      if (gateway !== undefined) results[index]?.push(await measure(gateway, direction));
    }
  }
  const alone = median(translations);
  for (const [index, { name }] of gateways.entries()) {
    const runs = results[index] ?? [];
    const of = (figure: keyof Figures): number => median(runs.map((run) => run[figure]));
    const times = median(runs.map(({ cpuMs }, pair) => cpuMs / (translations[pair] ?? Number.NaN)));
    console.log(
      `  ${name}: ${of('perSecond').toFixed(0)} calls/s, ${of('cpuMs').toFixed(2)} ms CPU a call, ` +
        `${times.toFixed(1)} times its descriptions alone (${alone.toFixed(3)} ms), failed ${of('failed')}, ${of('megabytes').toFixed(0)} MB`,
    );
    if (runs.some(({ failed }) => failed > 0)) process.exitCode = 1;
  }
  const [mine = [], theirs] = results;
  if (theirs === undefined) return;
  const ratio = median(mine.map(({ cpuMs }, pair) => cpuMs / (theirs[pair]?.cpuMs ?? Number.NaN)));
  console.log(`  CPU a call: ratio ${ratio.toFixed(2)} to ${values.root}`);
}
