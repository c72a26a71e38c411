// What every request has to pass before it means anything, in the order of RFC 3261 §8.2: method, Request-URI, Require,
// content; and Max-Forwards (§16.3), since a gateway passes on. Merged requests are refused by the transaction layer.

import { contentDisposition, contentEncoding, contentLanguage, requireTags } from '../header/tokens.ts';
import { contentType, requestUri } from '../header/remembered.ts';
import { rawHeaderField } from '../message/field.ts';
import type { HeaderField, SipRequest } from '../message/types.ts';

/** What the server can do. */
export interface Capabilities {
  /** Methods that are implemented, as Allow lists them. Case matters (RFC 3261 §7.1). */
  readonly methods: readonly string[];
  /** Methods that are recognised although they are not implemented: 405 instead of 501. */
  readonly knownMethods?: readonly string[] | undefined;
  /** URI schemes of Request-URIs, lower case. */
  readonly schemes: readonly string[];
  /** Option-tags that may be required, lower case. */
  readonly extensions: readonly string[];
  /** Media types of bodies, lower case: "text/plain", "multipart/*". */
  readonly acceptTypes: readonly string[];
  /** Content-codings, lower case. Default: identity only. */
  readonly encodings?: readonly string[] | undefined;
  /** Language tags of bodies. Default: any. */
  readonly languages?: readonly string[] | undefined;
}

/** The response that a request deserves. */
export interface Rejection {
  readonly status: number;
  readonly headers: readonly HeaderField[];
  /** What is wrong, for the log. */
  readonly message: string;
}

/** The methods registered with IANA. */
export const REGISTERED_METHODS: readonly string[] = [
  'ACK',
  'BYE',
  'CANCEL',
  'INFO',
  'INVITE',
  'MESSAGE',
  'NOTIFY',
  'OPTIONS',
  'PRACK',
  'PUBLISH',
  'REFER',
  'REGISTER',
  'SUBSCRIBE',
  'UPDATE',
];

const IDENTITY: readonly string[] = ['identity'];
const NO_HEADERS: readonly HeaderField[] = [];

/** undefined when the request passes. ACK and CANCEL always do: neither can be refused (RFC 3261 §8.2.2.3, §9.2, §17). */
export function checkRequest(request: SipRequest, can: Capabilities): Rejection | undefined {
  const { method } = request;
  if (method === 'ACK' || method === 'CANCEL') return undefined;
  return (
    checkMethod(method, can) ??
    checkScheme(request, can) ??
    checkRequire(request, can) ??
    checkContent(request, can) ??
    checkMaxForwards(request)
  );
}

/** RFC 3261 §11.2: what the answer to OPTIONS says. */
export function capabilityHeaders(can: Capabilities): readonly HeaderField[] {
  return [
    listField('Allow', can.methods),
    listField('Accept', can.acceptTypes),
    listField('Accept-Encoding', can.encodings ?? IDENTITY),
    listField('Accept-Language', can.languages ?? ['*']),
    listField('Supported', can.extensions),
  ];
}

/** §8.2.1: "If … recognizes but does not support the method … 405 (Method Not Allowed)"; §21.5.2: 501 if not recognised. */
function checkMethod(method: string, can: Capabilities): Rejection | undefined {
  if (can.methods.includes(method)) return undefined;
  const known = can.knownMethods ?? REGISTERED_METHODS;
  const status = known.includes(method) ? 405 : 501;
  return { status, headers: [listField('Allow', can.methods)], message: `the method ${method}` };
}

/** §8.2.2.1: "If the Request-URI uses a scheme not supported …, it SHOULD reject the request with a 416". */
function checkScheme(request: SipRequest, can: Capabilities): Rejection | undefined {
  const uri = requestUri(request);
  if (!uri.ok) return bad(uri.error.message);
  const scheme = uri.value.scheme === 'other' ? uri.value.name : uri.value.scheme;
  if (can.schemes.includes(scheme)) return undefined;
  return { status: 416, headers: NO_HEADERS, message: `the scheme ${scheme}` };
}

