// Answers challenges of next hops (RFC 3261 §22, RFC 8760), remembers nonces, and knows when to stop asking.

import {
  BoundedMap,
  fault,
  ok,
  toByteString,
  type Clock,
  type Random,
  type Result,
} from '../../base/index.ts';
import { quote } from '../header/params.ts';
import { withHeader } from '../message/change.ts';
import { rawHeaderField } from '../message/field.ts';
import { StoredRequest } from '../message/message.ts';
import type { HeaderField, SipRequest, SipResponse } from '../message/types.ts';
import { readChallenges, type Challenger, type DigestChallenge } from './challenge.ts';
import { digestResponse, type DigestProtection } from './digest.ts';

/** Who we are in a realm. Unicode. */
export interface Credential {
  readonly realm: string;
  readonly user: string;
  readonly password: string;
}

export interface DigestClientOptions {
  readonly credentials: readonly Credential[];
  readonly random: Random;
  readonly clock: Clock;
  /** Servers whose nonces are remembered. Default 1000. */
  readonly maxScopes?: number;
  /** How long they are, in milliseconds after the last challenge. Default one hour: what is too old gets stale=true. */
  readonly nonceTtlMs?: number;
}

/**
 * What was answered so far for one request: 1 once, 2 again after stale=true, by challenger and realm. Begin with
 * `NO_ANSWERS`; never changed in place.
 */
export type AuthState = ReadonlyMap<string, number>;

export const NO_ANSWERS: AuthState = new Map();

/** A request with credentials, and what to hand in should it be challenged again. */
export interface AuthRetry {
  readonly request: SipRequest;
  readonly state: AuthState;
}

const DEFAULT_MAX_SCOPES = 1000;
const DEFAULT_NONCE_TTL_MS = 3_600_000;
/** Realms of one server; more is no server but an attack. */
const MAX_REALMS = 8;
/** 80 bits: RFC 7616 §3.4 wants a cnonce that cannot be guessed. */
const CNONCE_CHARS = 16;

interface KnownNonce {
  readonly challenge: DigestChallenge;
  readonly credential: Credential;
  /** Requests sent with this nonce (RFC 7616 §3.4, nc). */
  uses: number;
}

type KnownRealms = Map<string, KnownNonce>;

/** The credentials are byte strings inside: NFC (RFC 7616 §4) and UTF-8, whether or not the server names a charset. */
export class DigestClient {
  readonly #credentials: ReadonlyMap<string, Credential>;
  readonly #random: Random;
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #known: BoundedMap<string, KnownRealms>;

  constructor(options: DigestClientOptions) {
    const credentials = new Map<string, Credential>();
    for (const { realm, user, password } of options.credentials) {
      const raw = toByteString(realm);
      credentials.set(raw, { realm: raw, user: prepared(user), password: prepared(password) });
    }
    this.#credentials = credentials;
    this.#random = options.random;
    this.#clock = options.clock;
    this.#ttlMs = options.nonceTtlMs ?? DEFAULT_NONCE_TTL_MS;
    this.#known = new BoundedMap({ maxEntries: options.maxScopes ?? DEFAULT_MAX_SCOPES });
  }

