// What a document says of one resource of a contact, as it is held until the next document.

import { detachText } from '../../base/index.ts';
import type { ResourcePresence } from '../../interwork/presence/index.ts';
import { NS_CLIENT, serialize, type XmlElement } from '../../xml/index.ts';
import { elementOf } from './held-element.ts';

const NOTHING: readonly XmlElement[] = [];

/** Its elements are held as text: they are sent once, now and then asked for again, and there are very many. */
export class HeldResource implements ResourcePresence {
  readonly resource: string;
  readonly available: boolean;
  readonly lang?: string;
  /** Seldom there, so that a field is seldom held. */
  readonly device?: true;
  readonly #text: string;

  constructor({ resource, available, children, lang, device }: ResourcePresence) {
    this.resource = detachText(resource);
    this.available = available;
    if (lang !== undefined) this.lang = detachText(lang);
    if (device !== undefined) this.device = device;
    this.#text = detachText(children.map((child) => serialize(child)).join(''));
  }

  get children(): readonly XmlElement[] {
    if (this.#text === '') return NOTHING;
    return [...elementOf(`<presence xmlns='${NS_CLIENT}'>${this.#text}</presence>`).elements()];
  }
}
