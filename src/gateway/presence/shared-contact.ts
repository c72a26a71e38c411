// What all watchers of one contact have in common: a presence that he sent to each of them in the same words is held once,
// and the document that is made of it is made once. Nothing goes from one watcher to another by it (PRES-55): each is shown
// only what was sent to himself.

import { detachText } from '../../base/index.ts';
import type { PersonalNode, XmppResource } from '../../interwork/presence/index.ts';
import { NS_CLIENT, XmlElement } from '../../xml/index.ts';
import type { NotifyDocument } from '../subscriptions/notifier-types.ts';
import { elementOf, heldElement, heldText } from './held-element.ts';

/** Resources of which the last presence is held; who has more is not shared. */
const MAX_LATEST = 64;

/** The presence of one resource, as text: documents are made of it now and then, and there are very many. */
class HeldPresence implements XmppResource {
  readonly resource: string;
  readonly receivedMs: number;
  /** What `shortened` made of its text. */
  readonly text: string;

  constructor(resource: string, text: string, receivedMs: number) {
    this.resource = resource;
    this.text = text;
    this.receivedMs = receivedMs;
  }

  get stanza(): XmlElement {
    return elementOf(this.text.startsWith('<') ? this.text : `${START}${this.text}${END}`);
  }
}

const START = `<presence xmlns='${NS_CLIENT}'`;
const END = '</presence>';

/** Without what each of them begins and ends with; what is left begins with no "<" then. */
function shortened(text: string): string {
  if (!text.startsWith(START) || !text.endsWith(END)) return text;
  return detachText(text.slice(START.length, -END.length));
}

const NONE: readonly HeldPresence[] = [];

interface HeldEvent {
  readonly text: string;
  readonly payload: XmlElement;
}

export class SharedContact {
  /** Watchers that hold it. */
  holders = 0;
  #latest: readonly HeldPresence[] = NONE;
  #events: Map<PersonalNode, HeldEvent> | undefined;
  #made: { readonly of: readonly unknown[]; readonly document: NotifyDocument } | undefined;

  /** The presence of a resource, as it is held; an equal one if somebody has it. */
  intern(resource: string, stanza: XmlElement, receivedMs: number): XmppResource {
    // Without addresses: `to` is the watcher's.
    const attributes = ['type', 'xml:lang'].flatMap((name) => {
      const value = stanza.attr(name);
      return value === undefined ? [] : [name, value];
    });
    const text = shortened(heldText(new XmlElement('presence', NS_CLIENT, attributes, stanza.children)));
    const latest = this.#latest;
    const at = latest.findIndex((each) => each.resource === resource);
    const known = latest[at];
    if (known?.text === text) return known;
    const held = new HeldPresence(known?.resource ?? detachText(resource), text, receivedMs);
    if (known !== undefined) this.#latest = latest.with(at, held);
    else this.#latest = latest.length < MAX_LATEST ? [...latest, held] : [held];
    return held;
  }

  /** The payload of a personal event, as it is held; an equal one if somebody has it. */
  internEvent(node: PersonalNode, payload: XmlElement): XmlElement {
    const text = heldText(payload);
    const known = this.#events?.get(node);
    if (known?.text === text) return known.payload;
    const held = heldElement(payload);
    this.#events ??= new Map();
    this.#events.set(node, { text, payload: held });
    return held;
  }

  /** A document of these, made anew only when it is not the last one that was made. */
  document(of: readonly unknown[], make: () => NotifyDocument): NotifyDocument {
    const made = this.#made;
    if (made !== undefined && made.of.length === of.length && made.of.every((each, i) => each === of[i])) {
      return made.document;
    }
    // Nobody else will ask for it.
    if (this.holders < 2) return make();
    const own = make();
    // Octets of a pool would keep all of it.
    const document = { ...own, body: new Uint8Array(own.body) };
    this.#made = { of, document };
    return document;
  }
}
