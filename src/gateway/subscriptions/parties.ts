// The people of subscriptions: how many each has, and the texts that are the same in all of his, kept once. A phone that
// watches a hundred contacts has one From and one Contact; who is watched by a hundred has one address.

import { detachText } from '../../base/index.ts';

/** Different spellings of addresses that are shared: of a person there are rarely more. */
const MAX_SHARED = 4;
const NONE: readonly string[] = [];

export class Party {
  readonly jid: string;
  count = 0;
  #texts: readonly string[] = NONE;

  constructor(jid: string) {
    this.jid = detachText(jid);
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

export class Parties {
  readonly #parties = new Map<string, Party>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  isFull(jid: string): boolean {
    return (this.#parties.get(jid)?.count ?? 0) >= this.#limit;
  }

  /** One subscription more. */
  take(jid: string): Party {
    let party = this.#parties.get(jid);
    if (party === undefined) {
      party = new Party(jid);
      this.#parties.set(party.jid, party);
    }
    party.count += 1;
    return party;
  }

  /** One less. */
  release(party: Party): void {
    party.count -= 1;
    if (party.count === 0) this.#parties.delete(party.jid);
  }
}
