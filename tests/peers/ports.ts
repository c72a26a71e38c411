// Free ports on the loopback interface that two runs at the same time never share.
import { createServer, type Server } from 'node:net';
import { createSocket } from 'node:dgram';

// Below the kernel's ephemeral range (32768 and up), so that no outgoing connection takes the port meanwhile.
const FIRST_PORT = 20_000;
const PORT_COUNT = 12_000;
const TRIES = 200;

const held: Server[] = [];

/**
 * A port of 127.0.0.1 that is free for TCP and UDP, reserved for this process until it ends.
 * The reservation is a socket in Linux's abstract name space: it cannot be left behind.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORT_COUNT);
    const reservation = await listens(createServer(), { path: `\0stoxgate-port-${port}` });
    if (reservation === undefined) continue;
    if ((await tcpIsFree(port)) && (await udpIsFree(port))) {
      reservation.unref();
      held.push(reservation);
      return port;
    }
    reservation.close();
  }
  throw new Error(`no free port found in ${TRIES} tries`);
}

export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) ports.push(await freePort());
  return ports;
}

/** A loopback address of its own whose `port` is free for TCP and UDP, reserved as a port is. */
export async function freeAddress(port: number): Promise<string> {
  const part = (): number => 1 + Math.floor(Math.random() * 254);
  for (let attempt = 0; attempt < TRIES; attempt++) {
    // 127.64.0.0 and up: nobody names these.
    const address = `127.${64 + (part() % 64)}.${part()}.${part()}`;
    const reservation = await listens(createServer(), { path: `\0stoxgate-address-${address}` });
    if (reservation === undefined) continue;
    if ((await tcpIsFree(port, address)) && (await udpIsFree(port, address))) {
      reservation.unref();
      held.push(reservation);
      return address;
    }
    reservation.close();
  }
  throw new Error(`no free loopback address found in ${TRIES} tries`);
}

function listens(
  server: Server,
  where: { path: string } | { host: string; port: number },
): Promise<Server | undefined> {
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen(where, () => resolve(server));
  });
}

async function tcpIsFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  const server = await listens(createServer(), { host, port });
  if (server === undefined) return false;
  await new Promise((resolve) => server.close(resolve));
  return true;
}

function udpIsFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => resolve(false));
    socket.bind(port, host, () => socket.close(() => resolve(true)));
  });
}
