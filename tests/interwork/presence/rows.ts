// Rows RPID-01 … RPID-13 as they are written in the table, for both directions.

import type { RpidActivity } from '../../../src/mime/index.ts';

interface Row {
  readonly row: string;
  readonly show?: 'away' | 'dnd' | 'xa';
  /** General and specific activity of XEP-0108, with a slash between. */
  readonly activity?: string;
}

export const RPID_SHOWS: Readonly<Record<RpidActivity, Row>> = {
  away: { row: 'RPID-01', show: 'away' },
  busy: { row: 'RPID-02', show: 'dnd' },
  'on-the-phone': { row: 'RPID-03', show: 'dnd', activity: 'talking/on_the_phone' },
  meeting: { row: 'RPID-04', show: 'dnd', activity: 'working/in_a_meeting' },
  appointment: { row: 'RPID-05', show: 'away', activity: 'having_appointment' },
  breakfast: { row: 'RPID-06', show: 'away', activity: 'eating/having_breakfast' },
  dinner: { row: 'RPID-06', show: 'away', activity: 'eating/having_dinner' },
  lunch: { row: 'RPID-06', show: 'away', activity: 'eating/having_lunch' },
  meal: { row: 'RPID-06', show: 'away', activity: 'eating/having_lunch' },
  holiday: { row: 'RPID-07', show: 'xa', activity: 'inactive/scheduled_holiday' },
  vacation: { row: 'RPID-07', show: 'xa', activity: 'inactive/on_vacation' },
  'in-transit': { row: 'RPID-08', show: 'away', activity: 'traveling' },
  travel: { row: 'RPID-08', show: 'away', activity: 'traveling' },
  steering: { row: 'RPID-08', show: 'away', activity: 'traveling/driving' },
  sleeping: { row: 'RPID-09', show: 'xa', activity: 'inactive/sleeping' },
  working: { row: 'RPID-10', activity: 'working' },
  'permanent-absence': { row: 'RPID-11', show: 'xa' },
  playing: { row: 'RPID-12', show: 'away', activity: 'relaxing/gaming' },
  shopping: { row: 'RPID-12', show: 'away', activity: 'relaxing/shopping' },
  tv: { row: 'RPID-12', show: 'away', activity: 'relaxing/watching_tv' },
  worship: { row: 'RPID-12', show: 'away', activity: 'inactive/praying' },
  'looking-for-work': { row: 'RPID-12', show: 'away' },
  performance: { row: 'RPID-12', show: 'away' },
  presentation: { row: 'RPID-12', show: 'away' },
  spectator: { row: 'RPID-12', show: 'away' },
  unknown: { row: 'RPID-13', activity: 'undefined/other' },
};
