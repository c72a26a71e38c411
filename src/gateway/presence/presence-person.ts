// Whom an address of the operator's means: on which side he is at home, and his names on both.

import { err, ok, type Result } from '../../base/index.ts';
import { xmppUriToJid, type AddressBook, type Side } from '../../mapping/index.ts';
import { formatJid } from '../../xmpp/index.ts';

export interface Person {
  readonly home: Side;
  /** Bare JID. */
  readonly jid: string;
  /** SIP URI. */
  readonly uri: string;
}

/** `malformed`: it is no address of a user; `uncovered`: no rule of `domains` covers it. In words. */
export interface PersonFault {
  readonly kind: 'malformed' | 'uncovered';
  readonly message: string;
}

interface Found {
  readonly persons: readonly Person[];
  readonly faults: readonly { readonly kind: string; readonly message: string }[];
}

const SIP_SCHEME = /^(?:sips?|im|pres|tel):/i;

/**
 * One person; two only where the rules leave open on which side he is at home (both names "*"). A JID, an xmpp URI or a SIP
 * URI; without a scheme it is read as a JID first. What names a device counts for its user.
 */
export function personsOf(book: AddressBook, address: string): Result<readonly Person[], PersonFault> {
  const text = address.trim();
  const readings = SIP_SCHEME.test(text)
    ? [() => byUri(book, text)]
    : [() => byJid(book, withoutScheme(text)), () => byUri(book, `sip:${text}`)];
  const faults: Found['faults'][number][] = [];
  for (const read of readings) {
    const found = read();
    if (found.persons.length > 0) return ok(found.persons);
    faults.push(...found.faults);
  }
  if (faults.includes(DOMAIN)) return err({ kind: 'malformed', message: `${text}: ${DOMAIN.message}` });
  const uncovered = faults.filter(({ kind }) => kind !== 'unmappable' && kind !== 'scheme');
  const told = uncovered.length > 0 ? uncovered : faults;
  const words = [...new Set(told.map(({ message }) => message))].join('; ');
  const kind = uncovered.length > 0 ? 'uncovered' : 'malformed';
  return err({ kind, message: `${text}: ${words}` });
}

function withoutScheme(text: string): string {
  const jid = /^xmpp:/i.test(text) ? xmppUriToJid(text) : undefined;
  return jid?.ok === true ? formatJid(jid.value) : text;
}

function byJid(book: AddressBook, text: string): Found {
  const persons: Person[] = [];
  const faults = [];
  for (const home of ['xmpp', 'sip'] as const) {
    const mapped = home === 'xmpp' ? book.jidSenderToSip(text) : book.jidTargetToSip(text);
    if (!mapped.ok) faults.push(mapped.error);
    else if (mapped.value.jid.local === '') faults.push(DOMAIN);
    else persons.push(personOf(book, home, mapped.value.bareText, mapped.value.uri));
  }
  return { persons, faults };
}

function byUri(book: AddressBook, text: string): Found {
  const persons: Person[] = [];
  const faults = [];
  for (const home of ['xmpp', 'sip'] as const) {
    const mapped = home === 'xmpp' ? book.sipTargetToJid(text) : book.sipSenderToJid(text);
    if (!mapped.ok) faults.push(mapped.error);
    else if (mapped.value.jid.local === '') faults.push(DOMAIN);
    else persons.push(personOf(book, home, mapped.value.bareText, text));
  }
  return { persons, faults };
}

const DOMAIN = { kind: 'domain', message: 'it names a domain, which has no presence' };

/** `uri`: of a device perhaps; what it is for the bare address is looked up. */
function personOf(book: AddressBook, home: Side, jid: string, uri: string): Person {
  const bare = home === 'xmpp' ? book.jidSenderToSip(jid) : book.jidTargetToSip(jid);
  return { home, jid, uri: bare.ok ? bare.value.uri : uri };
}
