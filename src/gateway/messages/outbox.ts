// Messages from XMPP to SIP between "the gateway has it" and their outcome: in the store, so that neither a crash nor an
// absent user loses one (promises 1 and 5). What is written, and when, is in docs/architecture.md, "The outbox".

import type { Counter } from '../../base/index.ts';
import {
  isUnreachable,
  stepDurable,
  type DurableEffect,
  type DurableEvent,
  type LedgerRecord,
  type OutboxRecord,
} from '../../interwork/message/index.ts';
import { gatewayStanzaError } from '../../mapping/index.ts';
import { stanzaError, type StanzaError } from '../../xmpp/index.ts';
import { newFromTag, TOO_LONG, type Tried } from './delivery-parts.ts';
import {
  keptNamesOf,
  keptRows,
  restartDelayMs,
  retryDelayMs,
  type KeptKey,
  type KeptQueue,
} from './kept-queue.ts';
import { KeptQueues } from './kept-queues.ts';
import type { OpenRow } from './ledger.ts';
import {
  letterOf,
  OutboxMessage,
  withDate,
  type Letter,
  type Sender,
  type Standing,
} from './outbox-message.ts';
import type { OutboxEnv } from './outbox-env.ts';
import { RecordRemover } from './record-remover.ts';
import { storedPages } from '../stored-pages.ts';

const HOUR_MS = 3_600_000;
/** Uncommitted records at which no more is read from XMPP, and at which reading goes on. */
const PAUSE_AT = 512;
const RESUME_AT = 64;
const NOT_TRIED: Tried = {};
/** A new message for an absent user is a reason to try again, but not each of a hundred. */
const RETRY_PAUSE_MS = 5000;

export class Outbox {
  readonly node: string;
  readonly #env: OutboxEnv;
  readonly #queues: KeptQueues;
  readonly #remover: RecordRemover;
  readonly #keptTotal: Counter;
  readonly #failedWrites: Counter;
  /** Of the message that was accepted last. */
  #order = 0;
  #uncommitted = 0;
  #paused = false;
  /** What came in one piece with the handshake, while the store is being read; no more is read then. */
  #early: Letter[] | undefined;
  #stopping = false;
  readonly #written = (error?: Error): void => this.#onWritten(error);

  constructor(env: OutboxEnv) {
    this.#env = env;
    this.node = env.node;
    const { counters, timers, records, log } = env;
    this.#queues = new KeptQueues(timers, (recipient, waits) => env.awaited(recipient, waits));
    this.#remover = new RecordRemover(records, log);
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
    return this.#queues.total;
  }

