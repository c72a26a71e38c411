// What a delivery wants to know of its requests and their responses.

import { retryAfter, type SipRequest, type SipResponse } from '../../sip/index.ts';

/** DNS-15: how long a 503 asks to be left alone, in milliseconds; a broken Retry-After is none. The list bounds it. */
export function retryAfterMs(response: SipResponse): number | undefined {
  const read = retryAfter(response);
  return read.ok && read.value !== undefined ? read.value.seconds * 1000 : undefined;
}

/** It answers a challenge (RFC 3261 §22). */
export function hasCredentials(request: SipRequest): boolean {
  return request.header('authorization') !== undefined || request.header('proxy-authorization') !== undefined;
}
