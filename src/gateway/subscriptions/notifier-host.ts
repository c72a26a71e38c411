// What a served subscription is made of, and what it needs of the table of all.

import type { Dialog, NotifierEnd } from '../../sip/index.ts';
import type { NotifierLeg } from './notifier-leg.ts';
import type { EventPackage, NotifiersEnv } from './notifier-types.ts';
import type { NotifyQueue } from './notify-queue.ts';
import type { Party } from './parties.ts';

export interface LegHost {
  readonly env: NotifiersEnv;
  readonly queue: NotifyQueue;
  /** Writes what is to be known after a restart. */
  keep(leg: NotifierLeg): void;
  /** It is over; a NOTIFY may still be due. */
  ended(leg: NotifierLeg, end: NotifierEnd): void;
  /** Its dialog is gone. */
  gone(leg: NotifierLeg): void;
  /** A NOTIFY had its outcome. */
  notified(outcome: 'accepted' | 'refused' | 'failed'): void;
}

export interface LegParts {
  readonly spec: EventPackage;
  readonly dialog: Dialog;
  readonly resource: string;
  readonly resourceParty: Party;
  readonly watcherParty: Party;
  readonly eventId: string | undefined;
  readonly accept: readonly string[];
  /** The address that its SUBSCRIBE came from; undefined: not known of an earlier run. */
  readonly source: string | undefined;
}
