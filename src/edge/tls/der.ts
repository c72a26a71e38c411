// A small strict reader of DER (ITU-T X.690 §8.1, §10.1): enough to walk through a certificate that OpenSSL has already
// taken. Names are read from the octets and not from a text made of them, since such texts are ambiguous
// (CVE-2021-44532: a name with a comma or a quote in it looks like two).

import type { Bytes } from '../../base/index.ts';

/** One element: its identifier octet and where its content is. */
export interface DerElement {
  /** Class, the bit "constructed", and number; high tag numbers are not read. */
  readonly tag: number;
  readonly start: number;
  readonly contentStart: number;
  readonly end: number;
}

/** Elements of one parent that are looked at; a certificate with more names is refused. */
const MAX_CHILDREN = 1024;
const HIGH_TAG = 0x1f;
const LONG_LENGTH = 0x80;

/** The element that begins at `at` and ends at `limit` at the latest; undefined: not DER. */
export function readDer(bytes: Bytes, at: number, limit: number): DerElement | undefined {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined || at + 2 > limit) return undefined;
  if ((tag & HIGH_TAG) === HIGH_TAG) return undefined;
  let length = first;
  let contentStart = at + 2;
  if (first >= LONG_LENGTH) {
    const octets = first - LONG_LENGTH;
    // X.690 §10.1: the definite form, in as few octets as will do. Three of them are 16 MiB.
    if (octets === 0 || octets > 3 || contentStart + octets > limit) return undefined;
    length = 0;
    for (let i = 0; i < octets; i++) length = length * 256 + (bytes[contentStart + i] ?? 0);
    if (length < LONG_LENGTH || length < 256 ** (octets - 1)) return undefined;
    contentStart += octets;
  }
  const end = contentStart + length;
  return end > limit ? undefined : { tag, start: at, contentStart, end };
}

/** The elements inside one, without a gap or a rest; undefined: not DER, or too many. */
export function childrenOf(bytes: Bytes, parent: DerElement): readonly DerElement[] | undefined {
  const children: DerElement[] = [];
  for (let at = parent.contentStart; at < parent.end;) {
    const child = readDer(bytes, at, parent.end);
    if (child === undefined || children.length === MAX_CHILDREN) return undefined;
    children.push(child);
    at = child.end;
  }
  return children;
}

/** The content of an element. */
export function contentOf(bytes: Bytes, { contentStart, end }: DerElement): Bytes {
  return bytes.subarray(contentStart, end);
}

/** True when the element is an object identifier with this content (X.690 §8.19). */
export function isOid(bytes: Bytes, element: DerElement | undefined, oid: readonly number[]): boolean {
  if (element === undefined || element.tag !== OBJECT_IDENTIFIER) return false;
  const content = contentOf(bytes, element);
  return content.length === oid.length && oid.every((octet, index) => content[index] === octet);
}

export const OBJECT_IDENTIFIER = 0x06;
export const BOOLEAN = 0x01;
export const INTEGER = 0x02;
export const OCTET_STRING = 0x04;
export const SEQUENCE = 0x30;
export const SET = 0x31;
export const UTF8_STRING = 0x0c;
export const PRINTABLE_STRING = 0x13;
export const IA5_STRING = 0x16;
/** Context-specific: primitive and constructed. */
export const context = (number: number): number => 0x80 + number;
export const contextConstructed = (number: number): number => 0xa0 + number;
