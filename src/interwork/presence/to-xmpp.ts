// Presence document → presence stanzas, pure (RFC 8048 §6.3, Table 2; rows PRES-80 … PRES-93, RPID-01 … RPID-18).
// Same order of steps as to-sip.ts: resource, type, show, status, priority, idle.

import {
  holdsAt,
  type PidfDocument,
  type PidfNote,
  type PidfTuple,
  type RichPresence,
  type RpidActivity,
  type RpidUserInput,
} from '../../mime/index.ts';
import { languageForXml, uriToJid } from '../../mapping/index.ts';
import { element, NS_CLIENT, type XmlElement } from '../../xml/index.ts';
import { idleElement, type Show } from '../../xmpp/index.ts';
import { showOfActivities, showOfNote } from './activity-words.ts';
import { noteTexts } from './notes.ts';
import { reachableTuples } from './own-tuples.ts';
import { xmppPriority } from './priority.ts';
import { isMadeOf, resourcesOf } from './tuple-id.ts';

export interface ToXmppOptions {
  /** Now, ms: what RPID tells for another time does not count. */
  readonly wallMs: number;
  /** Raw value of Content-Language of the NOTIFY. */
  readonly contentLanguage?: string;
  /** RPID-18: a note that is nothing but "Busy" or the like counts as a status. */
  readonly noteWords?: boolean;
}

/** One presence stanza, without its addresses. */
export interface ResourcePresence {
  /** Resourcepart of `from`, prepared; '' for the bare address. */
  readonly resource: string;
  /**
   * The resource names a device: in SIP it is reached by this `gr` (ADDR-36). Absent: it is the id of a tuple and nothing else,
   * which only the document knows.
   */
  readonly device?: true;
  /** False: type="unavailable". */
  readonly available: boolean;
  /** Show, status, priority, idle. */
  readonly children: readonly XmlElement[];
  /** xml:lang of the stanza. */
  readonly lang?: string;
}

/** One stanza for each tuple that speaks for the presentity. Never fails; a document without tuples tells nothing. */
export function toXmppPresence(document: PidfDocument, options: ToXmppOptions): readonly ResourcePresence[] {
  const tuples = reachableTuples(document.tuples);
  const resources = resourcesOf(tuples.map(({ id }) => id));
  const lang = options.contentLanguage === undefined ? undefined : languageForXml(options.contentLanguage);
  return tuples.map((tuple) => {
    const resource = resources.get(tuple.id) ?? '';
    const available = isAvailable(tuple, document, options.wallMs);
    const notes = notesOf(tuple, document, options.wallMs);
    const children = available ? availableChildren(tuple, document, notes, options) : statusElements(notes);
    const device = isDevice(tuple, resource) ? { device: true as const } : {};
    return { resource, available, children, ...device, ...(lang === undefined ? {} : { lang }) };
  });
}

/** RFC 8048 §6.2: an XMPP user behind another gateway; or the tuple says by which GRUU it is reached (RFC 5627). */
function isDevice({ id, contact }: PidfTuple, resource: string): boolean {
  if (resource === '') return false;
  if (isMadeOf(id, resource)) return true;
  const reached = contact === undefined ? undefined : uriToJid(contact.uri);
  return reached?.ok === true && reached.value.resource === resource;
}

/** PRES-80 (MUST); PRES-88: without a basic status only where something else is told of the person or the service. */
function isAvailable(tuple: PidfTuple, document: PidfDocument, wallMs: number): boolean {
  if (tuple.basic !== undefined) return tuple.basic === 'open';
  if (tuple.show !== undefined || tuple.rich.userInput !== undefined) return true;
  return (
    activitiesOf(tuple, document, wallMs).length > 0 ||
    document.persons.some(({ rich }) => rich.userInput !== undefined || rich.moods !== undefined)
  );
}

