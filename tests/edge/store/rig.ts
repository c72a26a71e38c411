// What the tests of stores share: real time, a log that is kept, and a record with everything that a feature may want.

import {
  Counters,
  TimerWheel,
  type Clock,
  type CollectionSpec,
  type Log,
  type Store,
  type Written,
} from '../../../src/base/index.ts';
import { openStore, type StoreEnv } from '../../../src/edge/store/index.ts';

export interface Note {
  readonly to: string;
  readonly text: string;
  readonly tag?: string;
  readonly expiresMs?: number;
}

export interface NoteSpec extends CollectionSpec<Note> {
  /** Texts of records that were encoded. */
  readonly encoded: string[];
}

/** Version 1: found by `to` and `tag`. A text that begins with "!" cannot be encoded, one with "?" not be decoded. */
export function noteSpec(name = 'notes'): NoteSpec {
  const encoded: string[] = [];
  return {
    name,
    version: 1,
    encoded,
    indexes: { to: ({ to }) => to, tag: ({ tag }) => tag },
    expires: ({ expiresMs }) => expiresMs,
    encode(note) {
      if (note.text.startsWith('!')) throw new Error('cannot be encoded');
      encoded.push(note.text);
      return JSON.stringify(note);
    },
    decode(_version, text) {
      const note: Note = JSON.parse(text);
      if (note.text.startsWith('?')) throw new Error('cannot be decoded');
      return note;
    },
  };
}

export interface RecordedLog extends Log {
  readonly lines: {
    readonly level: string;
    readonly event: string;
    readonly fields: Readonly<Record<string, unknown>>;
  }[];
}

export function recordedLog(): RecordedLog {
  const lines: RecordedLog['lines'] = [];
  const at =
    (level: string) =>
    (event: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      lines.push({ level, event, fields });
    };
  return {
    lines,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    enabled: () => true,
  };
}

const clock: Clock = { now: () => performance.now(), wall: () => Date.now() };
const timers = new TimerWheel(() => clock.now(), { tickMs: 1 });
// Stands still while nothing is armed, so that the test process can end.
let interval: NodeJS.Timeout | undefined;
timers.onWake = () => {
  interval ??= setInterval(() => {
    timers.advance();
    if (timers.size > 0) return;
    clearInterval(interval);
    interval = undefined;
  }, 1);
};

export interface TestEnv extends StoreEnv {
  readonly log: RecordedLog;
}

export function realEnv(): TestEnv {
  return { clock, timers, log: recordedLog(), counters: new Counters() };
}

/** The outcome of one write. */
export function outcome(write: (written: Written) => void): Promise<Error | undefined> {
  return new Promise((resolve) => write(resolve));
}

/** Where a store can be opened again and again. */
export interface Place {
  /** False: what is there is gone with the store. */
  readonly lasts: boolean;
  open(env: StoreEnv): Promise<Store>;
}

const opened: Store[] = [];

/** A place by its URL; `closeAll` closes what was opened there, also when a test failed. */
export function placeAt(url: string, lasts: boolean): Place {
  return {
    lasts,
    async open(env) {
      const store = await openStore(url, env, { patienceMs: 1000 });
      opened.push(store);
      return store;
    },
  };
}

export async function closeAll(): Promise<void> {
  for (const store of opened) await store.close();
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
