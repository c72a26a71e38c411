// Messages from XMPP to SIP between "the gateway has it" and their outcome: in the store, so that neither a crash nor an
// absent user loses one (promises 1 and 5). What is written, and when, is in docs/architecture.md, "The outbox".

import type { Clock, Collection, Counter, Counters, Log, Random, Timers } from '../../base/index.ts';
import {
  isUnreachable,
  stepDurable,
  type DurableEffect,
  type DurableEvent,
  type DurableState,
  type LedgerRecord,
  type OutboxRecord,
} from '../../interwork/message/index.ts';
import { gatewayStanzaError } from '../../mapping/index.ts';
import { stanzaError, type StanzaError } from '../../xmpp/index.ts';
import { domainOf } from '../address-text.ts';
import type { Live } from '../live.ts';
import { TOO_LONG, type Tried } from './delivery-parts.ts';
import { keptKeyOf, keptRows, KeptQueue, retryDelayMs, type KeptKey } from './kept-queue.ts';
import type { OpenRow } from './ledger.ts';
import { letterOf, OutboxMessage, withDate, type Letter, type Sender } from './outbox-message.ts';
import type { SipDeliveries } from './sip-deliveries.ts';

const HOUR_MS = 3_600_000;
/** Uncommitted records at which no more is read from XMPP, and at which reading goes on. */
const PAUSE_AT = 512;
const RESUME_AT = 64;
const NOT_TRIED: Tried = {};
/** Records read at once at the start. */
const PAGE = 500;
/** A new message for an absent user is a reason to try again, but not each of a hundred. */
const RETRY_PAUSE_MS = 5000;

export interface OutboxEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly counters: Counters;
  readonly live: Live;
  readonly node: string;
  readonly deliveries: SipDeliveries;
  readonly records: Collection<OutboxRecord>;
  /** Other gateways write there too: only what is of this node is its own. */
  readonly shared: boolean;
  /** False with `durability: none`: only kept messages are written. */
  readonly durable: boolean;
  /** The sender's side of a message that was read from the store; undefined: no link speaks for its domain any more. */
  senderOf(record: OutboxRecord): Sender | undefined;
  /** The user's agent does not take message/cpim (RCPT-01). Bare JID. */
  cpimRefused(recipient: string): void;
  /** Stops and starts the reading of all XMPP links. */
  pauseReading(pause: boolean): void;
  /** Messages wait for this SIP user, or no longer: whoever can, tells `seen` when he comes. Bare JID. */
  awaited(recipient: string, waits: boolean): void;
}

export class Outbox {
  readonly node: string;
  readonly #env: OutboxEnv;
  readonly #queues = new Map<string, KeptQueue>();
  /** Kept messages of each SIP domain. */
  readonly #perDomain = new Map<string, number>();
  readonly #keptTotal: Counter;
  readonly #failedWrites: Counter;
  #kept = 0;
  #uncommitted = 0;
  #paused = false;
  #stopping = false;
  readonly #written = (error?: Error): void => this.#onWritten(error);

