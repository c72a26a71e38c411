// When writes are committed: a window after the first of them, or at once when they are many; one commit at a time, and
// what comes meanwhile gathers for the next. It tells each writer once, never inside of his own call.

import {
  type Clock,
  type Log,
  type StoreStatus,
  type StoxgateError,
  type Timer,
  type Timers,
  type Written,
} from '../../base/index.ts';
import type { Backend, TableBatch } from './backend.ts';
import { StoreFigures } from './figures.ts';
import type { StoreEnv, StoreLimits } from './options.ts';
import { MAX_KNOWN_KEYS, type PendingWrite, type PendingWrites } from './pending-writes.ts';
import { asStoreError, storeError } from './store-error.ts';

/** Writes of one transaction: to encode more would keep the event loop from its work for too long. */
const COMMIT_SIZE = 1000;
/** When a collection that had too many keys to be remembered is looked at again. */
const LEARN_AGAIN_MS = 60_000;

interface Taken {
  readonly table: PendingWrites;
  readonly writes: readonly PendingWrite[];
}

interface Waiter {
  /** The group with which everything is done that it waits for. */
  readonly group: number;
  readonly resolve: () => void;
}

export class WriteBuffer {
  readonly figures: StoreFigures;
  readonly #backend: Backend;
  readonly #limits: StoreLimits;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #log: Log;
  readonly #bugs: { add(): void };
  readonly #tables: PendingWrites[] = [];

  /** Writes that gather, and the time of the first of them. */
  #gathering = 0;
  #sinceMs = 0;
  /** Writes of the group that is being committed, and the time of the first of them. */
  #inFlight = 0;
  #inFlightSinceMs = 0;

  #timer: Timer | undefined;
  #rush = false;
  #running = false;
  /** Number of the group that gathers. */
  #group = 0;
  #waiters: Waiter[] = [];
  #error: StoxgateError | undefined;
  #retryAtMs = 0;
  #closed = false;
  #learnAtMs = 0;
  /** Who is to be told without a commit, and what. */
  #told: Written[] = [];
  #toldErrors: (Error | undefined)[] = [];
  /** Ends when the last of those that must not overlap has ended. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(backend: Backend, env: StoreEnv, limits: StoreLimits) {
    this.#backend = backend;
    this.#limits = limits;
    this.#clock = env.clock;
    this.#timers = env.timers;
    this.#log = env.log;
    this.#bugs = env.counters.counter('stoxgate_bugs_total', 'Faults of the gateway itself.', {
      area: 'store',
    });
    this.figures = new StoreFigures(
      env.counters,
      env.clock,
      () => this.#gathering + this.#inFlight,
      () => this.#error === undefined,
    );
  }

  get closed(): boolean {
    return this.#closed;
  }

  add(table: PendingWrites): void {
    this.#tables.push(table);
  }

  put(table: PendingWrites, key: string, record: unknown, written: Written | undefined): void {
    if (this.#refused(written)) return;
    table.put(key, record, written);
    this.#gathered();
  }

  delete(table: PendingWrites, key: string, written: Written | undefined): void {
    if (this.#refused(written)) return;
    const done = table.delete(key, written);
    if (done === undefined) {
      this.#gathered();
      return;
    }
    // This call was never counted.
    this.#gathering -= done.calls - 1;
    if (done.calls > 1) this.figures.withdrawn.add();
    done.writers((each) => this.#tellLater(each, undefined));
  }

  #gathered(): void {
    this.#gathering += 1;
    if (this.#gathering === 1) this.#sinceMs = this.#clock.now();
    if (this.#running) return;
    if (this.#gathering < this.#limits.groupSize || this.#error !== undefined) this.#arm();
    else this.#hurry();
  }

  #refused(written: Written | undefined): boolean {
    if (!this.#closed && this.#gathering + this.#inFlight < this.#limits.maxPending) return false;
    const what = `a write to the store ${this.#backend.place} was refused`;
    const error = this.#closed
      ? storeError('ERR_STORE_CLOSED', what)
      : storeError('ERR_STORE_QUEUE', what, `${this.#limits.maxPending} are pending`);
    this.figures.refused.add();
    if (written === undefined) return true;
    this.#tellLater(written, error);
    return true;
  }

  /** After the call that it is about, but in the same turn: whoever bounds what is not written yet counts on it. */
  #tellLater(written: Written, error: Error | undefined): void {
    this.#told.push(written);
    this.#toldErrors.push(error);
    if (this.#told.length === 1) queueMicrotask(this.#tell);
  }

