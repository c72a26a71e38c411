// The configuration: one schema for the types, the defaults, the messages and the reference page
// (docs/configuration.md is generated from it). Names in `Config` are the names in the file.

import * as z from 'zod';
import { MAX_TOKEN_KEYS } from '../../base/index.ts';
import { parseAdvertise, parseHostPort, parseStore, parseSipPattern, parseUnixSocket } from './fields.ts';
import { later } from './later.ts';
import { parseNextHop } from './next-hop.ts';
import { digestAlgorithms, identity, trusted, users } from './schema-belief.ts';
import { dns, log } from './schema-local.ts';
import { callsSchema } from './schema-calls.ts';
import { domainRule } from './schema-domains.ts';
import { location, presenceSchema } from './schema-presence.ts';
import { listen, origins } from './schema-listen.ts';
import { ledger, messages, offline } from './schema-messages.ts';
import { limits, policy } from './schema-policy.ts';
import { mediaRelay } from './schema-relay.ts';
import { routes } from './schema-routes.ts';
import { telephony } from './schema-telephony.ts';
import { xmppSchema } from './schema-xmpp.ts';
import {
  documented,
  keySchema,
  name,
  parsed,
  printable,
  SECRET_TYPE,
  secretSchema,
  type SecretSources,
} from './schema-kit.ts';
import { tlsSchema } from './schema-tls.ts';

function sipSchema(secret: ReturnType<typeof secretSchema>, sources: SecretSources) {
  return z.strictObject({
    listen: documented(z.array(listen).min(1).prefault(['udp://0.0.0.0:5060', 'tcp://0.0.0.0:5060']), {
      type: 'list of `udp://ADDRESS[:PORT]`, `tcp://…`, `tls://…`, `ws://…`, `wss://…` or `{ url, advertise }`',
      says: 'Where the gateway listens for SIP: UDP, TCP, TLS, WebSocket (RFC 7118) and WebSocket over TLS. It sends only over transports on which it listens, and never calls over WebSocket.',
      example: '["udp://10.0.0.9:5060", { url: "tls://[2001:db8::9]:5061", advertise: gw.example.net }]',
    }),
    advertise: documented(parsed(parseAdvertise).exactOptional(), {
      type: '`HOST[:PORT]`',
      default: 'the bound address',
      says: 'What Via and Contact say, when it is not the bound address.',
      example: 'gw.example.net',
    }),
    tls: documented(tlsSchema('SIP', parseSipPattern, sources).exactOptional(), {
      type: '`{ certificate, key, ca }`, or a list of these, each with `domain`',
      default: 'none; needed for `tls://` and `wss://`, and only there',
      says: 'With which certificate the gateway shows who it is over TLS, and by which authorities it verifies its peers (RFC 5922).',
      example: '{ certificate: gw.pem, key: gw.key, ca: ca.pem }',
    }),
    origins,
    next_hops: documented(
      z
        .record(
          parsed(parseSipPattern),
          z
            .union([parsed(parseNextHop), z.array(parsed(parseNextHop)).min(1).max(16)])
            .transform((value) => (typeof value === 'string' ? [value] : value)),
        )
        .default({}),
      {
        type: 'a SIP URI, or a list tried in order, for each domain, `*.domain` or `"*"`',
        says: 'Where requests for a domain go, instead of asking DNS (RFC 3263); with `;lr` a Route is added and the Request-URI stays.',
        example:
          '{ example.net: ["sip:10.0.0.5:5060;transport=udp;lr", "sip:10.0.0.6:5060;transport=udp;lr"] }',
      },
    ),
    trusted,
    credentials: documented(
      z
        .array(
          z.strictObject({
            realm: documented(printable, {
              type: 'text',
              says: 'The realm of the challenge.',
              example: 'example.net',
            }),
            user: documented(printable, {
              type: 'text',
              says: 'The user name of the answer.',
              example: 'gw',
            }),
            password: documented(secret, {
              type: SECRET_TYPE,
              says: 'The password.',
              example: '{ env: SIP_PASSWORD }',
            }),
          }),
        )
        .default([]),
      {
        type: 'list of `{ realm, user, password }`',
        says: 'How challenges of next hops are answered (RFC 3261 section 22, RFC 8760).',
        example: '[{ realm: example.net, user: gw, password: { env: SIP_PASSWORD } }]',
      },
    ),
    users: users(secret),
    digest_algorithms: digestAlgorithms,
    identity: identity(sources),
  });
}

