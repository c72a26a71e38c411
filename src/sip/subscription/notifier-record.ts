// What is kept of a subscription that the gateway serves, so that its dialog lives on after a restart.

import type { CollectionSpec } from '../../base/index.ts';
import type { Dialog } from '../dialog/dialog.ts';

/** Version 1. Its key in the collection is the local tag of the dialog. */
export interface NotifierRecord {
  /** `node` of the gateway that serves it. */
  readonly node: string;
  /** Name of the event package. */
  readonly package: string;
  /** The `id` of Event, if it has one. */
  readonly eventId: string | undefined;
  readonly state: 'pending' | 'active';
  /** The Request-URI of the SUBSCRIBE that made it. */
  readonly resource: string;
  /** Bare JIDs of both. */
  readonly resourceJid: string;
  readonly watcherJid: string;
  /** Media types that the watcher takes, of those that the package has. */
  readonly accept: readonly string[];
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly expiresMs: number;
  /** The address that its last SUBSCRIBE came from; undefined: an earlier version wrote the record. */
  readonly source: string | undefined;
  /** `localSeq` is that of some NOTIFY not long before the last one. */
  readonly dialog: Dialog;
}

/** Names are short since there may be a record for each of some 100,000 subscriptions. */
interface Version1 {
  readonly node: string;
  readonly event: string;
  readonly id?: string;
  readonly active: boolean;
  readonly uri: string;
  readonly of: string;
  readonly by: string;
  readonly accept: readonly string[];
  readonly until: number;
  readonly call: string;
  /** Tags: ours, the peer's. */
  readonly tags: readonly [string, string];
  /** To and From of the SUBSCRIBE, without tags. */
  readonly names: readonly [string, string];
  /** CSeq numbers: ours, the peer's. */
  readonly seqs: readonly [number, number];
  readonly target: string;
  readonly routes?: readonly string[];
  readonly secure?: true;
  readonly source?: string;
}

/** A record of a gateway that never came back is given up so long after it expired. */
const FORGOTTEN_MS = 86_400_000;

export const NOTIFIER_SUBSCRIPTIONS: CollectionSpec<NotifierRecord> = {
  name: 'subscriptions',
  version: 1,
  indexes: { node: (record) => record.node },
  expires: (record) => record.expiresMs + FORGOTTEN_MS,
  encode(record) {
    const { dialog, eventId, source } = record;
    const stored: Version1 = {
      node: record.node,
      event: record.package,
      ...(eventId === undefined ? {} : { id: eventId }),
      active: record.state === 'active',
      uri: record.resource,
      of: record.resourceJid,
      by: record.watcherJid,
      accept: record.accept,
      until: record.expiresMs,
      call: dialog.callId,
      tags: [dialog.localTag, dialog.remoteTag],
      names: [dialog.localUri, dialog.remoteUri],
      seqs: [dialog.localSeq, dialog.remoteSeq ?? 0],
      target: dialog.remoteTarget,
      ...(dialog.routeSet.length === 0 ? {} : { routes: dialog.routeSet }),
      ...(dialog.secure ? { secure: true } : {}),
      ...(source === undefined ? {} : { source }),
    };
    return JSON.stringify(stored);
  },
  decode(version, text) {
    if (version !== 1) throw new RangeError(`a subscription record of version ${version}`);
    const stored: unknown = JSON.parse(text);
    if (!isVersion1(stored)) throw new TypeError('a subscription record that is none');
    const { tags, names, seqs } = stored;
    return {
      node: stored.node,
      package: stored.event,
      eventId: stored.id,
      state: stored.active ? 'active' : 'pending',
      resource: stored.uri,
      resourceJid: stored.of,
      watcherJid: stored.by,
      accept: stored.accept,
      expiresMs: stored.until,
      source: stored.source,
      dialog: {
        callId: stored.call,
        localTag: tags[0],
        remoteTag: tags[1],
        localUri: names[0],
        remoteUri: names[1],
        localSeq: seqs[0],
        remoteSeq: seqs[1],
        remoteTarget: stored.target,
        routeSet: stored.routes ?? [],
        secure: stored.secure ?? false,
      },
    };
  },
};

function isVersion1(value: unknown): value is Version1 {
  if (typeof value !== 'object' || value === null) return false;
  const record: Partial<Record<keyof Version1, unknown>> = value;
  const texts = [record.node, record.event, record.uri, record.of, record.by, record.call, record.target];
  return (
    texts.every((text) => typeof text === 'string') &&
    (record.id === undefined || typeof record.id === 'string') &&
    (record.source === undefined || typeof record.source === 'string') &&
    typeof record.active === 'boolean' &&
    typeof record.until === 'number' &&
    areTexts(record.accept) &&
    areTexts(record.tags, 2) &&
    areTexts(record.names, 2) &&
    Array.isArray(record.seqs) &&
    record.seqs.length === 2 &&
    record.seqs.every((item) => Number.isSafeInteger(item)) &&
    (record.routes === undefined || areTexts(record.routes)) &&
    (record.secure === undefined || record.secure === true)
  );
}

function areTexts(value: unknown, length?: number): boolean {
  if (!Array.isArray(value) || (length !== undefined && value.length !== length)) return false;
  return value.every((item) => typeof item === 'string');
}
