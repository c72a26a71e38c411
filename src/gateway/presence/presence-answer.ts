// The answer to `stoxgate presence WATCHER CONTACT`: the machine of that pair, the one of the other way round, and the link
// between them.

import type { AdminAnswer } from '../../edge/admin/index.ts';
import type { AddressBook } from '../../mapping/index.ts';
import { domainOf } from '../address-text.ts';
import type { LinkGroup } from '../link-group.ts';
import type { ContactStatus } from './contact-status.ts';
import { personsOf, type Person } from './presence-person.ts';
import type { WatchStatus } from './watch-status.ts';

export interface PresenceSources {
  readonly live: { readonly book: AddressBook };
  groupFor(domain: string): LinkGroup | undefined;
  /** An XMPP user watches a SIP contact (machine W). Bare JIDs. */
  watch(user: string, contact: string): WatchStatus | undefined;
  /** A SIP user watches an XMPP contact (machine P). */
  contact(watcher: string, contact: string): ContactStatus | undefined;
}

/** W: the watcher is at home in XMPP. */
type Shown =
  | { readonly machine: 'W'; readonly status: WatchStatus }
  | { readonly machine: 'P'; readonly status: ContactStatus };

export interface PresenceAnswer {
  readonly watcher: Person;
  readonly contact: Person;
  /** Of the SIP user's domain: what both sides tell each other goes through it. */
  readonly link: {
    readonly domain: string;
    readonly up: boolean;
    readonly states: LinkGroup['states'];
  };
  readonly shown: Shown | undefined;
  /** The contact watches the watcher. */
  readonly reverse: Shown | undefined;
  /** Why there is nothing to be shown, in words. */
  readonly because?: readonly string[];
}

/** 200: he watches him; 404: he does not, or no rule covers one of the two; 400: the question makes no sense. */
export function presenceAnswer(
  sources: PresenceSources,
  [watcher, contact, ...more]: readonly string[],
): AdminAnswer {
  if (watcher === undefined || contact === undefined || more.length > 0)
    return { status: 400, body: { error: 'presence takes a watcher and a contact' } };
  const watchers = personsOf(sources.live.book, watcher);
  const contacts = personsOf(sources.live.book, contact);
  const faults = [watchers, contacts].flatMap((each) => (each.ok ? [] : [each.error]));
  if (!watchers.ok || !contacts.ok) {
    const because = faults.map(({ message }) => message);
    return faults.some(({ kind }) => kind === 'malformed')
      ? { status: 400, body: { error: because.join('; ') } }
      : { status: 404, body: { because } };
  }
  const answers = watchers.value
    .flatMap((from) => contacts.value.map((to) => ({ from, to })))
    .filter(({ from, to }) => from.home !== to.home)
    .map(({ from, to }) => answer(sources, from, to));
  const [first] = answers;
  if (first === undefined) {
    const side = watchers.value[0]?.home === 'sip' ? 'SIP' : 'XMPP';
    const error = `both are at home on the ${side} side: the gateway carries no presence between them`;
    return { status: 400, body: { error } };
  }
  const best = answers.find(({ shown }) => shown !== undefined) ?? first;
  if (best.shown !== undefined) return { status: 200, body: best };
  return { status: 404, body: { ...best, because: [reasonFor(best)] } };
}

function answer(sources: PresenceSources, watcher: Person, contact: Person): PresenceAnswer {
  const domain = domainOf((watcher.home === 'sip' ? watcher : contact).jid);
  const group = sources.groupFor(domain);
  return {
    watcher,
    contact,
    link: { domain, up: group?.up ?? false, states: group?.states ?? [] },
    shown: look(sources, watcher, contact),
    reverse: look(sources, contact, watcher),
  };
}

function look(sources: PresenceSources, watcher: Person, contact: Person): Shown | undefined {
  if (watcher.home === 'xmpp') {
    const status = sources.watch(watcher.jid, contact.jid);
    return status === undefined ? undefined : { machine: 'W', status };
  }
  const status = sources.contact(watcher.jid, contact.jid);
  return status === undefined ? undefined : { machine: 'P', status };
}

/** Nothing is held of a pair that nobody watches, so that only what would have made it one can be said. */
function reasonFor({ watcher, contact }: PresenceAnswer): string {
  return watcher.home === 'xmpp'
    ? `${watcher.jid} does not watch ${contact.jid}: no presence stanza of type subscribe came from him, or he was refused, or took it back`
    : `${watcher.uri} does not watch ${contact.uri}: no SUBSCRIBE came from him, or the last one has ended or was refused`;
}
