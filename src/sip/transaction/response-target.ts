// Where responses go (RFC 3261 §18.2.2, RFC 3581 §4, RFC 3263 §5) and how the request shows it (RFC 3261 §18.2.1).

import { TOKEN, skipClass, skipSpace } from '../header/chars.ts';
import { ParsedVia } from '../header/via.ts';
import type { Via } from '../message/types.ts';
import type { Source, Target } from '../transport.ts';

const DEFAULT_PORT = 5060;
const DEFAULT_TLS_PORT = 5061;

/** RFC 3581 §3: does the client want responses at its source port? Looks at the text: a map of parameters costs more. */
export function asksRport(via: Via): boolean {
  if (!(via instanceof ParsedVia)) return via.params.has('rport');
  const { raw, end } = via;
  for (let pos = raw.indexOf(';', via.paramsStart); pos >= 0 && pos < end; pos = raw.indexOf(';', pos)) {
    pos = skipSpace(raw, pos + 1, end);
    const nameEnd = skipClass(raw, pos, end, TOKEN);
    if (nameEnd - pos === 5 && raw.slice(pos, nameEnd).toLowerCase() === 'rport') {
      // A semicolon may also stand in a quoted value: then the map decides.
      return !raw.includes('"') || via.params.has('rport');
    }
  }
  return false;
}

/**
 * The target of all responses to a request with this top Via. The address is always that of the packet's source: it
 * is either the sent-by host itself or what `received` says. `maddr` is for multicast only, which no listener has.
 */
export function responseTarget(via: Via, source: Source, asked = asksRport(via)): Target {
  const { transport, remoteAddress, remotePort, connectionId, local } = source;
  // RFC 3261 §18.2.2: the connection of the request first; if it is gone, a new one to the port of sent-by.
  if (source.reliable) {
    return { transport, address: remoteAddress, port: sentByPort(via, transport), connectionId, local };
  }
  // RFC 3581 §4: with rport to the source port, and from the address and port at which the request arrived.
  const port = asked ? remotePort : sentByPort(via, transport);
  return { transport, address: remoteAddress, port, local };
}

function sentByPort(via: Via, transport: Source['transport']): number {
  return via.port ?? (transport === 'TLS' || transport === 'WSS' ? DEFAULT_TLS_PORT : DEFAULT_PORT);
}

/** What is added to the top Via of a received request; undefined when nothing has to be. */
export interface ViaAddition {
  /** Source address. */
  readonly received: string;
  /** Source port, when the client asked for it. */
  readonly rport: number | undefined;
}

/**
 * RFC 3261 §18.2.1: `received` when sent-by is a name or another address. RFC 3581 §4: with `rport` always both.
 */
export function viaAddition(via: Via, source: Source, asked = asksRport(via)): ViaAddition | undefined {
  if (!asked && sameAddress(via.host, source.remoteAddress)) return undefined;
  return { received: source.remoteAddress, rport: asked ? source.remotePort : undefined };
}

/** Textual, as both write the same address: another spelling of it costs a `received` too many, which harms nobody. */
function sameAddress(host: string, address: string): boolean {
  return host.charCodeAt(0) === 0x5b ? host.slice(1, -1) === address.toLowerCase() : host === address;
}
