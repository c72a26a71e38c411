// Where an m= section wants to be reached, as a transport of Jingle (SDP-05, SDP-13, SDP-23 to SDP-30, SDP-33, SDP-38).

import {
  attribute,
  attributes,
  candidatesOf,
  credentialsOf,
  fingerprintsOf,
  hasAttribute,
  hasEndOfCandidates,
  iceOptions,
  isIceMismatch,
  setupOf,
  type Candidate,
  type MediaDescription,
  type SessionDescription,
} from '../../sdp/index.ts';
import type {
  IceCandidate,
  IceFingerprint,
  IceTransport,
  RawCandidate,
  RawTransport,
  RemoteCandidate,
} from '../../xmpp/index.ts';

/** Makes identifiers of candidates, unique in a session. */
export type NewId = () => string;

export function transportOf(
  session: SessionDescription,
  medium: MediaDescription,
  newId: NewId,
): IceTransport | RawTransport {
  const credentials = credentialsOf(session, medium);
  if (credentials === undefined) return rawTransport(session, medium, newId);
  const found = candidatesOf(medium);
  // SDP-33: somebody on the way changed the address, so that what ICE would find is not where media go.
  if (isIceMismatch(session, medium, found)) return rawTransport(session, medium, newId);
  const candidates: IceCandidate[] = [];
  for (const each of found) {
    const candidate = iceCandidate(each, newId);
    if (candidate !== undefined) candidates.push(candidate);
  }
  const setup = setupOf(session, medium);
  const fingerprints = fingerprintsOf(session, medium);
  return {
    kind: 'ice-udp',
    ufrag: credentials.ufrag,
    pwd: credentials.pwd,
    candidates,
    fingerprints:
      setup === undefined
        ? fingerprints
        : fingerprints.map(({ hash, value }): IceFingerprint => ({ hash, value, setup })),
    remoteCandidates: remoteCandidates(medium),
    complete: hasEndOfCandidates(session, medium),
    trickle: iceOptions(session, medium).includes('trickle'),
  };
}

/** A candidate of Jingle; undefined for one over TCP, which ice-udp cannot say (SDP-25). */
export function iceCandidate(candidate: Candidate, newId: NewId): IceCandidate | undefined {
  const protocol = candidate.transport.toLowerCase();
  if (protocol !== 'udp') return undefined;
  const network = extensionNumber(candidate, 'network-id', 0xffff_ffff);
  const { foundation, component, priority, type, relatedAddress, relatedPort } = candidate;
  const result: { -readonly [K in keyof IceCandidate]: IceCandidate[K] } = {
    ...{ foundation, component, protocol, priority, ip: candidate.address, port: candidate.port, type },
    generation: extensionNumber(candidate, 'generation', 255) ?? 0,
    id: newId(),
  };
  if (relatedAddress !== undefined) result.relAddr = relatedAddress;
  if (relatedPort !== undefined) result.relPort = relatedPort;
  if (network !== undefined) result.network = network;
  return result;
}

/** The first extension of that name; undefined when it is no number, or more than `max`. */
function extensionNumber({ extensions }: Candidate, name: string, max: number): number | undefined {
  for (const [each, text] of extensions) {
    if (each === name) return /^\d{1,10}$/.test(text) && Number(text) <= max ? Number(text) : undefined;
  }
  return undefined;
}

/** a=remote-candidates (RFC 8839 §5.2): component, address and port in turn. */
function remoteCandidates(medium: MediaDescription): readonly RemoteCandidate[] {
  const text = attribute(medium, 'remote-candidates');
  if (text === undefined) return [];
  const words = text.trim().split(/ +/);
  const found: RemoteCandidate[] = [];
  for (let n = 0; n + 2 < words.length; n += 3) {
    const [component = '', ip = '', port = ''] = words.slice(n, n + 3);
    if (!/^\d{1,3}$/.test(component) || !/^\d{1,5}$/.test(port) || Number(port) > 65_535) return [];
    found.push({ component: Number(component), ip, port: Number(port) });
  }
  return found;
}

function rawTransport(session: SessionDescription, medium: MediaDescription, newId: NewId): RawTransport {
  const connection = medium.connections[0] ?? session.connection;
  if (connection === undefined || medium.port === 0) return { kind: 'raw-udp', candidates: [] };
  // A TTL or a number of addresses belongs to multicast, which no content can say.
  const ip = connection.address.split('/')[0] ?? '';
  const rtp: RawCandidate = { component: 1, generation: 0, id: newId(), ip, port: medium.port };
  if (hasAttribute(medium, 'rtcp-mux')) return { kind: 'raw-udp', candidates: [rtp] };
  return { kind: 'raw-udp', candidates: [rtp, { ...rtcpAddress(medium, ip), generation: 0, id: newId() }] };
}

/** RFC 3605: where RTCP goes; one port higher when nothing is said (RFC 3550 §11). */
function rtcpAddress(medium: MediaDescription, ip: string): Pick<RawCandidate, 'component' | 'ip' | 'port'> {
  const [value = ''] = attributes(medium, 'rtcp');
  const [, port, address] = /^(\d{1,5})(?: +IN +IP[46] +(\S+))?\s*$/.exec(value) ?? [];
  const own = port !== undefined && Number(port) <= 65_535 ? Number(port) : undefined;
  return {
    component: 2,
    ip: own === undefined ? ip : (address ?? ip),
    port: own ?? Math.min(medium.port + 1, 65_535),
  };
}
