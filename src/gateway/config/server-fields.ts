// Values of `xmpp.server` with a grammar of their own. Sources: RFC 6120 §3.2.2 (port 5269), XEP-0368.

import { canonicalIp, err, ok, type Result } from '../../base/index.ts';
import type { ServerListen, ServerPlace } from '../../edge/xmpp/index.ts';
import { parseHostPort } from './fields.ts';

const SERVER_PORT = 5269;
/** By custom: no number is registered for server-to-server streams that begin with TLS. */
const DIRECT_TLS_PORT = 5270;

/** Reads `tcp://ADDRESS[:PORT]` or `tls://…`. */
export function parseServerListen(text: string): Result<ServerListen, string> {
  const place = parsePlace(text, 0);
  if (!place.ok) return place;
  if (!text.includes('://')) return err('must look like tcp://ADDRESS:PORT or tls://ADDRESS:PORT');
  if (canonicalIp(place.value.host) === undefined)
    return err(`"${place.value.host}" is a name; a listener needs an address, such as 127.0.0.1 or [::1]`);
  return place;
}

/** Reads `HOST[:PORT]`, `tcp://HOST[:PORT]` or `tls://HOST[:PORT]`. */
export function parseServerPlace(text: string): Result<ServerPlace, string> {
  return parsePlace(text, 1);
}

function parsePlace(text: string, lowestPort: number): Result<ServerPlace, string> {
  const end = text.indexOf('://');
  const scheme = end < 0 ? 'tcp' : text.slice(0, end).toLowerCase();
  if (scheme !== 'tcp' && scheme !== 'tls')
    return err(`unknown scheme "${scheme}"; use tcp:// (STARTTLS) or tls://`);
  const port = scheme === 'tcp' ? SERVER_PORT : DIRECT_TLS_PORT;
  const place = parseHostPort(end < 0 ? text : text.slice(end + 3), port, lowestPort);
  return place.ok ? ok({ transport: scheme === 'tcp' ? 'TCP' : 'TLS', ...place.value }) : place;
}
