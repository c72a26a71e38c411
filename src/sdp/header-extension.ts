// a=extmap (RFC 8285 §5): which number stands for which extension of the RTP header.

import { attributes, type Attribute, type Section } from './description.ts';
import { DIRECTIONS, type Direction } from './direction.ts';

export interface HeaderExtension {
  /** 1 to 14 in one-byte headers, up to 255 in two-byte ones; 4096 and above in offers with more than that (§6). */
  readonly id: number;
  readonly direction: Direction;
  readonly uri: string;
  /** extensionattributes, as written. */
  readonly attributes?: string | undefined;
}

const LINE = /^(\d{1,4})(?:\/([a-z]+))? +(\S+)(?: +(\S.*?))?\s*$/;

export function headerExtensionsOf(section: Section): readonly HeaderExtension[] {
  const found: HeaderExtension[] = [];
  for (const value of attributes(section, 'extmap')) {
    const parts = LINE.exec(value);
    const id = Number(parts?.[1] ?? 0);
    const uri = parts?.[3];
    if (parts === null || id === 0 || uri === undefined) continue;
    const word = parts[2];
    const direction = word === undefined ? 'sendrecv' : DIRECTIONS.find((each) => each === word);
    if (direction === undefined) continue;
    const more = parts[4];
    found.push(more === undefined ? { id, direction, uri } : { id, direction, uri, attributes: more });
  }
  return found;
}

export function headerExtensionAttribute({
  id,
  direction,
  uri,
  attributes: more,
}: HeaderExtension): Attribute {
  const word = direction === 'sendrecv' ? '' : `/${direction}`;
  return { name: 'extmap', value: `${id}${word} ${uri}${more === undefined ? '' : ` ${more}`}` };
}
