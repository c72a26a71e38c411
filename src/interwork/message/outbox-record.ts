// What is kept of a message from XMPP until it has its outcome: enough to send it again as the same request, and to
// tell its sender under his own id.

import { fromBase64, toBase64, type CollectionSpec } from '../../base/index.ts';
import type { DurableState } from './machine-durable.ts';

/** Version 1. */
export interface OutboxRecord {
  readonly state: DurableState;
  /** `node` of the gateway that accepted it: that one goes on with it. */
  readonly node: string;
  /** Bare JID of the SIP user it is for: whose coming it waits for, when it is kept. */
  readonly recipient: string;
  /** SIP URIs. */
  readonly from: string;
  readonly requestUri: string;
  readonly displayName: string;
  readonly callId: string;
  readonly fromTag: string;
  /** CSeq number of the next attempt, or of the one that is under way. */
  readonly cseq: number;
  readonly maxForwards: number;
  /** Names and raw values by turns. */
  readonly headerList: readonly string[];
  readonly body: Uint8Array;
  /** The form that asks for reports, where the receiver may take it (RCPT-01). */
  readonly wrappedForm: { readonly headerList: readonly string[]; readonly body: Uint8Array } | undefined;
  /** Attributes of the stanza, names and values by turns. */
  readonly stanza: readonly string[];
  /** False: the sender forbade that it is kept (XEP-0334). */
  readonly mayKeep: boolean;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly acceptedMs: number;
}

interface Version1 {
  readonly state: DurableState;
  readonly node: string;
  readonly recipient: string;
  readonly from: string;
  readonly uri: string;
  readonly name: string;
  readonly call: string;
  readonly tag: string;
  /** Absent: 1. */
  readonly cseq?: number;
  readonly hops: number;
  readonly headers: readonly string[];
  /** Base64. */
  readonly body: string;
  readonly wrapped?: { readonly headers: readonly string[]; readonly body: string };
  readonly stanza: readonly string[];
  readonly keep: boolean;
  readonly at: number;
}

export const OUTBOX: CollectionSpec<OutboxRecord> = {
  name: 'outbox',
  version: 1,
  indexes: { node: (record) => record.node },
  encode(record) {
    const { state, node, recipient, from, callId, fromTag, maxForwards, stanza, mayKeep } = record;
    const { acceptedMs, wrappedForm } = record;
    const stored: Version1 = {
      state,
      node,
      recipient,
      from,
      uri: record.requestUri,
      name: record.displayName,
      call: callId,
      tag: fromTag,
      ...(record.cseq === 1 ? {} : { cseq: record.cseq }),
      hops: maxForwards,
      headers: record.headerList,
      body: toBase64(record.body),
      stanza,
      keep: mayKeep,
      at: acceptedMs,
      ...(wrappedForm === undefined
        ? {}
        : { wrapped: { headers: wrappedForm.headerList, body: toBase64(wrappedForm.body) } }),
    };
    return JSON.stringify(stored);
  },
  decode(version, text) {
    if (version !== 1) throw new RangeError(`an outbox record of version ${version}`);
    const stored: unknown = JSON.parse(text);
    if (!isVersion1(stored)) throw new TypeError('an outbox record that is none');
    const { state, node, recipient, from, stanza, keep, at } = stored;
    return {
      state,
      node,
      recipient,
      from,
      requestUri: stored.uri,
      displayName: stored.name,
      callId: stored.call,
      fromTag: stored.tag,
      cseq: stored.cseq ?? 1,
      maxForwards: stored.hops,
      headerList: stored.headers,
      body: fromBase64(stored.body),
      wrappedForm:
        stored.wrapped === undefined
          ? undefined
          : { headerList: stored.wrapped.headers, body: fromBase64(stored.wrapped.body) },
      stanza,
      mayKeep: keep,
      acceptedMs: at,
    };
  },
};

function isVersion1(value: unknown): value is Version1 {
  if (typeof value !== 'object' || value === null) return false;
  const record: Partial<Record<keyof Version1, unknown>> = value;
  const texts = [
    record.node,
    record.recipient,
    record.from,
    record.uri,
    record.name,
    record.call,
    record.tag,
    record.body,
  ];
  return (
    texts.every((text) => typeof text === 'string') &&
    (record.state === 'sending' || record.state === 'kept' || record.state === 'reporting') &&
    (record.cseq === undefined || Number.isSafeInteger(record.cseq)) &&
    typeof record.hops === 'number' &&
    typeof record.at === 'number' &&
    typeof record.keep === 'boolean' &&
    isWrapped(record.wrapped) &&
    isPairs(record.headers) &&
    isPairs(record.stanza)
  );
}

function isWrapped(value: unknown): boolean {
  if (value === undefined) return true;
  if (typeof value !== 'object' || value === null) return false;
  const form: { readonly headers?: unknown; readonly body?: unknown } = value;
  return isPairs(form.headers) && typeof form.body === 'string';
}

function isPairs(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length % 2 === 0 && value.every((item) => typeof item === 'string');
}
