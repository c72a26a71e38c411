// The state of a dialog (RFC 3261 §12), as plain data: it can be printed, stored as JSON and read back.
//
// A subscription makes its dialog from the 2xx to SUBSCRIBE, and anew from the first NOTIFY, which may also come before
// the 2xx (RFC 6665 §4.4.1: "the route set at the subscriber is taken from the NOTIFY request itself").

import { fault, ok, type Err, type Fault, type Result } from '../../base/index.ts';
import { contactList, recordRouteList } from '../header/addresses.ts';
import { formatNameAddr } from '../header/name-addr.ts';
import type { FieldSource } from '../header/single.ts';
import type { NameAddr, SipRequest, SipResponse } from '../message/types.ts';
import { parseSipUri } from '../uri/sip-uri.ts';

/** §12: "a dialog … contains certain pieces of state". All texts are byte strings as they stand in messages. */
export interface Dialog {
  readonly callId: string;
  readonly localTag: string;
  /** '' for a peer of RFC 2543 without tags (§12.1.2: "a value of null"). */
  readonly remoteTag: string;
  /** From and To without their tags, as name-addr: §12.2.1.1 wants the URIs back, a display name does no harm. */
  readonly localUri: string;
  readonly remoteUri: string;
  /** CSeq number of our last request. */
  readonly localSeq: number;
  /** CSeq number of the peer's last request; absent until there was one. */
  readonly remoteSeq?: number;
  /** A sip or sips URI. */
  readonly remoteTarget: string;
  /** Route values in the order in which they are used, "<sip:…;lr>" with all their parameters. */
  readonly routeSet: readonly string[];
  /** §12.1.2: our Contact must be a SIPS URI. */
  readonly secure: boolean;
}

/** Values of Record-Route that a dialog takes: more is a loop, and each request would carry them all. */
const MAX_ROUTES = 32;

/**
 * §12.1.2: the dialog that a 2xx to `request` (as sent) makes. `overTls`: it was sent over TLS. Codes
 * ERR_SIP_DIALOG_CONTACT, ERR_SIP_DIALOG_ROUTE, ERR_SIP_URI_….
 */
export function dialogFromResponse(
  request: SipRequest,
  response: SipResponse,
  overTls = false,
): Result<Dialog> {
  const target = contactTarget(response);
  if (!target.ok) return target;
  if (target.value === undefined) return noContact('a 2xx');
  // "taken in reverse order and preserving all URI parameters".
  const routes = routeSet(response, 'reversed');
  if (!routes.ok) return routes;
  return ok({
    callId: request.callId,
    localTag: request.from.tag ?? '',
    remoteTag: response.to.tag ?? '',
    localUri: untagged(request.from),
    remoteUri: untagged(request.to),
    localSeq: request.cseq.number,
    remoteTarget: target.value,
    routeSet: routes.value,
    secure: isSecure(request, overTls),
  });
}

/**
 * The dialog that a NOTIFY makes which answers `subscribe` (as sent last). Its remote target is the Contact of the
 * NOTIFY, or that of `known`, a dialog with the same tags that the 2xx made. Codes as `dialogFromResponse`.
 */
export function dialogFromNotify(
  subscribe: SipRequest,
  notify: SipRequest,
  known?: Dialog,
  overTls = false,
): Result<Dialog> {
  const target = contactTarget(notify);
  if (!target.ok) return target;
  const remoteTag = notify.from.tag ?? '';
  const remoteTarget = target.value ?? (known?.remoteTag === remoteTag ? known.remoteTarget : undefined);
  if (remoteTarget === undefined) return noContact('a NOTIFY');
  // We are its UAS: §12.1.1 "taken in order".
  const routes = routeSet(notify, 'in order');
  if (!routes.ok) return routes;
  return ok({
    callId: subscribe.callId,
    localTag: subscribe.from.tag ?? '',
    remoteTag,
    localUri: untagged(subscribe.from),
    remoteUri: untagged(subscribe.to),
    localSeq: Math.max(subscribe.cseq.number, known?.localSeq ?? 0),
    remoteSeq: notify.cseq.number,
    remoteTarget,
    routeSet: routes.value,
    secure: isSecure(subscribe, overTls),
  });
}

