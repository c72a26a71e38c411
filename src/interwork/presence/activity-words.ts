// RPID activities ⇄ show and XEP-0108 (rows RPID-01 … RPID-14, practice).

import { RPID_ACTIVITIES, type RpidActivity } from '../../mime/index.ts';
import type { ActivityWord, Show, SpecificActivity } from '../../xmpp/index.ts';

interface ActivityMapping {
  readonly show?: Show;
  readonly general?: ActivityWord;
  readonly specific?: SpecificActivity;
}

const AWAY: ActivityMapping = { show: 'away' };
const TRAVELING: ActivityMapping = { show: 'away', general: 'traveling' };

const WORDS: Readonly<Record<RpidActivity, ActivityMapping>> = {
  away: AWAY, // RPID-01
  busy: { show: 'dnd' }, // RPID-02
  'on-the-phone': { show: 'dnd', general: 'talking', specific: 'on_the_phone' }, // RPID-03
  meeting: { show: 'dnd', general: 'working', specific: 'in_a_meeting' }, // RPID-04
  appointment: { show: 'away', general: 'having_appointment' }, // RPID-05
  breakfast: { show: 'away', general: 'eating', specific: 'having_breakfast' }, // RPID-06
  dinner: { show: 'away', general: 'eating', specific: 'having_dinner' },
  lunch: { show: 'away', general: 'eating', specific: 'having_lunch' },
  meal: { show: 'away', general: 'eating', specific: 'having_lunch' },
  holiday: { show: 'xa', general: 'inactive', specific: 'scheduled_holiday' }, // RPID-07
  vacation: { show: 'xa', general: 'inactive', specific: 'on_vacation' },
  'in-transit': TRAVELING, // RPID-08
  travel: TRAVELING,
  steering: { show: 'away', general: 'traveling', specific: 'driving' },
  sleeping: { show: 'xa', general: 'inactive', specific: 'sleeping' }, // RPID-09
  working: { general: 'working' }, // RPID-10
  'permanent-absence': { show: 'xa' }, // RPID-11
  playing: { show: 'away', general: 'relaxing', specific: 'gaming' }, // RPID-12
  shopping: { show: 'away', general: 'relaxing', specific: 'shopping' },
  tv: { show: 'away', general: 'relaxing', specific: 'watching_tv' },
  worship: { show: 'away', general: 'inactive', specific: 'praying' },
  'looking-for-work': AWAY,
  performance: AWAY,
  presentation: AWAY,
  spectator: AWAY,
  unknown: { general: 'undefined', specific: 'other' }, // RPID-13
};

/** The furthest away first: of several activities the one that keeps most from answering is shown. */
const SHOW_ORDER: readonly Show[] = ['xa', 'dnd', 'away'];

/** The show of what somebody does; undefined: nothing that keeps him from answering. */
export function showOfActivities(words: readonly RpidActivity[]): Show | undefined {
  return SHOW_ORDER.find((show) => words.some((word) => WORDS[word].show === show));
}

export interface XmppActivity {
  readonly general: ActivityWord;
  readonly specific?: SpecificActivity;
}

/** The activity of XEP-0108: that of the first word that has one; `unknown` only when there is no other. */
export function xmppActivityOf(words: readonly RpidActivity[]): XmppActivity | undefined {
  const known = words.filter((word) => word !== 'unknown');
  for (const word of known.length === 0 ? words : known) {
    const { general, specific } = WORDS[word];
    if (general !== undefined) return specific === undefined ? { general } : { general, specific };
  }
  return undefined;
}

/** The word for an activity of XEP-0108 (general or in it specific) where RPID has one. */
const BACK: ReadonlyMap<string, RpidActivity> = new Map<string, RpidActivity>([
  ...RPID_ACTIVITIES
    // Several share these; the general word of RPID stands for them.
    .filter((word) => word !== 'meal' && word !== 'in-transit' && word !== 'unknown')
    .flatMap((word): [string, RpidActivity][] => {
      const { general, specific } = WORDS[word];
      if (general === undefined) return [];
      return [[specific === undefined ? general : `${general}/${specific}`, word]];
    }),
  // XEP-0108 has more specific words than RPID; these are what the general one means there.
  ['eating', 'meal'],
]);

/** Undefined: RPID has no word for it, so <other/> with its text. */
export function rpidActivityOf({ general, specific }: XmppActivity): RpidActivity | undefined {
  return (specific === undefined ? undefined : BACK.get(`${general}/${specific}`)) ?? BACK.get(general);
}

/** RPID-14: what a show says in RPID. */
export function activityOfShow(show: Show | undefined): RpidActivity | undefined {
  switch (show) {
    case 'away':
    case 'xa':
      return 'away';
    case 'dnd':
      return 'busy';
    default:
      return undefined;
  }
}

/**
 * RPID-18: the notes that old phones give instead of anything better, as pua_xmpp of Kamailio reads them. Only whole
 * notes; RFC 3863 §4.1.6 says that a note is no substitute for a status, so this is an option.
 */
const NOTE_WORDS: ReadonlyMap<string, Show> = new Map([
  ['away', 'away'],
  ['on the phone', 'away'],
  ['busy', 'xa'],
  ['dnd', 'dnd'],
  ['do not disturb', 'dnd'],
  ['busy (dnd)', 'dnd'],
]);

export function showOfNote(note: string): Show | undefined {
  return NOTE_WORDS.get(note.trim().toLowerCase());
}
