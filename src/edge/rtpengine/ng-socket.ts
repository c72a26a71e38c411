// One connected UDP socket: datagrams of others are dropped by the system, and it tells when nobody listens there (ICMP).

import { createSocket } from 'node:dgram';
import { canonicalIp, type Bytes } from '../../base/index.ts';

export interface NgSocketHandlers {
  message(datagram: Bytes): void;
  /** The system does not reach the other end; the socket goes on. */
  error(error: Error): void;
}

export interface NgSocket {
  send(datagram: Bytes): void;
  close(): void;
}

export type OpenNgSocket = (host: string, port: number, handlers: NgSocketHandlers) => NgSocket;

/** By node:dgram. `host` is a literal address. What is sent before the socket is ready waits; it is one turn of the loop. */
export function openNgSocket(host: string, port: number, handlers: NgSocketHandlers): NgSocket {
  const socket = createSocket(canonicalIp(host)?.includes(':') === true ? 'udp6' : 'udp4');
  let waiting: Bytes[] | undefined = [];
  let closed = false;
  socket.on('message', (octets) => handlers.message(octets));
  socket.on('error', (error) => {
    if (!closed) handlers.error(error);
  });
  const sent = (error: Error | null): void => {
    if (error !== null && !closed) handlers.error(error);
  };
  socket.connect(port, host, () => {
    if (closed) return;
    for (const datagram of waiting ?? []) socket.send(datagram, sent);
    waiting = undefined;
  });
  return {
    send: (datagram) => {
      if (closed) return;
      if (waiting === undefined) socket.send(datagram, sent);
      else waiting.push(datagram);
    },
    close: () => {
      if (closed) return;
      closed = true;
      socket.close();
    },
  };
}
