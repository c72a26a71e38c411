// Does every next hop and presence server lead somewhere, and is there a SIP server for every SIP domain without one? RFC 3263.

import { Counters, SecureRandom, silentLog } from '../base/index.ts';
import { NodeDnsResolver } from '../edge/dns/index.ts';
import { presenceServers, System, type Config } from '../gateway/index.ts';
import { Locator, NextHops, TransportSupport, type LocateFault } from '../sip/index.ts';
import type { SurroundingFinding } from './check.ts';

export async function checkTargets(config: Config): Promise<SurroundingFinding[]> {
  const system = new System(silentLog);
  const support = new TransportSupport(
    config.sip.listen
      // RFC 7118: nobody can be called over WebSocket.
      .filter(({ transport }) => transport !== 'WS' && transport !== 'WSS')
      .map(({ transport, host }) => [transport, host.includes(':') ? 6 : 4] as const),
  );
  const locator = (privateTargets: 'refuse' | 'allow'): Locator =>
    new Locator(
      {
        clock: system.clock,
        timers: system.timers,
        random: new SecureRandom(),
        resolver: new NodeDnsResolver({ servers: config.dns.servers }),
        counters: new Counters(),
      },
      { support, privateTargets },
    );
  // The operator named the hops, so that they may be anywhere; what DNS names may not.
  const byOperator = locator('allow');
  const byDns = locator(config.dns.private_targets);
  try {
    const found = await Promise.all([
      ...Object.entries(config.sip.next_hops).flatMap(([domain, hops]) =>
        hops.map(async (hop, index) => {
          const result = await byOperator.locate(hop);
          return result.ok
            ? []
            : [hopFinding(domain, hops.length === 1 ? undefined : index, hop, result.error)];
        }),
      ),
      ...presenceServers(config).map(async (server) => {
        const result = await byOperator.locate(server);
        return result.ok ? [] : [serverFinding(server, result.error)];
      }),
      ...domainsByDns(config).map(async ([index, domain]) => {
        const result = await byDns.locate(`sip:${domain}`);
        return result.ok ? [] : [domainFinding(index, domain, result.error)];
      }),
    ]);
    return found.flat();
  } finally {
    byOperator.stop();
    byDns.stop();
    system.stop();
  }
}

/** The SIP domains, with their rules, that only DNS can find. */
function domainsByDns(config: Config): [number, string][] {
  const hops = NextHops.read(config.sip.next_hops);
  return config.domains.flatMap((rule, index): [number, string][] => {
    const byName = rule.home === 'sip' && !rule.sip.includes('*');
    const hop = hops.ok ? hops.value.find(rule.sip) : undefined;
    return byName && hop === undefined ? [[index, rule.sip]] : [];
  });
}

function hopFinding(
  domain: string,
  index: number | undefined,
  hop: string,
  fault: LocateFault,
): SurroundingFinding {
  const place = index === undefined ? '' : `[${index}]`;
  return {
    key: `sip.next_hops[${JSON.stringify(domain)}]${place}`,
    message: `${hop}: ${fault.message}`,
    remedy: remedies[fault.code],
  };
}

function serverFinding(server: string, fault: LocateFault): SurroundingFinding {
  return { key: 'presence.server', message: `${server}: ${fault.message}`, remedy: remedies[fault.code] };
}

function domainFinding(index: number, domain: string, fault: LocateFault): SurroundingFinding {
  return {
    key: `domains[${index}].sip`,
    message: `no SIP server for ${domain}: ${fault.message}`,
    remedy:
      fault.code === 'unresolvable'
        ? `publish SRV records, or name one in sip.next_hops`
        : remedies[fault.code],
  };
}

const remedies: Readonly<Record<LocateFault['code'], string>> = {
  unresolvable: 'correct the name, or write the address',
  'dns-timeout': 'see that the DNS servers answer (dns.servers)',
  refused: 'it leads to a private address: name it in sip.next_hops, or set dns.private_targets: allow',
  'no-transport': 'add a listener of this transport and address family to sip.listen',
  'not-connected':
    'his page is not connected now (web_phone); a server of his domain may be named in sip.next_hops',
};
