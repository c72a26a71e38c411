// Resource ⇄ id of a tuple (rows PRES-61, PRES-81; RFC 8048 §6.2 note 2).
//
// An xs:ID is an NCName, and a resource is nearly any text. Letters and digits of ASCII, ".", "-" and "_" stay; each
// other character becomes "_xHHHH_" with its code point in upper-case hexadecimal, four digits or as many as it takes.
// A "_" that could begin such a sequence is one itself, so that the way back is unique. Letters beyond ASCII would be
// legal too, but old readers of XML know fewer of them (XML 1.0, fifth edition, appendix J).

import { hashBase64Url } from '../../base/index.ts';
import { prepareResource } from '../../xmpp/index.ts';

/** RFC 8048 §6.2: "it is RECOMMENDED to prepend the resourcepart with "ID-"". */
const PREFIX = 'ID-';

const TO_ENCODE = /_(?=x)|[^A-Za-z0-9.\-_]/gu;
const ENCODED = /_x([0-9A-F]{4}|10[0-9A-F]{4}|[1-9A-F][0-9A-F]{4})_/g;

/** Longest id that is undone: the octets of a resource, each in the longest form. */
const MAX_ID = PREFIX.length + 1023 * 9;

/** The id of the tuple of a resource ('' for presence without one). An NCName; different for different resources. */
export function tupleIdOf(resource: string): string {
  return PREFIX + resource.replace(TO_ENCODE, encode);
}

function encode(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return `_x${code.toString(16).toUpperCase().padStart(4, '0')}_`;
}

/**
 * The resources of tuples, by their ids (RFC 8048 example 6: "ID-" goes). Each is a resourcepart that RFC 7622 §3.4
 * allows, and no two are the same. An id that cannot be undone, or whose resource another one has, stays as it is; one
 * that cannot be a resource at all is named by its hash.
 */
export function resourcesOf(ids: readonly string[]): ReadonlyMap<string, string> {
  const resources = new Map<string, string>();
  const taken = new Set<string>();
  const take = (id: string, candidate: string | undefined): boolean => {
    if (candidate === undefined || taken.has(candidate)) return false;
    taken.add(candidate);
    resources.set(id, candidate);
    return true;
  };
  // Those with the prefix first: what we made ourselves is undone whatever stands beside it.
  const ordered = [
    ...ids.filter((id) => id.startsWith(PREFIX)),
    ...ids.filter((id) => !id.startsWith(PREFIX)),
  ];
  for (const id of ordered) {
    if (take(id, undone(id)) || take(id, prepared(id))) continue;
    take(id, `t-${hashBase64Url('sha256', id).slice(0, 22)}`);
  }
  return resources;
}

/** The id was made of the resource (PRES-61). */
export function isMadeOf(id: string, resource: string): boolean {
  return id.startsWith(PREFIX) && id !== resource;
}

/** Undefined: it does not name a resource. */
function undone(id: string): string | undefined {
  if (!id.startsWith(PREFIX) || id.length > MAX_ID) return undefined;
  const rest = id.slice(PREFIX.length);
  const text = rest.replace(ENCODED, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)));
  // '' is the bare address, which is no resourcepart.
  return text === '' ? '' : prepared(text);
}

function prepared(text: string): string | undefined {
  if (!text.isWellFormed()) return undefined;
  const resource = prepareResource(text);
  return resource.ok ? resource.value : undefined;
}
