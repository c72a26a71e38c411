// The contents of a Jingle session as a session description (SDP-01 to SDP-40). Each content stands in its line; what
// there is no content for, or what cannot be said, is a line with port 0.

import {
  groupAttribute,
  rejected,
  withDirection,
  type Attribute,
  type MediaDescription,
  type Origin,
  type SessionDescription,
} from '../../sdp/index.ts';
import type { Content, ContentGroup } from '../../xmpp/index.ts';
import { placeOf, type ContentEntry, type ContentTable } from './content-table.ts';
import { directionOfSenders, type Party } from './parties.ts';
import { protocolOf, rtpAttributes, sdpPayloads } from './rtp-to-sdp.ts';
import { reachOf } from './transport-to-sdp.ts';

export interface ToSdpOptions {
  /** Whose description it is. */
  readonly party: Party;
  /** Every line, those without a content too. */
  readonly table: ContentTable;
  readonly origin: Origin;
  /** The offer that it answers: it decides kinds and protocols (RFC 3264 §6). */
  readonly offer?: SessionDescription | undefined;
  /** The last description of the same party, for the lines that are of no content any more. */
  readonly before?: SessionDescription | undefined;
  /** That candidates may come later is said: both sides can trickle (RFC 8840). */
  readonly trickle: boolean;
}

export interface SdpOfContents {
  readonly description: SessionDescription;
  /** Contents that SDP cannot say: to be rejected in Jingle. */
  readonly unsupported: readonly Content[];
}

export function toSdp(
  contents: readonly Content[],
  groups: readonly ContentGroup[],
  options: ToSdpOptions,
): SdpOfContents {
  const { table, party, origin } = options;
  const unsupported = new Set(contents);
  const media = table.map((entry, place): MediaDescription => {
    const content = contents.find(
      (each) => isNamed(entry, each) && placeOf(table, each.name, each.creator) === place,
    );
    const written =
      content === undefined ? undefined : mediumOf(content, entry.mid, options.offer?.media[place], party);
    if (content === undefined || written === undefined) return empty(place, options);
    unsupported.delete(content);
    return written;
  });
  const bundles = groups.flatMap(({ semantics, contents: names }): readonly Attribute[] => {
    const mids = names.flatMap((name) => midFor(name, table, media));
    return mids.length === 0 || !/^\S+$/.test(semantics) ? [] : [groupAttribute({ semantics, mids })];
  });
  return {
    description: {
      origin,
      ...{ name: '-', emails: [], phones: [], bandwidths: [] },
      times: [{ active: '0 0', repeats: [], zones: [] }],
      attributes: [...bundles, ...(options.trickle ? [{ name: 'ice-options', value: 'trickle' }] : [])],
      media,
    },
    unsupported: [...unsupported],
  };
}

/** Whether it can be the line of that content: the first one of the same name is. */
function isNamed(entry: ContentEntry, content: Content): boolean {
  return entry.name === content.name && entry.creator === content.creator;
}

/** RFC 9143 §7.3.3: a line that is rejected is in no group. */
function midFor(name: string, table: ContentTable, media: readonly MediaDescription[]): readonly string[] {
  const place = table.findIndex((entry) => entry.name === name);
  const mid = table[place]?.mid;
  return mid === undefined || media[place]?.port === 0 ? [] : [mid];
}

/** A line without a content. */
function empty(place: number, { offer, before, table }: ToSdpOptions): MediaDescription {
  const known = offer?.media[place] ?? before?.media[place];
  if (known !== undefined) return rejected(known);
  const mid = table[place]?.mid;
  return {
    ...{ media: 'audio', port: 0, protocol: 'RTP/AVP', formats: ['0'], connections: [], bandwidths: [] },
    attributes: mid === undefined ? [] : [{ name: 'mid', value: mid }],
  };
}

/** The section of a content; undefined where SDP, or the offer that it answers, has no place for it. */
function mediumOf(
  { description, transport, senders, disposition }: Content,
  mid: string | undefined,
  offered: MediaDescription | undefined,
  party: Party,
): MediaDescription | undefined {
  // SDP-39: early media of their own are not part of this session.
  if (disposition !== undefined && disposition !== 'session') return undefined;
  if (description?.kind !== 'rtp' || transport === undefined || transport.kind === 'other') return undefined;
  const payloads = sdpPayloads(description);
  const reach = reachOf(transport, description.rtcpMux && offered !== undefined);
  if (payloads.length === 0 || reach === undefined) return undefined;
  if (offered !== undefined && (offered.media !== description.media || offered.port === 0)) {
    if (offered.media !== description.media || !isBundleOnly(offered)) return undefined;
  }
  const isDtls = transport.kind === 'ice-udp' && transport.fingerprints.length > 0;
  const named: readonly Attribute[] = mid === undefined ? [] : [{ name: 'mid', value: mid }];
  const protocol = offered?.protocol ?? protocolOf(description, isDtls);
  const lines = [...named, ...reach.attributes, ...rtpAttributes(description, party, payloads, protocol)];
  return {
    media: description.media,
    port: reach.port,
    protocol,
    formats: payloads.map(({ id }) => String(id)),
    connections: [reach.connection],
    bandwidths: description.bandwidths.filter(({ type }) => /^[A-Za-z0-9-]+$/.test(type)),
    attributes: withDirection(lines, directionOfSenders(senders ?? 'both', party)),
  };
}

function isBundleOnly(medium: MediaDescription): boolean {
  return medium.attributes.some(({ name }) => name === 'bundle-only');
}
