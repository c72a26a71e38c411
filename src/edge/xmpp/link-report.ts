// What a link says to people: its counters, and log lines once per change of state, not per attempt.

import type { Counter } from '../../base/index.ts';
import {
  streamErrorMeaning,
  type RetryClass,
  type StreamFailure,
  type StreamFailureReason,
} from '../../xmpp/index.ts';
import type { ComponentLinkEnv, ComponentLinkOptions } from './options.ts';

const remedies: Readonly<Partial<Record<StreamFailureReason, string>>> = {
  'connect-failed':
    'start the server, or correct xmpp.components.host and port: it takes components on a port of their own',
  'connect-timeout': 'nothing answers there: correct xmpp.components.host and port, or open the firewall',
  'handshake-timeout':
    'what listens there does not answer as an XMPP server does to components: correct the port',
  'bad-stream':
    'this port does not take components (XEP-0114): give the component port of the server, often 5347',
  barrier:
    'the server did not return a ping from this domain to itself, so nothing can be confirmed: it is overloaded, or its rules drop such pings',
};

const SESSION_MANAGER_REMEDY =
  "the session manager behind jabberd2's router is away or does not answer: start it, or see why it is slow (jabberd2-sm)";

/** How the next attempt should be timed. `everUp`: these settings have worked before, so it may well pass. */
export function retryClass(failure: StreamFailure, everUp: boolean): RetryClass {
  let retry: RetryClass = 'ordinary';
  if (failure.reason === 'bad-stream') retry = 'configuration';
  else if (failure.reason === 'stream-error' && failure.condition !== undefined) {
    retry = streamErrorMeaning(failure.condition).retry;
  }
  return retry === 'configuration' && everUp ? 'ordinary' : retry;
}

/** Short and from a closed set: `stream-error:conflict`, `closed-by-peer` … */
export function describeFailure(failure: StreamFailure): string {
  return failure.condition === undefined ? failure.reason : `${failure.reason}:${failure.condition}`;
}

export class LinkReport {
  readonly #env: ComponentLinkEnv;
  readonly #place: { readonly domain: string; readonly host: string; readonly port: number };
  readonly sent: Counter;
  readonly received: Counter;
  readonly barriers: Counter;
  readonly refused: Readonly<Record<'linkDown' | 'queueFull' | 'wrongAddress' | 'tooLarge', Counter>>;
  readonly #ups: Counter;
  readonly #unexpected: Counter;
  readonly #handlerFaults: Counter;
  /** The last failure that the log has told. */
  #told: string | undefined;

  constructor(options: ComponentLinkOptions, env: ComponentLinkEnv) {
    this.#env = env;
    this.#place = { domain: options.domain, host: options.host, port: options.port };
    const domain = options.domain;
    const { counters } = env;
    const stanzas = 'stoxgate_xmpp_stanzas_total';
    this.sent = counters.counter(stanzas, 'Stanzas on component links.', { domain, direction: 'out' });
    this.received = counters.counter(stanzas, 'Stanzas on component links.', { domain, direction: 'in' });
    this.barriers = counters.counter('stoxgate_xmpp_barriers_total', 'Acknowledgement barriers returned.', {
      domain,
    });
    const refusal = (reason: string): Counter =>
      counters.counter('stoxgate_xmpp_send_refused_total', 'Stanzas not sent, by reason.', {
        domain,
        reason,
      });
    this.refused = {
      linkDown: refusal('link-down'),
      queueFull: refusal('queue-full'),
      wrongAddress: refusal('wrong-address'),
      tooLarge: refusal('too-large'),
    };
    this.#ups = counters.counter('stoxgate_xmpp_link_ups_total', 'Times a component link came up.', {
      domain,
    });
    this.#unexpected = counters.counter(
      'stoxgate_xmpp_unexpected_total',
      'Events that a stream did not expect.',
      {
        domain,
      },
    );
    this.#handlerFaults = counters.counter(
      'stoxgate_xmpp_handler_faults_total',
      'Faults of our own in a handler.',
      {
        domain,
      },
    );
  }

  up(): void {
    this.#ups.add();
    this.#told = undefined;
    this.#env.log.info('xmpp.link.up', this.#place);
  }

  /** A stream ended, or could not begin; `retryMs` until the next attempt, undefined: there will be none. */
  ended(failure: StreamFailure, retryMs: number | undefined): void {
    const reason = describeFailure(failure);
    this.#count(reason);
    if (failure.reason === 'stopped') {
      this.#env.log.info('xmpp.link.stopped', this.#place);
      return;
    }
    const fields = { ...this.#place, reason, during: failure.during, text: failure.text, retryMs };
    const byReason = remedies[failure.reason];
    const byCondition =
      failure.reason === 'stream-error' && failure.condition !== undefined
        ? streamErrorMeaning(failure.condition).remedy
        : '';
    this.#tell(reason, fields, byReason ?? (byCondition === '' ? undefined : byCondition));
  }

  /** The stream stays, but nothing is taken until the session manager behind the peer answers. */
  sessionManagerAway(): void {
    const reason = 'session-manager';
    this.#count(reason);
    this.#tell(reason, { ...this.#place, reason, during: 'up' }, SESSION_MANAGER_REMEDY);
  }

  #count(reason: string): void {
    const labels = { domain: this.#place.domain, reason };
    this.#env.counters
      .counter('stoxgate_xmpp_link_failures_total', 'Ends of component streams, by reason.', labels)
      .add();
  }

  #tell(reason: string, fields: Readonly<Record<string, unknown>>, remedy: string | undefined): void {
    const { log } = this.#env;
    if (reason === this.#told) log.debug('xmpp.link.down', fields);
    else if (remedy === undefined) log.warn('xmpp.link.down', fields);
    else log.error('xmpp.link.down', { ...fields, remedy });
    this.#told = reason;
  }

  /** From now on nothing is confirmed without it. */
  sessionManager(name: string): void {
    this.#env.log.info('xmpp.link.session-manager', { ...this.#place, name });
  }

  unexpected(state: string, event: string): void {
    this.#unexpected.add();
    this.#env.log.debug('xmpp.link.unexpected', { ...this.#place, state, event });
  }

  handlerFault(handler: string, error: unknown): void {
    this.#handlerFaults.add();
    this.#env.log.error('xmpp.link.handler-fault', { ...this.#place, handler, error });
  }
}
