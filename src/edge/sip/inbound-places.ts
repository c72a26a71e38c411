// How many connections may be open that peers opened: in all, of one address, and of one address before anything was said
// on them. Who connects and says nothing holds a place only until somebody else needs it, so that silence locks nobody out.

import type { Clock } from '../../base/index.ts';

export interface PlaceLimits {
  /** Inbound connections in all. */
  readonly maxConnections: number;
  /** Of one address. */
  readonly maxPerPeer: number;
  /** Of one address, on which nothing whole was said yet: handshakes, unfinished first messages. */
  readonly maxUnprovenPerPeer: number;
}

/** How long a silent connection keeps its place even if all are taken, in milliseconds. */
const GRACE_MS = 1000;

interface Counts {
  all: number;
  unproven: number;
}

/** The place of one connection. */
export interface InboundPlace {
  /** Something whole came. */
  proven(): void;
  /** The connection is closed. */
  free(): void;
}

export class InboundPlaces {
  readonly #limits: PlaceLimits;
  readonly #clock: Clock;
  readonly #peers = new Map<string, Counts>();
  /** In the order in which they came. */
  readonly #unproven = new Set<Place>();
  #count = 0;

  constructor(limits: PlaceLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  get count(): number {
    return this.#count;
  }

  /** Addresses from which connections are open. */
  get peers(): number {
    return this.#peers.size;
  }

  /** A place, or none. `giveUp` closes the connection when its place is needed; it has to lead to `free`. */
  take(address: string, giveUp: () => void): InboundPlace | undefined {
    const { maxConnections, maxPerPeer, maxUnprovenPerPeer } = this.#limits;
    const counts = this.#peers.get(address) ?? { all: 0, unproven: 0 };
    if (counts.all >= maxPerPeer || counts.unproven >= maxUnprovenPerPeer) return undefined;
    if (this.#count >= maxConnections && !this.#makeRoom()) return undefined;
    this.#peers.set(address, counts);
    counts.all += 1;
    counts.unproven += 1;
    this.#count += 1;
    const place = new Place(this, address, this.#clock.now(), giveUp);
    this.#unproven.add(place);
    return place;
  }

  proven(place: Place): void {
    if (!this.#unproven.delete(place)) return;
    const counts = this.#peers.get(place.address);
    if (counts !== undefined) counts.unproven -= 1;
  }

  free(place: Place): void {
    this.proven(place);
    this.#count -= 1;
    const counts = this.#peers.get(place.address);
    if (counts === undefined) return;
    counts.all -= 1;
    if (counts.all === 0) this.#peers.delete(place.address);
  }

  /** The oldest silent connection goes. */
  #makeRoom(): boolean {
    for (const place of this.#unproven) {
      if (this.#clock.now() - place.sinceMs < GRACE_MS) return false;
      place.free();
      place.giveUp();
      return true;
    }
    return false;
  }
}

class Place implements InboundPlace {
  readonly address: string;
  readonly sinceMs: number;
  readonly giveUp: () => void;
  readonly #places: InboundPlaces;
  #freed = false;

  constructor(places: InboundPlaces, address: string, sinceMs: number, giveUp: () => void) {
    this.#places = places;
    this.address = address;
    this.sinceMs = sinceMs;
    this.giveUp = giveUp;
  }

  proven(): void {
    if (!this.#freed) this.#places.proven(this);
  }

  free(): void {
    if (this.#freed) return;
    this.#freed = true;
    this.#places.free(this);
  }
}
