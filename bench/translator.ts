// The translation of session descriptions alone: SDP to contents of Jingle and back, beside the two converters of the npm
// registry that do the same, on the recorded offers and answers of browsers and phones. Speed in turn, as ratios; and
// which lines of a description each of them loses on the way there and back.
//
//   npm run bench:translator -- [--pairs 5] [--rounds 2000]
//
// The two are fetched into bench/.build by npm, for this command alone.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { toJingle, toSdp } from '../src/interwork/call/index.ts';
import { formatSdp, parseSdp } from '../src/sdp/index.ts';
import { median } from './load.ts';

const { values } = parseArgs({
  options: { pairs: { type: 'string', default: '5' }, rounds: { type: 'string', default: '2000' } },
});

const FOLDER = join(import.meta.dirname, '.build/translators');
const PACKAGES = ['stanza@12.22.1', 'sdp-jingle-json@3.1.0'];
const VECTORS = join(import.meta.dirname, '../tests/vectors/sdp');

/** There and back. */
type Translate = (text: string) => string;

function install(): NodeJS.Require {
  if (!existsSync(join(FOLDER, 'node_modules/stanza'))) {
    mkdirSync(FOLDER, { recursive: true });
    const options = ['--no-audit', '--no-fund', '--no-save', '--ignore-scripts', '--prefix', FOLDER];
    const result = spawnSync('npm', ['install', ...options, ...PACKAGES], { stdio: ['ignore', 2, 2] });
    if (result.status !== 0) throw new Error('npm cannot fetch the two converters');
  }
  return createRequire(join(FOLDER, 'index.js'));
}

function ours(text: string): string {
  const read = parseSdp(text);
  if (!read.ok) throw new Error(read.error.message);
  let id = 0;
  const newId = (): string => `c${++id}`;
  const { contents, groups, table } = toJingle(read.value, { party: 'initiator', table: [], newId });
  const options = { party: 'initiator', table, origin: read.value.origin, trickle: false } as const;
  return formatSdp(toSdp(contents, groups, { ...options, before: read.value }).description);
}

const require = install();
const protocol = require('stanza/jingle/sdp/Protocol');
const intermediate = require('stanza/jingle/sdp/Intermediate');
const old = require('sdp-jingle-json');

const ICE_UDP = 'urn:xmpp:jingle:transports:ice-udp:1';
const translators: readonly { name: string; translate: Translate }[] = [
  { name: 'stoxgate', translate: ours },
  {
    name: 'stanza 12.22',
    translate: (text) => {
      const request = protocol.convertIntermediateToRequest(
        intermediate.importFromSDP(text),
        'initiator',
        ICE_UDP,
      );
      return intermediate.exportToSDP(protocol.convertRequestToIntermediate(request, 'initiator'));
    },
  },
  {
    name: 'sdp-jingle-json 3.1',
    translate: (text) => old.toOutgoingSDPOffer(old.toOutgoingJSONOffer(text, { creators: ['initiator'] })),
  },
];

const texts = readdirSync(VECTORS)
  .toSorted()
  .map((name) => ({ name, text: readFileSync(join(VECTORS, name), 'utf8').replaceAll(/\r?\n/g, '\r\n') }));

/** Lines that mean something to an endpoint, in one spelling; those that no Jingle has a word for are in nobody's list. */
function meaning(text: string): ReadonlySet<string> {
  const WITHOUT_WORD =
    /^(?:v=|o=|s=|t=|i=|c=|a=(?:rtcp-xr|rtcp-rsize|msid-semantic|ice-lite|ice-options|nortpproxy|label|record|tool|X-|x-|rtcp:9 |sendrecv|group))/;
  const lines = text.split(/\r?\n/).filter((line) => line !== '' && !WITHOUT_WORD.test(line));
  return new Set(
    lines
      .map((line) =>
        line
          .replace(/^(m=\S+ )\d+(?:\/\d+)?/, '$1P')
          .replace(/ $/, '')
          .replace(/;\s+/g, ';'),
      )
      .map((line) => (/^a=(?:fingerprint|candidate)/.test(line) ? line.toLowerCase() : line))
      .map((line) => (/^a=rtpmap/.test(line) ? line.replace(/\/1$/, '') : line)),
  );
}

console.log(
  `Lines of ${texts.length} recorded descriptions that are gone, or have changed, after SDP → Jingle → SDP:`,
);
for (const { name, translate } of translators) {
  const lost = new Map<string, number>();
  let failed = 0;
  for (const { text } of texts) {
    try {
      const after = meaning(translate(text));
      for (const line of meaning(text)) {
        const kind = /^(?:a=[^:]+|[a-z]=)/.exec(line)?.[0] ?? line;
        if (!after.has(line)) lost.set(kind, (lost.get(kind) ?? 0) + 1);
      }
    } catch {
      failed += 1;
    }
  }
  const total = [...lost.values()].reduce((sum, count) => sum + count, 0);
  const list = [...lost]
    .toSorted((left, right) => right[1] - left[1])
    .map(([kind, count]) => `${kind} ${count}`);
  console.log(`  ${name}: ${total} lines${failed === 0 ? '' : `, and ${failed} descriptions not at all`}`);
  if (list.length > 0) console.log(`    ${list.join(', ')}`);
}

// Speed: the offers that each of them takes.
const taken = texts.filter(({ text }) =>
  translators.every(({ translate }) => {
    try {
      return translate(text) !== '';
    } catch {
      return false;
    }
  }),
);
const rounds = Number(values.rounds);

function microseconds(translate: Translate): number {
  const started = process.cpuUsage();
  for (let round = 0; round < rounds; round++) translate(taken[round % taken.length]?.text ?? '');
  const { user, system } = process.cpuUsage(started);
  return (user + system) / rounds;
}

for (const { translate } of translators) microseconds(translate);
const figures = translators.map((): number[] => []);
for (let pair = 0; pair < Number(values.pairs); pair++) {
  for (const [n, { translate }] of translators.entries()) figures[n]?.push(microseconds(translate));
}
const medians = figures.map(median);
const mine = medians[0] ?? Number.NaN;
console.log(
  `CPU for one description there and back, ${taken.length} descriptions in turn, median of ${values.pairs}:`,
);
for (const [n, { name }] of translators.entries()) {
  const own = medians[n] ?? Number.NaN;
  console.log(`  ${name}: ${own.toFixed(1)} µs${n === 0 ? '' : `, ${(own / mine).toFixed(2)} times ours`}`);
}
if (medians.slice(1).some((own) => own < mine)) process.exitCode = 1;
