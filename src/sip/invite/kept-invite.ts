// An INVITE without a final response as it is kept beyond a restart: as much of its transaction as the end of the call needs, plain
// data, read with suspicion. The call itself does not go on: the one that came gets a response by its Via (RFC 3261 §18.2.2), the
// one that we sent a CANCEL with the same Via (§9.1), or ACK and BYE if it is accepted (§13.2.2.4).

import { detachText, emptyBytes, latin1Bytes } from '../../base/index.ts';
import { rawHeaderField } from '../message/field.ts';
import { StoredRequest } from '../message/message.ts';
import { parseMessage } from '../message/parse.ts';
import { serializeHead } from '../message/serialize.ts';
import type { SipRequest } from '../message/types.ts';
import type { Source, Target, TransportName } from '../transport.ts';

/** Version 1. Ours, as it was sent last. */
export interface KeptSentInvite {
  readonly kind: 'sent';
  /** Request line and header fields, a byte string. */
  readonly head: string;
  readonly target: Pick<Target, 'transport' | 'address' | 'port' | 'names'>;
  /** A provisional response was there: it may be cancelled. */
  readonly rings: boolean;
}

/** Version 1. The peer's. */
export interface KeptReceivedInvite {
  readonly kind: 'received';
  readonly head: string;
  readonly source: Pick<Source, 'transport' | 'remoteAddress' | 'remotePort'>;
  /** Where it came in. */
  readonly local: { readonly address: string; readonly port: number };
  /** Of the responses that have left. */
  readonly toTag: string;
}

export type KeptInvite = KeptSentInvite | KeptReceivedInvite;

/** Octets of a head; a longer one is not kept. */
const MAX_HEAD = 8192;

/** What ACK and CANCEL are made of (RFC 3261 §17.1.1.3, §9.1, §13.2.2.4). */
const OF_SENT: ReadonlySet<string> = new Set([
  ...['via', 'max-forwards', 'route', 'from', 'to', 'call-id', 'cseq'],
  ...['authorization', 'proxy-authorization'],
]);
/** What a response is made of (RFC 3261 §8.2.6.2). */
const OF_RECEIVED: ReadonlySet<string> = new Set(['via', 'max-forwards', 'from', 'to', 'call-id', 'cseq']);

/** `invite`: with our Via. Undefined: it is too long. */
export function keptSentInvite(
  invite: SipRequest,
  { transport, address, port, names }: Target,
  rings: boolean,
): KeptSentInvite | undefined {
  const head = headOf(invite, OF_SENT);
  if (head === undefined) return undefined;
  const target = { transport, address, port, ...(names === undefined ? {} : { names }) };
  return { kind: 'sent', head, target, rings };
}

/** `invite`: with `received` and `rport` in its Via. Undefined: it is too long. */
export function keptReceivedInvite(
  invite: SipRequest,
  { transport, remoteAddress, remotePort, local }: Source,
  toTag: string,
): KeptReceivedInvite | undefined {
  const head = headOf(invite, OF_RECEIVED);
  if (head === undefined) return undefined;
  return {
    ...{ kind: 'received', head, toTag },
    source: { transport, remoteAddress, remotePort },
    local: { address: local.address, port: local.port },
  };
}

/** The INVITE of `head`; undefined: what was kept cannot be read. */
export function readKeptInvite({ head }: KeptInvite): SipRequest | undefined {
  const parsed = parseMessage(latin1Bytes(head), { stream: false });
  if (parsed.kind !== 'message' || parsed.message.kind !== 'request') return undefined;
  return parsed.message.method === 'INVITE' ? parsed.message : undefined;
}

/** True for what `JSON.parse` made of one. */
export function isKeptInvite(value: unknown): value is KeptInvite {
  if (!isObject(value) || typeof value['head'] !== 'string') return false;
  const { kind, target, rings, source, local, toTag } = value;
  if (kind === 'sent') return isTarget(target) && typeof rings === 'boolean';
  return (
    kind === 'received' &&
    isObject(source) &&
    isTransport(source['transport']) &&
    typeof source['remoteAddress'] === 'string' &&
    isPort(source['remotePort']) &&
    isObject(local) &&
    typeof local['address'] === 'string' &&
    isPort(local['port']) &&
    typeof toTag === 'string'
  );
}

function headOf(invite: SipRequest, ids: ReadonlySet<string>): string | undefined {
  const { method, requestUri, maxForwards } = invite;
  const fields = invite.headers.filter(({ id }) => ids.has(id));
  const headers = [...fields, rawHeaderField('Content-Length', '0')];
  const head = serializeHead(new StoredRequest(method, requestUri, maxForwards, headers, emptyBytes(), {}));
  return head.length > MAX_HEAD ? undefined : detachText(head);
}

function isTarget(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { transport, address, port, names } = value;
  return (
    isTransport(transport) &&
    typeof address === 'string' &&
    isPort(port) &&
    (names === undefined || (Array.isArray(names) && names.every((name) => typeof name === 'string')))
  );
}

const TRANSPORTS: readonly TransportName[] = ['UDP', 'TCP', 'TLS', 'WS', 'WSS'];

function isTransport(value: unknown): value is TransportName {
  return TRANSPORTS.some((name) => name === value);
}

function isPort(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65_536;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
