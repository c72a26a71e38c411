// The people of subscriptions: how many each has, and the texts that are the same in all of his, kept once. A phone that
// watches a hundred contacts has one From and one Contact; who is watched by a hundred has one address.

import { detachText } from '../../base/index.ts';
import { domainOf } from '../address-text.ts';
import type { Notifying } from './notify-queue.ts';
import { Share } from './share.ts';

/** Different spellings of addresses that are shared: of a person there are rarely more. */
const MAX_SHARED = 4;
const NONE: readonly string[] = [];

const NO_SHARES: readonly Share<Notifying>[] = [];

export class Party {
  readonly jid: string;
  count = 0;
  /** His places among the NOTIFY requests that are under way, and those of his domain. */
  readonly shares: readonly Share<Notifying>[];
  readonly domain: Party | undefined;
  #texts: readonly string[] = NONE;

  constructor(jid: string, places: number | undefined, domain: Party | undefined) {
    this.jid = detachText(jid);
    this.domain = domain;
    this.shares = places === undefined ? NO_SHARES : [new Share(places), ...(domain?.shares ?? NO_SHARES)];
  }

  /** An equal text that holds nothing else alive. */
  share(text: string): string {
    for (const known of this.#texts) if (known === text) return known;
    const own = detachText(text);
    // A pushed-to array has room for sixteen more.
    if (this.#texts.length < MAX_SHARED) this.#texts = [...this.#texts, own];
    return own;
  }
}

export interface PartiesOptions {
  /** Subscriptions of one. */
  readonly limit: number;
  /** NOTIFY requests to one that may be under way; undefined: he is no watcher. */
  readonly places?: number;
  /** Those of their domains. */
  readonly domains?: Parties;
}

export class Parties {
  readonly #parties = new Map<string, Party>();
  readonly #options: PartiesOptions;

  constructor(options: PartiesOptions) {
    this.#options = options;
  }

  isFull(jid: string): boolean {
    return (this.#parties.get(jid)?.count ?? 0) >= this.#options.limit;
  }

  /** One subscription more. */
  take(jid: string): Party {
    let party = this.#parties.get(jid);
    if (party === undefined) {
      const { places, domains } = this.#options;
      party = new Party(jid, places, domains?.take(domainOf(jid)));
      this.#parties.set(party.jid, party);
    }
    party.count += 1;
    return party;
  }

  /** One less. */
  release(party: Party): void {
    party.count -= 1;
    if (party.count > 0) return;
    this.#parties.delete(party.jid);
    if (party.domain !== undefined) this.#options.domains?.release(party.domain);
  }
}
