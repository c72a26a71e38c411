// What an operator says about one listener, and what follows from it for Via and Contact.

import { canonicalIp, type IpFamily } from '../../base/index.ts';
import type { TransportName } from '../../sip/index.ts';

export interface ListenConfig {
  readonly transport: TransportName;
  /** Literal address, IPv6 without brackets. "::" takes IPv4 as well, unless a listener beside it does. */
  readonly host: string;
  /** 0: any free one, for tests. */
  readonly port: number;
  /** `host` or `host:port` (IPv6 in brackets) for Via and Contact, when it is not the bound address. */
  readonly advertise?: string | undefined;
}

export interface Advertise {
  /** IPv6 in brackets. */
  readonly host: string;
  readonly port: number | undefined;
}

/** Splits `host[:port]`. The configuration checked it before. */
export function readAdvertise(text: string): Advertise {
  const bracket = text.lastIndexOf(']');
  const colon = text.indexOf(':', bracket + 1);
  // A bare IPv6 address has more than one colon, and no port.
  if (bracket < 0 && colon !== text.lastIndexOf(':')) return { host: `[${text}]`, port: undefined };
  if (colon < 0) return { host: text, port: undefined };
  return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
}

/** Brackets around IPv6, as a URI or a Via wants it. */
export function hostText(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/** "udp://[::1]:5060", for messages to the operator. */
export function listenText({ transport, host, port }: ListenConfig): string {
  return `${transport.toLowerCase()}://${hostText(host)}:${port}`;
}

export function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

/** True when a listener on "::" is to take IPv4 too: nobody else of its transport does so on that port. */
export function isDualStack(config: ListenConfig, all: readonly ListenConfig[]): boolean {
  if (canonicalIp(config.host) !== '::') return false;
  return !all.some(
    (other) =>
      other.transport === config.transport && other.port === config.port && familyOf(other.host) === 4,
  );
}

/** The family of a valid literal address. */
export function familyOf(literal: string): IpFamily {
  return literal.includes(':') ? 6 : 4;
}

/** The address as seen by a socket without zone, and IPv4 as IPv4 on a socket that serves both families. */
export function plainAddress(address: string): string {
  if (address.startsWith('::ffff:') && address.includes('.')) return address.slice(7);
  const zone = address.indexOf('%');
  return zone < 0 ? address : address.slice(0, zone);
}
