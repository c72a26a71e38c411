// SipEdges on loopback with recording sinks, and raw peers to set against them.

import assert from 'node:assert/strict';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { Counters, VirtualTime, latin1Text, silentLog } from '../../../src/base/index.ts';
import { SipEdge, type ListenConfig, type SipEdgeEnv } from '../../../src/edge/sip/index.ts';
import type { LocalEndpoint, Source, Target, TransportName } from '../../../src/sip/index.ts';

export const hasIpv6Loopback = Object.values(networkInterfaces()).some((list) =>
  list?.some(({ address }) => address === '::1'),
);

export interface Received {
  readonly text: string;
  readonly source: Source;
}

/** A started SipEdge in virtual time; everything that came in is written down. */
export class EdgeRig {
  readonly time = new VirtualTime(undefined, 100);
  readonly counters = new Counters();
  readonly received: Received[] = [];
  readonly closed: { id: number; error: Error | undefined }[] = [];
  readonly edge: SipEdge;
  /** Called for each message, to answer it. */
  onMessage: ((received: Received) => void) | undefined;

  private constructor(listeners: readonly ListenConfig[], options: Partial<SipEdgeEnv>) {
    const { time, counters } = this;
    const env = { clock: time, timers: time.timers, log: silentLog, counters, ...options };
    this.edge = new SipEdge(listeners, env, {
      message: (bytes, source) => {
        const received = { text: latin1Text(bytes), source };
        this.received.push(received);
        this.onMessage?.(received);
      },
      closed: (id, error) => this.closed.push({ id, error }),
    });
  }

  static async start(
    listeners: readonly ListenConfig[] = [udp(), tcp()],
    options: Partial<SipEdgeEnv> = {},
  ): Promise<EdgeRig> {
    const rig = new EdgeRig(listeners, options);
    await rig.edge.start();
    return rig;
  }

  endpoint(transport: TransportName): LocalEndpoint {
    const endpoint = this.edge.localEndpoints.find((each) => each.transport === transport);
    assert.ok(endpoint !== undefined);
    return endpoint;
  }

  target(transport: TransportName): Target {
    const { address, port } = this.endpoint(transport);
    return { transport, address, port };
  }

  /** Stops, and proves that nothing is left. */
  async stop(): Promise<void> {
    await this.edge.stop();
    assert.equal(this.edge.connectionCount, 0);
    assert.equal(this.time.timers.size, 0);
    assert.deepEqual(this.edge.localEndpoints, []);
  }
}

export function udp(host = '127.0.0.1', port = 0): ListenConfig {
  return { transport: 'UDP', host, port };
}

export function tcp(host = '127.0.0.1', port = 0): ListenConfig {
  return { transport: 'TCP', host, port };
}

export function listener(transport: TransportName, host = '127.0.0.1', port = 0): ListenConfig {
  return { transport, host, port };
}

/** Waits until it holds, in real time, because sockets need it. */
export async function until(condition: () => boolean, what = 'the condition', ms = 15_000): Promise<void> {
  const end = Date.now() + ms;
  while (!condition()) {
    assert.ok(Date.now() < end, `${what} did not come true within ${ms} ms`);
    await delay(2);
  }
}

/** A message of a given body, with a Content-Length unless told otherwise. */
export function message(body = 'hello', callId = 'a'): string {
  return [
    'MESSAGE sip:ann@example.com SIP/2.0',
    'Via: SIP/2.0/TCP peer.example;branch=z9hG4bK1',
    'From: <sip:bob@example.net>;tag=1',
    'To: <sip:ann@example.com>',
    `Call-ID: ${callId}`,
    'CSeq: 1 MESSAGE',
    'Content-Type: text/plain',
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}

/** A TCP client that writes down what it reads. */
export class RawClient {
  readonly socket: Socket;
  text = '';
  ended = false;
  closed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => {
      this.text += latin1Text(chunk);
    });
    socket.on('end', () => {
      this.ended = true;
    });
    socket.on('close', () => {
      this.closed = true;
    });
    socket.on('error', () => {});
  }

  static async connect({ address, port }: { address: string; port: number }): Promise<RawClient> {
    const socket = connect({ host: address, port });
    await once(socket, 'connect');
    return new RawClient(socket);
  }
}

export async function rawUdp(address = '127.0.0.1'): Promise<UdpSocket> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.bind(0, address);
  await once(socket, 'listening');
  return socket;
}

export function portOf(address: AddressInfo | string | null): number {
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}

export function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
