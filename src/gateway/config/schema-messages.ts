// The part of the configuration that is about messages: how they are translated, kept and remembered.

import * as z from 'zod';
import { parseSipPattern } from './fields.ts';
import { documented, parsed } from './schema-kit.ts';

/** Of a message stanza, where `mirror` is the one of the other direction. */
export const messageType = z.enum(['mirror', 'normal', 'chat']);

export const messages = z.strictObject({
  accepted: documented(z.literal([202, 200]).default(202), {
    says: 'The SIP status that says "the XMPP server has it" (RFC 3428 section 7).',
    example: '202',
  }),
  type: documented(messageType.default('mirror'), {
    says: 'The type of messages towards XMPP; `mirror` takes the one that the XMPP user last used in the conversation, else `normal`.',
    example: 'chat',
  }),
  encrypted: documented(z.enum(['refuse', 'fallback']).default('refuse'), {
    says: 'What becomes of an end-to-end encrypted message from XMPP: `not-acceptable` back to its sender, or its unencrypted fallback text goes out.',
    example: 'fallback',
  }),
  composing: documented(z.enum(['learned', 'always', 'never']).default('learned'), {
    says: 'Whether "is composing" goes to SIP; `learned` only to a peer that has shown that it understands it (RFC 3994).',
    example: 'never',
  }),
  reports: documented(z.enum(['learned', 'always', 'never']).default('learned'), {
    says: 'Whether receipts and markers that XMPP users ask for are asked of SIP (RFC 5438, in message/cpim); `learned` only of a user who has shown that he understands it. Who refuses message/cpim gets the plain text.',
    example: 'always',
  }),
  redirects: documented(z.enum(['ignore', 'follow']).default('ignore'), {
    says: 'Whether a 3xx answer to a message is followed.',
    example: 'follow',
  }),
});

export const offline = z.strictObject({
  keep: documented(z.boolean().default(false), {
    says: 'Whether messages for a SIP user who cannot be reached are kept, and delivered when he is seen again; else their senders are told at once.',
    example: 'true',
  }),
  unknown_users: documented(z.enum(['refuse', 'keep']).default('refuse'), {
    says: 'Whether 404 and 604 count as "cannot be reached"; `keep` for registrars that answer so for users who are offline.',
    example: 'keep',
  }),
  registrars: documented(z.array(parsed(parseSipPattern)).default([]), {
    type: 'list of domains',
    says: 'SIP domains whose registrars tell when a user for whom messages wait registers (RFC 3680, event package `reg`); else he is found by his own requests, by new messages for him, and by trying again.',
    example: '[example.net]',
  }),
  hours: documented(z.int().min(1).max(720).default(168), {
    says: 'How long a message is kept; then its sender gets an error.',
    unit: 'hours',
    example: '72',
  }),
  per_user: documented(z.int().min(1).max(10_000).default(100), {
    says: 'How many messages are kept for one SIP user at most; the next one is refused.',
    example: '20',
  }),
  per_domain: documented(z.int().min(1).max(1_000_000).default(10_000), {
    says: 'The same for all users of a SIP domain together.',
    example: '1000',
  }),
});

export const ledger = z
  .union([
    z.literal('off'),
    z.strictObject({
      rows: documented(z.int().min(1).max(10_000_000).default(100_000), {
        says: 'How many messages are remembered at most; the oldest go first.',
        example: '1000000',
      }),
      hours: documented(z.int().min(1).max(8784).default(168), {
        says: 'How long each is remembered.',
        unit: 'hours',
        example: '24',
      }),
    }),
  ])
  .prefault({});
