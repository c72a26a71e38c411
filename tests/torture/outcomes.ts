// What RFC 4475 and RFC 5118 say about each of their messages, for the parser alone and for the whole gateway.
//
// The files are those of the archives. Two deviations, made in `tortureMessage` and nowhere else:
// - the RFC 5118 archive has LF for CRLF, and two of its files lack the blank line at the end;
// - the Content-Length of ipv6-in-sdp is 17 more than its body, which the RFC means to be well-formed.

import { readFileSync, readdirSync } from 'node:fs';

/** A status, or silence: a response that is thrown away, or a request that nobody can answer. */
export type GatewayOutcome = number | 'dropped' | 'no response';

export interface TortureCase {
  /** Path under tests/torture. */
  readonly file: string;
  readonly kind: 'request' | 'response';
  readonly parser: 'accept' | 'malformed';
  /** Status that a malformed request deserves; undefined where none is sent. */
  readonly fault?: number;
  /** What a gateway answers that serves MESSAGE and OPTIONS and has none of the domains. */
  readonly gateway: GatewayOutcome;
  /** What it may answer as well, by the RFC's words or because another rule of its own comes first. */
  readonly allowed: readonly GatewayOutcome[];
  readonly why: string;
}

// The trust rule (403) and the address rule (404) stand beside every check of section 8.2, in an order that is ours.
const ELSEWHERE = [403, 404] as const;

function accept(file: string, gateway: number, why: string, allowed: readonly number[] = []): TortureCase {
  return { file, kind: 'request', parser: 'accept', gateway, allowed: [...allowed, ...ELSEWHERE], why };
}

function reject(file: string, fault: number, why: string): TortureCase {
  return { file, kind: 'request', parser: 'malformed', fault, gateway: fault, allowed: [], why };
}

function response(file: string, parser: 'accept' | 'malformed', why: string): TortureCase {
  return { file, kind: 'response', parser, gateway: 'dropped', allowed: [], why };
}

/** INVITE is known and not served: RFC 3261 §8.2.1. */
const NO_INVITE = 405;
/** REGISTER is known and not served: RFC 4475 §3.3.7 says so of endpoints that are no registrars. */
const NO_REGISTER = 405;
const NO_DOMAIN = 404;

