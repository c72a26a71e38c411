// What is known of a contact, and what the user was told of him. A forked SUBSCRIBE has several notifiers, each with a part of
// the picture: their resources are merged (PRES-22). Every document is whole, so that what it does not name is gone (PRES-87).

import { SmallSet } from '../../base/index.ts';
import type { PersonalEvents, ResourcePresence } from '../../interwork/presence/index.ts';
import type { XmlElement } from '../../xml/index.ts';

/** What is known of the person, beside presence. */
export interface PersonView {
  readonly events: PersonalEvents;
  readonly vCard?: XmlElement;
}

/** Nothing. */
export const NOBODY_KNOWN: PersonView = { events: {} };

const NONE: readonly Document[] = [];

interface Document {
  readonly dialog: string;
  readonly resources: readonly ResourcePresence[];
  readonly person: PersonView;
}

export class PresenceView {
  /** One for each dialog: nearly always one, so that no map is held for it. */
  #documents = NONE;
  /** Of the dialog that ended last: it holds until a new one says more. */
  #last: Document | undefined;
  /** Resources that the user was told of as available. */
  readonly told: SmallSet<string>;
  /** `told` is of an earlier run of the gateway, and nothing was heard since: it may still be true. */
  restored: boolean;

  constructor(told?: readonly string[]) {
    this.told = new SmallSet(told);
    this.restored = told !== undefined;
  }

  /** Somebody has said something about the contact, be it that nothing is known. */
  get known(): boolean {
    return this.#documents.length > 0 || this.#last !== undefined;
  }

  /** `resources` undefined: a notification without a document, which changes nothing (PRES-04, "no body"). */
  notified(
    dialog: string,
    resources: readonly ResourcePresence[] | undefined,
    person: PersonView = NOBODY_KNOWN,
  ): void {
    const at = this.#documents.findIndex((each) => each.dialog === dialog);
    if (resources === undefined && at >= 0) return;
    this.restored = false;
    const document = { dialog, resources: resources ?? [], person };
    this.#documents = at < 0 ? [...this.#documents, document] : this.#documents.with(at, document);
    this.#last = undefined;
  }

  /** True when other dialogs go on. */
  ended(dialog: string): boolean {
    const document = this.#documents.find((each) => each.dialog === dialog);
    if (document === undefined) return this.#documents.length > 0;
    this.#documents = this.#documents.filter((each) => each !== document);
    if (this.#documents.length > 0) return true;
    this.#last = document;
    return false;
  }

  /** Nothing is known any more. */
  forget(): void {
    this.#documents = NONE;
    this.#last = undefined;
    this.restored = false;
  }

  /** Each resource once: available where any notifier says so. */
  current(): readonly ResourcePresence[] {
    const merged = new Map<string, ResourcePresence>();
    for (const { resources } of this.#current) {
      for (const each of resources) {
        if (each.available || merged.get(each.resource)?.available !== true) merged.set(each.resource, each);
      }
    }
    return [...merged.values()];
  }

  /**
   * The user knows this resource by a document and no device is called so: whoever writes to it means the contact. What was told
   * before a restart counts as such, until a document says more.
   */
  isTuple(resource: string): boolean {
    const all = this.#current.flatMap(({ resources }) => resources);
    const known = all.filter((each) => each.resource === resource);
    if (known.length === 0) return this.restored && this.told.has(resource);
    return known.every(({ device }) => device === undefined);
  }

  /** The person is one: of several documents the first counts that says something of it. */
  person(): PersonView {
    const [one, ...others] = this.#current;
    if (one !== undefined && others.length === 0) return one.person;
    let events: PersonalEvents = {};
    let vCard: XmlElement | undefined;
    for (const { person } of this.#current) {
      events = { ...person.events, ...events };
      vCard ??= person.vCard;
    }
    return vCard === undefined ? { events } : { events, vCard };
  }

  get #current(): readonly Document[] {
    return this.#last === undefined ? this.#documents : [this.#last];
  }
}
