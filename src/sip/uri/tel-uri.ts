// tel URIs (RFC 3966).

import { fault, ok, type Err, type Fault, type Result } from '../../base/index.ts';
import { NO_PARAMS } from '../header/params.ts';
import { PARAM, matchesAt } from '../header/chars.ts';
import type { Params } from '../message/types.ts';
import { isHostname } from './host.ts';
import { isEscapedText, normalizeEscapes } from './percent.ts';

export interface TelUri {
  readonly scheme: 'tel';
  /** True for a number that begins with "+". */
  readonly global: boolean;
  /** Without visual separators, lower case; a global one with its "+". */
  readonly number: string;
  /** As written, with its visual separators. */
  readonly digits: string;
  /** `phone-context`; always there for a local number (§5.1.5). */
  readonly context: string | undefined;
  /** `ext` without visual separators. */
  readonly extension: string | undefined;
  /** Names in lower case, values as written. */
  readonly params: Params;
}

const SEPARATORS = /[-.()]/g;
const GLOBAL = /^\+[-.()]*[0-9][-.()0-9]*$/;
const LOCAL = /^[-.()]*[0-9A-Fa-f*#][-.()0-9A-Fa-f*#]*$/;
const EXTENSION = /^[-.()]*[0-9][-.()0-9]*$/;
const RESERVED = ';/?:@&=+$,';

/** Reads a tel URI; codes ERR_SIP_URI_TEL and ERR_SIP_URI_SCHEME. A local number without context is refused. */
export function parseTelUri(raw: string): Result<TelUri> {
  if (!matchesAt(raw, 0, 'tel:')) return fault('ERR_SIP_URI_SCHEME', 'the scheme is not tel', 'RFC 3966 §3');
  const parts = raw.slice(4).split(';');
  const digits = parts[0] ?? '';
  const global = digits.startsWith('+');
  if (!(global ? GLOBAL : LOCAL).test(digits)) return broken('not a telephone number');
  let params: Params = NO_PARAMS;
  if (parts.length > 1) {
    const read = readParams(parts.slice(1));
    if (!read.ok) return read;
    params = read.value;
  }
  const context = params.get('phone-context');
  if (!global && context === undefined) return broken('a local number without phone-context');
  const number = stripped(digits);
  return ok({
    scheme: 'tel',
    global,
    number,
    digits,
    context,
    extension: params.get('ext')?.replaceAll(SEPARATORS, ''),
    params,
  });
}

function readParams(parts: readonly string[]): Result<Params> {
  const params = new Map<string, string | undefined>();
  for (const part of parts) {
    const equals = part.indexOf('=');
    const name = (equals < 0 ? part : part.slice(0, equals)).toLowerCase();
    const value = equals < 0 ? undefined : part.slice(equals + 1);
    if (!/^[a-z0-9-]+$/.test(name)) return broken('a parameter name is broken');
    // §3: no parameter name more than once.
    if (params.has(name)) return broken(`the parameter ${name} stands twice`);
    if (!isValue(name, value)) return broken(`the value of the parameter ${name} is broken`);
    params.set(name, value);
  }
  return ok(params);
}

function isValue(name: string, value: string | undefined): boolean {
  if (name === 'ext') return value !== undefined && EXTENSION.test(value);
  if (name === 'phone-context') return value !== undefined && (isHostname(value) || GLOBAL.test(value));
  if (value === undefined) return name !== 'isub';
  if (value === '') return false;
  if (name === 'isub') return /^(?:[\w.!~*'()/?:@&=+$,-]|%[0-9A-Fa-f]{2})+$/.test(value);
  return isEscapedText(value, 0, value.length, PARAM);
}

/** The number as text: `number` with its parameters; visual separators are gone (RFC 3966 §5.1.1). */
export function formatTelUri(uri: Pick<TelUri, 'number' | 'params'>): string {
  let text = `tel:${uri.number}`;
  for (const [name, value] of uri.params) text += value === undefined ? `;${name}` : `;${name}=${value}`;
  return text;
}

/** Equivalence by RFC 3966 §4: numbers without separators, all parameters by name, everything without case. */
export function equalTelUri(left: TelUri, right: TelUri): boolean {
  if (left.global !== right.global || left.number !== right.number || left.params.size !== right.params.size)
    return false;
  for (const [name, value] of left.params) {
    if (!right.params.has(name) || comparable(name, value) !== comparable(name, right.params.get(name)))
      return false;
  }
  return true;
}

function comparable(name: string, value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const isNumber = name === 'ext' || (name === 'phone-context' && value.startsWith('+'));
  return isNumber ? stripped(value) : normalizeEscapes(value, RESERVED).toLowerCase();
}

function stripped(digits: string): string {
  return digits.replaceAll(SEPARATORS, '').toLowerCase();
}

function broken(message: string): Err<Fault> {
  return fault('ERR_SIP_URI_TEL', `not a tel URI: ${message}`, 'RFC 3966 §3');
}
