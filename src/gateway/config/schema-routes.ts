// The key of the route script.

import * as z from 'zod';
import { DEFAULT_DEADLINE_MS } from '../../policy/index.ts';
import { documented } from './schema-kit.ts';

/** Three hooks may wait on the way of one MESSAGE, which is answered within 10 s (IM-29). */
const MAX_DEADLINE_MS = 2000;

const script = z
  .string()
  .min(1)
  .regex(/\.(?:js|mjs|ts|mts)$/, 'must name a file that ends in .js, .mjs, .ts or .mts');

const whole = z
  .union([
    script,
    z.strictObject({
      script: documented(script, {
        type: 'path',
        says: 'The file of the script.',
        example: './routes.ts',
      }),
      deadline: documented(z.int().min(10).max(MAX_DEADLINE_MS).default(DEFAULT_DEADLINE_MS), {
        says: 'How long what a hook awaits may take; then the message is answered without it, by 500 or `internal-server-error`.',
        unit: 'milliseconds',
        example: '500',
      }),
    }),
  ])
  .transform((value) =>
    typeof value === 'string' ? { script: value, deadline: DEFAULT_DEADLINE_MS } : value,
  );

export const routes = documented(whole.exactOptional(), {
  type: 'path, or `{ script, deadline }`',
  default: 'absent: no script',
  says: "The operator's route script, JavaScript or TypeScript, which decides about each message ([routes.md](routes.md)). It runs inside the gateway, with all its rights.",
  example: './routes.js',
});
