// Do the configured DNS servers answer? Each is asked alone, since together one hides the other.

import { Resolver } from 'node:dns/promises';
import type { Config } from '../gateway/index.ts';
import type { SurroundingFinding } from './check.ts';

const TIMEOUT_MS = 2000;
const TRIES = 2;

/** Errors that mean that nobody answered. Any other is an answer: a server need not know the root. */
const SILENCE = new Set(['ETIMEOUT', 'ECONNREFUSED', 'ECONNABORTED', 'EREFUSED_CONNECTION']);

export async function checkDns(config: Config): Promise<SurroundingFinding[]> {
  const findings = await Promise.all(
    config.dns.servers.map(async (server, index): Promise<SurroundingFinding[]> => {
      const code = await silenceOf(server);
      if (code === undefined) return [];
      const message = code === 'ECONNREFUSED' ? 'nothing listens there' : 'no answer';
      return [
        {
          key: `dns.servers[${index}]`,
          message: `${server}: ${message}`,
          remedy: 'correct the address, start the server, or open the firewall for UDP and TCP port 53',
        },
      ];
    }),
  );
  return findings.flat();
}

async function silenceOf(server: string): Promise<string | undefined> {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  resolver.setServers([server]);
  try {
    await resolver.resolveNs('.');
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    return SILENCE.has(code) ? code : undefined;
  }
}
