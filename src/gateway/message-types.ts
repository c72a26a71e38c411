// Of which type a message from SIP is in XMPP, by the domain of whom it is for (row IM-28).

import type { AddressBook, DomainRule, MappedJid } from '../mapping/index.ts';
import type { Config } from './config/schema.ts';

export type MessageType = Config['messages']['type'];

export class MessageTypes {
  readonly #default: MessageType;
  readonly #book: Pick<AddressBook, 'xmppHome'>;
  readonly #own = new Map<DomainRule, MessageType>();

  /** `book`: made of the same configuration. */
  constructor(config: Pick<Config, 'domains' | 'messages'>, book: Pick<AddressBook, 'xmppHome'>) {
    this.#default = config.messages.type;
    this.#book = book;
    for (const rule of config.domains) {
      if (rule.messages !== undefined) this.#own.set(rule, rule.messages.type);
    }
  }

  /** For a message to him: what is said of his domain holds for its folded addresses too. */
  typeFor({ jid, rule }: Pick<MappedJid, 'jid' | 'rule'>): MessageType {
    if (this.#own.size === 0) return this.#default;
    const home = this.#book.xmppHome(jid.domain);
    return (home && this.#own.get(home)) ?? this.#own.get(rule) ?? this.#default;
  }
}
