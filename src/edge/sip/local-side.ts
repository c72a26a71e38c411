// The local side of a listener: which endpoint a given peer should see in Via, and how well the listener suits a peer.

import { networkInterfaces } from 'node:os';
import { IpNetwork, canonicalIp, parseIpAddress, type IpAddress, type IpFamily } from '../../base/index.ts';
import { transportTraits, type LocalEndpoint, type TransportName } from '../../sip/index.ts';
import { familyOf, hostText, isWildcard, type Advertise } from './listen-config.ts';

/** One address of this machine. */
export interface InterfaceAddress {
  readonly address: string;
  readonly network: IpNetwork;
  readonly loopback: boolean;
  readonly linkLocal: boolean;
}

const LOOPBACK = [network('127.0.0.0/8'), network('::1/128')];
const LINK_LOCAL = [network('169.254.0.0/16'), network('fe80::/10')];
/** Peers whose choice is remembered. */
const MAX_REMEMBERED = 4096;

/** The addresses of this machine now. */
export function readInterfaces(): InterfaceAddress[] {
  const found: InterfaceAddress[] = [];
  for (const list of Object.values(networkInterfaces())) {
    for (const { address: text, cidr } of list ?? []) {
      const address = parseIpAddress(text);
      const length = Number(cidr?.slice(cidr.indexOf('/') + 1));
      if (address === undefined || !Number.isInteger(length)) continue;
      found.push({
        address: canonicalIp(text) ?? text,
        network: new IpNetwork(address, length),
        loopback: isIn(LOOPBACK, address),
        linkLocal: isIn(LINK_LOCAL, address),
      });
    }
  }
  return found;
}

export interface LocalSideOptions {
  readonly transport: TransportName;
  /** Canonical. */
  readonly address: string;
  /** The real one, after binding. */
  readonly port: number;
  readonly dualStack: boolean;
  readonly advertise: Advertise | undefined;
  readonly interfaces: readonly InterfaceAddress[];
}

/** An endpoint that knows its listener, so that a response leaves where its request came in (RFC 3581 §4). */
class BoundEndpoint implements LocalEndpoint {
  readonly transport: TransportName;
  readonly address: string;
  readonly port: number;
  readonly advertiseHost: string;
  readonly advertisePort: number | undefined;
  readonly #side: LocalSide;

  constructor(side: LocalSide, options: LocalSideOptions, advertiseHost: string) {
    this.#side = side;
    this.transport = options.transport;
    this.address = options.address;
    this.port = options.port;
    this.advertiseHost = advertiseHost;
    const shown = options.advertise?.port ?? options.port;
    // RFC 3261 §19.1.2, RFC 7118 §5: left out where it is that of the transport.
    this.advertisePort = shown === transportTraits[options.transport].defaultPort ? undefined : shown;
  }

  static sideOf(endpoint: LocalEndpoint): LocalSide | undefined {
    return #side in endpoint ? endpoint.#side : undefined;
  }
}

/** See the file head. */
export class LocalSide {
  /** The endpoint in general; for a listener on all addresses the one for peers of the wide world. */
  readonly endpoint: LocalEndpoint;
  readonly #options: LocalSideOptions;
  readonly #family: IpFamily;
  readonly #anyAddress: boolean;
  /** A listener on all addresses without `advertise` shows each peer the address that is nearest to him. */
  readonly #adaptive: boolean;
  readonly #byAdvertised = new Map<string, LocalEndpoint>();
  readonly #byRemote = new Map<string, LocalEndpoint>();
  #lastRemote = '';
  #lastEndpoint: LocalEndpoint;

  constructor(options: LocalSideOptions) {
    this.#options = options;
    this.#family = familyOf(options.address);
    this.#anyAddress = isWildcard(options.address);
    this.#adaptive = this.#anyAddress && options.advertise === undefined;
    this.endpoint = this.#make(
      options.advertise?.host ??
        hostText(this.#anyAddress ? this.#publicAddress(this.#family) : options.address),
    );
    this.#lastEndpoint = this.endpoint;
  }

  /** True when the listener takes and sends packets of this family. */
  serves(family: IpFamily): boolean {
    return family === this.#family || (family === 4 && this.#options.dualStack);
  }

