// What is kept of a decision about a watcher until the user's presence server has it (rows CSP-12, CSP-13): the user's own server
// knows it already and will not say it again, so that a decision that is lost on the way stays lost.

import type { CollectionSpec } from '../../base/index.ts';
import type { WatcherDecision } from './watcher-rules.ts';

/** Version 1. The key is the node and a hash of user and watcher: the last decision about each. */
export interface DecisionRecord {
  /** `node` of the gateway that brings it there. */
  readonly node: string;
  /** Bare JID. */
  readonly user: string;
  /** SIP URI. */
  readonly watcher: string;
  readonly decision: WatcherDecision;
}

export const DECISIONS: CollectionSpec<DecisionRecord> = {
  name: 'decisions',
  version: 1,
  indexes: { node: (record) => record.node },
  encode: (record) => JSON.stringify(record),
  decode(version, text) {
    if (version !== 1) throw new RangeError(`a record of a decision of version ${version}`);
    const stored: unknown = JSON.parse(text);
    if (!isRecord(stored)) throw new TypeError('a record of a decision that is none');
    return stored;
  },
};

function isRecord(value: unknown): value is DecisionRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { node, user, watcher, decision }: Partial<Record<keyof DecisionRecord, unknown>> = value;
  return (
    [node, user, watcher].every((text) => typeof text === 'string') &&
    (decision === 'allow' || decision === 'block' || decision === 'ask')
  );
}
