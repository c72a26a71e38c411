// Runs the machine of one MESSAGE on its way to SIP: locates, sends, tries the next target, answers challenges.

import {
  QUEUED,
  stepToSip,
  type ToSipEffect,
  type ToSipEvent,
  type ToSipState,
} from '../../interwork/message/index.ts';
import {
  failureToStanzaError,
  gatewayStanzaError,
  locateFaultToStanzaError,
  responseToStanzaError,
} from '../../mapping/index.ts';
import {
  buildRequest,
  contactList,
  formatNameAddr,
  parseSipUri,
  rawHeaderField,
  NO_ANSWERS,
  type AuthRetry,
  type ClientFailure,
  type ClientHandlers,
  type LocatedTarget,
  type LocateFaultCode,
  type LocateResult,
  type SipRequest,
  type SipResponse,
} from '../../sip/index.ts';
import type { StanzaError } from '../../xmpp/index.ts';
import {
  TOO_LONG,
  MAX_MESSAGE_OCTETS,
  newFromTag,
  type DeliveryParts,
  type Tried,
  type WrappedForm,
} from './delivery-parts.ts';
import { hasCredentials, retryAfterMs } from './headers.ts';
import type { OpenRow } from './ledger.ts';
import { WAITS_TO_SIP } from './open-rows.ts';
import { toSipRecord } from './outcomes.ts';
import { contactUris } from './redirect.ts';
import type { DeliveryEnv, SipDeliveries } from './sip-deliveries.ts';

/** RFC 3261 §8.2.2.2. */
const MERGED = 482;
/** RFC 3261 §8.1.3.1. */
const FAILED_AS: Readonly<Record<ClientFailure, number | undefined>> = {
  timeout: 408,
  transport: 503,
  stopped: undefined,
};

const UNLOCATED_AS: Readonly<Partial<Record<LocateFaultCode, number>>> = {
  'dns-timeout': 503,
  'not-connected': 480,
};

const LOCATED: ToSipEvent = { kind: 'located' };
const TOO_LONG_EVENT: ToSipEvent = { kind: 'tooLong' };
const UNLOCATABLE: ToSipEvent = { kind: 'unlocatable' };
const HEAD_FAILED: ToSipEvent = { kind: 'headFailed' };

export class Delivery implements ClientHandlers {
  state: ToSipState = QUEUED;
  /** The Request-URI it was queued under; redirects do not change it. */
  readonly queueKey: string;
  readonly #queue: SipDeliveries;
  readonly #env: DeliveryEnv;
  readonly #parts: DeliveryParts;
  readonly #tag: string;
  #from: string;
  #displayName: string;
  #requestUri: string;
  #targets: readonly LocatedTarget[] = [];
  #next = 0;
  #request: SipRequest | undefined;
  #retry: AuthRetry | undefined;
  /** undefined: the plain form is what is sent. */
  #wrapped: WrappedForm | undefined;
  /** Of a request without credentials. */
  #cseq: number;
  /** The highest that was sent. */
  #usedCseq = 0;
  /** Each has a branch of its own (RFC 3261 §8.1.1.7). */
  #sends = 0;
  #error: StanzaError | undefined;
  #status: number | undefined;
  /** Requests sent so far. */
  #attempts = 0;
  /** When it entered its state, in milliseconds since 1970-01-01T00:00:00Z. */
  #sinceMs: number;
  /** What a 503 asked for; undefined: the usual penalty. */
  #retryAfterMs: number | undefined;
  /** Contacts of redirects that are still to be tried … */
  #contacts: string[] = [];
  /** … and all that ever were. */
  #visited: Set<string> | undefined;

  constructor(queue: SipDeliveries, env: DeliveryEnv, parts: DeliveryParts) {
    this.#queue = queue;
    this.#env = env;
    this.#parts = parts;
    this.queueKey = parts.requestUri;
    this.#requestUri = parts.requestUri;
    this.#wrapped = parts.wrapped;
    this.#cseq = parts.cseq ?? 1;
    this.#tag = parts.fromTag ?? newFromTag(env.random);
    this.#displayName = parts.origin.displayName;
    this.#from = this.#formatFrom();
    this.#sinceMs = env.clock.wall();
  }

