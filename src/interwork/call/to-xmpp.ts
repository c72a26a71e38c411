// A session description as the contents of a Jingle session (SDP-01 to SDP-40), line by line and in place.

import {
  directionOf,
  groupsOf,
  hasAttribute,
  type MediaDescription,
  type SessionDescription,
} from '../../sdp/index.ts';
import type { Content, ContentGroup } from '../../xmpp/index.ts';
import { withLines, type ContentTable } from './content-table.ts';
import { sendersOf, type Party } from './parties.ts';
import { isRtp, rtpOf } from './rtp-to-jingle.ts';
import { transportOf, type NewId } from './transport-to-jingle.ts';

export interface ToJingleOptions {
  /** Whose description it is. */
  readonly party: Party;
  /** The lines that are known; empty at the first offer. */
  readonly table: ContentTable;
  readonly newId: NewId;
}

export interface JingleContents {
  /** Those that are not rejected, in their order. */
  readonly contents: readonly Content[];
  readonly groups: readonly ContentGroup[];
  readonly table: ContentTable;
  /** Places of the lines that Jingle cannot say: they are to be rejected in the answer (SDP-04). */
  readonly unsupported: readonly number[];
  /** Places of the lines whose port is 0: rejected, removed, or not in use (RFC 3264 §6, §8.2). */
  readonly rejected: readonly number[];
}

export function toJingle(
  session: SessionDescription,
  { party, table, newId }: ToJingleOptions,
): JingleContents {
  const named = withLines(table, session.media, party);
  const contents: Content[] = [];
  const unsupported: number[] = [];
  const rejected: number[] = [];
  for (const [place, medium] of session.media.entries()) {
    const entry = named[place];
    if (entry === undefined) continue;
    if (isRejected(medium)) rejected.push(place);
    else if (!isRtp(medium)) unsupported.push(place);
    else {
      const senders = sendersOf(directionOf(session, medium), party);
      const description = rtpOf(session, medium, party);
      // Without a payload that has a name nobody could send anything (SDP-08).
      if (description.payloads.length === 0) unsupported.push(place);
      else {
        const transport = transportOf(session, medium, newId);
        contents.push({
          ...{ creator: entry.creator, name: entry.name, senders: senders === 'both' ? undefined : senders },
          ...{ description, transport },
        });
      }
    }
  }
  return { contents, groups: contentGroups(session, named, contents), table: named, unsupported, rejected };
}

/** RFC 9143 §6: with bundle-only a port of 0 is that of the others. */
function isRejected(medium: MediaDescription): boolean {
  return medium.port === 0 && !hasAttribute(medium, 'bundle-only');
}

function contentGroups(
  session: SessionDescription,
  table: ContentTable,
  contents: readonly Content[],
): readonly ContentGroup[] {
  return groupsOf(session).flatMap(({ semantics, mids }): readonly ContentGroup[] => {
    const names = mids.flatMap((mid) => table.find((entry) => entry.mid === mid)?.name ?? []);
    const present = names.filter((name) => contents.some((content) => content.name === name));
    return present.length === 0 ? [] : [{ semantics, contents: present }];
  });
}
