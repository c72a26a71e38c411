// Reads RPID (RFC 4480), CIPID (RFC 4482) and location (RFC 4119) out of a tuple, person or device.

import type { XmlElement } from '../xml/index.ts';
import { parseDateTime } from './date-time.ts';
import { NS_GEOPRIV, readLocation } from './location.ts';
import type { PidfNote } from './pidf.ts';
import {
  NS_CIPID,
  NS_LOCATION_TYPE,
  NS_RPID,
  RPID_ACTIVITIES,
  RPID_MOODS,
  RPID_PLACES,
  RPID_PRIVACIES,
  RPID_RELATIONSHIPS,
  RPID_SERVICE_CLASSES,
  type RichPresence,
  type RpidEnumeration,
  type RpidPeriod,
  type RpidPlace,
  type RpidTimeOffset,
  type RpidUserInput,
} from './rpid.ts';

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** More minutes than any place is away from UTC: what is beyond is no time zone. */
const MAX_OFFSET_MINUTES = 24 * 60;

/** What these children of one element say. `lang`: the language in force there. Never fails. */
export function readRichPresence(children: Iterable<XmlElement>, lang: string | undefined): RichPresence {
  const rich: Writable<RichPresence> = {};
  for (const child of children) {
    if (child.ns === NS_RPID) readRpid(child, lang, rich);
    else if (child.ns === NS_CIPID) readCipid(child, lang, rich);
    else if (child.ns === NS_GEOPRIV && child.name === 'geopriv') {
      const location = readLocation(child);
      if (location !== undefined) rich.location ??= location;
    }
  }
  return rich;
}

/** Of elements that stand there twice the first one counts, but for those that are told for several times. */
function readRpid(child: XmlElement, lang: string | undefined, rich: Writable<RichPresence>): void {
  const inner = langOf(child, lang);
  const text = child.text().trim();
  switch (child.name) {
    case 'activities':
      rich.activities = [...(rich.activities ?? []), enumeration(child, inner, NS_RPID, RPID_ACTIVITIES)];
      return;
    case 'mood':
      rich.moods = [...(rich.moods ?? []), enumeration(child, inner, NS_RPID, RPID_MOODS)];
      return;
    case 'class':
      if (text !== '') rich.class ??= text;
      return;
    case 'place-is':
      rich.placeIs ??= placeIs(child, inner);
      return;
    case 'place-type':
      rich.placeType ??= enumeration<string>(child, inner, NS_LOCATION_TYPE);
      return;
    case 'privacy': {
      const kinds = RPID_PRIVACIES.filter((kind) => child.child(kind, NS_RPID) !== undefined);
      rich.privacy ??= { kinds, notes: readNotes(child, NS_RPID, inner), ...period(child) };
      return;
    }
    case 'relationship':
      rich.relationship ??= word(child, RPID_RELATIONSHIPS) ?? 'other';
      return;
    case 'service-class': {
      const found = word(child, RPID_SERVICE_CLASSES);
      if (found !== undefined) rich.serviceClass ??= found;
      return;
    }
    case 'sphere': {
      // The schema has elements, the example of §4 has text.
      const name = text === '' ? (child.elements().next().value?.name ?? '') : text;
      if (name !== '') rich.sphere ??= { name, ...period(child) };
      return;
    }
    case 'status-icon':
      if (text !== '') rich.statusIcon ??= { uri: text, ...period(child) };
      return;
    case 'time-offset': {
      const offset = timeOffset(child, text);
      if (offset !== undefined) rich.timeOffset ??= offset;
      return;
    }
    case 'user-input': {
      const input = userInput(child, text);
      if (input !== undefined) rich.userInput ??= input;
      return;
    }
  }
}

function readCipid(child: XmlElement, lang: string | undefined, rich: Writable<RichPresence>): void {
  const text = child.text().trim();
  if (text === '') return;
  switch (child.name) {
    case 'card':
    case 'homepage':
    case 'icon':
    case 'map':
    case 'sound':
      rich[child.name] ??= text;
      return;
    case 'display-name':
      rich.displayNames = [...(rich.displayNames ?? []), note(text, langOf(child, lang))];
      return;
  }
}

