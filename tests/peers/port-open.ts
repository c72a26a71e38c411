// Is somebody listening there?
import { connect } from 'node:net';
import { waitFor } from './wait.ts';

export function portIsOpen(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Throws when the port is not open in time. */
export async function untilPortIsOpen(
  name: string,
  port: number,
  timeoutMs = 10_000,
  host = '127.0.0.1',
): Promise<void> {
  if (await waitFor(() => portIsOpen(port, host), timeoutMs, 50)) return;
  throw new Error(`${name} does not listen on port ${port} after ${timeoutMs} ms`);
}