  /** A commit waits no longer than the window; after a failure, than until the next try. */
  #arm(): void {
    if (this.#timer !== undefined || this.#running) return;
    const nowMs = this.#clock.now();
    const windowMs = Math.max(0, this.#limits.windowMs - (this.#gathering > 0 ? nowMs - this.#sinceMs : 0));
    const delayMs = this.#error === undefined ? windowMs : Math.max(windowMs, this.#retryAtMs - nowMs);
    this.#timer = this.#timers.set(delayMs, this.#due);
  }

  #hurry(): void {
    if (this.#rush) return;
    this.#rush = true;
    queueMicrotask(this.#hurried);
  }

  readonly #hurried = (): void => {
    this.#rush = false;
    if (this.#error === undefined) this.#due();
  };

  readonly #due = (): void => {
    this.#timers.clear(this.#timer);
    this.#timer = undefined;
    if (this.#running) return;
    if (this.#gathering === 0) this.#release(this.#group);
    else void this.#commitGroup();
  };

  readonly #tell = (): void => {
    if (this.#told.length === 0) return;
    const told = this.#told;
    const errors = this.#toldErrors;
    this.#told = [];
    this.#toldErrors = [];
    for (let i = 0; i < told.length; i++) {
      const written = told[i];
      if (written !== undefined) this.#call(written, errors[i]);
    }
  };

  #call(written: Written, error: Error | undefined): void {
    try {
      written(error);
    } catch (fault) {
      // The others are told all the same.
      this.#bugs.add();
      this.#log.error('store.writer-fault', { error: fault });
    }
  }

  /** Commits what gathered so far. Never throws. */
  async #commitGroup(): Promise<void> {
    this.#running = true;
    const group = this.#group;
    this.#group += 1;
    this.#inFlight = this.#gathering;
    this.#inFlightSinceMs = this.#sinceMs;
    this.#gathering = 0;
    const taken = this.#tables
      .filter(({ size }) => size > 0)
      .map((table): Taken => ({ table, writes: table.take() }));
    let error: StoxgateError | undefined;
    for (const part of parts(taken)) {
      // One try a group: what follows a failed part shares its fate.
      if (error === undefined) error = await this.#commitPart(part);
      else this.#fail(part, error);
    }
    if (error === undefined) await this.#learnAgain(taken);
    this.#running = false;
    this.#release(group);
    if (this.#gathering > 0) {
      const wanted = this.#error === undefined && (this.#waiters.length > 0 || this.#isFull);
      if (wanted) this.#due();
      else this.#arm();
    } else this.#release(this.#group);
  }

  /** A collection that has become small again: its keys are worth remembering. */
  async #learnAgain(taken: readonly Taken[]): Promise<void> {
    if (taken.every(({ table }) => table.knowsKeys) || this.#clock.now() < this.#learnAtMs) return;
    this.#learnAtMs = this.#clock.now() + LEARN_AGAIN_MS;
    try {
      for (const { table } of taken) {
        if (table.knowsKeys) continue;
        table.learnKeys(await this.inTurn(() => this.#backend.keys(table.table, MAX_KNOWN_KEYS)));
      }
    } catch {
      // It works without; the next commit will tell what is wrong.
    }
  }

  get #isFull(): boolean {
    return this.#gathering >= this.#limits.groupSize;
  }

  async #commitPart(part: readonly Taken[]): Promise<StoxgateError | undefined> {
    const refused = new Set<PendingWrite>();
    try {
      await this.inTurn(async () => {
        const batches = part.flatMap(({ table, writes }): TableBatch[] => {
          const batch = table.batch(writes, (write, error) => {
            refused.add(write);
            this.#finished([write], asStoreError(error, 'a record cannot be written'));
          });
          return batch === undefined ? [] : [batch];
        });
        if (batches.length === 0) return;
        const sinceMs = this.#clock.now();
        await this.#backend.commit(batches);
        this.figures.committed(sinceMs);
        this.#succeeded();
      });
    } catch (cause) {
      const error = asStoreError(cause, `the store ${this.#backend.place} cannot be written`);
      this.#failed(error);
      this.#fail(part, error, refused);
      return error;
    }
    for (const { table, writes } of part) {
      const done = writes.filter((write) => !refused.has(write));
      table.committed(done);
      this.#finished(done, undefined);
    }
    return undefined;
  }

  #fail(part: readonly Taken[], error: Error, except?: ReadonlySet<PendingWrite>): void {
    for (const { writes } of part)
      this.#finished(except === undefined ? writes : writes.filter((write) => !except.has(write)), error);
  }