function availableChildren(
  tuple: PidfTuple,
  document: PidfDocument,
  notes: readonly PidfNote[],
  options: ToXmppOptions,
): readonly XmlElement[] {
  const input = userInputOf(tuple, document);
  const show = showOf(tuple, document, notes, input, options);
  const children: XmlElement[] = [];
  if (show !== undefined) children.push(element('show', NS_CLIENT, {}, show));
  children.push(...statusElements(notes));
  const priority = tuple.contact?.priority;
  if (priority !== undefined) {
    children.push(element('priority', NS_CLIENT, {}, String(xmppPriority(priority))));
  }
  // RPID-16. Without a time there is no <idle/>: XEP-0319 demands `since`.
  if (input?.state === 'idle' && input.lastInputMs !== undefined)
    children.push(idleElement(input.lastInputMs));
  return children;
}

/** PRES-86, then RPID-01 … RPID-13, RPID-18, RPID-16: what is said outright goes before what is concluded. */
function showOf(
  tuple: PidfTuple,
  document: PidfDocument,
  notes: readonly PidfNote[],
  input: RpidUserInput | undefined,
  options: ToXmppOptions,
): Show | undefined {
  if (tuple.show !== undefined) return tuple.show;
  const told = showOfActivities(activitiesOf(tuple, document, options.wallMs));
  if (told !== undefined) return told;
  if (options.noteWords === true) {
    const hint = notes.map(({ text }) => showOfNote(text)).find((show) => show !== undefined);
    if (hint !== undefined) return hint;
  }
  return input?.state === 'idle' ? 'away' : undefined;
}

/** Those of the service (against RFC 4480 Table 1, but seen), and of the person. */
function activitiesOf(tuple: PidfTuple, document: PidfDocument, wallMs: number): readonly RpidActivity[] {
  return richesOf(tuple, document)
    .flatMap(({ activities }) => activities ?? [])
    .filter((each) => holdsAt(each, wallMs))
    .flatMap(({ words }) => words);
}

function richesOf(tuple: PidfTuple, document: PidfDocument): readonly RichPresence[] {
  return [tuple.rich, ...document.persons.map(({ rich }) => rich)];
}

/** Of the service, else of a device that it runs on, else of the person (RFC 4480 §3.14). */
function userInputOf(tuple: PidfTuple, document: PidfDocument): RpidUserInput | undefined {
  const devices = document.devices.filter(({ deviceId }) => tuple.deviceIds.includes(deviceId));
  return [tuple, ...devices, ...document.persons]
    .map(({ rich }) => rich.userInput)
    .find((input) => input !== undefined);
}

/** PRES-85: of the tuple, else of the person (his own, or those of what he does), else of the document. */
function notesOf(tuple: PidfTuple, document: PidfDocument, wallMs: number): readonly PidfNote[] {
  const ofActivities = richesOf(tuple, document)
    .flatMap(({ activities }) => activities ?? [])
    .filter((each) => holdsAt(each, wallMs))
    .flatMap(({ notes }) => notes);
  const candidates = [
    tuple.notes,
    document.persons.flatMap(({ notes }) => notes),
    ofActivities,
    document.notes,
  ];
  return candidates.find((notes) => notes.length > 0) ?? [];
}

/** RFC 6121 §4.7.2.2: one for each language. */
function statusElements(notes: readonly PidfNote[]): XmlElement[] {
  return noteTexts(notes).map(({ text, lang }) => element('status', NS_CLIENT, { 'xml:lang': lang }, text));
}

/**
 * PRES-87: what a full document does not tell of any more. `last`: the resources that were announced as available; the
 * result are their unavailable stanzas, in that order.
 */
export function goneResources(
  last: readonly string[],
  now: readonly ResourcePresence[],
): readonly ResourcePresence[] {
  const told = new Set(now.map(({ resource }) => resource));
  return last
    .filter((resource) => !told.has(resource))
    .map((resource) => ({ resource, available: false, children: [] }));
}
