// Messages by which devices agree on a call before its session (XEP-0353; rows CALL-90 to CALL-100), as they come in: of whom they
// are, to which call they belong, and whether they begin one.

import type { Counter, Counters } from '../../base/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import {
  errorReply,
  mayAnswerWithError,
  NS_RTP,
  readInitiation,
  readMessage,
  type Initiation,
  type StanzaError,
} from '../../xmpp/index.ts';
import { bareOf } from '../address-text.ts';
import type { LinkGroup } from '../link-group.ts';
import { callAddress } from './xmpp-features.ts';
import type { XmppLeg } from './xmpp-leg.ts';
import type { XmppLegTable } from './xmpp-leg-table.ts';
import type { CallStanzas } from './xmpp-stanzas.ts';
import type { XmppBeginning } from './xmpp-types.ts';

export interface XmppProposalsEnv {
  readonly counters: Counters;
  readonly table: XmppLegTable;
  readonly stanzas: CallStanzas;
  begin(
    beginning: XmppBeginning,
    role: 'responder',
  ): { readonly ok: true; readonly leg: XmppLeg } | { readonly ok: false; readonly error: StanzaError };
}

interface Ends {
  readonly from: string;
  readonly to: string;
}

export class XmppProposals {
  readonly #env: XmppProposalsEnv;
  readonly #ignored: Counter;

  constructor(env: XmppProposalsEnv) {
    this.#env = env;
    this.#ignored = env.counters.counter(
      'stoxgate_call_messages_ignored_total',
      'Messages about proposed calls that belong to none, or cannot be read.',
    );
  }

  /** False: it has something else to say, perhaps besides. `ends` undefined: its addresses cannot be read. */
  message(stanza: XmlElement, ends: Ends | undefined, group: LinkGroup): boolean {
    const { type, bodies } = readMessage(stanza);
    if (type === 'error') {
      return ends !== undefined && this.#env.stanzas.bounced(stanza, ends.from, ends.to);
    }
    const read = readInitiation(stanza);
    if (read === undefined) return false;
    // Rooms have other means (XEP-0353 is between two users).
    if (!read.ok || ends === undefined || type === 'groupchat') this.#ignored.add();
    else this.#take(stanza, read.value, ends, group);
    return bodies.length === 0;
  }

  #take(stanza: XmlElement, initiation: Initiation, ends: Ends, group: LinkGroup): void {
    const { from, to } = ends;
    const leg = this.#env.table.byUsers(bareOf(to), bareOf(from), initiation.id);
    if (leg !== undefined) return leg.initiate({ kind: 'received', from, initiation });
    // "to the full JID of the initiator": an answer needs one.
    if (initiation.kind !== 'propose' || !from.includes('/')) return this.#ignored.add();
    const media = initiation.descriptions.flatMap((each) =>
      each.ns === NS_RTP ? [each.attr('media') ?? ''] : [],
    );
    const self = callAddress(to);
    if (media.length === 0) return this.#rejected(initiation.id, self, from);
    const running = this.#between(ends).filter((each) => each.initiation()?.phase === 'running');
    if (this.#isOverruled(initiation.id, ends)) return;
    const beginning: XmppBeginning = {
      ...{ kind: 'proposal', sid: initiation.id, self, peer: from, media, stanza, group },
    };
    const begun = this.#env.begin(beginning, 'responder');
    if (begun.ok) {
      // It goes on as this one ("Existing session"), which it does not where this one may not be.
      for (const each of running) each.initiate({ kind: 'crossed', from, id: initiation.id });
      return begun.leg.initiate({ kind: 'received', from, initiation });
    }
    if (mayAnswerWithError(stanza)) group.send(errorReply(stanza, begun.error));
  }

  #between({ from, to }: Ends): readonly XmppLeg[] {
    return [...this.#env.table.of(bareOf(from))].filter((leg) => leg.user === bareOf(to));
  }

  /** CALL-100: of each call between both that was proposed its own machine says which of them is the one. */
  #isOverruled(id: string, { from, to }: Ends): boolean {
    let overruled = false;
    for (const leg of this.#between({ from, to })) {
      const before = leg.initiation()?.phase;
      if (before === undefined || before === 'ended' || before === 'running') continue;
      leg.initiate({ kind: 'crossed', from, id });
      // The other one ends it, or is refused by it.
      const isOurs = leg.initiation()?.role === 'proposer';
      overruled ||= isOurs && (before === 'proposed' || before === 'ringing') && !leg.hasEnded('initiation');
    }
    return overruled;
  }

  /** What is proposed is nothing that a SIP user could take: files, for example. */
  #rejected(id: string, self: string, to: string): void {
    const reason = { condition: 'unsupported-applications' } as const;
    const none = { requests: new Set<string>(), messages: new Set<string>() };
    this.#env.stanzas.message(self, to, { kind: 'reject', id, reason, tieBreak: false }, none, false, ignore);
    this.#env.stanzas.forget(none);
  }
}

function ignore(): void {}
