// Drives one request to its final response: locates, sends, tries the next target, answers challenges.

import {
  BEGIN_EXCHANGE,
  NO_ANSWERS,
  rawHeaderField,
  retryAfter,
  stepExchange,
  withFirstHeader,
  type AuthRetry,
  type ClientFailure,
  type ClientHandlers,
  type ClientTransaction,
  type ExchangeEffect,
  type ExchangeEvent,
  type ExchangeState,
  type FailureReason,
  type HeaderField,
  type LocatedTarget,
  type LocateResult,
  type SipRequest,
  type SipResponse,
  type Target,
} from '../../sip/index.ts';
import type { SubscriptionsEnv } from './types.ts';

export type ExchangeEnv = Pick<SubscriptionsEnv, 'log' | 'live' | 'transactions'>;

export interface ExchangeParts {
  /** What the log calls it. Default: subscribe. */
  readonly name?: 'notify' | 'publish' | 'call';
  /** The request for this target, without Via and credentials; its CSeq is `challenges` higher than that of the first. */
  build(target: Target, challenges: number): SipRequest;
  /** URI that says where it goes. */
  readonly nextHop: string;
  /** Where else, when that may not be used: the servers of this URI, if the operator named them. */
  readonly fallback: string | undefined;
  /** The request has routes of its own, so that a next hop adds none. */
  readonly routed: boolean;
  /** It leaves now, perhaps again. */
  sent(request: SipRequest): void;
  /** `request` is what it answers. */
  responded(response: SipResponse, request: SipRequest): void;
  failed(reason: FailureReason): void;
  /** A provisional response to `request`. */
  provisional?(response: SipResponse, request: SipRequest): void;
  /** A further 2xx to an INVITE: once more, or of another fork (RFC 6026 §7.2). */
  again?(response: SipResponse, request: SipRequest): void;
}

export class Exchange implements ClientHandlers {
  readonly #env: ExchangeEnv;
  readonly #parts: ExchangeParts;
  readonly #name: 'subscribe' | 'notify' | 'publish' | 'call';
  #state: ExchangeState = BEGIN_EXCHANGE;
  #targets: readonly LocatedTarget[] = [];
  #next = 0;
  /** Credentials are for the servers that the operator named. */
  #named = false;
  #settled = false;
  #isLastWord = false;
  #transaction: ClientTransaction | undefined;
  #request: SipRequest | undefined;
  #retry: AuthRetry | undefined;
  /** Challenges answered: each took a CSeq (RFC 3261 §22.2). */
  #challenges = 0;
  #response: SipResponse | undefined;
  #failure: FailureReason = 'unlocatable';
  #penaltyMs: number | undefined;

  constructor(env: ExchangeEnv, parts: ExchangeParts) {
    this.#env = env;
    this.#parts = parts;
    this.#name = parts.name ?? 'subscribe';
  }

