// What the senders and the receivers of one direction wrote down, by the number that each message carries, and what
// became of each when the two are laid side by side.

export type Direction = 's2x' | 'x2s' | 'kept';

export const DIRECTIONS: readonly Direction[] = ['s2x', 'x2s', 'kept'];

export const DIRECTION_NAMES: Readonly<Record<Direction, string>> = {
  s2x: 'SIP → XMPP',
  x2s: 'XMPP → SIP',
  kept: 'kept offline',
};

/** How a message is written into bodies and ids, so that it is found in a stream of octets too. */
export function textOf(direction: Direction, index: number): string {
  return `${direction}-${index}.`;
}

const NUMBER = /(?:s2x|x2s|kept)-\d+\./g;

export function numbersIn(text: string): readonly string[] {
  return text.match(NUMBER) ?? [];
}

export interface Entry {
  readonly text: string;
  /** Whoever it is for; order is kept for each. */
  readonly recipient: string;
  readonly sentMs: number;
  /** What its sender was told; a 2xx is no entry here. */
  readonly refusals: string[];
  /** Receipts, each with what names the message on the wire: the same one means that it was repeated, not made anew. */
  readonly arrivals: { readonly atMs: number; readonly name: string }[];
}

export type Fate = 'once' | 'reported' | 'both' | 'duplicated' | 'window' | 'lost';

export const FATES: readonly Fate[] = ['once', 'reported', 'both', 'duplicated', 'window', 'lost'];

/** One cell of the matrix. */
export interface Cell {
  readonly sent: number;
  readonly fates: Readonly<Record<Fate, number>>;
  /** Messages that arrived before one that was accepted earlier for the same recipient. */
  readonly disordered: number;
  /** Of the duplicates: those that came under another name. */
  readonly renamed: number;
  readonly texts: Readonly<Record<Fate, readonly string[]>>;
  /** How often each refusal was told. */
  readonly refusals: Readonly<Record<string, number>>;
}

export class Ledger {
  readonly direction: Direction;
  readonly entries = new Map<string, Entry>();

  constructor(direction: Direction) {
    this.direction = direction;
  }

  sent(text: string, recipient: string): void {
    this.entries.set(text, { text, recipient, sentMs: performance.now(), refusals: [], arrivals: [] });
  }

  arrived(text: string, name: string): void {
    this.entries.get(text)?.arrivals.push({ atMs: performance.now(), name });
  }

  refused(text: string, why: string): void {
    this.entries.get(text)?.refusals.push(why);
  }

  /** Messages of which neither end has heard anything. */
  get open(): number {
    let open = 0;
    for (const { arrivals, refusals } of this.entries.values()) {
      if (arrivals.length === 0 && refusals.length === 0) open += 1;
    }
    return open;
  }

  /** `explains`: true for a message that is missing where nobody could have saved it. */
  close(explains: (entry: Entry) => boolean): Cell {
    const texts: Record<Fate, string[]> = {
      once: [],
      reported: [],
      both: [],
      duplicated: [],
      window: [],
      lost: [],
    };
    const refusals: Record<string, number> = {};
    let renamed = 0;
    for (const entry of this.entries.values()) {
      texts[fateOf(entry, explains)].push(entry.text);
      for (const why of entry.refusals) refusals[why] = (refusals[why] ?? 0) + 1;
      if (new Set(entry.arrivals.map(({ name }) => name)).size > 1) renamed += 1;
    }
    const count = (fate: Fate): number => texts[fate].length;
    const fates = {
      once: count('once'),
      reported: count('reported'),
      both: count('both'),
      duplicated: count('duplicated'),
      window: count('window'),
      lost: count('lost'),
    };
    return { sent: this.entries.size, fates, disordered: this.#disordered(), renamed, texts, refusals };
  }

  /** Entries are in the order in which they were sent. */
  #disordered(): number {
    const latest = new Map<string, number>();
    let count = 0;
    for (const { recipient, arrivals } of this.entries.values()) {
      const [first] = arrivals;
      if (first === undefined) continue;
      const before = latest.get(recipient) ?? -Infinity;
      if (first.atMs < before) count += 1;
      latest.set(recipient, Math.max(before, first.atMs));
    }
    return count;
  }
}

function fateOf(entry: Entry, explains: (entry: Entry) => boolean): Fate {
  const { arrivals, refusals } = entry;
  if (arrivals.length > 1) return 'duplicated';
  if (arrivals.length === 1) return refusals.length > 0 ? 'both' : 'once';
  if (refusals.length > 0) return 'reported';
  return explains(entry) ? 'window' : 'lost';
}
