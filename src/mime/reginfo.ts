// Registration information (RFC 3680 §5): application/reginfo+xml, and the table that its documents keep up to date.

import { fault, ok, type Bytes, type Result } from '../base/index.ts';
import { parseDocument, type XmlElement } from '../xml/index.ts';

export const NS_REGINFO = 'urn:ietf:params:xml:ns:reginfo';

export const REGINFO_TYPE = 'application/reginfo+xml';

/** RFC 3680 §5.1: the states of a registration; those of a contact are two of them. */
export type RegistrationState = 'init' | 'active' | 'terminated';

export interface RegistrationContact {
  readonly id: string;
  readonly state: 'active' | 'terminated';
  /** Why it is in this state: "registered", "expired" … as written. */
  readonly event: string;
  /** As written; '' when the document leaves it out against the schema. */
  readonly uri: string;
  /** Seconds until the binding ends; undefined when not told, or not readable. */
  readonly expiresSeconds?: number;
}

export interface Registration {
  /** The address-of-record, as written. */
  readonly aor: string;
  readonly id: string;
  readonly state: RegistrationState;
  readonly contacts: readonly RegistrationContact[];
}

export interface RegInfo {
  readonly version: number;
  readonly state: 'full' | 'partial';
  readonly registrations: readonly Registration[];
}

/** What a subscriber knows (§5.2): one for each subscription. Plain data. */
export interface RegInfoTable {
  readonly version: number;
  readonly registrations: readonly Registration[];
}

/** What became of a document. */
export interface Merged {
  readonly table: RegInfoTable;
  /** False: it was older than what is known, and discarded. */
  readonly taken: boolean;
  /** A document before it was lost: "the subscriber SHOULD generate a refresh request". */
  readonly gap: boolean;
}

/** Octets of a document. A NOTIFY over UDP has less than 64 KiB. */
const MAX_OCTETS = 65_536;
const MAX_DEPTH = 16;
/** Of one document and of one table. */
const MAX_REGISTRATIONS = 64;
const MAX_CONTACTS = 512;
/** §5.1: "Versions MUST be representable using a 32 bit integer." */
const MAX_VERSION = 2 ** 32 - 1;

/** Reads a document. Faults: ERR_MIME_REGINFO, and those of the XML parser. What is of other namespaces is ignored. */
export function parseRegInfo(body: Bytes): Result<RegInfo> {
  const document = parseDocument(body, { stanzaBytes: MAX_OCTETS, depth: MAX_DEPTH });
  if (!document.ok) return document;
  const root = document.value;
  if (root.name !== 'reginfo' || root.ns !== NS_REGINFO) return broken('the root is not reginfo');
  const version = readNumber(root.attr('version'));
  if (version === undefined || version > MAX_VERSION) return broken('no version of 32 bits');
  const state = root.attr('state')?.trim();
  if (state !== 'full' && state !== 'partial') return broken('the state is neither full nor partial');
  const registrations: Registration[] = [];
  const ids = new Set<string>();
  for (const element of root.elements()) {
    if (element.name !== 'registration' || element.ns !== NS_REGINFO) continue;
    const registration = readRegistration(element);
    if (!registration.ok) return registration;
    // §5.1: "It MUST be unique amongst all other id attributes".
    if (ids.has(registration.value.id)) return broken('two registrations with one id');
    ids.add(registration.value.id);
    registrations.push(registration.value);
  }
  return within(registrations) ? ok({ version, state, registrations }) : tooMuch();
}

function readRegistration(element: XmlElement): Result<Registration> {
  const aor = element.attr('aor')?.trim() ?? '';
  const id = element.attr('id') ?? '';
  const state = element.attr('state')?.trim();
  if (aor === '' || id === '') return broken('a registration without aor or id');
  if (state !== 'init' && state !== 'active' && state !== 'terminated') {
    return broken('a registration in an unknown state');
  }
  const contacts = new Map<string, RegistrationContact>();
  for (const child of element.elements()) {
    if (child.name !== 'contact' || child.ns !== NS_REGINFO) continue;
    const contact = readContact(child);
    if (!contact.ok) return contact;
    if (contacts.has(contact.value.id)) return broken('two contacts with one id');
    contacts.set(contact.value.id, contact.value);
  }
  return ok({ aor, id, state, contacts: [...contacts.values()] });
}

