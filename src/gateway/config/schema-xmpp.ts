// The schema of `xmpp`: component links, and the gateway as an XMPP server of its own.

import * as z from 'zod';
import { isHost, parseXmppDomain, parseXmppPattern } from './fields.ts';
import { documented, parsed, SECRET_TYPE, type secretSchema, type SecretSources } from './schema-kit.ts';
import { tlsSchema } from './schema-tls.ts';
import { parseServerListen, parseServerPlace } from './server-fields.ts';

const XMPP_COMPONENT_PORT = 5347;
const MAX_PLACES = 16;

function serverSchema(sources: SecretSources) {
  return z.strictObject({
    listen: documented(
      z.array(parsed(parseServerListen)).min(1).prefault(['tcp://0.0.0.0:5269', 'tls://0.0.0.0:5270']),
      {
        type: 'list of `tcp://ADDRESS[:PORT]` (STARTTLS) or `tls://ADDRESS[:PORT]`',
        says: 'Where other XMPP servers connect; port 5269 or 5270 when absent, port 0 takes any free port (for tests).',
        example: '["tcp://[::]:5269", "tls://[::]:5270"]',
      },
    ),
    tls: documented(tlsSchema('XMPP', parseXmppPattern, sources), {
      type: '`{ certificate, key, ca, domain }`, or a list of them',
      says: 'The certificates of the domains that the gateway speaks for; a peer is shown the one for the domain that it asks for, by SNI or before STARTTLS by its stream header, the first when none fits.',
      example: '{ certificate: gw.pem, key: gw.key }',
    }),
    dialback: documented(z.enum(['never', 'over-tls']).default('never'), {
      says: 'Whether a domain may be proved by dialback (XEP-0220) where its certificate does not prove it; `over-tls` believes DNS, and never leaves TLS out.',
      example: 'over-tls',
    }),
    certified: documented(z.array(parsed(parseXmppPattern)).max(1000).default([]), {
      type: 'list of XMPP domains, `*.domain` or `"*"`',
      says: 'Domains that only their certificates prove, whatever `dialback` says: with their servers no dialback is done, in either direction.',
      example: '[bank.example, "*.gov.example"]',
    }),
    next_hops: documented(
      z
        .record(
          parsed(parseXmppPattern),
          z
            .union([parsed(parseServerPlace), z.array(parsed(parseServerPlace)).min(1).max(MAX_PLACES)])
            .transform((value) => (Array.isArray(value) ? value : [value])),
        )
        .default({}),
      {
        type: '`[tcp://|tls://]HOST[:PORT]`, or a list tried in order, for each domain, `*.domain` or `"*"`',
        says: 'Where the XMPP server of a domain is, instead of asking DNS (RFC 6120 section 3.2).',
        example: '{ example.org: "10.0.0.7:5269", "*.example.org": ["tls://10.0.0.8", "10.0.0.9"] }',
      },
    ),
  });
}

export function xmppSchema(secret: ReturnType<typeof secretSchema>, sources: SecretSources) {
  return z.strictObject({
    components: documented(
      z
        .array(
          z.strictObject({
            domain: documented(parsed(parseXmppDomain), {
              type: 'domain',
              says: 'The component domain; given twice, the second is used while the first is down.',
              example: 'sip.example.org',
            }),
            host: documented(
              z.string().refine(isHost, 'is not an address or a host name').default('127.0.0.1'),
              {
                type: 'address or host name',
                says: 'The XMPP server. The link is plain TCP: loopback or a network you trust.',
                example: '127.0.0.1',
              },
            ),
            port: documented(z.int().min(1).max(65535).default(XMPP_COMPONENT_PORT), {
              says: 'Its component port.',
              example: '5347',
            }),
            secret: documented(secret, {
              type: SECRET_TYPE,
              says: 'The secret shared with the server.',
              example: '{ file: component-secret }',
            }),
          }),
        )
        .default([]),
      {
        type: 'list of `{ domain, host, port, secret }`',
        says: 'Component links to XMPP servers (XEP-0114).',
        example: '[{ domain: example.net, host: 127.0.0.1, port: 5347, secret: { file: component-secret } }]',
      },
    ),
    server: documented(serverSchema(sources).exactOptional(), {
      default: 'absent: only components',
      says: 'The gateway as an XMPP server of its own (RFC 6120 server-to-server), for the domains of `home: sip` rules that no component has.',
      example: '{ tls: { certificate: gw.pem, key: gw.key } }',
    }),
  });
}
