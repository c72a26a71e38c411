// The ledger: one row for each message of a believed sender, with its identifiers on both sides, its times and its
// outcome, and no body. The newest rows are in memory; with a store they go there in groups and survive a restart.
// Nothing here ever keeps a message back: what cannot be written is counted.

import type { Collection } from '../../base/index.ts';
import {
  isNamed,
  ledgerId,
  reportedAs,
  type LedgerDirection,
  type LedgerOutcome,
  type LedgerPage,
  type LedgerRecord,
  type LedgerReport,
} from '../../interwork/message/index.ts';
import { LedgerRing } from './ledger-ring.ts';
import { LedgerWriter, type LedgerBounds, type LedgerWriterEnv } from './ledger-writer.ts';

/** Rows in memory: with 400 octets and some numbers each, 5 MB. */
const MAX_IN_MEMORY = 10_000;
/** Messages in one answer; more are counted. */
const MAX_FOUND = 50;
const NOTHING: LedgerBounds = { rows: 0, hours: 0 };

/** As in the configuration. */
export type LedgerSettings = LedgerBounds | 'off';

/** A message without an outcome: where it is. */
export interface OpenRow {
  readonly record: LedgerRecord;
  /** The state of its machine, in the words of that machine. */
  readonly state: string;
  /** Since when, in milliseconds since 1970-01-01T00:00:00Z. */
  readonly sinceMs: number;
  /** What has to happen next, in words. */
  readonly waitsFor: string;
}

/** Whoever holds messages without an outcome. */
export interface OpenMessages {
  /** Those with this identifier, at most `limit`. */
  findOpen(named: (record: LedgerRecord) => boolean, limit: number): readonly OpenRow[];
}

export interface LedgerAnswer {
  /** Newest first; those without an outcome before all others. */
  readonly messages: readonly (LedgerRecord & Partial<Omit<OpenRow, 'record'>>)[];
  /** How many more there are. */
  readonly older: number;
}

export interface LedgerTotal {
  readonly direction: LedgerDirection;
  readonly outcome: LedgerOutcome;
  readonly messages: number;
}

export class Ledger {
  readonly #env: LedgerWriterEnv;
  readonly #writer: LedgerWriter | undefined;
  readonly #open: OpenMessages[] = [];
  readonly #totals: { direction: LedgerDirection; outcome: LedgerOutcome; read: () => number }[] = [];
  readonly #sinceMs: number;
  /** Rows of which something may be told later, by direction and name; the newest, as many as there are rows. */
  readonly #named = new Map<string, number>();
  #bounds: LedgerBounds;
  #ring: LedgerRing;

  /** Without a collection the rows are in memory only. */
  constructor(env: LedgerWriterEnv, settings: LedgerSettings, pages?: Collection<LedgerPage>) {
    this.#env = env;
    this.#sinceMs = env.clock.wall();
    this.#bounds = boundsOf(settings);
    this.#ring = new LedgerRing(capacityOf(this.#bounds));
    if (pages !== undefined) {
      this.#writer = new LedgerWriter(env, pages, this.#ring, this.#bounds);
      // What an earlier run left may be more than this configuration allows.
      this.#writer.sweep();
    }
  }

  /** Rows in memory. */
  get size(): number {
    return this.#ring.size;
  }

  /** False: `ledger: off`. */
  get kept(): boolean {
    return this.#bounds.rows > 0;
  }

