// What a session-info says of an RTP session (XEP-0167 1.2.3, "Informational Messages").

import { element, type XmlElement } from '../../xml/index.ts';
import { NS_RTP_INFO } from './namespaces.ts';
import type { Creator } from './senders.ts';
import { oneOf } from './values.ts';

const PLAIN = ['active', 'hold', 'ringing', 'unhold'] as const;
const OF_CONTENT = ['mute', 'unmute'] as const;

export type RtpInfo =
  | { readonly kind: (typeof PLAIN)[number] }
  /** Of one content, or of all where no name is there. */
  | {
      readonly kind: (typeof OF_CONTENT)[number];
      readonly creator?: Creator | undefined;
      readonly name?: string | undefined;
    };

/** As the example of XEP-0166 §6.8 has it, against XEP-0167. */
const NS_OF_EXAMPLE = 'urn:xmpp:jingle:apps:rtp:1:info';
const MAX_NAME = 256;

/** Undefined: it is none of XEP-0167. */
export function readRtpInfo(info: XmlElement): RtpInfo | undefined {
  if (info.ns !== NS_RTP_INFO && info.ns !== NS_OF_EXAMPLE) return undefined;
  const plain = oneOf(info.name, PLAIN);
  if (plain !== undefined) return { kind: plain };
  const kind = oneOf(info.name, OF_CONTENT);
  if (kind === undefined) return undefined;
  const creator = oneOf(info.attr('creator'), ['initiator', 'responder'] as const);
  const name = info.attr('name');
  return {
    kind,
    ...(creator === undefined ? {} : { creator }),
    ...(name === undefined || name === '' || name.length > MAX_NAME ? {} : { name }),
  };
}

export function rtpInfoElement(info: RtpInfo): XmlElement {
  const isOfContent = info.kind === 'mute' || info.kind === 'unmute';
  return element(info.kind, NS_RTP_INFO, isOfContent ? { creator: info.creator, name: info.name } : {});
}
