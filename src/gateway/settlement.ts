// When is what came from another XMPP server safe? When the store has committed what was written of it. One commit at a time
// serves all who ask.

import type { Store } from '../base/index.ts';

export class Settlement {
  readonly #store: Pick<Store, 'flush' | 'status'>;
  #current: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(store: Pick<Store, 'flush' | 'status'>) {
    this.#store = store;
  }

  /** Resolves when everything that was written until now is durable, or its writer was told that it is not; undefined: it is. */
  settled(): Promise<void> | undefined {
    if (this.#store.status().kind === 'memory' || this.#store.status().pending === 0) return undefined;
    if (this.#current === undefined) {
      this.#current = this.#store.flush().finally(() => {
        this.#current = undefined;
      });
      return this.#current;
    }
    // The commit under way may have begun before the last write.
    this.#next ??= this.#current.then(() => {
      this.#next = undefined;
      return this.settled();
    });
    return this.#next;
  }
}
