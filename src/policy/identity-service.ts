// The verification service of RFC 8224 §6.2: whether an Identity header field proves the From of a request. The
// certificates are fetched by somebody else; a request waits while its own is.

import { BoundedMap, fromBase64Url, latin1Bytes, type Bytes, type Clock } from '../base/index.ts';
import {
  date,
  identityValues,
  passportIdentity,
  readPassport,
  samePassportIdentity,
  signingInput,
  type IdentityValue,
  type PassportClaims,
  type PassportIdentity,
  type Refusal,
  type SipRequest,
} from '../sip/index.ts';

/** A certificate that a configured authority vouches for. */
export interface SigningCertificate {
  /** Domains of its subjectAltName, lower case, A-labels: `sip:` URIs without user, else dNSName (RFC 5922 §7.1). */
  readonly domains: readonly string[];
  /** Milliseconds since 1970. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** ES256. */
  verifies(data: Bytes, signature: Bytes): boolean;
}

export type CertificateLookup =
  | { readonly kind: 'found'; readonly certificate: SigningCertificate }
  /** 436: it could not be fetched, or may not be. 437: it was, and is not one that we believe. */
  | { readonly kind: 'failed'; readonly status: 436 | 437; readonly why: string }
  | { readonly kind: 'unknown' };

export interface CertificateSource {
  /** What is known of the certificate at this URL. */
  find(url: string): CertificateLookup;
  /** Fetches one that is unknown; `done` is called once, later. False: too many wait already. */
  fetch(url: string, done: () => void): boolean;
}

export type IdentityVerdict =
  | { readonly kind: 'valid' }
  /** None that we understand. */
  | { readonly kind: 'missing'; readonly refusal: Refusal }
  | { readonly kind: 'invalid'; readonly refusal: Refusal }
  | { readonly kind: 'pending'; ready(done: () => void): void };

export interface IdentityServiceOptions {
  readonly certificates: CertificateSource;
  readonly clock: Clock;
  /** How old or young a Date may be, in milliseconds (§6.2 step 4: "sixty seconds is RECOMMENDED"). */
  readonly freshMs: number;
}

const MAX_SEEN = 50_000;
/** Signatures checked for one request: each costs as much as some requests do. */
const MAX_CHECKED = 2;

interface Seen {
  /** Call-ID, CSeq and From tag. */
  readonly request: string;
  /** When it was signed. */
  readonly at: number;
}

/** RFC 8224 §6.2.2. */
const MISSING: Refusal = { status: 428, reason: 'Use Identity Header' };
const UNSUPPORTED_FORMAT: Refusal = { status: 428, reason: 'Use Supported PASSporT Format' };
const STALE: Refusal = { status: 403, reason: 'Stale Date' };
const INVALID: Refusal = { status: 438, reason: 'Invalid Identity Header' };
/** What a request is told whose certificate is still not there when it was waited for. */
export const IDENTITY_BUSY: Refusal = { status: 503 };

export class IdentityService {
  readonly #options: IdentityServiceOptions;
  /** Signatures that were accepted, with the request that had them: the body is not signed, so none counts twice. */
  readonly #seen: BoundedMap<string, Seen>;
  /** What was signed by then may have been dropped for want of room, and so counts as seen. */
  #droppedMs = 0;

