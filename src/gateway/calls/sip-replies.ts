// Responses within a session: what those of the peer say to its machine, and what ours say.

import {
  minSe,
  optionField,
  retryAfter,
  sessionExpires,
  type ResponseOptions,
  type ServerTransaction,
  type SessionEffect,
  type SessionEvent,
  type SipResponse,
} from '../../sip/index.ts';
import { carriesCandidates } from './media-path.ts';
import type { WrittenBody } from './sip-bodies.ts';
import { retryAfterField, targetFields, timerFields, warningField } from './sip-fields.ts';
import type { LegContext } from './sip-leg-types.ts';

/** A 2xx to a change of ours; `answers`: with a description. */
export function acceptedBy(response: SipResponse, answers: boolean): SessionEvent {
  const expires = sessionExpires(response);
  const timed = expires.ok && expires.value !== undefined ? { expires: expires.value } : {};
  return { kind: 'change', event: { kind: 'accepted', description: answers ? 'answer' : 'none' }, ...timed };
}

/** Another final response to it. Fields that cannot be read are none. */
export function refusedBy(response: SipResponse): SessionEvent {
  const after = retryAfter(response);
  const later = after.ok && after.value !== undefined ? { retryAfter: after.value.seconds } : {};
  const min = minSe(response);
  const least = min.ok && min.value !== undefined ? { minSe: min.value } : {};
  return { kind: 'change', event: { kind: 'refused', status: response.status, ...later }, ...least };
}

export function replyOptions(
  { env, fault, media }: LegContext,
  tx: ServerTransaction,
  effect: Extract<SessionEffect, { readonly kind: 'reply' }>,
  body: WrittenBody,
  secure: boolean,
): ResponseOptions {
  const { status, expires, require, retryAfter: later, minSe: min } = effect;
  const { method } = tx.request;
  const { local } = tx.source;
  const isTarget = status < 300 && (method === 'INVITE' || method === 'UPDATE');
  return {
    headers: [
      ...(isTarget ? targetFields(local, secure, carriesCandidates(media)) : []),
      ...timerFields(expires, min),
      ...(require === true ? [optionField('Require', ['timer'])] : []),
      ...(later === true ? [retryAfterField(env.random.unit())] : []),
      ...(status === fault?.status ? [warningField(local, fault.warning)] : []),
      ...body.headers,
    ],
    body: body.body,
  };
}
