// The nodes of personal events that have a counterpart in SIP (XEP-0163; rows RPID-03 … RPID-17), and their payloads.

import type { XmlElement } from '../../xml/index.ts';
import {
  activityElement,
  geolocElement,
  moodElement,
  NS_ACTIVITY,
  NS_GEOLOC,
  NS_MOOD,
  readActivity,
  readGeoloc,
  readMood,
} from '../../xmpp/index.ts';
import type { PersonalEvents } from './events.ts';

export type PersonalNode = keyof PersonalEvents;

export interface PersonalNodeParts {
  readonly name: PersonalNode;
  /** Of the payload, and the name of the node. */
  readonly ns: string;
  /** The payload that takes back what was said before. */
  readonly nothing: XmlElement;
  /** The payload as it was read: without what is not understood; undefined: it says nothing. */
  read(payload: XmlElement): XmlElement | undefined;
}

export const PERSONAL_NODES: readonly PersonalNodeParts[] = [
  {
    name: 'mood',
    ns: NS_MOOD,
    nothing: moodElement(undefined),
    read: (payload) => written(readMood(payload), moodElement),
  },
  {
    name: 'activity',
    ns: NS_ACTIVITY,
    nothing: activityElement(undefined),
    read: (payload) => written(readActivity(payload), activityElement),
  },
  {
    name: 'geoloc',
    ns: NS_GEOLOC,
    nothing: geolocElement(undefined),
    read: (payload) => written(readGeoloc(payload), geolocElement),
  },
];

function written<T>(value: T | undefined, write: (value: T) => XmlElement): XmlElement | undefined {
  return value === undefined ? undefined : write(value);
}
