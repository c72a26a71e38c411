// Which verbs each occasion takes, and what `rewrite` may change there.

import type { RouteAction, RouteVerb } from './route-action.ts';
import type { AddressKind, CheckedRewrite } from './route-rewrite.ts';
import type { HookName } from './route-types.ts';

/**
 * - `sip-message`, `sip-request`: onSipRequest, of a MESSAGE and of anything else
 * - `message`, `presence`, `call`: onStanza; the last one is what a call begins with
 * - `stanza-out`, `request-out`: onTranslated, towards XMPP and towards SIP
 * - `response`: onResponse
 * - `failure-to-xmpp`, `failure-to-sip`: onFailure, by the direction of the message
 */
export type Occasion =
  | 'sip-message'
  | 'sip-request'
  | 'message'
  | 'presence'
  | 'call'
  | 'stanza-out'
  | 'request-out'
  | 'response'
  | 'failure-to-xmpp'
  | 'failure-to-sip';

type Change = 'to' | 'from' | 'body' | 'subject' | 'headers' | 'children';

interface Row {
  readonly hook: HookName;
  readonly verbs: ReadonlySet<RouteVerb>;
  /** What `rewrite` may change, and the form of its addresses. */
  readonly changes: ReadonlySet<Change>;
  readonly addresses: AddressKind;
}

const ALL: ReadonlySet<RouteVerb> = new Set(['relay', 'reject', 'redirect', 'drop', 'rewrite']);
const ANSWERED: ReadonlySet<RouteVerb> = new Set(['relay', 'reject', 'redirect']);
const DROPPED_TOO: ReadonlySet<RouteVerb> = new Set(['relay', 'reject', 'redirect', 'drop']);
const NO_CHANGES: ReadonlySet<Change> = new Set();
const OF_REQUEST: ReadonlySet<Change> = new Set(['to', 'from', 'body', 'subject', 'headers']);
const OF_STANZA: ReadonlySet<Change> = new Set(['to', 'from', 'body', 'subject', 'children']);

export const OCCASIONS: Readonly<Record<Occasion, Row>> = {
  'sip-message': { hook: 'onSipRequest', verbs: ALL, changes: OF_REQUEST, addresses: 'uri' },
  'sip-request': { hook: 'onSipRequest', verbs: ANSWERED, changes: NO_CHANGES, addresses: 'uri' },
  message: { hook: 'onStanza', verbs: ALL, changes: OF_STANZA, addresses: 'jid' },
  presence: { hook: 'onStanza', verbs: ANSWERED, changes: NO_CHANGES, addresses: 'jid' },
  call: { hook: 'onStanza', verbs: DROPPED_TOO, changes: NO_CHANGES, addresses: 'jid' },
  'stanza-out': { hook: 'onTranslated', verbs: ALL, changes: OF_STANZA, addresses: 'jid' },
  'request-out': { hook: 'onTranslated', verbs: ALL, changes: OF_REQUEST, addresses: 'uri' },
  response: { hook: 'onResponse', verbs: new Set(['relay']), changes: NO_CHANGES, addresses: 'uri' },
  'failure-to-xmpp': {
    hook: 'onFailure',
    verbs: new Set(['relay', 'reject']),
    changes: NO_CHANGES,
    addresses: 'jid',
  },
  'failure-to-sip': {
    hook: 'onFailure',
    verbs: new Set(['relay', 'reject', 'rewrite']),
    changes: new Set(['to']),
    addresses: 'uri',
  },
};

/** What keeps this answer from being taken here; undefined: nothing. */
export function faultOfAnswer(occasion: Occasion, action: RouteAction): string | undefined {
  const row = OCCASIONS[occasion];
  if (!row.verbs.has(action.verb)) {
    return `${row.hook} does not take ${action.verb} here (${occasion}): it takes ${[...row.verbs].join(', ')}`;
  }
  if (action.changes === undefined) return undefined;
  for (const change of changesIn(action.changes)) {
    if (!row.changes.has(change))
      return `rewrite cannot change ${change} here (${occasion}): only ${[...row.changes].join(', ')}`;
  }
  const { toKind, fromKind } = action.changes;
  const wanted = row.addresses === 'uri' ? 'a SIP URI' : 'a JID';
  if (toKind !== undefined && toKind !== row.addresses)
    return `rewrite: to must be ${wanted} here (${occasion})`;
  if (fromKind !== undefined && fromKind !== row.addresses)
    return `rewrite: from must be ${wanted} here (${occasion})`;
  return undefined;
}

function changesIn(changes: CheckedRewrite): Change[] {
  const found: Change[] = [];
  if (changes.to !== undefined) found.push('to');
  if (changes.from !== undefined) found.push('from');
  if (changes.body !== undefined) found.push('body');
  if (changes.subject !== undefined) found.push('subject');
  if (changes.headers.length + changes.withoutHeaders.length > 0) found.push('headers');
  if (changes.add.length + changes.remove.length > 0) found.push('children');
  return found;
}
