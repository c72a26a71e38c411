// Several documents about one person as one (RFC 3903 §10.3: how is "a matter of local policy"; RFC 4479 §3.4). Nothing that a
// phone said is left out; only names that two of them use are told apart.

import type { PidfDocument, PidfTuple } from '../../mime/index.ts';

/**
 * `documents` in the order in which they were first published: of equal ids the first one stays as it is. RFC 3903 §10.4: a
 * tuple is known "in the context of the entity-tag with which the request arrived", so that equal ids are different tuples.
 */
export function composePresence(entity: string, documents: readonly PidfDocument[]): PidfDocument {
  const used = new Set<string>();
  const rename = (id: string): string => {
    let name = id;
    for (let i = 2; used.has(name); i++) name = `${id}-${i}`;
    used.add(name);
    return name;
  };
  const tuples: PidfTuple[] = [];
  for (const document of documents) {
    for (const tuple of document.tuples) tuples.push({ ...tuple, id: rename(tuple.id) });
  }
  return {
    entity,
    tuples,
    persons: documents.flatMap(({ persons }) => persons.map((each) => ({ ...each, id: rename(each.id) }))),
    devices: documents.flatMap(({ devices }) => devices.map((each) => ({ ...each, id: rename(each.id) }))),
    notes: documents.flatMap(({ notes }) => notes),
  };
}
