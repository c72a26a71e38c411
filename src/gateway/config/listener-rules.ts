// Listeners among themselves, and what they let the peers see.

import { canonicalIp, parseIpAddress } from '../../base/index.ts';
import type { Remark } from './finding.ts';
import type { Config } from './schema.ts';

interface Bound {
  readonly transport: 'UDP' | 'TCP';
  readonly host: string;
  readonly port: number;
  readonly key: string;
  readonly path: readonly (string | number)[];
}

export function remarksOnListeners(config: Config): Remark[] {
  const remarks: Remark[] = [];
  const bound: Bound[] = config.sip.listen.map((listen, index) => ({
    ...listen,
    transport: listen.transport === 'UDP' ? 'UDP' : 'TCP',
    key: `sip.listen[${index}]`,
    path: ['sip', 'listen', index],
  }));
  for (const [index, listen] of (config.xmpp.server?.listen ?? []).entries()) {
    const key = `xmpp.server.listen[${index}]`;
    bound.push({ ...listen, transport: 'TCP', key, path: ['xmpp', 'server', 'listen', index] });
  }
  if (config.console !== undefined) {
    bound.push({
      transport: 'TCP',
      ...config.console.listen,
      key: 'console.listen',
      path: ['console', 'listen'],
    });
  }
  for (const [index, listener] of bound.entries()) {
    const earlier = bound.slice(0, index).find((other) => clash(listener, other));
    if (earlier !== undefined) {
      remarks.push({ path: listener.path, message: `takes the same address and port as ${earlier.key}` });
    }
  }
  for (const [index, listen] of config.sip.listen.entries()) {
    if (isWildcard(listen.host) && listen.advertise === undefined && config.sip.advertise === undefined) {
      remarks.push({
        path: ['sip', 'listen', index],
        severity: 'warning',
        message: 'listens on every address, and peers cannot answer to that: set sip.advertise',
      });
    }
  }
  return remarks;
}

/** Two sockets cannot share a port when their addresses are equal or one of them is the wildcard of the family. */
function clash(left: Bound, right: Bound): boolean {
  if (left.transport !== right.transport || left.port !== right.port || left.port === 0) return false;
  if (left.host === right.host) return true;
  const one = parseIpAddress(left.host);
  const other = parseIpAddress(right.host);
  if (one === undefined || other === undefined || one.family !== other.family) return false;
  return (
    isWildcard(left.host) || isWildcard(right.host) || canonicalIp(left.host) === canonicalIp(right.host)
  );
}

function isWildcard(host: string): boolean {
  return parseIpAddress(host)?.octets.every((octet) => octet === 0) ?? false;
}
