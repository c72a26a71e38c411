// Next hops: SIP URIs that an operator writes instead of asking DNS.

import { isIP } from 'node:net';
import { err, ok, type Result } from '../../base/index.ts';
import { NOT_BUILT, parseHostPort } from './fields.ts';

/**
 * Reads `sip:HOST[:PORT][;transport=udp|tcp][;lr]`. A next hop is a place, not a person: no user part and no
 * headers (RFC 3261 §19.1.1). Returned as written.
 */
export function parseNextHop(text: string): Result<string, string> {
  const colon = text.indexOf(':');
  const scheme = text.slice(0, Math.max(colon, 0)).toLowerCase();
  if (scheme === 'sips') return err(`sips: (TLS) ${NOT_BUILT}`);
  if (scheme !== 'sip') return err('must be a SIP URI such as sip:10.0.0.5:5060;transport=udp;lr');
  if (text.includes('@')) return err('a next hop has no user part');
  if (text.includes('?')) return err('a next hop has no "?" headers');
  const [place = '', ...params] = text.slice(colon + 1).split(';');
  const host = parseHostPort(place, 5060);
  if (!host.ok) return host;
  for (const param of params) {
    const fault = paramFault(param);
    if (fault !== undefined) return err(fault);
  }
  return ok(text);
}

function paramFault(param: string): string | undefined {
  const [rawName = '', value] = param.split('=');
  const name = rawName.toLowerCase();
  switch (name) {
    case 'lr':
      return undefined;
    case 'transport': {
      const transport = value?.toLowerCase();
      if (transport === 'udp' || transport === 'tcp') return undefined;
      return transport === 'tls' || transport === 'ws' || transport === 'wss'
        ? `transport=${transport} ${NOT_BUILT}`
        : 'transport is udp or tcp';
    }
    case 'maddr':
      return value !== undefined && isIP(value) !== 0 ? undefined : 'maddr is an address';
    default:
      return /^[A-Za-z0-9\-_.!~*'()%]+$/.test(name) && (value === undefined || /^[!-:<-~]+$/.test(value))
        ? undefined
        : `";${param}" is not a URI parameter`;
  }
}
