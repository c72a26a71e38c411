// Requests and dialogs of a call as messages: the ACK to a 2xx, and what a request of the peer does to the dialog when it
// comes and when it is accepted (RFC 3261 §12.2.2, §13.2.2.4, RFC 6141 §4).

import type { Bytes, Result } from '../../base/index.ts';
import { fault, ok } from '../../base/index.ts';
import { contactTarget, type Dialog } from '../dialog/dialog.ts';
import { buildDialogRequest, type DialogRequest } from '../dialog/requests.ts';
import { rawHeaderField } from '../message/field.ts';
import type { HeaderField, SipRequest } from '../message/types.ts';

/** §13.2.2.4: "The ACK MUST contain the same credentials as the INVITE." */
const CREDENTIALS: ReadonlySet<string> = new Set(['authorization', 'proxy-authorization']);

/** The ACK to a 2xx to `invite` (as sent), which made or refreshed `dialog`; the CSeq of the dialog is not used up. */
export function buildAckTo2xx(
  dialog: Dialog,
  invite: SipRequest,
  { headers = [], body }: { readonly headers?: readonly HeaderField[]; readonly body?: Bytes } = {},
): DialogRequest {
  // "The sequence number of the CSeq header field MUST be the same as the INVITE being acknowledged".
  const at: Dialog = { ...dialog, localSeq: invite.cseq.number - 1 };
  const credentials = invite.headers.filter(({ id }) => CREDENTIALS.has(id));
  const ack = buildDialogRequest(at, { method: 'ACK', headers: [...credentials, ...headers], body });
  return { ...ack, dialog };
}

/**
 * §12.2.2: the dialog when a request of the peer has come, in order. Its remote target stays until the request is accepted:
 * a re-INVITE may be refused long after. Not for ACK and CANCEL. Code ERR_SIP_DIALOG_ORDER (answer 500).
 */
export function seenInDialog(dialog: Dialog, request: SipRequest): Result<Dialog> {
  const { number } = request.cseq;
  if (dialog.remoteSeq !== undefined && number <= dialog.remoteSeq) {
    return fault('ERR_SIP_DIALOG_ORDER', `CSeq ${number} after ${dialog.remoteSeq}`, 'RFC 3261 §12.2.2');
  }
  return ok({ ...dialog, remoteSeq: number });
}

/** RFC 6141 §4: the dialog when a re-INVITE or UPDATE of the peer is accepted. A Contact that cannot be one moves nothing. */
export function afterTheirRefresh(dialog: Dialog, request: SipRequest): Dialog {
  const target = contactTarget(request);
  if (!target.ok || target.value === undefined) return dialog;
  return { ...dialog, remoteTarget: target.value };
}

/** Require, or Supported, with these option-tags. */
export function optionField(name: 'Require' | 'Supported', tags: readonly string[]): HeaderField {
  return rawHeaderField(name, tags.join(', '));
}
