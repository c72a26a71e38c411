// What features keep beyond a restart, as they see it. A feature names its collection and the version of its records in
// its `record.ts`; memory, SQLite and PostgreSQL implement it at the edge (`edge/store`), with one contract suite.

/** A collection of one feature: `outbox`, `ledger`, `subscriptions` … */
export interface CollectionSpec<R> {
  /** Lower-case letters, digits and underscores, at most 24: it becomes the name of a table. */
  readonly name: string;
  /** Version of the records that this program writes, from 1. A store that holds a newer one is refused. */
  readonly version: number;
  /**
   * By which values records are found, each at most 512 octets of text; undefined: not under this name. To change
   * what an index says is a new version. Their names have letters, digits and underscores, at most 24.
   */
  readonly indexes: Readonly<Record<string, (record: R) => string | undefined>>;
  /** Called when a write is due, not before: a record that is withdrawn in time is never encoded. JSON text. */
  encode(record: R): string;
  /** Reads what `version`, this or an earlier one, wrote. Throws when it cannot be read: that record is passed over. */
  decode(version: number, text: string): R;
  /** When it is given up, in milliseconds since 1970-01-01T00:00:00Z; undefined: never. */
  expires?(record: R): number | undefined;
}

export interface Entry<R> {
  readonly key: string;
  /** Place in the order of insertion; replacing keeps it. */
  readonly seq: number;
  readonly record: R;
}

/**
 * Called once, never inside of the call that it was given to: without an error when the write is durable, with one when
 * it was not done and will not be. Errors are `ERR_STORE_…`; `ERR_STORE_RECORD` concerns this record alone, which is not
 * what a store takes: a key of more than 1024 octets, an index of more than 512, more than 4,194,304 characters.
 */
export type Written = (error?: Error) => void;

export interface FindOptions {
  /** At most so many; all when absent. */
  readonly limit?: number;
  /** Only what was inserted after this place. */
  readonly after?: number;
}

/**
 * Records by key, in order of insertion. Writes are buffered and committed in groups; reads see what was written
 * before them. Every method may be called at any time; after `close` they fail with `ERR_STORE_CLOSED`. To name
 * an index that the collection does not have is a mistake.
 */
export interface Collection<R> {
  /** Inserts or replaces. */
  put(key: string, record: R, written?: Written): void;
  /**
   * Removes, if it is there. A `put` of this key that no commit has taken yet is never written, and both are told so as
   * done, in the same turn (later when the store must look whether an earlier record is there).
   */
  delete(key: string, written?: Written): void;
  get(key: string): Promise<R | undefined>;
  /** What has this value of an index, in order of insertion. */
  find(index: string, value: string, options?: FindOptions): Promise<readonly Entry<R>[]>;
  /** All, in order of insertion. */
  scan(options?: FindOptions): Promise<readonly Entry<R>[]>;
  count(index?: string, value?: string): Promise<number>;
  /**
   * Removes what has expired by `nowMs`, earliest first, at most `limit`; returns what was removed, so that it can be
   * reported. What has expired and cannot be read is removed too, and counted.
   */
  takeExpired(nowMs: number, limit: number): Promise<readonly Entry<R>[]>;
  /** Removes the oldest until at most `keep` are left; returns how many went. */
  trim(keep: number): Promise<number>;
}

/** What a store says of itself. */
export interface StoreStatus {
  readonly kind: 'memory' | 'sqlite' | 'postgres';
  /** False while the last commit failed: `error` says why. Writes then fail at once or after one try, never silently. */
  readonly writable: boolean;
  readonly error?: string;
  /** Writes that no commit has taken or finished yet. */
  readonly pending: number;
  /** Age in milliseconds of the oldest write without a finished commit; 0 when there is none. */
  readonly pendingMs: number;
}

export interface Store {
  /** Opens a collection; a second call with the same name is a mistake. Fails with `ERR_STORE_NEWER` or another `ERR_STORE_…`. */
  collection<R>(spec: CollectionSpec<R>): Promise<Collection<R>>;
  /** Commits everything that is buffered; resolves when it is durable, or when it failed and each writer was told. */
  flush(): Promise<void>;
  status(): StoreStatus;
  /** Commits what is buffered, then lets go of files and connections. */
  close(): Promise<void>;
}
