// Two whole gateways, each the XMPP server of its own SIP domain, over loopback: what a SIP user of one writes reaches a SIP
// user of the other by server-to-server XMPP, found by DNS (RFC 6120 §3.2, §9.2; rows S2S-01 … S2S-07, DNS-05).

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { parseConfig, startGateway, type Config, type Gateway } from '../../src/gateway/index.ts';
import { TestDnsServer, type SrvData } from '../edge/dns/dns-server.ts';
import { statusOf, type SipText } from '../peers/sip-text.ts';
import { TestCa, type TestCertificate } from '../peers/test-ca.ts';
import { logInto, pause, type LogEntry } from './rig.ts';
import { SipPeer, textOf, unique } from './sip-peer.ts';

const WEST = 'west.example';
const EAST = 'east.example';

class Side {
  readonly domain: string;
  readonly sip: SipPeer;
  readonly log: LogEntry[] = [];
  gateway!: Gateway;
  /** Of its XMPP listeners; the same ones after a restart. */
  ports: readonly [number, number] = [0, 0];

  constructor(domain: string, sip: SipPeer) {
    this.domain = domain;
    this.sip = sip;
  }

  port(scheme: string): number {
    const url = this.gateway.status().listeners.find((listener) => listener.startsWith(`${scheme}:`));
    return Number(url?.split(':').at(-1) ?? 0);
  }

  /** A MESSAGE of `ann` of this side. */
  say(to: string, body: string): Promise<SipText> {
    const parts = {
      uri: `sip:${to}`,
      from: `<sip:ann@${this.domain}>`,
      to: `<sip:${to}>`,
      callId: unique('s2s'),
    };
    return this.sip.ask({ ...parts, body }, this.port('udp'), 20_000);
  }
}

function configOf(
  own: string,
  others: readonly string[],
  sip: SipPeer,
  certificate: TestCertificate,
  dns: string,
  dialback: string,
  ports: readonly [number, number],
): Config {
  const text = JSON.stringify({
    domains: [
      { home: 'sip', sip: own, xmpp: own },
      ...others.map((name) => ({ home: 'xmpp', xmpp: name, sip: name })),
    ],
    sip: {
      listen: ['udp://127.0.0.1:0'],
      next_hops: { [own]: `sip:127.0.0.1:${sip.port};transport=udp;lr` },
      trusted: ['127.0.0.1/32'],
    },
    xmpp: {
      server: {
        listen: [`tcp://127.0.0.1:${ports[0]}`, `tls://127.0.0.1:${ports[1]}`],
        tls: certificate,
        dialback,
      },
    },
    dns: { servers: [dns], private_targets: 'allow' },
    store: 'memory:',
  });
  const config = parseConfig(text, '/test.yaml', { env: {}, readFile: (path) => readFileSync(path, 'utf8') });
  if (!config.ok) assert.fail(JSON.stringify(config.error));
  return config.value;
}

