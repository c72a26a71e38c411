// What `stoxgate address` prints: an address in both directions, with the rule or the refusal.

import type { Result } from '../base/index.ts';
import { parseUri, reasonPhrase } from '../sip/index.ts';
import { faultToStanzaError, faultToStatus, type AddressFault, type AddressRole } from './address-fault.ts';
import type { AddressBook } from './address-book.ts';
import { formatRule, type DomainRule } from './domain-rules.ts';
import { xmppUriToJid } from './uri-to-jid.ts';
import { formatJid, parseJid } from '../xmpp/index.ts';

const SIP_SCHEME = /^(?:sips?|im|pres|tel):/i;
const ROLES: readonly AddressRole[] = ['target', 'sender'];
const ROLE_WORDS = {
  sip: { target: 'SIP request to it  ', sender: 'SIP request from it' },
  xmpp: { target: 'stanza to it       ', sender: 'stanza from it     ' },
} as const;

/** Both readings of an address without a scheme, the one reading of a URI. */
export function explainAddress(book: AddressBook, address: string): readonly string[] {
  const text = address.trim();
  if (SIP_SCHEME.test(text)) return explainUri(book, text);
  const xmppUri = /^xmpp:/i.test(text) ? xmppUriToJid(text) : undefined;
  if (xmppUri?.ok === true) return explainJid(book, formatJid(xmppUri.value));
  if (xmppUri?.ok === false) return [`${text}: ${xmppUri.error.message}`];
  // Most JIDs with an escape are no SIP URIs, and the other way round: then one reading is enough.
  const isJid = parseJid(text).ok;
  const isUri = parseUri(`sip:${text}`).ok;
  return [
    ...(isUri || !isJid ? explainUri(book, `sip:${text}`) : []),
    ...(isJid || !isUri ? explainJid(book, text) : []),
  ];
}

function explainUri(book: AddressBook, uri: string): string[] {
  const lines = [uri];
  for (const role of ROLES) {
    const mapped = role === 'target' ? book.sipTargetToJid(uri) : book.sipSenderToJid(uri);
    const outcome = describe(
      book,
      mapped,
      (value) => value.jidText,
      (fault) => {
        const status = faultToStatus(fault, role);
        return `${status} ${reasonPhrase(status)}`;
      },
    );
    lines.push(`  ${ROLE_WORDS.sip[role]}  ${outcome}`);
  }
  return lines;
}

function explainJid(book: AddressBook, jid: string): string[] {
  const lines = [jid];
  for (const role of ROLES) {
    const mapped = role === 'target' ? book.jidTargetToSip(jid) : book.jidSenderToSip(jid);
    const refusal = (fault: AddressFault): string => faultToStanzaError(fault, role).condition;
    lines.push(`  ${ROLE_WORDS.xmpp[role]}  ${describe(book, mapped, (value) => value.uri, refusal)}`);
  }
  return lines;
}

function describe<T extends { readonly rule: DomainRule }>(
  book: AddressBook,
  mapped: Result<T, AddressFault>,
  result: (value: T) => string,
  refusal: (fault: AddressFault) => string,
): string {
  if (!mapped.ok) {
    const { message, clause } = mapped.error;
    return `refused, ${refusal(mapped.error)}: ${message}${clause === undefined ? '' : ` (${clause})`}`;
  }
  const { rule } = mapped.value;
  return `${result(mapped.value)}  by domains[${book.rules.indexOf(rule)}] { ${formatRule(rule)} }`;
}
