// The part of the configuration that says who is believed on the SIP side: networks, accounts, signed identities.

import * as z from 'zod';
import { err, ok, type Result } from '../../base/index.ts';
import { readAuthorities } from '../../edge/identity/index.ts';
import { OFFERED_ALGORITHMS } from '../../sip/index.ts';
import { parseHostPort, parseNetwork, parseSipDomain, parseSipPattern } from './fields.ts';
import {
  documented,
  parsed,
  printable,
  SECRET_TYPE,
  type secretSchema,
  type SecretSources,
} from './schema-kit.ts';

const network = z
  .union([
    z.string(),
    z.strictObject({
      network: documented(z.string(), {
        type: 'network in prefix notation',
        says: 'The network; a bare address is a network of one.',
        example: '10.1.0.0/16',
      }),
      domains: documented(z.array(parsed(parseSipPattern)).min(1).exactOptional(), {
        type: 'list of domains, `*.domain` or `"*"`',
        default: 'every domain of the `home: sip` rules',
        says: 'For which SIP domains a From from this network is believed.',
        example: '[corp.example]',
      }),
      asserted: documented(z.boolean().exactOptional(), {
        default: '`false`',
        says: 'Whether P-Asserted-Identity from this network stands for From (RFC 3325), unless Privacy forbids to show it. From other networks it is never read.',
        example: 'true',
      }),
    }),
  ])
  .transform((value, context) => {
    const rule = typeof value === 'string' ? { network: value } : value;
    const read = parseNetwork(rule.network);
    if (read.ok) return rule;
    context.issues.push({
      code: 'custom',
      message: read.error,
      input: value,
      path: typeof value === 'string' ? [] : ['network'],
    });
    return z.NEVER;
  });

export const trusted = documented(z.array(network).default([]), {
  type: 'list of networks or `{ network, domains, asserted }`',
  says: 'Networks whose From is believed, and for which domains. Who is elsewhere has to prove it: by a certificate, by a password (`sip.users`) or by a signature (`sip.identity`); else he is refused.',
  example: '["10.0.0.5/32", { network: 10.1.0.0/16, domains: [corp.example] }]',
});

/** `user@domain` or `*@domain`. */
export function parseFrom(text: string): Result<string, string> {
  const at = text.lastIndexOf('@');
  if (at < 1) return err('must look like user@domain, or *@domain for everybody there');
  const domain = parseSipDomain(text.slice(at + 1));
  return domain.ok ? ok(`${text.slice(0, at)}@${domain.value}`) : domain;
}

const HA1_CHARS = { MD5: 32, 'SHA-256': 64 } as const;

/** H(user:realm:password) by its length. */
function parseHa1(
  text: string,
): Result<{ readonly algorithm: 'MD5' | 'SHA-256'; readonly hex: string }, string> {
  const hex = text.toLowerCase();
  if (!/^[0-9a-f]+$/.test(hex)) return err('is no hexadecimal hash');
  if (hex.length === HA1_CHARS.MD5) return ok({ algorithm: 'MD5', hex });
  if (hex.length === HA1_CHARS['SHA-256']) return ok({ algorithm: 'SHA-256', hex });
  return err('is neither MD5 (32 digits) nor SHA-256 (64 digits)');
}

type Secret = ReturnType<typeof secretSchema>;

