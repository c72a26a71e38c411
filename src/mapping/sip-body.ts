// What the body of a MESSAGE can turn out to be, shared by its readers.

import type { Bytes } from '../base/index.ts';
import {
  IMDN_TYPE,
  IS_COMPOSING_TYPE,
  parseDisposition,
  type ImdnReport,
  type MediaType,
} from '../mime/index.ts';

export interface SipBodyInput {
  /** Raw header field values, byte strings; undefined when absent. */
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly contentDisposition?: string | undefined;
  readonly body: Bytes;
  /** From and To URIs of the request, to compare with those of a CPIM message (IM-42). */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

export interface SipBodyOptions {
  /** Octets of the text in a stanza, escaped; more is refused with 413 (IM-32). */
  readonly maxTextOctets?: number;
}

/** The reports that a sender asked for (RFC 5438). */
export interface RequestedReports {
  readonly messageId: string;
  readonly positive: boolean;
  readonly negative: boolean;
  readonly display: boolean;
}

export interface TextBody {
  readonly kind: 'text';
  /** Ready for a stanza: LF line ends, legal in XML. */
  readonly text: string;
  /** From Content-Language of the part it was in. */
  readonly lang?: string;
  readonly subject?: string;
  /** When it was sent, ms, by its CPIM DateTime. */
  readonly dateMs?: number;
  readonly imdn?: RequestedReports;
  /** True when a CPIM message named other people than the request did: the request counts (IM-42). */
  readonly disagrees?: boolean;
}

export type SipBody =
  | TextBody
  | { readonly kind: 'composing'; readonly state: 'active' | 'idle'; readonly refreshSeconds?: number }
  | { readonly kind: 'imdn'; readonly report: ImdnReport }
  /** Nothing in it (IM-48). */
  | { readonly kind: 'empty' }
  /** Not understood, and nobody minds (handling=optional; IM-46). */
  | { readonly kind: 'ignored' }
  | {
      readonly kind: 'refused';
      readonly status: 400 | 413 | 415;
      /** Name and value of header fields for the response. */
      readonly headers: readonly (readonly [string, string])[];
    };

/** For an Accept field: everything that `readSipBody` understands. */
export const supportedTypes: readonly string[] = [
  'text/plain',
  'text/html',
  'message/cpim',
  IS_COMPOSING_TYPE,
  IMDN_TYPE,
  'multipart/alternative',
  'multipart/mixed',
  'multipart/related',
  'multipart/signed',
];

export const MALFORMED: SipBody = { kind: 'refused', status: 400, headers: [] };
export const UNSUPPORTED: SipBody = {
  kind: 'refused',
  status: 415,
  headers: [['Accept', supportedTypes.join(', ')]],
};

/** Reads one entity of known type: itself or what it holds. */
export type EntityReader = (type: MediaType, body: Bytes, place: BodyPlace) => SipBody;

/** Where in a body one is. */
export interface BodyPlace {
  readonly input: SipBodyInput;
  /** Containers around this entity. */
  readonly depth: number;
  /** For what lies inside a container. */
  readonly read: EntityReader;
}

/** True for Content-Disposition with handling=optional (RFC 3261 §20.11). */
export function isOptional(contentDisposition: string | undefined): boolean {
  if (contentDisposition === undefined) return false;
  return parseDisposition(contentDisposition)?.params.get('handling')?.toLowerCase() === 'optional';
}
