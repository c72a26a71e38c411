// Where the server of a domain is: static places, else SRV records of both kinds in one order, else the domain itself.
// Sources: RFC 6120 §3.2; RFC 2782; XEP-0368 1.1 §3; row S2S-01. Addresses that lead into our own network are refused
// (dns.private_targets).

import { canonicalIp, type Random } from '../../base/index.ts';
import { domainToHost } from '../../mapping/index.ts';
import { orderSrv, specialUse, type DnsCache, type SrvRecord } from '../../sip/index.ts';
import type { ServerPlace } from './server-options.ts';

const SERVER_PORT = 5269;
/** Targets that are tried; a zone may hold hundreds. */
const MAX_TARGETS = 16;

/** Addresses of one target, best first. */
export interface ServerTarget {
  readonly transport: 'TCP' | 'TLS';
  readonly port: number;
  readonly addresses: readonly string[];
}

export type Located =
  | { readonly ok: true; readonly places: readonly ServerPlace[]; readonly foreign: boolean }
  | { readonly ok: false; readonly found: 'nothing' | 'unknown'; readonly text: string };

export interface LocateEnv {
  readonly dns: DnsCache;
  readonly random: Random;
  readonly privateTargets: 'refuse' | 'allow';
  nextHops(domain: string): readonly ServerPlace[] | undefined;
}

/** The places to try, in order. `found: 'nothing'`: there is no such server; `'unknown'`: DNS does not answer. */
export async function locateServer(domain: string, env: LocateEnv): Promise<Located> {
  const fixed = env.nextHops(domain);
  if (fixed !== undefined) return { ok: true, places: fixed, foreign: false };
  const host = domainToHost(domain);
  if (!host.ok) return { ok: false, found: 'nothing', text: 'the domain is no host name' };
  const name = host.value;
  const literal = canonicalIp(name.startsWith('[') ? name.slice(1, -1) : name);
  if (literal !== undefined) return places([{ transport: 'TCP', host: literal, port: SERVER_PORT }]);
  const [clear, direct] = await Promise.all([
    env.dns.srv(`_xmpp-server._tcp.${name}`),
    env.dns.srv(`_xmpps-server._tcp.${name}`),
  ]);
  const tcp = clear.answer.kind === 'records' ? clear.answer.records : [];
  const tls = direct.answer.kind === 'records' ? direct.answer.records : [];
  // RFC 6120 §3.2.1, §3.2.2: without any record the domain is its own server; also when DNS did not answer.
  if (tcp.length + tls.length === 0) return places([{ transport: 'TCP', host: name, port: SERVER_PORT }]);
  // XEP-0368 §3: one order for both.
  const merged = [
    ...tcp.map((record) => placed(record, 'TCP')),
    ...tls.map((record) => placed(record, 'TLS')),
  ];
  const usable = merged.filter(({ host: target }) => target !== '.');
  // RFC 2782: the target "." says that the service is decidedly not available; there is no fallback then.
  if (usable.length === 0)
    return { ok: false, found: 'nothing', text: 'its DNS says that it has no XMPP server' };
  return places(orderSrv(usable, env.random).slice(0, MAX_TARGETS));
}

function placed(
  record: SrvRecord,
  transport: 'TCP' | 'TLS',
): ServerPlace & Pick<SrvRecord, 'priority' | 'weight'> {
  const { target, port, priority, weight } = record;
  return { transport, host: target, port, priority, weight };
}

function places(list: readonly ServerPlace[]): Located {
  return { ok: true, places: list, foreign: true };
}

export type Addressed =
  | { readonly ok: true; readonly target: ServerTarget }
  | { readonly ok: false; readonly found: 'nothing' | 'unknown' | 'refused' };

/** The addresses of one place: IPv6 and IPv4 in turn, IPv6 first (RFC 8305 §4). */
export async function addressesOf(place: ServerPlace, foreign: boolean, env: LocateEnv): Promise<Addressed> {
  const { transport, port } = place;
  const literal = canonicalIp(place.host);
  const found = literal === undefined ? await ask(place.host, env) : { addresses: [literal], unknown: false };
  if (found.addresses.length === 0) return { ok: false, found: found.unknown ? 'unknown' : 'nothing' };
  const refuse = foreign && env.privateTargets === 'refuse';
  const addresses = refuse
    ? found.addresses.filter((address) => specialUse(address) === undefined)
    : found.addresses;
  return addresses.length === 0
    ? { ok: false, found: 'refused' }
    : { ok: true, target: { transport, port, addresses } };
}

async function ask(
  name: string,
  { dns }: LocateEnv,
): Promise<{ readonly addresses: readonly string[]; readonly unknown: boolean }> {
  const [six, four] = await Promise.all([dns.aaaa(name), dns.a(name)]);
  const v6 = six.answer.kind === 'records' ? six.answer.records : [];
  const v4 = four.answer.kind === 'records' ? four.answer.records : [];
  const addresses: string[] = [];
  for (let i = 0; i < Math.max(v6.length, v4.length); i++) {
    for (const address of [v6[i], v4[i]]) if (address !== undefined) addresses.push(address);
  }
  return { addresses, unknown: six.answer.kind === 'failure' || four.answer.kind === 'failure' };
}
