// The requests that belong to an INVITE: ACK to a failure, and CANCEL (RFC 3261 §17.1.1.3, §9.1).

import { emptyBytes } from '../../base/index.ts';
import { DEFAULT_MAX_FORWARDS, buildRequest } from '../message/build.ts';
import type { HeaderField, SipRequest, SipResponse } from '../message/types.ts';

/**
 * The ACK to a 300-699 response. Request-URI, From, Call-ID, Route and top Via of the INVITE, To of the response;
 * credentials too (RFC 3261 §22.1: "will duplicate all of the Authorization and Proxy-Authorization header field values").
 */
export function buildAck(invite: SipRequest, response: SipResponse): SipRequest {
  return companion(invite, 'ACK', response.header('to') ?? '', copied(invite, ACK_IDS));
}

const ACK_IDS: ReadonlySet<string> = new Set(['route', 'authorization', 'proxy-authorization']);
const CANCEL_IDS: ReadonlySet<string> = new Set(['route']);

/** The CANCEL of an INVITE, with further fields (Reason). To is that of the INVITE, with its tag if it had one. */
export function buildCancel(invite: SipRequest, headers: readonly HeaderField[] = []): SipRequest {
  return companion(invite, 'CANCEL', invite.header('to') ?? '', [...copied(invite, CANCEL_IDS), ...headers]);
}

function companion(
  invite: SipRequest,
  method: string,
  to: string,
  headers: readonly HeaderField[],
): SipRequest {
  return buildRequest({
    method,
    requestUri: invite.requestUri,
    // The topmost field of ours holds one value.
    via: invite.header('via') ?? '',
    from: invite.header('from') ?? '',
    to,
    callId: invite.callId,
    cseq: invite.cseq.number,
    maxForwards: DEFAULT_MAX_FORWARDS,
    headers,
    body: emptyBytes(),
  });
}

function copied(invite: SipRequest, ids: ReadonlySet<string>): HeaderField[] {
  return invite.headers.filter((field) => ids.has(field.id));
}
