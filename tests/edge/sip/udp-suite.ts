import { test, describe } from 'node:test';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { StoxgateError } from '../../../src/base/index.ts';
import type { SipEdgeEnv } from '../../../src/edge/sip/index.ts';
import { freePort } from '../../peers/ports.ts';
import { EdgeRig, bytes, hasIpv6Loopback, rawUdp, tcp, udp, until } from './edge-rig.ts';

const noIpv6 = hasIpv6Loopback ? false : 'this machine has no ::1';

function code(error: Error | undefined): string | undefined {
  return error instanceof StoxgateError ? error.code : undefined;
}

/** Every promise of SIP over UDP, kept by one implementation of the socket. */
export function udpSuite(name: string, options: Partial<SipEdgeEnv> = {}): void {
  describe(name, () => {
    for (const [address, skip] of [
      ['127.0.0.1', false],
      ['::1', noIpv6],
    ] as const) {
      test(`RFC 3261 §18: a datagram is a message, both ways, ${address}`, { skip }, async () => {
        const rig = await EdgeRig.start([udp(address)], options);
        const peer = await rawUdp(address);
        const { port } = rig.endpoint('UDP');
        peer.send(bytes('hello'), port, address);
        await until(() => rig.received.length === 1);
        const [first] = rig.received;
        assert.ok(first !== undefined);
        assert.equal(first.text, 'hello');
        assert.deepEqual(first.source, {
          transport: 'UDP',
          reliable: false,
          remoteAddress: address,
          remotePort: peer.address().port,
          local: rig.endpoint('UDP'),
          connectionId: undefined,
        });
        const answer = once(peer, 'message');
        rig.edge.send(bytes('answer'), { transport: 'UDP', address, port: peer.address().port });
        const [data, sender] = await answer;
        assert.equal(String(data), 'answer');
        assert.equal(sender.port, port);
        peer.close();
        await rig.stop();
      });
    }

    test('an empty datagram is nothing', async () => {
      const rig = await EdgeRig.start([udp()], options);
      const peer = await rawUdp();
      const { port, address } = rig.endpoint('UDP');
      peer.send(bytes(''), port, address);
      peer.send(bytes('x'), port, address);
      await until(() => rig.received.length > 0);
      assert.deepEqual(
        rig.received.map(({ text }) => text),
        ['x'],
      );
      peer.close();
      await rig.stop();
    });

    test('the largest datagram arrives whole; one octet more fails, later and once', async () => {
      const rig = await EdgeRig.start([udp()], options);
      const failures: Error[] = [];
      rig.edge.send(Buffer.alloc(65_507, 0x61), rig.target('UDP'), (error) => failures.push(error));
      await until(() => rig.received.length === 1);
      assert.equal(rig.received[0]?.text.length, 65_507);
      rig.edge.send(Buffer.alloc(65_508, 0x61), rig.target('UDP'), (error) => failures.push(error));
      assert.equal(failures.length, 0);
      await until(() => failures.length > 0);
      assert.deepEqual(failures.map(code), ['ERR_SIP_TRANSPORT_SEND']);
      // Without anybody to tell it is silent, and the socket goes on.
      rig.edge.send(Buffer.alloc(65_508, 0x61), rig.target('UDP'));
      rig.edge.send(bytes('after'), rig.target('UDP'));
      await until(() => rig.received.length === 2);
      assert.equal(rig.counters.total('stoxgate_sip_transport_troubles_total'), 1);
      await rig.stop();
    });

    test('a target that cannot be: port 0, port 65536, no listener of its family or transport', async () => {
      const rig = await EdgeRig.start([udp()], options);
      const failures: (string | undefined)[] = [];
      const failed = (error: Error) => failures.push(code(error));
      rig.edge.send(bytes('x'), { transport: 'UDP', address: '127.0.0.1', port: 0 }, failed);
      rig.edge.send(bytes('x'), { transport: 'UDP', address: '127.0.0.1', port: 65_536 }, failed);
      rig.edge.send(bytes('x'), { transport: 'UDP', address: '::1', port: 5060 }, failed);
      rig.edge.send(bytes('x'), { transport: 'TCP', address: '127.0.0.1', port: 5060 }, failed);
      rig.edge.send(bytes('x'), { transport: 'TLS', address: '127.0.0.1', port: 5061 }, failed);
      assert.equal(rig.edge.localFor({ transport: 'UDP', address: '::1', port: 5060 }), undefined);
      assert.equal(rig.edge.localFor({ transport: 'WSS', address: '127.0.0.1', port: 443 }), undefined);
      assert.deepEqual(failures, []);
      await until(() => failures.length === 5);
      const count = (wanted: string) => failures.filter((failure) => failure === wanted).length;
      assert.equal(count('ERR_SIP_TRANSPORT_NONE'), 3);
      assert.equal(count('ERR_SIP_TRANSPORT_SEND'), 2);
      await rig.stop();
    });

    test('RFC 3581 §4: a response leaves from the listener at which its request arrived', async () => {
      const rig = await EdgeRig.start([udp(), udp()], options);
      const [first, second] = rig.edge.localEndpoints;
      assert.ok(first !== undefined && second !== undefined);
      const peer = await rawUdp();
      for (const local of [first, second]) {
        peer.send(bytes('request'), local.port, local.address);
        await until(() => rig.received.length === 1);
        const source = rig.received.pop()?.source;
        assert.equal(source?.local, local);
        const answer = once(peer, 'message');
        const port = peer.address().port;
        rig.edge.send(bytes('response'), {
          transport: 'UDP',
          address: '127.0.0.1',
          port,
          local: source?.local,
        });
        const [, sender] = await answer;
        assert.equal(sender.port, local.port);
      }
      peer.close();
      await rig.stop();
    });

    test(
      'a listener on "::" alone takes IPv4 too, and shows plain IPv4 addresses',
      { skip: noIpv6 },
      async () => {
        const rig = await EdgeRig.start([udp('::')], options);
        const { port } = rig.endpoint('UDP');
        const peer = await rawUdp();
        peer.send(bytes('four'), port, '127.0.0.1');
        await until(() => rig.received.length === 1);
        assert.equal(rig.received[0]?.source.remoteAddress, '127.0.0.1');
        assert.equal(rig.received[0]?.source.local.advertiseHost, '127.0.0.1');
        const answer = once(peer, 'message');
        rig.edge.send(bytes('back'), { transport: 'UDP', address: '127.0.0.1', port: peer.address().port });
        const [data] = await answer;
        assert.equal(String(data), 'back');
        assert.deepEqual(rig.edge.support.families('UDP'), [6, 4]);
        peer.close();
        await rig.stop();
      },
    );

    test('"0.0.0.0" and "::" on one port stand side by side', { skip: noIpv6 }, async () => {
      const port = await freePort();
      const rig = await EdgeRig.start(
        [udp('0.0.0.0', port), udp('::', port), tcp('0.0.0.0', port), tcp('::', port)],
        options,
      );
      assert.equal(
        rig.edge.localFor({ transport: 'UDP', address: '127.0.0.1', port: 1 })?.address,
        '0.0.0.0',
      );
      assert.equal(rig.edge.localFor({ transport: 'TCP', address: '::1', port: 1 })?.address, '::');
      await rig.stop();
    });

    test('a listener that cannot be bound is named, and nothing stays open', async () => {
      const first = await EdgeRig.start([udp(), tcp()], options);
      const used = first.endpoint('UDP').port;
      const usedTcp = first.endpoint('TCP').port;
      for (const [listeners, text] of [
        [[udp(), udp('127.0.0.1', used)], `udp://127.0.0.1:${used}: another program listens there`],
        [
          [udp(), tcp(), tcp('127.0.0.1', usedTcp)],
          `tcp://127.0.0.1:${usedTcp}: another program listens there`,
        ],
        [[udp('192.0.2.77')], 'udp://192.0.2.77:0: this machine has no such address'],
        [[tcp('localhost')], 'tcp://localhost:0'],
      ] as const) {
        await assert.rejects(EdgeRig.start(listeners, options), (error: unknown) => {
          assert.ok(error instanceof StoxgateError && error.code === 'ERR_SIP_LISTEN', String(error));
          assert.ok(error.message.includes(text), error.message);
          return true;
        });
      }
      await first.stop();
    });

    test('a bug in the room above is counted and logged, and hurts no other message', async () => {
      const rig = await EdgeRig.start([udp()], options);
      rig.onMessage = ({ text }) => {
        if (text === 'bad') throw new Error('a bug');
      };
      rig.edge.send(bytes('bad'), rig.target('UDP'));
      rig.edge.send(bytes('good'), rig.target('UDP'));
      await until(() => rig.received.length === 2);
      assert.equal(rig.counters.total('stoxgate_bugs_total'), 1);
      await rig.stop();
    });
  });
}
