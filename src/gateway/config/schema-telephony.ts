// The part of the configuration that is about telephone numbers: the domain whose users they are (ADDR-60, ADDR-61).

import * as z from 'zod';
import { parseSipDomain } from './fields.ts';
import { documented, parsed } from './schema-kit.ts';

export const telephony = documented(
  z
    .strictObject({
      domain: documented(parsed(parseSipDomain), {
        type: 'a SIP domain that a rule of `domains` covers',
        says: 'The domain whose users are telephone numbers. `tel:+1-201-555-0123` means the user `+12015550123` of it, whoever calls or is called; what leaves for a global number of it says `user=phone` (RFC 3261 section 19.1.6).',
        example: 'pstn.example.net',
      }),
    })
    .exactOptional(),
  {
    default: 'absent: `tel` URIs stand for nobody (416)',
    says: 'Telephone numbers as addresses. Which of them may be called is said by `calls.rules`.',
  },
);