function consoleSchema(secret: ReturnType<typeof secretSchema>) {
  return z.strictObject({
    listen: documented(parsed((text) => parseHostPort(text, undefined, 0)).prefault('127.0.0.1:8080'), {
      type: '`ADDRESS:PORT`',
      says: 'Where `GET /healthz`, `GET /metrics` and `GET /api/status` are served, without TLS.',
      example: '"127.0.0.1:8080"',
    }),
    token: documented(secret.exactOptional(), {
      type: SECRET_TYPE,
      default: 'none: `GET /api/status` is not served',
      says: 'The bearer token that `GET /api/status` asks for.',
      example: '{ file: console-token }',
    }),
  });
}

/** The whole schema. Secrets are resolved while it parses, so that a missing one is a finding at its own line. */
export function configSchema(sources: SecretSources) {
  const secret = secretSchema(sources);
  return later(
    z.strictObject({
      domains: documented(z.array(domainRule(sources)).min(1), {
        type: 'list of `{ home, sip, xmpp, separator, sips, messages, presence }`',
        says: 'Which domains exist, on which side their users live, and what they are called on each side.',
        example: '[{ home: sip, sip: example.net, xmpp: example.net }]',
      }),
      sip: documented(sipSchema(secret, sources).prefault({}), { says: 'The SIP side.' }),
      xmpp: documented(xmppSchema(secret, sources).prefault({}), { says: 'The XMPP side.' }),
      messages: documented(messages.prefault({}), { says: 'How messages are translated.' }),
      presence: documented(
        presenceSchema('all other users', sources, { location }).prefault({ model: 'end-to-end' }),
        {
          says: 'How presence crosses, unless a rule of `domains` says it otherwise.',
          example: '{ model: end-to-end }',
        },
      ),
      offline: documented(offline.prefault({}), {
        says: 'What becomes of messages for SIP users who cannot be reached.',
      }),
      policy,
      limits,
      calls: callsSchema,
      media_relay: mediaRelay,
      telephony,
      store: documented(parsed(parseStore).prefault('sqlite:stoxgate.db'), {
        type: '`sqlite:PATH`, `postgres://USER@HOST/DATABASE` or `memory:`',
        says: 'Where state is kept beyond a restart. One gateway process uses an SQLite file at a time; `memory:` forgets everything at the end.',
        example: 'sqlite:/var/lib/stoxgate/stoxgate.db',
      }),
      durability: documented(z.enum(['full', 'none']).default('full'), {
        says: 'Whether messages from XMPP without an outcome, and subscriptions of SIP users, are in the store, so that a restart loses none; `none` is quicker.',
        example: 'none',
      }),
      dns: documented(dns.prefault({}), { says: 'How servers of either side are found.' }),
      keys: documented(z.array(keySchema(sources)).min(1).max(MAX_TOKEN_KEYS).exactOptional(), {
        type: `list of one or two of ${SECRET_TYPE}`,
        default: '`stoxgate.key` beside this file',
        says: 'Secrets of at least 32 characters that sign what comes back to the gateway in identifiers; the first signs, the second, the one before it, is still understood. A file that is not there is made at the start, readable for its owner alone.',
        example: '[{ file: token-key }]',
      }),
      node: documented(name(64).default('stoxgate'), {
        type: 'text of letters, digits, ".", "_" and "-"',
        says: "This gateway's name among several, in its log and its status.",
        example: 'gw1',
      }),
      routes,
      admin: documented(parsed(parseUnixSocket).exactOptional(), {
        type: '`unix:PATH`',
        default: 'absent: `stoxgate message` cannot ask',
        says: 'The socket through which `stoxgate message` asks the running gateway; only the user that the gateway runs as, and root, can open it.',
        example: 'unix:stoxgate.sock',
      }),
      ledger: documented(ledger, {
        type: '`{ rows, hours }` or `off`',
        default: '`{ rows: 100000, hours: 168 }`',
        says: 'What is remembered of each message: who, when, where to and what became of it, and never what was written; `off` remembers nothing and forgets what there was.',
        example: '{ rows: 1000000, hours: 24 }',
      }),
      console: documented(consoleSchema(secret).exactOptional(), {
        default: 'absent: no HTTP is served',
        says: 'Health, metrics and status over HTTP.',
      }),
      log: documented(log.prefault({}), { says: 'The log, written to standard error.' }),
    }),
    ['timers'],
  );
}

export type Config = z.output<ReturnType<typeof configSchema>>;
export type ConfiguredDomain = Config['domains'][number];
export type ConfiguredComponent = Config['xmpp']['components'][number];
export type ConfiguredTrust = Config['sip']['trusted'][number];
export type ConfiguredPresence = Omit<Config['presence'], 'location'>;
export type ConfiguredServer = NonNullable<Config['xmpp']['server']>;
