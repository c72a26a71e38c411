// Stanzas of calls on their way to clients: requests, whose answers are matched by id and by who gives them, and messages of
// proposals, which may come back as errors. All are written again when a link went away before the server had them.

import type { Clock, Counters, Random, Timer, Timers } from '../../base/index.ts';
import { SendRefusal } from '../../edge/xmpp/index.ts';
import { gatewayStanzaError } from '../../mapping/index.ts';
import { element, NS_CLIENT, type XmlElement } from '../../xml/index.ts';
import {
  initiationMessage,
  jingleElement,
  readJingleError,
  readStanzaError,
  stanzaError,
  type Initiation,
  type Jingle,
  type StanzaError,
} from '../../xmpp/index.ts';
import { bareOf, domainOf } from '../address-text.ts';
import type { ConfirmedStanza, LinkGroup } from '../link-group.ts';
import { CARRY_MS, REQUEST_MS } from './xmpp-types.ts';

export interface CallStanzasEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly counters: Counters;
  groupFor(domain: string): LinkGroup | undefined;
}

export interface Ends {
  readonly self: string;
  readonly peer: string;
}

/** What became of a request. */
export type RequestOutcome =
  | { readonly kind: 'result' }
  | { readonly kind: 'error'; readonly error: StanzaError }
  | { readonly kind: 'silence' };

/** A stanza of a call; it is not written any more once it is too old, or answered. */
class CallStanza implements ConfirmedStanza {
  readonly stanza: XmlElement;
  /** Written once more, perhaps to somebody who had it already. */
  again = false;
  #over = false;
  readonly #clock: Clock;
  readonly #untilMs: number;

  constructor(stanza: XmlElement, clock: Clock) {
    this.stanza = stanza;
    this.#clock = clock;
    this.#untilMs = clock.now() + CARRY_MS;
  }

  get open(): boolean {
    return !this.#over && this.#clock.now() < this.#untilMs;
  }

  end(): void {
    this.#over = true;
  }

  confirmed(): void {
    this.#over = true;
  }

  parked(): void {}

  writtenAgain(): void {
    this.again = true;
  }
}

/** Requests and messages of one call that may be answered; ids by what they are about. */
export interface OpenStanzas {
  readonly requests: Set<string>;
  readonly messages: Set<string>;
}

interface OpenRequest extends Ends {
  readonly stanza: CallStanza;
  readonly timer: Timer;
  readonly of: OpenStanzas;
  answered(outcome: RequestOutcome): void;
}

interface OpenMessage {
  readonly self: string;
  /** As it was addressed. */
  readonly to: string;
  readonly of: OpenStanzas;
  failed(error: StanzaError): void;
}

/** Messages of one call whose errors are waited for; a call has five, and those that cross. */
const MAX_MESSAGES = 16;

export class CallStanzas {
  readonly #env: CallStanzasEnv;
  readonly #requests = new Map<string, OpenRequest>();
  readonly #messages = new Map<string, OpenMessage>();

  constructor(env: CallStanzasEnv) {
    this.#env = env;
  }

  /** Requests without an answer, and messages that may still come back. */
  get size(): number {
    return this.#requests.size + this.#messages.size;
  }

