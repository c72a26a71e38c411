// What the end of a SIP subscription is to the watcher (PRES-10 … 14, 30 … 37; RFC 6665 §4.1.3), and to the user who asked.

import { failureToStanzaError, gatewayStanzaError, responseToStanzaError } from '../../mapping/index.ts';
import { reasonPhrase, type End } from '../../sip/index.ts';
import { stanzaError, type StanzaError } from '../../xmpp/index.ts';
import type { WatcherEvent } from './machine-watcher.ts';

/** RFC 8048 §5.2.2: "MUST consider the XMPP presence authorization to be permanently cancelled". */
const CANCELLING: ReadonlySet<number> = new Set([403, 489, 603]);
/** PRES-13: there is no such user, unless the operator's registrars say so of users who are away. */
const NO_SUCH_USER: ReadonlySet<number> = new Set([404, 604]);

/** Refusals of any SUBSCRIBE, the first one or a refresh, that end the authorization. */
export function finalStatuses(unknownUsersAreAway: boolean): ReadonlySet<number> {
  return unknownUsersAreAway ? CANCELLING : ALL_FINAL;
}

const ALL_FINAL: ReadonlySet<number> = new Set([...CANCELLING, ...NO_SUCH_USER]);

/** The event of an end after which nobody asks again; undefined: the gateway stops, and goes on after its next start. */
export function eventOfOver(end: End, unknownUsersAreAway: boolean): WatcherEvent | undefined {
  switch (end.cause) {
    case 'unsubscribed':
    case 'fetched':
      return 'ended';
    case 'notified':
      // PRES-30, PRES-31.
      if (end.reason === 'rejected' || end.reason === 'noresource') return 'cancelled';
      return end.reason === 'invariant' ? 'invariant' : 'refused';
    case 'refused':
      if (CANCELLING.has(end.status)) return 'cancelled';
      return NO_SUCH_USER.has(end.status) && !unknownUsersAreAway ? 'notFound' : 'refused';
    case 'failed':
      return end.reason === 'stopped' ? undefined : 'refused';
    case 'noNotify':
    case 'expired':
      return 'refused';
  }
}

/** The event of an end after which it is asked for again, but not at once. */
export function eventOfPause(end: End): 'paused' | 'gaveUp' {
  // PRES-35: "authorization pending".
  return end.cause === 'notified' && end.reason === 'giveup' ? 'gaveUp' : 'paused';
}

/** What a user hears whose `subscribe` had this end (rows ERR-S300 … S6xx). */
export function errorOfEnd(end: End): StanzaError {
  switch (end.cause) {
    case 'refused':
      return responseToStanzaError(end.status, reasonPhrase(end.status));
    case 'failed':
      return end.reason === 'stopped'
        ? gatewayStanzaError('ERR-G5')
        : failureToStanzaError(end.reason === 'timeout' ? 'timeout' : 'transport');
    case 'noNotify':
    case 'expired':
      return failureToStanzaError('timeout');
    default:
      return stanzaError('recipient-unavailable');
  }
}
