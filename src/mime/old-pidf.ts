// What phones sent before PIDF was an RFC (row PRES-92): read, never written.
//
// - application/cpim-pidf+xml: the drafts of RFC 3863 (draft-ietf-impp-cpim-pidf), the same elements in an older namespace.
// - application/xpidf+xml: draft-rosenberg-impp-pidf-00, as Asterisk, pjsip and Windows Messenger write it.

import { ok, utf8Text, type Bytes, type Result } from '../base/index.ts';
import { element, parseDocument, type XmlElement } from '../xml/index.ts';
import { brokenPidf, PIDF_LIMITS, readPidfRoot, withinLimits } from './pidf-read.ts';
import { NS_PIDF, type PidfDocument, type PidfTuple } from './pidf.ts';
import type { RpidActivity } from './rpid.ts';

export const CPIM_PIDF_TYPE = 'application/cpim-pidf+xml';
export const XPIDF_TYPE = 'application/xpidf+xml';

const OLD_NAMESPACES: readonly string[] = [
  NS_PIDF,
  'urn:ietf:params:xml:ns:cpim-pidf:',
  'urn:ietf:params:xml:ns:cpim-pidf',
];

/** Reads a document of application/cpim-pidf+xml. Faults: ERR_MIME_PIDF, and those of the XML parser. */
export function readCpimPidf(body: Bytes): Result<PidfDocument> {
  const document = parseDocument(body, PIDF_LIMITS);
  if (!document.ok) return document;
  const root = document.value;
  if (!OLD_NAMESPACES.includes(root.ns)) return brokenPidf('the root is in an unknown namespace');
  // The first drafts had <presentity id="pres:…"/> where the attribute entity is now.
  const presentity = root.attr('entity') ?? root.child('presentity', root.ns)?.attr('id');
  return readPidfRoot(
    presentity === undefined
      ? root
      : element(root.name, root.ns, { ...langOf(root), entity: presentity }, ...root.children),
    root.ns,
  );
}

function langOf(root: XmlElement): { 'xml:lang'?: string } {
  const lang = root.attr('xml:lang');
  return lang === undefined ? {} : { 'xml:lang': lang };
}

/**
 * The document type that every writer of XPIDF puts before the root. Only one that names an external subset, which is
 * not fetched; what declares anything itself is left to the parser, which refuses it.
 */
const DOCUMENT_TYPE =
  /^(\ufeff?(?:<\?xml[^<>]*\?>)?[ \t\r\n]*)<!DOCTYPE[ \t\r\n]+presence(?:[ \t\r\n]+(?:SYSTEM|PUBLIC[ \t\r\n]+(?:"[^"<>]*"|'[^'<>]*'))[ \t\r\n]+(?:"[^"<>]*"|'[^'<>]*'))?[ \t\r\n]*>/;

/** What its <msnsubstatus/> says. */
const SUBSTATUS: ReadonlyMap<string, RpidActivity> = new Map([
  ['away', 'away'],
  ['berightback', 'away'],
  ['busy', 'busy'],
  ['idle', 'away'],
  ['onthephone', 'on-the-phone'],
  ['outtolunch', 'lunch'],
]);

/** Reads a document of application/xpidf+xml. Faults: ERR_MIME_PIDF, and those of the XML parser. */
export function readXpidf(body: Bytes): Result<PidfDocument> {
  // Too long for the expression is too long for the parser, which says so.
  const text = body.length > (PIDF_LIMITS.stanzaBytes ?? 0) ? undefined : utf8Text(body);
  const document = parseDocument(text?.replace(DOCUMENT_TYPE, '$1') ?? body, PIDF_LIMITS);
  if (!document.ok) return document;
  const root = document.value;
  if (root.name !== 'presence' || root.ns !== '') return brokenPidf('the root is not presence');
  // Its URI was that of a SUBSCRIBE: "sip:bob@example.com;method=SUBSCRIBE".
  const uri = root.child('presentity', '')?.attr('uri')?.trim() ?? '';
  const entity = uri.replace(/;method=SUBSCRIBE(?=;|$)/i, '').trim();
  if (entity === '') return brokenPidf('no presentity');
  const tuples: PidfTuple[] = [];
  const ids = new Set<string>();
  for (const atom of root.elements()) {
    if (atom.name !== 'atom' || atom.ns !== '') continue;
    const atomId = (atom.attr('atomid') ?? atom.attr('id') ?? '').trim();
    if (atomId === '') return brokenPidf('an atom without id');
    let count = 0;
    for (const address of atom.elements()) {
      if (address.name !== 'address' || address.ns !== '') continue;
      count += 1;
      const tuple = addressTuple(address, count === 1 ? atomId : `${atomId}-${count}`);
      if (!tuple.ok) return tuple;
      if (ids.has(tuple.value.id)) return brokenPidf('two addresses with one id');
      ids.add(tuple.value.id);
      tuples.push(tuple.value);
    }
  }
  return withinLimits({ entity, tuples, persons: [], devices: [], notes: [] });
}

/** One address of an atom. */
function addressTuple(address: XmlElement, id: string): Result<PidfTuple> {
  const status = address.child('status', '')?.attr('status')?.trim().toLowerCase() ?? '';
  // "inuse": there, and busy.
  if (status !== 'open' && status !== 'closed' && status !== 'inuse') return brokenPidf('an unknown status');
  const said = address.child('msnsubstatus', '')?.attr('substatus')?.trim().toLowerCase() ?? '';
  const activity = SUBSTATUS.get(said) ?? (status === 'inuse' ? 'busy' : undefined);
  const uri = address.attr('uri')?.trim() ?? '';
  const priority = address.attr('priority')?.trim() ?? '';
  const value = /^[01](?:\.[0-9]{0,9})?$/.test(priority) ? Number(priority) : 2;
  return ok({
    id,
    basic: status === 'closed' ? 'closed' : 'open',
    ...(uri === ''
      ? {}
      : { contact: value <= 1 ? { uri, priority: Math.round(value * 1000) / 1000 } : { uri } }),
    notes: [],
    deviceIds: [],
    rich: activity === undefined ? {} : { activities: [{ words: [activity], other: [], notes: [] }] },
  });
}
