// The console that is open, and its exchange for another one at a reload: what is open is given up only when the new one
// and everything else of the reload has succeeded.

import { isDeepStrictEqual } from 'node:util';
import { StoxgateError } from '../base/index.ts';
import { startConsole, type Console, type ConsoleOptions, type ConsoleSource } from '../edge/http/index.ts';

/** A reload ends with one of these, once. */
export interface Exchange {
  /** Goes over to the new console. */
  commit(): Promise<void>;
  /** Goes back to the old one. Fails with `ERR_CONSOLE_LISTEN` if somebody else has taken its port meanwhile. */
  undo(): Promise<void>;
}

interface Open {
  readonly options: ConsoleOptions;
  readonly console: Console;
}

export class ConsoleHost {
  readonly #source: ConsoleSource;
  /** What is really open, not what the configuration wants: after a failure the two differ. */
  #open: Open | undefined;

  constructor(source: ConsoleSource) {
    this.#source = source;
  }

  /** Opens the first one; undefined opens none. Fails with `ERR_CONSOLE_LISTEN`. */
  async start(options: ConsoleOptions | undefined): Promise<void> {
    this.#open = await this.#make(options);
  }

  /** Makes the console of other options ready. Fails with `ERR_CONSOLE_LISTEN`, and then the old one stays. */
  async prepare(options: ConsoleOptions | undefined): Promise<Exchange> {
    const old = this.#open;
    if (old !== undefined && options !== undefined && isDeepStrictEqual(old.options.listen, options.listen)) {
      return {
        commit: async () => {
          old.console.setToken(options.token);
          this.#open = { options, console: old.console };
        },
        undo: async () => {},
      };
    }
    if (old !== undefined && options !== undefined && old.console.port === options.listen.port) {
      return this.#replace(old, options);
    }
    const fresh = await this.#make(options);
    return {
      commit: async () => {
        this.#open = fresh;
        await old?.console.close();
      },
      undo: async () => fresh?.console.close(),
    };
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.console.close();
  }

  /** The same port at another address: the old one may be in the way, as a wildcard is, so it goes first if it must. */
  async #replace(old: Open, options: ConsoleOptions): Promise<Exchange> {
    let closed = false;
    let fresh: Open | undefined;
    const undo = async (): Promise<void> => {
      await fresh?.console.close();
      if (closed) await this.start(old.options);
    };
    try {
      fresh = await this.#make(options);
    } catch (error) {
      if (!isInUse(error)) throw error;
      await this.close();
      closed = true;
      try {
        fresh = await this.#make(options);
      } catch (second) {
        await undo();
        throw second;
      }
    }
    return {
      commit: async () => {
        this.#open = fresh;
        if (!closed) await old.console.close();
      },
      undo,
    };
  }

  async #make(options: ConsoleOptions | undefined): Promise<Open | undefined> {
    return options === undefined
      ? undefined
      : { options, console: await startConsole(options, this.#source) };
  }
}

function isInUse(error: unknown): boolean {
  if (!(error instanceof StoxgateError)) return false;
  const { cause } = error;
  return cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE';
}
