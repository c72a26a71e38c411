// What a MESSAGE on its way to SIP is made of, and who hears of its outcome.

import type { Bytes, Random } from '../../base/index.ts';
import type { LedgerRecord } from '../../interwork/message/index.ts';
import type { HeaderField } from '../../sip/index.ts';
import { stanzaError, type StanzaError } from '../../xmpp/index.ts';
import type { ToSipFacts } from './outcomes.ts';

/** IM-30: the whole request, in octets. RFC 3428 §8: the path may hold a hop over UDP that we do not see. */
export const MAX_MESSAGE_OCTETS = 1300;
/** What its sender hears (RFC 7572 §6). */
export const TOO_LONG: StanzaError = stanzaError('policy-violation', {
  text: `The message would be longer than ${MAX_MESSAGE_OCTETS} octets as a SIP request`,
  lang: 'en',
});
/** 130 random bits for a Call-ID of our own (RFC 3261 §8.1.1.4), in characters of base32. */
export const NEW_CALL_ID_CHARS = 26;
const TAG_CHARS = 16;

/** Who sent it, and hears what became of it: exactly one of the two, once. */
export interface Origin {
  /** Correlation id for the log. */
  readonly cid: string;
  /** For From; '' for none. */
  readonly displayName: string;
  /** Its message has to wait: a good moment to let go of what it does not need. */
  settle?(): void;
  /** For the ledger: what its row says of the XMPP side. Absent: it has no row. */
  facts?(): ToSipFacts;
  delivered(tried: Tried): void;
  /**
   * `status`: the final response; 408 and 503 where there was none in time or no way (RFC 3261 §8.1.3.1).
   * `cseq`: the highest number that a request had; 0: none was sent. `tried`: how far it came, undefined if it did not begin.
   */
  refused(error: StanzaError, status: number | undefined, cseq: number, tried?: Tried): void;
}

/** For the ledger: what is known of the SIP side. */
export type Tried = Pick<
  LedgerRecord,
  'callId' | 'fromTag' | 'cseq' | 'sipFrom' | 'requestUri' | 'imdnId' | 'target' | 'attempts' | 'status'
>;

export interface DeliveryParts {
  readonly origin: Origin;
  /** SIP URIs. */
  readonly from: string;
  readonly requestUri: string;
  readonly callId: string;
  readonly maxForwards: number;
  /** Content headers and others that no request of ours has by itself. */
  readonly headers: readonly HeaderField[];
  readonly body: Bytes;
  /** Made here when absent. */
  readonly fromTag?: string;
  /** Of the first request; 1 when absent. */
  readonly cseq?: number;
  /** What its branches begin with: another process makes the same ones by the same steps. Random when absent. */
  readonly branch?: string | undefined;
  /** It was sent before, with this CSeq, and nobody knows what became of it: a 482 then says that the receiver has it (RFC 3261 §8.2.2.2). */
  readonly repeated?: boolean;
  /** The form that asks for reports, which is sent instead as long as the target takes it (RCPT-01). */
  readonly wrapped?: WrappedForm | undefined;
}

/** 80 random bits, more than the 32 of RFC 3261 §19.3: it names the message in the store too. */
export function newFromTag(random: Random): string {
  return random.base32(TAG_CHARS);
}

/** Content headers and body that stand in the place of the plain ones. */
export interface WrappedForm {
  readonly headers: readonly HeaderField[];
  readonly body: Bytes;
  /** imdn.Message-ID; undefined for a form that was read from the store. */
  readonly messageId?: string;
  /** The target does not understand it. */
  refused(): void;
}
