// Answers without a transaction, to what is too broken for one (RFC 3261 §8.2.7, §16.3) or too much.

import { TokenBucket, type Clock, type Log } from '../../base/index.ts';
import { parseVia } from '../header/via.ts';
import { buildResponse, buildWreckResponse } from '../message/build.ts';
import { serializeMessage } from '../message/serialize.ts';
import type { AnswerableWreck, HeaderField, SipFault, SipRequest } from '../message/types.ts';
import type { Source, Target, Transport } from '../transport.ts';
import type { TransactionCounters } from './counters.ts';
import type { KeyedHash } from './keyed-hash.ts';
import { responseTarget } from './response-target.ts';

export interface StatelessLimits {
  /** Answers to malformed requests a second; what is above is dropped and counted. */
  readonly rejectionsPerSecond: number;
  /** Log lines about malformed messages a second. */
  readonly logLinesPerSecond: number;
}

export const DEFAULT_STATELESS_LIMITS: StatelessLimits = { rejectionsPerSecond: 200, logLinesPerSecond: 5 };

interface StatelessEnv {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly log: Log;
  readonly counters: TransactionCounters;
  readonly hash: KeyedHash;
}

export class StatelessResponder {
  readonly #env: StatelessEnv;
  readonly #answers: TokenBucket;
  readonly #lines: TokenBucket;

  constructor(env: StatelessEnv, limits: StatelessLimits) {
    const now = env.clock.now();
    this.#env = env;
    this.#answers = new TokenBucket(limits.rejectionsPerSecond, limits.rejectionsPerSecond, now);
    this.#lines = new TokenBucket(limits.logLinesPerSecond, 2 * limits.logLinesPerSecond, now);
  }

  /** Counts and logs a malformed message; answers it where it may be answered, at a bounded rate. */
  malformed(fault: SipFault, wreck: AnswerableWreck | undefined, source: Source): void {
    const { clock, log, counters } = this.#env;
    counters.malformed(fault.code).add();
    if (this.#lines.take(clock.now())) {
      const { remoteAddress, remotePort, transport } = source;
      log.warn('sip.malformed', { ...fault, remoteAddress, remotePort, transport });
    }
    if (wreck === undefined) return;
    if (this.#answers.take(clock.now())) this.#reject(fault, wreck, source);
    else counters.rejectionsSuppressed.add();
  }

  /** A response to a good request without remembering it; ACK is never answered. */
  respond(
    request: SipRequest,
    source: Source,
    key: string,
    status: number,
    headers?: readonly HeaderField[],
  ): void {
    if (request.method === 'ACK') return;
    // RFC 3261 §8.2.7: the tag "MUST be the same for the same request", so it is derived, too.
    const toTag = this.#tag(key);
    const response = buildResponse(request, status, { toTag, headers });
    this.#env.counters.response(status).add();
    this.#send(serializeMessage(response), responseTarget(request.via, source));
  }

  /** Refuses a good request at the bounded rate of rejections; above it nothing is said. */
  refuse(request: SipRequest, source: Source, key: string, status: number): void {
    const { clock, counters } = this.#env;
    if (this.#answers.take(clock.now())) this.respond(request, source, key, status);
    else counters.rejectionsSuppressed.add();
  }

  #reject(fault: SipFault, wreck: AnswerableWreck, source: Source): void {
    const { counters } = this.#env;
    const toTag = this.#tag(`${wreck.vias[0] ?? ''} ${wreck.callId} ${wreck.cseq}`);
    const response = buildWreckResponse(wreck, fault.status, fault.reason, toTag);
    counters.rejected.add();
    counters.response(fault.status).add();
    this.#send(serializeMessage(response), wreckTarget(wreck, source));
  }

  #tag(text: string): string {
    this.#env.hash.digest(text);
    return this.#env.hash.tag();
  }

  #send(bytes: Uint8Array, target: Target): void {
    this.#env.transport.send(bytes, target, () => this.#env.counters.responsesFailed.add());
  }
}

/** By the top Via as far as it can be read, else back to where the packet came from. */
function wreckTarget(wreck: AnswerableWreck, source: Source): Target {
  const via = parseVia(wreck.vias[0] ?? '');
  if (via.ok) return responseTarget(via.value, source);
  const { transport, remoteAddress, remotePort, connectionId, local } = source;
  return { transport, address: remoteAddress, port: remotePort, connectionId, local };
}
