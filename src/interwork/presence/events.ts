// Mood, activity and location ⇄ RPID (rows RPID-03 … RPID-17). In XMPP they are personal events (XEP-0163) and no part of presence
// (XEP-0107 §2.2), so that they come and go beside it; the elements here are the payloads of the items.

import {
  holdsAt,
  RPID_MOODS,
  type PidfDocument,
  type RichPresence,
  type RpidActivity,
  type RpidEnumeration,
  type RpidMood,
} from '../../mime/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import {
  activityElement,
  moodElement,
  MOODS,
  readActivity,
  readMood,
  vCardElement,
  type MoodWord,
  type PepText,
} from '../../xmpp/index.ts';
import { rpidActivityOf, xmppActivityOf } from './activity-words.ts';
import { toSipLocation, toXmppLocation } from './location.ts';
import { noteTexts, textNotes } from './notes.ts';
import { ownTuples } from './own-tuples.ts';

/** Payloads for the nodes NS_MOOD, NS_ACTIVITY and NS_GEOLOC; undefined: the document says nothing of it. */
export interface PersonalEvents {
  readonly mood?: XmlElement;
  readonly activity?: XmlElement;
  readonly geoloc?: XmlElement;
}

export interface EventOptions {
  /** RPID-17: where somebody is, and his time zone. Default false, for privacy. */
  readonly location?: boolean;
}

/** What a document says of the person at this time. */
export function toXmppEvents(
  document: PidfDocument,
  wallMs: number,
  options: EventOptions = {},
): PersonalEvents {
  const persons = document.persons.map(({ rich }) => rich);
  const mood = persons.flatMap(({ moods }) => moods ?? []).find((each) => saysSomething(each, wallMs));
  const activity = persons
    .flatMap(({ activities }) => activities ?? [])
    .find((each) => saysSomething(each, wallMs));
  const geoloc =
    options.location === true
      ? toXmppLocation([...document.persons, ...ownTuples(document.tuples)], wallMs)
      : undefined;
  const activityPayload = activity === undefined ? undefined : xmppActivity(activity);
  return {
    ...(mood === undefined ? {} : { mood: xmppMood(mood) }),
    ...(activityPayload === undefined ? {} : { activity: activityPayload }),
    ...(geoloc === undefined ? {} : { geoloc }),
  };
}

function saysSomething(each: RpidEnumeration<string>, wallMs: number): boolean {
  return each.words.length + each.other.length > 0 && holdsAt(each, wallMs);
}

/** RPID-15: the same word where both lists have it, else `undefined` with the text. */
function xmppMood(mood: RpidEnumeration<RpidMood>): XmlElement {
  const known = mood.words.map((word) => MOODS.find((each) => each === word));
  const word = known.find((each) => each !== undefined) ?? 'undefined';
  return moodElement({ word, texts: noteTexts(mood.notes.length > 0 ? mood.notes : mood.other) });
}

function xmppActivity(activities: RpidEnumeration<RpidActivity>): XmlElement | undefined {
  const texts = noteTexts(activities.notes.length > 0 ? activities.notes : activities.other);
  const found = xmppActivityOf(activities.words);
  // RPID-13: what has free words only. RPID-01, RPID-02: away and busy are no activities there.
  if (found === undefined && activities.other.length === 0) return undefined;
  return activityElement({ ...(found ?? { general: 'undefined', specific: 'other' }), texts });
}

/** RPID of the payloads that XMPP gave; the empty ones, which take back, say nothing. */
export function toSipEvents(
  events: PersonalEvents,
  options: EventOptions = {},
): Pick<RichPresence, 'activities' | 'location' | 'moods' | 'timeOffset'> {
  const mood = events.mood === undefined ? undefined : readMood(events.mood);
  const activity = events.activity === undefined ? undefined : readActivity(events.activity);
  const rich: {
    activities?: readonly RpidEnumeration<RpidActivity>[];
    moods?: readonly RpidEnumeration<RpidMood>[];
  } = {};
  if (mood !== undefined) rich.moods = [rpidOf(rpidMood(mood.word), 'unknown', mood.word, mood.texts)];
  if (activity !== undefined) {
    const { general, specific, texts } = activity;
    rich.activities = [rpidOf(rpidActivityOf(activity), 'unknown', specific ?? general, texts)];
  }
  const place = options.location === true && events.geoloc !== undefined ? toSipLocation(events.geoloc) : {};
  return { ...rich, ...place };
}

/** `xmppWord` is told in free words where RPID has none: "walking_the_dog" is "walking the dog". */
function rpidOf<Word extends string>(
  word: Word | undefined,
  unknown: Word,
  xmppWord: string,
  texts: readonly PepText[],
): RpidEnumeration<Word> {
  const notes = textNotes(texts);
  if (word !== undefined) return { words: [word], other: [], notes };
  if (xmppWord !== 'undefined' && xmppWord !== 'other') {
    return { words: [], other: [{ text: xmppWord.replaceAll('_', ' '), lang: 'en' }], notes };
  }
  return notes.length > 0 ? { words: [], other: notes, notes: [] } : { words: [unknown], other: [], notes };
}

function rpidMood(word: MoodWord): RpidMood | undefined {
  return RPID_MOODS.find((each) => each === word);
}

/** The vCard that contact information makes (RFC 4482, XEP-0054); undefined: there is none. */
export function toXmppVCard(document: PidfDocument): XmlElement | undefined {
  // Of the person; of a service of his own where nothing is told of the person.
  const riches = [...document.persons, ...ownTuples(document.tuples)].map(({ rich }) => rich);
  const first = <T>(read: (rich: RichPresence) => T | undefined): T | undefined =>
    riches.map(read).find((value) => value !== undefined);
  const name = first(({ displayNames }) => displayNames?.[0]?.text);
  const url = first(({ homepage, card }) => homepage ?? card);
  const photoUrl = first(({ icon }) => icon);
  const soundUrl = first(({ sound }) => sound);
  if (name === undefined && url === undefined && photoUrl === undefined && soundUrl === undefined)
    return undefined;
  return vCardElement({
    ...(name === undefined ? {} : { name }),
    ...(url === undefined ? {} : { url }),
    ...(photoUrl === undefined ? {} : { photoUrl }),
    ...(soundUrl === undefined ? {} : { soundUrl }),
  });
}
