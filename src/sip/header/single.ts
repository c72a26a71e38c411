// Fields that may stand only once, and fields that are comma lists (RFC 3261 §7.3.1).

import { fault, ok, type Result } from '../../base/index.ts';
import type { HeaderField } from '../message/types.ts';
import { BACKSLASH, COMMA, GREATER, LESS, QUOTE } from './chars.ts';

/** What readers need of a message. */
export interface FieldSource {
  readonly headers: readonly HeaderField[];
}

/** Raw value of a field that may stand once; undefined when it is absent. */
export function singleValue(source: FieldSource, id: string): Result<string | undefined> {
  let value: string | undefined;
  for (const field of source.headers) {
    if (field.id !== id) continue;
    if (value !== undefined) {
      return fault('ERR_SIP_HEADER_REPEATED', `more than one ${field.name}`, 'RFC 3261 §7.3.1');
    }
    value = field.value;
  }
  return ok(value);
}

/** Reads a field that may stand once; undefined when it is absent. */
export function readSingle<T>(
  source: FieldSource,
  id: string,
  parse: (raw: string) => Result<T>,
): Result<T | undefined> {
  const raw = singleValue(source, id);
  if (!raw.ok || raw.value === undefined) return raw.ok ? ok(undefined) : raw;
  return parse(raw.value);
}

/** All elements of all fields of this id, comma lists split, in order; empty elements dropped. */
export function listValues(source: FieldSource, id: string): readonly string[] {
  const values: string[] = [];
  for (const field of source.headers) {
    if (field.id !== id) continue;
    for (const element of splitCommaList(field.value)) if (element !== '') values.push(element);
  }
  return values;
}

/** Reads each element of all fields of this id; the first fault ends it. */
export function readList<T>(
  source: FieldSource,
  id: string,
  parse: (raw: string) => Result<T>,
): Result<readonly T[]> {
  const list: T[] = [];
  for (const element of listValues(source, id)) {
    const item = parse(element);
    if (!item.ok) return item;
    list.push(item.value);
  }
  return ok(list);
}

/**
 * Elements of a comma list, trimmed. Commas in quoted strings and between angle brackets belong to the element
 * (RFC 3261 §7.3.1, §20.10). What never closes runs to the end.
 */
export function splitCommaList(raw: string): readonly string[] {
  if (!raw.includes(',')) return [raw.trim()];
  const elements: string[] = [];
  let start = 0;
  let quoted = false;
  let bracketed = false;
  for (let i = 0; i < raw.length; i++) {
    const code = raw.charCodeAt(i);
    if (quoted) {
      if (code === BACKSLASH) i++;
      else if (code === QUOTE) quoted = false;
    } else if (bracketed) {
      if (code === GREATER) bracketed = false;
    } else if (code === QUOTE) quoted = true;
    else if (code === LESS) bracketed = true;
    else if (code === COMMA) {
      elements.push(raw.slice(start, i).trim());
      start = i + 1;
    }
  }
  elements.push(raw.slice(start).trim());
  return elements;
}