/** §8.2.2.3: 420, "and list in it those options it does not understand". Proxy-Require is for proxies. */
function checkRequire(request: SipRequest, can: Capabilities): Rejection | undefined {
  if (request.header('require') === undefined) return undefined;
  const tags = requireTags(request);
  if (!tags.ok) return bad(tags.error.message);
  const unknown = tags.value.filter((tag) => !can.extensions.includes(tag.toLowerCase()));
  if (unknown.length === 0) return undefined;
  return {
    status: 420,
    headers: [listField('Unsupported', unknown)],
    message: `the extensions ${unknown.join(', ')}`,
  };
}

/** §8.2.3: type, encoding, language, unless the body is optional. */
function checkContent(request: SipRequest, can: Capabilities): Rejection | undefined {
  const type = contentType(request);
  // §8.2.2: a broken field that processing needs; without a body nothing needs it, but a guess would be as wrong.
  if (!type.ok) return bad(type.error.message);
  if (request.body.length === 0) return undefined;
  if (isOptional(request)) return undefined;
  // §20.15: "The Content-Type header field MUST be present if the body is not empty."
  if (type.value === undefined) return bad('a body without Content-Type');
  if (!takesType(can, type.value.type, type.value.subtype)) {
    return unsupported('Accept', can.acceptTypes, `the type ${type.value.type}/${type.value.subtype}`);
  }
  return checkEncoding(request, can) ?? checkLanguage(request, can);
}

function checkEncoding(request: SipRequest, can: Capabilities): Rejection | undefined {
  if (request.header('content-encoding') === undefined) return undefined;
  const codings = contentEncoding(request);
  if (!codings.ok) return bad(codings.error.message);
  const known = can.encodings ?? IDENTITY;
  const unknown = codings.value.find((coding) => !known.includes(coding) && coding !== 'identity');
  return unknown === undefined ? undefined : unsupported('Accept-Encoding', known, `the encoding ${unknown}`);
}

function checkLanguage(request: SipRequest, can: Capabilities): Rejection | undefined {
  const known = can.languages;
  if (known === undefined || request.header('content-language') === undefined) return undefined;
  const tags = contentLanguage(request);
  if (!tags.ok) return bad(tags.error.message);
  const unknown = tags.value.find((tag) => !known.some((range) => matchesRange(range, tag)));
  return unknown === undefined ? undefined : unsupported('Accept-Language', known, `the language ${unknown}`);
}

/** §16.3 item 3: 0 cannot be passed on; OPTIONS with 0 is answered as if it were meant for this server (§11). */
function checkMaxForwards(request: SipRequest): Rejection | undefined {
  if (request.maxForwards !== 0 || request.method === 'OPTIONS') return undefined;
  return { status: 483, headers: NO_HEADERS, message: 'no hops left' };
}

/** §20.11: handling=optional lets a body go by that is not understood. */
function isOptional(request: SipRequest): boolean {
  if (request.header('content-disposition') === undefined) return false;
  const disposition = contentDisposition(request);
  return disposition.ok && disposition.value?.handling === 'optional';
}

function takesType(can: Capabilities, type: string, subtype: string): boolean {
  for (const range of can.acceptTypes) {
    if (range === '*/*') return true;
    if (!range.startsWith(type) || range.charCodeAt(type.length) !== 0x2f) continue;
    if (range.endsWith(subtype) && range.length === type.length + 1 + subtype.length) return true;
    if (range.endsWith('/*')) return true;
  }
  return false;
}

/** RFC 4647 §3.3.1: a range matches a tag that it equals or begins, up to a hyphen. */
function matchesRange(range: string, tag: string): boolean {
  const folded = tag.toLowerCase();
  const prefix = range.toLowerCase();
  return prefix === '*' || folded === prefix || folded.startsWith(`${prefix}-`);
}

function unsupported(name: string, values: readonly string[], message: string): Rejection {
  return { status: 415, headers: [listField(name, values)], message };
}

function bad(message: string): Rejection {
  return { status: 400, headers: NO_HEADERS, message };
}

function listField(name: string, values: readonly string[]): HeaderField {
  return rawHeaderField(name, values.join(', '));
}
