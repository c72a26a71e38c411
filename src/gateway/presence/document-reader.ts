// Documents of notifications about a contact, as XMPP says them (RFC 8048 §6.3).

import { ok, type Bytes, type Clock, type Result } from '../../base/index.ts';
import {
  checkEntity,
  PERSONAL_NODES,
  toXmppEvents,
  toXmppPresence,
  toXmppVCard,
  type PersonalEvents,
  type PersonalNode,
  type ResourcePresence,
} from '../../interwork/presence/index.ts';
import { readPresenceBody, type PidfDocument } from '../../mime/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import { heldElement } from './held-element.ts';
import { HeldResource } from './held-resource.ts';
import { NOBODY_KNOWN, type PersonView } from './presence-view.ts';

export interface PresenceBody {
  /** Lower case, without parameters. */
  readonly contentType: string;
  readonly body: Bytes;
  /** Content-Language as it stands there. */
  readonly lang: string | undefined;
}

/** What a document says. */
export interface KnownDocument {
  readonly resources: readonly ResourcePresence[];
  readonly person: PersonView;
}

const NOTHING: KnownDocument = { resources: [], person: NOBODY_KNOWN };

export class DocumentReader {
  readonly #clock: Clock;
  readonly #live: { readonly presence: { readonly location: 'hide' | 'share' } };

  constructor(clock: Clock, live: { readonly presence: { readonly location: 'hide' | 'share' } }) {
    this.#clock = clock;
    this.#live = live;
  }

  /**
   * All resources of a document; what it does not name is not there (PRES-87). A fault is answered 400 (PRES-91): not
   * well-formed, or about somebody else than `contact` (a SIP URI). A type that is not read tells nothing.
   */
  read({ contentType, body, lang }: PresenceBody, contact: string): Result<KnownDocument> {
    const document = readPresenceBody(contentType, body);
    if (document === undefined) return ok(NOTHING);
    if (!document.ok) return document;
    const own = checkEntity(document.value.entity, contact);
    if (!own.ok) return own;
    const wallMs = this.#clock.wall();
    const options = { wallMs, ...(lang === undefined ? {} : { contentLanguage: lang }) };
    const resources = toXmppPresence(document.value, options).map((each) => new HeldResource(each));
    return ok({ resources, person: this.#person(document.value, wallMs) });
  }

  #person(document: PidfDocument, wallMs: number): PersonView {
    const location = this.#live.presence.location === 'share';
    const told = toXmppEvents(document, wallMs, { location });
    const vCard = toXmppVCard(document);
    const events: Partial<Record<PersonalNode, XmlElement>> = {};
    for (const { name } of PERSONAL_NODES) {
      const payload = told[name];
      if (payload !== undefined) events[name] = heldElement(payload);
    }
    return personView(events, vCard === undefined ? undefined : heldElement(vCard));
  }
}

/** Most documents say nothing of the person. */
function personView(events: PersonalEvents, vCard: XmlElement | undefined): PersonView {
  if (vCard !== undefined) return { events, vCard };
  return Object.keys(events).length === 0 ? NOBODY_KNOWN : { events };
}
