// The DNS resolvers: the one of the configuration in force, and those of earlier ones that may still be asked something.

import { NodeDnsResolver } from '../edge/dns/index.ts';

/** Earlier ones that are left alone; a look-up lasts some seconds at most. */
const MAX_RESOLVERS = 4;

export class Resolvers {
  #all: readonly NodeDnsResolver[] = [];

  /** The newest. */
  get current(): NodeDnsResolver {
    return this.#all.at(-1) ?? this.add([]);
  }

  /** Throws `ERR_DNS_SERVERS`. */
  add(servers: readonly string[]): NodeDnsResolver {
    const resolver = new NodeDnsResolver({ servers });
    this.#all = [...this.#all, resolver];
    return resolver;
  }

  /** Ends those that are too old; what was asked of them is answered with a failure. */
  retire(): void {
    for (const old of this.#all.slice(0, -MAX_RESOLVERS)) old.cancel();
    this.#all = this.#all.slice(-MAX_RESOLVERS);
  }

  cancel(): void {
    for (const resolver of this.#all) resolver.cancel();
  }
}
