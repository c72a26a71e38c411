// What a SIGKILL of the gateway costs on a component link, which has no acknowledgement: messages that the XMPP server
// has handed to its kernel, and that are neither in the store nor told to anybody. Each message is for a SIP user who is
// away, so that the store is the only place where it can be; nothing else is asked of the gateway meanwhile.
//
//   node tests/long/loss-window.ts [--kills 10] [--rates 100,1000,5000,0]     (0: as fast as the link takes them)

import { parseArgs } from 'node:util';
import { freePorts } from '../peers/ports.ts';
import { SipEndpoint } from '../peers/sip-endpoint.ts';
import { Stoxgate } from '../peers/stoxgate.ts';
import { TempFolder } from '../peers/temp-folder.ts';
import { mustBecome, pause, waitFor } from '../peers/wait.ts';
import { messageXml, SECRET, XmppPeer } from '../system/xmpp-peer.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '10' },
    rates: { type: 'string', default: '100,1000,5000,0' },
  },
});

const USERS = 200;
const DOMAIN = 'example.net';
/** Load before the kill: at least this, and then some, so that kills do not fall in with commits. */
const LEAD_MS = 600;
const STEP_MS = 5;
/** Octets that may wait in the server when it writes as fast as it can. */
const AHEAD = 256 * 1024;
/** About what one stanza has, in octets. */
const STANZA = 300;

interface Loss {
  readonly lost: number;
  /** Age of the oldest lost one when the gateway was killed. */
  readonly oldestMs: number;
  readonly octets: number;
  readonly handed: number;
}

async function measure(perSecond: number, leadMs: number): Promise<Loss> {
  const folder = new TempFolder('window');
  const [port = 0, consolePort = 0] = await freePorts(2);
  const sip = await SipEndpoint.open({ user: 'u', domain: DOMAIN, proxyPort: port });
  const xmpp = await XmppPeer.open();
  const gateway = new Stoxgate({
    folder: folder.folder('stoxgate'),
    consolePort,
    config: {
      domains: [
        { home: 'sip', sip: DOMAIN, xmpp: DOMAIN },
        { home: 'xmpp', xmpp: 'example.com', sip: 'example.com' },
      ],
      sip: {
        listen: [`udp://127.0.0.1:${port}`],
        next_hops: { [DOMAIN]: `sip:127.0.0.1:${sip.port};transport=udp;lr` },
        trusted: ['127.0.0.1/32'],
      },
      xmpp: { components: [{ domain: DOMAIN, host: '127.0.0.1', port: xmpp.port, secret: SECRET }] },
      offline: { keep: true, per_user: 10_000, per_domain: 1_000_000 },
      log: { level: 'warn', format: 'json' },
    },
  });
  try {
    let there = false;
    sip.answer = () => (there ? 200 : 480);
    await gateway.start();
    await gateway.healthy();

    // From now on messages for these users go straight into the store.
    for (let user = 0; user < USERS; user++)
      xmpp.write(messageXml({ to: `u${user}@${DOMAIN}`, id: `first${user}`, type: 'chat', body: 'first' }));
    const kept = `stoxgate_held{kind="kept_messages"} ${USERS}`;
    await mustBecome('everybody away', async () => (await gateway.metrics()).includes(kept), 20_000);
    const told = new Set<string>();
    xmpp.react = (stanza) => {
      if (stanza.attr('type') === 'error') told.add(stanza.attr('id') ?? '');
      return undefined;
    };

    /** By number: when the kernel took it. */
    const handed = new Map<string, number>();
    let waiting = 0;
    let octets = 0;
    let index = 0;
    const write = (): void => {
      const number = `k${index}`;
      const to = `u${index % USERS}@${DOMAIN}`;
      index += 1;
      const xml = messageXml({ to, id: number, type: 'chat', body: `${number} ${'x'.repeat(180)}` });
      octets = xml.length;
      waiting += xml.length;
      xmpp.write(xml, undefined, (error) => {
        waiting -= xml.length;
        if (error === undefined || error === null) handed.set(number, performance.now());
      });
    };
    const began = performance.now();
    for (let now = began; now - began < leadMs; now = performance.now()) {
      const more = perSecond > 0 ? ((now - began) * perSecond) / 1000 - index : (AHEAD - waiting) / STANZA;
      for (let count = 0; count < more; count++) write();
      await (perSecond > 0 ? pause(STEP_MS) : new Promise((resolve) => setImmediate(resolve)));
    }
    const killedMs = performance.now();
    const killed = gateway.kill();
    await waitFor(() => !xmpp.linked, 5000, 1);
    await killed;

    there = true;
    await gateway.start();
    await gateway.healthy();
    // Everybody comes, and everything that was kept goes to him.
    const users = Array.from({ length: USERS }, (_, user) => `u${user}@${DOMAIN}`);
    for (let before = -1; before !== sip.received.length; await pause(1500)) {
      before = sip.received.length;
      await Promise.all(
        users.map((from) => sip.message('someone@example.com', 'here', { from, timeoutMs: 5000 })),
      );
    }
    const arrived = new Set(sip.received.map(({ body }) => body.toString('utf8').split(' ', 1)[0]));
    const missing = [...handed].filter(([number]) => !arrived.has(number) && !told.has(number));
    return {
      lost: missing.length,
      oldestMs: Math.max(0, ...missing.map(([, at]) => killedMs - at)),
      octets: missing.length * octets,
      handed: handed.size,
    };
  } finally {
    await gateway.kill();
    await xmpp.close();
    await sip.close();
    folder.remove();
  }
}

for (const rate of values.rates.split(',').map(Number)) {
  const losses: Loss[] = [];
  for (let kill = 0; kill < Number(values.kills); kill++)
    losses.push(await measure(rate, LEAD_MS + Math.random() * 400));
  const lost = losses.map((loss) => loss.lost).toSorted((left, right) => left - right);
  const oldest = Math.max(...losses.map(({ oldestMs }) => oldestMs));
  const kib = Math.max(...losses.map(({ octets }) => octets)) / 1024;
  const speed = losses.reduce((sum, { handed }) => sum + handed, 0) / losses.length;
  process.stdout.write(
    `${rate === 0 ? 'full speed' : `${rate}/s`}: median ${lost[lost.length >> 1]}, most ${lost.at(-1)} lost of ${speed.toFixed(0)}; ` +
      `oldest ${oldest.toFixed(0)} ms before the kill; at most ${kib.toFixed(0)} KiB\n`,
  );
}
