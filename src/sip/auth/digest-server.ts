// Digest authentication as a server (RFC 3261 §22, RFC 7616, RFC 8760). A challenge costs no memory: its nonce is a
// signed token. Only what an accepted request counted is remembered.

import {
  equalBytes,
  fault,
  latin1Bytes,
  ok,
  toByteString,
  type Clock,
  type Random,
  type Result,
  type TokenKind,
  type Tokens,
} from '../../base/index.ts';
import { parseChallenges } from '../header/challenge.ts';
import { quote } from '../header/params.ts';
import { rawHeaderField } from '../message/field.ts';
import type { HeaderField, Params, SipRequest } from '../message/types.ts';
import { equalSipUri, parseSipUri } from '../uri/sip-uri.ts';
import {
  digestAlgorithm,
  digestSecret,
  responseFromSecret,
  type DigestAlgorithm,
  type DigestQop,
} from './digest.ts';
import { NonceCounts } from './nonce-counts.ts';

/** In the order in which they are offered (RFC 8760 §2.3: "the most preferred algorithm" on top). */
export const OFFERED_ALGORITHMS = ['SHA-256', 'MD5'] as const satisfies readonly DigestAlgorithm[];
export type OfferedAlgorithm = (typeof OFFERED_ALGORITHMS)[number];

/** Somebody who may authenticate. Unicode. */
export interface DigestUser {
  readonly user: string;
  readonly realm: string;
  readonly secret: DigestUserSecret;
}

/** H(user:realm:password) in lower-case hexadecimal may stand for the password, for one algorithm or both. */
export type DigestUserSecret =
  | { readonly password: string }
  | { readonly [Algorithm in OfferedAlgorithm]?: string | undefined };

export interface DigestServerEnv {
  readonly tokens: Pick<Tokens, 'sign' | 'read'>;
  readonly random: Random;
  readonly clock: Clock;
}

export interface DigestServerOptions<U extends DigestUser> {
  readonly users: readonly U[];
  /** What is offered, as far as the users of a realm have it. Default: all. */
  readonly algorithms?: readonly OfferedAlgorithm[];
  /** Nonces whose counts are remembered. Default 50,000. */
  readonly maxNonces?: number;
  /** How long a nonce is good, in milliseconds. Default five minutes. */
  readonly nonceTtlMs?: number;
}

export type Authentication<U> =
  /** No credentials for one of our realms. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'accepted'; readonly user: U }
  /** Right, but with a nonce that is too old, of an earlier run, or used for this before: "stale=true". */
  | { readonly kind: 'stale'; readonly realm: string; readonly replayed: boolean }
  /** An unknown user, or a wrong password; nobody is told which. */
  | { readonly kind: 'wrong'; readonly realm: string }
  /** RFC 7616 §3.4.6: another uri than the Request-URI, or directives that are missing or broken: 400. */
  | { readonly kind: 'broken'; readonly reason: string };

const NONCE: TokenKind = { purpose: 'sip-nonce', text: 'base64url' };
const DEFAULT_MAX_NONCES = 50_000;
const DEFAULT_NONCE_TTL_MS = 300_000;
/** 80 bits: two runs, or two gateways, do not take each other's nonces, since neither knows what the other counted. */
const RUN_CHARS = 16;

const ABSENT: Authentication<never> = { kind: 'absent' };

interface Known<U> {
  readonly user: U;
  readonly secrets: ReadonlyMap<DigestAlgorithm, string>;
}

interface Credentials {
  readonly realm: string;
  readonly username: string;
  readonly nonce: string;
  readonly uri: string;
  readonly response: string;
  readonly algorithm: DigestAlgorithm;
  readonly qop: DigestQop;
  readonly nc: string;
  readonly cnonce: string;
}

export class DigestServer<U extends DigestUser> {
  readonly #env: DigestServerEnv;
  readonly #offered: readonly OfferedAlgorithm[];
  readonly #run: string;
  readonly #ttlMs: number;
  readonly #counts: NonceCounts;
  /** By realm, as byte strings. */
  readonly #realms = new Map<string, Map<string, Known<U>>>();
  readonly #algorithms = new Map<string, readonly OfferedAlgorithm[]>();
  /** What an unknown user's answer is compared with, so that he takes as long as a known one. */
  readonly #nobody: string;

  constructor(env: DigestServerEnv, options: DigestServerOptions<U>) {
    this.#env = env;
    const { algorithms = OFFERED_ALGORITHMS } = options;
    this.#offered = OFFERED_ALGORITHMS.filter((algorithm) => algorithms.includes(algorithm));
    this.#run = env.random.base32(RUN_CHARS);
    this.#nobody = env.random.base32(RUN_CHARS);
    this.#ttlMs = options.nonceTtlMs ?? DEFAULT_NONCE_TTL_MS;
    this.#counts = new NonceCounts(options.maxNonces ?? DEFAULT_MAX_NONCES);
    for (const user of options.users) this.#add(user);
  }

  /** Nonces whose use is remembered. */
  get size(): number {
    return this.#counts.size;
  }