  constructor(env: OutboxEnv) {
    this.#env = env;
    this.node = env.node;
    const { counters } = env;
    this.#keptTotal = counters.counter(
      'stoxgate_messages_kept_total',
      'Messages from XMPP that were kept for a SIP user who could not be reached.',
    );
    this.#failedWrites = counters.counter(
      'stoxgate_outbox_failed_writes_total',
      'Records of the outbox that the store did not take.',
    );
  }

  /** Messages that wait for their users. */
  get kept(): number {
    return this.#kept;
  }

  /** For the ledger: kept messages that it asks for. */
  findOpen(named: (record: LedgerRecord) => boolean, limit: number): OpenRow[] {
    return keptRows(this.#queues.values(), named, limit);
  }

  /** SIP users for whom messages wait. */
  get awaited(): number {
    return this.#queues.size;
  }

  /** Takes one message; its sender hears of it unless it is delivered, now or later. */
  send(letter: Letter): void {
    const { deliveries, durable, live, clock } = this.#env;
    const queue = this.#queues.get(letter.recipient);
    if (!durable && queue === undefined && !(live.offline.keep && letter.mayKeep)) {
      deliveries.send({ ...letter, origin: letter.sender });
      return;
    }
    const message = new OutboxMessage(this, letter, clock.wall());
    // Behind those that wait already, so that all arrive in order.
    if (queue !== undefined && letter.mayKeep && live.offline.keep) {
      this.#step(message, 'unreachable');
      this.#nudge(queue);
      return;
    }
    if (durable) this.#write(message);
    this.#deliver(message, false);
  }

  /** The SIP user was seen: by a request of his, or registered. Bare JID. */
  seen(recipient: string): void {
    const queue = this.#queues.get(recipient);
    if (queue === undefined) return;
    queue.attempts = 0;
    this.#flush(queue);
  }

  /** Goes on with what an earlier run of this gateway left. */
  async restore(): Promise<void> {
    for (let after = -1; ;) {
      const options = { limit: PAGE, after };
      const { records, shared } = this.#env;
      const page = shared ? await records.find('node', this.node, options) : await records.scan(options);
      for (const { key, record } of page) this.#restoreOne(key, record);
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) break;
      after = last.seq;
    }
    for (const queue of this.#queues.values()) this.#later(queue, 0);
  }

  /** Gives up what was kept for too long. */
  sweep(): void {
    const { clock, live } = this.#env;
    const oldest = clock.wall() - live.offline.hours * HOUR_MS;
    for (const queue of this.#queues.values()) {
      const head = queue.head;
      if (head !== undefined && head.acceptedMs < oldest && !queue.busy) this.#expire(queue, head.key);
    }
  }

  /** From now on kept messages stay where they are. */
  drain(): void {
    this.#stopping = true;
    for (const queue of this.#queues.values()) this.#env.timers.clear(queue.timer);
  }

  delivered(message: OutboxMessage): void {
    this.#step(message, 'delivered');
  }

  refused(message: OutboxMessage, error: StanzaError, status: number | undefined): void {
    message.error = error;
    const { offline } = this.#env.live;
    // Without the Date that was added it may fit.
    if (error === TOO_LONG && message.dated) return this.#deliver(message, false);
    // The gateway stops: the next start goes on with it.
    if (message.wasKept && this.#stopping && status === undefined) return this.#step(message, 'unreachable');
    const keeps = message.mayKeep && (offline.keep || message.wasKept);
    if (keeps && isUnreachable(status, offline.unknown_users === 'keep')) this.#step(message, 'unreachable');
    else this.#step(message, 'refused');
  }

  #step(message: OutboxMessage, event: DurableEvent): void {
    const transition = stepDurable(message.state, event);
    if (!transition.expected) {
      this.#env.log.debug('outbox.unexpected', { cid: message.cid, state: message.state, event });
      return;
    }
    message.state = transition.state;
    for (const effect of transition.effects) this.#run(message, effect);
  }

  #run(message: OutboxMessage, effect: DurableEffect): void {
    switch (effect) {
      case 'countDelivered':
        return message.letter.sender.delivered(message.tried ?? NOT_TRIED);
      case 'keep':
        return this.#keep(message);
      case 'send':
        return this.#deliver(message, true);
      case 'report':
        return message.letter.sender.report(
          message.error ?? stanzaError('recipient-unavailable'),
          () => this.#step(message, 'reported'),
          message.tried,
        );
      case 'forget':
        this.#env.records.delete(message.key);
        if (message.wasKept) this.#leaveQueue(message);
    }
  }

  #deliver(message: OutboxMessage, dated: boolean): void {
    const { letter } = message;
    const headers = dated ? withDate(letter.headers, message.acceptedMs) : letter.headers;
    message.dated = headers !== letter.headers;
    this.#env.deliveries.send({ ...letter, headers, origin: message });
  }

  #write(message: OutboxMessage): void {
    this.#uncommitted += 1;
    if (this.#uncommitted >= PAUSE_AT && !this.#paused) {
      this.#paused = true;
      this.#env.pauseReading(true);
    }
    this.#env.records.put(message.key, message, this.#written);
  }

  #onWritten(error: Error | undefined): void {
    this.#uncommitted -= 1;
    if (this.#paused && this.#uncommitted <= RESUME_AT) {
      this.#paused = false;
      this.#env.pauseReading(false);
    }
    // The message itself goes on: it is in memory, and its outcome is told as ever. Only a crash would lose it.
    if (error !== undefined) this.#storeFailed(error);
  }

  #storeFailed(error: Error): void {
    this.#failedWrites.add();
    this.#env.log.error('outbox.write.failed', { error: error.message });
  }

  /** Makes the record one of a kept message; the queue knows it at once, so that the next one stays behind it. */
  #keep(message: OutboxMessage): void {
    const { log, live } = this.#env;
    if (message.wasKept) return this.#stillKept(message);
    const queue = this.#queueOf(message.recipient);
    const domain = domainOf(message.recipient);
    const inDomain = this.#perDomain.get(domain) ?? 0;
    if (queue.keys.length >= live.offline.per_user || inDomain >= live.offline.per_domain) {
      this.#dropEmpty(queue);
      message.error = stanzaError('resource-constraint', {
        text: 'Too many messages wait for this user already',
        lang: 'en',
      });
      return this.#step(message, 'notKept');
    }
    this.#enqueue(queue, keptKeyOf(message.key, message));
    this.#keptTotal.add();
    if (log.enabled('debug')) log.debug('message.kept', { cid: message.cid, recipient: message.recipient });
    this.#env.records.put(message.key, message, (error) => {
      if (error === undefined) return;
      this.#storeFailed(error);
      this.#dequeue(queue, message.key);
      message.error = gatewayStanzaError('ERR-G4');
      this.#step(message, 'notKept');
    });
    if (!queue.busy && queue.timer === undefined) this.#later(queue, queue.attempts);
  }

  /** One more attempt in vain: it keeps its place. */
  #stillKept(message: OutboxMessage): void {
    const queue = this.#queues.get(message.recipient);
    if (queue === undefined) return;
    queue.busy = false;
    queue.attempts += 1;
    this.#later(queue, queue.attempts);
  }

  #restoreOne(key: string, record: OutboxRecord): void {
    const { log } = this.#env;
    if (record.state === 'kept') {
      this.#enqueue(this.#queueOf(record.recipient), keptKeyOf(key, record));
      return;
    }
    const sender = this.#env.senderOf(record);
    if (sender === undefined) {
      log.error('outbox.no-link', { recipient: record.recipient });
      return;
    }
    log.info('outbox.resumed', { cid: sender.cid, recipient: record.recipient });
    this.#deliver(this.#messageOf(record, sender, 'sending'), true);
  }

  /** A message of an earlier time: what it was sent as before, if it was, nobody knows the end of. */
  #messageOf(record: OutboxRecord, sender: Sender, state: DurableState): OutboxMessage {
    const letter = letterOf(record, sender, () => this.#env.cpimRefused(record.recipient));
    return new OutboxMessage(this, letter, record.acceptedMs, state);
  }

  #nudge(queue: KeptQueue): void {
    const now = this.#env.clock.now();
    if (queue.nudgedMs + RETRY_PAUSE_MS > now) return;
    queue.nudgedMs = now;
    this.#flush(queue);
  }

  /** Sends the head, and after its outcome the next one. */
  #flush(queue: KeptQueue): void {
    const head = queue.head;
    if (queue.busy || head === undefined || this.#stopping) return;
    queue.busy = true;
    this.#env.timers.clear(queue.timer);
    queue.timer = undefined;
    this.#withRecord(queue, head.key, (message) => this.#step(message, 'retry'));
  }

  #expire(queue: KeptQueue, key: string): void {
    queue.busy = true;
    this.#withRecord(queue, key, (message) => {
      message.error = stanzaError('recipient-unavailable', {
        text: `Not delivered within ${this.#env.live.offline.hours} hours`,
        lang: 'en',
      });
      this.#step(message, 'expired');
    });
  }

  /** Reads a kept message; the queue is busy until its outcome. */
  #withRecord(queue: KeptQueue, key: string, act: (message: OutboxMessage) => void): void {
    this.#env.records.get(key).then(
      (record) => {
        const sender = record === undefined ? undefined : this.#env.senderOf(record);
        if (record === undefined || sender === undefined) {
          // Taken out of the store by somebody else, or of a domain that is no longer ours.
          this.#env.log.error('outbox.kept.gone', { recipient: queue.recipient });
          queue.busy = false;
          this.#dequeue(queue, key);
          // The others still wait for their turn.
          return this.#later(queue, queue.attempts);
        }
        act(this.#messageOf(record, sender, 'kept'));
      },
      (error: Error) => {
        this.#env.log.error('outbox.read.failed', { error: error.message });
        queue.busy = false;
        this.#later(queue, queue.attempts);
      },
    );
  }

  #leaveQueue(message: OutboxMessage): void {
    const queue = this.#queues.get(message.recipient);
    if (queue === undefined) return;
    queue.busy = false;
    this.#dequeue(queue, message.key);
    this.#flush(queue);
  }

  #later(queue: KeptQueue, attempts: number): void {
    const { timers, random } = this.#env;
    timers.clear(queue.timer);
    if (this.#stopping || queue.head === undefined) return;
    queue.timer = timers.set(retryDelayMs(attempts, random.unit()), () => {
      queue.timer = undefined;
      this.#flush(queue);
    });
  }

  #queueOf(recipient: string): KeptQueue {
    let queue = this.#queues.get(recipient);
    if (queue === undefined) {
      queue = new KeptQueue(recipient);
      this.#queues.set(recipient, queue);
    }
    return queue;
  }

  #enqueue(queue: KeptQueue, entry: KeptKey): void {
    queue.insert(entry);
    this.#kept += 1;
    const domain = domainOf(queue.recipient);
    this.#perDomain.set(domain, (this.#perDomain.get(domain) ?? 0) + 1);
    if (queue.keys.length === 1) this.#env.awaited(queue.recipient, true);
  }

  #dequeue(queue: KeptQueue, key: string): void {
    const before = queue.keys.length;
    queue.remove(key);
    if (queue.keys.length === before) return;
    this.#kept -= 1;
    const domain = domainOf(queue.recipient);
    const left = (this.#perDomain.get(domain) ?? 1) - 1;
    if (left > 0) this.#perDomain.set(domain, left);
    else this.#perDomain.delete(domain);
    this.#dropEmpty(queue);
  }

  #dropEmpty(queue: KeptQueue): void {
    if (queue.keys.length > 0 || this.#queues.get(queue.recipient) !== queue) return;
    this.#env.timers.clear(queue.timer);
    queue.timer = undefined;
    this.#queues.delete(queue.recipient);
    this.#env.awaited(queue.recipient, false);
  }
}
