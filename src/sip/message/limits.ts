// Limits of one SIP message: what a peer may make us look at.

export interface SipLimits {
  /** Start line to blank line, in octets. */
  readonly maxHeadBytes: number;
  /** Head and body, in octets. RFC 3261 §18.1.1: 65535 must be possible. */
  readonly maxMessageBytes: number;
  /** Header fields, each physical line of a comma list counted once. */
  readonly maxHeaders: number;
  /** Via values. RFC 3261 §8.1.1.6: 70 hops are the recommended end of the way. */
  readonly maxVias: number;
  /** One header field with its folded lines, in octets. */
  readonly maxFieldBytes: number;
}

export const DEFAULT_SIP_LIMITS: SipLimits = {
  maxHeadBytes: 16_384,
  maxMessageBytes: 65_536,
  maxHeaders: 256,
  maxVias: 70,
  maxFieldBytes: 8192,
};
