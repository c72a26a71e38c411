// An INVITE that takes the place of a call (RFC 3891 §3, CALL-36): which one, and whether its sender may have it.

import { gatewayResponse, type AddressBook, type MappedJid } from '../../mapping/index.ts';
import {
  formatWarning,
  rawHeaderField,
  referredBy,
  replaces,
  replaceVerdict,
  type Refusal,
  type ServerTransaction,
} from '../../sip/index.ts';
import { transferElement } from '../../xmpp/index.ts';
import type { Call } from './call.ts';
import type { XmppSessions } from './xmpp-sessions.ts';
import { sipOf, userOf, type Dialogs } from './transfer-targets.ts';

export type Replacing =
  | { readonly kind: 'refuse'; readonly clause: string; readonly answer: Refusal }
  /** `to`: its XMPP user, whom the new call is for. */
  | { readonly kind: 'replace'; readonly call: Call; readonly to: MappedJid };

export interface ReplacingEnv extends Dialogs {
  readonly book: AddressBook;
}

const CLAUSE = 'RFC 3891 §3';
const WARNING = 399;
const RINGING = 'A call that rings cannot be replaced';
const NOT_HIS = 'The sender may not replace this call';

/** Undefined: it has no Replaces. */
export function whatReplaces(
  { request }: ServerTransaction,
  from: { readonly host: string; readonly bareText: string },
  { book, calls, replaceable }: ReplacingEnv,
): Replacing | undefined {
  const header = replaces(request);
  // "If more than one Replaces header field is present … 400".
  if (!header.ok) return refuse(400, header.error.message);
  if (header.value === undefined) return undefined;
  const verdict = replaceVerdict(header.value, replaceable(header.value.callId));
  if (verdict.kind === 'refuse') return refuse(verdict.status, verdict.because);
  const call = calls.find((each) => each === verdict.match.host);
  if (call === undefined) return refuse(481, 'no such dialog');
  // "If the UA cannot accept the new INVITE …, and MUST leave the matched dialog unchanged": its client waits for the answer to
  // an offer of its own, and the new call has another one.
  if (verdict.by === 'CANCEL' || call.state.phase !== 'up') return refuse(488, RINGING);
  const by = referredBy(request);
  if (!by.ok) return refuse(400, by.error.message);
  if (!mayReplace(call, from, by.value?.uri, book)) return refuse(403, NOT_HIS);
  const user = book.jidSenderToSip(userOf(call));
  const to = user.ok ? book.sipTargetToJid(user.value.uri) : user;
  if (!to.ok) return { kind: 'refuse', clause: 'ERR-G6', answer: gatewayResponse('ERR-G6') };
  return { kind: 'replace', call, to: to.value };
}

/**
 * "authenticated as equivalent to the user who is being replaced", or referred by him (RFC 3892; its signature is not asked for), or
 * of his domain, whose servers were believed. All have to know the Call-ID and both tags.
 */
function mayReplace(
  call: Call,
  from: { readonly host: string; readonly bareText: string },
  by: string | undefined,
  book: AddressBook,
): boolean {
  const replaced = sipOf(call);
  if (from.bareText === replaced) return true;
  const referrer = by === undefined ? undefined : book.sipSenderToJid(by);
  if (referrer?.ok === true && referrer.value.bareText === replaced) return true;
  const uri = book.jidTargetToSip(replaced);
  return uri.ok && uri.value.host === from.host;
}

/** The client that an INVITE is for; one that replaces a call is for the client that has it, if that knows of such things. */
export function deviceFor(
  call: Call,
  xmpp: Pick<XmppSessions, 'choose'> & Partial<Pick<XmppSessions, 'transfers'>>,
  chosen: (device: string | undefined) => void,
): void {
  const { caller, callee, device = callee } = call.facts;
  const session = call.replaced?.session();
  const others = (): void => xmpp.choose(caller, device, chosen);
  if (session === undefined || xmpp.transfers === undefined) return others();
  const { self: from, peer: to, sid } = session;
  xmpp.transfers(from, to, (isAble) => {
    if (!isAble) return others();
    // XEP-0251 §3: "identifies an active session with the same from+to+sid and replaces that".
    call.announces = transferElement({ from, sid, to });
    chosen(to);
  });
}

function refuse(status: number, why: string): Replacing {
  const warning = formatWarning({ code: WARNING, agent: 'stoxgate', text: why });
  return {
    ...{ kind: 'refuse', clause: CLAUSE },
    answer: { status, headers: [rawHeaderField('Warning', warning)] },
  };
}
