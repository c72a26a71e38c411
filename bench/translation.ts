// The gateway's translation of a session description alone, without the machines around it: there and back.

import { toJingle, toSdp } from '../src/interwork/call/index.ts';
import { formatSdp, parseSdp, type SessionDescription } from '../src/sdp/index.ts';
import { parseDocument, serialize } from '../src/xml/index.ts';
import { jingleElement, readJingle } from '../src/xmpp/index.ts';

export type Contents = Pick<ReturnType<typeof toJingle>, 'contents' | 'groups'>;

/** There and back, by way of `through`. */
export function translated(text: string, through: (contents: Contents) => Contents): string {
  const read = parseSdp(text);
  if (!read.ok) throw new Error(read.error.message);
  const before: SessionDescription = read.value;
  let id = 0;
  const newId = (): string => `c${++id}`;
  const { table, ...there } = toJingle(before, { party: 'initiator', table: [], newId });
  const { contents, groups } = through(there);
  const options = { party: 'initiator', table, origin: before.origin, trickle: false, before } as const;
  return formatSdp(toSdp(contents, groups, options).description);
}

export const ACTION = { action: 'session-initiate', sid: 's' } as const;

export function throughXml({ contents, groups }: Contents): Contents {
  const written = serialize(jingleElement({ ...ACTION, contents, groups, infos: [] }));
  const parsed = parseDocument(written);
  const read = parsed.ok ? readJingle(parsed.value) : parsed;
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
}
