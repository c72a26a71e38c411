// Which content of the Jingle session is which m= line of the descriptions (SDP-02, SDP-03). Both sides name and number
// media for the whole call: a line never moves, and one that was rejected or removed keeps its place.

import { midOf, type MediaDescription } from '../../sdp/index.ts';
import type { Creator } from '../../xmpp/index.ts';

export interface ContentEntry {
  /** `name` and `creator` of the content. */
  readonly name: string;
  readonly creator: Creator;
  /** a=mid, where descriptions have one. */
  readonly mid?: string | undefined;
}

/** By place of the m= line. */
export type ContentTable = readonly ContentEntry[];

/** token of RFC 8866 §9: what a mid can be. */
const TOKEN = /^[!#$%&'*+\-.^_`{|}~0-9A-Za-z]{1,64}$/;

/** The table with the lines of a description that are new; `creator`: the party whose description it is. */
export function withLines(
  table: ContentTable,
  media: readonly MediaDescription[],
  creator: Creator,
): ContentTable {
  const entries = [...table];
  for (const medium of media.slice(table.length)) {
    const mid = midOf(medium);
    const name = freeName(entries, mid ?? medium.media, mid === undefined);
    entries.push({ name, creator, ...(mid === undefined ? {} : { mid }) });
  }
  return entries;
}

/** The table with a content that is new, at the end. `withMid`: its line has an a=mid. */
export function withContent(
  table: ContentTable,
  name: string,
  creator: Creator,
  withMid: boolean,
): ContentTable {
  return [...table, { name, creator, ...(withMid ? { mid: freeMid(table, name) } : {}) }];
}

/** Its place; -1: there is none. */
export function placeOf(table: ContentTable, name: string, creator: Creator): number {
  return table.findIndex((each) => each.name === name && each.creator === creator);
}

/** The name if nobody has it, else the first with a number behind it. */
function freeName(entries: ContentTable, wanted: string, numbered: boolean): string {
  const isTaken = (name: string): boolean => entries.some((each) => each.name === name);
  if (!isTaken(wanted)) return wanted;
  for (let number = numbered ? entries.length : 2; ; number++) {
    if (!isTaken(`${wanted}${number}`)) return `${wanted}${number}`;
  }
}

/** The name of the content where it can be a mid and nobody has it; else the place (SDP-03). */
function freeMid(table: ContentTable, name: string): string {
  const isTaken = (mid: string): boolean => table.some((each) => each.mid === mid);
  if (TOKEN.test(name) && !isTaken(name)) return name;
  for (let number = table.length; ; number++) if (!isTaken(String(number))) return String(number);
}
