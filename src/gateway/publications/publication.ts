// Drives one publication: its requests, one at a time, and its timer (RFC 3903 §4, §5).

import type { Bytes, Counters, Log, Random, Timer, Timers } from '../../base/index.ts';
import {
  beginPublication,
  expires,
  minExpires,
  refreshDelayMs,
  restoredPublication,
  retryAfter,
  retryDelayMs,
  sipEtag,
  stepPublication,
  type PublicationEffect,
  type PublicationEvent,
  type PublicationState,
  type PublicationTransition,
  type PublishOperation,
  type SipResponse,
} from '../../sip/index.ts';
import { Exchange, type ExchangeEnv } from '../subscriptions/exchange.ts';
import { publishRequest } from './publish-request.ts';

/** CSP-01: seconds that are asked for. */
const EXPIRES_SECONDS = 3600;

export interface PublicationEnv extends ExchangeEnv {
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly counters: Counters;
}

export interface PublicationOwner {
  /** Of the user: Request-URI, From and To. */
  readonly uri: string;
  /** Where it goes; undefined: nowhere any more. */
  readonly server: string | undefined;
  /** What is true of this resource now. */
  document(resource: string): Bytes;
  /** It has something to send: `send` is called when nothing else is under way to the same Request-URI. */
  wantsToSend(publication: Publication): void;
  /** What was sent has its outcome. */
  sent(publication: Publication): void;
  tagChanged(): void;
  /** The compositor does not want it. */
  refused(status: number): void;
  over(publication: Publication): void;
}

export class Publication {
  readonly resource: string;
  readonly #env: PublicationEnv;
  readonly #owner: PublicationOwner;
  #state: PublicationState = { name: 'over' };
  #timer: Timer | undefined;
  #due: Extract<PublicationEffect, { kind: 'send' }> | undefined;
  #exchange: Exchange | undefined;

  constructor(env: PublicationEnv, owner: PublicationOwner, resource: string) {
    this.#env = env;
    this.#owner = owner;
    this.resource = resource;
  }

  /** The tag that the compositor knows it by. */
  get tag(): string | undefined {
    return 'tag' in this.#state ? this.#state.tag : undefined;
  }

  start(): void {
    this.#apply(beginPublication(EXPIRES_SECONDS));
  }

  /** In the place of `start`: goes on with a tag of an earlier run, once something is known. */
  restore(tag: string): void {
    this.#state = restoredPublication(tag, EXPIRES_SECONDS);
  }

  changed(): void {
    this.#step({ kind: 'changed' });
  }

  withdraw(): void {
    this.#step({ kind: 'withdraw' });
  }

  /** Says nothing more. */
  stop(): void {
    this.#clearTimer();
    this.#exchange?.abandon();
    this.#state = { name: 'over' };
  }

  /** Its turn has come. */
  send(): void {
    const due = this.#due;
    const { uri, server } = this.#owner;
    if (due === undefined) return this.#owner.sent(this);
    this.#due = undefined;
    if (server === undefined) {
      this.#owner.sent(this);
      return this.#step({ kind: 'failed', reason: 'unlocatable' });
    }
    const { operation } = due;
    const full = operation === 'initial' || operation === 'modify';
    const document = full ? this.#owner.document(this.resource) : undefined;
    this.#exchange = new Exchange(this.#env, {
      name: 'publish',
      ...publishRequest(uri, due, document, this.#env.random),
      nextHop: server,
      fallback: undefined,
      routed: false,
      sent: () => undefined,
      responded: (response) => this.#answered(operation, String(response.status), eventOf(response)),
      failed: (reason) => this.#answered(operation, reason, { kind: 'failed', reason }),
    });
    this.#exchange.start();
  }

  #answered(operation: PublishOperation, outcome: string, event: PublicationEvent): void {
    this.#exchange = undefined;
    const accepted = event.kind === 'accepted';
    this.#env.counters
      .counter('stoxgate_publications_total', 'PUBLISH requests for XMPP users by operation and outcome.', {
        operation,
        outcome: accepted ? 'accepted' : event.kind,
      })
      .add();
    if (!accepted) {
      this.#env.log.debug('publish.refused', { uri: this.#owner.uri, operation, outcome });
    }
    this.#owner.sent(this);
    this.#step(event);
  }

  #step(event: PublicationEvent): void {
    const transition = stepPublication(this.#state, event);
    if (!transition.expected) {
      this.#env.log.debug('publication.unexpected', { state: this.#state.name, event: event.kind });
      return;
    }
    this.#apply(transition);
  }

  #apply({ state, effects }: PublicationTransition): void {
    this.#state = state;
    for (const effect of effects) this.#run(effect);
  }

  #run(effect: PublicationEffect): void {
    const { random, log } = this.#env;
    switch (effect.kind) {
      case 'send':
        this.#due = effect;
        return this.#owner.wantsToSend(this);
      case 'scheduleRefresh':
        return this.#later('refreshDue', refreshDelayMs(effect.seconds, random.unit()));
      case 'retryLater':
        return this.#later('retryDue', retryDelayMs(effect.failures, effect.atLeastSeconds, random.unit()));
      case 'stopTimer':
        return this.#clearTimer();
      case 'tagChanged':
        return this.#owner.tagChanged();
      case 'tagMissing':
        return log.warn('publication.untagged', { uri: this.#owner.uri });
      case 'stopped':
        return this.#owner.refused(effect.status);
      case 'over':
        this.#clearTimer();
        return this.#owner.over(this);
    }
  }

  #later(kind: 'refreshDue' | 'retryDue', ms: number): void {
    this.#clearTimer();
    this.#timer = this.#env.timers.set(ms, () => {
      this.#timer = undefined;
      this.#step({ kind });
    });
  }

  #clearTimer(): void {
    this.#env.timers.clear(this.#timer);
    this.#timer = undefined;
  }
}

/** A broken number is as good as none; a broken tag is none (CSP-07). */
function eventOf(response: SipResponse): PublicationEvent {
  const { status } = response;
  if (status < 300) {
    const tag = sipEtag(response);
    const seconds = expires(response);
    return {
      kind: 'accepted',
      ...(tag.ok && tag.value !== undefined ? { tag: tag.value } : {}),
      ...(seconds.ok && seconds.value !== undefined ? { expires: seconds.value } : {}),
    };
  }
  const least = minExpires(response);
  const pause = retryAfter(response);
  return {
    kind: 'refused',
    status,
    ...(least.ok && least.value !== undefined ? { minExpires: least.value } : {}),
    ...(pause.ok && pause.value !== undefined ? { retryAfter: pause.value.seconds } : {}),
  };
}
