// Why a message from SIP was not written to XMPP, and what its sender hears.

import { SendRefusal } from '../../edge/xmpp/index.ts';
import { gatewayResponse } from '../../mapping/index.ts';
import type { HeaderField } from '../../sip/index.ts';
import type { ToXmppOutcome } from './outcomes.ts';

export interface NotSent {
  readonly outcome: ToXmppOutcome;
  readonly status: number;
  readonly headers: readonly HeaderField[];
  readonly clause: string;
  readonly text?: string;
}

const NO_HEADERS: readonly HeaderField[] = [];

/** By the condition of the gateway. */
export const NOT_SENT = {
  'ERR-G1': { outcome: 'unconfirmed', ...plain('ERR-G1'), clause: 'ERR-G1' },
  'ERR-G2': { outcome: 'rejected', ...plain('ERR-G2'), clause: 'ERR-G2' },
  'ERR-G5': { outcome: 'unconfirmed', ...plain('ERR-G5'), clause: 'ERR-G5' },
} as const satisfies Record<string, NotSent>;

/** A `from` that no link may speak for is never written to one (ERR-G7). */
export const NO_LINK: NotSent = {
  outcome: 'rejected',
  status: 403,
  headers: NO_HEADERS,
  clause: 'ERR-G7',
  text: 'No component link may speak for the sender',
};

/** More than the XMPP server takes. */
const TOO_LARGE: NotSent = { outcome: 'rejected', status: 413, headers: NO_HEADERS, clause: 'IM-32' };

/** For what a link said instead of a sequence number. */
export function notSent(refusal: number): NotSent {
  switch (refusal) {
    case SendRefusal.Full:
      return NOT_SENT['ERR-G2'];
    case SendRefusal.ForeignFrom:
      return NO_LINK;
    case SendRefusal.TooLarge:
      return TOO_LARGE;
    default:
      return NOT_SENT['ERR-G1'];
  }
}

/** RFC 3261 §21.5.4: a 503 of ours has no Retry-After, so that another gateway is tried and this one stays listed. */
function plain(condition: 'ERR-G1' | 'ERR-G2' | 'ERR-G5'): Pick<NotSent, 'status' | 'headers'> {
  const { status, headers } = gatewayResponse(condition);
  return { status, headers };
}
