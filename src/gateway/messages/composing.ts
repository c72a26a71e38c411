// "Is composing" both ways (RFC 3994 ⇄ XEP-0085; rows IM-10, IM-60 … IM-69), with the timers of the SIP side, which
// XMPP does not have. Only pairs of which one is composing right now are kept.

import { utf8Bytes, type Clock, type Random, type Timer, type Timers } from '../../base/index.ts';
import { chatStateToIsComposing } from '../../mapping/index.ts';
import { formatIsComposing, IS_COMPOSING_TYPE } from '../../mime/index.ts';
import { DEFAULT_MAX_FORWARDS, headerField, type HeaderField } from '../../sip/index.ts';
import { NS_CLIENT, XmlElement } from '../../xml/index.ts';
import { chatStateElement, type ChatState } from '../../xmpp/index.ts';
import type { LinkGroup } from '../link-group.ts';
import type { Live } from '../live.ts';
import type { Conversation } from './conversations.ts';
import { NEW_CALL_ID_CHARS, type Origin } from './delivery-parts.ts';
import type { SipDeliveries } from './sip-deliveries.ts';

/** IM-66: at least 60 s. */
const REFRESH_SECONDS = 90;
/** IM-67: repeated when the refresh nears … */
const REPEAT_MS = 80_000;
/** … but an XMPP client that vanished while typing does not type for ever. */
const MAX_REPEATS = 3;
/** IM-67. */
const DEFAULT_REFRESH_SECONDS = 120;
const MAX_REFRESH_SECONDS = 600;
const MAX_PAIRS = 20_000;

const CONTENT: readonly HeaderField[] = [headerField('Content-Type', IS_COMPOSING_TYPE)];

interface Composer {
  timer: Timer;
  repeats: number;
  /** When he was last heard to type, ms of wall-clock time. */
  activeMs: number;
}

export interface ComposingEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly live: Live;
  readonly deliveries: SipDeliveries;
}

/** What an isComposing document came to matters only as a lesson (IM-68). */
class DocumentOrigin implements Origin {
  readonly cid = 'composing';
  readonly displayName = '';
  readonly #conversation: Conversation;

  constructor(conversation: Conversation) {
    this.#conversation = conversation;
  }

  delivered(): void {}

  refused(_error: unknown, status: number | undefined): void {
    if (status === 415) this.#conversation.composing = 'refused';
  }
}

/** XMPP chat states towards SIP users. */
export class ComposingToSip {
  readonly #env: ComposingEnv;
  readonly #composers = new Map<string, Composer>();

  constructor(env: ComposingEnv) {
    this.#env = env;
  }

  /** Pairs with somebody composing. */
  get size(): number {
    return this.#composers.size;
  }

