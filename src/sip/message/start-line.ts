// Request-Line and Status-Line (RFC 3261 §7.1, §7.2).

import { DIGIT, SP, TOKEN, URI, isClass, matchesAt, readNumber, skipClass } from '../header/chars.ts';
import { hasScheme } from '../header/name-addr.ts';
import { badRequest, versionNotSupported } from './fault.ts';
import type { SipFault } from './types.ts';

export type StartLine =
  | { readonly kind: 'request'; readonly method: string; readonly requestUri: string }
  /** `reason` is a byte string. */
  | { readonly kind: 'response'; readonly status: number; readonly reason: string }
  | { readonly kind: 'fault'; readonly fault: SipFault };

const VERSION = 'SIP/2.0';

/** Reads the start line at [start, end) of the head, CRLF excluded. Exactly one SP between the parts. */
export function parseStartLine(head: string, start: number, end: number): StartLine {
  const methodEnd = skipClass(head, start, end, TOKEN);
  if (head.charCodeAt(methodEnd) !== SP || methodEnd === start) {
    return matchesAt(head, start, 'sip/') ? parseStatusLine(head, start, end) : broken('no method');
  }
  const uriStart = methodEnd + 1;
  const uriEnd = skipClass(head, uriStart, end, URI);
  // RFC 4475 §3.1.2.7 … §3.1.2.10: angle brackets and white space in or around the Request-URI, spaces after the version.
  if (!hasScheme(head, uriStart, uriEnd) || head.charCodeAt(uriEnd) !== SP) return broken('no Request-URI');
  const versionStart = uriEnd + 1;
  if (end - versionStart !== VERSION.length || !head.startsWith(VERSION, versionStart)) {
    const fault = versionFault(head, versionStart, end);
    if (fault !== undefined) return { kind: 'fault', fault };
  }
  return { kind: 'request', method: head.slice(start, methodEnd), requestUri: head.slice(uriStart, uriEnd) };
}

function parseStatusLine(head: string, start: number, end: number): StartLine {
  let pos = head.indexOf(' ', start);
  if (pos < 0 || pos > end) pos = end;
  const fault = versionFault(head, start, pos);
  if (fault !== undefined) return { kind: 'fault', fault };
  const codeStart = pos + 1;
  const codeEnd = Math.min(codeStart + 3, end);
  const status = readNumber(head, codeStart, codeEnd);
  // RFC 3261 §25.1: Status-Code is 3DIGIT. RFC 4475 §3.1.1.13: the SP after it may be missing with the reason.
  if (
    codeEnd - codeStart !== 3 ||
    status < 100 ||
    status > 699 ||
    (codeEnd < end && head.charCodeAt(codeEnd) !== SP)
  ) {
    return broken('the status code is not 100 … 699');
  }
  return { kind: 'response', status, reason: head.slice(Math.min(codeEnd + 1, end), end) };
}

/** undefined for SIP/2.0 in any case (RFC 3261 §7.1: the version is compared without case). */
function versionFault(head: string, start: number, end: number): SipFault | undefined {
  if (end - start === VERSION.length && matchesAt(head, start, 'sip/2.0')) return undefined;
  if (matchesAt(head, start, 'sip/')) {
    const dot = skipClass(head, start + 4, end, DIGIT);
    const last = skipClass(head, dot + 1, end, DIGIT);
    if (dot > start + 4 && head[dot] === '.' && last === end && isClass(head.charCodeAt(dot + 1), DIGIT)) {
      return versionNotSupported('the SIP version is not 2.0');
    }
  }
  return badRequest('ERR_SIP_MESSAGE_START_LINE', 'no SIP version where it belongs', 'RFC 3261 §7.1');
}

function broken(what: string): StartLine {
  return {
    kind: 'fault',
    fault: badRequest('ERR_SIP_MESSAGE_START_LINE', `not a start line: ${what}`, 'RFC 3261 §7.1'),
  };
}
