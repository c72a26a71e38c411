// A list of addresses in a request (RFC 4826 §3, in the flat form of RFC 5363 §4).

import { utf8Bytes, type Bytes } from '../base/index.ts';
import { element, serialize } from '../xml/index.ts';

export const RESOURCE_LISTS_TYPE = 'application/resource-lists+xml';

const NS_RESOURCE_LISTS = 'urn:ietf:params:xml:ns:resource-lists';

/** One list without a name: `uris` as they are. */
export function formatUriList(uris: readonly string[]): Bytes {
  const entries = uris.map((uri) => element('entry', NS_RESOURCE_LISTS, { uri }));
  const list = element('list', NS_RESOURCE_LISTS, {}, ...entries);
  const root = element('resource-lists', NS_RESOURCE_LISTS, {}, list);
  return utf8Bytes(`<?xml version="1.0" encoding="UTF-8"?>\n${serialize(root)}`);
}
