// node:buffer below edge/, and the two readings of text: "byte strings", one char per octet (what SIP heads are
// kept in, so that nothing unknown is damaged), and Unicode text.

import { Buffer, isUtf8 } from 'node:buffer';

export type Bytes = Uint8Array;

const EMPTY: Bytes = Buffer.alloc(0);

/** An empty octet sequence, shared. */
export function emptyBytes(): Bytes {
  return EMPTY;
}

/** Octets of a text in UTF-8. */
export function utf8Bytes(text: string): Bytes {
  return Buffer.from(text, 'utf8');
}

/** Number of octets of a text in UTF-8. */
export function utf8Length(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

/** Octets of a byte string (each char U+0000–U+00FF is one octet). */
export function latin1Bytes(byteString: string): Bytes {
  return Buffer.from(byteString, 'latin1');
}

/** Byte string of `bytes[start, end)`. */
export function latin1Text(bytes: Bytes, start = 0, end = bytes.length): string {
  return asBuffer(bytes).toString('latin1', start, end);
}

/** UTF-8 text of octets; undefined when they are not valid UTF-8. */
export function utf8Text(bytes: Bytes): string | undefined {
  return isUtf8(bytes) ? asBuffer(bytes).toString('utf8') : undefined;
}

/** UTF-8 text of octets with U+FFFD for each invalid sequence. */
export function utf8TextLossy(bytes: Bytes): string {
  return asBuffer(bytes).toString('utf8');
}

/** Unicode text to a byte string that holds its UTF-8. ASCII is returned unchanged. */
export function toByteString(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** Reads a byte string as UTF-8; invalid sequences become U+FFFD. ASCII is returned unchanged. */
export function fromByteString(byteString: string): string {
  return isAscii(byteString) ? byteString : Buffer.from(byteString, 'latin1').toString('utf8');
}

/** Octets in base64 (RFC 4648 §4). */
export function toBase64(bytes: Bytes): string {
  return asBuffer(bytes).toString('base64');
}

/** Octets of base64; what is none is passed over. */
export function fromBase64(text: string): Bytes {
  return Buffer.from(text, 'base64');
}

/** A byte string followed by octets, in one new block: how a SIP message is laid out for sending. */
export function joinHeadAndBody(head: string, body: Bytes): Bytes {
  const block = Buffer.allocUnsafe(head.length + body.length);
  block.write(head, 0, 'latin1');
  if (body.length > 0) block.set(body, head.length);
  return block;
}

/** A private copy, so that a short slice does not keep its large block alive. */
export function copyBytes(bytes: Bytes): Bytes {
  return Buffer.from(bytes);
}

export function concatBytes(parts: readonly Bytes[]): Bytes {
  return Buffer.concat(parts);
}

/** A copy of a text that does not keep alive the larger text it was sliced from. */
export function detachText(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}

export function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/** True when the text holds no lone surrogate, so that UTF-8 can carry it. */
export function isWellFormed(text: string): boolean {
  return text.isWellFormed();
}

function asBuffer(bytes: Bytes): Buffer {
  return bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
