// What a leg of SIP asks about each session description before it is sent or reported: a media relay may put its own
// addresses in the place of both sides'. The gateway itself carries no media.

import type { Result } from '../../base/index.ts';
import type { SessionDescription } from '../../sdp/index.ts';

export type DescriptionKind = 'offer' | 'answer';

/** In which dialog a description stands. */
export interface DescriptionRef {
  /** The tag of the SIP side; undefined in an INVITE of ours that has no answer yet. */
  readonly tag?: string | undefined;
}

/** What a request that carries the description is refused with. `warning`: the text of a Warning 399 (RFC 3261 §20.43). */
export interface PathFault {
  readonly status: number;
  readonly warning: string;
}

export type PathResult = Result<SessionDescription, PathFault>;

/** What must survive a restart of the gateway with the call. Plain data. */
export interface KeptPath {
  /** `ADDRESS:PORT` of the relay's control protocol. */
  readonly instance: string;
  readonly callId: string;
  readonly xmppTag: string;
  readonly sipTag: string;
  readonly profile: string;
  /** Names of the relay's interfaces, if the rule has some. */
  readonly interfaces?: { readonly sip: string; readonly xmpp: string } | undefined;
}

/** The way of the descriptions of one call. One question at a time: the next one follows the answer. */
export interface MediaPath {
  /** A relay may come between: candidates of one endpoint are then none for the other. */
  readonly mayRelay: boolean;
  /** A description that came from the SIP side, before it is reported. */
  fromSip(
    kind: DescriptionKind,
    description: SessionDescription,
    ref: DescriptionRef,
  ): PathResult | Promise<PathResult>;
  /** One that is to go to the SIP side. */
  toSip(
    kind: DescriptionKind,
    description: SessionDescription,
    ref: DescriptionRef,
  ): PathResult | Promise<PathResult>;
  /**
   * Our first INVITE got this final response. True: the same offer is to be handed to `toSip` once more, and what that
   * returns goes out in another INVITE (same dialog identifiers, next CSeq: RFC 3261 §8.1.3.5). At most once for a call.
   */
  again(status: number): boolean;
  /** The text of a Warning for a refusal of the SIP side's INVITE with this status; undefined: nothing is known of it here. */
  warning(status: number): string | undefined;
  /** What is kept with the call; undefined while no relay has its media. */
  kept(): KeptPath | undefined;
  /** The call is over. */
  end(): void;
}

/** Candidates may go from one endpoint to the other by themselves (RFC 8838). */
export function carriesCandidates(media: MediaPath | undefined): boolean {
  return media?.mayRelay !== true;
}

/** What was written of a path; undefined: it cannot be read. */
export function keptPathOf(text: string): KeptPath | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isKeptPath(value) ? value : undefined;
}

function isKeptPath(value: unknown): value is KeptPath {
  if (!isObject(value)) return false;
  const { instance, callId, xmppTag, sipTag, profile, interfaces } = value;
  const texts = [instance, callId, xmppTag, sipTag, profile];
  if (texts.some((text) => typeof text !== 'string')) return false;
  if (interfaces === undefined) return true;
  return (
    isObject(interfaces) && typeof interfaces['sip'] === 'string' && typeof interfaces['xmpp'] === 'string'
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
