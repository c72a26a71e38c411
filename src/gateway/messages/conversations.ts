// What the gateway remembers of two people who write to each other: only what makes the translation better. It is a
// bounded cache; forgetting it loses nothing but a nicety.

import { BoundedMap, type Clock } from '../../base/index.ts';

export interface Conversation {
  /** The type that the XMPP user used last (IM-28, `mirror`). */
  lastType: 'normal' | 'chat' | undefined;
  /** The XMPP user has sent a chat state: he understands them (IM-68, XEP-0085 "Discovering support"). */
  chatStates: boolean;
  /** The SIP user's agent has sent isComposing ('understood') or answered it with 415 ('refused'): IM-10, IM-68. */
  composing: 'unknown' | 'understood' | 'refused';
  /** Thread of the XMPP side that could not be a Call-ID, with the Call-ID that was used instead (IM-03). */
  thread: { readonly id: string; readonly callId: string } | undefined;
}

const MAX_CONVERSATIONS = 50_000;
const REMEMBER_MS = 24 * 3_600_000;

export class Conversations {
  readonly #map = new BoundedMap<string, Conversation>({ maxEntries: MAX_CONVERSATIONS });
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#map.size;
  }

  /** By the bare JIDs of the SIP user and the XMPP user. */
  find(sipBareJid: string, xmppBareJid: string): Conversation | undefined {
    return this.#map.get(key(sipBareJid, xmppBareJid), this.#clock.now());
  }

  open(sipBareJid: string, xmppBareJid: string): Conversation {
    const name = key(sipBareJid, xmppBareJid);
    const now = this.#clock.now();
    const known = this.#map.get(name, now);
    if (known !== undefined) return known;
    const fresh: Conversation = {
      lastType: undefined,
      chatStates: false,
      composing: 'unknown',
      thread: undefined,
    };
    this.#map.set(name, fresh, now, REMEMBER_MS);
    return fresh;
  }
}

/** A space cannot be in a bare JID. */
function key(sipBareJid: string, xmppBareJid: string): string {
  return `${sipBareJid} ${xmppBareJid}`;
}
