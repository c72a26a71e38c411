// What a script's answer says in each protocol.

import {
  gatewayResponse,
  gatewayStanzaError,
  responseToStanzaError,
  stanzaErrorToResponse,
  type AddressBook,
  type ErrorResponse,
} from '../../mapping/index.ts';
import type { RouteAction, Routed } from '../../policy/index.ts';
import { headerField, reasonPhrase } from '../../sip/index.ts';
import { stanzaError, type StanzaError } from '../../xmpp/index.ts';

/** For the ledger: the script decided. */
export const ROUTES_CLAUSE = 'routes';

type Contacts = Pick<AddressBook, 'addressToContact'>;
type Addresses = Pick<AddressBook, 'contactToAddress'>;

const INTERNAL = 500;

/** The final response for a result that ends a request. `relay`, `rewrite` and `drop` end none. */
export function responseOf(result: Routed, method: string, book: Contacts): ErrorResponse {
  switch (result) {
    case 'failed':
      return plain(INTERNAL);
    case 'busy':
      return gatewayResponse('ERR-G2');
    case 'stopped':
      return gatewayResponse('ERR-G5');
    default:
  }
  if (result.verb === 'redirect') return redirection(result, book);
  const { status, condition, text } = result;
  if (status !== undefined) return { ...plain(status), reason: text ?? reasonPhrase(status) };
  // As if a full JID had said it: the script speaks of this request, and not of the user wherever he is (6xx).
  return stanzaErrorToResponse(stanzaError(condition ?? 'internal-server-error', { text }), {
    full: true,
    method,
  });
}

/** The stanza error for such a result. */
export function stanzaErrorOf(result: Routed, book: Addresses): StanzaError {
  switch (result) {
    case 'failed':
      return stanzaError('internal-server-error');
    case 'busy':
      return gatewayStanzaError('ERR-G2');
    case 'stopped':
      return gatewayStanzaError('ERR-G5');
    default:
  }
  if (result.verb === 'redirect') {
    const [target = ''] = result.targets;
    // RFC 6120 §8.3.3.14: "with which the sender can communicate", so the XMPP name of a SIP user where he has one.
    const address = target.startsWith('xmpp:') ? target : (book.contactToAddress(target) ?? target);
    return stanzaError('redirect', { address });
  }
  const { status, condition, text } = result;
  if (status !== undefined) return responseToStanzaError(status, text ?? '');
  const details = text === undefined ? {} : { text, lang: 'en' };
  return stanzaError(condition ?? 'internal-server-error', details);
}

function plain(status: number): ErrorResponse {
  return { status, reason: reasonPhrase(status), headers: [] };
}

/** RFC 3261 §21.3.3: the new addresses in Contact. An XMPP user is named by his SIP address. */
function redirection(action: RouteAction, book: Contacts): ErrorResponse {
  const uris = action.targets.flatMap((target) =>
    target.startsWith('xmpp:') ? (book.addressToContact(target) ?? []) : target,
  );
  if (uris.length === 0) return plain(480);
  return {
    status: 302,
    reason: reasonPhrase(302),
    headers: uris.map((uri) => headerField('Contact', `<${uri}>`)),
  };
}
