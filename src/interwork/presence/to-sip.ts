// Presence stanzas → presence document, pure (RFC 8048 §6.2, Table 1; rows PRES-60 … PRES-73, RPID-14).
// Same order of steps as to-xmpp.ts: resource, type, show, status, priority, idle.

import type {
  Capabilities,
  PidfContact,
  PidfDocument,
  PidfPerson,
  PidfTuple,
  RichPresence,
  RpidActivity,
  RpidEnumeration,
} from '../../mime/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import { readDelay, readIdle, readPresence, type Presence, type Show } from '../../xmpp/index.ts';
import { activityOfShow } from './activity-words.ts';
import { toSipEvents, type PersonalEvents } from './events.ts';
import { textNotes } from './notes.ts';
import { contactPriority } from './priority.ts';
import { tupleIdOf } from './tuple-id.ts';

/** The last presence of one resource. */
export interface XmppResource {
  /** Resourcepart of its `from`; '' for the bare address. */
  readonly resource: string;
  readonly stanza: XmlElement;
  /** When it came, ms. */
  readonly receivedMs: number;
}

export interface ToSipOptions {
  /** The URI for <contact/>, where this resource is reached; undefined: none, and then no priority either. */
  readonly contact?: (resource: string) => string | undefined;
  /** The resource whose tuple says "closed" when none is left (PRES-71). */
  readonly lastResource?: string;
  /** xml:lang of the stream that the stanzas came on. */
  readonly streamLang?: string;
  /** False: nothing beyond RFC 8048; no RPID. Default true. */
  readonly rich?: boolean;
  /** False: idle without the time of the last input, an option that RFC 4480 §3.14 demands. Default true. */
  readonly lastInput?: boolean;
  /** Mood, activity and location, as the last items of their nodes say. */
  readonly events?: PersonalEvents;
  /** What each resource that has a contact can do (RFC 5196); by default nothing is told. */
  readonly capabilities?: Capabilities;
  /** RPID-17: location is told. Default false. */
  readonly location?: boolean;
}

/** The `id` of the person; no tuple has it, since those begin with "ID-". */
const PERSON_ID = 'person';

interface Read {
  readonly resource: string;
  readonly presence: Presence;
  readonly receivedMs: number;
}

/**
 * The document of a user: a tuple for each available resource (PRES-70, PRES-56), or one that is closed when there is
 * none (PRES-71). Of two entries for one resource the later one counts.
 */
export function toSipPresence(
  entity: string,
  resources: readonly XmppResource[],
  options: ToSipOptions = {},
): PidfDocument {
  const read = new Map<string, Read>();
  for (const { resource, stanza, receivedMs } of resources) {
    const presence = readPresence(stanza, options.streamLang);
    // PRES-60: "the only <presence/> stanzas that represent notifications".
    if (presence.type !== 'available' && presence.type !== 'unavailable') continue;
    const known = read.get(resource);
    if (known === undefined || known.receivedMs <= receivedMs)
      read.set(resource, { resource, presence, receivedMs });
  }
  const all = [...read.values()];
  const available = all.filter(({ presence }) => presence.type === 'available');
  const rich = options.rich !== false;
  const tuples =
    available.length > 0
      ? available.map((each) => openTuple(each, options, rich))
      : [closedTuple(all, options)];
  const persons = rich && available.length > 0 ? personOf(available, options) : [];
  return { entity, tuples, persons, devices: [], notes: [] };
}

function openTuple(each: Read, options: ToSipOptions, rich: boolean): PidfTuple {
  const { presence, resource } = each;
  const contact = contactOf(each, options);
  return {
    id: tupleIdOf(resource),
    basic: 'open',
    ...(presence.show === undefined ? {} : { show: presence.show }),
    ...(contact === undefined ? {} : { contact }),
    notes: textNotes(presence.statuses),
    timestampMs: changedMs(each),
    deviceIds: [],
    rich: rich ? userInputOf(presence, options) : {},
    ...(contact === undefined || options.capabilities === undefined
      ? {}
      : { capabilities: options.capabilities }),
  };
}

/** PRES-71: with the id that the watcher knows, and the last words of whoever left last. */
function closedTuple(left: readonly Read[], options: ToSipOptions): PidfTuple {
  const [last] = left.toSorted((one, other) => other.receivedMs - one.receivedMs);
  return {
    id: tupleIdOf(last?.resource ?? options.lastResource ?? ''),
    basic: 'closed',
    notes: last === undefined ? [] : textNotes(last.presence.statuses),
    ...(last === undefined ? {} : { timestampMs: changedMs(last) }),
    deviceIds: [],
    rich: {},
  };
}

/** PRES-67: a negative priority MUST NOT be mapped; then RFC 3863 §4.1.5 gives the contact the lowest one. */
function contactOf({ resource, presence }: Read, options: ToSipOptions): PidfContact | undefined {
  const uri = options.contact?.(resource);
  if (uri === undefined) return undefined;
  const priority = presence.priority === undefined ? undefined : contactPriority(presence.priority);
  return priority === undefined ? { uri } : { uri, priority };
}

/** PRES-72: a stanza that waited says since when it holds. */
function changedMs({ presence, receivedMs }: Read): number {
  return readDelay(presence.element)?.stampMs ?? receivedMs;
}

/** PRES-72, RPID-14: idle since a time, or away for long. */
function userInputOf(presence: Presence, options: ToSipOptions): RichPresence {
  const sinceMs = readIdle(presence.element);
  if (sinceMs === undefined && presence.show !== 'xa') return {};
  const told = sinceMs !== undefined && options.lastInput !== false;
  return { userInput: told ? { state: 'idle', lastInputMs: sinceMs } : { state: 'idle' } };
}

/**
 * The person is one where the resources are many: he does what the most available of them says (RFC 8048 §6.2: "typically
 * the SIP User Agent will show the "most available" status"), beside his own activity and mood.
 */
function personOf(available: readonly Read[], options: ToSipOptions): readonly PidfPerson[] {
  const shows = available.map(({ presence }) => presence.show);
  const show = AVAILABILITY.find((each) => shows.includes(each));
  const own = toSipEvents(options.events ?? {}, { location: options.location === true });
  const activities = withWord(own.activities, activityOfShow(show));
  const rich = { ...own, ...(activities === undefined ? {} : { activities }) };
  if (Object.keys(rich).length === 0) return [];
  return [{ id: PERSON_ID, rich, notes: [] }];
}

/** The most available first; who is busy is at least there. */
const AVAILABILITY: readonly (Show | undefined)[] = ['chat', undefined, 'dnd', 'away', 'xa'];

function withWord(
  activities: readonly RpidEnumeration<RpidActivity>[] | undefined,
  word: RpidActivity | undefined,
): readonly RpidEnumeration<RpidActivity>[] | undefined {
  if (word === undefined) return activities;
  const [own] = activities ?? [];
  if (own === undefined) return [{ words: [word], other: [], notes: [] }];
  // RFC 4480 §3.2: "unknown" is not used together with others.
  const words = own.words.filter((each) => each !== 'unknown' && each !== word);
  return [{ ...own, words: [word, ...words] }];
}
