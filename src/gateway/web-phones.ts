// Phones that are web pages connected here: no registrar says where they are (RFC 3261 §10), and nobody can call a
// browser, so what is for such a user goes on the WebSocket connection on which he proved himself (RFC 7118 §5).

import type { AddressBook } from '../mapping/index.ts';
import type { SpeakingAccounts } from '../policy/index.ts';
import { formatSipUri, type SipUri, type Source, type Target } from '../sip/index.ts';

/** Users remembered; beyond that the one who proved himself longest ago is forgotten. */
const MAX_USERS = 10_000;

export class WebPhones {
  readonly #isOpen: (target: Target) => boolean;
  /** By their addresses as JIDs, since two spellings that become one are one. */
  readonly #targets = new Map<string, Target>();
  #accounts: SpeakingAccounts | undefined;
  #book: Pick<AddressBook, 'sipSenderToJid'> | undefined;

  /** `isOpen`: whether the connection of a target is still there. */
  constructor(isOpen: (target: Target) => boolean) {
    this.#isOpen = isOpen;
  }

  /** The accounts (`sip.users`) and addresses that hold from now on; open connections stay known. */
  use(accounts: SpeakingAccounts | undefined, book: Pick<AddressBook, 'sipSenderToJid'>): void {
    this.#accounts = accounts;
    this.#book = book;
  }

  /** A digest proved that a request is from this user. The last connection on which he did is the one. */
  proved(address: string, { transport, remoteAddress, remotePort, connectionId }: Source): void {
    if ((transport !== 'WS' && transport !== 'WSS') || connectionId === undefined) return;
    this.#targets.delete(address);
    this.#targets.set(address, { transport, address: remoteAddress, port: remotePort, connectionId });
    if (this.#targets.size <= MAX_USERS) return;
    for (const oldest of this.#targets.keys()) {
      this.#targets.delete(oldest);
      return;
    }
  }

  /** Where the user of this URI is connected; `absent`: nowhere now; undefined: no account says that he is a web page. */
  find(uri: SipUri): Target | 'absent' | undefined {
    if (!this.#accounts?.anyWebPhone) return undefined;
    const user = this.#book?.sipSenderToJid(formatSipUri(uri));
    if (user?.ok !== true || !this.#accounts.isWebPhone(user.value)) return undefined;
    const target = this.#targets.get(user.value.bareText);
    return target !== undefined && this.#isOpen(target) ? target : 'absent';
  }

  /** Forgets whose connection is closed. */
  sweep(): void {
    for (const [address, target] of this.#targets) if (!this.#isOpen(target)) this.#targets.delete(address);
  }

  get size(): number {
    return this.#targets.size;
  }
}
