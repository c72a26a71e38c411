// DNS from a table: a resolver whose answers, failures and delays a test writes down.

import type { DnsAnswer, DnsResolver, NaptrRecord, SrvRecord } from '../../../src/sip/index.ts';

type Entry<R> = readonly R[] | 'timeout' | 'server' | 'never' | 'reject';

export interface DnsTable {
  readonly naptr?: Readonly<Record<string, Entry<NaptrRecord>>>;
  readonly srv?: Readonly<Record<string, Entry<SrvRecord>>>;
  readonly a?: Readonly<Record<string, Entry<string>>>;
  readonly aaaa?: Readonly<Record<string, Entry<string>>>;
  /** Of A and AAAA, in seconds. */
  readonly ttl?: number;
}

/** Answers from a table that may be changed meanwhile; what it was asked is written down in order. */
export class TableResolver implements DnsResolver {
  table: DnsTable;
  asked: string[] = [];

  constructor(table: DnsTable) {
    this.table = table;
  }

  naptr(name: string): Promise<DnsAnswer<NaptrRecord>> {
    return this.#answer('NAPTR', name, this.table.naptr?.[name]);
  }

  srv(name: string): Promise<DnsAnswer<SrvRecord>> {
    return this.#answer('SRV', name, this.table.srv?.[name]);
  }

  a(name: string): Promise<DnsAnswer<string>> {
    return this.#answer('A', name, this.table.a?.[name], this.table.ttl ?? 300);
  }

  aaaa(name: string): Promise<DnsAnswer<string>> {
    return this.#answer('AAAA', name, this.table.aaaa?.[name], this.table.ttl ?? 300);
  }

  #answer<R>(type: string, name: string, entry: Entry<R> | undefined, ttl?: number): Promise<DnsAnswer<R>> {
    this.asked.push(`${type} ${name}`);
    if (entry === 'never') return new Promise(() => {});
    if (entry === 'reject') return Promise.reject(new Error('a resolver that breaks its promise'));
    if (entry === 'timeout' || entry === 'server') return Promise.resolve({ kind: 'failure', reason: entry });
    if (entry === undefined || entry.length === 0) return Promise.resolve({ kind: 'none' });
    return Promise.resolve({
      kind: 'records',
      records: entry,
      ...(ttl === undefined ? {} : { ttlMs: ttl * 1000 }),
    });
  }
}

/** "50 50 s SIP+D2T _sip._tcp.example.com", as in a zone file; regexp empty unless given. */
export function naptr(text: string, regexp = ''): NaptrRecord {
  const [order, preference, flags = '', service = '', replacement = ''] = text.split(' ');
  return { order: Number(order), preference: Number(preference), flags, service, regexp, replacement };
}

/** "0 1 5060 server1.example.com", as in a zone file. */
export function srv(text: string): SrvRecord {
  const [priority, weight, port, target = ''] = text.split(' ');
  return { priority: Number(priority), weight: Number(weight), port: Number(port), target };
}