  /**
   * The request with credentials for the nonces that this server (`scope`: a next hop, or the domain) gave us before,
   * so that it need not ask again. The request itself when there are none. Allowed across dialogs because the realms are
   * configured (RFC 3261 §22.3).
   */
  authorize(request: SipRequest, scope: string): SipRequest {
    const known = this.#known.get(scope, this.#clock.now());
    if (known === undefined || known.size === 0) return request;
    return withCredentials(request, this.#headers(request, known.values()), request.cseq.number);
  }

  /**
   * The request again, with credentials and the next CSeq (RFC 3261 §22.2). `request` is what was challenged, without
   * our Via. Once a realm; once more when the nonce was stale (table row ERR-R4). Codes: ERR_SIP_AUTH_CHALLENGE (none, or
   * broken), …_UNSUPPORTED, …_NO_CREDENTIALS, …_REJECTED (they were wrong: never tried twice).
   */
  retry(response: SipResponse, request: SipRequest, scope: string, state: AuthState): Result<AuthRetry> {
    const answered = this.answerChallenges(response, request, scope, state);
    if (!answered.ok) return answered;
    const { headers, state: next } = answered.value;
    return ok({ request: withCredentials(request, headers, request.cseq.number + 1), state: next });
  }

  /** As `retry`, but only the header fields: Authorization and Proxy-Authorization, for this Request-URI and body. */
  answerChallenges(
    response: SipResponse,
    request: SipRequest,
    scope: string,
    state: AuthState,
  ): Result<{ readonly headers: readonly HeaderField[]; readonly state: AuthState }> {
    const challenges = readChallenges(response);
    if (!challenges.ok) return fault('ERR_SIP_AUTH_CHALLENGE', challenges.error.message, 'RFC 3261 §22.2');
    const { answerable, unsupported } = challenges.value;
    if (answerable.length === 0) {
      return unsupported.length === 0
        ? fault('ERR_SIP_AUTH_CHALLENGE', `${response.status} without a challenge`, 'RFC 3261 §22.2')
        : fault(
            'ERR_SIP_AUTH_UNSUPPORTED',
            'no challenge with an algorithm and qop of ours',
            'RFC 8760 §2.4',
          );
    }
    const next = new Map(state);
    const now = this.#clock.now();
    const known: KnownRealms = this.#known.get(scope, now) ?? new Map<string, KnownNonce>();
    let added = 0;
    for (const challenge of answerable) {
      const credential = this.#credentials.get(challenge.realm);
      if (credential === undefined) continue;
      const key = keyOf(challenge.challenger, challenge.realm);
      const before = state.get(key) ?? 0;
      // RFC 3261 §22.1: "MUST NOT re-attempt requests with the credentials that have just been rejected (though the
      // request may be retried if the nonce was stale)".
      if (before > 1 || (before === 1 && !challenge.stale)) {
        known.delete(key);
        const text = `the credentials for ${JSON.stringify(challenge.realm)} were rejected`;
        return fault('ERR_SIP_AUTH_REJECTED', text, 'RFC 3261 §22.1');
      }
      next.set(key, before + 1);
      remember(known, key, { challenge, credential, uses: 0 });
      added += 1;
    }
    if (added === 0) {
      const realms = answerable.map(({ realm }) => JSON.stringify(realm)).join(', ');
      return fault('ERR_SIP_AUTH_NO_CREDENTIALS', `no credentials for the realm ${realms}`, 'RFC 3261 §22.1');
    }
    this.#known.set(scope, known, now, this.#ttlMs);
    // Also those that another server on the way was content with at the last try.
    const used = [...known].filter(([key]) => next.has(key)).map(([, nonce]) => nonce);
    return ok({ headers: this.#headers(request, used), state: next });
  }

  #headers(request: SipRequest, nonces: Iterable<KnownNonce>): readonly HeaderField[] {
    const headers: HeaderField[] = [];
    for (const nonce of nonces) headers.push(this.#header(request, nonce));
    return headers;
  }

  #header(request: SipRequest, nonce: KnownNonce): HeaderField {
    const { challenge, credential } = nonce;
    const { realm, qop, algorithm, opaque } = challenge;
    const { method, requestUri: uri, body } = request;
    nonce.uses += 1;
    const protection: DigestProtection | undefined =
      qop === undefined
        ? undefined
        : {
            qop,
            nc: nonce.uses.toString(16).padStart(8, '0'),
            cnonce: this.#random.base32(CNONCE_CHARS),
            body,
          };
    const { user, password } = credential;
    const response = digestResponse({
      algorithm,
      user,
      realm,
      password,
      nonce: challenge.nonce,
      method,
      uri,
      protection,
    });
    let value = `Digest username=${quote(user)}, realm=${quote(realm)}, nonce=${quote(challenge.nonce)}`;
    value += `, uri=${quote(uri)}, response="${response}"`;
    // RFC 7616 §3.4: the same value as in the challenge, as a token.
    if (challenge.algorithmNamed) value += `, algorithm=${algorithm}`;
    if (protection !== undefined) {
      value += `, cnonce="${protection.cnonce}", qop=${protection.qop}, nc=${protection.nc}`;
    }
    if (opaque !== undefined) value += `, opaque=${quote(opaque)}`;
    return rawHeaderField(challenge.challenger === 'user' ? 'Authorization' : 'Proxy-Authorization', value);
  }
}

function keyOf(challenger: Challenger, realm: string): string {
  return `${challenger} ${realm}`;
}

function remember(known: KnownRealms, key: string, nonce: KnownNonce): void {
  known.delete(key);
  known.set(key, nonce);
  if (known.size <= MAX_REALMS) return;
  for (const oldest of known.keys()) {
    known.delete(oldest);
    return;
  }
}

/** RFC 7616 §4: user name and password in NFC, as UTF-8. */
function prepared(text: string): string {
  return toByteString(text.normalize('NFC'));
}

/** The request with these credentials in place of all others, and this CSeq number. */
function withCredentials(request: SipRequest, headers: readonly HeaderField[], cseq: number): SipRequest {
  const numbered =
    cseq === request.cseq.number
      ? request
      : withHeader(request, rawHeaderField('CSeq', `${cseq} ${request.method}`));
  const kept = numbered.headers.filter(({ id }) => id !== 'authorization' && id !== 'proxy-authorization');
  const { method, requestUri, maxForwards, body } = numbered;
  return new StoredRequest(method, requestUri, maxForwards, [...kept, ...headers], body, {});
}
