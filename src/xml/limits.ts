// What one peer may make us hold and how deep it may go (RFC 6120 §13.12; a malformed peer hurts itself only).

export interface XmlLimits {
  /** Octets of one stanza, of the stream header, or of a whole document. RFC 6120 §13.12: not under 10000. */
  readonly stanzaBytes: number;
  /** Open elements inside one stanza, itself included. */
  readonly depth: number;
  /** Attributes and namespace declarations of one element. */
  readonly attributes: number;
  /** Elements in one stanza. */
  readonly elements: number;
  /** UTF-16 units of one element or attribute name. */
  readonly nameLength: number;
  /** Namespace declarations in scope at one place: each prefixed name walks them. */
  readonly namespaces: number;
}

export const DEFAULT_XML_LIMITS: XmlLimits = {
  stanzaBytes: 262_144,
  depth: 64,
  attributes: 64,
  elements: 8192,
  nameLength: 256,
  namespaces: 128,
};