  /** For the ledger: how far it came; undefined when its origin has no row. */
  get openRow(): OpenRow | undefined {
    const facts = this.#parts.origin.facts?.();
    if (facts === undefined) return undefined;
    return {
      record: toSipRecord('open', { ...facts, ...this.#tried }, this.#sinceMs, undefined),
      state: this.state.kind,
      sinceMs: this.#sinceMs,
      waitsFor: WAITS_TO_SIP[this.state.kind],
    };
  }

  step(event: ToSipEvent): void {
    const transition = stepToSip(this.state, event);
    if (!transition.expected) {
      const { log } = this.#env;
      log.debug('message.unexpected', {
        cid: this.#parts.origin.cid,
        state: this.state.kind,
        event: event.kind,
      });
      return;
    }
    if (transition.state !== this.state) this.#sinceMs = this.#env.clock.wall();
    this.state = transition.state;
    for (const effect of transition.effects) this.#run(effect);
  }

  /** IM-33: it waited behind one whose target is dead, and ends with the same error. */
  endAs(head: Delivery): void {
    this.#error = head.#error;
    this.#status = head.#status;
    this.step(HEAD_FAILED);
  }

  /** A response to its request, provisional ones too. */
  response(response: SipResponse): void {
    const status = response.status;
    if (status < 200) return;
    if (status === MERGED && this.#parts.repeated === true) return this.#received(response);
    this.#status = status;
    this.#retryAfterMs = status === 503 ? retryAfterMs(response) : undefined;
    const target = this.#target;
    if (target !== undefined && status !== 503) this.#env.live.locator.forgive(target);
    if (status >= 300) this.#error = this.#errorFrom(response);
    this.step({
      kind: 'response',
      status,
      moreTargets: this.#next < this.#targets.length,
      answerable: (status === 401 || status === 407) && this.#answerChallenge(response),
      redirect: status >= 300 && this.#hasContact(response),
      wrapped: this.#wrapped !== undefined,
    });
  }

  /** RFC 3261 §8.2.2.2: the receiver has this very request already. */
  #received(response: SipResponse): void {
    this.#status = response.status;
    if (this.#target !== undefined) this.#env.live.locator.forgive(this.#target);
    this.step({ kind: 'response', status: 200, moreTargets: false });
  }

  /** No final response: timer F, or the transport could not send. */
  failed(reason: ClientFailure, error: Error): void {
    const { log } = this.#env;
    this.#status = FAILED_AS[reason];
    this.#retryAfterMs = undefined;
    this.#error = reason === 'stopped' ? gatewayStanzaError('ERR-G5') : failureToStanzaError(reason);
    if (log.enabled('debug')) {
      log.debug('message.failed', { cid: this.#parts.origin.cid, reason, error: error.message });
    }
    const moreTargets = this.#next < this.#targets.length;
    this.step({ kind: 'failed', moreTargets, redirect: this.#contacts.length > 0 });
  }

  get #target(): LocatedTarget | undefined {
    return this.#targets[this.#next - 1];
  }

  get #tried(): Tried {
    const target = this.#target;
    return {
      callId: this.#parts.callId,
      fromTag: this.#tag,
      cseq: this.#request?.cseq.number,
      sipFrom: this.#parts.from,
      requestUri: this.#requestUri,
      imdnId: this.#wrapped?.messageId,
      target: target === undefined ? undefined : formatTarget(target),
      attempts: this.#attempts,
      status: this.#status,
    };
  }

  #run(effect: ToSipEffect): void {
    switch (effect) {
      case 'locate':
        return this.#locate();
      case 'send':
        return this.#send(this.#targets[this.#next++]);
      case 'sendWithCredentials':
        return this.#send(this.#target, this.#retry?.request);
      case 'sendPlain':
        return this.#sendPlain();
      case 'follow':
        // What was answered here need not be known to whoever comes next (RFC 3261 §8.1.3.4).
        this.#retry = undefined;
        this.#requestUri = this.#contacts.shift() ?? this.#requestUri;
        return;
      case 'penalizeTarget':
        if (this.#target !== undefined) this.#env.live.locator.penalise(this.#target, this.#retryAfterMs);
        return;
      case 'countDelivered':
        this.#logDelivered();
        return this.#parts.origin.delivered(this.#tried);
      case 'report':
        return this.#parts.origin.refused(
          this.#error ?? gatewayStanzaError('ERR-G5'),
          this.#status,
          this.#usedCseq,
          this.#tried,
        );
      case 'releaseTurn':
        return this.#queue.ended(this, false);
      case 'failQueue':
        return this.#queue.ended(this, true);
    }
  }

  #logDelivered(): void {
    const { log } = this.#env;
    if (!log.enabled('debug')) return;
    log.debug('message.delivered', {
      cid: this.#parts.origin.cid,
      direction: 'xmpp_to_sip',
      status: this.#status,
    });
  }

  #locate(): void {
    const found = this.#env.live.locator.locate(this.#requestUri);
    if (found instanceof Promise) void found.then((result) => this.#located(result));
    else this.#located(found);
  }

  #located(result: LocateResult): void {
    if (!result.ok) {
      this.#error = locateFaultToStanzaError(result.error.code);
      // No way to him now; that he has none at all is another matter.
      this.#status = UNLOCATED_AS[result.error.code];
      return this.step(UNLOCATABLE);
    }
    this.#targets = result.value;
    this.#next = 0;
    this.step(LOCATED);
  }

  #send(target: LocatedTarget | undefined, authorized?: SipRequest): void {
    if (target === undefined) return;
    const { transactions, log, live } = this.#env;
    const { branch: stem } = this.#parts;
    const request = authorized ?? live.digest.authorize(this.#build(target), target.name);
    this.#request = request;
    if (log.enabled('debug')) {
      log.debug('message.sent', {
        cid: this.#parts.origin.cid,
        direction: 'xmpp_to_sip',
        callId: this.#parts.callId,
        from: this.#parts.from,
        to: this.#requestUri,
        target: formatTarget(target),
      });
    }
    // The repetition with credentials may be longer; it then goes by a congestion-safe transport (RFC 3261 §18.1.1).
    const maxOctets = hasCredentials(request) ? Infinity : MAX_MESSAGE_OCTETS;
    const branch = stem === undefined ? undefined : `${stem}-${this.#sends++}`;
    this.#attempts += 1;
    if (transactions.request(request, target, this, maxOctets, branch) !== undefined) {
      this.#usedCseq = Math.max(this.#usedCseq, request.cseq.number);
      return;
    }
    this.#attempts -= 1;
    // Nothing was sent. A name to be shown is decoration: it goes rather than the message (ADDR-70), and so do reports.
    if (this.#displayName !== '') {
      this.#displayName = '';
      this.#from = this.#formatFrom();
    } else if (this.#wrapped !== undefined) this.#wrapped = undefined;
    else return this.#tooLong();
    this.#send(target);
  }

  /** RCPT-01: the same message once more, so with a higher CSeq (RFC 3261 §8.2.2.2), and without what was not understood. */
  #sendPlain(): void {
    this.#wrapped?.refused();
    this.#wrapped = undefined;
    this.#cseq = (this.#request?.cseq.number ?? 0) + 1;
    this.#retry = undefined;
    this.#send(this.#target);
  }

  #formatFrom(): string {
    return `${formatNameAddr({ displayName: this.#displayName, uri: this.#parts.from })};tag=${this.#tag}`;
  }

  #tooLong(): void {
    this.#error = TOO_LONG;
    this.step(TOO_LONG_EVENT);
  }

