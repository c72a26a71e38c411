// a=candidate (RFC 8839 §5.1) and what else ICE says in a description: credentials, options, the end of candidates.

import {
  attribute,
  hasAttribute,
  type Attribute,
  type MediaDescription,
  type Section,
  type SessionDescription,
} from './description.ts';
import { wholeNumber, wordsOf } from './scan.ts';

export interface Candidate {
  readonly foundation: string;
  /** 1 RTP, 2 RTCP; 1 to 256. */
  readonly component: number;
  /** As written: "udp", "UDP", "tcp"; compared without case. */
  readonly transport: string;
  /** 32 bits. */
  readonly priority: number;
  /** An IPv4 or IPv6 address, or a name: mDNS names of browsers end with ".local". */
  readonly address: string;
  readonly port: number;
  /** host, srflx, prflx, relay, or another token. */
  readonly type: string;
  readonly relatedAddress?: string | undefined;
  readonly relatedPort?: number | undefined;
  /** Names and values that follow, in their order: tcptype, generation, network-id, ufrag … */
  readonly extensions: readonly (readonly [name: string, value: string])[];
}

type Draft = { -readonly [K in keyof Candidate]: Candidate[K] };

/** ice-ufrag and ice-pwd (§5.4). */
export interface IceCredentials {
  readonly ufrag: string;
  readonly pwd: string;
}

const FOUNDATION = /^[A-Za-z0-9+/]{1,32}$/;
const TOKEN = /^[^\s:]+$/;
const ICE_CHARS = /^[A-Za-z0-9+/]+$/;

/** Reads the value of an `a=candidate`; undefined when it is none (§5.1: such a line is ignored). */
export function readCandidate(text: string): Candidate | undefined {
  const words = wordsOf(text);
  const [foundation = '', component, transport = '', priority, address = '', port, typ, type = ''] = words;
  if (typ !== 'typ' || !FOUNDATION.test(foundation) || !TOKEN.test(transport) || type === '')
    return undefined;
  const componentId = wholeNumber(component, 10, 256);
  const priorityValue = wholeNumber(priority, 10, 0xffff_ffff);
  const portNumber = wholeNumber(port, 10, 65_535);
  if (componentId === undefined || priorityValue === undefined || portNumber === undefined) return undefined;
  if (componentId === 0 || address === '') return undefined;
  // Names and values come in pairs.
  if (words.length % 2 !== 0) return undefined;
  const extensions: [string, string][] = [];
  const candidate: Draft = {
    foundation,
    component: componentId,
    transport,
    priority: priorityValue,
    address,
    port: portNumber,
    type,
    extensions,
  };
  for (let n = 8; n < words.length; n += 2) {
    const name = words[n] ?? '';
    const value = words[n + 1] ?? '';
    if (name === 'raddr' && candidate.relatedAddress === undefined) candidate.relatedAddress = value;
    else if (name === 'rport' && candidate.relatedPort === undefined) {
      const relatedPort = wholeNumber(value, 10, 65_535);
      if (relatedPort !== undefined) candidate.relatedPort = relatedPort;
    } else extensions.push([name, value]);
  }
  return candidate;
}

/** The candidates of a medium; lines that are none are left out. */
export function candidatesOf(section: Section): readonly Candidate[] {
  const found: Candidate[] = [];
  for (const { name, value } of section.attributes) {
    const candidate = name === 'candidate' ? readCandidate(value ?? '') : undefined;
    if (candidate !== undefined) found.push(candidate);
  }
  return found;
}

export function formatCandidate(candidate: Candidate): string {
  const { foundation, component, transport, priority, address, port, type } = candidate;
  let text = `${foundation} ${component} ${transport} ${priority} ${address} ${port} typ ${type}`;
  if (candidate.relatedAddress !== undefined) text += ` raddr ${candidate.relatedAddress}`;
  if (candidate.relatedPort !== undefined) text += ` rport ${candidate.relatedPort}`;
  for (const [name, value] of candidate.extensions) text += ` ${name} ${value}`;
  return text;
}

export function candidateAttribute(candidate: Candidate): Attribute {
  return { name: 'candidate', value: formatCandidate(candidate) };
}

/** Of the medium, else of the session (§5.4); undefined when there are none, or they are too short or of other characters. */
export function credentialsOf(session: Section, medium: Section): IceCredentials | undefined {
  const ufrag = attribute(medium, 'ice-ufrag') ?? attribute(session, 'ice-ufrag');
  const pwd = attribute(medium, 'ice-pwd') ?? attribute(session, 'ice-pwd');
  if (ufrag === undefined || pwd === undefined) return undefined;
  const isValid = isIceText(ufrag, 4) && isIceText(pwd, 22);
  return isValid ? { ufrag, pwd } : undefined;
}

function isIceText(text: string, min: number): boolean {
  return text.length >= min && text.length <= 256 && ICE_CHARS.test(text);
}

export function credentialAttributes({ ufrag, pwd }: IceCredentials): readonly Attribute[] {
  return [
    { name: 'ice-ufrag', value: ufrag },
    { name: 'ice-pwd', value: pwd },
  ];
}

/** The words of a=ice-options, of session and medium (§5.6). */
export function iceOptions(session: Section, medium?: Section): readonly string[] {
  const found: string[] = [];
  for (const section of medium === undefined ? [session] : [medium, session]) {
    const text = attribute(section, 'ice-options');
    if (text === undefined) continue;
    for (const word of text.split(' ')) if (word !== '' && !found.includes(word)) found.push(word);
  }
  return found;
}

/** No more candidates will come, of this medium or of all (RFC 8840 §4.3). */
export function hasEndOfCandidates(session: Section, medium: Section): boolean {
  return hasAttribute(medium, 'end-of-candidates') || hasAttribute(session, 'end-of-candidates');
}

/**
 * True when the default destination is not among the candidates although there are some (RFC 8839 §4.2.5): somebody on
 * the way changed it, and ICE cannot be used. One that is not known yet is no mismatch (RFC 8840 §4.1.1). `candidates`:
 * those of the medium, where they have been read already.
 */
export function isIceMismatch(
  session: SessionDescription,
  medium: MediaDescription,
  candidates: readonly Candidate[] = candidatesOf(medium),
): boolean {
  const address = (medium.connections[0] ?? session.connection)?.address;
  const isUnknown = medium.port === 9 && (address === '0.0.0.0' || address === '::');
  if (candidates.length === 0 || isUnknown || medium.port === 0) return false;
  return !candidates.some(
    (each) => each.component === 1 && each.port === medium.port && sameAddress(each.address, address),
  );
}

function sameAddress(left: string, right: string | undefined): boolean {
  return left.toLowerCase() === right?.toLowerCase();
}
