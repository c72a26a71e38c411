// The part of the configuration that says who may do what, and how often.

import * as z from 'zod';
import { err, ok, type Result } from '../../base/index.ts';
import { addressPattern } from '../../policy/index.ts';
import { parseNetwork } from './fields.ts';
import { documented, parsed, printable } from './schema-kit.ts';

function parsePattern(text: string): Result<string, string> {
  return addressPattern(text) === undefined
    ? err('must be a domain, *.domain, user@domain, user@*.domain or "*"')
    : ok(text);
}

export const PATTERN_TYPE = 'a domain, `*.domain`, `user@domain` or `"*"`, or a list of these';
export const patterns = z
  .union([parsed(parsePattern), z.array(parsed(parsePattern)).min(1).max(1000)])
  .transform((value) => (typeof value === 'string' ? [value] : value));

const networkText = z.string().transform((value, context) => {
  const read = parseNetwork(value);
  if (read.ok) return value;
  context.issues.push({ code: 'custom', message: read.error, input: value });
  return z.NEVER;
});
const networks = z
  .union([networkText, z.array(networkText).min(1).max(1000)])
  .transform((value) => (typeof value === 'string' ? [value] : value));

const rule = z.strictObject({
  action: documented(z.enum(['allow', 'deny']), {
    says: 'What becomes of requests that the rule fits.',
    example: 'deny',
  }),
  direction: documented(z.enum(['to-xmpp', 'to-sip', 'both']).default('both'), {
    says: 'For which requests it is: those from SIP to XMPP, those from XMPP to SIP, or both.',
    example: 'to-xmpp',
  }),
  from: documented(patterns.exactOptional(), {
    type: PATTERN_TYPE,
    default: 'anybody',
    says: 'Who sends, by his address on either side.',
    example: '"*.spam.example"',
  }),
  to: documented(patterns.exactOptional(), {
    type: PATTERN_TYPE,
    default: 'anybody',
    says: 'Who is meant, by his address on either side.',
    example: '[sales@example.org, example.com]',
  }),
  network: documented(networks.exactOptional(), {
    type: 'a network in prefix notation, or a list of these',
    default: 'any',
    says: 'The source of a SIP request; requests from XMPP have none, so that such a rule never fits them.',
    example: '10.1.0.0/16',
  }),
  answer: documented(z.enum(['forbidden', 'declined', 'policy-violation']).default('forbidden'), {
    says: 'How a refusal is told: `forbidden` is 403 in SIP and `forbidden` in XMPP, `declined` is 603 and `not-allowed`, `policy-violation` is 403 and `policy-violation`.',
    example: 'declined',
  }),
  reason: documented(printable.max(200).exactOptional(), {
    type: 'text',
    default: '`The policy of the gateway forbids this`',
    says: 'What the refused sender is told besides, in Warning and in the text of the error.',
    example: 'No messages from outside of the company',
  }),
});

export const policy = documented(z.array(rule).max(10_000).default([]), {
  type: 'list of `{ action, direction, from, to, network, answer, reason }`',
  says: 'Who may send messages and ask for presence. The first rule that fits decides; where none does, it is allowed. What ends something is never refused.',
  example: '[{ action: deny, from: "*.spam.example", reason: "Not from there" }]',
});

/** `whose`: in words, since each key is described by its own. */
const limit = (says: string, whose: string) =>
  documented(
    z
      .strictObject({
        rate: documented(z.number().min(0.01).max(1_000_000), {
          type: 'number, 0.01 to 1000000',
          says: `How many may come from ${whose} in a second, on the average.`,
          example: '10',
        }),
        burst: documented(z.int().min(1).max(1_000_000).exactOptional(), {
          default: 'twice `rate`, at least 1',
          says: `How many may come from ${whose} at once, after a quiet time.`,
          example: '30',
        }),
      })
      .exactOptional(),
    { default: 'no limit', says, example: '{ rate: 10, burst: 30 }' },
  );

export const limits = documented(
  z
    .strictObject({
      peer: limit(
        'For each address that SIP requests come from, and for each component that stanzas come by.',
        'one peer',
      ),
      domain: limit('For each domain of senders.', 'one domain'),
      user: limit('For each sender (bare address).', 'one user'),
    })
    .prefault({}),
  {
    says: 'How often messages, questions and subscriptions may come from one of each; what is more is refused with 480 and Retry-After, or `resource-constraint`.',
  },
);
