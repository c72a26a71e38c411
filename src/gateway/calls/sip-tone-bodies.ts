// Tones in the body of an INFO without a package (CALL-38). No standard has them; "application/dtmf-relay" came with Cisco's
// gateways, "application/dtmf" with others, and PBXs read both so.

import { utf8Bytes, utf8Text, type Bytes } from '../../base/index.ts';
import type { Dtmf } from '../../xmpp/index.ts';

export const RELAY_TYPE = 'application/dtmf-relay';
export const PLAIN_TYPE = 'application/dtmf';
/** The first one is sent, the second one to who does not know that. */
export const TONE_TYPES: readonly string[] = [RELAY_TYPE, PLAIN_TYPE];

const MAX_OCTETS = 256;
const MAX_LINES = 16;
/** As XEP-0181 has it where nothing is said. */
const DEFAULT_MS = 100;
const MAX_MS = 60_000;
/** Events 10 to 15 of RFC 4733 §3.2, as some write them. */
const BY_NUMBER: readonly string[] = ['*', '#', 'A', 'B', 'C', 'D'];

/** Undefined: it is no tone, or one that XEP-0181 has no code for (16, a flash of the hook). */
export function readTone(type: string, body: Bytes): Dtmf | undefined {
  const text = body.length > MAX_OCTETS ? undefined : utf8Text(body);
  if (text === undefined) return undefined;
  if (type === PLAIN_TYPE) {
    const plain = codeOf(text.trim());
    // Some say the type of the one form and write the other.
    if (plain !== undefined) return { code: plain, duration: DEFAULT_MS };
  }
  const lines = text.split(/\r?\n/);
  if (lines.length > MAX_LINES) return undefined;
  let code: string | undefined;
  let duration = DEFAULT_MS;
  for (const line of lines) {
    const [, name = '', value = ''] = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (name.toLowerCase() === 'signal') code ??= codeOf(value);
    else if (name.toLowerCase() === 'duration') {
      if (!/^\d{1,5}$/.test(value) || Number(value) > MAX_MS) return undefined;
      duration = Number(value) === 0 ? DEFAULT_MS : Number(value);
    }
  }
  return code === undefined ? undefined : { code, duration };
}

function codeOf(text: string): string | undefined {
  if (/^[0-9*#A-Da-d]$/.test(text)) return text.toUpperCase();
  return /^1[0-5]$/.test(text) ? BY_NUMBER[Number(text) - 10] : undefined;
}

export function writeTone(type: string, { code, duration }: Dtmf): Bytes {
  return utf8Bytes(type === PLAIN_TYPE ? `${code}\r\n` : `Signal=${code}\r\nDuration=${duration}\r\n`);
}