/**
 * §12.1.1: the dialog that our 2xx with the To tag `localTag` to `request` makes; our first request in it has CSeq 1.
 * `overTls`: it came over TLS. Codes as `dialogFromResponse`.
 */
export function dialogFromRequest(request: SipRequest, localTag: string, overTls = false): Result<Dialog> {
  const target = contactTarget(request);
  if (!target.ok) return target;
  if (target.value === undefined) return noContact(`a ${request.method}`);
  const routes = routeSet(request, 'in order');
  if (!routes.ok) return routes;
  return ok({
    callId: request.callId,
    localTag,
    remoteTag: request.from.tag ?? '',
    localUri: untagged(request.to),
    remoteUri: untagged(request.from),
    // "The local sequence number MUST be empty."
    localSeq: 0,
    remoteSeq: request.cseq.number,
    remoteTarget: target.value,
    routeSet: routes.value,
    secure: isSecure(request, overTls),
  });
}

/** §12: "A dialog is identified at each UA with a dialog ID": Call-ID with case, tags without (§7.3.1, tokens). */
export function dialogKey(callId: string, localTag: string, remoteTag: string): string {
  return `${callId} ${localTag.toLowerCase()} ${remoteTag.toLowerCase()}`;
}

/** The key of a dialog. */
export function keyOfDialog(dialog: Dialog): string {
  return dialogKey(dialog.callId, dialog.localTag, dialog.remoteTag);
}

/** The key of the dialog that a received request belongs to (§12.2.2): its To is our side. */
export function keyOfRequest(request: SipRequest): string {
  return dialogKey(request.callId, request.to.tag ?? '', request.from.tag ?? '');
}

/** The URI of the one Contact; undefined without one. A "*" or several are none for a dialog (§8.1.1.8). */
export function contactTarget(message: FieldSource): Result<string | undefined> {
  const contacts = contactList(message);
  if (!contacts.ok) return contacts;
  if (contacts.value === '*' || contacts.value.length > 1) {
    return fault('ERR_SIP_DIALOG_CONTACT', 'not exactly one Contact', 'RFC 3261 §8.1.1.8');
  }
  const contact = contacts.value[0];
  if (contact === undefined) return ok(undefined);
  const uri = parseSipUri(contact.uri);
  return uri.ok ? ok(contact.uri) : uri;
}

function routeSet(message: FieldSource, order: 'in order' | 'reversed'): Result<readonly string[]> {
  const list = recordRouteList(message);
  if (!list.ok) return list;
  if (list.value.length > MAX_ROUTES) return badRoute(`more than ${MAX_ROUTES} values of Record-Route`);
  const routes: string[] = [];
  for (const { uri } of list.value) {
    if (!parseSipUri(uri).ok) return badRoute('a Record-Route that is no SIP URI');
    routes.push(formatNameAddr({ uri }));
  }
  return ok(order === 'in order' ? routes : routes.reverse());
}

/** §12.1.2: "If the request was sent over TLS, and the Request-URI contained a SIPS URI". */
function isSecure(request: SipRequest, overTls: boolean): boolean {
  return overTls && request.requestUri.slice(0, 5).toLowerCase() === 'sips:';
}

function untagged(address: NameAddr): string {
  return formatNameAddr({ displayName: address.displayName, uri: address.uri });
}

function noContact(what: string): Err<Fault> {
  return fault('ERR_SIP_DIALOG_CONTACT', `${what} without Contact makes no dialog`, 'RFC 3261 §12.1');
}

function badRoute(message: string): Err<Fault> {
  return fault('ERR_SIP_DIALOG_ROUTE', message, 'RFC 3261 §12.1');
}
