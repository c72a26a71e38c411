// The signing keys (`keys`): read, and made where there is none yet. Making is for `run`; `check` only says whether it
// could be done.

import { dirname, join } from 'node:path';
import { fillRandom, StoxgateError, toBase64Url, utf8Bytes } from '../base/index.ts';
import { MIN_KEY_CHARS, type Config } from '../gateway/index.ts';
import type { SurroundingFinding } from './check.ts';
import type { Terminal } from './terminal.ts';

/** Beside the configuration, when that names no keys. */
const DEFAULT_NAME = 'stoxgate.key';
const KEY_OCTETS = 32;

export interface Keys {
  /** Newest first; undefined: there is none that lasts. */
  readonly keys: readonly Uint8Array[] | undefined;
  /** Why there is none. */
  readonly ephemeral?: string;
}

/**
 * The keys of a configuration file. What it names must be there or can be made; else `ERR_KEYS_FILE`. Without `keys`
 * the default file, or, where that cannot be made, none.
 */
export function provideKeys(path: string, config: Config, terminal: Terminal): Keys {
  if (config.keys !== undefined) {
    return {
      keys: config.keys.map((key) => utf8Bytes('secret' in key ? key.secret : makeKey(key.make, terminal))),
    };
  }
  const file = defaultFile(path);
  try {
    const text = readKey(file, terminal) ?? makeKey(file, terminal);
    if (text.length >= MIN_KEY_CHARS) return { keys: [utf8Bytes(text)] };
    return { keys: undefined, ephemeral: `${file} is shorter than ${MIN_KEY_CHARS} characters` };
  } catch (error) {
    return { keys: undefined, ephemeral: error instanceof Error ? error.message : String(error) };
  }
}

/** For `check`: files that would have to be made and cannot be. */
export function checkKeys(path: string, config: Config, terminal: Terminal): SurroundingFinding[] {
  if (config.keys === undefined) {
    const file = defaultFile(path);
    let reason: string | undefined;
    try {
      const text = readKey(file, terminal);
      if (text === undefined) reason = whyNotMade(file, terminal);
      else if (text.length < MIN_KEY_CHARS) reason = `${file} is shorter than ${MIN_KEY_CHARS} characters`;
    } catch (error) {
      reason = `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (reason === undefined) return [];
    return [
      {
        key: 'keys',
        message: `${reason}; reports about messages of before a restart would be lost`,
        remedy: 'let the gateway write there, or name a key file in "keys"',
      },
    ];
  }
  return config.keys.flatMap((key, index): SurroundingFinding[] => {
    const reason = 'secret' in key ? undefined : whyNotMade(key.make, terminal);
    if (reason === undefined) return [];
    const remedy = 'let the gateway write there, or put at least 32 random characters into it';
    return [{ key: `keys[${index}].file`, message: reason, remedy }];
  });
}

function defaultFile(path: string): string {
  return join(dirname(path), DEFAULT_NAME);
}

/** undefined when there is no such file; throws what the file system throws otherwise. */
function readKey(file: string, terminal: Terminal): string | undefined {
  try {
    return terminal.readFile(file).replace(/\r?\n$/, '');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Fails with `ERR_KEYS_FILE`. */
function makeKey(file: string, terminal: Terminal): string {
  const text = toBase64Url(freshKey());
  try {
    terminal.createFile(file, `${text}\n`);
    return text;
  } catch (error) {
    // Another process may have been quicker, which is as good.
    const made = attempt(() => readKey(file, terminal));
    if (made !== undefined && made.length >= MIN_KEY_CHARS) return made;
    throw new StoxgateError('ERR_KEYS_FILE', `${file} is not there and cannot be made`, { cause: error });
  }
}

function whyNotMade(file: string, terminal: Terminal): string | undefined {
  const reason = terminal.whyNotCreatable(file);
  return reason === undefined ? undefined : `${file} is not there and cannot be made: ${reason}`;
}

function freshKey(): Uint8Array {
  const key = new Uint8Array(KEY_OCTETS);
  fillRandom(key);
  return key;
}

function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
