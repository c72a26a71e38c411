// What the XMPP server says to people: its counters, and log lines once per change, not per attempt.

import type { Counter, Counters, Log } from '../../base/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import type { ServerStreamEnd, ServerStreamFailure } from '../../xmpp/index.ts';
import type { PeerIdentity } from '../tls/index.ts';
import type { ServerPlace } from './server-options.ts';

interface Ends {
  readonly local: string;
  readonly remote: string;
}

const remedies: Readonly<Partial<Record<ServerStreamEnd, string>>> = {
  certificate:
    'the certificate of the other server does not prove its domain: it has to renew it, or, with xmpp.server.dialback: over-tls, dialback is believed instead',
  'not-authenticated':
    'the other server takes neither our certificate (SASL EXTERNAL) nor, where it is allowed, dialback: see xmpp.server.tls, whether the certificate names our domain, and whether the other server can reach us',
  tls: 'no TLS with the other server: it offers none, or not in a version from 1.2 on',
};

/** Domains of which the log remembers what it told. */
const MAX_TOLD = 10_000;

/** Short and from a closed set: `stream-error:host-unknown`, `certificate` … */
export function describeServerFailure({ reason, condition }: ServerStreamFailure): string {
  return condition === undefined ? reason : `${reason}:${condition}`;
}

export class ServerReport {
  readonly #log: Log;
  readonly #counters: Counters;
  readonly #told = new Map<string, string>();
  readonly sent: Counter;
  readonly received: Counter;
  readonly bounced: Counter;
  readonly resumed: Counter;
  readonly #lost: Counter;
  readonly #unexpected: Counter;
  readonly #faults: Counter;

  constructor(log: Log, counters: Counters) {
    this.#log = log;
    this.#counters = counters;
    const stanzas = 'stoxgate_xmpp_server_stanzas_total';
    const help = 'Stanzas on server-to-server streams.';
    this.sent = counters.counter(stanzas, help, { direction: 'out' });
    this.received = counters.counter(stanzas, help, { direction: 'in' });
    this.bounced = counters.counter(
      'stoxgate_xmpp_server_bounced_total',
      'Stanzas that went back as errors: their domain could not be reached.',
    );
    this.resumed = counters.counter(
      'stoxgate_xmpp_server_resumed_total',
      'Server-to-server streams that went on over another connection.',
    );
    this.#lost = counters.counter(
      'stoxgate_xmpp_server_lost_total',
      'Stanzas given up after three streams broke under them, and nobody could be answered.',
    );
    this.#unexpected = counters.counter(
      'stoxgate_xmpp_server_unexpected_total',
      'Events that a server-to-server stream did not expect.',
    );
    this.#faults = counters.counter(
      'stoxgate_xmpp_server_handler_faults_total',
      'Faults of our own in a handler of the XMPP server.',
    );
  }

  /** A stream that this server opened carries stanzas. */
  up(ends: Ends): void {
    this.#count('out', 'up');
    this.#told.delete(keyOf(ends));
    this.#log.info('s2s.out.up', { local: ends.local, remote: ends.remote });
  }

  down(ends: Ends, failure: ServerStreamFailure): void {
    const reason = describeServerFailure(failure);
    this.#count('out', reason);
    this.#log.info('s2s.out.down', { local: ends.local, remote: ends.remote, reason, text: failure.text });
  }

  /** An attempt at one place came to nothing. */
  failed(ends: Ends, failure: ServerStreamFailure, place: ServerPlace | undefined): void {
    const reason = describeServerFailure(failure);
    this.#count('out', reason);
    const { local, remote } = ends;
    const { host, port, transport } = place ?? {};
    const fields = {
      local,
      remote,
      host,
      port,
      transport,
      reason,
      during: failure.during,
      text: failure.text,
    };
    const remedy = remedies[failure.reason];
    this.#tell(ends, reason, remedy === undefined ? fields : { ...fields, remedy });
  }

  unreachable(ends: Ends, text: string): void {
    this.#count('out', 'not-found');
    this.#tell(ends, 'not-found', { local: ends.local, remote: ends.remote, reason: 'not-found', text });
  }

  /** Its certificate does not prove the domain. */
  unproved({ local, remote }: Ends, identity: PeerIdentity): void {
    const why = identity.verified ? 'other-name' : identity.reason;
    this.#log.debug('s2s.certificate', { local, remote, why });
  }

  /** A stream that came in has proved its first pair. */
  proved(from: string, to: string, by: string, address: string): void {
    this.#count('in', 'up');
    this.#log.info('s2s.in.up', { from, to, by, address });
  }

  /** A stream that came in is over. */
  inboundEnded(peer: string, address: string, failure: ServerStreamFailure, proved: boolean): void {
    const reason = describeServerFailure(failure);
    this.#count('in', reason);
    const fields = { peer, address, reason, during: failure.during, text: failure.text };
    if (proved) this.#log.info('s2s.in.down', fields);
    else this.#log.debug('s2s.in.refused', fields);
  }

  /** A connection that was not taken: too many. */
  turnedAway(reason: 'all' | 'address' | 'streams'): void {
    this.#counters
      .counter(
        'stoxgate_xmpp_server_turned_away_total',
        'Connections that were closed at once, by the bound they met.',
        {
          bound: reason,
        },
      )
      .add();
  }

  /** It broke each stream that it was written to, and nobody may be answered. */
  lost(stanza: XmlElement): void {
    this.#lost.add();
    this.#log.warn('s2s.stanza.lost', { stanza: stanza.name, to: stanza.attr('to'), id: stanza.attr('id') });
  }

  unexpected(state: string, event: string): void {
    this.#unexpected.add();
    this.#log.debug('s2s.unexpected', { state, input: event });
  }

  handlerFault(handler: string, error: unknown): void {
    this.#faults.add();
    this.#log.error('s2s.handler-fault', { handler, error });
  }

  #count(direction: 'in' | 'out', reason: string): void {
    this.#counters
      .counter(
        'stoxgate_xmpp_server_streams_total',
        'Server-to-server streams that came up or ended, by reason.',
        {
          direction,
          reason,
        },
      )
      .add();
  }

  #tell(ends: Ends, reason: string, fields: Readonly<Record<string, unknown>>): void {
    const key = keyOf(ends);
    const again = this.#told.get(key) === reason;
    if (this.#told.size >= MAX_TOLD) this.#told.clear();
    this.#told.set(key, reason);
    if (again) this.#log.debug('s2s.out.failed', fields);
    else this.#log.warn('s2s.out.failed', fields);
  }
}

function keyOf({ local, remote }: Ends): string {
  return `${local} ${remote}`;
}
