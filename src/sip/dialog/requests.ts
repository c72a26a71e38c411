// Requests within a dialog: building ours (RFC 3261 §12.2.1), checking the peer's (§12.2.2).

import { fault, ok, type Bytes, type Err, type Fault, type Result } from '../../base/index.ts';
import { parseNameAddr } from '../header/name-addr.ts';
import { buildRequest } from '../message/build.ts';
import { rawHeaderField } from '../message/field.ts';
import type { HeaderField, SipRequest, SipResponse } from '../message/types.ts';
import { formatSipUri, parseSipUri } from '../uri/sip-uri.ts';
import { contactTarget, type Dialog } from './dialog.ts';

/** What a request within a dialog has of its own. */
export interface DialogRequestParts {
  readonly method: string;
  /** Further fields, among them Contact for a target refresh. */
  readonly headers?: readonly HeaderField[] | undefined;
  readonly body?: Bytes | undefined;
}

export interface DialogRequest {
  readonly request: SipRequest;
  /** The dialog afterwards: its CSeq is used up, whatever becomes of the request. */
  readonly dialog: Dialog;
  /** The URI that says where it goes (§8.1.2): the topmost route, else the remote target. */
  readonly nextHop: string;
}

/** §12.2.1.1: the next request of a dialog, with loose or strict routing. The transport adds Via. */
export function buildDialogRequest(dialog: Dialog, parts: DialogRequestParts): DialogRequest {
  const cseq = dialog.localSeq + 1;
  const { requestUri, routes, nextHop } = routing(dialog);
  const fields = parts.headers ?? [];
  const request = buildRequest({
    method: parts.method,
    requestUri,
    from: tagged(dialog.localUri, dialog.localTag),
    to: tagged(dialog.remoteUri, dialog.remoteTag),
    callId: dialog.callId,
    cseq,
    headers: routes.length === 0 ? fields : [rawHeaderField('Route', routes.join(', ')), ...fields],
    body: parts.body,
  });
  return { request, dialog: { ...dialog, localSeq: cseq }, nextHop };
}

interface Routing {
  readonly requestUri: string;
  readonly routes: readonly string[];
  readonly nextHop: string;
}

function routing(dialog: Dialog): Routing {
  const { routeSet, remoteTarget } = dialog;
  const [first, ...rest] = routeSet;
  const top = first === undefined ? undefined : parseNameAddr(first);
  if (top?.ok !== true) return { requestUri: remoteTarget, routes: [], nextHop: remoteTarget };
  const uri = parseSipUri(top.value.uri);
  if (!uri.ok || uri.value.params.has('lr')) {
    return { requestUri: remoteTarget, routes: routeSet, nextHop: top.value.uri };
  }
  // A strict router: its URI becomes the Request-URI, "stripping any parameters that are not allowed in a Request-URI"
  // (§19.1.1: `method` and the headers), and the remote target goes last.
  const params = new Map([...uri.value.params].filter(([name]) => name !== 'method'));
  const requestUri = formatSipUri({ ...uri.value, params, headers: [] });
  return { requestUri, routes: [...rest, `<${remoteTarget}>`], nextHop: requestUri };
}

/** The value of From or To with its tag; none when the tag is null. */
function tagged(address: string, tag: string): string {
  return tag === '' ? address : `${address};tag=${tag}`;
}

/**
 * The dialog after a request of the peer that is to be accepted. Nothing changes when it is not (§12.2.2: "If the
 * request is rejected, none of the state changes are performed"). `targetRefresh`: its method is one, as NOTIFY and
 * SUBSCRIBE are. Codes ERR_SIP_DIALOG_ORDER (answer 500), ERR_SIP_DIALOG_CONTACT and ERR_SIP_URI_… (400).
 */
export function receiveInDialog(
  dialog: Dialog,
  request: SipRequest,
  { targetRefresh }: { readonly targetRefresh: boolean },
): Result<Dialog> {
  const { number } = request.cseq;
  // "if the sequence number of the request is lower than the remote sequence number, the request is out of order and
  // MUST be rejected with a 500". The same number again, by another way than a retransmission, is no later one either.
  if (dialog.remoteSeq !== undefined && number <= dialog.remoteSeq) {
    return outOfOrder(`CSeq ${number} after ${dialog.remoteSeq}`);
  }
  const target = targetRefresh ? contactTarget(request) : ok(undefined);
  if (!target.ok) return target;
  return ok({ ...dialog, remoteSeq: number, remoteTarget: target.value ?? dialog.remoteTarget });
}

/** §12.2.1.2: a 2xx to a target refresh of ours moves the remote target; a Contact that cannot be one moves nothing. */
export function afterTargetRefresh(dialog: Dialog, response: SipResponse): Dialog {
  const target = contactTarget(response);
  if (!target.ok || target.value === undefined) return dialog;
  return { ...dialog, remoteTarget: target.value };
}

function outOfOrder(message: string): Err<Fault> {
  return fault('ERR_SIP_DIALOG_ORDER', message, 'RFC 3261 §12.2.2');
}
