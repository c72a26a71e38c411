// Tokens, tokens with parameters, and lists of them: option-tags, methods, codings, events, dispositions
// (RFC 3261 §20, RFC 6665 §8.2, RFC 3326).

import { fault, fromByteString, ok, type Result } from '../../base/index.ts';
import type { Params } from '../message/types.ts';
import { TOKEN, isToken, skipClass, skipSpace } from './chars.ts';
import { readParams } from './params.ts';
import { readList, readSingle, type FieldSource } from './single.ts';

/** `token *( ";" param )`. */
export interface TokenWithParams {
  readonly token: string;
  readonly params: Params;
}

/** Reads a token with its parameters; code ERR_SIP_HEADER_TOKEN. */
export function parseTokenWithParams(raw: string): Result<TokenWithParams> {
  const start = skipSpace(raw, 0, raw.length);
  const end = skipClass(raw, start, raw.length, TOKEN);
  const rest = end > start ? readParams(raw, end) : undefined;
  if (rest?.end !== raw.length) {
    return fault('ERR_SIP_HEADER_TOKEN', 'not a token with parameters', 'RFC 3261 §25.1');
  }
  return ok({ token: raw.slice(start, end), params: rest.params });
}

/** The elements of a list of tokens, as written: they are compared without case, except methods (§7.1). */
function tokenList(source: FieldSource, id: string): Result<readonly string[]> {
  return readList(source, id, (raw) =>
    isToken(raw) ? ok(raw) : fault('ERR_SIP_HEADER_TOKEN', `${id} holds what is no token`, 'RFC 3261 §25.1'),
  );
}

/** Methods of Allow (RFC 3261 §20.5). */
export function allow(source: FieldSource): Result<readonly string[]> {
  return tokenList(source, 'allow');
}

/** Option-tags of Supported (RFC 3261 §20.37). */
export function supported(source: FieldSource): Result<readonly string[]> {
  return tokenList(source, 'supported');
}

/** Option-tags of Require (RFC 3261 §20.32). */
export function requireTags(source: FieldSource): Result<readonly string[]> {
  return tokenList(source, 'require');
}

/** Option-tags of Proxy-Require (RFC 3261 §20.29). */
export function proxyRequire(source: FieldSource): Result<readonly string[]> {
  return tokenList(source, 'proxy-require');
}

/** Option-tags of Unsupported (RFC 3261 §20.40). */
export function unsupported(source: FieldSource): Result<readonly string[]> {
  return tokenList(source, 'unsupported');
}

/** Content-codings in the order in which they were applied (RFC 3261 §20.12), lower case. */
export function contentEncoding(source: FieldSource): Result<readonly string[]> {
  const codings = tokenList(source, 'content-encoding');
  return codings.ok ? ok(codings.value.map((coding) => coding.toLowerCase())) : codings;
}

/** Language tags of the body (RFC 3261 §20.13), as written. */
export function contentLanguage(source: FieldSource): Result<readonly string[]> {
  return tokenList(source, 'content-language');
}

export interface ContentDisposition {
  /** Lower case: "render", "session", "icon", "alert" … */
  readonly type: string;
  /** RFC 3261 §20.11: without the parameter a body must be understood. */
  readonly handling: 'required' | 'optional';
  readonly params: Params;
}

/** Content-Disposition (RFC 3261 §20.11); undefined when there is none. */
export function contentDisposition(source: FieldSource): Result<ContentDisposition | undefined> {
  return readSingle(source, 'content-disposition', (raw) => {
    const read = parseTokenWithParams(raw);
    if (!read.ok) return read;
    const { token, params } = read.value;
    const handling = params.get('handling')?.toLowerCase() === 'optional' ? 'optional' : 'required';
    return ok<ContentDisposition>({ type: token.toLowerCase(), handling, params });
  });
}

export interface EventHeader {
  /** Event package with its template packages, lower case: "presence", "presence.winfo". */
  readonly package: string;
  /** Compared with case (RFC 6665 §4.5.1 by way of §8.2.1). */
  readonly id: string | undefined;
  readonly params: Params;
}

/** Event (RFC 6665 §8.2.1); undefined when there is none. */
export function event(source: FieldSource): Result<EventHeader | undefined> {
  return readSingle(source, 'event', (raw) => {
    const read = parseTokenWithParams(raw);
    if (!read.ok) return read;
    const { token, params } = read.value;
    return ok<EventHeader>({ package: token.toLowerCase(), id: params.get('id'), params });
  });
}

/** Subscription-State (RFC 6665 §8.2.3), the state in lower case; undefined when there is none. */
export function subscriptionState(source: FieldSource): Result<TokenWithParams | undefined> {
  return readSingle(source, 'subscription-state', (raw) => {
    const read = parseTokenWithParams(raw);
    return read.ok
      ? ok<TokenWithParams>({ token: read.value.token.toLowerCase(), params: read.value.params })
      : read;
  });
}

/** One value of Reason (RFC 3326 §2). */
export interface ReasonValue {
  /** As written: "SIP", "Q.850" … */
  readonly protocol: string;
  readonly cause: number | undefined;
  /** Decoded; '' when absent. */
  readonly text: string;
  readonly params: Params;
}

/** All values of Reason. */
export function reasonHeader(source: FieldSource): Result<readonly ReasonValue[]> {
  return readList(source, 'reason', (raw) => {
    const read = parseTokenWithParams(raw);
    if (!read.ok) return read;
    const { token, params } = read.value;
    const cause = params.get('cause');
    return ok<ReasonValue>({
      protocol: token,
      cause: cause !== undefined && /^[0-9]{1,9}$/.test(cause) ? Number(cause) : undefined,
      text: fromByteString(params.get('text') ?? ''),
      params,
    });
  });
}

/** Subject as Unicode text (RFC 3261 §20.36); undefined when there is none. */
export function subject(source: FieldSource): string | undefined {
  for (const field of source.headers) if (field.id === 'subject') return fromByteString(field.value);
  return undefined;
}
