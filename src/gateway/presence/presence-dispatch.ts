// Presence stanzas of XMPP users: who sends, to which SIP contact, and which direction of presence it concerns.

import type { Counter, Counters } from '../../base/index.ts';
import { faultToStanzaError, gatewayStanzaError, type MappedUri } from '../../mapping/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import { errorReply, mayAnswerWithError, stanzaError, type StanzaError } from '../../xmpp/index.ts';
import type { LinkGroup } from '../link-group.ts';
import type { Live } from '../live.ts';
import type { ErrorReports } from '../messages/error-reports.ts';
import type { Publisher } from '../publications/publisher.ts';
import type { ContactSide } from './contact-side.ts';
import type { Watchers } from './watchers.ts';

export interface PresenceDispatchEnv {
  readonly counters: Counters;
  readonly live: Pick<Live, 'book' | 'admission'>;
  readonly watchers: Watchers;
  readonly errors: ErrorReports;
  /** Presence of XMPP users towards SIP; undefined: it is not carried. */
  readonly contacts?: ContactSide | undefined;
  /** Users with a presence server; undefined: there are none. */
  readonly publisher?: Pick<Publisher, 'own' | 'seen' | 'asksFor' | 'answered'> | undefined;
  draining(): boolean;
}

type Kind = Parameters<ContactSide['presence']>[0];

/** Those that want something: whoever sends one hears why he does not get it. */
const REQUESTS: ReadonlySet<string> = new Set(['subscribe', 'unsubscribe', 'probe']);

/** Those that end something, or answer: no rule of `policy` keeps anybody from that. */
const ENDS: ReadonlySet<string> = new Set(['unsubscribe', 'unsubscribed', 'unavailable', 'error']);

export class PresenceDispatch {
  readonly #env: PresenceDispatchEnv;
  readonly #ignored: Counter;

  constructor(env: PresenceDispatchEnv) {
    this.#env = env;
    this.#ignored = env.counters.counter(
      'stoxgate_presence_ignored_total',
      'Presence stanzas of XMPP users that concern nobody here.',
    );
  }

  stanza(stanza: XmlElement, group: LinkGroup): void {
    const { live } = this.#env;
    const to = stanza.attr('to');
    const from = stanza.attr('from');
    if (to === undefined || from === undefined) return this.#ignored.add();
    const type = stanza.attr('type') ?? 'available';
    const contact = live.book.jidTargetToSip(to);
    if (!contact.ok) return this.#refuse(type, stanza, faultToStanzaError(contact.error, 'target'), group);
    const isContact = contact.value.jid.local !== '';
    const user = live.book.jidSenderToSip(from);
    if (!isContact) {
      if (user.ok && this.#env.publisher?.own(type, stanza, user.value, group) === true) return;
      // COMP-05: the domain itself is nobody's contact.
      return this.#refuse(type, stanza, NOBODY, group);
    }
    // PRES-21.
    if (!user.ok) return this.#refuse(type, stanza, faultToStanzaError(user.error, 'sender'), group);
    if (this.#env.draining()) {
      // His server has it, and will not say it again: it is kept for the next start.
      const decides = type === 'subscribed' || type === 'unsubscribed';
      if (decides && this.#env.publisher?.answered(type, user.value, contact.value) === true) return;
      return this.#refuse(type, stanza, gatewayStanzaError('ERR-G5'), group);
    }
    const counted = type === 'subscribe';
    const denied = ENDS.has(type)
      ? undefined
      : live.admission.stanza(user.value, contact.value, group.domain, { counted });
    if (denied !== undefined) return this.#refuse(type, stanza, denied.answer, group);
    this.#take(type, stanza, user.value, contact.value, group);
  }

  #take(type: string, stanza: XmlElement, user: MappedUri, contact: MappedUri, group: LinkGroup): void {
    const { watchers, publisher } = this.#env;
    switch (type) {
      case 'subscribe':
        publisher?.seen(user, group);
        publisher?.asksFor(user, contact);
        return watchers.subscribe(stanza, user, contact, group);
      case 'unsubscribe':
        return watchers.unsubscribe(user, contact, group);
      case 'probe':
        publisher?.seen(user, group);
        return watchers.probe(stanza, user, contact, group);
      case 'available':
        return this.#both(type, watchers.available(user, contact, stanza), stanza, user, contact, group);
      case 'unavailable':
        return this.#both(type, this.#unavailable(user, contact), stanza, user, contact, group);
      case 'unsubscribed':
      case 'error': {
        const decided = type === 'unsubscribed' && publisher?.answered(type, user, contact) === true;
        // Perhaps the answer to a probe of ours (PRES-08, RFC 6121 §4.3.2).
        const taken = watchers.unanswered(type, user, contact) || decided;
        return this.#both(type, taken, stanza, user, contact, group);
      }
      case 'subscribed': {
        const decided = publisher?.answered(type, user, contact) === true;
        return this.#both(type, decided, stanza, user, contact, group);
      }
      default:
        // RFC 6120 §8.1.4 leaves other types to nobody.
        return this.#ignored.add();
    }
  }

  #unavailable(user: MappedUri, contact: MappedUri): boolean {
    const { watchers, contacts } = this.#env;
    const isReceipt = user.jid.resource === '' && contacts?.isAsked(user, contact) === true;
    return !isReceipt && watchers.unavailable(user, contact);
  }

  /** It may concern either direction. */
  #both(
    kind: Kind,
    taken: boolean,
    stanza: XmlElement,
    user: MappedUri,
    contact: MappedUri,
    group: LinkGroup,
  ): void {
    const other = this.#env.contacts?.presence(kind, stanza, user, contact, group) === true;
    if (!taken && !other) this.#ignored.add();
  }

  #refuse(type: string, stanza: XmlElement, error: StanzaError, group: LinkGroup): void {
    if (!REQUESTS.has(type) || !mayAnswerWithError(stanza)) return this.#ignored.add();
    this.#env.errors.send(errorReply(stanza, error), group);
  }
}

const NOBODY = stanzaError('item-not-found', { text: 'A domain has no presence', lang: 'en' });
