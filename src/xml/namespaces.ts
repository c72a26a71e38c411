// Prefixes in scope (Namespaces in XML 1.0): a linked list, because most elements declare nothing and a scope then
// costs nothing.

import { notWellFormed, tooMuch, type XmlStreamError } from './stream-error.ts';

export const NS_XML = 'http://www.w3.org/XML/1998/namespace';
export const NS_XMLNS = 'http://www.w3.org/2000/xmlns/';

/** One declared prefix and those around it. */
export interface NamespaceScope {
  readonly prefix: string;
  readonly uri: string;
  readonly outer: NamespaceScope | undefined;
  /** Number of declarations in the list. */
  readonly size: number;
}

/** Adds a declaration; `prefix` is never ''. */
export function declarePrefix(
  outer: NamespaceScope | undefined,
  prefix: string,
  uri: string,
  maxSize: number,
): NamespaceScope | XmlStreamError {
  const size = outer === undefined ? 1 : outer.size + 1;
  if (size > maxSize) return tooMuch('too many namespace declarations');
  // Namespaces in XML 1.0 §3: reserved prefixes and names; §5 "No Prefix Undeclaring".
  if (prefix === 'xmlns' || uri === NS_XMLNS || (prefix === 'xml') !== (uri === NS_XML)) {
    return notWellFormed('reserved namespace');
  }
  if (uri === '') return notWellFormed('prefix without namespace');
  return { prefix, uri, outer, size };
}

/** Namespace of a prefix; undefined when it is not declared. */
export function lookupPrefix(scope: NamespaceScope | undefined, prefix: string): string | undefined {
  for (let at = scope; at !== undefined; at = at.outer) if (at.prefix === prefix) return at.uri;
  return prefix === 'xml' ? NS_XML : undefined;
}
