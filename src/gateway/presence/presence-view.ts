// What is known of a contact, and what the user was told of him. A forked SUBSCRIBE has several notifiers, each with a part of
// the picture: their resources are merged (PRES-22). Every document is whole, so that what it does not name is gone (PRES-87).

import type { ResourcePresence } from '../../interwork/presence/index.ts';

export class PresenceView {
  readonly #byDialog = new Map<string, readonly ResourcePresence[]>();
  /** Of the dialog that ended last: it holds until a new one says more. */
  #last: readonly ResourcePresence[] | undefined;
  /** Resources that the user was told of as available. */
  readonly told: Set<string>;
  /** `told` is of an earlier run of the gateway, and nothing was heard since: it may still be true. */
  restored: boolean;

  constructor(told?: readonly string[]) {
    this.told = new Set(told);
    this.restored = told !== undefined;
  }

  /** Somebody has said something about the contact, be it that nothing is known. */
  get known(): boolean {
    return this.#byDialog.size > 0 || this.#last !== undefined;
  }

  /** `resources` undefined: a notification without a document, which changes nothing (PRES-04, "no body"). */
  notified(dialog: string, resources: readonly ResourcePresence[] | undefined): void {
    if (resources === undefined && this.#byDialog.has(dialog)) return;
    this.restored = false;
    this.#byDialog.set(dialog, resources ?? []);
    this.#last = undefined;
  }

  /** True when other dialogs go on. */
  ended(dialog: string): boolean {
    const resources = this.#byDialog.get(dialog);
    if (resources === undefined) return this.#byDialog.size > 0;
    this.#byDialog.delete(dialog);
    if (this.#byDialog.size > 0) return true;
    this.#last = resources;
    return false;
  }

  /** Nothing is known any more. */
  forget(): void {
    this.#byDialog.clear();
    this.#last = undefined;
    this.restored = false;
  }

  /** Each resource once: available where any notifier says so. */
  current(): readonly ResourcePresence[] {
    const merged = new Map<string, ResourcePresence>();
    for (const resources of this.#last === undefined ? this.#byDialog.values() : [this.#last]) {
      for (const each of resources) {
        if (each.available || merged.get(each.resource)?.available !== true) merged.set(each.resource, each);
      }
    }
    return [...merged.values()];
  }
}
