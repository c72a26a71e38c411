// Who may authenticate by digest, and as whom he may then speak (`sip.users`; SIPT-06).

import type { AddressBook, MappedJid } from '../mapping/index.ts';
import type { DigestUser } from '../sip/index.ts';

/** One entry of `sip.users`. */
export interface SipAccount extends DigestUser {
  /** From addresses, `user@domain` or `*@domain`, as SIP writes them. */
  readonly from: readonly string[];
  /** What is for these addresses goes on the WebSocket connection on which he proved himself. */
  readonly web_phone?: boolean | undefined;
}

/**
 * The accounts by what they may speak for. Addresses are compared as the JIDs that they become, since these are what
 * the XMPP side is shown: two spellings that become one are one.
 */
export class SpeakingAccounts {
  readonly #addresses = new Map<SipAccount, ReadonlySet<string>>();
  readonly #domains = new Map<SipAccount, ReadonlySet<string>>();
  /** Bare addresses and hosts of who is a web page that is connected to the gateway. */
  readonly #webPhones = new Set<string>();
  /** Realms, by the host of a From; the first that was configured for it is the one that challenges. */
  readonly #realms = new Map<string, string>();

  constructor(accounts: readonly SipAccount[], book: Pick<AddressBook, 'sipSenderToJid'>) {
    for (const account of accounts) {
      const addresses = new Set<string>();
      const domains = new Set<string>();
      for (const entry of account.from) {
        const everybody = entry.startsWith('*@');
        const sender = book.sipSenderToJid(`sip:${everybody ? entry.slice(2) : entry}`);
        // No rule of `domains` covers it: such a From is refused whoever sends it. The configuration warns of it.
        if (!sender.ok) continue;
        const { host, bareText } = sender.value;
        if (everybody) domains.add(host);
        else addresses.add(bareText);
        if (account.web_phone === true) this.#webPhones.add(everybody ? host : bareText);
        if (!this.#realms.has(host)) this.#realms.set(host, account.realm);
      }
      this.#addresses.set(account, addresses);
      this.#domains.set(account, domains);
    }
  }

  /** In which realm somebody who speaks for this host is challenged; undefined: nobody can authenticate for it. */
  realmFor(host: string): string | undefined {
    return this.#realms.get(host);
  }

  get anyWebPhone(): boolean {
    return this.#webPhones.size > 0;
  }

  /** Whether some account that may speak as this user is one of a web page (`web_phone`). */
  isWebPhone(user: MappedJid): boolean {
    return this.#webPhones.has(user.bareText) || this.#webPhones.has(user.host);
  }

  maySpeakAs(account: SipAccount, sender: MappedJid): boolean {
    return (
      this.#addresses.get(account)?.has(sender.bareText) === true ||
      this.#domains.get(account)?.has(sender.host) === true
    );
  }
}
