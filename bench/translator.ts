// The translation of session descriptions alone: SDP to Jingle and back, beside the two converters of the npm registry
// that do the same, on the recorded offers and answers of browsers and phones. Speed in turn, as ratios; and which lines
// of a description each of them loses on the way there and back.
//
// Two spans of work, each the same for both of a pair: SDP to the objects that stand for a <jingle/> and back, and SDP to
// the text of its XML and back, with the serializer that users of the peer have: that of stanza itself, and jxt with
// jxt-xmpp, which stanza.io paired with sdp-jingle-json. (The gateway always goes the whole second way.)
//
//   npm run bench:translator -- [--pairs 5] [--rounds 20000]
//
// The peers are fetched into bench/.build by npm, for this command alone. Each runs `rounds` times before it is measured:
// with few rounds it is the compiler that is measured, and whoever has less code is ahead.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median } from './load.ts';
import { ACTION, throughXml, translated as ours } from './translation.ts';

const { values } = parseArgs({
  options: { pairs: { type: 'string', default: '5' }, rounds: { type: 'string', default: '20000' } },
});

const FOLDER = join(import.meta.dirname, '.build/translators');
const PACKAGES = [
  ...['stanza@12.22.1', 'sdp-jingle-json@3.1.0'],
  ...['jxt@3.1.0', 'jxt-xmpp@3.3.0', 'jxt-xmpp-types@3.0.0'],
];
const VECTORS = join(import.meta.dirname, '../tests/vectors/sdp');

/** There and back. */
type Translate = (text: string) => string;

function install(): NodeJS.Require {
  if (!existsSync(join(FOLDER, 'node_modules/jxt'))) {
    mkdirSync(FOLDER, { recursive: true });
    const options = ['--no-audit', '--no-fund', '--no-save', '--ignore-scripts', '--prefix', FOLDER];
    const result = spawnSync('npm', ['install', ...options, ...PACKAGES], { stdio: ['ignore', 2, 2] });
    if (result.status !== 0) throw new Error('npm cannot fetch the two converters');
  }
  return createRequire(join(FOLDER, 'index.js'));
}

const require = install();
const protocol = require('stanza/jingle/sdp/Protocol');
const intermediate = require('stanza/jingle/sdp/Intermediate');
const stanzaXml = require('stanza/jxt');
const stanzaRegistry = new stanzaXml.Registry();
stanzaRegistry.define(require('stanza/protocol').default);
const old = require('sdp-jingle-json');
const jxt = require('jxt').createRegistry();
jxt.use(require('jxt-xmpp-types'));
jxt.use(require('jxt-xmpp'));
const OldJingle = jxt.getDefinition('jingle', 'urn:xmpp:jingle:1');

const ICE_UDP = 'urn:xmpp:jingle:transports:ice-udp:1';

function stanza(text: string, through: (request: object) => object): string {
  const there = intermediate.importFromSDP(text);
  const request = through(protocol.convertIntermediateToRequest(there, 'initiator', ICE_UDP));
  return intermediate.exportToSDP(protocol.convertRequestToIntermediate(request, 'initiator'));
}

function sdpJingleJson(text: string, through: (session: object) => object): string {
  return old.toOutgoingSDPOffer(through(old.toOutgoingJSONOffer(text, { creators: ['initiator'] })));
}

const same = <T>(value: T): T => value;
const spans: readonly {
  span: string;
  mine: Translate;
  peers: readonly { name: string; translate: Translate }[];
}[] = [
  {
    span: 'objects',
    mine: (text) => ours(text, same),
    peers: [
      { name: 'stanza 12.22', translate: (text) => stanza(text, same) },
      { name: 'sdp-jingle-json 3.1', translate: (text) => sdpJingleJson(text, same) },
    ],
  },
  {
    span: 'XML text',
    mine: (text) => ours(text, throughXml),
    peers: [
      {
        name: 'stanza 12.22',
        translate: (text) =>
          stanza(text, (request) => {
            const written: string = stanzaRegistry.export('iq.jingle', { ...request, ...ACTION }).toString();
            return stanzaRegistry.import(stanzaXml.parse(written));
          }),
      },
      {
        name: 'sdp-jingle-json 3.1 with jxt-xmpp 3.3',
        translate: (text) =>
          sdpJingleJson(text, (session) => {
            const written: string = new OldJingle({ ...session, ...ACTION }).toString();
            return jxt.parse(written, OldJingle).toJSON();
          }),
      },
    ],
  },
];

