// Further fields of calls: Reason written (RFC 3326 §2), Info-Package and Recv-Info (RFC 6086 §7), option-tags.

import { toByteString, type Result } from '../../base/index.ts';
import { isToken } from './chars.ts';
import { quote } from './params.ts';
import { readList, readSingle, type FieldSource } from './single.ts';
import { parseTokenWithParams, type ReasonValue, type TokenWithParams } from './tokens.ts';

/** One value of Reason: `SIP;cause=200;text="Call completed elsewhere"`. Throws TypeError for a protocol that is no token. */
export function formatReason(reason: Pick<ReasonValue, 'protocol'> & Partial<ReasonValue>): string {
  const { protocol, cause, text = '' } = reason;
  if (!isToken(protocol)) throw new TypeError('a protocol of Reason that is no token');
  const number = cause === undefined ? '' : `;cause=${cause}`;
  return `${protocol}${number}${text === '' ? '' : `;text=${quote(toByteString(text))}`}`;
}

/** Info-Package of an INFO; undefined: one of the old kind (RFC 2976). Codes ERR_SIP_HEADER_TOKEN, …_REPEATED. */
export function infoPackage(source: FieldSource): Result<TokenWithParams | undefined> {
  return readSingle(source, 'info-package', parseTokenWithParams);
}

/** Recv-Info: the packages that its sender takes; undefined when the field is absent, [] for an empty one (§5.2.3). */
export function recvInfo(source: FieldSource): Result<readonly TokenWithParams[]> | undefined {
  if (!source.headers.some(({ id }) => id === 'recv-info')) return undefined;
  return readList(source, 'recv-info', parseTokenWithParams);
}

/** Whether a list of option-tags has this one; they are compared without case (RFC 3261 §7.3.1). */
export function hasOption(tags: Result<readonly string[]>, tag: string): boolean {
  return tags.ok && tags.value.some((one) => one.toLowerCase() === tag);
}
