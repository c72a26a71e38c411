// What becomes of an INFO within a call (RFC 6086 §4.2.2, §5; RFC 2976 for those without a package; CALL-38, CALL-39).

export interface InfoRequest {
  /** Name of its Info-Package, compared with case (RFC 6086 §7.2); undefined: an INFO of the old kind. */
  readonly package: string | undefined;
  /** "type/subtype" of its body in lower case; undefined without a body. */
  readonly contentType: string | undefined;
}

export interface InfoRules {
  /** What our Recv-Info lists. */
  readonly packages: readonly string[];
  /** Media types of bodies that are taken without a package: "application/dtmf-relay". */
  readonly oldTypes: readonly string[];
}

export type InfoVerdict =
  /** 200, and it is passed on. */
  | { readonly kind: 'take' }
  /** 200, and nothing else: it has nothing to say. */
  | { readonly kind: 'acknowledge' }
  /** 469 with Recv-Info, or 415 with Accept. */
  | { readonly kind: 'refuse'; readonly status: 469 | 415 };

export function infoVerdict(request: InfoRequest, rules: InfoRules): InfoVerdict {
  if (request.package !== undefined) {
    // RFC 6086 §4.2.2: "a 469 (Bad Info Package) response …, which contains a Recv-Info header field".
    return rules.packages.includes(request.package) ? { kind: 'take' } : { kind: 'refuse', status: 469 };
  }
  if (request.contentType === undefined) return { kind: 'acknowledge' };
  return rules.oldTypes.includes(request.contentType) ? { kind: 'take' } : { kind: 'refuse', status: 415 };
}