  constructor(options: IdentityServiceOptions) {
    this.#options = options;
    this.#seen = new BoundedMap({
      maxEntries: MAX_SEEN,
      onDrop: (_, { at }) => {
        this.#droppedMs = Math.max(this.#droppedMs, at);
      },
    });
  }

  /** Signatures that are remembered. */
  get size(): number {
    return this.#seen.size;
  }

  sweep(): void {
    this.#seen.sweep(this.#options.clock.wall());
  }

  /** `host`: of the From, lower case: the certificate has to be for it (§8.4). */
  verify(request: SipRequest, host: string): IdentityVerdict {
    const values = identityValues(request);
    if (!values.ok) return { kind: 'invalid', refusal: INVALID };
    if (values.value.length === 0) return { kind: 'missing', refusal: MISSING };
    // Step 1: "If a 'ppt' parameter value is present and the verifier does not support it, it MUST ignore" that field.
    const readable = values.value.filter(({ ppt }) => ppt === undefined).slice(0, MAX_CHECKED);
    if (readable.length === 0) return { kind: 'missing', refusal: UNSUPPORTED_FORMAT };
    // §6.2.1: one that is valid is enough; what is told is what the first was refused for.
    let verdict: IdentityVerdict | undefined;
    for (const value of readable) {
      const next = this.#verifyOne(value, request, host);
      if (next.kind === 'valid') return next;
      if (verdict === undefined || (next.kind === 'pending' && verdict.kind !== 'pending')) verdict = next;
    }
    return verdict ?? { kind: 'invalid', refusal: INVALID };
  }

  #verifyOne(value: IdentityValue, request: SipRequest, host: string): IdentityVerdict {
    const { clock, certificates, freshMs } = this.#options;
    const now = clock.wall();
    if (value.alg !== 'ES256') return invalid({ status: 437, reason: 'Unsupported Credential' });
    // Step 2.
    const orig = passportIdentity(request.from.uri);
    const dest = passportIdentity(request.to.uri);
    if (orig === undefined || dest === undefined) return invalid(INVALID);
    // Step 4 before step 3: what is stale anyway makes nobody fetch a certificate.
    const signed = readSigned(value, request, orig, dest);
    if (signed === undefined) return invalid(INVALID);
    if (Math.abs(now - signed.iat * 1000) > freshMs) return invalid(STALE);
    // Step 3.
    const lookup = certificates.find(value.info);
    if (lookup.kind === 'unknown') return this.#pending(value.info);
    if (lookup.kind === 'failed') {
      return invalid({
        status: lookup.status,
        reason: `${lookup.status === 436 ? 'Bad Identity Info' : 'Unsupported Credential'}: ${lookup.why}`,
      });
    }
    const { certificate } = lookup;
    const at = signed.iat * 1000;
    if (at < certificate.notBeforeMs || at > certificate.notAfterMs) {
      return invalid({ status: 437, reason: 'Unsupported Credential: not valid at this time' });
    }
    // §8.4. A number proves nothing about the domain that stands behind it, so the domain is asked for all the same.
    if (!certificate.domains.includes(host)) {
      return invalid({ status: 437, reason: `Unsupported Credential: not for ${host}` });
    }
    // Step 5.
    const signature = fromBase64Url(value.signature);
    if (signature === undefined || !certificate.verifies(latin1Bytes(signed.input), signature)) {
      return invalid(INVALID);
    }
    return this.#isReplayed(value.signature, request, at, now) ? invalid(INVALID) : { kind: 'valid' };
  }

  #pending(url: string): IdentityVerdict {
    return {
      kind: 'pending',
      ready: (done) => {
        if (!this.#options.certificates.fetch(url, done)) done();
      },
    };
  }

  /** §12.1: the same signature for another request is cut from one and pasted into the other. */
  #isReplayed(signature: string, request: SipRequest, at: number, now: number): boolean {
    const { freshMs } = this.#options;
    const own = `${request.callId} ${request.cseq.number} ${request.from.tag ?? ''}`;
    const seen = this.#seen.get(signature, now);
    if (seen !== undefined) return seen.request !== own;
    if (at <= this.#droppedMs) return true;
    // Dated up to `freshMs` ahead, it is good for twice as long.
    this.#seen.set(signature, { request: own, at }, now, 2 * freshMs);
    return false;
  }
}

/** What was signed, and when; undefined: it is not about this request. */
function readSigned(
  value: IdentityValue,
  request: SipRequest,
  orig: PassportIdentity,
  dest: PassportIdentity,
): { readonly input: string; readonly iat: number } | undefined {
  if (value.full === undefined) {
    const sent = date(request);
    if (!sent.ok || sent.value === undefined) return undefined;
    const claims: PassportClaims = { orig, dest, iat: Math.floor(sent.value / 1000) };
    return { input: signingInput(claims, value.info), iat: claims.iat };
  }
  const { header, payload } = value.full;
  const read = readPassport(header, payload);
  if (!read.ok) return undefined;
  const passport = read.value;
  // §4.1: the JOSE header says what the header field says.
  if (passport.typ !== 'passport' || passport.alg !== 'ES256' || passport.x5u !== value.info)
    return undefined;
  if (passport.ppt !== undefined || passport.iat === undefined) return undefined;
  // §6.2.4: "MUST NOT treat the value in the 'orig' … as the originating identity of the call".
  const [only, ...more] = passport.orig;
  if (only === undefined || more.length > 0 || !samePassportIdentity(only, orig)) return undefined;
  if (!passport.dest.some((each) => samePassportIdentity(each, dest))) return undefined;
  return { input: `${header}.${payload}`, iat: passport.iat };
}

function invalid(refusal: Refusal): IdentityVerdict {
  return { kind: 'invalid', refusal };
}
