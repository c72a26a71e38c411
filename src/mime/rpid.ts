// What presence documents say beyond open and closed: RPID (RFC 4480), contact information (CIPID, RFC 4482), location
// (RFC 4119).
// Every member is optional; `{}` says nothing. Words that are not of the lists are left out.

import type { PidfLocation } from './location.ts';
import type { PidfNote } from './pidf.ts';

export const NS_RPID = 'urn:ietf:params:xml:ns:pidf:rpid';
export const NS_CIPID = 'urn:ietf:params:xml:ns:pidf:cipid';
/** RFC 4589: the places of <place-type/>. */
export const NS_LOCATION_TYPE = 'urn:ietf:params:xml:ns:location-type';

/** RFC 4480 §3.2, without <other/>, which is text. */
export const RPID_ACTIVITIES = [
  ...['appointment', 'away', 'breakfast', 'busy', 'dinner', 'holiday', 'in-transit', 'looking-for-work'],
  ...['lunch', 'meal', 'meeting', 'on-the-phone', 'performance', 'permanent-absence', 'playing'],
  ...['presentation', 'shopping', 'sleeping', 'spectator', 'steering', 'travel', 'tv', 'unknown'],
  ...['vacation', 'working', 'worship'],
] as const;
export type RpidActivity = (typeof RPID_ACTIVITIES)[number];

/** RFC 4480 §3.5, without <other/>. */
export const RPID_MOODS = [
  ...['afraid', 'amazed', 'angry', 'annoyed', 'anxious', 'ashamed', 'bored', 'brave', 'calm', 'cold'],
  ...['confused', 'contented', 'cranky', 'curious', 'depressed', 'disappointed', 'disgusted', 'distracted'],
  ...['embarrassed', 'excited', 'flirtatious', 'frustrated', 'grumpy', 'guilty', 'happy', 'hot', 'humbled'],
  ...['humiliated', 'hungry', 'hurt', 'impressed', 'in_awe', 'in_love', 'indignant', 'interested'],
  ...['invincible', 'jealous', 'lonely', 'mean', 'moody', 'nervous', 'neutral', 'offended', 'playful'],
  ...['proud', 'relieved', 'remorseful', 'restless', 'sad', 'sarcastic', 'serious', 'shocked', 'shy'],
  ...['sick', 'sleepy', 'stressed', 'surprised', 'thirsty', 'unknown', 'worried'],
] as const;
export type RpidMood = (typeof RPID_MOODS)[number];

/** RFC 4480 §3.9; who is reached at the contact of the tuple. */
export const RPID_RELATIONSHIPS = [
  ...['assistant', 'associate', 'family', 'friend', 'other', 'self', 'supervisor', 'unknown'],
] as const;
export type RpidRelationship = (typeof RPID_RELATIONSHIPS)[number];

/** RFC 4480 §3.10. */
export const RPID_SERVICE_CLASSES = [
  ...['courier', 'electronic', 'freight', 'in-person', 'postal', 'unknown'],
] as const;
export type RpidServiceClass = (typeof RPID_SERVICE_CLASSES)[number];

/** RFC 4480 §3.8, in the order of the schema. */
export const RPID_PRIVACIES = ['audio', 'text', 'video'] as const;
export type RpidPrivacyKind = (typeof RPID_PRIVACIES)[number];

/** RFC 4480 §3.6. */
export const RPID_PLACES = {
  audio: ['noisy', 'ok', 'quiet', 'unknown'],
  video: ['toobright', 'ok', 'dark', 'unknown'],
  text: ['uncomfortable', 'inappropriate', 'ok', 'unknown'],
} as const;

/** When an element holds (RFC 4480 §3.1), ms; undefined: open on that side. */
export interface RpidPeriod {
  readonly fromMs?: number;
  readonly untilMs?: number;
}

export interface RpidEnumeration<Word> extends RpidPeriod {
  readonly words: readonly Word[];
  /** In free words: <other/>. */
  readonly other: readonly PidfNote[];
  readonly notes: readonly PidfNote[];
}

export interface RpidPlace extends RpidPeriod {
  readonly audio?: (typeof RPID_PLACES)['audio'][number];
  readonly video?: (typeof RPID_PLACES)['video'][number];
  readonly text?: (typeof RPID_PLACES)['text'][number];
  readonly notes: readonly PidfNote[];
}

export interface RpidPrivacy extends RpidPeriod {
  /** What third parties are not likely to overhear or see; empty: unknown. */
  readonly kinds: readonly RpidPrivacyKind[];
  readonly notes: readonly PidfNote[];
}

export interface RpidSphere extends RpidPeriod {
  /** "home", "work", "unknown", or free words. */
  readonly name: string;
}

export interface RpidStatusIcon extends RpidPeriod {
  readonly uri: string;
}

export interface RpidTimeOffset extends RpidPeriod {
  /** East of UTC. */
  readonly minutes: number;
  readonly description?: string;
}

/** RFC 4480 §3.14. */
export interface RpidUserInput {
  readonly state: 'active' | 'idle';
  readonly lastInputMs?: number;
  readonly idleThresholdSeconds?: number;
}

export interface RichPresence {
  /** Several for several times (RFC 4480 §3.1). */
  readonly activities?: readonly RpidEnumeration<RpidActivity>[];
  readonly moods?: readonly RpidEnumeration<RpidMood>[];
  readonly class?: string;
  readonly placeIs?: RpidPlace;
  /** Names of RFC 4589 and its registry, as written. */
  readonly placeType?: RpidEnumeration<string>;
  readonly privacy?: RpidPrivacy;
  readonly relationship?: RpidRelationship;
  readonly serviceClass?: RpidServiceClass;
  readonly sphere?: RpidSphere;
  readonly statusIcon?: RpidStatusIcon;
  readonly timeOffset?: RpidTimeOffset;
  readonly userInput?: RpidUserInput;
  /** RFC 4482: URIs, as written. */
  readonly card?: string;
  readonly homepage?: string;
  readonly icon?: string;
  readonly map?: string;
  readonly sound?: string;
  readonly displayNames?: readonly PidfNote[];
  readonly location?: PidfLocation;
}

/** True when an element holds at this time. */
export function holdsAt(period: RpidPeriod, wallMs: number): boolean {
  return (period.fromMs ?? wallMs) <= wallMs && wallMs <= (period.untilMs ?? wallMs);
}
