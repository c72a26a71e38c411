// Large requests do not go over UDP (RFC 3261 §18.1.1, table row DNS-16).

import type { Target } from '../transport.ts';

/** "… if it is larger than 1300 bytes and the path MTU is unknown …": octets of the whole request. */
export const MAX_UDP_REQUEST_BYTES = 1300;

/** The target by which a request of `bytes` octets has to go: the same address and port over TCP when it is large. */
export function transportForSize(target: Target, bytes: number, maxUdpBytes = MAX_UDP_REQUEST_BYTES): Target {
  if (target.transport !== 'UDP' || bytes <= maxUdpBytes) return target;
  return { transport: 'TCP', address: target.address, port: target.port };
}
