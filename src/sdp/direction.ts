// Direction of a medium (RFC 8866 §6.7, RFC 3264 §5.1).

import {
  hasAttribute,
  type Attribute,
  type MediaDescription,
  type SessionDescription,
} from './description.ts';

/** Seen from whoever wrote the description. */
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

export const DIRECTIONS: readonly Direction[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive'];

/** The attribute of the medium, else of the session, else sendrecv; what `c=` with an address of zeros means is not in it. */
export function directionOf(session: SessionDescription, medium: MediaDescription): Direction {
  return directionIn(medium.attributes) ?? directionIn(session.attributes) ?? 'sendrecv';
}

/** Of several that contradict each other the one that stands first in `DIRECTIONS`. */
function directionIn(attributes: readonly Attribute[]): Direction | undefined {
  let place = DIRECTIONS.length;
  for (const { name } of attributes) {
    const found = isDirection(name) ? DIRECTIONS.indexOf(name) : -1;
    if (found >= 0 && found < place) place = found;
  }
  return DIRECTIONS[place];
}

function isDirection(name: string): name is Direction {
  return name === 'sendrecv' || name === 'sendonly' || name === 'recvonly' || name === 'inactive';
}

/** The same medium seen from the other side. */
export function reversed(direction: Direction): Direction {
  if (direction === 'sendonly') return 'recvonly';
  return direction === 'recvonly' ? 'sendonly' : direction;
}

export function directionFrom(sends: boolean, receives: boolean): Direction {
  if (sends) return receives ? 'sendrecv' : 'sendonly';
  return receives ? 'recvonly' : 'inactive';
}

export function sends(direction: Direction): boolean {
  return direction === 'sendrecv' || direction === 'sendonly';
}

export function receives(direction: Direction): boolean {
  return direction === 'sendrecv' || direction === 'recvonly';
}

/** The attributes with this direction in the place of any other. */
export function withDirection(attributes: readonly Attribute[], direction: Direction): readonly Attribute[] {
  const others = attributes.filter(({ name }) => !isDirection(name));
  others.push({ name: direction });
  return others;
}

/**
 * Held in the way of before RFC 3264: `c=` with an address of zeros (RFC 3264 §8.4). With ICE the address says nothing:
 * one that is not known yet looks the same (RFC 8840 §4.1.1), with port 9.
 */
export function isHeldByAddress(session: SessionDescription, medium: MediaDescription): boolean {
  const connection = medium.connections[0] ?? session.connection;
  const zeros = connection?.address === '0.0.0.0' || connection?.address === '::';
  return (
    zeros && medium.port !== 9 && !hasAttribute(medium, 'ice-ufrag') && !hasAttribute(session, 'ice-ufrag')
  );
}