  /** A chat state without a body. */
  state(state: ChatState, from: string, to: string, conversation: Conversation): void {
    const mode = this.#env.live.messages.composing;
    const may = mode === 'always' || (mode === 'learned' && conversation.composing === 'understood');
    if (!may || conversation.composing === 'refused') return;
    const key = `${from} ${to}`;
    const document = chatStateToIsComposing(state);
    if (document === 'active') {
      const composer = this.#composers.get(key);
      if (composer !== undefined) composer.activeMs = this.#env.clock.wall();
      else if (this.#composers.size < MAX_PAIRS) this.#start(key, from, to, conversation);
      return;
    }
    // "idle" is where everybody begins (RFC 3994 §3.2): said only to end an "active". `gone` has no document (IM-65).
    const ended = this.#end(key);
    if (ended !== undefined) this.#send('idle', from, to, conversation, ended.activeMs);
  }

  /** A message with content implies idle (IM-67). */
  contentSent(from: string, to: string): void {
    if (this.#composers.size > 0) this.#end(`${from} ${to}`);
  }

  stop(): void {
    for (const key of [...this.#composers.keys()]) this.#end(key);
  }

  #start(key: string, from: string, to: string, conversation: Conversation): void {
    const repeat = (): void => {
      const composer = this.#composers.get(key);
      if (composer === undefined) return;
      composer.repeats += 1;
      if (composer.repeats > MAX_REPEATS) {
        this.#end(key);
        this.#send('idle', from, to, conversation, composer.activeMs);
        return;
      }
      composer.timer = this.#env.timers.set(REPEAT_MS, repeat);
      this.#send('active', from, to, conversation);
    };
    const { timers, clock } = this.#env;
    this.#composers.set(key, { timer: timers.set(REPEAT_MS, repeat), repeats: 0, activeMs: clock.wall() });
    this.#send('active', from, to, conversation);
  }

  #end(key: string): Composer | undefined {
    const composer = this.#composers.get(key);
    if (composer === undefined) return undefined;
    this.#env.timers.clear(composer.timer);
    this.#composers.delete(key);
    return composer;
  }

  /** `activeMs`: when an idle user last typed (IM-66, RFC 3994 §3.5). */
  #send(
    state: 'active' | 'idle',
    from: string,
    to: string,
    conversation: Conversation,
    activeMs?: number,
  ): void {
    const { deliveries, random } = this.#env;
    // IM-33: never beside a message that is outstanding, and never in its queue.
    if (deliveries.busy(to)) return;
    const document = formatIsComposing(
      state === 'active'
        ? { state, contentType: 'text/plain', refreshSeconds: REFRESH_SECONDS }
        : {
            state,
            contentType: 'text/plain',
            // Whole seconds: nobody types more exactly.
            ...(activeMs === undefined ? {} : { lastActiveMs: Math.floor(activeMs / 1000) * 1000 }),
          },
    );
    deliveries.send({
      origin: new DocumentOrigin(conversation),
      from,
      requestUri: to,
      callId: random.base32(NEW_CALL_ID_CHARS),
      maxForwards: DEFAULT_MAX_FORWARDS,
      headers: CONTENT,
      body: utf8Bytes(document),
    });
  }
}

/** SIP users who compose, towards XMPP. */
export class ComposingToXmpp {
  readonly #timers: Timers;
  readonly #composers = new Map<string, Timer>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Pairs with somebody composing. */
  get size(): number {
    return this.#composers.size;
  }

  /** `refreshSeconds` undefined: the stanza says that he is idle. 0: active without a time of its own. */
  state(stanza: XmlElement, composing: boolean, refreshSeconds: number | undefined, group: LinkGroup): void {
    const key = pairOf(stanza);
    const known = this.#composers.get(key);
    this.#timers.clear(known);
    this.#composers.delete(key);
    if (composing && this.#composers.size < MAX_PAIRS) {
      const seconds = Math.min(refreshSeconds ?? DEFAULT_REFRESH_SECONDS, MAX_REFRESH_SECONDS);
      const expire = (): void => {
        this.#composers.delete(key);
        group.send(activeState(stanza));
      };
      this.#composers.set(key, this.#timers.set(seconds * 1000, expire));
      // Refreshing the same state is nothing new to an XMPP client.
      if (known !== undefined) return;
    } else if (known === undefined) return;
    group.send(stanza);
  }

  /** A message with content implies idle (IM-67). */
  contentSent(stanza: XmlElement): void {
    if (this.#composers.size === 0) return;
    const key = pairOf(stanza);
    this.#timers.clear(this.#composers.get(key));
    this.#composers.delete(key);
  }

  stop(): void {
    for (const timer of this.#composers.values()) this.#timers.clear(timer);
    this.#composers.clear();
  }
}

function pairOf(stanza: XmlElement): string {
  return `${stanza.attr('from')} ${stanza.attr('to')}`;
}

/** IM-61, IM-67: nobody said that he stopped; his time is over. */
function activeState(stanza: XmlElement): XmlElement {
  const attributes = ['from', stanza.attr('from') ?? '', 'to', stanza.attr('to') ?? '', 'type', 'chat'];
  return new XmlElement('message', NS_CLIENT, attributes, [chatStateElement('active')]);
}
