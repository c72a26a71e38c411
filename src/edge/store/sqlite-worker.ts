// The worker thread of the SQLite store: one call after the other, so that waiting for the disk holds up nobody else.

import { parentPort, workerData } from 'node:worker_threads';
import { StoxgateError } from '../../base/index.ts';
import { SqliteDatabase } from './sqlite-database.ts';
import { sqliteError } from './sqlite-error.ts';
import type { SqliteAnswer, SqliteCall, SqliteWorkerData } from './sqlite-calls.ts';

const { path, patienceMs }: SqliteWorkerData = workerData;
const database = new SqliteDatabase(path, patienceMs);

parentPort?.on('message', (call: SqliteCall<never>) => {
  const answer = run(call);
  parentPort?.postMessage(answer);
  if (call.method === 'close') parentPort?.close();
});

function run({ id, method, args }: SqliteCall<never>): SqliteAnswer {
  try {
    // The pairs of names and arguments are made by `SqliteBackend`, whose calls are typed.
    const work: (...values: never[]) => unknown = database[method];
    return { id, value: work.apply(database, [...args]) };
  } catch (error) {
    const what =
      method === 'open' ? `the store ${path} cannot be opened` : `the store ${path} cannot be used`;
    const { code, message } = error instanceof StoxgateError ? error : sqliteError(error, what);
    return { id, value: undefined, error: { code, message } };
  }
}
