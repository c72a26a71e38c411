// The body of a NOTIFY about a REFER: "It MUST begin with a SIP Response Status-Line" (RFC 3515 §2.4.5, RFC 3420).

import {
  fault,
  fromByteString,
  latin1Text,
  ok,
  utf8Bytes,
  type Bytes,
  type Result,
} from '../../base/index.ts';
import { reasonPhrase } from '../message/reason-phrases.ts';

export const SIPFRAG_TYPE = 'message/sipfrag';

/** Octets of a fragment that are looked at. */
const MAX_OCTETS = 4096;

/** "SIP/2.0 200 OK": only the status line, since more "could have grave security repercussions" (RFC 3515 §2.4.5). */
export function formatSipfrag(status: number): Bytes {
  return utf8Bytes(`SIP/2.0 ${status} ${reasonPhrase(status)}\r\n`);
}

export interface SipfragStatus {
  readonly status: number;
  /** Decoded. */
  readonly reason: string;
}

/** Its status line; code ERR_SIP_SIPFRAG. What follows is not looked at. */
export function parseSipfrag(body: Bytes): Result<SipfragStatus> {
  const [line = ''] = latin1Text(body.subarray(0, MAX_OCTETS)).split(/\r?\n/, 1);
  const match = /^SIP\/2\.0 ([1-6][0-9]{2})(?: (.*))?$/i.exec(line);
  if (match === null) return fault('ERR_SIP_SIPFRAG', 'no status line at its start', 'RFC 3515 §2.4.5');
  return ok({ status: Number(match[1]), reason: fromByteString(match[2] ?? '').trim() });
}
