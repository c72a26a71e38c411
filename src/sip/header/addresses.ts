// Lists of Via values and of addresses: Via, Route, Record-Route, Contact (RFC 3261 §20.42, §20.34, §20.30, §20.10).

import { ok, type Result } from '../../base/index.ts';
import type { NameAddr, Via } from '../message/types.ts';
import { parseNameAddr } from './name-addr.ts';
import { readList, readSingle, listValues, type FieldSource } from './single.ts';
import { parseViaLine } from './via.ts';

/** All Via values, topmost first. */
export function viaList(source: FieldSource): Result<readonly Via[]> {
  const list: Via[] = [];
  for (const field of source.headers) {
    if (field.id !== 'via') continue;
    const line = parseViaLine(field.value);
    if (!line.ok) return line;
    list.push(...line.value);
  }
  return ok(list);
}

/** The address of a field that may stand once (Refer-To, Referred-By, Reply-To …); undefined when absent. */
export function nameAddr(source: FieldSource, id: string): Result<NameAddr | undefined> {
  return readSingle(source, id, parseNameAddr);
}

/** The addresses of a field that is a list (P-Asserted-Identity, Path …). */
export function nameAddrList(source: FieldSource, id: string): Result<readonly NameAddr[]> {
  return readList(source, id, parseNameAddr);
}

/** Route, in order. */
export function routeList(source: FieldSource): Result<readonly NameAddr[]> {
  return nameAddrList(source, 'route');
}

/** Record-Route, in order. */
export function recordRouteList(source: FieldSource): Result<readonly NameAddr[]> {
  return nameAddrList(source, 'record-route');
}

/** Contact: the addresses in order, or "*" (RFC 3261 §10.2.2) when that stands alone. */
export function contactList(source: FieldSource): Result<'*' | readonly NameAddr[]> {
  const values = listValues(source, 'contact');
  if (values.length === 1 && values[0] === '*') return ok('*');
  return nameAddrList(source, 'contact');
}
