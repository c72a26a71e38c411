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
import {
  PRESENCE_TYPES,
  readPresenceBody,
  readResourceList,
  RELATED_TYPE,
  type PidfDocument,
} from '../../mime/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import { heldElement } from './held-element.ts';
import { HeldResource } from './held-resource.ts';
import { NOBODY_KNOWN, type PersonView } from './presence-view.ts';

export interface PresenceBody {
  /** Lower case, without parameters. */
  readonly contentType: string;
  /** As it stands there. */
  readonly contentTypeField: string | undefined;
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
   * well-formed, or about somebody else than `contact` (a SIP URI). undefined: it is a list that does not say of him how he is
   * (CSP-20). A type that is not read tells nothing.
   */
  read(
    { contentType, contentTypeField = '', body, lang }: PresenceBody,
    contact: string,
  ): Result<KnownDocument | undefined> {
    if (contentType === RELATED_TYPE) return this.#readListed(contentTypeField, body, lang, contact);
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

  /** A list that nobody asked for: what its first active instance of the contact says; a list in that list tells nothing. */
  #readListed(
    contentTypeField: string,
    body: Bytes,
    lang: string | undefined,
    contact: string,
  ): Result<KnownDocument | undefined> {
    const list = readResourceList(contentTypeField, body);
    if (!list.ok) return list;
    const own = list.value.resources.find(({ uri }) => checkEntity(uri, contact).ok);
    const content = own?.instances.find(({ state }) => state === 'active')?.content;
    if (content === undefined || !PRESENCE_TYPES.includes(content.type)) return ok(undefined);
    const { type, contentType } = content;
    return this.read({ contentType: type, contentTypeField: contentType, body: content.body, lang }, contact);
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
