// CSeq (RFC 3261 §20.16).

import { fault, ok, type Result } from '../../base/index.ts';
import type { CSeq } from '../message/types.ts';
import { DIGIT, readNumber, skipClass, skipSpace, TOKEN } from './chars.ts';

/** RFC 3261 §8.1.1.5: the sequence number is below 2**31. */
const MAX_CSEQ = 2 ** 31 - 1;

/** Reads `1*DIGIT LWS Method`. */
export function parseCSeq(raw: string): Result<CSeq> {
  const end = raw.length;
  const digits = skipClass(raw, 0, end, DIGIT);
  const number = readNumber(raw, 0, digits);
  const methodStart = skipSpace(raw, digits, end);
  const methodEnd = skipClass(raw, methodStart, end, TOKEN);
  if (number < 0 || number > MAX_CSEQ) {
    return fault('ERR_SIP_HEADER_CSEQ', 'the CSeq number is missing or not below 2^31', 'RFC 3261 §8.1.1.5');
  }
  if (methodStart === digits || methodEnd === methodStart || methodEnd !== end) {
    return fault('ERR_SIP_HEADER_CSEQ', 'no method after the CSeq number', 'RFC 3261 §20.16');
  }
  return ok({ number, method: raw.slice(methodStart) });
}
