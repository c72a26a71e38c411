// A JID in its prepared form (RFC 7622): PRECIS profiles applied, domain as U-label in NFC and lower case.

export interface Jid {
  /** Localpart, '' when absent. */
  readonly local: string;
  /** Domainpart: never ''. */
  readonly domain: string;
  /** Resourcepart, '' when absent. */
  readonly resource: string;
}
