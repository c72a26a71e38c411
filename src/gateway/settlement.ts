// When is what came from another XMPP server safe? When nothing of it is in hand, and the store has committed what was
// written of it. One commit at a time serves all who ask.

import type { Store } from '../base/index.ts';
import type { InHand } from './in-hand.ts';

export class Settlement {
  readonly #store: Pick<Store, 'flush' | 'status'>;
  readonly #inHand: Pick<InHand, 'gone'>;
  #current: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(store: Pick<Store, 'flush' | 'status'>, inHand: Pick<InHand, 'gone'>) {
    this.#store = store;
    this.#inHand = inHand;
  }

  /**
   * Resolves when everything that was taken until now has gone on, and what was written of it is durable or its writer was told
   * that it is not; undefined: that is so.
   */
  settled(): Promise<void> | undefined {
    const gone = this.#inHand.gone();
    return gone === undefined ? this.#stored() : gone.then(() => this.#stored());
  }

  /** Of what was written until now. */
  #stored(): Promise<void> | undefined {
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
      return this.#stored();
    });
    return this.#next;
  }
}
