// What node:dns hands over, checked before anything believes it. The packets were read by c-ares, but the names,
// numbers and texts in them were written by whoever owns the zone: records that break their own grammar are dropped.

import { canonicalIp, ipFamily, type IpFamily } from '../../base/index.ts';
import { isDnsName, type DnsAnswer, type NaptrRecord, type SrvRecord } from '../../sip/index.ts';

/** Records of one answer that are looked at; a 64 KiB answer could hold thousands. */
export const MAX_RECORDS = 64;
/** A NAPTR text may have 255 octets (RFC 3403 §4.1, character-string of RFC 1035). */
const MAX_TEXT = 255;

type Fields = Readonly<Record<string, unknown>>;

const UNUSABLE: DnsAnswer<never> = { kind: 'failure', reason: 'server' };

/** Answer to a NAPTR question, from the array of `resolveNaptr`. Never throws. */
export function naptrAnswer(raw: unknown): DnsAnswer<NaptrRecord> {
  return answerOf(raw, naptrRecord);
}

/** Answer to an SRV question, from the array of `resolveSrv`. Never throws. */
export function srvAnswer(raw: unknown): DnsAnswer<SrvRecord> {
  return answerOf(raw, srvRecord);
}

/** Answer to an A (4) or AAAA (6) question, from the array of `resolve4` or `resolve6` with `ttl: true`. Never throws. */
export function addressAnswer(raw: unknown, family: IpFamily): DnsAnswer<string> {
  let ttlMs = Infinity;
  const answer = answerOf(raw, (fields) => {
    const address = canonicalAddress(fields['address'], family);
    const ttl = fields['ttl'];
    if (address !== undefined && isNumber(ttl, 0x7fff_ffff)) ttlMs = Math.min(ttlMs, ttl * 1000);
    return address;
  });
  return answer.kind === 'records' && ttlMs !== Infinity ? { ...answer, ttlMs } : answer;
}

/**
 * What an error of node:dns says. Only "no such name" and "no such record" are knowledge; everything else, also a
 * refusal or a broken packet, leaves us without any. Never throws.
 */
export function failureAnswer(error: unknown): DnsAnswer<never> {
  const code = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  switch (code) {
    case 'ENOTFOUND':
    case 'ENODATA':
      return { kind: 'none' };
    case 'ETIMEOUT':
    case 'ECONNREFUSED':
    case 'ECANCELLED':
      return { kind: 'failure', reason: 'timeout' };
    default:
      return { kind: 'failure', reason: 'server' };
  }
}

/** An empty answer is "none"; one in which nothing is fit to be believed tells us nothing at all. */
function answerOf<R>(raw: unknown, read: (fields: Fields) => R | undefined): DnsAnswer<R> {
  if (!Array.isArray(raw)) return UNUSABLE;
  if (raw.length === 0) return { kind: 'none' };
  const records: R[] = [];
  for (let i = 0; i < raw.length && i < MAX_RECORDS; i++) {
    const fields: unknown = raw[i];
    const record = isFields(fields) ? read(fields) : undefined;
    if (record !== undefined) records.push(record);
  }
  return records.length > 0 ? { kind: 'records', records } : UNUSABLE;
}

function naptrRecord(fields: Fields): NaptrRecord | undefined {
  const { order, preference, flags, service, regexp } = fields;
  const replacement = nameOrRoot(fields['replacement']);
  if (!isNumber(order, 0xffff) || !isNumber(preference, 0xffff) || replacement === undefined)
    return undefined;
  // RFC 3403 §4.1: flags are single characters of A–Z and 0–9; RFC 3263 §4.1: services such as "SIP+D2U".
  if (!isText(flags, /^[A-Za-z0-9]*$/) || !isText(service, /^[A-Za-z0-9+:\-.]*$/)) return undefined;
  if (!isText(regexp)) return undefined;
  return { order, preference, flags, service, regexp, replacement };
}

function srvRecord(fields: Fields): SrvRecord | undefined {
  const { priority, weight, port } = fields;
  const target = nameOrRoot(fields['name']);
  if (!isNumber(priority, 0xffff) || !isNumber(weight, 0xffff) || !isNumber(port, 0xffff)) return undefined;
  if (target === undefined) return undefined;
  // RFC 2782: with the target "." the other fields mean nothing; otherwise there is no port 0.
  if (target !== '.' && port === 0) return undefined;
  return { priority, weight, port, target };
}

/** A name in lower case without the final dot; "." for the root, which c-ares gives as ''. */
function nameOrRoot(raw: unknown): string | undefined {
  if (typeof raw !== 'string') return undefined;
  if (raw === '' || raw === '.') return '.';
  const name = raw.endsWith('.') ? raw.slice(0, -1) : raw;
  return isDnsName(name) ? name.toLowerCase() : undefined;
}

function canonicalAddress(raw: unknown, family: IpFamily): string | undefined {
  if (typeof raw !== 'string') return undefined;
  const address = canonicalIp(raw);
  return address !== undefined && ipFamily(address) === family ? address : undefined;
}

function isNumber(raw: unknown, max: number): raw is number {
  return typeof raw === 'number' && Number.isInteger(raw) && raw >= 0 && raw <= max;
}

function isText(raw: unknown, grammar?: RegExp): raw is string {
  return typeof raw === 'string' && raw.length <= MAX_TEXT && (grammar === undefined || grammar.test(raw));
}

function isFields(raw: unknown): raw is Fields {
  return typeof raw === 'object' && raw !== null;
}
