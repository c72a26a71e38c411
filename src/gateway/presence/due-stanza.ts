// `subscribed` or `unsubscribed` on its way to a user: written again on the next link until the XMPP server has it.

import type { XmlElement } from '../../xml/index.ts';
import type { ConfirmedStanza } from '../link-group.ts';

export interface DueOwner {
  /** False: another outcome took its place. */
  isDue(stanza: DueStanza): boolean;
  done(stanza: DueStanza): void;
  /** It was lost with its link and written once more; what was told after it may be lost as well. */
  again(stanza: DueStanza): void;
}

export class DueStanza implements ConfirmedStanza {
  readonly kind: 'subscribed' | 'unsubscribed';
  readonly stanza: XmlElement;
  /** A link has it, or it waits for one. */
  placed = false;
  readonly #owner: DueOwner;

  constructor(kind: 'subscribed' | 'unsubscribed', stanza: XmlElement, owner: DueOwner) {
    this.kind = kind;
    this.stanza = stanza;
    this.#owner = owner;
  }

  get open(): boolean {
    return this.#owner.isDue(this);
  }

  confirmed(): void {
    this.#owner.done(this);
  }

  parked(): void {}

  writtenAgain(): void {
    this.#owner.again(this);
  }
}