  /** Records of ended messages that the store did not take out yet. */
  get undeleted(): number {
    return this.#remover.waiting;
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
    if (this.#early !== undefined) {
      this.#early.push(letter);
      return;
    }
    const { deliveries, durable, live } = this.#env;
    const queue = this.#queues.get(letter.recipient);
    const plain = !durable && queue === undefined && live.routes === undefined;
    if (plain && !(live.offline.keep && letter.mayKeep)) {
      deliveries.send({ ...letter, origin: letter.sender });
      return;
    }
    const message = new OutboxMessage(this, letter, this.#newStanding());
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

  /** Goes on with what an earlier run of this gateway left; nothing new overtakes it. */
  async restore(): Promise<void> {
    this.#paused = true;
    this.#env.pauseReading(true);
    this.#early = [];
    const { records, shared, random } = this.#env;
    for await (const page of storedPages(records, shared ? this.node : undefined)) {
      for (const { key, record } of page) this.#restoreOne(key, record);
    }
    for (const queue of this.#queues.values()) this.#wait(queue, restartDelayMs(random.unit()));
    this.#paused = false;
    const early = this.#early;
    this.#early = undefined;
    for (const letter of early) this.send(letter);
    this.#env.pauseReading(false);
  }

  /** Gives up what was kept for too long; a clock that was set makes nothing older. */
  sweep(): void {
    const { clock, live } = this.#env;
    const oldest = clock.now() - live.offline.hours * HOUR_MS;
    for (const queue of this.#queues.values()) {
      const head = queue.head;
      if (head !== undefined && head.sinceMs < oldest && !queue.busy) this.#expire(queue, head);
    }
    this.#remover.retry();
  }

  /** From now on kept messages stay where they are. */
  drain(): void {
    this.#stopping = true;
    this.#remover.retry();
    for (const queue of this.#queues.values()) this.#env.timers.clear(queue.timer);
  }

  delivered(message: OutboxMessage): void {
    this.#step(message, 'delivered');
  }

  refused(message: OutboxMessage, error: StanzaError, status: number | undefined, cseq: number): void {
    message.error = error;
    message.attempted(status, cseq);
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
          (requestUri) => this.#again(message, requestUri),
        );
      case 'forget':
        this.#remover.remove(message.key);
        if (message.wasKept) this.#leaveQueue(message);
    }
  }

  /** By the route script's will; what asked for reports named another. */
  #again({ letter }: OutboxMessage, requestUri: string): void {
    this.send({ ...letter, requestUri, fromTag: newFromTag(this.#env.random), wrapped: undefined });
  }

  #deliver(message: OutboxMessage, dated: boolean): void {
    const { letter } = message;
    const headers = dated ? withDate(letter.headers, message.acceptedMs) : letter.headers;
    message.dated = headers !== letter.headers;
    const { branch, attempt } = message;
    const { cseq, asked: repeated } = attempt;
    this.#env.deliveries.send({ ...letter, headers, cseq, branch, repeated, origin: message });
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
    if (this.#queues.isFull(message.recipient, live.offline)) {
      message.error = stanzaError('resource-constraint', {
        text: 'Too many messages wait for this user already',
        lang: 'en',
      });
      return this.#step(message, 'notKept');
    }
    const { key, order, sinceMs, attempt } = message;
    const names = keptNamesOf(message);
    const queue = this.#queues.add(message.recipient, { key, order, sinceMs, attempt, names });
    this.#keptTotal.add();
    if (log.enabled('debug')) log.debug('message.kept', { cid: message.cid, recipient: message.recipient });
    this.#env.records.put(message.key, message, (error) => {
      if (error === undefined) return;
      this.#storeFailed(error);
      this.#queues.remove(queue, message.key);
      message.error = gatewayStanzaError('ERR-G4');
      this.#step(message, 'notKept');
    });
    if (!queue.busy && queue.timer === undefined) this.#later(queue, queue.attempts);
  }

  /** One more attempt in vain: it keeps its place. */
  #stillKept(message: OutboxMessage): void {
    const queue = this.#queues.get(message.recipient);
    if (queue === undefined) return;
    if (message.renumbered) {
      this.#env.records.put(message.key, message, (error) => {
        if (error !== undefined) this.#storeFailed(error);
      });
    }
    queue.busy = false;
    queue.attempts += 1;
    this.#later(queue, queue.attempts);
  }

  #restoreOne(key: string, record: OutboxRecord): void {
    const { log, clock } = this.#env;
    const { acceptedMs, cseq, state } = record;
    this.#order += 1;
    const sinceMs = clock.now() - Math.max(0, clock.wall() - acceptedMs);
    // Whatever was under way when the last process ended was sent, or was not.
    const place = { order: this.#order, sinceMs, attempt: { cseq, asked: true, restored: true } };
    if (state === 'kept') {
      this.#queues.add(record.recipient, { key, ...place, names: keptNamesOf(record) });
      return;
    }
    const sender = this.#env.senderOf(record);
    if (sender === undefined) {
      log.error('outbox.no-link', { recipient: record.recipient });
      return;
    }
    log.info('outbox.resumed', { cid: sender.cid, recipient: record.recipient });
    this.#deliver(this.#messageOf(record, sender, { ...place, acceptedMs, state: 'sending' }), true);
  }

  #newStanding(): Standing {
    const { clock } = this.#env;
    this.#order += 1;
    const [acceptedMs, sinceMs] = [clock.wall(), clock.now()];
    const attempt = { cseq: 1, asked: false, restored: false };
    return { state: 'sending', acceptedMs, order: this.#order, sinceMs, attempt };
  }

  #messageOf(record: OutboxRecord, sender: Sender, standing: Standing): OutboxMessage {
    const letter = letterOf(record, sender, () => this.#env.cpimRefused(record.recipient));
    return new OutboxMessage(this, letter, standing);
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
    this.#withRecord(queue, head, (message) => this.#step(message, 'retry'));
  }

  #expire(queue: KeptQueue, entry: KeptKey): void {
    queue.busy = true;
    this.#withRecord(queue, entry, (message) => {
      message.error = stanzaError('recipient-unavailable', {
        text: `Not delivered within ${this.#env.live.offline.hours} hours`,
        lang: 'en',
      });
      this.#step(message, 'expired');
    });
  }

  /** Reads a kept message; the queue is busy until its outcome. */
  #withRecord(queue: KeptQueue, entry: KeptKey, act: (message: OutboxMessage) => void): void {
    this.#env.records.get(entry.key).then(
      (record) => {
        // The store did not take it as one that is kept, and its sender has been told so.
        const left = queue.find(entry.key) === undefined;
        const sender = record === undefined ? undefined : this.#env.senderOf(record);
        if (left || record === undefined || sender === undefined) {
          // Taken out of the store by somebody else, or of a domain that is no longer ours.
          if (!left) this.#env.log.error('outbox.kept.gone', { recipient: queue.recipient });
          queue.busy = false;
          this.#queues.remove(queue, entry.key);
          // The others still wait for their turn.
          return this.#later(queue, queue.attempts);
        }
        act(this.#messageOf(record, sender, { ...entry, acceptedMs: record.acceptedMs, state: 'kept' }));
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
    this.#queues.remove(queue, message.key);
    this.#flush(queue);
  }

  #later(queue: KeptQueue, attempts: number): void {
    this.#wait(queue, retryDelayMs(attempts, this.#env.random.unit()));
  }

  #wait(queue: KeptQueue, delayMs: number): void {
    const { timers } = this.#env;
    timers.clear(queue.timer);
    queue.timer = undefined;
    if (this.#stopping || queue.head === undefined) return;
    queue.timer = timers.set(delayMs, () => {
      queue.timer = undefined;
      this.#flush(queue);
    });
  }
}
