// The queues of all SIP users for whom messages are kept, and how many messages that are.

import type { Timers } from '../../base/index.ts';
import { domainOf } from '../address-text.ts';
import { KeptQueue, type KeptKey } from './kept-queue.ts';

export interface KeptLimits {
  readonly per_user: number;
  readonly per_domain: number;
}

export class KeptQueues {
  readonly #timers: Timers;
  /** Messages wait for this user, or no longer. Bare JID. */
  readonly #awaited: (recipient: string, waits: boolean) => void;
  readonly #queues = new Map<string, KeptQueue>();
  /** Kept messages of each SIP domain. */
  readonly #perDomain = new Map<string, number>();
  #total = 0;

  constructor(timers: Timers, awaited: (recipient: string, waits: boolean) => void) {
    this.#timers = timers;
    this.#awaited = awaited;
  }

  /** Messages of all users. */
  get total(): number {
    return this.#total;
  }

  /** Users. */
  get size(): number {
    return this.#queues.size;
  }

  get(recipient: string): KeptQueue | undefined {
    return this.#queues.get(recipient);
  }

  values(): Iterable<KeptQueue> {
    return this.#queues.values();
  }

  isFull(recipient: string, limits: KeptLimits): boolean {
    const inQueue = this.#queues.get(recipient)?.keys.length ?? 0;
    const inDomain = this.#perDomain.get(domainOf(recipient)) ?? 0;
    return inQueue >= limits.per_user || inDomain >= limits.per_domain;
  }

  add(recipient: string, entry: KeptKey): KeptQueue {
    let queue = this.#queues.get(recipient);
    if (queue === undefined) {
      queue = new KeptQueue(recipient);
      this.#queues.set(recipient, queue);
    }
    queue.insert(entry);
    this.#total += 1;
    const domain = domainOf(recipient);
    this.#perDomain.set(domain, (this.#perDomain.get(domain) ?? 0) + 1);
    if (queue.keys.length === 1) this.#awaited(recipient, true);
    return queue;
  }

  /** Takes a key out, if it is there; a queue without keys goes. */
  remove(queue: KeptQueue, key: string): void {
    if (queue.find(key) === undefined) return;
    queue.remove(key);
    this.#total -= 1;
    const domain = domainOf(queue.recipient);
    const left = (this.#perDomain.get(domain) ?? 1) - 1;
    if (left > 0) this.#perDomain.set(domain, left);
    else this.#perDomain.delete(domain);
    if (queue.keys.length > 0) return;
    this.#timers.clear(queue.timer);
    queue.timer = undefined;
    this.#queues.delete(queue.recipient);
    this.#awaited(queue.recipient, false);
  }
}