  /** The endpoint for Via and Contact towards this peer (canonical literal address). */
  endpointFor(remote: string): LocalEndpoint {
    if (!this.#adaptive) return this.endpoint;
    // Most often the peer of the message before.
    if (remote === this.#lastRemote) return this.#lastEndpoint;
    let endpoint = this.#byRemote.get(remote);
    if (endpoint === undefined) {
      endpoint = this.#make(hostText(this.#nearestAddress(remote)));
      if (this.#byRemote.size >= MAX_REMEMBERED) this.#byRemote.clear();
      this.#byRemote.set(remote, endpoint);
    }
    this.#lastRemote = remote;
    this.#lastEndpoint = endpoint;
    return endpoint;
  }

  /** Every address at which the listener can be reached, with its port. */
  reachableAt(): { readonly address: string; readonly port: number }[] {
    const { address, port, interfaces } = this.#options;
    const addresses = this.#anyAddress
      ? interfaces.map((each) => each.address).filter((each) => this.serves(familyOf(each)))
      : [address];
    return addresses.map((each) => ({ address: each, port }));
  }

  /** How well packets to this peer leave here: 0 not at all; a network in common before "all addresses" before others. */
  suits(remote: IpAddress): number {
    if (!this.serves(remote.family)) return 0;
    const remoteIsLoopback = isIn(LOOPBACK, remote);
    if (this.#anyAddress) return remote.family === this.#family ? 3 : 2.5;
    const own = parseIpAddress(this.#options.address);
    const ownIsLoopback = own !== undefined && isIn(LOOPBACK, own);
    if (ownIsLoopback !== remoteIsLoopback) return 1;
    return ownIsLoopback || this.#sharesNetwork(remote) ? 4 : 2;
  }

  #sharesNetwork(remote: IpAddress): boolean {
    return this.#options.interfaces.some(
      (each) => each.address === this.#options.address && each.network.contains(remote),
    );
  }

  #nearestAddress(text: string): string {
    const remote = parseIpAddress(text);
    if (remote === undefined) return this.#publicAddress(this.#family);
    const near = this.#options.interfaces.find((each) => each.network.contains(remote));
    return near?.address ?? this.#publicAddress(remote.family);
  }

  #publicAddress(family: IpFamily): string {
    const candidates = this.#options.interfaces.filter((each) => familyOf(each.address) === family);
    const best =
      candidates.find((each) => !each.loopback && !each.linkLocal) ??
      candidates.find((each) => !each.linkLocal);
    return best?.address ?? (family === 6 ? '::1' : '127.0.0.1');
  }

  #make(advertiseHost: string): LocalEndpoint {
    const known = this.#byAdvertised.get(advertiseHost);
    if (known !== undefined) return known;
    const endpoint = new BoundEndpoint(this, this.#options, advertiseHost);
    this.#byAdvertised.set(advertiseHost, endpoint);
    return endpoint;
  }
}

/** A listener as the choice among several sees it. */
export interface HasLocalSide {
  readonly local: LocalSide;
}

/** Chooses among the listeners of one transport, and remembers. */
export class ListenerChoice<L extends HasLocalSide> {
  readonly #listeners: readonly L[];
  readonly #byRemote = new Map<string, L>();

  constructor(listeners: readonly L[]) {
    this.#listeners = listeners;
  }

  /** The listener that suits a peer best, the first of equal ones; undefined: none of this family. */
  for(remote: string): L | undefined {
    const known = this.#byRemote.get(remote);
    if (known !== undefined) return known;
    const best = this.#choose(remote);
    if (best === undefined) return undefined;
    if (this.#byRemote.size >= MAX_REMEMBERED) this.#byRemote.clear();
    this.#byRemote.set(remote, best);
    return best;
  }

  /** The listener of this endpoint when it can send to the peer, else the one that suits. */
  of(endpoint: LocalEndpoint | undefined, remote: string): L | undefined {
    if (endpoint === undefined) return this.for(remote);
    const side = BoundEndpoint.sideOf(endpoint);
    for (const listener of this.#listeners) {
      if (listener.local === side && side.serves(familyOf(remote))) return listener;
    }
    return this.for(remote);
  }

  #choose(remote: string): L | undefined {
    const address = parseIpAddress(remote);
    if (address === undefined) return undefined;
    let best: L | undefined;
    let bestRank = 0;
    for (const listener of this.#listeners) {
      const rank = listener.local.suits(address);
      if (rank > bestRank) {
        best = listener;
        bestRank = rank;
      }
    }
    return best;
  }
}

function isIn(networks: readonly IpNetwork[], address: IpAddress): boolean {
  return networks.some((each) => each.contains(address));
}

function network(text: string): IpNetwork {
  const parsed = IpNetwork.parse(text);
  if (parsed === undefined) throw new RangeError(`not a network: ${text}`);
  return parsed;
}
