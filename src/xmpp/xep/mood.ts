// User mood, the payload of a personal event (XEP-0163). Source: XEP-0107 1.2.2.

import { element, type XmlElement } from '../../xml/index.ts';
import { NS_MOOD } from './namespaces.ts';
import { localizedTexts, type PepText } from './pep-text.ts';

/** XEP-0107 "Mood Values", with `undefined` as the one that is none of the others. */
export const MOODS = [
  ...['afraid', 'amazed', 'amorous', 'angry', 'annoyed', 'anxious', 'aroused', 'ashamed', 'bored', 'brave'],
  ...['calm', 'cautious', 'cold', 'confident', 'confused', 'contemplative', 'contented', 'cranky', 'crazy'],
  ...['creative', 'curious', 'dejected', 'depressed', 'disappointed', 'disgusted', 'dismayed', 'distracted'],
  ...['embarrassed', 'envious', 'excited', 'flirtatious', 'frustrated', 'grateful', 'grieving', 'grumpy'],
  ...['guilty', 'happy', 'hopeful', 'hot', 'humbled', 'humiliated', 'hungry', 'hurt', 'impressed', 'in_awe'],
  ...[
    'in_love',
    'indignant',
    'interested',
    'intoxicated',
    'invincible',
    'jealous',
    'lonely',
    'lost',
    'lucky',
  ],
  ...[
    'mean',
    'moody',
    'nervous',
    'neutral',
    'offended',
    'outraged',
    'playful',
    'proud',
    'relaxed',
    'relieved',
  ],
  ...[
    'remorseful',
    'restless',
    'sad',
    'sarcastic',
    'satisfied',
    'serious',
    'shocked',
    'shy',
    'sick',
    'sleepy',
  ],
  ...['spontaneous', 'stressed', 'strong', 'surprised', 'thankful', 'thirsty', 'tired', 'undefined', 'weak'],
  ...['worried'],
] as const;
export type MoodWord = (typeof MOODS)[number];

export interface Mood {
  readonly word: MoodWord;
  readonly texts: readonly PepText[];
}

/** Reads a `<mood/>`; undefined when it is none, or the empty one that takes the mood back. */
export function readMood(mood: XmlElement): Mood | undefined {
  if (mood.name !== 'mood' || mood.ns !== NS_MOOD) return undefined;
  for (const child of mood.elements()) {
    if (child.ns !== NS_MOOD) continue;
    const word = MOODS.find((each) => each === child.name);
    if (word !== undefined) return { word, texts: localizedTexts(mood) };
  }
  return undefined;
}

/** Without a mood: the empty element, "a stop command". */
export function moodElement(mood: Mood | undefined): XmlElement {
  if (mood === undefined) return element('mood', NS_MOOD);
  const texts = mood.texts.map(({ text, lang }) => element('text', NS_MOOD, { 'xml:lang': lang }, text));
  return element('mood', NS_MOOD, {}, element(mood.word, NS_MOOD), ...texts);
}
