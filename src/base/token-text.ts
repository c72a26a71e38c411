// Octets as text of identifiers: base64url (RFC 4648 §5) and base32 in lower case (§6), without padding. Reading is
// strict: one octet sequence has one text, else a peer could write a token in a second way and have it taken twice.

import { latin1Text, latin1Bytes, type Bytes } from './bytes.ts';

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

export function toBase64Url(octets: Bytes): string {
  return write(octets, BASE64URL, 6);
}

/** undefined for what is no base64url, or not the text that `toBase64Url` writes. */
export function fromBase64Url(text: string): Bytes | undefined {
  return read(text, BASE64URL, 6);
}

export function toBase32(octets: Bytes): string {
  return write(octets, BASE32, 5);
}

/** Without regard to case; undefined for what is no base32. */
export function fromBase32(text: string): Bytes | undefined {
  return read(text.toLowerCase(), BASE32, 5);
}

function write(octets: Bytes, alphabet: string, bits: number): string {
  const chars = latin1Bytes(alphabet);
  const text = new Uint8Array(Math.ceil((octets.length * 8) / bits));
  let held = 0;
  let heldBits = 0;
  let at = 0;
  for (const octet of octets) {
    held = ((held << 8) | octet) & 0xffff;
    heldBits += 8;
    while (heldBits >= bits) {
      heldBits -= bits;
      text[at++] = chars[(held >>> heldBits) & (2 ** bits - 1)] ?? 0;
    }
  }
  if (heldBits > 0) text[at] = chars[(held << (bits - heldBits)) & (2 ** bits - 1)] ?? 0;
  return latin1Text(text);
}

function read(text: string, alphabet: string, bits: number): Bytes | undefined {
  const octets = new Uint8Array(Math.floor((text.length * bits) / 8));
  let held = 0;
  let heldBits = 0;
  let at = 0;
  for (const char of text) {
    const value = alphabet.indexOf(char);
    if (value < 0) return undefined;
    held = ((held << bits) | value) & 0xffff;
    heldBits += bits;
    if (heldBits < 8) continue;
    heldBits -= 8;
    octets[at++] = (held >>> heldBits) & 0xff;
  }
  // A whole character too many, or bits that stand for nothing and are not zero.
  if (heldBits >= bits || (held & (2 ** heldBits - 1)) !== 0) return undefined;
  return octets;
}
