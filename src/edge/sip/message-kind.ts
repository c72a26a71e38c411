// What a message is, by its first octets, for transports that do not parse it.

import type { Bytes } from '../../base/index.ts';

/** RFC 3261 §7.2: "SIP/2.0 " and the status; a method never begins so, as it holds no slash. */
export function isResponse(bytes: Bytes): boolean {
  return bytes[3] === SLASH && bytes[0] === UPPER_S && bytes[1] === UPPER_I && bytes[2] === UPPER_P;
}

export function isFinalResponse(bytes: Bytes): boolean {
  return isResponse(bytes) && bytes[STATUS_AT] !== DIGIT_ONE;
}

const SLASH = 0x2f;
const UPPER_S = 0x53;
const UPPER_I = 0x49;
const UPPER_P = 0x50;
const DIGIT_ONE = 0x31;
const STATUS_AT = 8;
