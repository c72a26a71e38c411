// Documents of notifications about a contact, as XMPP says them (RFC 8048 §6.3).

import { detachText, ok, type Bytes, type Clock, type Result } from '../../base/index.ts';
import { checkEntity, toXmppPresence, type ResourcePresence } from '../../interwork/presence/index.ts';
import { readPresenceBody } from '../../mime/index.ts';
import { XmlElement, type XmlNode } from '../../xml/index.ts';

export interface PresenceBody {
  /** Lower case, without parameters. */
  readonly contentType: string;
  readonly body: Bytes;
  /** Content-Language as it stands there. */
  readonly lang: string | undefined;
}

export class DocumentReader {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * All resources of a document; what it does not name is not there (PRES-87). A fault is answered 400 (PRES-91): not
   * well-formed, or about somebody else than `contact` (a SIP URI). A type that is not read tells nothing.
   */
  read({ contentType, body, lang }: PresenceBody, contact: string): Result<readonly ResourcePresence[]> {
    const document = readPresenceBody(contentType, body);
    if (document === undefined) return ok([]);
    if (!document.ok) return document;
    const own = checkEntity(document.value.entity, contact);
    if (!own.ok) return own;
    const options = { wallMs: this.#clock.wall(), ...(lang === undefined ? {} : { contentLanguage: lang }) };
    return ok(toXmppPresence(document.value, options).map(detached));
  }
}

/** What is known of a contact stays for hours: its texts must not keep the whole document. */
function detached({ resource, children, ...rest }: ResourcePresence): ResourcePresence {
  return { ...rest, resource: detachText(resource), children: children.map(detachedElement) };
}

function detachedElement({ name, ns, attributes, children }: XmlElement): XmlElement {
  const copy = (node: XmlNode): XmlNode =>
    typeof node === 'string' ? detachText(node) : detachedElement(node);
  return new XmlElement(name, ns, attributes.map(detachText), children.map(copy));
}
