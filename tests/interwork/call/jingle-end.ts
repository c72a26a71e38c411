// One end of a call in XMPP, a device of the user or the gateway: the real machines of a session and of a proposal, and what
// a driver owes them (stanza ids, answers, the choice of the machine).

import type { XmlElement } from '../../../src/xml/index.ts';
import {
  initialInitiation,
  initialSession,
  jingleError,
  stepInitiation,
  stepSession,
  type Creator,
  type Initiation,
  type InitiationEnd,
  type InitiationEvent,
  type InitiationReport,
  type InitiationRole,
  type InitiationState,
  type Jingle,
  type OwnAction,
  type SessionEnd,
  type SessionEvent,
  type SessionReport,
  type SessionState,
  type StanzaError,
} from '../../../src/xmpp/index.ts';

export type JingleMessage = { readonly from: string; readonly to: string } & (
  | { readonly kind: 'initiation'; readonly initiation: Initiation }
  | { readonly kind: 'iq'; readonly request: number; readonly jingle: Jingle }
  | { readonly kind: 'result'; readonly request: number }
  | { readonly kind: 'error'; readonly request: number; readonly error: StanzaError }
);

export interface JingleOwner {
  initiation(report: InitiationReport): void;
  initiationEnded(end: InitiationEnd): void;
  session(report: SessionReport): void;
  sessionEnded(end: SessionEnd): void;
}

export class JingleEnd {
  initiation: InitiationState | undefined;
  session: SessionState | undefined;
  readonly ends: (InitiationEnd | SessionEnd)[] = [];
  readonly self: string;
  readonly #peer: string;
  readonly #sid: string;
  readonly #send: (message: JingleMessage) => void;
  readonly #owner: JingleOwner;
  #timer = false;

  /** `peer`: bare JID, or full where it is the gateway's user. */
  constructor(
    parts: { readonly self: string; readonly peer: string; readonly sid: string },
    send: (message: JingleMessage) => void,
    owner: JingleOwner,
  ) {
    this.self = parts.self;
    this.#peer = parts.peer;
    this.#sid = parts.sid;
    this.#send = send;
    this.#owner = owner;
  }

  get isOver(): boolean {
    const initiation = this.initiation?.phase ?? 'ended';
    const session = this.session?.phase ?? 'ended';
    return initiation === 'ended' && (session === 'ended' || session === 'idle');
  }

  propose(descriptions: readonly XmlElement[]): void {
    this.#begin('proposer');
    this.initiate({ kind: 'propose', descriptions });
  }

  /** An event of the proposal. */
  initiate(event: InitiationEvent): void {
    if (this.initiation === undefined) return;
    const { state, effects } = stepInitiation(this.initiation, event);
    this.initiation = state;
    for (const effect of effects) {
      switch (effect.kind) {
        case 'send':
          this.#send({ kind: 'initiation', from: this.self, to: effect.to, initiation: effect.initiation });
          break;
        case 'report':
          this.#owner.initiation(effect.report);
          break;
        case 'startTimer':
          this.#timer = true;
          break;
        case 'stopTimer':
          this.#timer = false;
          break;
        case 'end':
          this.ends.push(effect.end);
          this.#owner.initiationEnded(effect.end);
          break;
      }
    }
  }

  /** An action of ours; the session begins with session-initiate to `peer`. False when it may not be sent. */
  act(action: OwnAction, peer?: string): boolean {
    if (action.action === 'session-initiate') this.#open('initiator', peer ?? this.#peer);
    return this.step({ kind: 'send', action });
  }

  step(event: SessionEvent): boolean {
    if (this.session === undefined) return false;
    const { peer } = this.session;
    const { state, effects, expected } = stepSession(this.session, event);
    this.session = state;
    const request = event.kind === 'received' ? Number(event.id) : 0;
    const ends = { from: this.self, to: peer };
    for (const effect of effects) {
      switch (effect.kind) {
        case 'request':
          this.#send({ kind: 'iq', ...ends, request: effect.request, jingle: effect.jingle });
          break;
        case 'acknowledge':
          this.#send({ kind: 'result', ...ends, request });
          break;
        case 'refuse':
          this.#send({ kind: 'error', ...ends, request, error: effect.error });
          break;
        case 'report':
          this.#owner.session(effect.report);
          break;
        case 'end':
          this.ends.push(effect.end);
          this.#owner.sessionEnded(effect.end);
          break;
        default:
          break;
      }
    }
    return expected;
  }

  receive(message: JingleMessage): void {
    const { from } = message;
    switch (message.kind) {
      case 'initiation':
        if (this.initiation === undefined && message.initiation.kind === 'propose') this.#begin('proposee');
        this.initiate({ kind: 'received', from, initiation: message.initiation });
        break;
      case 'iq': {
        const { request, jingle } = message;
        if (this.session === undefined && jingle.action === 'session-initiate') this.#open('responder', from);
        if (this.session?.peer !== from) {
          this.#send({
            ...{ kind: 'error', from: this.self, to: from, request },
            error: jingleError('unknown-session'),
          });
          break;
        }
        this.step({ kind: 'received', id: String(request), jingle });
        break;
      }
      case 'result':
        this.step({ kind: 'result', request: message.request });
        break;
      case 'error':
        this.step({ kind: 'error', request: message.request, error: message.error });
        break;
    }
  }

  /** Its timer; false when none runs. */
  fire(): boolean {
    if (!this.#timer) return false;
    this.#timer = false;
    this.initiate({ kind: 'timer' });
    return true;
  }

  #begin(role: InitiationRole): void {
    const bare = this.#peer.split('/')[0] ?? '';
    this.initiation = initialInitiation({ role, id: this.#sid, self: this.self, peer: bare });
  }

  #open(role: Creator, peer: string): void {
    this.session = initialSession({ role, sid: this.#sid, self: this.self, peer });
  }
}
