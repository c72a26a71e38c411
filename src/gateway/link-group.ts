// All links that carry one XMPP domain, in the order of the configuration: the first that is up is used.
// What is sent "confirmed" is remembered until the XMPP server has it (design: "Acknowledgement"): when its link goes
// away first, its owner is told, and may have it written again, with the same id, on the next link.

import { SendRefusal } from '../edge/xmpp/index.ts';
import type { XmlElement } from '../xml/index.ts';

/** A link as this room needs it; implemented by edge/xmpp. */
export interface GroupLink {
  readonly state: string;
  /** It carries what wants no confirmation, though it may not be up. */
  readonly answering: boolean;
  /** When it entered its state, in milliseconds since 1970-01-01T00:00:00Z. */
  readonly since?: number;
  /** A sequence number, or a negative `SendRefusal`. */
  send(stanza: XmlElement, options?: { readonly confirm?: boolean }): number;
}

/** A stanza whose owner wants to know that the server has it. */
export interface ConfirmedStanza {
  readonly stanza: XmlElement;
  /** False once its owner lost interest: it is then neither confirmed nor written again. */
  readonly open: boolean;
  confirmed(): void;
  /** The link went away before the confirmation. */
  parked(): void;
  /** It was written again. */
  writtenAgain(): void;
}

interface Written {
  readonly seq: number;
  readonly entry: ConfirmedStanza;
}

/** First-in first-out without shifting an array: a head index, cut when half is used. */
class Fifo<T extends object> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  peek(): T | undefined {
    return this.#items[this.#head];
  }

  drop(): void {
    // Let go at once: what hangs on for a thousand messages more grows old, and old garbage is the dear kind.
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head === this.#items.length) {
      this.#items.length = 0;
      this.#head = 0;
    } else if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
  }

  takeAll(): T[] {
    const rest = this.#items.slice(this.#head).filter((item) => item !== undefined);
    this.#items = [];
    this.#head = 0;
    return rest;
  }
}

export class LinkGroup {
  readonly domain: string;
  #links: readonly GroupLink[] = [];
  readonly #unconfirmed = new Map<GroupLink, Fifo<Written>>();
  #parked: ConfirmedStanza[] = [];

  constructor(domain: string) {
    this.domain = domain;
  }

  /** The links from now on, best first. One that is gone may still confirm what it carries until it goes down. */
  replaceLinks(links: readonly GroupLink[]): void {
    this.#links = links;
    for (const link of links) if (!this.#unconfirmed.has(link)) this.#unconfirmed.set(link, new Fifo());
  }

  /** No link is left that could carry anything. */
  get empty(): boolean {
    return this.#links.length === 0;
  }

  /** Some link carries stanzas now. */
  get up(): boolean {
    return this.#current() !== undefined;
  }

  /** The state of each link, best first, and since when. */
  get states(): readonly { readonly state: string; readonly sinceMs: number | undefined }[] {
    return this.#links.map(({ state, since }) => ({ state, sinceMs: since }));
  }

  /** Stanzas that wait for their confirmation or for a link. */
  get waiting(): number {
    let sum = this.#parked.length;
    for (const fifo of this.#unconfirmed.values()) sum += fifo.size;
    return sum;
  }

  /** Sends without asking for a confirmation. */
  send(stanza: XmlElement): number {
    const link = this.#current() ?? this.#links.find(({ answering }) => answering);
    return link?.send(stanza) ?? SendRefusal.NotUp;
  }

  /** Sends; `entry` hears later what became of it. A negative number: not written, and `entry` is forgotten. */
  sendConfirmed(entry: ConfirmedStanza): number {
    const link = this.#current();
    if (link === undefined) return SendRefusal.NotUp;
    return this.#write(link, entry);
  }

  /** Keeps an entry that could not be written for the next link that comes up. */
  park(entry: ConfirmedStanza): void {
    this.#parked.push(entry);
  }

  /** The barrier behind everything up to `seq` returned on this link. */
  linkConfirmed(link: GroupLink, seq: number): void {
    const fifo = this.#unconfirmed.get(link);
    if (fifo === undefined) return;
    for (let head = fifo.peek(); head !== undefined && head.seq <= seq; head = fifo.peek()) {
      fifo.drop();
      if (head.entry.open) head.entry.confirmed();
    }
  }

  linkUp(): void {
    const link = this.#current();
    if (link === undefined) return;
    const parked = this.#parked;
    this.#parked = [];
    for (const [i, entry] of parked.entries()) {
      if (!entry.open) continue;
      const seq = this.#write(link, entry);
      if (seq === SendRefusal.NotUp || seq === SendRefusal.Full) {
        this.#parked.push(...parked.slice(i));
        return;
      }
      // What this link cannot carry at all must not hold up those behind it; its owner's deadline ends it.
      if (seq >= 0) entry.writtenAgain();
    }
  }

  linkDown(link: GroupLink): void {
    for (const { entry } of this.#unconfirmed.get(link)?.takeAll() ?? []) {
      if (!entry.open) continue;
      this.#parked.push(entry);
      entry.parked();
    }
    if (!this.#links.includes(link)) this.#unconfirmed.delete(link);
    // Another link of the domain may be up already.
    this.linkUp();
  }

  /** Forgets parked entries whose owners lost interest; called now and then. */
  sweep(): void {
    if (this.#parked.length > 0) this.#parked = this.#parked.filter((entry) => entry.open);
  }

  #write(link: GroupLink, entry: ConfirmedStanza): number {
    const seq = link.send(entry.stanza, CONFIRM);
    if (seq >= 0) this.#unconfirmed.get(link)?.push({ seq, entry });
    return seq;
  }

  #current(): GroupLink | undefined {
    for (const link of this.#links) if (link.state === 'up') return link;
    return undefined;
  }
}

const CONFIRM = { confirm: true } as const;
