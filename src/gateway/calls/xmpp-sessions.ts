// All calls on the side of XMPP: which call a stanza belongs to, and what is answered where it belongs to none. Each request has
// its answer at once; what it means in SIP comes after (XEP-0166 §6.2).

import { detachText } from '../../base/index.ts';
import {
  restoredInitiationOf,
  restoredSessionOf,
  type CallRecord,
  type RingingCallRecord,
} from '../../interwork/call/index.ts';
import { gatewayStanzaError } from '../../mapping/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import {
  errorReply,
  formatJid,
  initialInitiation,
  initialSession,
  jingleError,
  mayAnswerWithError,
  NS_JINGLE,
  overrules,
  parseJid,
  readInitiation,
  readIq,
  readJingle,
  stanzaError,
  stepSession,
  type InitiationState,
  type Jingle,
  type SessionState,
  type StanzaError,
} from '../../xmpp/index.ts';
import { bareOf, domainOf } from '../address-text.ts';
import type { LinkGroup } from '../link-group.ts';
import type { CallHost } from './legs.ts';
import { CallDevices } from './xmpp-devices.ts';
import { callAddress } from './xmpp-features.ts';
import { XmppLeg } from './xmpp-leg.ts';
import { XmppLegTable } from './xmpp-leg-table.ts';
import { XmppProposals } from './xmpp-proposals.ts';
import { CallStanzas } from './xmpp-stanzas.ts';
import { LINGER_MS, type XmppBeginning, type XmppSessionsEnv } from './xmpp-types.ts';

export class XmppSessions {
  readonly #env: XmppSessionsEnv;
  readonly #table = new XmppLegTable();
  readonly #stanzas: CallStanzas;
  readonly #proposals: XmppProposals;
  readonly #devices: CallDevices;

