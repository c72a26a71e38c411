// The reader of presence documents (RFC 3863 §4, RFC 4479 §5.1): application/pidf+xml. Strict about what the schema
// demands of PIDF itself; extensions that are not understood are left out.

import { fault, ok, type Bytes, type Result } from '../base/index.ts';
import { NS_CLIENT, parseDocument, type XmlElement, type XmlLimits } from '../xml/index.ts';
import { parseDateTime } from './date-time.ts';
import { LOCATION_NAMESPACES } from './location.ts';
import { NS_PIDF_CAPS, readCapabilities } from './pidf-caps.ts';
import {
  NS_DATA_MODEL,
  NS_PIDF,
  type PidfContact,
  type PidfDevice,
  type PidfDocument,
  type PidfNote,
  type PidfPerson,
  type PidfShow,
  type PidfTuple,
} from './pidf.ts';
import { langOf, readNotes, readRichPresence } from './rpid-read.ts';
import { NS_CIPID, NS_LOCATION_TYPE, NS_RPID, type RichPresence } from './rpid.ts';

/** What one document may hold. A NOTIFY over UDP has less than 64 KiB. */
export const PIDF_LIMITS: Partial<XmlLimits> = { stanzaBytes: 65_536, depth: 16, elements: 4096 };
const MAX_TUPLES = 64;
const MAX_PERSONS = 16;
const MAX_DEVICES = 64;
/** Of the whole document, whatever they stand in. */
const MAX_NOTES = 256;

const SHOWS: readonly string[] = ['away', 'chat', 'dnd', 'xa'] satisfies readonly PidfShow[];

/** RFC 3863 §4.4: qvalue. */
const QVALUE = /^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/;

const UNDERSTOOD: readonly string[] = [
  ...[NS_PIDF, NS_DATA_MODEL, NS_RPID, NS_CIPID, NS_PIDF_CAPS, NS_LOCATION_TYPE, NS_CLIENT],
  ...LOCATION_NAMESPACES,
];

/** Reads a document. Faults: ERR_MIME_PIDF, and those of the XML parser. */
export function readPidf(body: Bytes): Result<PidfDocument> {
  const document = parseDocument(body, PIDF_LIMITS);
  return document.ok ? readPidfRoot(document.value, NS_PIDF) : document;
}

/** Reads a parsed document whose own elements are of the namespace `ns`. Faults: ERR_MIME_PIDF. */
export function readPidfRoot(root: XmlElement, ns: string): Result<PidfDocument> {
  if (root.name !== 'presence' || root.ns !== ns) return brokenPidf('the root is not presence');
  const entity = root.attr('entity')?.trim() ?? '';
  if (entity === '') return brokenPidf('no entity');
  const lang = langOf(root, undefined);
  const tuples = new Map<string, PidfTuple>();
  const persons: PidfPerson[] = [];
  const devices: PidfDevice[] = [];
  for (const child of root.elements()) {
    if (child.name === 'tuple' && child.ns === ns) {
      const tuple = readTuple(child, ns, langOf(child, lang));
      if (!tuple.ok) return tuple;
      // §4.1.2: the id "MUST be unique within 'id' attribute values of other tuples".
      if (tuples.has(tuple.value.id)) return brokenPidf('two tuples with one id');
      tuples.set(tuple.value.id, tuple.value);
    } else if (child.ns === NS_DATA_MODEL && !demandsTooMuch(child)) {
      // COMPAT(Kamailio 5.6): what it joins from several phones has persons with one id; all of them are kept.
      if (child.name === 'person') persons.push(readPerson(child, langOf(child, lang)));
      else if (child.name === 'device') devices.push(readDevice(child, langOf(child, lang)));
    }
  }
  const document = {
    entity,
    tuples: [...tuples.values()],
    persons,
    devices,
    notes: readNotes(root, ns, lang),
  };
  return withinLimits(document);
}

/** The document, or a fault when it holds too much. */
export function withinLimits(document: PidfDocument): Result<PidfDocument> {
  const { tuples, persons, devices } = document;
  const notes = [document, ...tuples, ...persons, ...devices].reduce(
    (sum, { notes: own }) => sum + own.length,
    0,
  );
  if (tuples.length > MAX_TUPLES) return brokenPidf(`more than ${MAX_TUPLES} tuples`);
  if (persons.length > MAX_PERSONS) return brokenPidf(`more than ${MAX_PERSONS} persons`);
  if (devices.length > MAX_DEVICES) return brokenPidf(`more than ${MAX_DEVICES} devices`);
  return notes > MAX_NOTES ? brokenPidf(`more than ${MAX_NOTES} notes`) : ok(document);
}