function readContact(element: XmlElement): Result<RegistrationContact> {
  const id = element.attr('id') ?? '';
  const state = element.attr('state')?.trim();
  if (id === '') return broken('a contact without id');
  if (state !== 'active' && state !== 'terminated') return broken('a contact in an unknown state');
  const expiresSeconds = readNumber(element.attr('expires'));
  return ok({
    id,
    state,
    event: element.attr('event')?.trim() ?? '',
    uri: element.child('uri', NS_REGINFO)?.text().trim() ?? '',
    ...(expiresSeconds === undefined ? {} : { expiresSeconds }),
  });
}

/**
 * The table after a document (§5.2). The first document of a subscription makes it, whatever its state. Contacts that
 * are terminated are not kept. Fault ERR_MIME_REGINFO when the table would grow beyond its bounds.
 */
export function mergeRegInfo(table: RegInfoTable | undefined, document: RegInfo): Result<Merged> {
  const { version, state } = document;
  if (table === undefined) {
    // Changes to a state that was never told: as if a document had been lost.
    return ok({ table: fresh(document), taken: true, gap: state === 'partial' });
  }
  // "If the value in the document is less than the local version, the document is discarded". The clause is silent
  // about an equal one: a full state does no harm, a change that was taken already would. COMPAT(Kamailio 5.6): all its
  // documents are full and of version 0.
  if (version < table.version || (version === table.version && state === 'partial')) {
    return ok({ table, taken: false, gap: false });
  }
  // A full state leaves nothing to ask for.
  if (state === 'full') return ok({ table: fresh(document), taken: true, gap: false });
  const gap = version > table.version + 1;
  const registrations = new Map(table.registrations.map((each) => [each.id, each]));
  for (const changed of document.registrations) {
    const contacts = new Map(
      registrations.get(changed.id)?.contacts.map((contact) => [contact.id, contact]) ?? [],
    );
    for (const contact of changed.contacts) contacts.set(contact.id, contact);
    registrations.set(changed.id, kept({ ...changed, contacts: [...contacts.values()] }));
  }
  const merged = [...registrations.values()];
  return within(merged) ? ok({ table: { version, registrations: merged }, taken: true, gap }) : tooMuch();
}

/** True when somebody can be reached there: an active contact, or an active registration of which no contact is known. */
export function isRegistered(registration: Registration): boolean {
  if (registration.contacts.length === 0) return registration.state === 'active';
  return registration.contacts.some(isActive);
}

function fresh({ version, state, registrations }: RegInfo): RegInfoTable {
  return {
    version,
    registrations: registrations.map((registration) => {
      // All contacts are here and none is active: whatever the registration says of itself, nobody is there.
      const empty = registration.contacts.length > 0 && !registration.contacts.some(isActive);
      return kept(state === 'full' && empty ? { ...registration, state: 'terminated' } : registration);
    }),
  };
}

/** §5.2: a row that is "now terminated … MAY be removed from the table at any time". */
function kept(registration: Registration): Registration {
  return { ...registration, contacts: registration.contacts.filter(isActive) };
}

function isActive(contact: RegistrationContact): boolean {
  return contact.state === 'active';
}

function within(registrations: readonly Registration[]): boolean {
  const contacts = registrations.reduce((sum, each) => sum + each.contacts.length, 0);
  return registrations.length <= MAX_REGISTRATIONS && contacts <= MAX_CONTACTS;
}

function readNumber(text: string | undefined): number | undefined {
  const digits = text?.trim() ?? '';
  return /^\+?[0-9]{1,15}$/.test(digits) ? Number(digits) : undefined;
}

function tooMuch(): Result<never> {
  return broken(`more than ${MAX_REGISTRATIONS} registrations or ${MAX_CONTACTS} contacts`);
}

function broken(message: string): Result<never> {
  return fault('ERR_MIME_REGINFO', `reginfo: ${message}`, 'RFC 3680 §5');
}
