// What a SUBSCRIBE asks of an event package: how long, and in which form; or the answer that it deserves (RFC 6665 §4.2.1.1).

import {
  accept,
  acceptsType,
  expires,
  rawHeaderField,
  type HeaderField,
  type ServerTransaction,
  type SipRequest,
} from '../../sip/index.ts';
import type { EventPackage } from './notifier-types.ts';

export type Asked =
  | {
      readonly kind: 'asked';
      /** Seconds as they are granted; 0: it ends, or was a fetch. */
      readonly seconds: number;
      readonly accept: readonly string[];
    }
  | { readonly kind: 'refused'; readonly status: number; readonly headers: readonly HeaderField[] };

const NO_HEADERS: readonly HeaderField[] = [];
/** "If and only if the expiration interval is greater than zero AND smaller than one hour AND less than a … minimum". */
const HOUR = 3600;

export function readSubscribe(request: SipRequest, spec: EventPackage): Asked {
  const read = expires(request);
  const ranges = accept(request);
  if (!read.ok || !ranges.ok) return refused(400);
  const asked = read.value ?? spec.defaultExpires;
  if (asked > 0 && asked < HOUR && asked < spec.minExpires) {
    return refused(423, rawHeaderField('Min-Expires', String(Math.min(spec.minExpires, HOUR))));
  }
  // "the server MAY shorten the interval but MUST NOT lengthen it".
  const seconds = Math.min(asked, spec.maxExpires);
  const types = ranges.value === undefined ? spec.accept.slice(0, 1) : acceptable(spec.accept, ranges.value);
  // RFC 3261 §21.4.7; PRES-42.
  return types.length === 0 ? refused(406) : { kind: 'asked', seconds, accept: shared(types, spec.accept) };
}

/** Sends the 2xx (RFC 3261 §12.1.1, RFC 6665 §4.2.1.1). */
export function acceptSubscribe(
  tx: ServerTransaction,
  seconds: number,
  contact: string,
  more: readonly HeaderField[],
): void {
  const headers = [
    ...tx.request.headerAll('record-route').map((value) => rawHeaderField('Record-Route', value)),
    rawHeaderField('Contact', `<${contact}>`),
    rawHeaderField('Expires', String(seconds)),
    ...more,
  ];
  tx.respond(200, { headers });
}

function acceptable(types: readonly string[], ranges: Parameters<typeof acceptsType>[0]): readonly string[] {
  return types.filter((each) => {
    const [type = '', subtype = ''] = each.split('/');
    return acceptsType(ranges, type, subtype);
  });
}

/** The list of the package itself where it is the same, since that is so for nearly all. */
function shared(types: readonly string[], all: readonly string[]): readonly string[] {
  return types.length === all.length ? all : types;
}

function refused(status: number, ...headers: HeaderField[]): Asked {
  return { kind: 'refused', status, headers: headers.length === 0 ? NO_HEADERS : headers };
}
