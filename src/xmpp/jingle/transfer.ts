// A session is handed to somebody else (XEP-0251 0.2; rows CALL-35 to CALL-37). In a session-info `<transfer/>` asks for it;
// in a session-initiate it says on whose behalf the session is begun; `<transferred/>` stands in the reason of the session
// that is over because of it.

import { fault, ok, type Result } from '../../base/index.ts';
import { element, type XmlElement } from '../../xml/index.ts';
import { NS_TRANSFER } from './namespaces.ts';
import type { Reason } from './reason.ts';

export interface Transfer {
  /** JID of the attendant, as written. */
  readonly from?: string | undefined;
  /** JID to call instead, as written. */
  readonly to?: string | undefined;
  /** Of the session between the attendant and `to`, which the new one replaces: an attended transfer. */
  readonly sid?: string | undefined;
}

/** Octets of a JID are at most 3071 (RFC 7622 §3.1). */
const MAX_JID = 3071;
const MAX_SID = 256;

/** Reads a `<transfer/>`; ERR_JINGLE_SYNTAX where it names nobody, or something too long to be a JID or a sid. */
export function readTransfer(transfer: XmlElement): Result<Transfer> {
  const from = transfer.attr('from') || undefined;
  const to = transfer.attr('to') || undefined;
  const sid = transfer.attr('sid') || undefined;
  if (from === undefined && to === undefined) return broken('a transfer names nobody');
  if ((from?.length ?? 0) > MAX_JID || (to?.length ?? 0) > MAX_JID) return broken('a JID is too long');
  if ((sid?.length ?? 0) > MAX_SID) return broken('a sid is too long');
  return ok({
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(sid === undefined ? {} : { sid }),
  });
}

function broken(what: string): Result<never> {
  return fault('ERR_JINGLE_SYNTAX', what, 'XEP-0251 §8');
}

export function transferElement({ from, to, sid }: Transfer): XmlElement {
  return element('transfer', NS_TRANSFER, { from, sid, to });
}

/** The reason of a session that was handed over. */
export function transferredReason(text?: string): Reason {
  const detail = element('transferred', NS_TRANSFER);
  return { condition: 'success', ...(text === undefined ? {} : { text }), detail };
}

/** Whether a session ended because it was handed over. */
export function isTransferred(reason: Reason | undefined): boolean {
  return reason?.detail?.ns === NS_TRANSFER && reason.detail.name === 'transferred';
}
