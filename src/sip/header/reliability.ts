// RSeq and RAck: which reliable provisional response this is, and which one a PRACK acknowledges (RFC 3262 §7, §10).

import { fault, ok, type Err, type Fault, type Result } from '../../base/index.ts';
import { DIGIT, isToken, readNumber, skipClass, skipSpace } from './chars.ts';
import { parseCSeq } from './cseq.ts';
import { readSingle, type FieldSource } from './single.ts';

/** §7.1: "from 1 to 2**32 - 1". */
const MAX_RESPONSE_NUMBER = 2 ** 32 - 1;

/** RAck (§7.2): the response with this RSeq to the request with this CSeq. */
export interface RAck {
  readonly rseq: number;
  readonly cseq: number;
  /** Compared with case. */
  readonly method: string;
}

/** RSeq; undefined when there is none. Codes ERR_SIP_HEADER_RSEQ, ERR_SIP_HEADER_REPEATED. */
export function rSeq(source: FieldSource): Result<number | undefined> {
  return readSingle(source, 'rseq', (raw) => {
    const number = responseNumber(raw, raw.length);
    return number === undefined ? broken('RSeq is not 1 … 2^32 - 1') : ok(number);
  });
}

/** RAck; undefined when there is none. Codes ERR_SIP_HEADER_RSEQ, ERR_SIP_HEADER_CSEQ, ERR_SIP_HEADER_REPEATED. */
export function rAck(source: FieldSource): Result<RAck | undefined> {
  return readSingle(source, 'rack', (raw) => {
    const digits = skipClass(raw, 0, raw.length, DIGIT);
    const rseq = responseNumber(raw, digits);
    const rest = skipSpace(raw, digits, raw.length);
    if (rseq === undefined || rest === digits) return broken('no response number at the start of RAck');
    const cseq = parseCSeq(raw.slice(rest));
    return cseq.ok ? ok<RAck>({ rseq, cseq: cseq.value.number, method: cseq.value.method }) : cseq;
  });
}

/** The value of RAck. Throws TypeError for a method that is no token (a fault of the caller). */
export function formatRAck({ rseq, cseq, method }: RAck): string {
  if (!isToken(method)) throw new TypeError('a method that is no token');
  return `${rseq} ${cseq} ${method}`;
}

function responseNumber(raw: string, end: number): number | undefined {
  const number = readNumber(raw, 0, end);
  return number < 1 || number > MAX_RESPONSE_NUMBER ? undefined : number;
}

function broken(what: string): Err<Fault> {
  return fault('ERR_SIP_HEADER_RSEQ', what, 'RFC 3262 §7');
}