for (const [name, dialback, kind] of [
  ['certificates, STARTTLS', 'never', 'xmpp-server'],
  ['certificates, TLS from the start', 'never', 'xmpps-server'],
  ['dialback', 'over-tls', 'xmpp-server'],
  ['any domain, by what DNS says (DNS-02)', 'never', 'xmpp-server'],
] as const) {
  const byDns = name.startsWith('any');
  const others = (other: string): string[] => (byDns ? ['*'] : [other, 'lost.example']);
  describe(`two gateways: ${name}`, () => {
    const ca = new TestCa();
    const sides: Side[] = [];
    let dns: TestDnsServer;
    const [west, east] = [(): Side => sides[0] ?? assert.fail(), (): Side => sides[1] ?? assert.fail()];

    const start = async (side: Side, other: string): Promise<void> => {
      // With dialback the certificates prove nobody.
      const named = dialback === 'never' ? side.domain : 'nobody.example';
      const certificate = ca.make({ names: [`DNS:${named}`] });
      const address = await dnsAddress;
      const config = configOf(
        side.domain,
        others(other),
        side.sip,
        certificate,
        address,
        dialback,
        side.ports,
      );
      side.gateway = await startGateway(config, {
        log: logInto(side.log),
        version: '0.0.0-test',
        timing: { t4Ms: 60 },
      });
      side.ports = [side.port('xmpp-tcp'), side.port('xmpp-tls')];
      const scheme = kind === 'xmpp-server' ? 'xmpp-tcp' : 'xmpp-tls';
      const record: SrvData = { priority: 0, weight: 0, port: side.port(scheme), target: 'host.example' };
      dns.zone = { ...dns.zone, [`SRV _${kind}._tcp.${side.domain}`]: [record] };
    };
    let dnsAddress: Promise<string>;

    before(async () => {
      dns = new TestDnsServer({ 'A host.example': ['127.0.0.1'] });
      dnsAddress = dns.start();
      sides.push(new Side(WEST, await SipPeer.open()), new Side(EAST, await SipPeer.open()));
      await start(west(), EAST);
      await start(east(), WEST);
    });
    after(async () => {
      await Promise.all(sides.map(({ gateway }) => gateway.stop()));
      await Promise.all(sides.map(({ sip }) => sip.close()));
      await dns.stop();
      ca.remove();
    });

    test('ready and healthy as soon as the listeners are bound', () => {
      const { ready, healthy, listeners } = west().gateway.status();
      assert.ok(ready && healthy);
      assert.equal(listeners.filter((url) => /^xmpp-(tcp|tls):\/\/127\.0\.0\.1:\d+$/.test(url)).length, 2);
    });

    for (const [from, to] of [
      [west, east],
      [east, west],
    ] as const) {
      test(`a message from ${from === west ? 'west to east' : 'east to west'}, answered when it is acknowledged`, async () => {
        const answer = await from().say(`bob@${to().domain}`, 'over the border');
        assert.equal(statusOf(answer), 202);
        const heard = await to().sip.requests.next(
          'the MESSAGE',
          (each) => textOf(each) === 'over the border',
        );
        assert.match(heard.startLine, new RegExp(`^MESSAGE sip:bob@${to().domain.replace('.', '\\.')}`));
      });
    }

    test('a hundred messages, each once', async () => {
      const all = Array.from({ length: 100 }, (_, i) => `number ${i}`);
      const answers = await Promise.all(all.map((body) => west().say(`bob@${EAST}`, body)));
      assert.deepEqual(new Set(answers.map(statusOf)), new Set([202]));
      const heard: string[] = [];
      while (heard.length < all.length) {
        heard.push(
          textOf(await east().sip.requests.next('the next', (each) => textOf(each).startsWith('number'))),
        );
      }
      assert.deepEqual(heard.toSorted(), all.toSorted());
    });

    test('DNS-05: a domain that is nowhere: 404', async () => {
      assert.equal(statusOf(await west().say('bob@lost.example', 'anybody?')), 404);
    });

    if (byDns) {
      test('DNS-02, DNS-05: a domain of SIP is not looked for in XMPP: 404; one that nothing is known of: 504', async () => {
        const sip: SrvData = { priority: 0, weight: 0, port: 5060, target: 'elsewhere.example' };
        const [xmpp] = [dns.zone[`SRV _${kind}._tcp.${EAST}`] ?? []];
        dns.zone = {
          ...dns.zone,
          'SRV _sip._udp.phones.example': [sip],
          [`SRV _${kind}._tcp.phones.example`]: xmpp,
          'SRV _sip._udp.dark.example': 'SERVFAIL',
        };
        assert.equal(statusOf(await west().say('bob@phones.example', 'hello')), 404);
        assert.equal(statusOf(await west().say('bob@dark.example', 'hello')), 504);
      });
    }

    test('the other gateway stops and comes back: 504 meanwhile, delivered afterwards', async () => {
      await east().gateway.stop();
      assert.equal(statusOf(await west().say(`bob@${EAST}`, 'are you there?')), 504);
      await start(east(), WEST);
      let status: number | undefined;
      // A dead domain is left alone for a second or two.
      for (let i = 0; i < 100 && status !== 202; i++) {
        status = statusOf(await west().say(`bob@${EAST}`, `back ${i}`));
        if (status !== 202) await pause(100);
      }
      assert.equal(status, 202);
    });

    test('nothing is left open', async () => {
      const left = (side: Side): number => side.gateway.status().counters?.['s2s_stanzas'] ?? -1;
      for (let i = 0; i < 100 && left(west()) + left(east()) > 0; i++) await pause(20);
      assert.equal(left(west()) + left(east()), 0);
      const errors = sides.flatMap(({ log }) => log.filter(({ level }) => level === 'error'));
      assert.deepEqual(errors, []);
    });
  });
}
