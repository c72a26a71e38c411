// Content-Transfer-Encoding (RFC 2045 §6): how the octets of a body part were written.

import type { Bytes } from '../base/index.ts';

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const BASE64_VALUES = new Int8Array(256).fill(-1);
for (let i = 0; i < BASE64.length; i++) BASE64_VALUES[BASE64.charCodeAt(i)] = i;
const PAD = 0x3d;

/** The octets behind a transfer encoding; undefined for an encoding that nobody registered here. */
export function decodeTransfer(encoding: string | undefined, body: Bytes): Bytes | undefined {
  switch (encoding?.trim().toLowerCase()) {
    case undefined:
    case '':
    case '7bit':
    case '8bit':
    case 'binary':
      return body;
    case 'base64':
      return decodeBase64(body);
    case 'quoted-printable':
      return decodeQuotedPrintable(body);
    default:
      return undefined;
  }
}

/** RFC 2045 §6.8: characters outside the alphabet are ignored, "=" ends the data. */
export function decodeBase64(input: Bytes): Bytes {
  const output = new Uint8Array(Math.floor((input.length * 3) / 4) + 3);
  let length = 0;
  let bits = 0;
  let held = 0;
  for (const octet of input) {
    if (octet === PAD) break;
    const value = BASE64_VALUES[octet] ?? -1;
    if (value < 0) continue;
    held = ((held << 6) | value) & 0xfff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    output[length++] = (held >> bits) & 0xff;
  }
  return output.subarray(0, length);
}

/** RFC 2045 §6.7; a "=" that introduces nothing legal stands for itself, as there advised. */
export function decodeQuotedPrintable(input: Bytes): Bytes {
  const output = new Uint8Array(input.length);
  let length = 0;
  for (let at = 0; at < input.length; at++) {
    const octet = input[at] ?? 0;
    if (octet === 0x20 || octet === 0x09) {
      // Rule 3: white space at the end of a line was added on the way. The run is skipped or copied as a whole.
      let end = at;
      while (input[end] === 0x20 || input[end] === 0x09) end += 1;
      const atLineEnd =
        end === input.length || input[end] === 0x0a || (input[end] === 0x0d && input[end + 1] === 0x0a);
      if (!atLineEnd) {
        output.set(input.subarray(at, end), length);
        length += end - at;
      }
      at = end - 1;
      continue;
    }
    if (octet !== 0x3d) {
      output[length++] = octet;
      continue;
    }
    const high = hexValue(input[at + 1]);
    const low = hexValue(input[at + 2]);
    if (high >= 0 && low >= 0) {
      output[length++] = high * 16 + low;
      at += 2;
      continue;
    }
    const soft = softBreakLength(input, at + 1);
    if (soft > 0) at += soft;
    else output[length++] = octet;
  }
  return output.subarray(0, length);
}

/** Length of optional white space and a line end at `from` (rule 5: soft line break); 0 for anything else. */
function softBreakLength(input: Bytes, from: number): number {
  let at = from;
  while (input[at] === 0x20 || input[at] === 0x09) at += 1;
  if (at >= input.length) return at - from;
  if (input[at] === 0x0d && input[at + 1] === 0x0a) return at + 2 - from;
  return input[at] === 0x0a ? at + 1 - from : 0;
}

function hexValue(octet: number | undefined): number {
  if (octet === undefined) return -1;
  if (octet >= 0x30 && octet <= 0x39) return octet - 0x30;
  if (octet >= 0x41 && octet <= 0x46) return octet - 0x37;
  if (octet >= 0x61 && octet <= 0x66) return octet - 0x57;
  return -1;
}
