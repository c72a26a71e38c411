// Which requests a nonce has been used for (RFC 7616 §3.4, nc): a digest that was recorded on the way is good for
// nothing. Bounded: of more nonces than fit, the oldest count as too old, never as unused.

import { BoundedMap } from '../../base/index.ts';

interface Uses {
  highest: number;
  /** Bit i: `highest - i` was used. Requests overtake each other, over UDP above all. */
  seen: number;
  readonly expiresMs: number;
}

/** Bits of `seen`. */
const WINDOW = 32;

export type NonceUse = 'fresh' | 'replayed' | 'forgotten';

export class NonceCounts {
  readonly #uses: BoundedMap<string, Uses>;
  /** Nonces that expire by then may have been dropped although they were good. */
  #droppedMs = 0;

  constructor(maxNonces: number) {
    this.#uses = new BoundedMap({
      maxEntries: maxNonces,
      onDrop: (_, uses) => {
        this.#droppedMs = Math.max(this.#droppedMs, uses.expiresMs);
      },
    });
  }

  /** Nonces that are remembered. */
  get size(): number {
    return this.#uses.size;
  }

  /** Notes one use of a good nonce. `nc`: 1 to 2^32 - 1. Times are those of the wall clock. */
  use(nonce: string, nc: number, expiresMs: number, wallMs: number): NonceUse {
    const uses = this.#uses.get(nonce, wallMs);
    if (uses === undefined) {
      if (expiresMs <= this.#droppedMs) return 'forgotten';
      this.#uses.set(nonce, { highest: nc, seen: 1, expiresMs }, wallMs, expiresMs - wallMs);
      return 'fresh';
    }
    if (nc > uses.highest) {
      const ahead = nc - uses.highest;
      uses.seen = ahead >= WINDOW ? 1 : (uses.seen << ahead) | 1;
      uses.highest = nc;
      return 'fresh';
    }
    const behind = uses.highest - nc;
    if (behind >= WINDOW || ((uses.seen >>> behind) & 1) === 1) return 'replayed';
    uses.seen |= 1 << behind;
    return 'fresh';
  }

  sweep(wallMs: number): void {
    this.#uses.sweep(wallMs);
  }
}
