// The message load over TLS and between servers, as ratios to the plain ways: SIP over UDP, XMPP as a component. All of them in
// turn in the same run and with the same generator, which is itself a process of Node: so the CPU time of the gateway is what
// counts, while messages a second also say what TLS costs the generator.
//
//   npm run bench:transports -- [--rounds 3] [--count 60000] [--warm-up 60000] [--direction sip2xmpp] [--only tls,s2s]

import { parseArgs } from 'node:util';
import { TestCa } from '../tests/peers/test-ca.ts';
import { MessageEnds, type MessageFigures, type MessageLoad, type Ways } from './ends/message-load.ts';
import { freePorts, stoxgateWith, type Ports } from './gateways.ts';
import { median } from './load.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    count: { type: 'string', default: '60000' },
    'warm-up': { type: 'string', default: '60000' },
    direction: { type: 'string' },
    only: { type: 'string' },
    prof: { type: 'string' },
  },
});

interface Variant extends Ways {
  readonly key: string;
  readonly name: string;
}

const PLAIN: Variant = {
  ...{ key: 'plain', name: 'UDP, component', sip: 'udp', mutual: false, servers: false },
};
const VARIANTS: readonly Variant[] = [
  { ...PLAIN, key: 'tcp', name: 'TCP, component', sip: 'tcp' },
  { ...PLAIN, key: 'tls', name: 'TLS, component', sip: 'tls' },
  { ...PLAIN, key: 'mutual', name: 'TLS with both certificates, component', sip: 'tls', mutual: true },
  { ...PLAIN, key: 's2s', name: 'UDP, between servers', servers: true },
  {
    ...{ key: 'both', name: 'TLS with both certificates, between servers' },
    ...{ sip: 'tls', mutual: true, servers: true },
  },
];

const ca = new TestCa();
/** Beyond the month before its end, in which the gateway warns. */
const days = 90;
const certificates = {
  gateway: ca.make({ names: ['URI:sip:gw.test', 'DNS:gw.test'], days }),
  sip: ca.make({ names: ['URI:sip:sip.test', 'DNS:sip.test'], days }),
  xmpp: ca.make({ names: ['DNS:xmpp.test'], days }),
};

function configOf(ways: Ways, ports: Ports): string {
  const { certificate, key, ca: authority } = certificates.gateway;
  const tls = `{ certificate: ${certificate}, key: ${key}, ca: ${authority} }`;
  const component = `components: [{ domain: gw.test, host: 127.0.0.1, port: ${ports.xmpp}, secret: benchsecret }]`;
  const server = `server:
    listen: ["tcp://127.0.0.1:${ports.server}"]
    tls: ${tls}
    next_hops: { xmpp.test: "127.0.0.1:${ports.xmpp}" }`;
  return `sip:
  listen: ["${ways.sip}://127.0.0.1:${ports.sip}"]
  next_hops: { sip.test: "sip:127.0.0.1:${ports.peer};transport=${ways.sip}" }
${ways.mutual ? '' : '  trusted: ["127.0.0.1/32"]\n'}${ways.sip === 'tls' ? `  tls: ${tls}\n` : ''}xmpp:
  ${ways.servers ? server : component}
`;
}

async function run(variant: Variant, load: MessageLoad): Promise<MessageFigures> {
  const ports = await freePorts();
  const options = values.prof === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.prof}`];
  const under = stoxgateWith(variant.name, (at) => configOf(variant, at), undefined, options);
  const { ends, gateway } = await MessageEnds.open(variant, ports, certificates, () => under.start(ports));
  try {
    return await ends.measure(load, gateway.pid);
  } finally {
    await gateway.stop();
    ends.close();
  }
}

const rounds = Number(values.rounds);
const wanted = values.only?.split(',');
const variants = [PLAIN, ...VARIANTS.filter(({ key }) => wanted?.includes(key) ?? true)];
try {
  for (const direction of ['sip2xmpp', 'xmpp2sip'] as const) {
    if (values.direction !== undefined && values.direction !== direction) continue;
    await compare({
      ...{ direction, count: Number(values.count), warmUp: Number(values['warm-up']) },
      ...{ window: 64, targets: 500, bodyOctets: 200 },
    });
  }
} finally {
  ca.remove();
}

async function compare(load: MessageLoad): Promise<void> {
  console.log(
    `\n${load.direction}: 64 outstanding, 500 targets, 200-octet bodies; medians of ${rounds} runs, in turn`,
  );
  const results = variants.map((): MessageFigures[] => []);
  for (let round = 0; round < rounds; round++) {
    // Now one goes first, now the other: what the machine does besides falls on all.
    const order = round % 2 === 0 ? variants.keys() : [...variants.keys()].reverse();
    for (const index of order) {
      const variant = variants[index];
      if (variant !== undefined) results[index]?.push(await run(variant, load));
    }
  }
  const [plain = []] = results;
  for (const [index, { name }] of variants.entries()) {
    const runs = results[index] ?? [];
    const of = (figure: keyof MessageFigures): number => median(runs.map((each) => each[figure]));
    // The runs of one round stand side by side.
    const ratio = (figure: keyof MessageFigures): string =>
      median(runs.map((each, round) => each[figure] / (plain[round]?.[figure] ?? Number.NaN))).toFixed(2);
    console.log(
      `  ${name.padEnd(44)} ${of('cpuSecondsPer100k').toFixed(2)} CPU s per 100,000 (${ratio('cpuSecondsPer100k')}), ` +
        `${of('perSecond').toFixed(0)}/s (${ratio('perSecond')}), lost ${of('lost')}, duplicates ${of('duplicates')}`,
    );
    if (runs.some(({ lost, duplicates }) => lost + duplicates > 0)) process.exitCode = 1;
  }
}
