// What the gateway itself has to say, to either side (rows ERR-G1 … ERR-G7; ERR-R9 for a loop).

import { headerField, reasonPhrase, type HeaderField } from '../sip/index.ts';
import { stanzaError, type StanzaCondition, type StanzaError, type StanzaErrorType } from '../xmpp/index.ts';

/**
 * - ERR-G1: the link to the other side is down, or its acknowledgement does not come in time
 * - ERR-G2: a queue is full, a rate or quota is exceeded
 * - ERR-G3: policy forbids
 * - ERR-G4: what must be kept cannot be kept
 * - ERR-G5: draining before a stop
 * - ERR-G6: no rule covers the target
 * - ERR-G7: no rule covers the sender, or he is not authenticated for his domain
 * - loop: ERR-R9
 */
export type GatewayCondition =
  | 'ERR-G1'
  | 'ERR-G2'
  | 'ERR-G3'
  | 'ERR-G4'
  | 'ERR-G5'
  | 'ERR-G6'
  | 'ERR-G7'
  | 'loop';

interface Row {
  readonly status: number;
  readonly retryAfterSeconds?: number;
  readonly condition: StanzaCondition;
  readonly type: StanzaErrorType;
  readonly text: string;
}

const TABLE = {
  // Without Retry-After a 503 is taken as a 500 (RFC 3261 §21.5.4): another gateway is tried, this one stays listed.
  'ERR-G1': {
    status: 503,
    condition: 'remote-server-timeout',
    type: 'wait',
    text: 'The gateway cannot reach the other side',
  },
  'ERR-G2': {
    status: 480,
    retryAfterSeconds: 10,
    condition: 'resource-constraint',
    type: 'wait',
    text: 'The gateway is overloaded',
  },
  'ERR-G3': {
    status: 403,
    condition: 'forbidden',
    type: 'auth',
    text: 'The policy of the gateway forbids this',
  },
  'ERR-G4': {
    status: 500,
    condition: 'internal-server-error',
    type: 'wait',
    text: 'The gateway could not keep this',
  },
  'ERR-G5': {
    status: 503,
    condition: 'remote-server-timeout',
    type: 'wait',
    text: 'The gateway is about to stop',
  },
  'ERR-G6': {
    status: 404,
    condition: 'item-not-found',
    type: 'cancel',
    text: 'The gateway does not serve this address',
  },
  'ERR-G7': {
    status: 403,
    condition: 'forbidden',
    type: 'auth',
    text: 'The gateway does not serve this sender',
  },
  loop: {
    status: 482,
    condition: 'remote-server-not-found',
    type: 'cancel',
    text: 'The way to this address is a loop',
  },
} as const satisfies Record<GatewayCondition, Row>;

export interface GatewayResponse {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly HeaderField[];
}

/** The answer to a SIP request; one shared object per condition. */
export function gatewayResponse(condition: GatewayCondition): GatewayResponse {
  return RESPONSES[condition];
}

/** The answer to a stanza; one shared object per condition. */
export function gatewayStanzaError(condition: GatewayCondition): StanzaError {
  return STANZA_ERRORS[condition];
}

function responseOf({ status, retryAfterSeconds }: Row): GatewayResponse {
  const headers =
    retryAfterSeconds === undefined ? [] : [headerField('Retry-After', String(retryAfterSeconds))];
  return { status, reason: reasonPhrase(status), headers };
}

function stanzaErrorOf({ condition, type, text }: Row): StanzaError {
  return stanzaError(condition, { type, text, lang: 'en' });
}

function forEach<T>(make: (row: Row) => T): Readonly<Record<GatewayCondition, T>> {
  return {
    'ERR-G1': make(TABLE['ERR-G1']),
    'ERR-G2': make(TABLE['ERR-G2']),
    'ERR-G3': make(TABLE['ERR-G3']),
    'ERR-G4': make(TABLE['ERR-G4']),
    'ERR-G5': make(TABLE['ERR-G5']),
    'ERR-G6': make(TABLE['ERR-G6']),
    'ERR-G7': make(TABLE['ERR-G7']),
    loop: make(TABLE.loop),
  };
}

const RESPONSES = forEach(responseOf);
const STANZA_ERRORS = forEach(stanzaErrorOf);

const CONDITIONS = new Map<StanzaError, GatewayCondition>([
  [STANZA_ERRORS['ERR-G1'], 'ERR-G1'],
  [STANZA_ERRORS['ERR-G2'], 'ERR-G2'],
  [STANZA_ERRORS['ERR-G3'], 'ERR-G3'],
  [STANZA_ERRORS['ERR-G4'], 'ERR-G4'],
  [STANZA_ERRORS['ERR-G5'], 'ERR-G5'],
  [STANZA_ERRORS['ERR-G6'], 'ERR-G6'],
  [STANZA_ERRORS['ERR-G7'], 'ERR-G7'],
]);

/** The condition whose shared object this is; undefined when somebody else said it. */
export function gatewayConditionOf(error: StanzaError): GatewayCondition | undefined {
  return CONDITIONS.get(error);
}
