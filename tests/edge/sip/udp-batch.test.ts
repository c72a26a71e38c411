// The optional addon keeps the promises of node:dgram. It is built for the test into a folder of its own.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { StoxgateError } from '../../../src/base/index.ts';
import { batchDatagramSocket } from '../../../src/edge/sip/index.ts';
import { EdgeRig, bytes, rawUdp, udp, until } from './edge-rig.ts';
import { udpSuite } from './udp-suite.ts';

const folder = mkdtempSync(join(tmpdir(), 'stoxgate-addon-'));
const file = join(folder, 'udp-batch.node');
const hasCompiler = spawnSync('cc', ['--version']).status === 0;
after(() => rmSync(folder, { recursive: true, force: true }));

if (hasCompiler) {
  const build = spawnSync(join(import.meta.dirname, '../../../addon/build.sh'), [file], { encoding: 'utf8' });
  assert.equal(build.status, 0, build.stderr);
  const createDatagramSocket = batchDatagramSocket(file);
  assert.ok(createDatagramSocket !== undefined);
  udpSuite('SIP over UDP, by the batch addon', { createDatagramSocket });

  describe('many datagrams in one system call', () => {
    test('a thousand each way arrive, whole, unmixed and in order', async () => {
      const rig = await EdgeRig.start([udp()], { createDatagramSocket });
      rig.onMessage = ({ text, source }) =>
        rig.edge.send(bytes(`re ${text}`), {
          transport: 'UDP',
          address: source.remoteAddress,
          port: source.remotePort,
        });
      const peers = await Promise.all([rawUdp(), rawUdp()]);
      const answers = peers.map((): string[] => []);
      for (const [i, peer] of peers.entries()) peer.on('message', (data) => answers[i]?.push(String(data)));
      const { port, address } = rig.endpoint('UDP');
      const expected: string[] = [];
      for (let n = 0; n < 500; n++) {
        const text = `${n}${'x'.repeat(n)}`;
        expected.push(`re ${text}`);
        for (const peer of peers) peer.send(text, port, address);
        // A few at a time: the point is batches, not the size of the system's buffers.
        if (n % 50 === 49) await until(() => answers.every((list) => list.length === n + 1));
      }
      for (const list of answers) assert.deepEqual(list, expected);
      for (const peer of peers) peer.close();
      await rig.stop();
    });

    test('a datagram that the system refuses is told to its sender; those around it go', async () => {
      const rig = await EdgeRig.start([udp()], { createDatagramSocket });
      const failures: Error[] = [];
      const failed = (error: Error): number => failures.push(error);
      rig.edge.send(bytes('before'), rig.target('UDP'), failed);
      rig.edge.send(Buffer.alloc(65_508), rig.target('UDP'), failed);
      rig.edge.send(bytes('after'), rig.target('UDP'), failed);
      await until(() => rig.received.length === 2 && failures.length === 1);
      assert.deepEqual(
        rig.received.map(({ text }) => text),
        ['before', 'after'],
      );
      await rig.stop();
    });
  });
} else {
  test('the addon', { skip: 'there is no C compiler here' }, () => {});
}

describe('the choice between both', () => {
  test('not built: node:dgram', () => {
    assert.equal(batchDatagramSocket(join(folder, 'nothing.node')), undefined);
  });

  test('a file that does not load is an error with a remedy', () => {
    const junk = join(folder, 'junk.node');
    writeFileSync(junk, 'no shared object');
    assert.throws(
      () => batchDatagramSocket(junk),
      (error: unknown) => error instanceof StoxgateError && error.code === 'ERR_SIP_UDP_ADDON',
    );
  });
});
