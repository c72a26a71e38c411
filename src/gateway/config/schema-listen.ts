// `sip.listen` and what belongs to its listeners.

import * as z from 'zod';
import { err, ok, type Result } from '../../base/index.ts';
import { parseAdvertise, parseListenUrl } from './fields.ts';
import { documented, parsed } from './schema-kit.ts';

export const listen = z
  .union([
    parsed(parseListenUrl),
    z.strictObject({
      url: documented(parsed(parseListenUrl), {
        type: '`udp://ADDRESS[:PORT]`, `tcp://…`, `tls://…`, `ws://…` or `wss://…`',
        says: 'Where to listen; IPv6 in brackets. Without a port 5060, for `tls` 5061, `ws` 80, `wss` 443; port 0 takes any free port (for tests).',
        example: 'tcp://10.0.0.9:5060',
      }),
      advertise: documented(parsed(parseAdvertise).exactOptional(), {
        type: '`HOST[:PORT]`',
        default: '`sip.advertise`, else the bound address',
        says: 'What Via and Contact say for this listener.',
        example: 'gw.example.net',
      }),
    }),
  ])
  .transform((value) =>
    'url' in value
      ? { ...value.url, ...(value.advertise === undefined ? {} : { advertise: value.advertise }) }
      : value,
  );

export const origins = documented(z.array(parsed(parseOrigin)).default([]), {
  type: 'list of origins such as `https://phone.example.net`, or `"*"`',
  default: 'none: clients that are no browsers',
  says: 'Web pages that may connect over WebSocket (RFC 6455 section 10.2). A browser says whose page it shows; without this list any page that somebody in a trusted network opens could speak for him.',
  example: '["https://phone.example.net"]',
});

/** Reads `SCHEME://HOST[:PORT]`, as browsers write it (RFC 6454 §6.2), or `*`. */
function parseOrigin(text: string): Result<string, string> {
  if (text === '*') return ok(text);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    return err('must be an origin such as https://phone.example.net');
  }
  return url.origin === text.toLowerCase() ? ok(url.origin) : err(`must be an origin: ${url.origin}`);
}