  constructor(env: XmppSessionsEnv) {
    this.#env = env;
    this.#stanzas = new CallStanzas(env);
    this.#proposals = new XmppProposals({
      counters: env.counters,
      table: this.#table,
      stanzas: this.#stanzas,
      begin: (beginning, role) => this.#begin(beginning, role),
    });
    this.#devices = new CallDevices({
      ...env,
      resources: (own, other) => env.resources?.(own, other) ?? [],
      send: (stanza) => {
        const group = env.groupFor(domainOf(stanza.attr('from') ?? ''));
        return group?.up === true && group.send(stanza) >= 0;
      },
    });
  }

  /** Calls that go on, or have just ended. */
  get size(): number {
    return this.#table.size;
  }

  /** Requests and messages that may still be answered. */
  get waiting(): number {
    return this.#stanzas.size + this.#devices.asking;
  }

  /** For `device` of K's `invited`: see `CallDevices.choose`. */
  choose(self: string, peer: string, chosen: (device: string | undefined) => void): void {
    this.#devices.choose(self, peer, chosen);
  }

  /** Whether the client with the full JID `peer` can be handed over (`CallDevices.transfers`). */
  transfers(self: string, peer: string, told: (can: boolean) => void): void {
    this.#devices.transfers(self, peer, told);
  }

  /**
   * A call to an XMPP user. `self`: the SIP user, bare or full; `peer`: the called one, bare, or full where only that device is
   * meant. Undefined: there are too many calls (ERR-G2).
   */
  outgoing(
    host: CallHost,
    parts: { readonly self: string; readonly peer: string; readonly sid?: string | undefined },
  ): XmppLeg | undefined {
    const sid = parts.sid ?? this.#env.random.base32(26);
    const own = { role: 'initiator', sid, self: callAddress(parts.self), peer: parts.peer } as const;
    return this.#hasRoom(bareOf(parts.peer)) ? this.#make(own, host) : undefined;
  }

  /**
   * A call of before a restart goes on, or, where it rang, can be ended on this side. Undefined: there is such a call already.
   */
  restore(host: CallHost, record: CallRecord): XmppLeg | undefined {
    const leg = this.#make(record.xmpp, host);
    if (leg === undefined) return undefined;
    if (record.kind === 'answered') leg.resume(restoredSessionOf(record), restoredInitiationOf(record));
    else leg.resume(ringingSession(record), ringingInitiation(record));
    return leg;
  }

  /** There is a call with this sid between both, or there just was. */
  knows(self: string, peer: string, sid: string): boolean {
    return this.#table.byUsers(bareOf(self), bareOf(peer), sid) !== undefined;
  }

  /** False: it is about no call. */
  iq(stanza: XmlElement, group: LinkGroup): boolean {
    const type = stanza.attr('type');
    const ends = endsOf(stanza);
    if (type === 'result' || type === 'error') {
      if (ends === undefined) return false;
      return this.#stanzas.answer(stanza, ends.from, ends.to) || this.#devices.answer(stanza);
    }
    if (type !== 'set' || ends === undefined || !mayAnswerWithError(stanza)) return false;
    const iq = readIq(stanza);
    const payload = iq.ok ? iq.value.payload : undefined;
    if (payload?.name !== 'jingle' || payload.ns !== NS_JINGLE) return false;
    const read = readJingle(payload);
    const error = read.ok
      ? this.#action(stanza, read.value, ends, group)
      : stanzaError(read.error.code === 'ERR_JINGLE_LIMIT' ? 'resource-constraint' : 'bad-request', {
          ...{ text: read.error.message, lang: 'en' },
        });
    if (error !== undefined) {
      this.#refused(error);
      group.send(errorReply(stanza, error));
    }
    return true;
  }

  /**
   * A message of a proposal, or one that comes back. False: it has something else to say, perhaps besides.
   */
  message(stanza: XmlElement, group: LinkGroup): boolean {
    // Nearly every message is of another kind.
    if (stanza.attr('type') !== 'error' && readInitiation(stanza) === undefined) return false;
    return this.#proposals.message(stanza, endsOf(stanza), group);
  }

  /** Presence of a client: whether the other party of a call is there (CALL-33). */
  presence(stanza: XmlElement): void {
    const type = stanza.attr('type');
    if ((type !== undefined && type !== 'unavailable') || this.#table.size === 0) return;
    const ends = endsOf(stanza);
    if (ends === undefined) return;
    const { from, to } = ends;
    for (const leg of this.#table.of(bareOf(from))) {
      const peer = leg.session()?.peer;
      // To another contact he may hide himself, and still be there for this one.
      if (leg.user !== bareOf(to) || peer === undefined) continue;
      if (peer === from) leg.tell({ kind: type === undefined ? 'available' : 'unavailable' });
      else if (type === 'unavailable' && bareOf(peer) === from) leg.tell({ kind: 'unavailable' });
    }
  }

  /** Nothing is said any more. */
  stop(): void {
    this.#devices.stop();
    for (const leg of this.#table.all()) leg.stop();
  }

  /** An action of a client; the error that answers it, where no session does. */
  #action(stanza: XmlElement, jingle: Jingle, ends: Ends, group: LinkGroup): StanzaError | undefined {
    const { from, to } = ends;
    const id = stanza.attr('id') ?? '';
    const { sid, action } = jingle;
    const known = this.#table.bySession(to, from, sid);
    if (known !== undefined) {
      known.receive({ kind: 'received', id, jingle }, from);
      return undefined;
    }
    if (action !== 'session-initiate') return jingleError('unknown-session');
    const proposed = this.#table.byUsers(bareOf(to), bareOf(from), sid);
    if (proposed !== undefined) {
      const error = notOfThis(proposed, ends) ?? unreadable(ends, id, jingle);
      if (error === undefined) proposed.receive({ kind: 'received', id, jingle }, from);
      return error;
    }
    if (this.#overrulesOurs(ends, sid)) return jingleError('tie-break');
    const refused = unreadable(ends, id, jingle);
    if (refused !== undefined) return refused;
    const media = jingle.contents.flatMap(({ description }) =>
      description?.kind === 'rtp' ? [description.media] : [],
    );
    const beginning: XmppBeginning = {
      ...{ kind: 'session', sid, self: to, peer: from, media, stanza, group },
    };
    const begun = this.#begin(beginning, 'responder');
    if (!begun.ok) return begun.error;
    begun.leg.receive({ kind: 'received', id, jingle }, from);
    return undefined;
  }

  /** XEP-0166 §7.2.16: a session-initiate of ours to the same client has no answer yet, and the lower sid. */
  #overrulesOurs({ from, to }: Ends, sid: string): boolean {
    for (const leg of this.#table.of(bareOf(from))) {
      const session = leg.session();
      if (session?.role !== 'initiator' || session.phase !== 'pending' || leg.user !== bareOf(to)) continue;
      const isOpen = session.requests.some(({ action }) => action === 'session-initiate');
      if (!isOpen || session.peer !== from) continue;
      if (overrules({ sid: session.sid, jid: session.self }, { sid, jid: from })) return true;
    }
    return false;
  }

  /** A call that an XMPP user makes: is there room for it, and somebody who takes it? */
  #begin(
    beginning: XmppBeginning,
    role: SessionState['role'],
  ): { readonly ok: true; readonly leg: XmppLeg } | { readonly ok: false; readonly error: StanzaError } {
    const { sid, self, peer } = beginning;
    if (!this.#hasRoom(bareOf(peer))) return { ok: false, error: gatewayStanzaError('ERR-G2') };
    const leg = this.#make({ role, sid, self, peer });
    if (leg === undefined) return { ok: false, error: stanzaError('conflict') };
    const begun = this.#env.begins(beginning, leg);
    if (begun.ok) {
      leg.joins(begun.host);
      return { ok: true, leg };
    }
    leg.stop();
    return begun;
  }

  #hasRoom(user: string): boolean {
    return this.#table.size < this.#env.maxCalls() && this.#table.of(user).size < this.#env.maxCallsOfUser();
  }

  #make(
    parts: { role: SessionState['role']; sid: string; self: string; peer: string },
    host?: CallHost,
  ): XmppLeg | undefined {
    const { role, sid, self, peer } = parts;
    if (this.#table.byUsers(bareOf(self), bareOf(peer), sid) !== undefined) return undefined;
    return new XmppLeg(
      {
        timers: this.#env.timers,
        stanzas: this.#stanzas,
        reply: (answer, error) => {
          if (error !== undefined) this.#refused(error);
          this.#env.groupFor(domainOf(self))?.send(answer);
        },
        moved: (moved) => this.#moved(moved),
        pulseMs: () => this.#env.pulseMs?.(),
        carries: (from) => this.#env.groupFor(domainOf(from))?.up === true,
      },
      { role, sid: detachText(sid), self: detachText(self), peer: detachText(peer) },
      host,
    );
  }

  /** It began, has a session now, is over, or was stopped. */
  #moved(leg: XmppLeg): void {
    const { timers } = this.#env;
    if (leg.stopped) {
      timers.clear(leg.linger);
      return this.#table.delete(leg);
    }
    this.#table.seat(leg);
    timers.clear(leg.linger);
    leg.linger = leg.over ? timers.set(LINGER_MS, () => leg.stop()) : undefined;
  }

  #refused({ condition }: StanzaError): void {
    this.#env.counters
      .counter(
        'stoxgate_jingle_refused_total',
        'Jingle requests of clients that were refused, by condition.',
        {
          condition,
        },
      )
      .add();
  }
}