  /** A message has its outcome. Returns the number of its row, -1 when none is kept. */
  add(record: LedgerRecord): number {
    if (this.#bounds.rows === 0) return -1;
    const row = this.#ring.add(record);
    // Reports come only of those that asked for them.
    if (record.imdnId !== undefined) this.#remember(`${record.direction} ${reportedAs(record)}`, row);
    this.#writer?.added();
    return row;
  }

  /** Something was learned of a message after its outcome; `failure` is the condition of the error. */
  report(row: number, report: LedgerReport, failure?: string): void {
    if (!this.#ring.has(row)) return;
    const atMs = this.#env.clock.wall();
    this.#ring.report(row, report, atMs, failure);
    const record = this.#ring.read(row);
    const id = reportedAs(record);
    if (id !== undefined)
      this.#writer?.report({ direction: record.direction, id, report, atMs, failure }, row);
  }

  /** The same for one whose sender asked for reports, by what names it in a report (`reportedAs`). */
  reportNamed(direction: LedgerDirection, name: string, report: LedgerReport, failure?: string): void {
    if (this.#bounds.rows === 0) return;
    const id = ledgerId(name);
    const row = this.#named.get(`${direction} ${id}`);
    if (row !== undefined && this.#ring.has(row)) return this.report(row, report, failure);
    this.#writer?.report({ direction, id, report, atMs: this.#env.clock.wall(), failure });
  }

  /** The same for one that was plainly accepted, of which the last 16 bits of the number and the stanza id are known. */
  reportFailure(lowBits: number, xmppId: string, failure: string): void {
    const last = this.#ring.next - 1;
    const row = last - ((last - lowBits) & 0xffff);
    const id = ledgerId(xmppId);
    if (this.#ring.has(row) && this.#ring.read(row).xmppId === id) return this.report(row, 'failed', failure);
    const atMs = this.#env.clock.wall();
    this.#writer?.report({ direction: 'sip_to_xmpp', id, report: 'failed', atMs, failure });
  }

  /** Asks these too, for messages without an outcome. */
  watch(messages: OpenMessages): void {
    this.#open.push(messages);
  }

  /** Where a total is read from. */
  countedBy(direction: LedgerDirection, outcome: LedgerOutcome, read: () => number): void {
    this.#totals.push({ direction, outcome, read });
  }

  /** Messages by direction and outcome since the start, whether rows are kept of them or not. */
  totals(): { readonly sinceMs: number; readonly totals: readonly LedgerTotal[] } {
    return {
      sinceMs: this.#sinceMs,
      totals: this.#totals.map(({ direction, outcome, read }) => ({ direction, outcome, messages: read() })),
    };
  }

  /** Every message with this identifier of either side: stanza id, Call-ID, Message-ID of an IMDN. */
  async find(id: string): Promise<LedgerAnswer> {
    const wanted = ledgerId(id);
    if (wanted === '') return { messages: [], older: 0 };
    const named = (record: LedgerRecord): boolean => isNamed(record, wanted);
    const open = this.#open.flatMap((messages) => messages.findOpen(named, MAX_FOUND));
    const messages: LedgerAnswer['messages'][number][] = open
      .toSorted((left, right) => right.record.acceptedMs - left.record.acceptedMs)
      .map(({ record, state, sinceMs, waitsFor }) => ({ ...record, state, sinceMs, waitsFor }));
    let older = 0;
    for (const row of this.#ring.find(wanted)) {
      if (messages.length < MAX_FOUND) messages.push(this.#ring.read(row));
      else older += 1;
    }
    if (this.#writer !== undefined) {
      const stored = await this.#writer.find(wanted, MAX_FOUND);
      const room = Math.max(0, MAX_FOUND - messages.length);
      messages.push(...stored.records.slice(0, room));
      older += stored.older + Math.max(0, stored.records.length - room);
    }
    return { messages: messages.slice(0, MAX_FOUND), older: older + Math.max(0, open.length - MAX_FOUND) };
  }

  /** Goes over to other bounds; `off` forgets every row. */
  configure(settings: LedgerSettings): void {
    this.#bounds = boundsOf(settings);
    const capacity = capacityOf(this.#bounds);
    if (this.#bounds.rows === 0) this.#named.clear();
    if (this.#bounds.rows === 0) this.#ring = new LedgerRing(capacity, this.#ring.next);
    else if (capacity !== this.#ring.capacity) this.#ring = this.#ring.resized(capacity);
    this.#writer?.use(this.#ring, this.#bounds);
    this.sweep();
  }

  /** Gives up what is too old. */
  sweep(): void {
    this.#ring.dropBefore(this.#env.clock.wall() - this.#bounds.hours * 3_600_000);
    this.#writer?.sweep();
  }

  /** Hands to the store what waits; it is closed after this. */
  stop(): void {
    this.#writer?.stop();
  }

  #remember(name: string, row: number): void {
    this.#named.set(name, row);
    if (this.#named.size <= MAX_IN_MEMORY) return;
    for (const oldest of this.#named.keys()) return void this.#named.delete(oldest);
  }
}

function boundsOf(settings: LedgerSettings): LedgerBounds {
  return settings === 'off' ? NOTHING : settings;
}

function capacityOf({ rows }: LedgerBounds): number {
  return Math.max(1, Math.min(rows, MAX_IN_MEMORY));
}
