// Listeners in words: as the status shows them, and with what Via and Contact say.

import type { ListenConfig } from '../edge/sip/index.ts';
import type { Config } from './config/schema.ts';

/** `scheme://ADDRESS:PORT`, IPv6 in brackets. */
export function listenerUrl(scheme: string, address: string, port: number): string {
  return `${scheme.toLowerCase()}://${address.includes(':') ? `[${address}]` : address}:${port}`;
}

export function withAdvertise(
  listen: Config['sip']['listen'][number],
  advertise: string | undefined,
): ListenConfig {
  const own = listen.advertise ?? advertise;
  return own === undefined ? listen : { ...listen, advertise: own };
}
