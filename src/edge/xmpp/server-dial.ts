// One TCP connection to the first of several addresses that answers (RFC 8305 §5): the next is tried when the one before it
// has failed, or has not answered for a quarter of a second and goes on being tried.

import { connect, type Socket } from 'node:net';
import type { Timer, Timers } from '../../base/index.ts';

/** Addresses that are tried. */
const MAX_ADDRESSES = 8;

export interface DialOptions {
  readonly addresses: readonly string[];
  readonly port: number;
  readonly raceMs: number;
}

export interface Dial {
  /** Ends all attempts; nothing is heard of them any more. */
  cancel(): void;
}

/** `done` is called once: with a connected socket, or with the error of the last attempt. */
export function dial(
  { addresses, port, raceMs }: DialOptions,
  timers: Timers,
  done: (result: Socket | Error) => void,
): Dial {
  const list = addresses.slice(0, MAX_ADDRESSES);
  const open = new Set<Socket>();
  let next = 0;
  let over = false;
  let timer: Timer | undefined;

  const finish = (winner: Socket | undefined): void => {
    over = true;
    timers.clear(timer);
    for (const socket of open) if (socket !== winner) socket.destroy();
    open.clear();
  };
  const attempt = (): void => {
    timers.clear(timer);
    const host = list[next];
    if (over || host === undefined) return;
    next += 1;
    const socket = connect({ host, port });
    open.add(socket);
    socket.once('connect', () => {
      if (over) return;
      socket.removeAllListeners('error');
      finish(socket);
      done(socket);
    });
    socket.on('error', (error) => {
      open.delete(socket);
      if (over) return;
      if (next < list.length) attempt();
      else if (open.size === 0) {
        finish(undefined);
        done(error);
      }
    });
    if (next < list.length) timer = timers.set(raceMs, attempt);
  };
  attempt();
  return { cancel: () => finish(undefined) };
}
