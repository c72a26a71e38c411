// The header fields of calls: what the gateway can do (RFC 3261 §20.5, §20.37), where it is reached, session timers, reasons.

import {
  formatReason,
  formatRetryAfter,
  formatSessionExpires,
  formatWarning,
  hasOption,
  minSe,
  optionField,
  rawHeaderField,
  REGISTERED_METHODS,
  requireTags,
  sessionExpires,
  supported,
  allow,
  type Capabilities,
  type HeaderField,
  type LocalEndpoint,
  type SessionExpires,
  type SipMessage,
  type SipRequest,
  type TimerOffer,
} from '../../sip/index.ts';
import { ok, type Result } from '../../base/index.ts';
import { contactUri } from '../subscriptions/fields.ts';
import { DESCRIPTION_TYPES } from './sip-bodies.ts';
import { TRICKLE_PACKAGE } from './sip-fragment.ts';
import type { Farewell } from './sip-leg-types.ts';

/** What is done with requests of calls, as Allow lists it; REFER and its NOTIFY within a call only (CALL-35). */
export const CALL_METHODS: readonly string[] = [
  'INVITE',
  'ACK',
  'CANCEL',
  'BYE',
  'PRACK',
  'UPDATE',
  'INFO',
  'OPTIONS',
  'REFER',
  'NOTIFY',
];

/** Option-tags of calls (RFC 3262, RFC 4028, RFC 3891, RFC 4488, RFC 8840); the last one where candidates go in INFO. */
export const CALL_EXTENSIONS: readonly string[] = [
  ...['100rel', 'timer', 'replaces', 'norefersub'],
  'trickle-ice',
];

const WITH_DESCRIPTION: ReadonlySet<string> = new Set(['INVITE', 'UPDATE', 'PRACK']);

/** What a request of a call has to pass (RFC 3261 §8.2). Bodies of other methods are looked at by those. */
export function callCapabilities(method: string): Capabilities {
  return {
    // Within a call, of the subscription that a REFER made.
    methods: [...CALL_METHODS, 'SUBSCRIBE'],
    knownMethods: REGISTERED_METHODS,
    schemes: ['sip', 'sips', 'tel'],
    extensions: CALL_EXTENSIONS,
    acceptTypes: WITH_DESCRIPTION.has(method) ? DESCRIPTION_TYPES : ['*/*'],
  };
}

export function listField(name: string, values: readonly string[]): HeaderField {
  return rawHeaderField(name, values.join(', '));
}

/** Of requests and responses that make a dialog or refresh it. `trickle`: candidates may come in INFO. */
export function targetFields(
  local: LocalEndpoint | undefined,
  secure: boolean,
  trickle: boolean,
): readonly HeaderField[] {
  const fields = [
    listField('Allow', CALL_METHODS),
    optionField('Supported', trickle ? CALL_EXTENSIONS : CALL_EXTENSIONS.slice(0, -1)),
    // RFC 6086 §5.2.3: an empty one says that no package is taken.
    rawHeaderField('Recv-Info', trickle ? TRICKLE_PACKAGE : ''),
  ];
  return local === undefined
    ? fields
    : [rawHeaderField('Contact', `<${contactUri(local, secure)}>`), ...fields];
}

/** RFC 3261 §12.1.1: "copy all Record-Route header field values from the request". */
export function copiedRoutes(request: SipRequest): readonly HeaderField[] {
  return request.headerAll('record-route').map((value) => rawHeaderField('Record-Route', value));
}

export function timerFields(
  expires: SessionExpires | undefined,
  min: number | undefined,
): readonly HeaderField[] {
  const fields: HeaderField[] = [];
  if (expires !== undefined) fields.push(rawHeaderField('Session-Expires', formatSessionExpires(expires)));
  if (min !== undefined) fields.push(rawHeaderField('Min-SE', String(min)));
  return fields;
}

/** Warning 399 (RFC 3261 §20.43), in the name of our side. */
export function warningField(local: LocalEndpoint | undefined, text: string): HeaderField {
  const agent = local?.advertiseHost ?? 'gateway';
  return rawHeaderField('Warning', formatWarning({ code: 399, agent, text }));
}

/** RFC 3261 §14.2: "a Retry-After header field with a randomly chosen value of between 0 and 10 seconds". */
export function retryAfterField(unit: number): HeaderField {
  return rawHeaderField('Retry-After', formatRetryAfter({ seconds: Math.floor(unit * 11) }));
}

/** RFC 3326, for BYE and CANCEL. */
export function reasonFields(farewell: Farewell | undefined): readonly HeaderField[] {
  if (farewell?.cause === undefined) return [];
  const { cause, text } = farewell;
  const value = formatReason({ protocol: 'SIP', cause, ...(text === undefined ? {} : { text }) });
  return [rawHeaderField('Reason', value)];
}

/** What a request says of the session timer (RFC 4028 §4, §5). Faults are those of its fields: 400. */
export function timerOffer(request: SipRequest): Result<TimerOffer> {
  const expires = sessionExpires(request);
  if (!expires.ok) return expires;
  const min = minSe(request);
  if (!min.ok) return min;
  // RFC 4028 §7.1: who requires it supports it.
  const knows = supports(request, 'timer') || hasOption(requireTags(request), 'timer');
  return ok({ supported: knows, expires: expires.value, minSe: min.value });
}

export function supports(message: SipMessage, option: string): boolean {
  return hasOption(supported(message), option);
}

/** RFC 3311 §5.1: the peer takes UPDATE when it is in its Allow. */
export function allows(message: SipMessage, method: string): boolean {
  const methods = allow(message);
  return methods.ok && methods.value.includes(method);
}
