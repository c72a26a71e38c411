// What the commands see of the process, so that they can be tested without one.

import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { formatFinding, loadConfig, type Config, type ConfigFinding } from '../gateway/index.ts';

export interface Terminal {
  /** One line to standard output. */
  out(line: string): void;
  /** One line to standard error. */
  err(line: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readFile(path: string): string;
  /** Makes a file for its owner alone; throws what the file system throws, also when it is there. */
  createFile(path: string, text: string): void;
  /** Why `createFile` would fail, as far as can be seen; undefined: it would not. */
  whyNotCreatable(path: string): string | undefined;
}

export const ExitStatus = {
  fine: 0,
  failed: 1,
  /** The file or the command line. */
  unusable: 2,
  /** A fault of our own (EX_SOFTWARE of sysexits.h). */
  bug: 70,
} as const;

export function processTerminal(): Terminal {
  // A reader that went away is no reason to stop.
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
  return {
    out: (line) => process.stdout.write(`${line}\n`),
    err: (line) => process.stderr.write(`${line}\n`),
    env: process.env,
    readFile: (path) => readFileSync(path, 'utf8'),
    createFile: (path, text) => writeFileSync(path, text, { flag: 'wx', mode: 0o600, flush: true }),
    whyNotCreatable: (path) => {
      try {
        accessSync(dirname(path), constants.W_OK);
        return undefined;
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    },
  };
}

export interface Loaded {
  readonly config: Config;
  readonly warnings: readonly ConfigFinding[];
}

/** Loads the file, or prints its findings to standard error and returns undefined. */
export function loadOrTell(path: string, terminal: Terminal): Loaded | undefined {
  const warnings: ConfigFinding[] = [];
  const result = loadConfig(path, { ...terminal, warn: (finding) => warnings.push(finding) });
  if (result.ok) return { config: result.value, warnings };
  for (const finding of result.error) terminal.err(formatFinding(finding));
  return undefined;
}
