// How calls that are refused are told: the row, and what the SIP side hears of it.

import type { CallDenial } from '../../policy/index.ts';
import { headerField, type HeaderField } from '../../sip/index.ts';

/** What is refused while draining is asked again of another gateway, or of the next one. */
const DRAIN_RETRY_SECONDS = 30;

const STATUS: Readonly<Record<string, number>> = {
  'ERR-G2': 480,
  'ERR-G5': 503,
  'ERR-G6': 404,
  'ERR-G7': 403,
};

/** Of the row, where an XMPP user was refused. */
export function statusOf(clause: string): number {
  return STATUS[clause] ?? 403;
}

export function clauseOf({ index }: CallDenial): string {
  return index === undefined ? 'ERR-G3 (number)' : 'ERR-G3';
}

export function retryAfter(): HeaderField {
  return headerField('Retry-After', String(DRAIN_RETRY_SECONDS));
}