/** Words in the namespace `ns`; of the list when there is one. */
function enumeration<Word extends string>(
  owner: XmlElement,
  lang: string | undefined,
  ns: string,
  list?: readonly Word[],
): RpidEnumeration<Word> {
  const words = new Set<Word>();
  const known = (name: string): name is Word =>
    list === undefined || (list as readonly string[]).includes(name);
  const other: PidfNote[] = [];
  for (const child of owner.elements()) {
    const text = child.text().trim();
    if (child.ns === NS_RPID && child.name === 'other') {
      if (text !== '') other.push(note(text, langOf(child, lang)));
    } else if (child.ns === ns && known(child.name)) words.add(child.name);
  }
  return { words: [...words], other, notes: readNotes(owner, NS_RPID, lang), ...period(owner) };
}

function placeIs(owner: XmlElement, lang: string | undefined): RpidPlace {
  const at = <Word extends string>(medium: string, list: readonly Word[]): Word | undefined => {
    const place = owner.child(medium, NS_RPID);
    return place === undefined ? undefined : word(place, list);
  };
  const audio = at('audio', RPID_PLACES.audio);
  const video = at('video', RPID_PLACES.video);
  const text = at('text', RPID_PLACES.text);
  return {
    ...(audio === undefined ? {} : { audio }),
    ...(video === undefined ? {} : { video }),
    ...(text === undefined ? {} : { text }),
    notes: readNotes(owner, NS_RPID, lang),
    ...period(owner),
  };
}

function timeOffset(child: XmlElement, text: string): RpidTimeOffset | undefined {
  if (!/^[+-]?[0-9]{1,4}$/.test(text)) return undefined;
  // `+ 0`: "-0" is 0.
  const minutes = Number(text) + 0;
  if (Math.abs(minutes) > MAX_OFFSET_MINUTES) return undefined;
  const description = child.attr('description')?.trim() ?? '';
  return { minutes, ...(description === '' ? {} : { description }), ...period(child) };
}

function userInput(child: XmlElement, text: string): RpidUserInput | undefined {
  if (text !== 'active' && text !== 'idle') return undefined;
  const lastInputMs = parseDateTime(child.attr('last-input') ?? '');
  const threshold = child.attr('idle-threshold')?.trim() ?? '';
  return {
    state: text,
    ...(lastInputMs === undefined ? {} : { lastInputMs }),
    ...(/^[0-9]{1,9}$/.test(threshold) ? { idleThresholdSeconds: Number(threshold) } : {}),
  };
}

/** The first child that is a word of the list. */
function word<Word extends string>(owner: XmlElement, list: readonly Word[]): Word | undefined {
  for (const child of owner.elements()) {
    const found = child.ns === NS_RPID ? list.find((each) => each === child.name) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function period(child: XmlElement): RpidPeriod {
  const fromMs = parseDateTime(child.attr('from') ?? '');
  const untilMs = parseDateTime(child.attr('until') ?? '');
  return { ...(fromMs === undefined ? {} : { fromMs }), ...(untilMs === undefined ? {} : { untilMs }) };
}

/** The <note/>s of that namespace; empty ones say nothing. */
export function readNotes(owner: XmlElement, ns: string, lang: string | undefined): PidfNote[] {
  const notes: PidfNote[] = [];
  for (const child of owner.elements()) {
    if (child.name !== 'note' || child.ns !== ns) continue;
    const text = child.text().trim();
    if (text !== '') notes.push(note(text, langOf(child, lang)));
  }
  return notes;
}

/** XML 1.0 §2.12: the own xml:lang, else that of what it stands in; an empty one takes that back. */
export function langOf(child: XmlElement, inherited: string | undefined): string | undefined {
  const own = child.attr('xml:lang');
  return own === undefined ? inherited : own.trim() || undefined;
}

function note(text: string, lang: string | undefined): PidfNote {
  return lang === undefined ? { text } : { text, lang };
}
