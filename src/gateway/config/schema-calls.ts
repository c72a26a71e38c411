// The part of the configuration that is about calls: who may call whom, and how many there may be.

import * as z from 'zod';
import { err, ok, type Result } from '../../base/index.ts';
import { numberPattern } from '../../policy/index.ts';
import { PATTERN_TYPE, patterns } from './schema-policy.ts';
import { documented, parsed } from './schema-kit.ts';

function parseNumber(text: string): Result<string, string> {
  return numberPattern(text) === undefined
    ? err('must be a telephone number as it is dialled, its beginning before "*", or "*"')
    : ok(text);
}

const numbers = z
  .union([parsed(parseNumber), z.array(parsed(parseNumber)).min(1).max(1000)])
  .transform((value) => (typeof value === 'string' ? [value] : value));

const rule = z.strictObject({
  action: documented(z.enum(['allow', 'deny']), {
    says: 'What becomes of calls that the rule fits.',
    example: 'allow',
  }),
  direction: documented(z.enum(['to-xmpp', 'to-sip', 'both']).default('both'), {
    says: 'For which calls it is: those from SIP to XMPP, those from XMPP to SIP, or both.',
    example: 'to-sip',
  }),
  from: documented(patterns.exactOptional(), {
    type: PATTERN_TYPE,
    default: 'anybody',
    says: 'Who calls, by his address on either side.',
    example: 'example.com',
  }),
  to: documented(patterns.exactOptional(), {
    type: PATTERN_TYPE,
    default: 'anybody',
    says: 'Who is called, by his address on either side.',
    example: 'sales@example.org',
  }),
  number: documented(numbers.exactOptional(), {
    type: 'a telephone number, its beginning before `*`, or `"*"`; or a list of these',
    default: 'with `allow` no telephone number, with `deny` any',
    says: 'Which telephone numbers are called: user parts of digits, and those with `user=phone`. It is compared with what is dialled, without "-", ".", "(", ")" and spaces.',
    example: '["+4930*", "110"]',
  }),
});

const calls = z.int().min(1).max(1_000_000);

export const callsSchema = documented(
  z
    .strictObject({
      enabled: documented(z.boolean().default(true), {
        says: 'Whether calls are carried: INVITE (RFC 3261) to Jingle (XEP-0166) and back. Media go between the endpoints, never through the gateway.',
        example: 'false',
      }),
      rules: documented(z.array(rule).max(10_000).default([]), {
        type: 'list of `{ action, direction, from, to, number }`',
        says: 'Who may call whom. The first rule that fits decides; where none does, a call is allowed, except one to a telephone number, which is refused with 403 or `forbidden`.',
        example: '[{ action: allow, direction: to-sip, from: example.com, number: "+4930*" }]',
      }),
      session_timer: documented(z.int().min(90).max(86_400).default(1800), {
        type: 'seconds',
        says: 'How long an answered call may go on without a sign of life: the interval of session timers (RFC 4028) on the SIP side, and twice the time after which a silent XMPP client is asked whether it is still there. It holds for calls that are answered from then on.',
        example: '600',
      }),
      limits: documented(
        z
          .strictObject({
            user: documented(calls.default(4), {
              says: 'Calls of one user at the same time, those that ring among them.',
              example: '2',
            }),
            domain: documented(calls.default(1000), {
              says: 'Calls of one domain at the same time.',
              example: '100',
            }),
            total: documented(calls.default(5000), {
              says: 'Calls at the same time.',
              example: '500',
            }),
            attempts: documented(calls.default(20), {
              says: 'Calls that one user may begin in a minute.',
              example: '10',
            }),
          })
          .prefault({}),
        {
          says: 'How many calls there may be; what is more is refused as by `limits` of the file.',
          example: '{ user: 2, total: 500 }',
        },
      ),
    })
    .prefault({}),
  { says: 'Calls between SIP and XMPP: their signalling.' },
);
