// Patterns of addresses in rules: a domain, `*.domain`, `user@domain`, or `*`. An address has a name on either side;
// a pattern means it by any of them.

import { domainToHost, hostToDomain, type AddressBook } from '../mapping/index.ts';
import { isUserChar, percentEncode } from '../sip/index.ts';
import { formatBareJid, parseJid } from '../xmpp/index.ts';

/** Somebody, as the address book gives him in either direction. */
export interface Party {
  /** Of his SIP address: A-labels, lower case. */
  readonly host: string;
  readonly jid: { readonly domain: string };
  /** His bare JID. */
  readonly bareText: string;
}

export type AddressPattern =
  | { readonly kind: 'all'; readonly text: string }
  /** Domains in the forms of both sides; `below`: their subdomains instead. */
  | {
      readonly kind: 'domain';
      readonly text: string;
      readonly below: boolean;
      readonly names: readonly string[];
    }
  | { readonly kind: 'user'; readonly text: string; readonly user: string; readonly domain: string };

/** undefined: it is no pattern. */
export function addressPattern(text: string): AddressPattern | undefined {
  if (text === '*') return { kind: 'all', text };
  const at = text.lastIndexOf('@');
  const below = at < 0 && text.startsWith('*.');
  const domain = text.slice(below ? 2 : at + 1);
  if (domain === '' || /[*@\s/]/.test(domain)) return undefined;
  const unicode = hostToDomain(domain);
  if (!unicode.ok) return undefined;
  const ascii = domainToHost(unicode.value);
  if (!ascii.ok) return undefined;
  if (at < 0) return { kind: 'domain', text, below, names: [...new Set([unicode.value, ascii.value])] };
  return at === 0 ? undefined : { kind: 'user', text, user: text.slice(0, at), domain: unicode.value };
}

/** A pattern as a question, by the rules of this book. */
export function compilePattern(
  pattern: AddressPattern,
  book: Pick<AddressBook, 'sipSenderToJid' | 'sipTargetToJid'>,
): (party: Party) => boolean {
  if (pattern.kind === 'all') return () => true;
  if (pattern.kind === 'domain') {
    const { below, names } = pattern;
    if (!below) return ({ host, jid }) => names.includes(host) || names.includes(jid.domain);
    const ends = names.map((name) => `.${name}`);
    return ({ host, jid }) => ends.some((end) => host.endsWith(end) || jid.domain.endsWith(end));
  }
  // The JIDs that the address is, or becomes: what is compared is what the XMPP side sees.
  const jids = new Set<string>();
  const jid = parseJid(`${pattern.user}@${pattern.domain}`);
  if (jid.ok) jids.add(formatBareJid(jid.value));
  const host = domainToHost(pattern.domain);
  if (host.ok) {
    const uri = `sip:${percentEncode(pattern.user, isUserChar)}@${host.value}`;
    for (const mapped of [book.sipSenderToJid(uri), book.sipTargetToJid(uri)]) {
      if (mapped.ok) jids.add(mapped.value.bareText);
    }
  }
  return ({ bareText }) => jids.has(bareText);
}
