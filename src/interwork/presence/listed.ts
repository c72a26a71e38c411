// What a notification about a list (RFC 4662, row CSP-20) changes for each of its resources: an instance is to its resource what
// a dialog is to a contact who is subscribed to by himself.

import { detachText } from '../../base/index.ts';
import type { ListedInstance, ListedResource, ResourceList, ResourceListTable } from '../../mime/index.ts';

export interface ListedChange {
  /** Of the resource, as written. */
  readonly uri: string;
  /** Instances that are active or pending. */
  readonly told: readonly ListedInstance[];
  /** Those that are not any more: terminated, with the reason in lower case, or known before and not named now. */
  readonly ended: readonly EndedInstance[];
}

export interface EndedInstance {
  readonly id: string;
  readonly reason?: string;
}

/**
 * `before`: the table that `list` was merged into (§5.6). A resource that is named without instances is known to the server, and
 * its state is not (§4.5); one that a full document does not name is in the list no more.
 */
export function listChanges(
  before: ResourceListTable | undefined,
  { full, resources }: ResourceList,
): readonly ListedChange[] {
  const known = new Map(before?.resources.map((each) => [each.uri, each]));
  const changes = resources.map((each) => changeOf(known.get(each.uri), each));
  if (!full) return changes;
  const named = new Set(resources.map(({ uri }) => uri));
  for (const [uri, row] of known) if (!named.has(uri)) changes.push(changeOf(row, { uri, instances: [] }));
  return changes;
}

function changeOf(before: ListedResource | undefined, { uri, instances }: ListedResource): ListedChange {
  const named = new Set(instances.map(({ id }) => id));
  const gone = before?.instances.filter(({ id }) => !named.has(id)) ?? [];
  return {
    uri,
    told: instances.filter(({ state }) => state !== 'terminated'),
    ended: [
      ...instances.filter(({ state }) => state === 'terminated').map(endOf),
      ...gone.map(({ id }) => ({ id })),
    ],
  };
}

function endOf({ id, reason }: ListedInstance): EndedInstance {
  return reason === undefined ? { id } : { id, reason: reason.toLowerCase() };
}

/** The table of those resources alone that `wanted` names, without their documents: what has to be kept of it. */
export function withoutContent(
  { version, resources }: ResourceListTable,
  wanted: (uri: string) => boolean,
): ResourceListTable {
  return {
    version,
    resources: resources
      .filter(({ uri }) => wanted(uri))
      .map(({ uri, instances }) => ({
        uri: detachText(uri),
        instances: instances.map(({ id, state }) => ({ id: detachText(id), state })),
      })),
  };
}
