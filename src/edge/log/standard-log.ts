// The log of the process: pino to standard error, one JSON object a line, or text for the eye.

import pino from 'pino';
import type { Log, LogLevel } from '../../base/index.ts';
import { textLine } from './text-line.ts';

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: 'json' | 'pretty';
  /** Written into each JSON line; this gateway's name among several. */
  readonly node?: string;
}

/** Where lines go. */
export interface LogSink {
  write(text: string): unknown;
  /** Everything is out when it returns. */
  flushSync(): void;
}

/** Octets that may wait when the reader of standard error is slow; beyond that, lines are dropped, not memory taken. */
const MAX_WAITING = 8 * 1024 * 1024;

/** Names whose values never appear, whoever passes them. */
const NEVER_SHOWN = ['password', 'secret', 'token', 'authorization', 'handshake'];

/** Standard error, written without blocking. A reader that went away is no reason to stop. */
export function standardError(): LogSink {
  const sink = pino.destination({ fd: 2, sync: false, maxLength: MAX_WAITING });
  sink.on('error', () => {});
  return {
    write: (text) => sink.write(text),
    flushSync: () => {
      try {
        sink.flushSync();
      } catch {
        // The reader went away, or nothing was ever opened.
      }
    },
  };
}

type Fields = Readonly<Record<string, unknown>>;
type Writer = (level: LogLevel, event: string, fields: Fields | undefined) => void;

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** See the file head. `configure` changes it while it runs. */
export class StandardLog implements Log {
  readonly #sink: LogSink;
  readonly #wall: () => number;
  #least = RANK.info;
  #writer: Writer = () => {};

  constructor(options: LogOptions, sink: LogSink = standardError(), wall: () => number = Date.now) {
    this.#sink = sink;
    this.#wall = wall;
    this.configure(options);
  }

  configure(options: LogOptions): void {
    this.#least = RANK[options.level];
    this.#writer = options.format === 'json' ? this.#jsonWriter(options) : this.#textWriter();
  }

  debug(event: string, fields?: Fields): void {
    if (this.#least <= RANK.debug) this.#writer('debug', event, fields);
  }

  info(event: string, fields?: Fields): void {
    if (this.#least <= RANK.info) this.#writer('info', event, fields);
  }

  warn(event: string, fields?: Fields): void {
    if (this.#least <= RANK.warn) this.#writer('warn', event, fields);
  }

  error(event: string, fields?: Fields): void {
    this.#writer('error', event, fields);
  }

  enabled(level: LogLevel): boolean {
    return this.#least <= RANK[level];
  }

  /** Before the process ends. */
  flush(): void {
    this.#sink.flushSync();
  }

  #jsonWriter(options: LogOptions): Writer {
    const logger = pino(
      {
        level: options.level,
        base: options.node === undefined ? null : { node: options.node },
        messageKey: 'event',
        timestamp: () => `,"time":"${new Date(this.#wall()).toISOString()}"`,
        formatters: { level: (label) => ({ level: label }) },
        serializers: { error: errorFields },
        redact: { paths: NEVER_SHOWN, censor: '(not shown)' },
      },
      this.#sink,
    );
    return (level, event, fields) => logger[level](fields ?? {}, event);
  }

  #textWriter(): Writer {
    return (level, event, fields) => {
      this.#sink.write(`${textLine(this.#wall(), level, event, fields && shown(fields))}\n`);
    };
  }
}

function shown(fields: Fields): Fields {
  const copy: Record<string, unknown> = { ...fields };
  for (const name of NEVER_SHOWN) if (name in copy) copy[name] = '(not shown)';
  if (copy['error'] instanceof Error) copy['error'] = errorFields(copy['error']);
  return copy;
}

/** An error as fields; its stack only when it is no environment failure, which has a code instead. */
function errorFields(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const cause = error.cause instanceof Error ? error.cause.message : undefined;
  return {
    ...(code === undefined ? { stack: error.stack } : { code }),
    message: error.message,
    ...(cause === undefined ? {} : { cause }),
  };
}
