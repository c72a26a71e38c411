// How much of a session description is read. What an endpoint needs is some kilobytes; a browser with many sources has
// some tens of them.

export interface SdpLimits {
  /** UTF-16 units of the whole description. */
  readonly maxLength: number;
  readonly maxLines: number;
  readonly maxMedia: number;
  /** Formats of one m= line. */
  readonly maxFormats: number;
}

export const DEFAULT_SDP_LIMITS: SdpLimits = {
  maxLength: 65_536,
  maxLines: 2_000,
  maxMedia: 32,
  maxFormats: 64,
};