const texts = readdirSync(VECTORS)
  .toSorted()
  .map((name) => ({ name, text: readFileSync(join(VECTORS, name), 'utf8').replaceAll(/\r?\n/g, '\r\n') }));

/** Lines that mean something to an endpoint, in one spelling; those that no Jingle has a word for are in nobody's list. */
function meaning(text: string): ReadonlySet<string> {
  const WITHOUT_WORD =
    /^(?:v=|o=|s=|t=|i=|c=|a=(?:rtcp-xr|rtcp-rsize|msid-semantic|ice-lite|ice-options|nortpproxy|label|record|tool|X-|x-|rtcp:9 |sendrecv|group))/;
  const lines = withDefaults(text.split(/\r?\n/)).filter((line) => line !== '' && !WITHOUT_WORD.test(line));
  return new Set(
    lines
      .map((line) =>
        line
          .replace(/^(m=\S+ )\d+(?:\/\d+)?/, '$1P')
          .replace(/ $/, '')
          .replace(/;\s+/g, ';'),
      )
      .map((line) => (/^a=(?:fingerprint|candidate)/.test(line) ? line.toLowerCase() : line))
      // RFC 8285 §5: a direction that is not said is sendrecv.
      .map((line) => line.replace(/^(a=extmap:\d+)\/sendrecv /, '$1 '))
      // XEP-0176 §5.2: a generation that is not said is 0.
      .map((line) => (line.startsWith('a=candidate') ? line.replace(' generation 0', '') : line))
      .map((line) => (/^a=rtpmap/.test(line) ? line.replace(/\/1$/, '') : line)),
  );
}

/** RFC 3605 §2.1: a=rtcp without an address means that of c=, and the next port at that address need not be said. */
function withDefaults(lines: readonly string[]): string[] {
  const whole: string[] = [];
  let port = 0;
  let address = '';
  for (const line of lines) {
    if (line.startsWith('c=')) address = line.slice(2);
    if (line.startsWith('m=')) port = Number(/^m=\S+ (\d+)/.exec(line)?.[1] ?? 0);
    const [, rtcp, where = address] = /^a=rtcp:(\d+)(?: (IN .*))?$/.exec(line) ?? [];
    if (rtcp === undefined) whole.push(line);
    else if (Number(rtcp) !== port + 1 || where !== address) whole.push(`a=rtcp:${rtcp} ${where}`);
  }
  return whole;
}

/** How many lines of each kind are lost, and how many descriptions are not taken at all. */
function losses(translate: Translate): { total: number; failed: number; list: string } {
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
  return { total, failed, list: list.join(', ') };
}

for (const { span, mine, peers } of spans) {
  console.log(
    `Lines of ${texts.length} recorded descriptions that are gone, or have changed, after SDP → ${span} → SDP:`,
  );
  for (const { name, translate } of [{ name: 'stoxgate', translate: mine }, ...peers]) {
    const { total, failed, list } = losses(translate);
    console.log(`  ${name}: ${total} lines${failed === 0 ? '' : `, and ${failed} descriptions not at all`}`);
    if (list !== '') console.log(`    ${list}`);
  }
}

const rounds = Number(values.rounds);

function microseconds(translate: Translate, taken: readonly string[]): number {
  const started = process.cpuUsage();
  for (let round = 0; round < rounds; round++) translate(taken[round % taken.length] ?? '');
  const { user, system } = process.cpuUsage(started);
  return (user + system) / rounds;
}

function takes(translate: Translate, text: string): boolean {
  try {
    return translate(text) !== '';
  } catch {
    return false;
  }
}

// Speed: each pair on the descriptions that the peer takes.
for (const { span, mine, peers } of spans) {
  for (const { name, translate } of peers) {
    const taken = texts.map(({ text }) => text).filter((text) => takes(translate, text));
    microseconds(mine, taken);
    microseconds(translate, taken);
    const own: number[] = [];
    const theirs: number[] = [];
    for (let pair = 0; pair < Number(values.pairs); pair++) {
      own.push(microseconds(mine, taken));
      theirs.push(microseconds(translate, taken));
    }
    const ratio = median(theirs) / median(own);
    console.log(
      `SDP → ${span} → SDP, CPU for one of ${taken.length} descriptions, median of ${values.pairs}: stoxgate ` +
        `${median(own).toFixed(1)} µs, ${name} ${median(theirs).toFixed(1)} µs, ${ratio.toFixed(2)} times ours`,
    );
    if (ratio < 1) process.exitCode = 1;
  }
}
