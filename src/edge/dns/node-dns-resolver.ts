// DNS by node:dns: c-ares on its own sockets, not the system's name service and its thread pool.

import { Resolver } from 'node:dns/promises';
import { StoxgateError } from '../../base/index.ts';
import type { DnsAnswer, DnsResolver, NaptrRecord, SrvRecord } from '../../sip/index.ts';
import { addressAnswer, failureAnswer, naptrAnswer, srvAnswer } from './records.ts';

export interface NodeDnsResolverOptions {
  /** "127.0.0.1:53", "[::1]:53" or without a port, in order; undefined or empty: those of the system. */
  readonly servers?: readonly string[] | undefined;
  /** For the first try of each server, in milliseconds; c-ares doubles it for each further one. */
  readonly timeoutMs?: number;
  /** How often each server is asked. */
  readonly tries?: number;
}

const DEFAULT_TIMEOUT_MS = 1500;
const DEFAULT_TRIES = 2;

/** See the file head. Nothing rejects or throws after the constructor. */
export class NodeDnsResolver implements DnsResolver {
  readonly #resolver: Resolver;

  /** Throws `ERR_DNS_SERVERS` when a server is not an address with an optional port. */
  constructor(options: NodeDnsResolverOptions = {}) {
    this.#resolver = new Resolver({
      timeout: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      tries: options.tries ?? DEFAULT_TRIES,
    });
    const servers = options.servers ?? [];
    if (servers.length === 0) return;
    try {
      this.#resolver.setServers(servers);
    } catch (cause) {
      throw new StoxgateError('ERR_DNS_SERVERS', `not DNS servers: ${servers.join(', ')}`, { cause });
    }
  }

  async naptr(name: string): Promise<DnsAnswer<NaptrRecord>> {
    try {
      return naptrAnswer(await this.#resolver.resolveNaptr(name));
    } catch (error) {
      return failureAnswer(error);
    }
  }

  async srv(name: string): Promise<DnsAnswer<SrvRecord>> {
    try {
      return srvAnswer(await this.#resolver.resolveSrv(name));
    } catch (error) {
      return failureAnswer(error);
    }
  }

  async a(name: string): Promise<DnsAnswer<string>> {
    try {
      return addressAnswer(await this.#resolver.resolve4(name, { ttl: true }), 4);
    } catch (error) {
      return failureAnswer(error);
    }
  }

  async aaaa(name: string): Promise<DnsAnswer<string>> {
    try {
      return addressAnswer(await this.#resolver.resolve6(name, { ttl: true }), 6);
    } catch (error) {
      return failureAnswer(error);
    }
  }

  /** Ends all open questions; each is answered with a failure. */
  cancel(): void {
    this.#resolver.cancel();
  }
}
