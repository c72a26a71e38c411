// Which stanza belongs to which call. A session is found by own address, address of the other party and sid (XEP-0166 §7), a
// proposal by both users and its id: what anybody else sends finds nothing.

import type { XmppLeg } from './xmpp-leg.ts';

export class XmppLegTable {
  /** By both users and the id; each call is here from the beginning of its proposal or session. */
  readonly #legs = new Map<string, XmppLeg>();
  readonly #sessions = new Map<string, XmppLeg>();
  /** By the bare JID of the XMPP user. */
  readonly #ofUser = new Map<string, Set<XmppLeg>>();

  get size(): number {
    return this.#legs.size;
  }

  /** Calls of an XMPP user, by his bare JID. */
  of(user: string): ReadonlySet<XmppLeg> {
    return this.#ofUser.get(user) ?? NONE;
  }

  /** By its users, and by its session once it has one. */
  seat(leg: XmppLeg): void {
    this.#legs.set(keyOf(leg.user, leg.other, leg.sid), leg);
    const legs = this.#ofUser.get(leg.other);
    if (legs === undefined) this.#ofUser.set(leg.other, new Set([leg]));
    else legs.add(leg);
    const session = leg.session();
    if (session === undefined || leg.sessionKey !== undefined) return;
    leg.sessionKey = keyOf(session.self, session.peer, session.sid);
    this.#sessions.set(leg.sessionKey, leg);
  }

  delete(leg: XmppLeg): void {
    const key = keyOf(leg.user, leg.other, leg.sid);
    if (this.#legs.get(key) !== leg) return;
    this.#legs.delete(key);
    if (leg.sessionKey !== undefined) this.#sessions.delete(leg.sessionKey);
    const legs = this.#ofUser.get(leg.other);
    legs?.delete(leg);
    if (legs?.size === 0) this.#ofUser.delete(leg.other);
  }

  /** Bare JIDs of the SIP user and of the XMPP user. */
  byUsers(user: string, other: string, sid: string): XmppLeg | undefined {
    return this.#legs.get(keyOf(user, other, sid));
  }

  bySession(self: string, peer: string, sid: string): XmppLeg | undefined {
    return this.#sessions.get(keyOf(self, peer, sid));
  }

  all(): readonly XmppLeg[] {
    return [...this.#legs.values()];
  }
}

const NONE: ReadonlySet<XmppLeg> = new Set();

/** No address has a line break in it (RFC 7622 §3.3, §3.4). */
function keyOf(own: string, other: string, sid: string): string {
  return `${own}\n${other}\n${sid}`;
}
