// <jingle/> (XEP-0166 1.1.2): an action of a session, its contents, its reason, groups of contents (XEP-0338).

import { fault, ok, type Result } from '../../base/index.ts';
import { element, type XmlElement } from '../../xml/index.ts';
import { NS_GROUPING, NS_ICE_UDP, NS_JINGLE, NS_RAW_UDP, NS_RTP } from './namespaces.ts';
import { readReason, reasonElement, type Reason } from './reason.ts';
import { readRtpDescription, rtpDescriptionElement, type RtpDescription } from './rtp.ts';
import { iceTransportElement, readIceTransport, type IceTransport } from './ice.ts';
import { rawTransportElement, readRawTransport, type RawTransport } from './raw-udp.ts';
import { SENDERS, type Creator, type Senders } from './senders.ts';
import { oneOf } from './values.ts';

export const JINGLE_ACTIONS = [
  ...['content-accept', 'content-add', 'content-modify', 'content-reject', 'content-remove'],
  ...['description-info', 'security-info', 'session-accept', 'session-info', 'session-initiate'],
  ...['session-terminate', 'transport-accept', 'transport-info', 'transport-reject', 'transport-replace'],
] as const;
export type JingleAction = (typeof JINGLE_ACTIONS)[number];

/** What a content is about: RTP, or something that is kept as it came. */
export type Application = RtpDescription | { readonly kind: 'other'; readonly element: XmlElement };
export type Transport =
  | IceTransport
  | RawTransport
  | { readonly kind: 'other'; readonly element: XmlElement };

export interface Content {
  readonly creator: Creator;
  readonly name: string;
  /** Absent: both (§10). */
  readonly senders?: Senders | undefined;
  /** Absent: "session". */
  readonly disposition?: string | undefined;
  readonly description?: Application | undefined;
  readonly transport?: Transport | undefined;
}

export interface ContentGroup {
  /** BUNDLE, LS … */
  readonly semantics: string;
  /** Names of its contents. */
  readonly contents: readonly string[];
}

export interface Jingle {
  readonly action: JingleAction;
  readonly sid: string;
  /** Full JIDs, as written. */
  readonly initiator?: string | undefined;
  readonly responder?: string | undefined;
  readonly contents: readonly Content[];
  readonly groups: readonly ContentGroup[];
  readonly reason?: Reason | undefined;
  /** What a session-info, or another specification, says besides. */
  readonly infos: readonly XmlElement[];
}

export interface JingleLimits {
  readonly maxContents: number;
  /** Of payload types, candidates, sources, extensions … of one content, each. */
  readonly maxParts: number;
}

export const DEFAULT_JINGLE_LIMITS: JingleLimits = { maxContents: 32, maxParts: 256 };

/** A sid is part of stanzas and log lines; those of clients have 8 to 40 characters. */
const MAX_SID = 256;
const MAX_NAME = 256;

/**
 * Reads a `<jingle/>`. Faults: ERR_JINGLE_SYNTAX for what is not of the schema (the answer is bad-request, §7), and
 * ERR_JINGLE_LIMIT for what is too much. A description or transport that nobody here knows is kept as it is.
 */
export function readJingle(jingle: XmlElement, limits: JingleLimits = DEFAULT_JINGLE_LIMITS): Result<Jingle> {
  const action = oneOf(jingle.attr('action'), JINGLE_ACTIONS);
  const sid = jingle.attr('sid');
  if (jingle.name !== 'jingle' || jingle.ns !== NS_JINGLE) return broken('it is no <jingle/>');
  if (action === undefined) return broken('it has no action that there is');
  if (sid === undefined || sid === '' || sid.length > MAX_SID)
    return broken('it has no sid that can be used');
  const contents: Content[] = [];
  const groups: ContentGroup[] = [];
  const infos: XmlElement[] = [];
  let reason: Reason | undefined;
  for (const child of jingle.elements()) {
    if (child.ns === NS_JINGLE && child.name === 'content') {
      if (contents.length === limits.maxContents) return tooMuch('contents');
      const content = readContent(child, limits);
      if (!content.ok) return content;
      if (contents.some((each) => isSameContent(each, content.value))) {
        return broken(`two contents are called "${content.value.name}"`);
      }
      contents.push(content.value);
    } else if (child.ns === NS_JINGLE && child.name === 'reason') {
      reason ??= readReason(child);
    } else if (child.ns === NS_GROUPING && child.name === 'group') {
      if (groups.length === limits.maxContents) return tooMuch('groups');
      const group = readGroup(child);
      if (group !== undefined) groups.push(group);
    } else if (infos.length < limits.maxContents) infos.push(child);
    else return tooMuch('elements');
  }
  const initiator = jingle.attr('initiator');
  const responder = jingle.attr('responder');
  return ok({ action, sid, initiator, responder, contents, groups, reason, infos });
}

