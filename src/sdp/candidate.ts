// a=candidate (RFC 8839 §5.1) and what else ICE says in a description: credentials, options, the end of candidates.

import {
  attribute,
  hasAttribute,
  type Attribute,
  type MediaDescription,
  type Section,
  type SessionDescription,
} from './description.ts';

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
  const [foundation = '', component, transport = '', priority, address = '', port, typ, type = '', ...rest] =
    text.trim().split(/ +/);
  if (typ !== 'typ' || !FOUNDATION.test(foundation) || !TOKEN.test(transport) || type === '')
    return undefined;
  const numbers = [whole(component, 256), whole(priority, 0xffff_ffff), whole(port, 65_535)];
  const [componentId, priorityValue, portNumber] = numbers;
  if (componentId === undefined || priorityValue === undefined || portNumber === undefined) return undefined;
  if (componentId === 0 || address === '') return undefined;
  // Names and values come in pairs.
  if (rest.length % 2 !== 0) return undefined;
  const extensions: [string, string][] = [];
  let relatedAddress: string | undefined;
  let relatedPort: number | undefined;
  for (let n = 0; n < rest.length; n += 2) {
    const [name = '', value = ''] = rest.slice(n, n + 2);
    if (name === 'raddr' && relatedAddress === undefined) relatedAddress = value;
    else if (name === 'rport' && relatedPort === undefined) relatedPort = whole(value, 65_535);
    else extensions.push([name, value]);
  }
  return {
    ...{
      foundation,
      component: componentId,
      transport,
      priority: priorityValue,
      address,
      port: portNumber,
      type,
    },
    ...(relatedAddress === undefined ? {} : { relatedAddress }),
    ...(relatedPort === undefined ? {} : { relatedPort }),
    extensions,
  };
}

function whole(text: string | undefined, max: number): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) && Number(text) <= max ? Number(text) : undefined;
}

/** The candidates of a medium; lines that are none are left out. */
export function candidatesOf(section: Section): readonly Candidate[] {
  return section.attributes.flatMap(({ name, value = '' }) => {
    const candidate = name === 'candidate' ? readCandidate(value) : undefined;
    return candidate === undefined ? [] : [candidate];
  });
}

export function formatCandidate(candidate: Candidate): string {
  const { foundation, component, transport, priority, address, port, type } = candidate;
  const words = [foundation, component, transport, priority, address, port, 'typ', type];
  if (candidate.relatedAddress !== undefined) words.push('raddr', candidate.relatedAddress);
  if (candidate.relatedPort !== undefined) words.push('rport', candidate.relatedPort);
  return [...words, ...candidate.extensions.flat()].join(' ');
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
  const words = (section: Section | undefined): string[] =>
    section === undefined
      ? []
      : (attribute(section, 'ice-options') ?? '').split(/ +/).filter((word) => word !== '');
  return [...new Set([...words(medium), ...words(session)])];
}

/** No more candidates will come, of this medium or of all (RFC 8840 §4.3). */
export function hasEndOfCandidates(session: Section, medium: Section): boolean {
  return hasAttribute(medium, 'end-of-candidates') || hasAttribute(session, 'end-of-candidates');
}

/**
 * True when the default destination is not among the candidates although there are some (RFC 8839 §4.2.5): somebody on
 * the way changed it, and ICE cannot be used. One that is not known yet is no mismatch (RFC 8840 §4.1.1).
 */
export function isIceMismatch(session: SessionDescription, medium: MediaDescription): boolean {
  const candidates = candidatesOf(medium);
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
