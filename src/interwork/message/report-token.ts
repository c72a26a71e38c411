// What an imdn.Message-ID of ours says, so that a report finds its stanza without a table, also after a restart and at
// another gateway (rows RCPT-01, RCPT-09): the stanza id, what was asked for, the type, and the address that the XMPP
// user wrote to. Token and parties: base/token.ts.
//
// One octet of flags, then the stanza id, then the resource of the address. Ids of most clients are UUIDs, whose 36
// characters are 16 octets; what does not fit is remembered instead, under the token.

import { concatBytes, utf8Bytes, utf8Text, type Bytes, type TokenKind } from '../../base/index.ts';

/** A message that was sent with a request for reports. */
export interface AskedMessage {
  /** The stanza id. */
  readonly id: string;
  /** `<request/>` was in it, `<markable/>` was in it. */
  readonly receipt: boolean;
  readonly marker: boolean;
  /** Its type was chat: reports have the same. */
  readonly chat: boolean;
  /** Its `to`, where reports come from (RCPT-11). */
  readonly address: string;
}

export const MESSAGE_ID_TOKEN: TokenKind = { purpose: 'imdn', text: 'base64url' };

/** RCPT-09. */
export const REPORT_DAYS = 7;
export const REPORT_MS = REPORT_DAYS * 86_400_000;

const RECEIPT = 1;
const MARKER = 2;
const CHAT = 4;
/** The id lies elsewhere. */
const STORED = 8;
/** Two bits: how the id is written. */
const FORM_SHIFT = 4;
const TEXT = 0;
const UUID = 1;
const UPPER_UUID = 2;
const HEX = 3;

const FORMS: readonly (readonly [form: number, pattern: RegExp])[] = [
  [UUID, /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/],
  [UPPER_UUID, /^[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}$/],
  [HEX, /^[0-9a-f]{32}$/],
];
const UUID_OCTETS = 16;

/** For `bareJid`, the JID of the SIP user; undefined when it is more than `maxOctets` or of another address. */
export function encodeAsked(asked: AskedMessage, bareJid: string, maxOctets: number): Bytes | undefined {
  const { address, id } = asked;
  if (address !== bareJid && !address.startsWith(`${bareJid}/`)) return undefined;
  if (id.length > maxOctets * 2) return undefined;
  const form = FORMS.find(([, pattern]) => pattern.test(id))?.[0] ?? TEXT;
  const octets = form === TEXT ? utf8Bytes(id) : hexOctets(id.replaceAll('-', ''));
  const flags =
    (asked.receipt ? RECEIPT : 0) |
    (asked.marker ? MARKER : 0) |
    (asked.chat ? CHAT : 0) |
    (form << FORM_SHIFT);
  const head = form === TEXT ? [flags, octets.length] : [flags];
  // A lone surrogate would not come back; XML has none.
  if (octets.length > 255) return undefined;
  const content = concatBytes([Uint8Array.from(head), octets, utf8Bytes(address.slice(bareJid.length + 1))]);
  return content.length > maxOctets ? undefined : content;
}

/** The content of a token whose message is remembered elsewhere. */
export const STORED_ASKED: Bytes = Uint8Array.of(STORED);

/** undefined: nothing that `encodeAsked` writes. */
export function decodeAsked(content: Bytes, bareJid: string): AskedMessage | 'stored' | undefined {
  const flags = content[0] ?? 0;
  if ((flags & STORED) !== 0) return 'stored';
  const form = flags >>> FORM_SHIFT;
  const start = form === TEXT ? 2 : 1;
  const end = start + (form === TEXT ? (content[1] ?? 0) : UUID_OCTETS);
  if (content.length < end || form > HEX) return undefined;
  const octets = content.subarray(start, end);
  const id = form === TEXT ? utf8Text(octets) : hexId(octets, form);
  const resource = utf8Text(content.subarray(end));
  if (id === undefined || id === '' || resource === undefined) return undefined;
  return {
    id,
    receipt: (flags & RECEIPT) !== 0,
    marker: (flags & MARKER) !== 0,
    chat: (flags & CHAT) !== 0,
    address: resource === '' ? bareJid : `${bareJid}/${resource}`,
  };
}

function hexOctets(hex: string): Bytes {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) =>
    Number.parseInt(hex.slice(i * 2, i * 2 + 2), 16),
  );
}

function hexId(octets: Bytes, form: number): string {
  let hex = '';
  for (const octet of octets) hex += octet.toString(16).padStart(2, '0');
  if (form === HEX) return hex;
  const uuid = hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  return form === UPPER_UUID ? uuid.toUpperCase() : uuid;
}
