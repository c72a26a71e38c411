// The operator's route script and calls of XMPP users: it is asked once for each call, before anything is done with what begins it,
// as it is for an INVITE. What the same two people say of calls meanwhile waits, so that nothing overtakes what it belongs to.

import type { Log } from '../../base/index.ts';
import { gatewayStanzaError } from '../../mapping/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import {
  errorReply,
  formatJid,
  mayAnswerWithError,
  NS_JINGLE,
  NS_JINGLE_MESSAGE,
  parseJid,
  stanzaError,
  type StanzaError,
} from '../../xmpp/index.ts';
import { bareOf } from '../address-text.ts';
import type { LinkGroup } from '../link-group.ts';
import type { Live } from '../live.ts';
import { ROUTES_CLAUSE } from '../routes/answers.ts';
import { routeCall } from '../routes/call-routing.ts';
import { wordOfCall } from './xmpp-features.ts';

export interface CallScriptEnv {
  readonly log: Log;
  readonly live: Pick<Live, 'book' | 'admission' | 'routes'>;
  /** New calls are taken. */
  open(): boolean;
  /** Of a call that there is. */
  knows(ends: CallEnds): boolean;
  /** An attempt that came to nothing, by this row. */
  refused(ends: CallEnds, clause: string): void;
}

export interface CallEnds {
  readonly self: string;
  readonly peer: string;
  readonly sid: string;
}

/** A client sends its candidates one by one; more is no call. */
const MAX_WAITING = 64;
const COUNTED = { counted: true };

export class CallScript {
  readonly #env: CallScriptEnv;
  /** What waits for the script, by both people. */
  readonly #waiting = new Map<string, (() => void)[]>();
  /** What the rules and limits of the operator have let through already. */
  readonly #admitted = new WeakSet<XmlElement>();

  constructor(env: CallScriptEnv) {
    this.#env = env;
  }

  /** Rules and limits come first: this stanza has passed them. */
  isAdmitted(stanza: XmlElement): boolean {
    return this.#admitted.has(stanza);
  }

  /** Whether `takes` is to be called at all: most gateways have no script. */
  get isAsked(): boolean {
    return this.#waiting.size > 0 || this.#env.live.routes?.has('onStanza') === true;
  }

  /** True: it is the script's now, or waits for it; `serve` goes on with it, if it goes on. */
  takes(stanza: XmlElement, group: LinkGroup, serve: () => void): boolean {
    const { live } = this.#env;
    const { routes } = live;
    const word = wordOfCall(stanza);
    const ends = endsOf(stanza);
    if (word === undefined || ends === undefined) return false;
    const key = `${bareOf(ends.peer)} ${bareOf(ends.self)}`;
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) {
      if (waiting.length >= MAX_WAITING) this.#answer(stanza, group, gatewayStanzaError('ERR-G2'));
      else waiting.push(() => this.#later(stanza, group, serve));
      return true;
    }
    if (routes?.has('onStanza') !== true || word !== 'begins') return false;
    if (!this.#env.open() || this.#env.knows(ends)) return false;
    const sender = live.book.jidSenderToSip(ends.peer);
    if (!sender.ok) return false;
    const to = live.book.jidTargetToSip(ends.self);
    if (to.ok) {
      const denied = live.admission.stanza(sender.value, to.value, group.domain, COUNTED);
      if (denied !== undefined) {
        this.#refuse(stanza, ends, group, denied.answer, denied.clause);
        return true;
      }
      this.#admitted.add(stanza);
    }
    this.#waiting.set(key, []);
    routeCall({ book: live.book, domain: group.domain }, routes, stanza, sender.value, (verdict) => {
      const later = this.#waiting.get(key) ?? [];
      this.#waiting.delete(key);
      if (verdict.goesOn) this.#guarded(stanza, group, serve);
      else this.#refuse(stanza, ends, group, verdict.error, ROUTES_CLAUSE);
      for (const each of later) each();
    });
    return true;
  }

  /** What waited may itself begin a call. */
  #later(stanza: XmlElement, group: LinkGroup, serve: () => void): void {
    this.#guarded(stanza, group, () => {
      if (!this.takes(stanza, group, serve)) serve();
    });
  }

  /** Perhaps in a later turn, in which nobody else catches anything. */
  #guarded(stanza: XmlElement, group: LinkGroup, act: () => void): void {
    try {
      act();
    } catch (error) {
      const { name } = stanza;
      this.#env.log.error('xmpp.dispatch.failed', { error, name, id: stanza.attr('id') });
      this.#answer(stanza, group, stanzaError('internal-server-error'));
    }
  }

  #refuse(
    stanza: XmlElement,
    ends: CallEnds,
    group: LinkGroup,
    error: StanzaError | undefined,
    clause: string,
  ): void {
    this.#env.refused(ends, clause);
    if (error !== undefined) this.#answer(stanza, group, error);
  }

  #answer(stanza: XmlElement, group: LinkGroup, error: StanzaError): void {
    if (mayAnswerWithError(stanza)) group.send(errorReply(stanza, error));
  }
}

/** Undefined: it asks for nothing, or says not of whom. */
function endsOf(stanza: XmlElement): CallEnds | undefined {
  const from = parseJid(stanza.attr('from') ?? '');
  const to = parseJid(stanza.attr('to') ?? '');
  const type = stanza.attr('type');
  if (!from.ok || !to.ok) return undefined;
  if (stanza.name === 'iq' ? type !== 'set' : type === 'error' || type === 'groupchat') return undefined;
  const jingle = stanza.name === 'iq' ? stanza.child('jingle', NS_JINGLE) : undefined;
  const sid = jingle?.attr('sid') ?? stanza.child('propose', NS_JINGLE_MESSAGE)?.attr('id') ?? '';
  return { self: formatJid(to.value), peer: formatJid(from.value), sid };
}