  /** Who has sent this. Counts the nonce: to be asked once for each request. */
  authenticate(request: SipRequest): Authentication<U> {
    const found = this.#credentials(request);
    if (!found.ok) return { kind: 'broken', reason: found.error.message };
    const params = found.value;
    if (params === undefined) return ABSENT;
    const read = readCredentials(params);
    if (!read.ok) return { kind: 'broken', reason: read.error.message };
    const credentials = read.value;
    const { realm, nonce, uri, nc } = credentials;
    // RFC 7616 §3.4.6: "the resource designated by the 'uri' parameter is the same as the resource specified in the
    // Request-Line".
    if (!sameUri(uri, request.requestUri)) return { kind: 'broken', reason: 'uri is not the Request-URI' };
    const known = this.#realms.get(realm)?.get(credentials.username);
    if (!this.#isRight(known, credentials, request) || known === undefined) return { kind: 'wrong', realm };
    const wall = this.#env.clock.wall();
    const reading = this.#env.tokens.read(NONCE, [realm, this.#run], nonce, wall);
    if (reading.kind !== 'valid') return { kind: 'stale', realm, replayed: false };
    const use = this.#counts.use(nonce, Number.parseInt(nc, 16), reading.expiresMs, wall);
    if (use !== 'fresh') return { kind: 'stale', realm, replayed: use === 'replayed' };
    return { kind: 'accepted', user: known.user };
  }

  /** One WWW-Authenticate a algorithm, the best first (RFC 8760 §2.4). `realm`: one of the users'. */
  challenge(realm: string, stale: boolean): readonly HeaderField[] {
    const { tokens, clock } = this.#env;
    const raw = toByteString(realm);
    const nonce = tokens.sign(NONCE, [raw, this.#run], NO_CONTENT, clock.wall() + this.#ttlMs) ?? '';
    return (this.#algorithms.get(raw) ?? this.#offered).map((algorithm) =>
      rawHeaderField(
        'WWW-Authenticate',
        `Digest realm=${quote(raw)}, nonce="${nonce}", algorithm=${algorithm}, qop="auth,auth-int"` +
          (stale ? ', stale=true' : ''),
      ),
    );
  }

  sweep(): void {
    this.#counts.sweep(this.#env.clock.wall());
  }

  #add(user: U): void {
    const realm = toByteString(user.realm);
    const name = prepared(user.user);
    const secrets = new Map<DigestAlgorithm, string>();
    for (const algorithm of OFFERED_ALGORITHMS) {
      const secret =
        'password' in user.secret
          ? digestSecret(algorithm, name, realm, prepared(user.secret.password))
          : user.secret[algorithm];
      if (secret !== undefined) secrets.set(algorithm, secret);
    }
    const users = this.#realms.get(realm) ?? new Map<string, Known<U>>();
    users.set(name, { user, secrets });
    this.#realms.set(realm, users);
    // RFC 8760 §2.4: the client takes the topmost that it knows, so that all users of a realm must have what is offered.
    const offered = this.#algorithms.get(realm) ?? this.#offered;
    this.#algorithms.set(
      realm,
      offered.filter((algorithm) => secrets.has(algorithm)),
    );
  }

  /** The first Digest of an Authorization field that is for a realm of ours (RFC 3261 §22.4: others are for others). */
  #credentials(request: SipRequest): Result<Params | undefined> {
    for (const { id, value } of request.headers) {
      if (id !== 'authorization') continue;
      const list = parseChallenges(value);
      if (!list.ok) return list;
      for (const { scheme, params } of list.value) {
        if (scheme === 'digest' && this.#realms.has(params.get('realm') ?? '')) return ok(params);
      }
    }
    return ok(undefined);
  }

  #isRight(known: Known<U> | undefined, credentials: Credentials, request: SipRequest): boolean {
    const { algorithm, nonce, uri, qop, nc, cnonce, response, realm } = credentials;
    const offered: readonly DigestAlgorithm[] = this.#algorithms.get(realm) ?? [];
    const expected = responseFromSecret(known?.secrets.get(algorithm) ?? this.#nobody, {
      algorithm,
      nonce,
      method: request.method,
      uri,
      protection: { qop, nc, cnonce, body: request.body },
    });
    return equalBytes(latin1Bytes(expected), latin1Bytes(response)) && offered.includes(algorithm);
  }
}

const NO_CONTENT = new Uint8Array(0);

/** What an Authorization has to say since "qop" was offered (RFC 7616 §3.4). */
function readCredentials(params: Params): Result<Credentials> {
  const needed = (name: string): string => params.get(name) ?? '';
  const algorithm = digestAlgorithm(params.get('algorithm'));
  const qop = needed('qop').toLowerCase();
  const nc = needed('nc');
  const response = needed('response').toLowerCase();
  const credentials = {
    realm: needed('realm'),
    username: needed('username'),
    nonce: needed('nonce'),
    uri: needed('uri'),
    cnonce: needed('cnonce'),
  };
  for (const [name, value] of Object.entries(credentials)) {
    if (value === '' && name !== 'realm') return broken(`no ${name}`);
  }
  if (qop !== 'auth' && qop !== 'auth-int') return broken('no qop of those that were offered');
  if (algorithm === undefined) return broken('an unknown algorithm');
  if (!/^[0-9a-f]{8}$/i.test(nc) || Number.parseInt(nc, 16) === 0) return broken('nc is no count');
  if (!/^[0-9a-f]{32,128}$/.test(response)) return broken('response is no digest');
  return ok({ ...credentials, algorithm, qop, nc, response });
}

/** RFC 3261 §19.1.4: proxies write a Request-URI anew, and it stays the same resource. */
function sameUri(left: string, right: string): boolean {
  if (left === right) return true;
  const a = parseSipUri(left);
  const b = parseSipUri(right);
  return a.ok && b.ok && equalSipUri(a.value, b.value);
}

function broken(what: string): ReturnType<typeof fault> {
  return fault('ERR_SIP_AUTH_CREDENTIALS', what, 'RFC 7616 §3.4');
}

/** RFC 7616 §4: user name and password in NFC, as UTF-8. */
function prepared(text: string): string {
  return toByteString(text.normalize('NFC'));
}
