// One UDP socket, small enough that another implementation (many datagrams in a system call) can take its place.

import { createSocket } from 'node:dgram';
import type { Bytes, IpFamily } from '../../base/index.ts';

export interface DatagramHandlers {
  /** The sender's address as the socket tells it; the block may be used again after return. */
  message(bytes: Bytes, address: string, port: number): void;
  /** Trouble while running; the socket goes on. */
  error(error: Error): void;
}

export interface DatagramOptions {
  readonly family: IpFamily;
  /** No IPv4 on a socket bound to "::". */
  readonly ipv6Only: boolean;
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
}

export interface DatagramSocket {
  /** Binds; rejects with the system's error. Resolves with the real port. */
  bind(address: string, port: number): Promise<number>;
  /** `address` is of the socket's own family. `failed` is called later, when the system did not take the datagram. */
  send(bytes: Bytes, address: string, port: number, failed?: (error: Error) => void): void;
  close(): Promise<void>;
}

export type DatagramSocketFactory = (options: DatagramOptions, handlers: DatagramHandlers) => DatagramSocket;

type LookupCallback = (error: null, address: string, family: number) => void;

/** By node:dgram. */
export function nodeDatagramSocket(options: DatagramOptions, handlers: DatagramHandlers): DatagramSocket {
  const socket = createSocket({
    type: options.family === 6 ? 'udp6' : 'udp4',
    ipv6Only: options.ipv6Only,
    recvBufferSize: options.receiveBufferBytes,
    sendBufferSize: options.sendBufferBytes,
    // Addresses are literal: answering at once saves a tick and a tenth to a quarter of the CPU of each send.
    lookup: (hostname: string, _options: unknown, callback: LookupCallback) =>
      callback(null, hostname, options.family),
  });
  socket.on('message', (bytes, sender) => handlers.message(bytes, sender.address, sender.port));
  return {
    bind: (address, port) =>
      new Promise((resolve, reject) => {
        const failed = (error: Error): void => {
          socket.close();
          reject(error);
        };
        socket.once('error', failed);
        socket.bind(port, address, () => {
          socket.removeListener('error', failed);
          socket.on('error', (error) => handlers.error(error));
          resolve(socket.address().port);
        });
      }),
    send: (bytes, address, port, failed) => {
      if (failed === undefined) return socket.send(bytes, port, address);
      return socket.send(bytes, port, address, (error) => {
        if (error !== null) failed(error);
      });
    },
    close: () =>
      new Promise((resolve) => {
        socket.close(() => resolve());
      }),
  };
}
