// The conditions that Jingle adds to stanza errors (XEP-0166 §10), each with the stanza error that the table there pairs
// it with.

import { element } from '../../xml/index.ts';
import type { StanzaCondition, StanzaErrorType } from '../stanza/condition.ts';
import { stanzaError, type StanzaError } from '../stanza/error.ts';
import { NS_JINGLE_ERRORS } from './namespaces.ts';
import { oneOf } from './values.ts';

export const JINGLE_ERRORS = ['out-of-order', 'tie-break', 'unknown-session', 'unsupported-info'] as const;
export type JingleErrorCondition = (typeof JINGLE_ERRORS)[number];

interface Pair {
  readonly condition: StanzaCondition;
  readonly type: StanzaErrorType;
}

/** Types are those of the examples of §6.7, §6.8 and §7.2.16; out-of-order has none, and gets the usual one. */
const STANZA_ERROR: Readonly<Record<JingleErrorCondition, Pair>> = {
  'out-of-order': { condition: 'unexpected-request', type: 'wait' },
  'tie-break': { condition: 'conflict', type: 'cancel' },
  'unknown-session': { condition: 'item-not-found', type: 'cancel' },
  'unsupported-info': { condition: 'feature-not-implemented', type: 'modify' },
};

/** The stanza error of a condition of Jingle (rows CALL-23, CALL-24, CALL-25). */
export function jingleError(jingle: JingleErrorCondition): StanzaError {
  const { condition, type } = STANZA_ERROR[jingle];
  return stanzaError(condition, { type, application: element(jingle, NS_JINGLE_ERRORS) });
}

/** What Jingle says in a stanza error, whatever it is paired with; undefined: nothing. */
export function readJingleError({ application }: StanzaError): JingleErrorCondition | undefined {
  return application?.ns === NS_JINGLE_ERRORS ? oneOf(application.name, JINGLE_ERRORS) : undefined;
}
