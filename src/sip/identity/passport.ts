// PASSporT as SIP uses it (RFC 8225, RFC 8224 §4.1): the canonical identities of a request, and the text that is signed.

import { fault, fromBase64Url, ok, toBase64Url, utf8Bytes, utf8Text, type Result } from '../../base/index.ts';
import { parseSipUri } from '../uri/sip-uri.ts';
import { parseTelUri } from '../uri/tel-uri.ts';

/** A telephone number or a URI (RFC 8224 §8.1). */
export type PassportIdentity =
  | { readonly kind: 'tn'; readonly tn: string }
  | { readonly kind: 'uri'; readonly uri: string; readonly host: string };

/** What a baseline PASSporT says of a request. */
export interface PassportClaims {
  readonly orig: PassportIdentity;
  readonly dest: PassportIdentity;
  /** Seconds since 1970. */
  readonly iat: number;
}

/**
 * The canonical form of the URI of From or To. RFC 8224 §8.1: a number by `tel`, by user=phone, or by a "+" before
 * digits; §8.3: its digits; §8.5: all other URIs without what is beside user and host, in lower case. undefined: neither.
 */
export function passportIdentity(raw: string): PassportIdentity | undefined {
  if (/^tel:/i.test(raw)) {
    const tel = parseTelUri(raw);
    return tel.ok ? numberOf(tel.value.number) : undefined;
  }
  const uri = parseSipUri(raw);
  if (!uri.ok) return undefined;
  const { scheme, host, params } = uri.value;
  const user = uri.value.user ?? '';
  const phone = params.get('user')?.toLowerCase() === 'phone';
  if (phone || /^\+[-.()0-9]+$/.test(user)) {
    const number = numberOf(user.split(';', 1)[0] ?? '');
    if (number !== undefined) return number;
  }
  const name = normalized(user);
  return { kind: 'uri', uri: `${scheme}:${name}${user === '' ? '' : '@'}${host}`, host };
}

/** §8.3: "any '+'s, internal dashes, parentheses, or other non-numeric characters" go, except "#" and "*". */
function numberOf(text: string): PassportIdentity | undefined {
  const tn = text.replaceAll(/[^0-9#*]/g, '');
  return tn === '' ? undefined : { kind: 'tn', tn };
}

/** RFC 3986 §6.2.2: what need not be escaped is not, in lower case; what stays escaped in upper-case hexadecimal. */
function normalized(user: string): string {
  return user
    .replaceAll(/%[0-9A-Fa-f]{2}/g, (escape) => {
      const char = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
      return /^[A-Za-z0-9._~-]$/.test(char) ? char : escape;
    })
    .toLowerCase()
    .replaceAll(/%[0-9a-f]{2}/g, (escape) => escape.toUpperCase());
}

/**
 * What is signed: `BASE64URL(header).BASE64URL(payload)`, with keys in lexicographic order and without white space
 * (RFC 8225 §9). `x5u`: the text of `info`.
 */
export function signingInput({ orig, dest, iat }: PassportClaims, x5u: string): string {
  const header = { alg: 'ES256', typ: 'passport', x5u };
  const payload = {
    dest: dest.kind === 'tn' ? { tn: [dest.tn] } : { uri: [dest.uri] },
    iat,
    orig: orig.kind === 'tn' ? { tn: orig.tn } : { uri: orig.uri },
  };
  return `${encoded(header)}.${encoded(payload)}`;
}

function encoded(value: unknown): string {
  return toBase64Url(utf8Bytes(JSON.stringify(value)));
}

/** A full PASSporT as it came. */
export interface ReadPassport {
  readonly typ: string | undefined;
  readonly alg: string | undefined;
  readonly x5u: string | undefined;
  readonly ppt: string | undefined;
  readonly iat: number | undefined;
  /** Numbers and URIs. */
  readonly orig: readonly PassportIdentity[];
  readonly dest: readonly PassportIdentity[];
}

/** Reads the parts of a full PASSporT; code ERR_SIP_IDENTITY_PASSPORT when they are no JSON objects. */
export function readPassport(header: string, payload: string): Result<ReadPassport> {
  const head = decoded(header);
  const claims = decoded(payload);
  if (head === undefined || claims === undefined) {
    return fault('ERR_SIP_IDENTITY_PASSPORT', 'not a PASSporT', 'RFC 8225 §4');
  }
  const text = (name: string): string | undefined => {
    const value = head[name];
    return typeof value === 'string' ? value : undefined;
  };
  const { iat } = claims;
  return ok({
    typ: text('typ'),
    alg: text('alg'),
    x5u: text('x5u'),
    ppt: text('ppt'),
    // RFC 7519 §2: a NumericDate is a number.
    iat: typeof iat === 'number' && Number.isFinite(iat) ? iat : undefined,
    orig: identitiesOf(claims['orig']),
    dest: identitiesOf(claims['dest']),
  });
}

/** RFC 8225 §5.2.1: "orig" has one value, "dest" lists. */
function identitiesOf(claim: unknown): PassportIdentity[] {
  if (!isObject(claim)) return [];
  const list = (value: unknown): string[] =>
    (Array.isArray(value) ? value : [value]).filter((item) => typeof item === 'string');
  return [
    ...list(claim['tn']).map((tn): PassportIdentity => ({ kind: 'tn', tn })),
    ...list(claim['uri']).map((uri): PassportIdentity => ({ kind: 'uri', uri, host: '' })),
  ];
}

/** RFC 8225 §5.2.1: a URI compares by the rules of its scheme, which §8.5 has been applied for; a number as text. */
export function samePassportIdentity(left: PassportIdentity, right: PassportIdentity): boolean {
  return left.kind === 'tn'
    ? right.kind === 'tn' && left.tn === right.tn
    : right.kind === 'uri' && left.uri === right.uri;
}

function decoded(part: string): Readonly<Record<string, unknown>> | undefined {
  const bytes = fromBase64Url(part);
  const text = bytes === undefined ? undefined : utf8Text(bytes);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
