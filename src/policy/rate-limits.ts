// How often somebody may want something (`limits`; row ERR-G2). Each peer, domain and user has a rate of his own, so
// that what one of them has too much of is taken from nobody else.

import { TokenBuckets, type Clock, type Counter, type Counters } from '../base/index.ts';
import { headerField, type Refusal } from '../sip/index.ts';
import { stanzaError, type StanzaError } from '../xmpp/index.ts';
import type { Direction } from './rules.ts';

export interface Rate {
  /** A second. */
  readonly rate: number;
  /** Default: twice the rate. */
  readonly burst?: number | undefined;
}

export const LIMITED = ['user', 'domain', 'peer'] as const;
export type Limited = (typeof LIMITED)[number];

export type RateLimitOptions = { readonly [Kind in Limited]?: Rate | undefined };

/** Who wants something. */
export type Demand = { readonly [Kind in Limited]: string };

/** Too much, in the words of both sides. */
export interface Excess {
  readonly kind: Limited;
  readonly sip: Refusal;
  readonly stanza: StanzaError;
}

/** Remembered of each kind; who is forgotten may begin anew. */
const MAX_KEYS = { user: 100_000, domain: 10_000, peer: 10_000 } as const satisfies Record<Limited, number>;
const MAX_RETRY_SECONDS = 3600;

export class RateLimits {
  readonly #clock: Clock;
  readonly #buckets: readonly (readonly [Limited, TokenBuckets])[];
  readonly #limited: Readonly<Record<Direction, Readonly<Record<Limited, Counter>>>>;

  constructor(limits: RateLimitOptions, env: { readonly clock: Clock; readonly counters: Counters }) {
    this.#clock = env.clock;
    // In this order: what one user has too much of takes nothing from his domain, nor a domain from its peer.
    this.#buckets = LIMITED.flatMap((kind) => {
      const limit = limits[kind];
      if (limit === undefined) return [];
      const { rate, burst = Math.max(1, Math.ceil(2 * rate)) } = limit;
      return [[kind, new TokenBuckets({ ratePerSecond: rate, burst, maxKeys: MAX_KEYS[kind] })] as const];
    });
    const limited = (direction: Direction, by: Limited): Counter =>
      env.counters.counter('stoxgate_limited_total', 'What was refused because it came too often.', {
        direction,
        by,
      });
    const each = (direction: Direction): Readonly<Record<Limited, Counter>> => ({
      user: limited(direction, 'user'),
      domain: limited(direction, 'domain'),
      peer: limited(direction, 'peer'),
    });
    this.#limited = { 'to-xmpp': each('to-xmpp'), 'to-sip': each('to-sip') };
  }

  /** Nothing is limited. */
  get isEmpty(): boolean {
    return this.#buckets.length === 0;
  }

  /** Counts one demand; undefined: it may be met. */
  take(direction: Direction, demand: Demand): Excess | undefined {
    for (const [kind, buckets] of this.#buckets) {
      const now = this.#clock.now();
      const key = `${direction} ${demand[kind]}`;
      if (buckets.take(key, now)) continue;
      this.#limited[direction][kind].add();
      return excess(kind, buckets.waitMs(key, now));
    }
    return undefined;
  }

  /** Those that are remembered. */
  get size(): number {
    let size = 0;
    for (const [, buckets] of this.#buckets) size += buckets.size;
    return size;
  }

  /** Forgets those who may do everything again. */
  sweep(): void {
    for (const [, buckets] of this.#buckets) buckets.sweep(this.#clock.now());
  }
}

const WORDS = { user: 'from this address', domain: 'from this domain', peer: 'by this way' } as const;

/**
 * 480, not 503: RFC 3261 §21.5.4 has a client stop everything towards a server that said 503 with Retry-After, and the
 * others behind the same proxy have done nothing.
 */
function excess(kind: Limited, waitMs: number): Excess {
  const seconds = Math.min(MAX_RETRY_SECONDS, Math.max(1, Math.ceil(waitMs / 1000)));
  return {
    kind,
    sip: { status: 480, headers: [headerField('Retry-After', String(seconds))] },
    stanza: stanzaError('resource-constraint', {
      type: 'wait',
      text: `Too much comes ${WORDS[kind]}; again in ${seconds} s`,
      lang: 'en',
    }),
  };
}