function readTuple(element: XmlElement, ns: string, lang: string | undefined): Result<PidfTuple> {
  const id = element.attr('id')?.trim() ?? '';
  if (id === '') return brokenPidf('a tuple without id');
  // §4.1.2: "a mandatory <status> element".
  const status = element.child('status', ns);
  if (status === undefined) return brokenPidf('a tuple without status');
  const word = status.child('basic', ns)?.text().trim();
  // baresip writes "?" for a state that it does not know: that is no status, and no reason to refuse the document.
  const basic = word === 'open' || word === 'closed' ? word : undefined;
  const show = status.child('show', NS_CLIENT)?.text().trim();
  const contact = readContact(element.child('contact', ns));
  const timestampMs = parseDateTime(element.child('timestamp', ns)?.text() ?? '');
  const capabilities = element.child('servcaps', NS_PIDF_CAPS);
  const deviceIds: string[] = [];
  for (const child of element.elements()) {
    if (child.name === 'deviceID' && child.ns === NS_DATA_MODEL) deviceIds.push(child.text().trim());
  }
  return ok({
    id,
    ...(basic === undefined ? {} : { basic }),
    ...(isShow(show) ? { show } : {}),
    ...(contact === undefined ? {} : { contact }),
    notes: readNotes(element, ns, lang),
    ...(timestampMs === undefined ? {} : { timestampMs }),
    deviceIds: deviceIds.filter((each) => each !== ''),
    // RFC 4119 §2.3: location stands within the status. COMPAT(pjsip 2): so do activities.
    rich: richOf([...element.elements(), ...status.elements()], lang),
    ...(capabilities === undefined ? {} : { capabilities: readCapabilities(capabilities) }),
  });
}

function readContact(element: XmlElement | undefined): PidfContact | undefined {
  const uri = element?.text().trim() ?? '';
  if (element === undefined || uri === '') return undefined;
  const priority = element.attr('priority')?.trim() ?? '';
  // §4.1.5: if it is out of the range, "process it as if the attribute was not present".
  return QVALUE.test(priority) ? { uri, priority: Number(priority) } : { uri };
}

function readPerson(element: XmlElement, lang: string | undefined): PidfPerson {
  return { id: element.attr('id')?.trim() ?? '', ...commonOf(element, lang) };
}

function readDevice(element: XmlElement, lang: string | undefined): PidfDevice {
  const deviceId = element.child('deviceID', NS_DATA_MODEL)?.text().trim() ?? '';
  return { id: element.attr('id')?.trim() ?? '', deviceId, ...commonOf(element, lang) };
}

function commonOf(
  element: XmlElement,
  lang: string | undefined,
): { rich: RichPresence; notes: readonly PidfNote[]; timestampMs?: number } {
  // COMPAT(linphone 5.1): <timestamp/> of a person stands in the namespace of PIDF.
  const timestamp = element.child('timestamp', NS_DATA_MODEL) ?? element.child('timestamp', NS_PIDF);
  const timestampMs = parseDateTime(timestamp?.text() ?? '');
  return {
    rich: richOf([...element.elements()], lang),
    notes: [...readNotes(element, NS_DATA_MODEL, lang), ...readNotes(element, NS_PIDF, lang)],
    ...(timestampMs === undefined ? {} : { timestampMs }),
  };
}

/** What these elements say, without those that hold something that must be understood and is not. */
function richOf(elements: readonly XmlElement[], lang: string | undefined): RichPresence {
  return readRichPresence(
    elements.filter((child) => !demandsTooMuch(child)),
    lang,
  );
}

/**
 * §4.2.3: an element that holds another one with mustUnderstand that is not understood is ignored as a whole; a mark
 * "within an element that is being ignored is itself ignored".
 */
function demandsTooMuch(element: XmlElement): boolean {
  for (const child of element.elements()) {
    const mark = child.attr(`{${NS_PIDF}}mustUnderstand`)?.trim();
    if (mark !== 'true' && mark !== '1') continue;
    if (!UNDERSTOOD.includes(child.ns) || demandsTooMuch(child)) return true;
  }
  return false;
}

function isShow(text: string | undefined): text is PidfShow {
  return text !== undefined && SHOWS.includes(text);
}

export function brokenPidf(message: string): Result<never> {
  return fault('ERR_MIME_PIDF', `pidf: ${message}`, 'RFC 3863 §4');
}
