// The first SRV target of a link is dead: at connect, in TLS, in mid-stream (rows DNS-15, S2S-01; RFC 2782, RFC 3263 §4.3).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { inOwnNetwork } from '../peers/own-network.ts';
import type { SipEndpoint } from '../peers/sip-endpoint.ts';
import { mustBecome } from '../peers/wait.ts';
import type { XmppClient } from '../peers/xmpp-client.ts';
import { FULL_MATRIX } from './lab.ts';
import { DeadEnd } from './worlds-dead-ends.ts';
import { S2S_PORT, SIP_DOMAIN, SIPS_PORT, Worlds, XMPP_DOMAIN, type HostName } from './worlds-stage.ts';

const ALICE = `alice@${XMPP_DOMAIN}`;
const ZOE = `zoe@${SIP_DOMAIN}`;
/** Messages under way each way when a host dies. */
const CROWD = 40;

interface Fault {
  readonly name: string;
  readonly host: HostName;
  /** Prosody and Kamailio go on to their second target as well. */
  readonly peersGoOn: boolean;
  /** Its XMPP port begins with TLS. */
  readonly direct?: boolean;
  readonly open?: (worlds: Worlds, port: number) => Promise<DeadEnd>;
  readonly long?: boolean;
}

const faults: readonly Fault[] = [
  { name: 'refuses connections', host: 'dead', peersGoOn: true },
  { name: 'is silent', host: 'silent', peersGoOn: false, long: true },
  {
    name: 'shows the certificate of somebody else',
    host: 'dead',
    peersGoOn: false,
    direct: true,
    open: (worlds, port) =>
      DeadEnd.impostor(worlds.host('dead'), port, worlds.ca.make({ names: ['DNS:impostor.test'] })),
  },
  {
    name: 'cuts the TLS handshake',
    host: 'dead',
    peersGoOn: false,
    direct: true,
    open: (worlds, port) => DeadEnd.cuts(worlds.host('dead'), port),
  },
];

inOwnNetwork(import.meta.filename, 4, (network) => {
  describe('the first SRV target is dead', () => {
    let worlds: Worlds;
    let alice: XmppClient;
    let zoe: SipEndpoint;

    before(async () => {
      worlds = await Worlds.open({ network, server: 'prosody' });
      [alice, zoe] = await Promise.all([worlds.alice(), worlds.zoe()]);
    });
    after(() => worlds.close());

    for (const { name, host, peersGoOn, direct, open, long } of faults) {
      test(
        `it ${name}: there and back`,
        { skip: long === true && !FULL_MATRIX && 'only in ./test-long' },
        async () => {
          const ends =
            open === undefined ? [] : [await open(worlds, S2S_PORT), await open(worlds, SIPS_PORT)];
          try {
            worlds.links(
              {
                ...{ xmppServer: [host, 'xs'], kamailio: [host, 'kam'] },
                ...(peersGoOn && { gatewayFromXmpp: [host, 'gw-a'], gatewayFromSip: [host, 'gw-a'] }),
              },
              direct === true ? [host] : [],
            );
            await worlds.forget();
            const { status } = await zoe.message(ALICE, `although it ${name}`);
            assert.equal(status, 202);
            await alice.message((m) => m.body === `although it ${name}`);
            alice.send({ to: ZOE, body: `back, although it ${name}` });
            await mustBecome(
              'the MESSAGE',
              () => zoe.bodies.includes(`back, although it ${name}`),
              network.family === 4 && long === true ? 40_000 : 10_000,
            );
            assert.deepEqual(
              alice.received.filter((m) => m.type === 'error'),
              [],
            );
            for (const end of ends) assert.ok(end.calls > 0, 'the first target was asked first');
          } finally {
            await Promise.all(ends.map((end) => end.die()));
          }
        },
      );
    }

    for (const [link, changed, at] of [
      ['gateway and XMPP server', { xmppServer: ['relay', 'xs'] }, [S2S_PORT, 'xs']],
      ['gateway and Kamailio', { kamailio: ['relay', 'kam'] }, [SIPS_PORT, 'kam']],
      ['Kamailio and gateway', { gatewayFromSip: ['relay', 'gw-a'] }, [SIPS_PORT, 'gw-a']],
    ] as const) {
      test(`it dies between ${link} with messages under way: each has its outcome`, async () => {
        const [port, target] = at;
        const relay = await DeadEnd.relay(worlds.host('relay'), port, worlds.host(target));
        worlds.links(changed);
        await worlds.forget();
        assert.equal((await zoe.message(ALICE, `before ${link}`)).status, 202);
        alice.send({ to: ZOE, body: `before ${link}, back` });
        await mustBecome('the first', () => zoe.bodies.includes(`before ${link}, back`), 8_000);
        assert.ok(relay.calls > 0, 'the relay is used');

        const numbers = Array.from({ length: CROWD }, (_, i) => i);
        const answers = numbers.map((i) => zoe.message(ALICE, `out ${i} ${link}`));
        for (const i of numbers) alice.send({ to: ZOE, body: `in ${i} ${link}`, id: `in ${i} ${link}` });
        await mustBecome('some are through', () => zoe.bodies.some((body) => body.startsWith('in ')), 8_000);
        await relay.die();

        for (const [i, { status }] of (await Promise.all(answers)).entries()) {
          const body = `out ${i} ${link}`;
          assert.notEqual(status, 0, `${body}: no answer`);
          if (status === 202) await alice.message((m) => m.body === body);
          // What Prosody had not acknowledged is written again, with the same id (row S2S-05).
          const ids = alice.received.filter((m) => m.body === body).map(({ id }) => id);
          assert.ok(new Set(ids).size <= 1 && ids.length <= 2, `${body}: ${ids.join()}`);
        }
        for (const i of numbers) {
          const body = `in ${i} ${link}`;
          const [heard, refused] = [
            (): number => zoe.bodies.filter((each) => each === body).length,
            (): number => alice.received.filter((m) => m.type === 'error' && m.id === body).length,
          ];
          await mustBecome(`an outcome of ${body}`, () => heard() + refused() > 0, 40_000);
          assert.ok(heard() <= 1 && refused() <= 1, `${body}: ${heard()} and ${refused()}`);
        }
        assert.equal((await zoe.message(ALICE, `after ${link}`)).status, 202);
      });
    }
  });
});
