import assert from 'node:assert/strict';
import { createServer, Socket } from 'node:net';
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { describe, test } from 'node:test';
import { gatherWrites } from '../../../src/edge/sip/gather-writes.ts';
import { pause } from '../../peers/wait.ts';
import { bytes, EdgeRig, message, portOf, tcp, until } from './edge-rig.ts';

function writesMany(stream: Writable): stream is Writable & Required<Pick<Writable, '_writev'>> {
  return stream._writev !== undefined;
}

/** A stream that notes what each of its writes holds. */
function noted(): { readonly stream: Writable; readonly writes: string[][] } {
  const writes: string[][] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      writes.push([String(chunk)]);
      done();
    },
    writev(chunks, done) {
      writes.push(chunks.map(({ chunk }) => String(chunk)));
      done();
    },
  });
  return { stream, writes };
}

function write(stream: Writable, text: string): void {
  gatherWrites(stream);
  stream.write(text);
}

describe('writes of one turn', () => {
  test('leave as one, in order; those of the next turn as another one', async () => {
    const { stream, writes } = noted();
    for (const text of ['a', 'b', 'c']) write(stream, text);
    assert.deepEqual(writes, [], 'not before the turn is over');
    await pause(0);
    for (const text of ['d', 'e']) write(stream, text);
    await pause(0);
    assert.deepEqual(writes, [
      ['a', 'b', 'c'],
      ['d', 'e'],
    ]);
    assert.equal(stream.writableCorked, 0);
  });

  test('much of it leaves in several, before the turn is over', async () => {
    const { stream, writes } = noted();
    for (let i = 0; i < 5; i++) write(stream, String(i).repeat(30_000));
    assert.deepEqual(
      writes.map((each) => each.length),
      [3],
    );
    await pause(0);
    assert.equal(
      writes.flat().join(''),
      Array.from({ length: 5 }, (_, i) => String(i).repeat(30_000)).join(''),
    );
    assert.equal(stream.writableCorked, 0);
  });

  test('a single one leaves at the end of its turn', async () => {
    const { stream, writes } = noted();
    write(stream, 'a');
    await Promise.resolve();
    await pause(0);
    assert.deepEqual(writes, [['a']]);
  });

  test('what was written before the end of the stream leaves before it', async () => {
    const { stream, writes } = noted();
    write(stream, 'a');
    write(stream, 'b');
    stream.end();
    await once(stream, 'finish');
    assert.deepEqual(writes, [['a', 'b']]);
  });

  test('a stream that is destroyed in the same turn fails each of them, once', async () => {
    const { stream, writes } = noted();
    stream.on('error', () => {});
    const failures: unknown[] = [];
    for (const text of ['a', 'b']) {
      gatherWrites(stream);
      stream.write(text, (error) => failures.push(error));
    }
    stream.destroy(new Error('gone'));
    await pause(5);
    assert.deepEqual(writes, []);
    assert.equal(failures.length, 2);
    assert.ok(failures.every((error) => error instanceof Error));
  });

  test('of a connection: a hundred messages, one system call', async (t) => {
    const rig = await EdgeRig.start([tcp()]);
    let text = '';
    const server = createServer((socket) => socket.on('data', (chunk) => (text += chunk.toString('latin1'))));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(async () => {
      await rig.edge.stop();
      server.close();
    });
    const target = { transport: 'TCP' as const, address: '127.0.0.1', port: portOf(server.address()) };
    rig.edge.send(bytes(message('first')), target);
    await until(() => text.endsWith('first'));
    const sockets = Socket.prototype;
    assert.ok(writesMany(sockets));
    const gathered = t.mock.method(sockets, '_writev');
    for (let i = 0; i < 100; i++) rig.edge.send(bytes(message(`number ${i}`)), target);
    await until(() => text.endsWith('number 99'));
    assert.equal(gathered.mock.callCount(), 1);
    assert.deepEqual(
      [...text.matchAll(/number (\d+)/g)].map(([, number]) => Number(number)),
      Array.from({ length: 100 }, (_, i) => i),
    );
  });
});
