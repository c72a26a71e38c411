// One rule of `domains`: a domain, its names on both sides, and what is different for its users.

import * as z from 'zod';
import { parseSipPattern, parseXmppPattern } from './fields.ts';
import { documented, parsed, type SecretSources } from './schema-kit.ts';
import { messageType } from './schema-messages.ts';
import { presenceSchema } from './schema-presence.ts';

/** What no domain can hold, and both kinds of local part can (docs/configuration.md, "Rules"). */
const SEPARATORS = ['!', '$', '*', '+', '=', '~'] as const;

/** One rule of `domains`. */
export function domainRule(sources: SecretSources) {
  return z.strictObject({
    home: documented(z.enum(['sip', 'xmpp']), {
      says: 'On which side the users of this domain live.',
      example: 'sip',
    }),
    sip: documented(parsed(parseSipPattern), {
      type: 'domain, `*.domain` or `"*"`',
      says: 'What the domain is called in SIP.',
      example: 'example.net',
    }),
    xmpp: documented(parsed(parseXmppPattern), {
      type: 'domain, `*.domain` or `"*"`',
      says: 'What the domain is called in XMPP.',
      example: 'example.net',
    }),
    separator: documented(z.enum(SEPARATORS).exactOptional(), {
      default: 'the escape of the other side: `\\40` in a JID, `%40` in a SIP user part',
      says: 'Stands for the "@" of a foreign address that is folded into a local part; only with `"*"` on the home side alone.',
      example: '"*"',
    }),
    sips: documented(z.enum(['refuse', 'carry']).exactOptional(), {
      default: '`refuse`',
      says: 'What becomes of a request from SIP for a `sips:` address of this domain, which asks for TLS on every hop (RFC 7247 section 8, RFC 5630): it is refused, since XMPP cannot promise that; or the operator promises it by `carry`. Only for `home: xmpp`. It has to come over TLS in any case.',
      example: 'carry',
    }),
    messages: documented(
      z
        .strictObject({
          type: documented(messageType, {
            says: 'The same as `messages.type` of the file, for messages to the users of this domain.',
            example: 'chat',
          }),
        })
        .exactOptional(),
      {
        default: '`messages` of the file',
        says: 'How messages are translated for the users of this domain; only for `home: xmpp`.',
        example: '{ type: chat }',
      },
    ),
    presence: documented(presenceSchema('the users of this domain', sources, {}).exactOptional(), {
      default: '`presence` of the file',
      says: 'How presence crosses for the users of this domain.',
      example: '{ model: presence-server, server: "sip:presence.example.net" }',
    }),
  });
}
