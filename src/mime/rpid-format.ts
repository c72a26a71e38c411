// Writes RPID (RFC 4480), CIPID (RFC 4482) and location (RFC 4119) into a presence document, elements in the order of Table 1.

import { formatDateTime } from '../base/index.ts';
import { escapeText } from '../xml/index.ts';
import { formatLocation } from './location.ts';
import { attribute, formatNote, tag } from './pidf-text.ts';
import type { RichPresence, RpidEnumeration, RpidPeriod, RpidPlace } from './rpid.ts';

export function formatRichPresence(rich: RichPresence): string {
  const { placeIs, placeType, privacy, sphere, statusIcon, timeOffset, userInput } = rich;
  let text = '';
  for (const activities of rich.activities ?? []) text += enumeration('rpid:activities', 'rpid', activities);
  if (rich.class !== undefined) text += tag('rpid:class', '', escapeText(rich.class));
  for (const mood of rich.moods ?? []) text += enumeration('rpid:mood', 'rpid', mood);
  if (placeIs !== undefined) text += place(placeIs);
  if (placeType !== undefined) text += enumeration('rpid:place-type', 'lt', placeType);
  if (privacy !== undefined) {
    const kinds = privacy.kinds.length === 0 ? ['unknown'] : privacy.kinds;
    const content = notes(privacy) + kinds.map((kind) => `<rpid:${kind}/>`).join('');
    text += tag('rpid:privacy', period(privacy), content);
  }
  text += choice('relationship', rich.relationship) + choice('service-class', rich.serviceClass);
  if (sphere !== undefined) {
    // The schema knows three words; what else there is stands as text, as in the example of §4.
    const known = ['home', 'work', 'unknown'].includes(sphere.name);
    text += tag('rpid:sphere', period(sphere), known ? `<rpid:${sphere.name}/>` : escapeText(sphere.name));
  }
  if (statusIcon !== undefined)
    text += tag('rpid:status-icon', period(statusIcon), escapeText(statusIcon.uri));
  if (timeOffset !== undefined) {
    const attributes = attribute('description', timeOffset.description) + period(timeOffset);
    text += tag('rpid:time-offset', attributes, String(timeOffset.minutes));
  }
  if (userInput !== undefined) {
    const attributes =
      attribute('idle-threshold', userInput.idleThresholdSeconds?.toString()) +
      attribute('last-input', dateTime(userInput.lastInputMs));
    text += tag('rpid:user-input', attributes, userInput.state);
  }
  return text + contactInformation(rich) + (rich.location === undefined ? '' : formatLocation(rich.location));
}

function contactInformation(rich: RichPresence): string {
  let text = '';
  for (const name of ['card', 'homepage', 'icon', 'map', 'sound'] as const) {
    const uri = rich[name];
    if (uri !== undefined) text += tag(`c:${name}`, '', escapeText(uri));
  }
  for (const name of rich.displayNames ?? []) text += formatNote('c:display-name', name);
  return text;
}

/** `prefix` is that of the words. */
function enumeration(name: string, prefix: string, each: RpidEnumeration<string>): string {
  const words = each.words.map((word) => `<${prefix}:${word}/>`).join('');
  const other = each.other.map((note) => formatNote('rpid:other', note)).join('');
  return tag(name, period(each), notes(each) + words + other);
}

function place(each: RpidPlace): string {
  const medium = (name: string, word: string | undefined): string =>
    word === undefined ? '' : tag(`rpid:${name}`, '', `<rpid:${word}/>`);
  const media = medium('audio', each.audio) + medium('video', each.video) + medium('text', each.text);
  return tag('rpid:place-is', period(each), notes(each) + media);
}

function choice(name: string, word: string | undefined): string {
  return word === undefined ? '' : tag(`rpid:${name}`, '', `<rpid:${word}/>`);
}

function notes(each: Pick<RpidPlace, 'notes'>): string {
  return each.notes.map((note) => formatNote('rpid:note', note)).join('');
}

function period({ fromMs, untilMs }: RpidPeriod): string {
  return attribute('from', dateTime(fromMs)) + attribute('until', dateTime(untilMs));
}

function dateTime(wallMs: number | undefined): string | undefined {
  return wallMs === undefined ? undefined : formatDateTime(wallMs);
}
