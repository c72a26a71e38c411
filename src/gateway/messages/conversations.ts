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
const MAX_LATEST = 10_000;
/** Then it is looked up again, so that no conversation outlives its time by more. */
const LATEST_MS = 600_000;

interface Latest {
  readonly xmppBareJid: string;
  readonly conversation: Conversation;
  readonly untilMs: number;
}

export class Conversations {
  readonly #map = new BoundedMap<string, Conversation>({ maxEntries: MAX_CONVERSATIONS });
  /**
   * The last one of each SIP user: found without a joined key, whose text would have to be made and hashed for each
   * message.
   */
  readonly #latest = new Map<string, Latest>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#map.size;
  }

  /** By the bare JIDs of the SIP user and the XMPP user. */
  find(sipBareJid: string, xmppBareJid: string): Conversation | undefined {
    const now = this.#clock.now();
    const latest = this.#latestOf(sipBareJid, xmppBareJid, now);
    if (latest !== undefined) return latest;
    const known = this.#map.get(key(sipBareJid, xmppBareJid), now);
    if (known !== undefined) this.#remember(sipBareJid, xmppBareJid, known, now);
    return known;
  }

  open(sipBareJid: string, xmppBareJid: string): Conversation {
    const known = this.find(sipBareJid, xmppBareJid);
    if (known !== undefined) return known;
    const now = this.#clock.now();
    const fresh: Conversation = {
      lastType: undefined,
      chatStates: false,
      composing: 'unknown',
      thread: undefined,
    };
    this.#map.set(key(sipBareJid, xmppBareJid), fresh, now, REMEMBER_MS);
    this.#remember(sipBareJid, xmppBareJid, fresh, now);
    return fresh;
  }

  #latestOf(sipBareJid: string, xmppBareJid: string, now: number): Conversation | undefined {
    const latest = this.#latest.get(sipBareJid);
    return latest !== undefined && latest.xmppBareJid === xmppBareJid && latest.untilMs > now
      ? latest.conversation
      : undefined;
  }

  #remember(sipBareJid: string, xmppBareJid: string, conversation: Conversation, now: number): void {
    if (this.#latest.size >= MAX_LATEST) this.#latest.clear();
    this.#latest.set(sipBareJid, { xmppBareJid, conversation, untilMs: now + LATEST_MS });
  }
}

/** A space cannot be in a bare JID. */
function key(sipBareJid: string, xmppBareJid: string): string {
  return `${sipBareJid} ${xmppBareJid}`;
}
