// What the address of a SIP user can do, as far as it is known of him and as it is configured (rows FEAT-03, FEAT-04).

import type { XmlElement } from '../xml/index.ts';
import {
  NS_ACTIVITY,
  NS_CHAT_MARKERS,
  NS_CHAT_STATES,
  NS_GEOLOC,
  NS_MOOD,
  NS_RECEIPTS,
  userCaps,
} from '../xmpp/index.ts';
import { CALL_FEATURES } from './calls/xmpp-features.ts';
import type { Live } from './live.ts';
import type { Peers } from './messages/peers.ts';

export interface UserFeaturesEnv {
  readonly live: Pick<Live, 'book' | 'messages' | 'presence'>;
  readonly peers: Pick<Peers, 'mayAsk'>;
  readonly name: string;
  /** Calls are carried; by default they are not. */
  readonly calls?: (() => boolean) | undefined;
}

const BOTH = [false, true] as const;

export class UserFeatures {
  readonly #env: UserFeaturesEnv;

  constructor(env: UserFeaturesEnv) {
    this.#env = env;
  }

  /** Of a SIP user by his JID, bare or full. */
  of(jid: string): readonly string[] {
    const { live, peers } = this.#env;
    const user = live.book.jidTargetToSip(jid);
    const known = user.ok ? live.book.sipSenderToJid(user.value.uri) : user;
    const composing = live.messages.composing !== 'never';
    return setOf(
      composing,
      known.ok && peers.mayAsk(known.value.bareText),
      this.#location,
      this.#env.calls?.() === true,
    );
  }

  /** The `<c/>` of his presence. */
  caps(jid: string): XmlElement {
    return userCaps(this.#env.name, this.of(jid));
  }

  /** All sets there are: of him who has announced one of before a change, it can still be asked. */
  get all(): readonly (readonly string[])[] {
    return SETS;
  }

  get #location(): boolean {
    return this.#env.live.presence.location === 'share';
  }
}

function setOf(composing: boolean, reports: boolean, location: boolean, calls: boolean): readonly string[] {
  const place = (calls ? 8 : 0) + (composing ? 4 : 0) + (reports ? 2 : 0) + (location ? 1 : 0);
  return SETS[place] ?? [];
}

const SETS = BOTH.flatMap((calls) =>
  BOTH.flatMap((composing) =>
    BOTH.flatMap((reports) =>
      BOTH.map((location): readonly string[] => [
        ...(composing ? [NS_CHAT_STATES] : []),
        ...(reports ? [NS_RECEIPTS, NS_CHAT_MARKERS] : []),
        // XEP-0163 §4.1: what his watchers can be told is sent to him.
        ...[NS_MOOD, NS_ACTIVITY, ...(location ? [NS_GEOLOC] : [])].map((node) => `${node}+notify`),
        ...(calls ? CALL_FEATURES : []),
      ]),
    ),
  ),
);
