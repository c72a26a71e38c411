// Connections to PostgreSQL and transactions on them: what was cut off is tried again for a bounded time, and when the
// answer to a COMMIT was lost, the server is asked what became of it.

import pg from 'pg';
import type { Log } from '../../base/index.ts';
import type { Cell } from './backend.ts';
import type { StoreEnv } from './options.ts';
import { isAway, isWorthAgain, postgresError } from './postgres-error.ts';
import { SHARED_LOCK, SOLE_LOCK } from './postgres-statements.ts';
import { storeError } from './store-error.ts';

const CONNECTIONS = 4;
const CONNECT_MS = 5000;
const STATEMENT_MS = 10_000;
/** On our side, for a network that swallows the answer. */
const ANSWER_MS = 15_000;
/** A change of the tables waits for the commits of others, and may have many records to make anew. */
const MIGRATION_LOCK_MS = 60_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1000;
/** How long the server is asked what became of a transaction. */
const OUTCOME_MS = 10_000;

/** A server, or a URL, whose settings give durability away must not do so here. */
const DURABLE = `SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'`;

export type Query = (sql: string, values?: readonly unknown[]) => Promise<Cell[][]>;

export class PostgresConnections {
  readonly #pool: pg.Pool;
  readonly #env: StoreEnv;
  readonly #patienceMs: number;
  readonly #log: Log;
  readonly #place: string;
  /** Until the first connection: what fails then is the place, not the moment. */
  #opening = true;

  constructor(url: string, place: string, env: StoreEnv, patienceMs: number) {
    this.#env = env;
    this.#log = env.log;
    this.#place = place;
    this.#patienceMs = patienceMs;
    this.#pool = new pg.Pool({
      connectionString: url,
      max: CONNECTIONS,
      connectionTimeoutMillis: CONNECT_MS,
      idleTimeoutMillis: 60_000,
      statement_timeout: STATEMENT_MS,
      idle_in_transaction_session_timeout: STATEMENT_MS,
      query_timeout: ANSWER_MS,
      keepAlive: true,
      application_name: 'stoxgate',
    });
    this.#pool.on('error', (error) => this.#log.debug('store.connection-lost', { store: place, error }));
  }

  /** Reads: asked again when the connection was cut. */
  read<T>(work: (query: Query) => Promise<T>): Promise<T> {
    return this.#patiently(isAway, () => this.#connected(work));
  }

  /** One transaction under the lock of our tables; all of it once more when it surely did not happen. */
  write<T>(work: (query: Query) => Promise<T>): Promise<T> {
    return this.#patiently(isWorthAgain, () => this.#transaction(SHARED_LOCK, work));
  }

  /** A transaction that may change the tables, and takes the time that it needs. */
  change<T>(work: (query: Query) => Promise<T>): Promise<T> {
    const limits = `SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = ${MIGRATION_LOCK_MS}`;
    return this.#patiently(isWorthAgain, () => this.#transaction(`${limits}; ${SOLE_LOCK}`, work));
  }

  close(): Promise<void> {
    return this.#pool.end();
  }

  async #transaction<T>(begin: string, work: (query: Query) => Promise<T>): Promise<T> {
    let transaction: string | undefined;
    let result: { readonly value: T } | undefined;
    try {
      return await this.#connected(async (query) => {
        await query(`BEGIN; ${DURABLE}; ${begin}`);
        const value = await work(query);
        // None is assigned when nothing was changed.
        const [[id] = []] = await query('SELECT pg_current_xact_id_if_assigned()::text');
        transaction = typeof id === 'string' ? id : undefined;
        result = { value };
        await query('COMMIT');
        return value;
      });
    } catch (error) {
      if (result === undefined || !isAway(error)) throw error;
      if (transaction === undefined || (await this.#happened(transaction))) return result.value;
      throw error;
    }
  }

  /** The connection was cut while a COMMIT was on its way. */
  async #happened(transaction: string): Promise<boolean> {
    const endMs = this.#env.clock.now() + OUTCOME_MS;
    for (;;) {
      const [[status] = []] = await this.read((query) =>
        query('SELECT pg_xact_status($1::text::xid8)', [transaction]),
      );
      if (status === 'committed') return true;
      if (status === 'aborted') return false;
      if (this.#env.clock.now() >= endMs) {
        throw storeError(
          'ERR_STORE_FAILED',
          `the store ${this.#place} was cut off during a commit`,
          'it cannot be found out whether it happened',
        );
      }
      await this.#pause(FIRST_PAUSE_MS);
    }
  }

  async #connected<T>(work: (query: Query) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    this.#opening = false;
    const lost = (error: Error): void =>
      this.#log.debug('store.connection-lost', { store: this.#place, error });
    client.on('error', lost);
    let failed: unknown;
    try {
      return await work(async (text, values) => {
        const { rows } = await client.query<Cell[]>({
          text,
          rowMode: 'array',
          ...(values !== undefined && { values: [...values] }),
        });
        return rows;
      });
    } catch (error) {
      failed = error;
      throw error;
    } finally {
      client.off('error', lost);
      // A connection on which anything failed may be in the middle of something: it is not used again.
      client.release(failed !== undefined);
    }
  }

  async #patiently<T>(worthAgain: (error: unknown) => boolean, work: () => Promise<T>): Promise<T> {
    const endMs = this.#env.clock.now() + this.#patienceMs;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
      try {
        return await work();
      } catch (error) {
        // At the start nobody waits for a database that is not there: the operator does.
        const patient = !this.#opening && this.#env.clock.now() + pauseMs < endMs;
        if (!patient || !worthAgain(error)) {
          throw postgresError(error, `the store ${this.#place} cannot be used`, this.#opening);
        }
      }
      await this.#pause(pauseMs);
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#env.timers.set(ms, resolve);
    });
  }
}
