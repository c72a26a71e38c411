// Can the listeners be bound? Each is bound for a moment and let go.

import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { Config } from '../gateway/index.ts';
import type { SurroundingFinding } from './check.ts';

interface Place {
  readonly key: string;
  readonly transport: 'UDP' | 'TCP' | 'TLS' | 'WS' | 'WSS';
  readonly host: string;
  readonly port: number;
}

export async function checkPorts(config: Config): Promise<SurroundingFinding[]> {
  const places: Place[] = config.sip.listen.map((listen, index) => ({
    key: `sip.listen[${index}]`,
    ...listen,
  }));
  for (const [index, { host, port }] of (config.xmpp.server?.listen ?? []).entries()) {
    places.push({ key: `xmpp.server.listen[${index}]`, transport: 'TCP', host, port });
  }
  if (config.console !== undefined) {
    places.push({ key: 'console.listen', transport: 'TCP', ...config.console.listen });
  }
  const findings: SurroundingFinding[] = [];
  // One after the other: they must not get in each other's way.
  for (const place of places) {
    const error = await (place.transport === 'UDP' ? bindUdp(place) : bindTcp(place));
    if (error !== undefined) findings.push(findingOf(place, error));
  }
  return findings;
}

function bindUdp({ host, port }: Place): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const ipv6 = host.includes(':');
    const socket = createSocket({ type: ipv6 ? 'udp6' : 'udp4', ipv6Only: ipv6 });
    socket.once('error', (error) => {
      socket.close();
      resolve(error);
    });
    socket.bind({ address: host, port, exclusive: true }, () => socket.close(() => resolve(undefined)));
  });
}

function bindTcp({ host, port }: Place): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen({ host, port, ipv6Only: host.includes(':'), exclusive: true }, () =>
      server.close(() => resolve(undefined)),
    );
  });
}

function findingOf(place: Place, error: Error): SurroundingFinding {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const host = place.host.includes(':') ? `[${place.host}]` : place.host;
  const where = `${place.transport.toLowerCase()}://${host}:${place.port}`;
  const { message, remedy } = reasons[code] ?? {
    message: error.message,
    remedy: 'choose another address or port',
  };
  return { key: place.key, message: `${where} cannot be bound: ${message}`, remedy };
}

const reasons: Readonly<Record<string, { readonly message: string; readonly remedy: string }>> = {
  EADDRINUSE: {
    message: 'it is in use',
    remedy: 'a gateway may be running already; otherwise choose another port, or stop what listens there',
  },
  EADDRNOTAVAIL: {
    message: 'this machine does not have the address',
    remedy: 'choose one of its own, or 0.0.0.0 or [::] for all',
  },
  EACCES: {
    message: 'permission denied',
    remedy: 'ports below 1024 need CAP_NET_BIND_SERVICE; choose a higher one',
  },
  ENOTFOUND: { message: 'the name has no address', remedy: 'write the address itself' },
  EAFNOSUPPORT: { message: 'this machine has no IPv6', remedy: 'take the IPv6 listener out' },
};
