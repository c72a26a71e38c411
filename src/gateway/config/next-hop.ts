// Next hops: SIP URIs that an operator writes instead of asking DNS.

import { canonicalIp, err, ok, type Result } from '../../base/index.ts';
import { parseSipUri } from '../../sip/index.ts';
import { parseHostPort } from './fields.ts';

/**
 * Reads `sip:HOST[:PORT][;transport=udp|tcp|tls][;lr]`, or `sips:` for TLS. A next hop is a place, not a person: no user part and no
 * headers (RFC 3261 §19.1.1). Returned as written.
 */
export function parseNextHop(text: string): Result<string, string> {
  const colon = text.indexOf(':');
  const scheme = text.slice(0, Math.max(colon, 0)).toLowerCase();
  if (scheme !== 'sip' && scheme !== 'sips')
    return err('must be a SIP URI such as sip:10.0.0.5:5060;transport=udp;lr');
  if (text.includes('@')) return err('a next hop has no user part');
  if (text.includes('?')) return err('a next hop has no "?" headers');
  const [place = ''] = text.slice(colon + 1).split(';', 1);
  // First by hand, whose reasons name the part that is wrong.
  const host = parseHostPort(place, 5060);
  if (!host.ok) return host;
  const uri = parseSipUri(text);
  if (!uri.ok) return err(uri.error.message);
  const fault =
    transportFault(scheme === 'sips', uri.value.params.get('transport')) ??
    maddrFault(uri.value.params.get('maddr'));
  return fault === undefined ? ok(text) : err(fault);
}

/** Reads the URI of a list, or of a server of lists (RFC 4662, RFC 5367): a person's, with one "*" in the user part at most. */
export function parseListUri(text: string): Result<string, string> {
  const uri = parseSipUri(text);
  if (!uri.ok) return err(uri.error.message);
  if (uri.value.scheme !== 'sip')
    return err('sips: a list is asked for by its sip: URI, over TLS where its server is');
  if (uri.value.user === undefined || uri.value.password !== undefined) {
    return err('must be a SIP URI with a user, such as sip:rls@presence.example.net');
  }
  if (text.includes('?')) return err('has no "?" headers');
  const stars = text.split('*').length - 1;
  if (stars > 1 || text.lastIndexOf('*') > text.indexOf('@')) {
    return err('has one "*" at most, in the place of the name of a user');
  }
  return ok(text);
}

function transportFault(secure: boolean, transport: string | undefined): string | undefined {
  switch (transport?.toLowerCase()) {
    case undefined:
    case 'tcp':
    case 'tls':
      return undefined;
    case 'udp':
      return secure ? 'sips is TLS, which does not run over UDP' : undefined;
    case 'ws':
    case 'wss':
      return `transport=${transport}: over WebSocket only clients call (RFC 7118)`;
    default:
      return 'transport is udp, tcp or tls';
  }
}

function maddrFault(maddr: string | undefined): string | undefined {
  return maddr === undefined || canonicalIp(maddr) !== undefined ? undefined : 'maddr is an address';
}
