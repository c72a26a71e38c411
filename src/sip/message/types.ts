// SIP messages (RFC 3261 §7). A message keeps all its header fields in order, as received; typed readers are views.
//
// Header field values are BYTE STRINGS (one char U+0000–U+00FF per octet), so that whatever we do not understand
// leaves as it came. Readers of text (display names, Subject, reason phrases) decode UTF-8 with `fromByteString`.

import type { Bytes } from '../../base/index.ts';

/** One header field, or one physical line of a comma list. */
export interface HeaderField {
  /** As received or as to be written, for example "Call-ID" or "i". */
  readonly name: string;
  /** Canonical: long form, lower case, for example "call-id". */
  readonly id: string;
  /** Raw value: trimmed, folding replaced by one space; a byte string. */
  readonly value: string;
}

/** Parameter names in lower case, values as written without quotes; undefined for a flag (";rport"). */
export type Params = ReadonlyMap<string, string | undefined>;

/** The topmost Via (RFC 3261 §20.42). */
export interface Via {
  /** Upper case: "UDP", "TCP", "TLS", "WS", "WSS", or whatever stands there. */
  readonly transport: string;
  /** sent-by host, lower case; IPv6 with its brackets. */
  readonly host: string;
  readonly port: number | undefined;
  readonly branch: string | undefined;
  readonly params: Params;
}

/** name-addr or addr-spec with the parameters of the header field (RFC 3261 §20.10). */
export interface NameAddr {
  /** Decoded and unquoted; '' when absent. */
  readonly displayName: string;
  /** The URI as written, a byte string. */
  readonly uri: string;
  /** Header parameters (those of the URI are in `uri`). */
  readonly params: Params;
  /** The `tag` parameter. */
  readonly tag: string | undefined;
}

export interface CSeq {
  /** 0 … 2^31 - 1. */
  readonly number: number;
  readonly method: string;
}

interface MessageBase {
  readonly headers: readonly HeaderField[];
  readonly body: Bytes;
  /** Raw value of the first header field with this canonical id. */
  header(id: string): string | undefined;
  /** Raw values of all header fields with this id, in order (comma lists not split). */
  headerAll(id: string): readonly string[];
  // Read once at parsing or building; what transactions and dialogs need.
  readonly via: Via;
  readonly from: NameAddr;
  readonly to: NameAddr;
  readonly callId: string;
  readonly cseq: CSeq;
}

export interface SipRequest extends MessageBase {
  readonly kind: 'request';
  /** Case-sensitive (RFC 3261 §7.1). */
  readonly method: string;
  /** As written, a byte string. */
  readonly requestUri: string;
  /** undefined when the header field is absent. */
  readonly maxForwards: number | undefined;
}

export interface SipResponse extends MessageBase {
  readonly kind: 'response';
  /** 100 … 699. */
  readonly status: number;
  /** Decoded. */
  readonly reason: string;
}

export type SipMessage = SipRequest | SipResponse;

/** A defect of a message and the response it deserves. */
export interface SipFault {
  readonly code: string;
  readonly message: string;
  readonly clause: string;
  /** 400 and the like. */
  readonly status: number;
  readonly reason: string;
}

/**
 * Raw values from which a stateless response can be built to a request that is too broken for a transaction
 * (RFC 3261 §8.2.6.2: Via, From, To, Call-ID, CSeq copied as they stand).
 */
export interface AnswerableWreck {
  readonly method: string;
  readonly vias: readonly string[];
  readonly from: string;
  readonly to: string;
  readonly callId: string;
  readonly cseq: string;
}

export type ParsedMessage =
  | { readonly kind: 'message'; readonly message: SipMessage }
  /** `wreck` is undefined when no response can or may be sent (also for a malformed response or ACK). */
  | { readonly kind: 'malformed'; readonly fault: SipFault; readonly wreck: AnswerableWreck | undefined };