  #finished(writes: readonly PendingWrite[], error: Error | undefined): void {
    for (const write of writes) {
      this.#inFlight -= write.calls;
      write.writers((written) => this.#call(written, error));
    }
  }

  #succeeded(): void {
    if (this.#error !== undefined) this.#log.info('store.writable', { store: this.#backend.place });
    this.#error = undefined;
  }

  #failed(error: StoxgateError): void {
    this.figures.failed.add();
    if (this.#error?.code !== error.code) {
      this.#log.error('store.not-writable', { store: this.#backend.place, code: error.code, error });
    }
    this.#error = error;
    this.#retryAtMs = this.#clock.now() + this.#limits.retryMs;
  }

  #release(group: number): void {
    if (this.#waiters.length === 0) return;
    const free = this.#waiters.filter((waiter) => waiter.group <= group);
    this.#waiters = this.#waiters.filter((waiter) => waiter.group > group);
    for (const { resolve } of free) resolve();
  }

  /** Resolves when everything that was written before is durable or has failed. */
  flush(): Promise<void> {
    this.#tell();
    if (this.#gathering === 0 && !this.#running) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiters.push({ group: this.#gathering > 0 ? this.#group : this.#group - 1, resolve });
      if (this.#error === undefined) this.#due();
      else this.#arm();
    });
  }

  /** Runs `work` while no commit and no other such work runs. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }

  /** Nothing is on its way from here to the implementation. */
  get idle(): boolean {
    return !this.#running;
  }

  /** Refuses from now on; resolves when nothing is pending. After a failure it tries once more, without waiting. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#retryAtMs = 0;
    this.#timers.clear(this.#timer);
    this.#timer = undefined;
    const flushed = this.flush();
    if (!this.#running && this.#gathering > 0) this.#due();
    await flushed;
    await this.#turn;
    this.#timers.clear(this.#timer);
    this.#tell();
  }

  status(): StoreStatus {
    const pending = this.#gathering + this.#inFlight;
    const sinceMs = this.#inFlight > 0 ? this.#inFlightSinceMs : this.#sinceMs;
    return {
      kind: this.#backend.kind,
      writable: this.#error === undefined,
      ...(this.#error !== undefined && { error: this.#error.message }),
      pending,
      pendingMs: pending === 0 ? 0 : Math.max(0, this.#clock.now() - sinceMs),
    };
  }
}

/** Parts of at most `COMMIT_SIZE` writes, in their order. */
function* parts(taken: readonly Taken[]): Generator<readonly Taken[]> {
  let part: Taken[] = [];
  let room = COMMIT_SIZE;
  for (const { table, writes } of taken) {
    for (let at = 0; at < writes.length;) {
      const some = writes.slice(at, at + room);
      part.push({ table, writes: some });
      at += some.length;
      room -= some.length;
      if (room > 0) continue;
      yield part;
      part = [];
      room = COMMIT_SIZE;
    }
  }
  if (part.length > 0) yield part;
}