/** A content is named by its name and its creator (§10). */
export function isSameContent(left: Content, right: Content): boolean {
  return left.name === right.name && left.creator === right.creator;
}

function broken(what: string): Result<never> {
  return fault('ERR_JINGLE_SYNTAX', what, 'XEP-0166 §7');
}

function tooMuch(what: string): Result<never> {
  return fault('ERR_JINGLE_LIMIT', `too many ${what}`, 'XEP-0166 §7');
}

function readContent(content: XmlElement, limits: JingleLimits): Result<Content> {
  const name = content.attr('name');
  // §7.2.1: required; clients of before said nothing, and there was one creator.
  const creator = oneOf(content.attr('creator') ?? 'initiator', ['initiator', 'responder'] as const);
  if (name === undefined || name === '' || name.length > MAX_NAME) return broken('a content has no name');
  if (creator === undefined) return broken(`the content "${name}" has a creator that there is not`);
  const word = content.attr('senders');
  const senders = word === undefined || word === '' ? undefined : oneOf(word, SENDERS);
  if (word !== undefined && word !== '' && senders === undefined) {
    return broken(`the content "${name}" has senders that there are not`);
  }
  let description: Application | undefined;
  let transport: Transport | undefined;
  for (const child of content.elements()) {
    if (partsOf(child) > limits.maxParts) return tooMuch(`parts in the content "${name}"`);
    if (child.name === 'description') description ??= readApplication(child);
    else if (child.name === 'transport') transport ??= readTransport(child);
  }
  const disposition = content.attr('disposition');
  return ok({ creator, name, senders, disposition, description, transport });
}

function partsOf(part: XmlElement): number {
  return part.children.length;
}

function readApplication(description: XmlElement): Application {
  const rtp = description.ns === NS_RTP ? readRtpDescription(description) : undefined;
  return rtp ?? { kind: 'other', element: description };
}

function readTransport(transport: XmlElement): Transport {
  if (transport.ns === NS_ICE_UDP) return readIceTransport(transport);
  return transport.ns === NS_RAW_UDP ? readRawTransport(transport) : { kind: 'other', element: transport };
}

function readGroup(group: XmlElement): ContentGroup | undefined {
  const semantics = group.attr('semantics') ?? group.attr('type');
  if (semantics === undefined || semantics === '') return undefined;
  const contents: string[] = [];
  for (const child of group.elements()) {
    const name = child.name === 'content' ? child.attr('name') : undefined;
    if (name !== undefined && contents.length < DEFAULT_JINGLE_LIMITS.maxContents) contents.push(name);
  }
  return { semantics, contents };
}

/** The element of an action. */
export function jingleElement({ action, sid, initiator, responder, ...parts }: Jingle): XmlElement {
  return element(
    'jingle',
    NS_JINGLE,
    { action, initiator, responder, sid },
    ...parts.groups.map(groupElement),
    ...parts.contents.map(contentElement),
    ...(parts.reason === undefined ? [] : [reasonElement(parts.reason)]),
    ...parts.infos,
  );
}

function groupElement({ semantics, contents }: ContentGroup): XmlElement {
  const children = contents.map((name) => element('content', NS_GROUPING, { name }));
  return element('group', NS_GROUPING, { semantics }, ...children);
}

function contentElement({
  creator,
  name,
  senders,
  disposition,
  description,
  transport,
}: Content): XmlElement {
  return element(
    'content',
    NS_JINGLE,
    { creator, name, senders, disposition },
    description === undefined ? undefined : applicationElement(description),
    transport === undefined ? undefined : transportElement(transport),
  );
}

function applicationElement(application: Application): XmlElement {
  return application.kind === 'other' ? application.element : rtpDescriptionElement(application);
}

function transportElement(transport: Transport): XmlElement {
  if (transport.kind === 'ice-udp') return iceTransportElement(transport);
  return transport.kind === 'raw-udp' ? rawTransportElement(transport) : transport.element;
}