function account(secret: Secret) {
  const hash = secret.transform((value, context) => {
    const read = parseHa1(value);
    if (read.ok) return read.value;
    context.issues.push({ code: 'custom', message: read.error, input: undefined });
    return z.NEVER;
  });
  return z
    .strictObject({
      user: documented(printable, { type: 'text', says: 'The user name of the digest.', example: 'bob' }),
      realm: documented(printable, {
        type: 'text',
        says: 'The realm with which he is challenged; usually his domain.',
        example: 'example.net',
      }),
      password: documented(secret.exactOptional(), {
        type: SECRET_TYPE,
        default: 'none; `password` or `ha1` has to be there',
        says: 'His password.',
        example: '{ env: BOB_PASSWORD }',
      }),
      ha1: documented(z.union([hash, z.array(hash).min(1).max(2)]).exactOptional(), {
        type: `${SECRET_TYPE}, or a list of two`,
        default: 'none',
        says: 'In place of the password the hash of `user:realm:password`, in hexadecimal: SHA-256, MD5, or both. A realm offers only what all its users have.',
        example: '{ file: bob.ha1 }',
      }),
      from: documented(z.array(parsed(parseFrom)).min(1).exactOptional(), {
        type: 'list of `USER@DOMAIN` or `*@DOMAIN`',
        default: '`USER@REALM`',
        says: 'The From addresses that he may use.',
        example: '["bob@example.net", "*@branch.example.net"]',
      }),
      web_phone: documented(z.boolean().default(false), {
        says: 'Whether his phone is a web page that connects to the gateway itself. What is for his From addresses then goes on the WebSocket connection on which he last proved himself, while it is open. Otherwise it goes to the next hop of his domain; without one he counts as absent (480).',
        example: 'true',
      }),
    })
    .transform(({ user, realm, password, ha1, from, web_phone }, context) => {
      const hashes = ha1 === undefined ? [] : Array.isArray(ha1) ? ha1 : [ha1];
      const [first, second] = hashes;
      const fault = (message: string, key: string): never => {
        context.issues.push({ code: 'custom', message, input: undefined, path: [key] });
        return z.NEVER;
      };
      // A key that is misspelt is told by itself.
      if (context.issues.length > 0) return z.NEVER;
      if ((password === undefined) === (first === undefined)) {
        return fault('needs either password or ha1', password === undefined ? 'user' : 'ha1');
      }
      if (second !== undefined && second.algorithm === first?.algorithm) {
        return fault('has two hashes of one algorithm', 'ha1');
      }
      let own = from;
      if (own === undefined) {
        const address = parseFrom(`${user}@${realm}`);
        if (!address.ok) return fault('is missing: the realm is no domain, so it has to be said', 'from');
        own = [address.value];
      }
      const secrets = Object.fromEntries(hashes.map(({ algorithm, hex }) => [algorithm, hex]));
      return { user, realm, from: own, web_phone, secret: password === undefined ? secrets : { password } };
    });
}

export const users = (secret: Secret) =>
  documented(z.array(account(secret)).max(100_000).default([]), {
    type: 'list of `{ user, realm, password, ha1, from, web_phone }`',
    says: 'Who may prove his From by a digest (RFC 3261 section 22, RFC 8760): requests from outside of `sip.trusted` are challenged with 401 when their From is that of one of these users.',
    example: '[{ user: bob, realm: example.net, password: { env: BOB_PASSWORD } }]',
  });

export const digestAlgorithms = documented(
  z
    .array(z.enum(OFFERED_ALGORITHMS))
    .min(1)
    .default([...OFFERED_ALGORITHMS]),
  {
    type: 'list of `SHA-256`, `MD5`',
    says: 'Which algorithms challenges offer, SHA-256 above MD5 (RFC 8760). Some phones give up at the first that they do not know, baresip 1.0 among them: `[MD5]` for these.',
    example: '[MD5]',
  },
);

/** `HOST` or `HOST:PORT`, as a URL has it. */
function parseCertificateHost(text: string): Result<string, string> {
  const place = parseHostPort(text, 443);
  if (!place.ok) return place;
  const { host, port } = place.value;
  const name = (host.includes(':') ? `[${host}]` : host).toLowerCase();
  return ok(port === 443 ? name : `${name}:${port}`);
}

/** The PEM text of a file with certificates. */
function certificates(sources: SecretSources) {
  return parsed((path) => {
    const file = sources.file(path);
    if (!file.ok) return file;
    const read = readAuthorities(file.value);
    return read.ok ? ok(file.value) : err(read.error);
  });
}

export const identity = (sources: SecretSources) =>
  documented(
    z
      .strictObject({
        hosts: documented(z.array(parsed(parseCertificateHost)).min(1).max(100), {
          type: 'list of `HOST[:PORT]`',
          says: 'From where certificates may be fetched, over HTTPS; what points elsewhere is refused with 436.',
          example: '[cert.example.org]',
        }),
        ca: documented(z.union([certificates(sources), z.array(certificates(sources)).min(1)]), {
          type: 'a file, or a list of files',
          says: 'PEM files with the authorities that have to vouch for these certificates. They may vouch for the HTTPS servers too, besides those that Node trusts.',
          example: 'identity-ca.pem',
        }),
        fresh: documented(z.int().min(1).max(3600).default(60), {
          says: 'How far the time of a signature may be from now (RFC 8224 section 6.2).',
          unit: 'seconds',
          example: '60',
        }),
      })
      .exactOptional(),
    {
      default: 'absent: Identity is not read',
      says: 'Believes a From that is signed by its domain (RFC 8224, RFC 8225): who is elsewhere and has no password needs a valid Identity header field.',
      example: '{ hosts: [cert.example.org], ca: identity-ca.pem }',
    },
  );
