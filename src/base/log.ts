// The log as the rooms see it. The writer (pino) is at the edge.

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Structured: an event name that never changes, and fields. Never a message body, password or token. */
export interface Log {
  debug(event: string, fields?: Readonly<Record<string, unknown>>): void;
  info(event: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void;
  error(event: string, fields?: Readonly<Record<string, unknown>>): void;
  /** False when such a line would be dropped: ask before building fields on the message path. */
  enabled(level: LogLevel): boolean;
}

const nothing = (): void => {};

export const silentLog: Log = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  enabled: () => false,
};
