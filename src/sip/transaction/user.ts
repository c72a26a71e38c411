// The transaction user, as the layer sees it (RFC 3261 §5: "Transaction User (TU)").

import type { HeaderField, SipRequest, SipResponse } from '../message/types.ts';
import type { Source } from '../transport.ts';
import type { ServerTransaction } from './server-transaction.ts';

/** An answer without a transaction. */
export interface Refusal {
  readonly status: number;
  /** Unicode; the registered phrase when left out. */
  readonly reason?: string | undefined;
  readonly headers?: readonly HeaderField[] | undefined;
}

export interface TransactionUser {
  /**
   * Asked for each new request before a transaction is made: a refusal is answered statelessly, at a bounded rate, so
   * that who is not believed costs next to nothing (no transaction, no retransmission of the answer). RFC 3261 §8.2.7
   * says so of challenges above all. `request` follows at once, with the same object, for what is not refused.
   */
  refuses?(request: SipRequest, source: Source): Refusal | undefined;
  /** A new request; neither ACK nor CANCEL, no retransmission, no merged request. Answer it by `respond`. */
  request(transaction: ServerTransaction): void;
  /**
   * A CANCEL came for this INVITE, which has no final response yet; it was answered 200. Answer the INVITE 487. Why, says a
   * Reason in `cancel` (RFC 3326).
   */
  cancelled?(transaction: ServerTransaction, cancel: SipRequest): void;
  /** An ACK to a 2xx; also an ACK that matches nothing. */
  ack?(request: SipRequest, source: Source): void;
  /** A response that matches nothing; it must not be forwarded (RFC 6026 §8.9). */
  strayResponse?(response: SipResponse, source: Source): void;
  /**
   * 'transport': a response could not be sent, nor to any backup. 'timeout': no ACK to a failure response came (timer H),
   * or nobody answered the request in 64*T1, so that no final response may be sent any more (RFC 4320 §4.2).
   */
  responseFailed?(
    transaction: ServerTransaction,
    reason: 'timeout' | 'transport',
    error: Error | undefined,
  ): void;
}
