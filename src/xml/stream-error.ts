// What is wrong with a peer's XML, in the words of RFC 6120 §4.9.3.

/** The stream error conditions that XML itself can cause; the rest belong to stream negotiation. */
export type XmlCondition =
  | 'bad-format'
  | 'not-well-formed'
  | 'policy-violation'
  | 'restricted-xml'
  | 'unsupported-encoding';

export interface XmlStreamError {
  /** The element to send in the stream error. */
  readonly condition: XmlCondition;
  /** For the log and the error's `text`; holds nothing of the peer's own text. */
  readonly message: string;
}

export function notWellFormed(message: string): XmlStreamError {
  return { condition: 'not-well-formed', message };
}

export function restricted(message: string): XmlStreamError {
  return { condition: 'restricted-xml', message };
}

export function tooMuch(message: string): XmlStreamError {
  return { condition: 'policy-violation', message };
}