  start(): void {
    this.#locate(this.#parts.nextHop, (result) => {
      const { fallback } = this.#parts;
      // The remote target of a dialog may be an address of the next hop, or one that only it can reach: it is the
      // outbound proxy then (RFC 3261 §12.2.1.1).
      if (result.ok || fallback === undefined || !this.#env.live.locator.isNamed(fallback))
        this.#located(result);
      else this.#locate(fallback, (other) => this.#located(other));
    });
  }

  /** The one that is under way, or was last. */
  get transaction(): ClientTransaction | undefined {
    return this.#transaction;
  }

  /** Somebody took it: no other target is asked any more. */
  settle(): void {
    this.#settled = true;
  }

  /** What comes next is the last word: no other target, and no credentials (a CANCEL is under way). */
  stopTrying(): void {
    this.#settled = true;
    this.#isLastWord = true;
  }

  /** CANCEL of the INVITE that is under way, as soon as it may leave (RFC 3261 §9.1). */
  cancel(headers: readonly HeaderField[]): void {
    this.#transaction?.cancel(headers);
  }

  /** Nobody waits for it any more. */
  abandon(): void {
    this.#state = { name: 'done' };
  }

  response(response: SipResponse): void {
    const { status } = response;
    const request = this.#request;
    if (request !== undefined && this.#state.name === 'done' && status < 300) {
      if (status >= 200) this.#parts.again?.(response, request);
      return;
    }
    if (request !== undefined && status < 200) this.#parts.provisional?.(response, request);
    if (status >= 200) this.#response = response;
    this.#penaltyMs = status === 503 ? retryAfterMs(response) : undefined;
    const moreTargets = this.#moreTargets();
    const asks = (status === 401 || status === 407) && !this.#isLastWord;
    const challenged = asks && this.#state.name === 'trying';
    this.#step({
      kind: 'response',
      status,
      moreTargets,
      answerable: challenged && this.#answerChallenge(response),
    });
  }

  failed(reason: ClientFailure, error: Error): void {
    this.#failure = reason;
    this.#penaltyMs = undefined;
    this.#env.log.debug(`${this.#name}.failed`, { reason, error: error.message });
    if (reason === 'stopped') this.#step({ kind: 'stopped' });
    else this.#step({ kind: 'failed', reason, moreTargets: this.#moreTargets() });
  }

  #moreTargets(): boolean {
    return !this.#settled && this.#next < this.#targets.length;
  }

  #step(event: ExchangeEvent): void {
    const transition = stepExchange(this.#state, event);
    if (!transition.expected) {
      this.#env.log.debug(`${this.#name}.unexpected`, { state: this.#state.name, event: event.kind });
      return;
    }
    this.#state = transition.state;
    for (const effect of transition.effects) this.#run(effect);
  }

  #run(effect: ExchangeEffect): void {
    const target = this.#targets[this.#next - 1];
    switch (effect) {
      case 'send':
        return this.#send(this.#targets[this.#next++]);
      case 'sendWithCredentials':
        return this.#send(target, this.#retry?.request);
      case 'penaliseTarget':
        if (target !== undefined) this.#env.live.locator.penalise(target, this.#penaltyMs);
        return;
      case 'forgiveTarget':
        if (target !== undefined) this.#env.live.locator.forgive(target);
        return;
      case 'respond':
        if (this.#response !== undefined && this.#request !== undefined) {
          this.#parts.responded(this.#response, this.#request);
        }
        return;
      case 'fail':
        return this.#parts.failed(this.#failure);
    }
  }

  #locate(uri: string, found: (result: LocateResult) => void): void {
    this.#named = this.#env.live.locator.isNamed(uri);
    const answer = this.#env.live.locator.locate(uri);
    if (answer instanceof Promise) void answer.then(found);
    else found(answer);
  }

  #located(result: LocateResult): void {
    if (!result.ok) {
      this.#env.log.debug(`${this.#name}.unlocatable`, {
        code: result.error.code,
        error: result.error.message,
      });
      return this.#step({ kind: 'unlocatable' });
    }
    this.#targets = result.value;
    this.#step({ kind: 'located' });
  }

  #send(target: LocatedTarget | undefined, authorized?: SipRequest): void {
    if (target === undefined) return;
    const { transactions, live } = this.#env;
    const request = authorized ?? this.#withKnownCredentials(this.#build(target), target, live.digest);
    this.#request = request;
    const transaction = transactions.request(request, target, this);
    if (this.#request === request) this.#transaction = transaction;
    // A transport that failed at once has sent the next one already, or ended it.
    if (this.#request === request && this.#state.name !== 'done') this.#parts.sent(request);
  }

  #build(target: LocatedTarget): SipRequest {
    const request = this.#parts.build(target, this.#challenges);
    if (target.route === undefined || this.#parts.routed) return request;
    return withFirstHeader(request, rawHeaderField('Route', target.route));
  }

  #withKnownCredentials(
    request: SipRequest,
    target: LocatedTarget,
    digest: ExchangeEnv['live']['digest'],
  ): SipRequest {
    return this.#named ? digest.authorize(request, target.name) : request;
  }

  /** ERR-R4. */
  #answerChallenge(response: SipResponse): boolean {
    const request = this.#request;
    const target = this.#targets[this.#next - 1];
    if (request === undefined || target === undefined || !this.#named) return false;
    // Who connected himself is no next hop, whatever his address.
    if (target.connectionId !== undefined) return false;
    const state = this.#retry?.state ?? NO_ANSWERS;
    const retry = this.#env.live.digest.retry(response, request, target.name, state);
    if (!retry.ok) return false;
    this.#retry = retry.value;
    this.#challenges += 1;
    return true;
  }
}

function retryAfterMs(response: SipResponse): number | undefined {
  const read = retryAfter(response);
  return read.ok && read.value !== undefined ? read.value.seconds * 1000 : undefined;
}
