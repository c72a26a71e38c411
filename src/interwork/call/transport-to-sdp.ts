// A transport of Jingle as port, c= and a= lines of an m= section (SDP-05, SDP-13, SDP-23 to SDP-30, SDP-38).

import {
  candidateAttribute,
  credentialAttributes,
  fingerprintAttribute,
  type Attribute,
  type Candidate,
  type Connection,
} from '../../sdp/index.ts';
import type { IceCandidate, IceTransport, RawTransport } from '../../xmpp/index.ts';

/** How an m= section is reached. */
export interface Reach {
  readonly port: number;
  readonly connection: Connection;
  readonly attributes: readonly Attribute[];
}

const UFRAG = /^[A-Za-z0-9+/]{4,256}$/;
const PWD = /^[A-Za-z0-9+/]{22,256}$/;
/** Not known yet (RFC 8840 §4.1.1). */
const UNKNOWN = { port: 9, address: '0.0.0.0' } as const;
/** The lowest risk of not being reached first (RFC 8839 §4.2.1.2). */
const BY_RISK = ['relay', 'srflx', 'prflx', 'host'];

/**
 * undefined for a transport without an address that a description could name. `isMuxed`: of an answer with a=rtcp-mux, which
 * has no place for RTCP; an offer with it says one, for a peer that does not know it (RFC 5761 §5.1.3).
 */
export function reachOf(transport: IceTransport | RawTransport, isMuxed: boolean): Reach | undefined {
  return transport.kind === 'ice-udp' ? iceReach(transport, isMuxed) : rawReach(transport, isMuxed);
}

function iceReach(transport: IceTransport, isMuxed: boolean): Reach | undefined {
  const { ufrag, pwd, fingerprints, remoteCandidates } = transport;
  const candidates = isMuxed
    ? transport.candidates.filter(({ component }) => component === 1)
    : transport.candidates;
  // RFC 8839 §5.4. Anything else would not be one line, or nobody's credentials.
  if (!UFRAG.test(ufrag ?? '') || !PWD.test(pwd ?? '')) return undefined;
  const rtp = defaultOf(candidates, 1);
  const rtcp = defaultOf(candidates, 2);
  const setup = fingerprints.find((each) => each.setup !== undefined)?.setup;
  const attributes: Attribute[] = [];
  if (rtcp !== undefined) attributes.push(rtcpLine(rtcp.port, rtcp.ip));
  for (const line of credentialAttributes({ ufrag: ufrag ?? '', pwd: pwd ?? '' })) attributes.push(line);
  for (const each of fingerprints) attributes.push(fingerprintAttribute(each));
  if (setup !== undefined) attributes.push({ name: 'setup', value: setup });
  for (const each of candidates) attributes.push(candidateAttribute(sdpCandidate(each)));
  if (remoteCandidates.length > 0) {
    const words = remoteCandidates.map((each) => `${each.component} ${each.ip} ${each.port}`);
    attributes.push({ name: 'remote-candidates', value: words.join(' ') });
  }
  if (transport.complete) attributes.push({ name: 'end-of-candidates' });
  const { ip, port } = rtp ?? { ip: UNKNOWN.address, port: UNKNOWN.port };
  return { port, connection: connectionOf(ip), attributes };
}

export function sdpCandidate(candidate: IceCandidate): Candidate {
  const { foundation, component, protocol, priority, ip, port, type, relAddr, relPort, generation, network } =
    candidate;
  const extensions: (readonly [string, string])[] = [['generation', String(generation)]];
  if (network !== undefined) extensions.push(['network-id', String(network)]);
  const result: { -readonly [K in keyof Candidate]: Candidate[K] } = {
    ...{ foundation, component, transport: protocol, priority, address: ip, port, type },
    extensions,
  };
  if (relAddr !== undefined) result.relatedAddress = relAddr;
  if (relPort !== undefined) result.relatedPort = relPort;
  return result;
}

/** A name cannot stand in c= for what speaks no ICE: those of browsers are known to nobody else (RFC 8839 §5.1). */
function defaultOf(candidates: readonly IceCandidate[], component: number): IceCandidate | undefined {
  let best: IceCandidate | undefined;
  for (const each of candidates) {
    if (each.component !== component || !isAddress(each.ip)) continue;
    if (best === undefined || (risk(each) - risk(best) || best.priority - each.priority) < 0) best = each;
  }
  return best;
}

function risk({ type }: IceCandidate): number {
  const place = BY_RISK.indexOf(type);
  return place < 0 ? BY_RISK.length : place;
}

function isAddress(ip: string): boolean {
  return ip.includes(':') || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(ip);
}

function connectionOf(address: string): Connection {
  return { netType: 'IN', addrType: address.includes(':') ? 'IP6' : 'IP4', address };
}

function rtcpLine(port: number, ip: string): Attribute {
  const { netType, addrType, address } = connectionOf(ip);
  return { name: 'rtcp', value: `${port} ${netType} ${addrType} ${address}` };
}

function rawReach({ candidates }: RawTransport, isMuxed: boolean): Reach | undefined {
  const rtp = candidates.find(({ component }) => component === 1);
  if (rtp === undefined) return undefined;
  const rtcp = isMuxed ? undefined : candidates.find(({ component }) => component === 2);
  // RFC 3605 §2.1: it need not be said where it is what everybody takes.
  const isPlain = rtcp === undefined || (rtcp.ip === rtp.ip && rtcp.port === rtp.port + 1);
  return {
    port: rtp.port,
    connection: connectionOf(rtp.ip),
    attributes: isPlain ? [] : [rtcpLine(rtcp.port, rtcp.ip)],
  };
}
