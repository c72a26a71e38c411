// Extensions of a certificate that bound what an authority may vouch for, read from its DER (RFC 5280 §4.1, §4.2.1.9).

import type { Bytes } from '../../base/index.ts';
import {
  BOOLEAN,
  childrenOf,
  contentOf,
  contextConstructed,
  INTEGER,
  isOid,
  OCTET_STRING,
  readDer,
  SEQUENCE,
  type DerElement,
} from './der.ts';

/** 2.5.29.19 and .30 */
const BASIC_CONSTRAINTS = [0x55, 0x1d, 0x13];
const NAME_CONSTRAINTS = [0x55, 0x1d, 0x1e];

export interface AuthorityBounds {
  /** Authorities that may stand below this one (§4.2.1.9); undefined: any number. */
  readonly pathLength: number | undefined;
  /** It may vouch for some names only (§4.2.1.10). */
  readonly hasNameConstraints: boolean;
}

/** undefined: not DER, or an extension that cannot be read. */
export function authorityBounds(der: Bytes): AuthorityBounds | undefined {
  const certificate = readDer(der, 0, der.length);
  const body = certificate === undefined ? undefined : childrenOf(der, certificate)?.[0];
  const wrapper = body === undefined ? undefined : childrenOf(der, body)?.find(isExtensions);
  const list = wrapper === undefined ? undefined : childrenOf(der, wrapper)?.[0];
  const extensions = list === undefined ? undefined : childrenOf(der, list);
  if (extensions === undefined) return undefined;
  let pathLength: number | undefined;
  let hasNameConstraints = false;
  for (const extension of extensions) {
    const parts = extension.tag === SEQUENCE ? childrenOf(der, extension) : undefined;
    if (parts === undefined) return undefined;
    if (isOid(der, parts[0], NAME_CONSTRAINTS)) hasNameConstraints = true;
    if (!isOid(der, parts[0], BASIC_CONSTRAINTS)) continue;
    const value = parts[1]?.tag === BOOLEAN ? parts[2] : parts[1];
    const fields = value?.tag === OCTET_STRING ? constraintsOf(der, value) : undefined;
    if (fields === undefined) return undefined;
    const length = fields.find(({ tag }) => tag === INTEGER);
    if (length !== undefined) pathLength = numberOf(contentOf(der, length));
  }
  return { pathLength, hasNameConstraints };
}

function isExtensions({ tag }: DerElement): boolean {
  return tag === contextConstructed(3);
}

function constraintsOf(der: Bytes, value: DerElement): readonly DerElement[] | undefined {
  const constraints = readDer(der, value.contentStart, value.end);
  return constraints?.tag === SEQUENCE ? childrenOf(der, constraints) : undefined;
}

/** No chain is longer than one octet can say; what is negative, or larger, allows nothing. */
function numberOf(content: Bytes): number {
  const [first = 0xff] = content;
  return content.length === 1 && first < 0x80 ? first : 0;
}
