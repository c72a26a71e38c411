// A log line for the eye: `12:00:01.234 WARN  event key=value`. Whatever a value holds, it stays on its line.

import type { LogLevel } from '../../base/index.ts';

const NAMES: Readonly<Record<LogLevel, string>> = {
  debug: 'DEBUG',
  info: 'INFO ',
  warn: 'WARN ',
  error: 'ERROR',
};

/** Without line end. `wallMs` is shown as UTC time of day. */
export function textLine(
  wallMs: number,
  level: LogLevel,
  event: string,
  fields: Readonly<Record<string, unknown>> | undefined,
): string {
  let line = `${new Date(wallMs).toISOString().slice(11, 23)} ${NAMES[level]} ${event}`;
  if (fields !== undefined) {
    for (const [name, value] of Object.entries(fields)) {
      if (value !== undefined) line += ` ${name}=${valueText(value)}`;
    }
  }
  return line;
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return /^[\w.:@/+\-;=<>[\]]+$/.test(value) ? value : quoted(value);
  return quoted(value);
}

/** JSON, which leaves DEL, C1 controls and bidirectional overrides as they are: a terminal obeys those. */
function quoted(value: unknown): string {
  const json = safeJson(value);
  return json.replace(
    /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function safeJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    // A cycle or a bigint: a log line is never a reason to fail.
    return '"(not shown)"';
  }
}
