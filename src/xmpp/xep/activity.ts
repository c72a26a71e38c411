// User activity, the payload of a personal event (XEP-0163). Source: XEP-0108 1.3.

import { element, type XmlElement } from '../../xml/index.ts';
import { NS_ACTIVITY } from './namespaces.ts';
import { localizedTexts, type PepText } from './pep-text.ts';

/** XEP-0108 "Activity Values": the general categories. */
export const ACTIVITIES = [
  ...['doing_chores', 'drinking', 'eating', 'exercising', 'grooming', 'having_appointment', 'inactive'],
  ...['relaxing', 'talking', 'traveling', 'undefined', 'working'],
] as const;
export type ActivityWord = (typeof ACTIVITIES)[number];

/** The specific ones, which stand in a general one. */
export const SPECIFIC_ACTIVITIES = [
  ...['at_the_spa', 'brushing_teeth', 'buying_groceries', 'cleaning', 'coding', 'commuting', 'cooking'],
  ...[
    'cycling',
    'dancing',
    'day_off',
    'doing_maintenance',
    'doing_the_dishes',
    'doing_the_laundry',
    'driving',
  ],
  ...['fishing', 'gaming', 'gardening', 'getting_a_haircut', 'going_out', 'hanging_out', 'having_a_beer'],
  ...['having_a_snack', 'having_breakfast', 'having_coffee', 'having_dinner', 'having_lunch', 'having_tea'],
  ...['hiding', 'hiking', 'in_a_car', 'in_a_meeting', 'in_real_life', 'jogging', 'on_a_bus', 'on_a_plane'],
  ...['on_a_train', 'on_a_trip', 'on_the_phone', 'on_vacation', 'on_video_phone', 'other', 'partying'],
  ...['playing_sports', 'praying', 'reading', 'rehearsing', 'running', 'running_an_errand'],
  ...['scheduled_holiday', 'shaving', 'shopping', 'skiing', 'sleeping', 'smoking', 'socializing', 'studying'],
  ...['sunbathing', 'swimming', 'taking_a_bath', 'taking_a_shower', 'thinking', 'walking', 'walking_the_dog'],
  ...['watching_a_movie', 'watching_tv', 'working_out', 'writing'],
] as const;
export type SpecificActivity = (typeof SPECIFIC_ACTIVITIES)[number];

export interface Activity {
  readonly general: ActivityWord;
  readonly specific?: SpecificActivity;
  readonly texts: readonly PepText[];
}

/** Reads an `<activity/>`; undefined when it is none, or the empty one that takes the activity back. */
export function readActivity(activity: XmlElement): Activity | undefined {
  if (activity.name !== 'activity' || activity.ns !== NS_ACTIVITY) return undefined;
  for (const child of activity.elements()) {
    const general = child.ns === NS_ACTIVITY ? ACTIVITIES.find((each) => each === child.name) : undefined;
    if (general === undefined) continue;
    const texts = localizedTexts(activity);
    for (const { name, ns } of child.elements()) {
      const specific = ns === NS_ACTIVITY ? SPECIFIC_ACTIVITIES.find((each) => each === name) : undefined;
      if (specific !== undefined) return { general, specific, texts };
    }
    return { general, texts };
  }
  return undefined;
}

/** Without an activity: the empty element, which takes it back. */
export function activityElement(activity: Activity | undefined): XmlElement {
  if (activity === undefined) return element('activity', NS_ACTIVITY);
  const { general, specific, texts } = activity;
  return element(
    'activity',
    NS_ACTIVITY,
    {},
    element(general, NS_ACTIVITY, {}, specific === undefined ? undefined : element(specific, NS_ACTIVITY)),
    ...texts.map(({ text, lang }) => element('text', NS_ACTIVITY, { 'xml:lang': lang }, text)),
  );
}
