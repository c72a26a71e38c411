// <transport/> of ICE (XEP-0176) with fingerprints of DTLS (XEP-0320).

import { element, type XmlElement } from '../../xml/index.ts';
import { NS_DTLS, NS_ICE_OPTION, NS_ICE_UDP } from './namespaces.ts';
import { MAX_UINT32, oneOf, whole } from './values.ts';

export interface IceCandidate {
  readonly foundation: string;
  /** 1 to 255. */
  readonly component: number;
  /** Lower case: "udp". */
  readonly protocol: string;
  readonly priority: number;
  readonly ip: string;
  readonly port: number;
  /** host, srflx, prflx, relay. */
  readonly type: string;
  readonly relAddr?: string | undefined;
  readonly relPort?: number | undefined;
  readonly generation: number;
  /** Unique in its session. */
  readonly id: string;
  readonly network?: number | undefined;
}

export interface IceFingerprint {
  /** Lower case: "sha-256". */
  readonly hash: string;
  /** Upper case, with colons. */
  readonly value: string;
  readonly setup?: 'active' | 'passive' | 'actpass' | 'holdconn' | undefined;
}

export interface RemoteCandidate {
  readonly component: number;
  readonly ip: string;
  readonly port: number;
}

export interface IceTransport {
  readonly kind: 'ice-udp';
  readonly ufrag?: string | undefined;
  readonly pwd?: string | undefined;
  readonly candidates: readonly IceCandidate[];
  readonly fingerprints: readonly IceFingerprint[];
  readonly remoteCandidates: readonly RemoteCandidate[];
  /** `<gathering-complete/>`: no more candidates come (XEP-0371, met in ice-udp too). */
  readonly complete: boolean;
  /** The sender says that candidates come one by one (SDP-27). */
  readonly trickle: boolean;
}

const SETUPS = ['active', 'passive', 'actpass', 'holdconn'] as const;
const HEX = /^[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})*$/;
/** What may stand in a candidate: no white space, since it becomes words of a line (RFC 8839 §5.1). */
const WORD = /^[^\s]{1,255}$/;

/** Reads a transport. Candidates and fingerprints that are not of the schema are left out (XEP-0176 §5.5). */
export function readIceTransport(transport: XmlElement): IceTransport {
  const candidates: IceCandidate[] = [];
  const fingerprints: IceFingerprint[] = [];
  const remoteCandidates: RemoteCandidate[] = [];
  for (const child of transport.elements()) {
    if (child.name === 'candidate' && child.ns === NS_ICE_UDP) {
      const candidate = readCandidate(child);
      if (candidate !== undefined) candidates.push(candidate);
    } else if (child.name === 'fingerprint' && child.ns === NS_DTLS) {
      const fingerprint = readFingerprint(child);
      if (fingerprint !== undefined) fingerprints.push(fingerprint);
    } else if (child.name === 'remote-candidate' && child.ns === NS_ICE_UDP) {
      const component = whole(child.attr('component'), 255, 1);
      const port = whole(child.attr('port'), 65_535);
      const ip = child.attr('ip');
      if (component !== undefined && port !== undefined && ip !== undefined && WORD.test(ip)) {
        remoteCandidates.push({ component, ip, port });
      }
    }
  }
  const has = (name: string): boolean => transport.child(name) !== undefined;
  return {
    kind: 'ice-udp',
    ufrag: transport.attr('ufrag'),
    pwd: transport.attr('pwd'),
    candidates,
    fingerprints,
    remoteCandidates,
    complete: has('gathering-complete'),
    trickle: transport.child('trickle', NS_ICE_OPTION) !== undefined,
  };
}

function readCandidate(candidate: XmlElement): IceCandidate | undefined {
  const foundation = candidate.attr('foundation');
  const component = whole(candidate.attr('component'), 255, 1);
  const protocol = candidate.attr('protocol');
  const priority = whole(candidate.attr('priority'), MAX_UINT32);
  const ip = candidate.attr('ip');
  const port = whole(candidate.attr('port'), 65_535);
  // Clients of before leave the type away: a host is the one that can be meant without a related address.
  const type = candidate.attr('type') ?? 'host';
  if (foundation === undefined || component === undefined || protocol === undefined) return undefined;
  if (priority === undefined || ip === undefined || port === undefined) return undefined;
  if (![foundation, protocol, ip, type].every((word) => WORD.test(word))) return undefined;
  const relAddr = candidate.attr('rel-addr');
  const relPort = whole(candidate.attr('rel-port'), 65_535);
  const network = whole(candidate.attr('network'), MAX_UINT32);
  return {
    ...{ foundation, component, protocol: protocol.toLowerCase(), priority, ip, port, type },
    ...(relAddr === undefined || !WORD.test(relAddr) ? {} : { relAddr }),
    ...(relPort === undefined ? {} : { relPort }),
    generation: whole(candidate.attr('generation'), 255) ?? 0,
    id: candidate.attr('id') ?? '',
    ...(network === undefined ? {} : { network }),
  };
}

function readFingerprint(fingerprint: XmlElement): IceFingerprint | undefined {
  const hash = fingerprint.attr('hash');
  const value = fingerprint.text().trim();
  if (hash === undefined || !/^[A-Za-z0-9-]{1,32}$/.test(hash) || !HEX.test(value)) return undefined;
  const setup = oneOf(fingerprint.attr('setup'), SETUPS);
  return { hash: hash.toLowerCase(), value: value.toUpperCase(), ...(setup === undefined ? {} : { setup }) };
}

export function iceTransportElement(transport: IceTransport): XmlElement {
  return element(
    'transport',
    NS_ICE_UDP,
    { ufrag: transport.ufrag, pwd: transport.pwd },
    transport.trickle ? element('trickle', NS_ICE_OPTION) : undefined,
    ...transport.fingerprints.map(({ hash, setup, value }) =>
      element('fingerprint', NS_DTLS, { hash, setup }, value),
    ),
    ...transport.candidates.map(candidateElement),
    ...transport.remoteCandidates.map(({ component, ip, port }) =>
      element('remote-candidate', NS_ICE_UDP, { component: String(component), ip, port: String(port) }),
    ),
    transport.complete ? element('gathering-complete', NS_ICE_UDP) : undefined,
  );
}

function candidateElement(candidate: IceCandidate): XmlElement {
  const { relPort, network } = candidate;
  return element('candidate', NS_ICE_UDP, {
    component: String(candidate.component),
    foundation: candidate.foundation,
    generation: String(candidate.generation),
    id: candidate.id,
    ip: candidate.ip,
    network: network === undefined ? undefined : String(network),
    port: String(candidate.port),
    priority: String(candidate.priority),
    protocol: candidate.protocol,
    'rel-addr': candidate.relAddr,
    'rel-port': relPort === undefined ? undefined : String(relPort),
    type: candidate.type,
  });
}
