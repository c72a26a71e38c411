// Defects of messages, with the response that they deserve (RFC 3261 §21.4.1, §21.5.6, §21.5.7).

import type { SipFault } from './types.ts';

/** A defect that is answered 400 (Bad Request). */
export function badRequest(code: string, message: string, clause: string): SipFault {
  return { code, message, clause, status: 400, reason: 'Bad Request' };
}

/** A message above one of the sizes that we look at: 513 (Message Too Large). */
export function tooLarge(message: string): SipFault {
  return {
    code: 'ERR_SIP_MESSAGE_TOO_LARGE',
    message,
    clause: 'RFC 3261 §21.5.7',
    status: 513,
    reason: 'Message Too Large',
  };
}

/** Another SIP version: 505 (RFC 4475 §3.1.2.16). */
export function versionNotSupported(message: string): SipFault {
  return {
    code: 'ERR_SIP_MESSAGE_VERSION',
    message,
    clause: 'RFC 3261 §21.5.6',
    status: 505,
    reason: 'Version Not Supported',
  };
}
