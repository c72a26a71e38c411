// All MESSAGE requests that the gateway sends, one at a time to each Request-URI (IM-33, RFC 3428 §8).

import { ChurnMap, type Clock, type Log, type Random } from '../../base/index.ts';
import type { LedgerRecord, ToSipEvent } from '../../interwork/message/index.ts';
import { gatewayStanzaError } from '../../mapping/index.ts';
import type { TransactionLayer } from '../../sip/index.ts';
import type { Live } from '../live.ts';
import { Delivery } from './delivery.ts';
import type { DeliveryParts } from './delivery-parts.ts';
import type { OpenRow } from './ledger.ts';

/** Messages that may wait behind the one that is outstanding to the same Request-URI; beyond it ERR-G2. */
const MAX_WAITING = 100;
/** All open messages; beyond it ERR-G2. */
const MAX_OPEN = 50_000;

const TURN: ToSipEvent = { kind: 'turn' };
const DRAINED: ToSipEvent = { kind: 'drained' };

export interface DeliveryEnv {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly live: Live;
  readonly transactions: TransactionLayer;
  /** A SIP Contact as the XMPP side would write it, for `<gone/>` and `<redirect/>`. */
  contactAddress(uri: string): string | undefined;
}

interface Queue {
  /** The one outstanding. */
  active: Delivery;
  readonly waiting: Delivery[];
}

export class SipDeliveries {
  readonly #env: DeliveryEnv;
  readonly #queues = new ChurnMap<string, Queue>();
  #open = 0;
  #draining = false;
  #whenIdle: (() => void) | undefined;

  constructor(env: DeliveryEnv) {
    this.#env = env;
  }

  /** For the ledger: messages without an outcome that it asks for. */
  findOpen(named: (record: LedgerRecord) => boolean, limit: number): OpenRow[] {
    const rows: OpenRow[] = [];
    for (const { active, waiting } of this.#queues.values()) {
      for (const delivery of [active, ...waiting]) {
        const row = delivery.openRow;
        if (row !== undefined && rows.length < limit && named(row.record)) rows.push(row);
      }
    }
    return rows;
  }

  /** Messages without an outcome. */
  get open(): number {
    return this.#open;
  }

  /** Request-URIs with something outstanding. */
  get targets(): number {
    return this.#queues.size;
  }

  /** True while a MESSAGE to this Request-URI has no final response: isComposing documents do not queue (IM-33). */
  busy(requestUri: string): boolean {
    return this.#queues.has(requestUri);
  }

  /** Takes one message; its origin hears exactly once what became of it, perhaps at once. */
  send(parts: DeliveryParts): void {
    if (this.#draining) return parts.origin.refused(gatewayStanzaError('ERR-G5'), undefined, 0);
    const queue = this.#queues.get(parts.requestUri);
    if (this.#open >= MAX_OPEN || (queue !== undefined && queue.waiting.length >= MAX_WAITING)) {
      return parts.origin.refused(gatewayStanzaError('ERR-G2'), undefined, 0);
    }
    const delivery = new Delivery(this, this.#env, parts);
    this.#open += 1;
    if (queue !== undefined) {
      parts.origin.settle?.();
      queue.waiting.push(delivery);
      return;
    }
    this.#queues.set(parts.requestUri, { active: delivery, waiting: [] });
    delivery.step(TURN);
  }

  /** From now on new messages are answered by ERR-G5; resolves when none is open. */
  drain(): Promise<void> {
    this.#draining = true;
    if (this.#open === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenIdle = resolve;
    });
  }

  /** Takes what comes while the links are being closed, since its sender can be told nothing else. */
  takeLate(): void {
    this.#draining = false;
  }

  /** Ends everything that is still open (ERR-G5). */
  stop(): void {
    this.#draining = true;
    for (const queue of this.#queues.values()) {
      const waiting = queue.waiting.splice(0);
      this.#open -= waiting.length;
      for (const delivery of waiting) delivery.step(DRAINED);
      queue.active.step(DRAINED);
    }
  }

  /** A delivery has its outcome. `dead`: its target did not answer at all, and what waits behind it ends as it did. */
  ended(delivery: Delivery, dead: boolean): void {
    const queue = this.#queues.get(delivery.queueKey);
    if (queue === undefined || queue.active !== delivery) return;
    this.#open -= 1;
    if (dead) {
      const waiting = queue.waiting.splice(0);
      this.#open -= waiting.length;
      for (const follower of waiting) follower.endAs(delivery);
    }
    const next = queue.waiting.shift();
    if (next === undefined) this.#queues.delete(delivery.queueKey);
    else {
      queue.active = next;
      next.step(TURN);
    }
    if (this.#open === 0) this.#whenIdle?.();
  }
}