export interface Ends {
  readonly from: string;
  readonly to: string;
}

/** Prepared; undefined: it has not both. */
function endsOf(stanza: XmlElement): Ends | undefined {
  const from = parseJid(stanza.attr('from') ?? '');
  const to = parseJid(stanza.attr('to') ?? '');
  return from.ok && to.ok ? { from: formatJid(from.value), to: formatJid(to.value) } : undefined;
}

/** What a session says to this session-initiate where it does not begin by it: then there is none. */
function unreadable({ from: peer, to: self }: Ends, id: string, jingle: Jingle): StanzaError | undefined {
  const session = initialSession({ role: 'responder', sid: jingle.sid, self, peer });
  const [first] = stepSession(session, { kind: 'received', id, jingle }).effects;
  return first?.kind === 'refuse' ? first.error : undefined;
}

/** Why this session-initiate does not belong to the proposal with its sid. */
function notOfThis(leg: XmppLeg, { from, to }: Ends): StanzaError | undefined {
  const initiation = leg.initiation();
  // A session of another device, or one that we have begun ourselves.
  if (initiation === undefined || to !== leg.self) return jingleError('unknown-session');
  if (initiation.role === 'proposer' || leg.session() !== undefined) return jingleError('out-of-order');
  return initiation.device === from ? undefined : jingleError('unknown-session');
}

/** A session that rang: all that can be said in it is that it is over. */
function ringingSession({ xmpp, legs }: RingingCallRecord): SessionState | undefined {
  return legs.session ? { ...initialSession(xmpp), phase: 'pending' } : undefined;
}

function ringingInitiation({ xmpp, legs }: RingingCallRecord): InitiationState | undefined {
  if (!legs.initiation) return undefined;
  const { role, sid: id, self, peer } = xmpp;
  const isOurs = role === 'initiator';
  const initial = initialInitiation({
    ...{ role: isOurs ? 'proposer' : 'proposee', id, self, peer: bareOf(peer) },
  });
  if (legs.session) return { ...initial, phase: 'running', device: peer };
  // Which of the two is said by phase: retract to all, or reject to the device that proposed.
  return isOurs ? { ...initial, phase: 'proposed' } : { ...initial, phase: 'proceeded', device: peer };
}
