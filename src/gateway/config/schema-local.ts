// Keys of what surrounds the gateway on its own machine: DNS and the log.

import * as z from 'zod';
import { parseDnsServer } from './fields.ts';
import { documented, parsed } from './schema-kit.ts';

export const dns = z.strictObject({
  servers: documented(z.array(parsed(parseDnsServer)).max(8).default([]), {
    type: 'list of `ADDRESS[:PORT]`',
    default: 'those of the system',
    says: 'The DNS servers to ask.',
    example: '["127.0.0.1:53"]',
  }),
  private_targets: documented(z.enum(['refuse', 'allow']).default('refuse'), {
    says: 'Whether a target found by DNS may be a loopback or private address or a configured next hop; `allow` lets strangers aim the gateway at your own network.',
    example: 'allow',
  }),
});

export const log = z.strictObject({
  level: documented(z.enum(['debug', 'info', 'warn', 'error']).default('info'), {
    says: 'The least level that is written.',
    example: 'debug',
  }),
  format: documented(z.enum(['json', 'pretty']).default('json'), {
    says: 'One JSON object a line, or text for the eye.',
    example: 'pretty',
  }),
  bodies: documented(z.boolean().default(false), {
    says: 'Whether message bodies may appear in the log (level `debug`).',
    example: 'true',
  }),
});