  #build(target: LocatedTarget): SipRequest {
    const parts = this.#parts;
    const { headers: content, body } = this.#wrapped ?? parts;
    let headers = content;
    if (target.route !== undefined) headers = [rawHeaderField('Route', target.route), ...headers];
    return buildRequest({
      method: 'MESSAGE',
      requestUri: this.#requestUri,
      from: this.#from,
      to: formatNameAddr({ uri: this.#requestUri }),
      callId: parts.callId,
      cseq: this.#retry === undefined ? this.#cseq : this.#retry.request.cseq.number + 1,
      maxForwards: parts.maxForwards,
      headers,
      body,
    });
  }

  /** ERR-R4. Keeps the request with credentials; false when there are none for the realm, or they were refused. */
  #answerChallenge(response: SipResponse): boolean {
    const request = this.#request;
    const target = this.#target;
    if (request === undefined || target === undefined) return false;
    // Credentials are for next hops. A server that DNS led to, or who connected himself, could ask for any realm and
    // guess at the answer.
    if (target.connectionId !== undefined) return false;
    const uri = parseSipUri(this.#requestUri);
    if (!uri.ok || !this.#env.live.locator.isConfigured(uri.value.host)) return false;
    const retry = this.#env.live.digest.retry(
      response,
      request,
      target.name,
      this.#retry?.state ?? NO_ANSWERS,
    );
    if (retry.ok) this.#retry = retry.value;
    return retry.ok;
  }

  /** ERR-R5: puts the Contacts of a 3xx behind those that wait; true when there is one to try. */
  #hasContact(response: SipResponse): boolean {
    if (this.#env.live.messages.redirects !== 'follow') return false;
    if (response.status < 400) {
      const visited = (this.#visited ??= new Set([this.#requestUri]));
      for (const uri of contactUris(response)) {
        if (visited.has(uri)) continue;
        visited.add(uri);
        this.#contacts.push(uri);
      }
    }
    return this.#contacts.length > 0;
  }

  #errorFrom(response: SipResponse): StanzaError {
    let contact: string | undefined;
    if (response.status < 400) {
      const contacts = contactList(response);
      const uri = contacts.ok && contacts.value !== '*' ? contacts.value[0]?.uri : undefined;
      if (uri !== undefined) contact = this.#env.contactAddress(uri);
    }
    return responseToStanzaError(response.status, response.reason, contact === undefined ? {} : { contact });
  }
}

function formatTarget(target: LocatedTarget): string {
  return `${target.transport} ${target.address} ${target.port}`;
}
