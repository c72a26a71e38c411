// Which transaction a message belongs to (RFC 3261 §17.2.3, §17.1.3) and which requests are one that came on two
// ways (§8.2.2.2).

import type { SipRequest, SipResponse } from '../message/types.ts';

/** Lower case, as tokens compare without case (RFC 3261 §7.3.1). */
const COOKIE = 'z9hg4bk';

/** Key of the server transaction of a request; ACK has the key of its INVITE. */
export function serverKey(request: SipRequest, method: string = request.method): string {
  const creator = method === 'ACK' ? 'INVITE' : method;
  const { branch, host, port } = request.via;
  if (branch !== undefined) {
    const folded = branch.toLowerCase();
    if (folded.startsWith(COOKIE)) return `${folded} ${host}:${port ?? ''} ${creator}`;
  }
  return oldKey(request, creator);
}

/**
 * RFC 2543 peers, whose branch identifies nothing: Request-URI, tags, Call-ID, CSeq number and top Via. The To tag
 * is left out, because that of an ACK is ours (`ackMatches`); without one all the rest would have to be equal.
 */
function oldKey(request: SipRequest, method: string): string {
  const { via, from, callId, cseq, requestUri } = request;
  const top = `${via.transport} ${via.host}:${via.port ?? ''} ${via.branch ?? ''}`;
  return `old ${requestUri} ${from.tag?.toLowerCase() ?? ''} ${callId} ${cseq.number} ${top} ${method}`;
}

/** RFC 3261 §17.2.3: "the To tag of the ACK matches the To tag of the response" where the branch does not say it. */
export function ackMatches(ack: SipRequest, responseTag: string | undefined): boolean {
  if (ack.via.branch?.toLowerCase().startsWith(COOKIE) === true) return true;
  return ack.to.tag?.toLowerCase() === responseTag?.toLowerCase();
}

/** Equal for requests that are one and the same, forked and joined again on the way (RFC 3261 §8.2.2.2). */
export function mergeKey(request: SipRequest): string {
  const { callId, cseq, from } = request;
  return `${callId} ${cseq.number} ${cseq.method} ${from.tag?.toLowerCase() ?? ''}`;
}

/** True for requests that can be merged ones: no To tag, and neither ACK nor CANCEL, which follow their INVITE. */
export function canBeMerged(request: SipRequest): boolean {
  return request.to.tag === undefined && request.method !== 'ACK' && request.method !== 'CANCEL';
}

/** Key of a client transaction by branch and method: only CANCEL shares its branch with another. */
export function clientKey(branch: string, method: string): string {
  const folded = branch.toLowerCase();
  return method === 'CANCEL' ? `${folded} CANCEL` : folded;
}

/** RFC 3261 §17.1.3: branch of the top Via and method of CSeq. undefined: no transaction of ours. */
export function responseKey(response: SipResponse): string | undefined {
  const { branch } = response.via;
  return branch === undefined ? undefined : clientKey(branch, response.cseq.method);
}
