// What all watchers of one contact have in common: a presence that he sent to each of them in the same words is held once,
// and the document that is made of it is made once. Nothing goes from one watcher to another by it (PRES-55): each is shown
// only what was sent to himself.

import { detachText, type Bytes } from '../../base/index.ts';
import type { PersonalNode, XmppResource } from '../../interwork/presence/index.ts';
import { NS_CLIENT, serialize, XmlElement } from '../../xml/index.ts';

/** Resources of which the last presence is held; who has more is not shared. */
const MAX_LATEST = 64;

interface Latest {
  readonly text: string;
  readonly resource: XmppResource;
}

export class SharedContact {
  /** Watchers that hold it. */
  holders = 0;
  readonly #latest = new Map<string, Latest>();
  readonly #events = new Map<PersonalNode, { readonly text: string; readonly payload: XmlElement }>();
  #made: { readonly of: readonly unknown[]; readonly body: Bytes } | undefined;

  /** The presence of a resource, as it is held; an equal one if somebody has it. */
  intern(resource: string, stanza: XmlElement, receivedMs: number): XmppResource {
    // Without addresses: `to` is the watcher's.
    const attributes = ['type', 'xml:lang'].flatMap((name) => {
      const value = stanza.attr(name);
      return value === undefined ? [] : [name, value];
    });
    const bare = new XmlElement('presence', NS_CLIENT, attributes, stanza.children);
    const text = serialize(bare);
    const known = this.#latest.get(resource);
    if (known?.text === text) return known.resource;
    const held: XmppResource = { resource: detachText(resource), stanza: own(bare), receivedMs };
    if (this.#latest.size >= MAX_LATEST) this.#latest.clear();
    this.#latest.set(held.resource, { text: detachText(text), resource: held });
    return held;
  }

  /** The payload of a personal event, as it is held; an equal one if somebody has it. */
  internEvent(node: PersonalNode, payload: XmlElement): XmlElement {
    const text = serialize(payload);
    const known = this.#events.get(node);
    if (known?.text === text) return known.payload;
    const held = own(payload);
    this.#events.set(node, { text: detachText(text), payload: held });
    return held;
  }

  /** A document of these, made anew only when it is not the last one that was made. */
  document(of: readonly unknown[], make: () => Bytes): Bytes {
    const made = this.#made;
    if (made !== undefined && made.of.length === of.length && made.of.every((each, i) => each === of[i])) {
      return made.body;
    }
    const body = make();
    // Nobody else will ask for it.
    if (this.holders < 2) return body;
    this.#made = { of, body: new Uint8Array(body) };
    return body;
  }
}

/** Names of elements and attributes that nearly every presence has, and their namespace. */
const COMMON = new Map(
  ['presence', 'show', 'status', 'priority', 'type', 'xml:lang', 'c', 'x', NS_CLIENT].map((name) => [
    name,
    name,
  ]),
);

/** The same without the text of the stream that it came in, which it would keep in memory. */
function own({ name, ns, attributes, children }: XmlElement): XmlElement {
  const text = (of: string): string => COMMON.get(of) ?? detachText(of);
  return new XmlElement(
    text(name),
    text(ns),
    attributes.length === 0 ? undefined : attributes.map(text),
    children.length === 0
      ? undefined
      : children.map((child) => (typeof child === 'string' ? detachText(child) : own(child))),
  );
}
