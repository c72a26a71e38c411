// The part of the configuration that says how presence crosses, for one domain or for all.

import * as z from 'zod';
import { parseXcapRoot } from './fields.ts';
import { parseListUri, parseNextHop } from './next-hop.ts';
import {
  certificatesSchema,
  documented,
  parsed,
  printable,
  SECRET_TYPE,
  secretSchema,
  type SecretSources,
} from './schema-kit.ts';

/** `of`: for whom it is; `more`: keys that hold for everybody. */
export function presenceSchema<More extends z.ZodRawShape>(of: string, sources: SecretSources, more: More) {
  const secret = secretSchema(sources);
  return z.strictObject({
    ...more,
    model: documented(z.enum(['end-to-end', 'presence-server', 'published']), {
      says: `How presence crosses for ${of}: \`end-to-end\`, by subscriptions between the users themselves (RFC 8048); \`presence-server\`, through a SIP presence server, to which XMPP users are published and which knows who watches them; \`published\`, for SIP users: the gateway keeps what their phones publish (RFC 3903), and every XMPP user who asks sees it.`,
      example: 'presence-server',
    }),
    server: documented(parsed(parseNextHop).exactOptional(), {
      type: 'a SIP URI without user',
      default: 'none; needed for `presence-server`, and only there',
      says: `Where the presence server of ${of} is; with \`;lr\` a Route is added.`,
      example: '"sip:presence.example.net;lr"',
    }),
    lists: documented(parsed(parseListUri).exactOptional(), {
      type: 'a SIP URI with a user',
      default: 'absent: each contact is subscribed to by himself',
      says: `The resource list service at that server, by which one subscription tells an XMPP user of many contacts (RFC 4662), for ${of}. With a \`*\` in its user part it is a list that the server keeps for each XMPP user, whose name stands for the star; the gateway does not write such lists. Without one it is the server that takes the list in the request (RFC 5367), 50 contacts at a time. Who is not in the list, and everybody while the server refuses it, is subscribed to by himself.`,
      example: '"sip:rls@presence.example.net"',
    }),
    xcap: documented(
      z
        .strictObject({
          root: documented(parsed(parseXcapRoot), {
            type: 'an HTTP or HTTPS URL',
            says: `The XCAP root for ${of} (RFC 4825): rules are at \`ROOT/pres-rules/users/sip:USER@DOMAIN/index\`.`,
            example: '"https://xcap.example.net/xcap-root"',
          }),
          ca: documented(certificatesSchema(sources).exactOptional(), {
            type: 'a path',
            default: 'none: those that Node trusts, and NODE_EXTRA_CA_CERTS',
            says: `A file of certificates (PEM). Only who has one of these, or one that they have signed, is the XCAP server for ${of}; it is read again with the configuration.`,
            example: '"/etc/stoxgate/xcap-ca.pem"',
          }),
          user: documented(printable.exactOptional(), {
            type: 'text',
            default: 'none: a challenge is a refusal',
            says: `The user name with which the gateway answers a challenge (digest) about ${of}.`,
            example: 'gw',
          }),
          password: documented(secret.exactOptional(), {
            type: SECRET_TYPE,
            default: 'none',
            says: `The password about ${of}.`,
            example: '{ env: XCAP_PASSWORD }',
          }),
        })
        .exactOptional(),
      {
        default: 'absent: the presence server alone decides who may watch',
        says: `How the decisions of XMPP users about their SIP watchers reach the presence server, for ${of}: as rules (RFC 5025) that the gateway writes.`,
        example: '{ root: "https://xcap.example.net/xcap-root" }',
      },
    ),
  });
}

export const location = documented(z.enum(['hide', 'share']).default('hide'), {
  says: 'Whether it crosses, both ways, where somebody is and which time zone he has (RFC 4119, RFC 4480, XEP-0080). What a SIP user allows nobody to pass on never does.',
  example: 'share',
});
