// Where the returning barriers of all links of one gateway find the link that sent them. A server may have several
// connections of one component domain and give what is for the domain to any of them (ejabberd does), so that a barrier
// of one link comes back on another. It proves the same: the server took it after what was written before it.

import type { Random } from '../../base/index.ts';
import type { XmlElement } from '../../xml/index.ts';

const MARK = 'barrier-';
/** Characters of base32, 5 bits each: nobody outside can guess the id of a barrier. */
const NONCE_CHARS = 20;
const PREFIX_LENGTH = MARK.length + NONCE_CHARS + 1;

/** Hears the rest of the id behind the stream's prefix, and the element that brought it. */
export type BarrierReturn = (rest: string, el: XmlElement) => void;

export class BarrierDesk {
  readonly #owners = new Map<string, BarrierReturn>();

  /** Number of streams that have barriers here. */
  get size(): number {
    return this.#owners.size;
  }

  /** Beginning of the ids of a new stream's barriers; `returned` hears the rest of each id that comes back. */
  open(random: Random, returned: BarrierReturn): string {
    const prefix = `${MARK}${random.base32(NONCE_CHARS)}-`;
    this.#owners.set(prefix, returned);
    return prefix;
  }

  /** The stream is gone: what still comes back confirms nothing. */
  close(prefix: string): void {
    this.#owners.delete(prefix);
  }

  /** Takes the return of a barrier, in whatever form (get, result, error); false: this element is none. */
  takes(el: XmlElement): boolean {
    if (el.name !== 'iq') return false;
    const id = el.attr('id');
    if (id === undefined || !id.startsWith(MARK)) return false;
    const returned = this.#owners.get(id.slice(0, PREFIX_LENGTH));
    if (returned === undefined) return false;
    returned(id.slice(PREFIX_LENGTH), el);
    return true;
  }
}
