// Identifiers that both sides see (rows IM-03, IM-22, IM-25).

import { fromByteString, hashBase64Url } from '../base/index.ts';
import { sanitizeText } from '../xml/index.ts';

/** 132 bits: no two messages of this world share them. */
const ID_CHARS = 22;

/**
 * 22 characters of base64url that only depend on Call-ID, CSeq number and From tag, so that a retransmission that
 * meets a restarted gateway repeats them. No secret: they name a message and prove nothing.
 */
export function stanzaIdFor(callId: string, cseqNumber: number, fromTag: string): string {
  // Line ends stand in neither of the strings, so different triples are different texts.
  return hashBase64Url('sha256', `${callId}\n${cseqNumber}\n${fromTag}`).slice(0, ID_CHARS);
}

// RFC 3261 §25.1: callid = word [ "@" word ].
const CALL_ID = /^[0-9A-Za-z\-.!%*_+`'~()<>:\\"/[\]?{}]+(?:@[0-9A-Za-z\-.!%*_+`'~()<>:\\"/[\]?{}]+)?$/;
/** Longer ones would eat up the 1300 octets of a MESSAGE. */
const MAX_CALL_ID = 128;

/** The thread as a Call-ID; undefined when it cannot be one (IM-03). */
export function threadToCallId(thread: string): string | undefined {
  return thread.length <= MAX_CALL_ID && CALL_ID.test(thread) ? thread : undefined;
}

/** The Call-ID (a byte string) as text of `<thread/>` (IM-22). */
export function callIdToThread(callId: string): string {
  return sanitizeText(fromByteString(callId));
}
