// What is kept of a published user beyond a restart: the addresses of the gateway that he shows his presence to, and the
// entity-tags of his publications, so that a start changes what is there instead of adding to it (RFC 3903 §4.2).

import type { CollectionSpec } from '../../base/index.ts';

/** Version 1. The key is the node and the bare JID, or its hash where that is too long. */
export interface PublisherRecord {
  /** `node` of the gateway that has it. */
  readonly node: string;
  /** Bare JID. */
  readonly user: string;
  /** Domains of the gateway that he has authorized. */
  readonly addresses: readonly string[];
  /** He was asked for his presence once, whatever he said. */
  readonly asked: boolean;
  readonly publications: readonly { readonly resource: string; readonly tag: string }[];
}

export const PUBLISHERS: CollectionSpec<PublisherRecord> = {
  name: 'publishers',
  version: 1,
  indexes: { node: (record) => record.node },
  encode: (record) => JSON.stringify(record),
  decode(version, text) {
    if (version !== 1) throw new RangeError(`a record of a published user of version ${version}`);
    const stored: unknown = JSON.parse(text);
    if (!isRecord(stored)) throw new TypeError('a record of a published user that is none');
    return stored;
  },
};

function isRecord(value: unknown): value is PublisherRecord {
  if (!isObject(value)) return false;
  const { node, user, addresses, asked, publications } = value;
  return (
    typeof node === 'string' &&
    typeof user === 'string' &&
    Array.isArray(addresses) &&
    addresses.every((address) => typeof address === 'string') &&
    typeof asked === 'boolean' &&
    Array.isArray(publications) &&
    publications.every(
      (each) => isObject(each) && typeof each['resource'] === 'string' && typeof each['tag'] === 'string',
    )
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
