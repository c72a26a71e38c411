// What the watcher needs of the translation of documents: who reads them is joined to it in the composition root.

import type { Bytes, Result } from '../../base/index.ts';
import type { XmlElement } from '../../xml/index.ts';

/** The presence of one resource of the contact, as XMPP says it. */
export interface ResourcePresence {
  /** '' for the bare JID. */
  readonly resource: string;
  readonly available: boolean;
  /** Of the presence stanza: show, status, priority, and what else was translated. */
  readonly children: readonly XmlElement[];
  readonly lang?: string;
}

export interface PresenceReader {
  /** Media types of documents, lower case: for Accept. */
  readonly accept: readonly string[];
  /**
   * Reads a document whole: what it does not name is not there (PRES-87). A fault is answered 400 (PRES-91). `contact`: the
   * SIP URI of whom it has to be.
   */
  read(
    document: { readonly contentType: string; readonly body: Bytes; readonly lang: string | undefined },
    contact: string,
  ): Result<{ readonly resources: readonly ResourcePresence[] }>;
}