export const TORTURE: readonly TortureCase[] = [
  accept(
    'rfc4475/wsinv.dat',
    NO_INVITE,
    'RFC 4475 §3.1.1.1: unusual white space and folding are valid',
    [416],
  ),
  accept('rfc4475/intmeth.dat', 501, 'RFC 4475 §3.1.1.2: endpoints answer 501 to the unknown method', [405]),
  accept('rfc4475/esc01.dat', NO_INVITE, 'RFC 4475 §3.1.1.3: escapes in URIs'),
  accept('rfc4475/escnull.dat', NO_REGISTER, 'RFC 4475 §3.1.1.4: escaped NUL is well-formed', [400]),
  accept('rfc4475/esc02.dat', 501, 'RFC 4475 §3.1.1.5: "%" is no escape in a method', [405]),
  accept(
    'rfc4475/lwsdisp.dat',
    NO_DOMAIN,
    'RFC 4475 §3.1.1.6: no space before "<" should be accepted',
    [200],
  ),
  accept('rfc4475/longreq.dat', NO_INVITE, 'RFC 4475 §3.1.1.7: long values'),
  accept(
    'rfc4475/dblreq.dat',
    NO_REGISTER,
    'RFC 4475 §3.1.1.8: octets after the body of a datagram are ignored',
  ),
  accept('rfc4475/semiuri.dat', NO_DOMAIN, 'RFC 4475 §3.1.1.9: parameters in the user part', [200]),
  accept('rfc4475/transports.dat', NO_DOMAIN, 'RFC 4475 §3.1.1.10: any transport in Via', [200]),
  accept('rfc4475/mpart01.dat', NO_DOMAIN, 'RFC 4475 §3.1.1.11: binary parts with NUL', [415]),
  response('rfc4475/unreason.dat', 'accept', 'RFC 4475 §3.1.1.12: any reason phrase; no transaction of ours'),
  response(
    'rfc4475/noreason.dat',
    'accept',
    'RFC 4475 §3.1.1.13: empty reason phrase; no transaction of ours',
  ),
  reject('rfc4475/badinv01.dat', 400, 'RFC 4475 §3.1.2.1: separators without anything between'),
  reject('rfc4475/clerr.dat', 400, 'RFC 4475 §3.1.2.2: Content-Length larger than the datagram'),
  reject('rfc4475/ncl.dat', 400, 'RFC 4475 §3.1.2.3: negative Content-Length'),
  reject('rfc4475/scalar02.dat', 400, 'RFC 4475 §3.1.2.4: overlarge CSeq'),
  response('rfc4475/scalarlg.dat', 'malformed', 'RFC 4475 §3.1.2.5: overlarge CSeq in a response: discarded'),
  reject('rfc4475/quotbal.dat', 400, 'RFC 4475 §3.1.2.6: quoted string without end'),
  reject('rfc4475/ltgtruri.dat', 400, 'RFC 4475 §3.1.2.7: Request-URI in angle brackets'),
  reject('rfc4475/lwsruri.dat', 400, 'RFC 4475 §3.1.2.8: white space in the Request-URI'),
  reject('rfc4475/lwsstart.dat', 400, 'RFC 4475 §3.1.2.9: several SP in the Request-Line may be rejected'),
  reject('rfc4475/trws.dat', 400, 'RFC 4475 §3.1.2.10: SP after the version may be rejected'),
  reject('rfc4475/escruri.dat', 400, 'RFC 4475 §3.1.2.11: headers in the Request-URI may be rejected'),
  accept(
    'rfc4475/baddate.dat',
    NO_INVITE,
    'RFC 4475 §3.1.2.12: a Date that nobody needs is no reason to reject',
    [400],
  ),
  accept('rfc4475/regbadct.dat', NO_REGISTER, 'RFC 4475 §3.1.2.13: 400 is for who reads the Contact', [400]),
  reject('rfc4475/badaspec.dat', 400, 'RFC 4475 §3.1.2.14: spaces within an addr-spec'),
  reject(
    'rfc4475/baddn.dat',
    400,
    'RFC 4475 §3.1.2.15: a comma in an unquoted display name (the file also ends early)',
  ),
  reject('rfc4475/badvers.dat', 505, 'RFC 4475 §3.1.2.16: unknown version'),
  reject('rfc4475/mismatch01.dat', 400, 'RFC 4475 §3.1.2.17: CSeq of another method'),
  {
    ...reject('rfc4475/mismatch02.dat', 400, 'RFC 4475 §3.1.2.18: 400 is acceptable where 501 is better'),
    allowed: [501],
  },
  response('rfc4475/bigcode.dat', 'malformed', 'RFC 4475 §3.1.2.19: response code above 699: dropped'),
  reject(
    'rfc4475/badbranch.dat',
    400,
    'RFC 4475 §3.2.1: the cookie without an identifier, 400 without state',
  ),
  reject('rfc4475/insuf.dat', 400, 'RFC 4475 §3.3.1: no Call-ID, From and To: ideally 400'),
  accept('rfc4475/unkscm.dat', 416, 'RFC 4475 §3.3.2: unknown scheme in the Request-URI'),
  accept('rfc4475/novelsc.dat', 416, 'RFC 4475 §3.3.3: a scheme that we never accept'),
  accept(
    'rfc4475/unksm2.dat',
    NO_REGISTER,
    'RFC 4475 §3.3.4: unknown schemes in header fields must not break parsers',
    [400],
  ),
  accept('rfc4475/bext01.dat', 420, 'RFC 4475 §3.3.5: unknown extensions required'),
  accept(
    'rfc4475/invut.dat',
    NO_INVITE,
    'RFC 4475 §3.3.6: unknown body type (415 by who serves INVITE)',
    [415],
  ),
  accept(
    'rfc4475/regaut01.dat',
    NO_REGISTER,
    'RFC 4475 §3.3.7: unknown authorization scheme; 405 is appropriate',
    [401],
  ),
  reject('rfc4475/multi01.dat', 400, 'RFC 4475 §3.3.8: repeated single-valued fields'),
  reject('rfc4475/mcl01.dat', 400, 'RFC 4475 §3.3.9: conflicting Content-Length'),
  response('rfc4475/bcast.dat', 'accept', 'RFC 4475 §3.3.10: an endpoint discards a response with two Via'),
  accept(
    'rfc4475/zeromf.dat',
    483,
    'RFC 4475 §3.3.11: Max-Forwards 0 is legal; who forwards answers 483',
    [200],
  ),
  accept('rfc4475/cparam01.dat', NO_REGISTER, 'RFC 4475 §3.3.12: parameter of Contact, not of its URI'),
  accept('rfc4475/cparam02.dat', NO_REGISTER, 'RFC 4475 §3.3.13: parameter of the URI'),
  accept('rfc4475/regescrt.dat', NO_REGISTER, 'RFC 4475 §3.3.14: escaped header in a Contact URI'),
  accept('rfc4475/sdp01.dat', NO_INVITE, 'RFC 4475 §3.3.15: Accept without application/sdp', [400, 406]),
  accept('rfc4475/inv2543.dat', NO_INVITE, 'RFC 4475 §3.4.1: RFC 2543 syntax should be accepted'),
  {
    file: 'rfc4475/test.dat',
    kind: 'request',
    parser: 'malformed',
    fault: 400,
    gateway: 'no response',
    allowed: [],
    why: 'not of the RFC, but of its archive: no version, no Via: no way back for an answer (RFC 3261 §18.2.2)',
  },
  accept('rfc5118/ipv6-good.dat', NO_REGISTER, 'RFC 5118 §4.1: IPv6 references'),
  reject('rfc5118/ipv6-bad.dat', 400, 'RFC 5118 §4.2: IPv6 address without brackets in the Request-URI'),
  accept('rfc5118/port-ambiguous.dat', NO_REGISTER, 'RFC 5118 §4.3: well-formed, whatever was meant'),
  accept('rfc5118/port-unambiguous.dat', NO_REGISTER, 'RFC 5118 §4.4: port outside of the brackets'),
  accept(
    'rfc5118/via-received-param-with-delim.dat',
    481,
    'RFC 5118 §4.5: received in brackets must be parsed',
    [405],
  ),
  accept(
    'rfc5118/via-received-param-no-delim.dat',
    NO_DOMAIN,
    'RFC 5118 §4.5: received without brackets',
    [200],
  ),
  accept('rfc5118/ipv6-in-sdp.dat', NO_INVITE, 'RFC 5118 §4.6: IPv6 in SDP'),
  accept('rfc5118/mult-ip-in-header.dat', 481, 'RFC 5118 §4.7: IPv4 and IPv6 in Via', [405]),
  accept('rfc5118/mult-ip-in-sdp.dat', NO_INVITE, 'RFC 5118 §4.8: IPv4 and IPv6 in SDP'),
  accept('rfc5118/ipv4-mapped-ipv6.dat', NO_INVITE, 'RFC 5118 §4.9: IPv4-mapped addresses'),
  accept(
    'rfc5118/ipv6-bug-abnf-3-colons.dat',
    NO_DOMAIN,
    'RFC 5118 §4.10: the extra colon must be tolerated',
    [200],
  ),
  accept('rfc5118/ipv6-correct-abnf-2-colons.dat', NO_DOMAIN, 'RFC 5118 §4.10: the right form', [200]),
];

/** The message as it is sent in one datagram (see the head of this file). */
export function tortureMessage(file: string): Uint8Array {
  const stored = readFileSync(new URL(file, import.meta.url));
  if (!file.startsWith('rfc5118/')) return stored;
  let text = stored.toString('latin1').replaceAll('\n', '\r\n');
  if (!text.includes('\r\n\r\n')) text += '\r\n';
  if (file === 'rfc5118/ipv6-in-sdp.dat') text = text.replace('Content-Length: 268', 'Content-Length: 251');
  return Buffer.from(text, 'latin1');
}

/** All files that are there: the table must name each. */
export function tortureFiles(): readonly string[] {
  return ['rfc4475', 'rfc5118'].flatMap((folder) =>
    readdirSync(new URL(folder, import.meta.url)).map((file) => `${folder}/${file}`),
  );
}
