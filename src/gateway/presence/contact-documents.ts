// The documents about XMPP contacts that their SIP watchers get (RFC 8048 §6.2; PRES-60 … PRES-73).

import { toSipPresence, type XmppResource } from '../../interwork/presence/index.ts';
import type { AddressBook } from '../../mapping/index.ts';
import { formatPidf, noteLanguages, PIDF_TYPE, type Capabilities } from '../../mime/index.ts';
import { rawHeaderField } from '../../sip/index.ts';
import type { NotifyDocument } from '../subscriptions/notifier-types.ts';
import type { Contact } from './contact.ts';

export type DocumentBook = Pick<AddressBook, 'jidSenderToSip'>;

export interface DocumentLive {
  readonly book: DocumentBook;
  readonly presence: { readonly location: 'hide' | 'share' };
}

/** RFC 5196 §3.2.7. XMPP clients take text; streams of media come with calls. */
const CAPABILITIES: Capabilities = { flags: {}, supported: { methods: ['MESSAGE'] }, notSupported: {} };

export class ContactDocuments {
  readonly #live: DocumentLive;

  constructor(live: DocumentLive) {
    this.#live = live;
  }

  /** Everything that the contact shows to this watcher: each document is whole (PRES-70). */
  of(contact: Contact): NotifyDocument {
    const { resources, events } = contact;
    // Which resource left last is one watcher's own matter.
    if (resources.length === 0) return this.closed(contact);
    const location = this.#location;
    return contact.shared.document(
      [...resources, events.mood, events.activity, location ? events.geoloc : undefined],
      () => this.#make(contact, resources),
    );
  }

  /** PRES-71: he is not there. */
  closed(contact: Contact): NotifyDocument {
    return this.#make(contact, []);
  }

  /** RPID-17. */
  get #location(): boolean {
    return this.#live.presence.location === 'share';
  }

  #make({ addresses, lastResource, events }: Contact, resources: readonly XmppResource[]): NotifyDocument {
    const jid = addresses.contact;
    const uriOf = (text: string): string | undefined => {
      const mapped = this.#live.book.jidSenderToSip(text);
      return mapped.ok ? mapped.value.uri : undefined;
    };
    // PRES-62.
    const entity = (uriOf(jid) ?? jid).replace(/^sips?:/, 'pres:');
    const document = toSipPresence(entity, resources, {
      contact: (resource) => uriOf(resource === '' ? jid : `${jid}/${resource}`),
      lastResource,
      events,
      location: this.#location,
      capabilities: CAPABILITIES,
    });
    // PRES-66.
    const languages = noteLanguages(document);
    return {
      contentType: PIDF_TYPE,
      body: formatPidf(document),
      ...(languages.length === 0
        ? {}
        : { headers: [rawHeaderField('Content-Language', languages.join(', '))] }),
    };
  }
}
