// Why a call ended: reasons of Jingle (XEP-0166 §7.4) and responses of SIP, both ways (CALL-50 to CALL-80). The pairing
// is practice: no specification has it.

import type { ReasonCondition } from '../../xmpp/index.ts';

/** The final response to an INVITE that the responder ended before he took it (CALL-50 to CALL-60). */
export const STATUS_OF_REASON: Readonly<Record<ReasonCondition, number>> = {
  busy: 486,
  decline: 603,
  cancel: 480,
  timeout: 480,
  expired: 480,
  gone: 480,
  'alternative-session': 486,
  'unsupported-applications': 488,
  'failed-application': 488,
  'incompatible-parameters': 488,
  'media-error': 488,
  'unsupported-transports': 488,
  'failed-transport': 488,
  'security-error': 488,
  'connectivity-error': 500,
  'general-error': 500,
  success: 480,
};

/** Cause of the Reason header field of a BYE (RFC 3326, table 7.2); undefined: none is needed. */
export function causeOfReason(condition: ReasonCondition): number | undefined {
  switch (condition) {
    case 'busy':
      return 486;
    case 'decline':
      return 603;
    case 'timeout':
    case 'expired':
      return 408;
    case 'media-error':
    case 'failed-application':
    case 'failed-transport':
    case 'incompatible-parameters':
    case 'unsupported-applications':
    case 'unsupported-transports':
    case 'security-error':
      return 488;
    case 'general-error':
    case 'connectivity-error':
      return 500;
    case 'success':
    case 'cancel':
    case 'gone':
    case 'alternative-session':
      return undefined;
  }
}

const CONDITION_OF_STATUS: ReadonlyMap<number, ReasonCondition> = new Map<number, ReasonCondition>([
  ...[486, 600].map((status) => [status, 'busy'] as const),
  ...[603, 607].map((status) => [status, 'decline'] as const),
  ...[408, 480, 504].map((status) => [status, 'timeout'] as const),
  ...[404, 410, 484, 604].map((status) => [status, 'gone'] as const),
  ...[301, 302].map((status) => [status, 'alternative-session'] as const),
  ...[415, 488, 606].map((status) => [status, 'incompatible-parameters'] as const),
  ...[401, 407, 433, 436, 437, 438, 494, 608].map((status) => [status, 'security-error'] as const),
  // 403 is a person's or an operator's no more often than a matter of keys (CALL-77).
  [403, 'decline'],
  ...[405, 420, 421, 501, 505].map((status) => [status, 'unsupported-applications'] as const),
]);

/** What the Jingle initiator is told of a final response (CALL-70 to CALL-79); undefined for 487, his own cancel (CALL-72). */
export function reasonOfStatus(status: number): ReasonCondition | undefined {
  if (status === 487) return undefined;
  return CONDITION_OF_STATUS.get(status) ?? 'general-error';
}
