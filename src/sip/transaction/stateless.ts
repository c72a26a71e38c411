// Answers without a transaction, to what is too broken for one (RFC 3261 §8.2.7, §16.3) or too much.

import { TokenBucket, TokenBuckets, type Clock, type Log } from '../../base/index.ts';
import { parseVia } from '../header/via.ts';
import { buildResponse, buildWreckResponse } from '../message/build.ts';
import { serializeMessage } from '../message/serialize.ts';
import type { AnswerableWreck, SipFault, SipRequest } from '../message/types.ts';
import type { Source, Target, Transport } from '../transport.ts';
import type { TransactionCounters } from './counters.ts';
import type { KeyedHash } from './keyed-hash.ts';
import { responseTarget } from './response-target.ts';
import type { Refusal } from './user.ts';

export interface StatelessLimits {
  /** Answers to malformed requests a second; what is above is dropped and counted. */
  readonly rejectionsPerSecond: number;
  /** Challenges a second, which have a rate of their own: who has a password is not to wait behind who is refused. */
  readonly challengesPerSecond: number;
  /** Of both, to one address; twice as many at once. One scanner leaves the others their answers. */
  readonly refusalsPerAddress: number;
  /** Log lines about malformed messages a second. */
  readonly logLinesPerSecond: number;
}

export const DEFAULT_STATELESS_LIMITS: StatelessLimits = {
  rejectionsPerSecond: 200,
  challengesPerSecond: 2000,
  refusalsPerAddress: 50,
  logLinesPerSecond: 5,
};

/** Addresses whose rate is remembered. */
const MAX_ADDRESSES = 10_000;

const UNAUTHORIZED = 401;

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
  readonly #challenges: TokenBucket;
  readonly #byAddress: TokenBuckets;
  readonly #lines: TokenBucket;

  constructor(env: StatelessEnv, limits: StatelessLimits) {
    const now = env.clock.now();
    this.#env = env;
    this.#answers = new TokenBucket(limits.rejectionsPerSecond, limits.rejectionsPerSecond, now);
    this.#challenges = new TokenBucket(limits.challengesPerSecond, limits.challengesPerSecond, now);
    this.#byAddress = new TokenBuckets({
      ratePerSecond: limits.refusalsPerAddress,
      burst: 2 * limits.refusalsPerAddress,
      maxKeys: MAX_ADDRESSES,
    });
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
    const now = clock.now();
    if (this.#byAddress.take(source.remoteAddress, now) && this.#answers.take(now)) {
      this.#reject(fault, wreck, source);
    } else counters.rejectionsSuppressed.add();
  }

  /** A response to a good request without remembering it; ACK is never answered. */
  respond(request: SipRequest, source: Source, key: string, { status, reason, headers }: Refusal): void {
    if (request.method === 'ACK') return;
    // RFC 3261 §8.2.7: the tag "MUST be the same for the same request", so it is derived, too.
    const toTag = this.#tag(key);
    const response = buildResponse(request, status, { toTag, headers, reason });
    this.#env.counters.response(status).add();
    this.#send(serializeMessage(response), responseTarget(request.via, source));
  }

  /** Refuses a good request at the bounded rates; above them nothing is said. */
  refuse(request: SipRequest, source: Source, key: string, refusal: Refusal): void {
    const { clock, counters } = this.#env;
    const now = clock.now();
    const all = refusal.status === UNAUTHORIZED ? this.#challenges : this.#answers;
    if (this.#byAddress.take(source.remoteAddress, now) && all.take(now)) {
      this.respond(request, source, key, refusal);
    } else counters.rejectionsSuppressed.add();
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
