// Which tuples speak for the presentity himself.

import type { PidfTuple } from '../../mime/index.ts';

/** RFC 4480 §3.9: a tuple with another relationship is about somebody else, such as an assistant. */
export function ownTuples(tuples: readonly PidfTuple[]): readonly PidfTuple[] {
  return tuples.filter(({ rich }) => rich.relationship === undefined || rich.relationship === 'self');
}

/** Contact schemes of somebody whom messages and calls reach. */
const REACHABLE = /^(?:sips?|im|pres|xmpp):/i;

/** Row PRES-89: those for mail or telephones only where there is no other. */
export function reachableTuples(tuples: readonly PidfTuple[]): readonly PidfTuple[] {
  const own = ownTuples(tuples);
  const reachable = own.filter(({ contact }) => contact === undefined || REACHABLE.test(contact.uri));
  return reachable.length > 0 ? reachable : own;
}