  /**
   * An action to the other party. `answered`: once, later; undefined: nobody waits for the answer. `now`: it is of no use
   * later, so that without a link it fails, as what cannot be written at all does.
   */
  request(
    { self, peer }: Ends,
    jingle: Jingle,
    of: OpenStanzas,
    now: boolean,
    answered?: (outcome: RequestOutcome) => void,
  ): void {
    const id = `j${this.#env.random.base32(16)}`;
    const attributes = { from: self, id, to: peer, type: 'set' };
    const stanza = new CallStanza(
      element('iq', NS_CLIENT, attributes, jingleElement(jingle)),
      this.#env.clock,
    );
    const refusal = this.#carry(self, stanza, now);
    if (answered === undefined) return;
    const { timers } = this.#env;
    // In a turn of its own: whoever asks is in the middle of a step.
    if (refusal !== undefined) stanza.end();
    const timer =
      refusal === undefined
        ? timers.set(REQUEST_MS, () => this.#settle(id, { kind: 'silence' }))
        : timers.set(0, () => this.#settle(id, { kind: 'error', error: refusal }));
    this.#requests.set(id, { self, peer, stanza, timer, of, answered });
    of.requests.add(id);
  }

  /** A message of a proposal. `failed`: it came back, or could not be sent `now`; perhaps never. */
  message(
    self: string,
    to: string,
    initiation: Initiation,
    of: OpenStanzas,
    now: boolean,
    failed: (error: StanzaError) => void,
    isPrivate = false,
  ): void {
    const id = `j${this.#env.random.base32(16)}`;
    const stanza = new CallStanza(
      initiationMessage({ from: self, to, id }, initiation, isPrivate),
      this.#env.clock,
    );
    const refusal = this.#carry(self, stanza, now);
    if (of.messages.size >= MAX_MESSAGES) return;
    this.#messages.set(id, { self, to, of, failed });
    of.messages.add(id);
    if (refusal !== undefined) this.#env.timers.set(0, () => this.#cameBack(id, refusal));
  }

  /** The answer to a request of ours. False: it is none, or not of the one who was asked. */
  answer(iq: XmlElement, from: string, to: string): boolean {
    const id = iq.attr('id') ?? '';
    const request = this.#requests.get(id);
    if (request?.peer !== from || request.self !== to) return false;
    if (iq.attr('type') === 'result') this.#settle(id, { kind: 'result' });
    else {
      const error = readStanzaError(iq);
      // It was written twice, and the other one had come.
      const twice = request.stanza.again && readJingleError(error) === 'out-of-order';
      this.#settle(id, twice ? { kind: 'result' } : { kind: 'error', error });
    }
    return true;
  }

  /** A message of ours came back. False: it is none of ours, or it came from somebody else. */
  bounced(message: XmlElement, from: string, to: string): boolean {
    const id = message.attr('id') ?? '';
    const sent = this.#messages.get(id);
    if (sent === undefined || bareOf(sent.to) !== bareOf(from) || bareOf(sent.self) !== bareOf(to)) {
      return false;
    }
    this.#cameBack(id, readStanzaError(message));
    return true;
  }

  /** Nobody waits for answers to the requests of this call any more. */
  forgetRequests(of: OpenStanzas): void {
    for (const id of of.requests) {
      const request = this.#requests.get(id);
      this.#env.timers.clear(request?.timer);
      this.#requests.delete(id);
    }
    of.requests.clear();
  }

  forget(of: OpenStanzas): void {
    this.forgetRequests(of);
    for (const id of of.messages) this.#messages.delete(id);
    of.messages.clear();
  }

  #settle(id: string, outcome: RequestOutcome): void {
    const request = this.#requests.get(id);
    if (request === undefined) return;
    this.#requests.delete(id);
    request.of.requests.delete(id);
    request.stanza.end();
    this.#env.timers.clear(request.timer);
    this.#env.counters
      .counter('stoxgate_jingle_requests_total', 'Jingle requests to clients, by what became of them.', {
        answer: outcome.kind,
      })
      .add();
    request.answered(outcome);
  }

  #cameBack(id: string, error: StanzaError): void {
    const sent = this.#messages.get(id);
    if (sent === undefined) return;
    this.#messages.delete(id);
    sent.of.messages.delete(id);
    sent.failed(error);
  }

  /** Undefined: a link has it, or will. */
  #carry(self: string, stanza: CallStanza, now: boolean): StanzaError | undefined {
    const group = this.#env.groupFor(domainOf(self));
    if (group === undefined) return gatewayStanzaError('ERR-G1');
    const written = group.sendConfirmed(stanza);
    if (written >= 0) return undefined;
    if (written === SendRefusal.NotUp || written === SendRefusal.Full) {
      if (now) return gatewayStanzaError('ERR-G1');
      group.park(stanza);
      return undefined;
    }
    return stanzaError('policy-violation', { text: 'No link carries this stanza', lang: 'en' });
  }
}
