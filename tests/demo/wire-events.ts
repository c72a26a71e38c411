// What Kamailio and Prosody saw on the wire, each by its own clock line, as arrows between five columns.
import { Buffer } from 'node:buffer';

export const Column = { Phone: 0, Kamailio: 1, Stoxgate: 2, Prosody: 3, Client: 4 } as const;
export type Column = (typeof Column)[keyof typeof Column];

export interface WireEvent {
  /** By the clock of the server that saw it, in seconds. Both servers run on this machine. */
  readonly seconds: number;
  readonly from: Column;
  readonly to: Column;
  /** The start line of the SIP message without its version, or the stanza's name. */
  readonly label: string;
  readonly callId?: string;
  readonly stanzaId?: string;
  /** A SIP response's status. */
  readonly status?: number;
  /** An error stanza's condition. */
  readonly condition?: string;
  /** Set where a message starts: who writes to whom, and what. */
  readonly message?: { readonly sender: string; readonly recipient: string; readonly text: string };
  /** The gateway's own ping to itself through the server: everything before it is confirmed when it returns. */
  readonly barrier?: boolean;
}

/** A TRACE line of kamailio.cfg: in|out, seconds, address, method, first line, Call-ID, From, To, body in hex. */
export function readKamailioTrace(line: string, gatewayAddress: string): WireEvent | undefined {
  const fields = line.trimEnd().split('\t');
  const [
    ,
    direction,
    seconds,
    address,
    method,
    startLine = '',
    callId = '',
    sender = '',
    recipient = '',
    hex = '',
  ] = fields;
  if (method !== 'MESSAGE') return undefined;
  const other = address === gatewayAddress ? Column.Stoxgate : Column.Phone;
  const [from, to] =
    direction === 'in' ? ([other, Column.Kamailio] as const) : ([Column.Kamailio, other] as const);
  const response = /^SIP\/2\.0 (\d{3}) (.*)$/.exec(startLine);
  const common = { seconds: Number(seconds), from, to, callId };
  if (response) {
    return { ...common, label: `${response[1]} ${response[2]}`, status: Number(response[1]) };
  }
  const text = Buffer.from(hex, 'hex').toString('utf8');
  const plain = (uri: string): string => uri.replace(/^sips?:/, '').replace(/;.*$/, '');
  const message = { sender: plain(sender), recipient: plain(recipient), text };
  return { ...common, label: 'MESSAGE', ...(direction === 'in' && { message }) };
}

/** A TRACE line of mod_wire_trace: in|out, seconds, kind of session, its address, stanza. */
export function readProsodyTrace(line: string): WireEvent | undefined {
  const [, direction, seconds, session, , stanza = ''] = line.split('\t');
  const other = session === 'component' ? Column.Stoxgate : session === 'c2s' ? Column.Client : undefined;
  const name = /^<(message|iq)[\s>/]/.exec(stanza)?.[1];
  if (other === undefined || name === undefined) return undefined;
  const tag = stanza.slice(0, stanza.indexOf('>'));
  const [from, to] =
    direction === 'in' ? ([other, Column.Prosody] as const) : ([Column.Prosody, other] as const);
  const common = { seconds: Number(seconds), from, to };
  if (name === 'iq') {
    const own =
      other === Column.Stoxgate &&
      stanza.includes('urn:xmpp:ping') &&
      attribute(tag, 'from') === attribute(tag, 'to');
    return own
      ? { ...common, label: direction === 'in' ? 'ping' : 'ping returns', barrier: true }
      : undefined;
  }
  const stanzaId = attribute(tag, 'id');
  const identified = stanzaId === undefined ? common : { ...common, stanzaId };
  if (attribute(tag, 'type') === 'error') {
    const condition =
      /<([a-z-]+) xmlns=['"]urn:ietf:params:xml:ns:xmpp-stanzas['"]/.exec(stanza)?.[1] ?? 'error';
    return { ...identified, label: condition, condition };
  }
  const body = /<body(?:\s[^>]*)?>([^<]*)<\/body>/.exec(stanza)?.[1];
  if (body === undefined) return undefined;
  const bare = (jid: string): string => jid.replace(/\/.*$/, '');
  // The client's own server writes its address; a client may leave it out.
  const sender = bare(attribute(tag, 'from') ?? line.split('\t')[4] ?? '');
  const message = { sender, recipient: bare(attribute(tag, 'to') ?? ''), text: unescape(body) };
  return { ...identified, label: '<message/>', ...(direction === 'in' && { message }) };
}

function attribute(tag: string, name: string): string | undefined {
  const value = new RegExp(`\\s${name}=(?:'([^']*)'|"([^"]*)")`).exec(tag);
  return value ? unescape(value[1] ?? value[2] ?? '') : undefined;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&apos;': "'",
  '&amp;': '&',
  '&#10;': '\n',
};

function unescape(text: string): string {
  return text.replace(/&(?:lt|gt|quot|apos|amp|#10);/g, (entity) => ENTITIES[entity] ?? entity);
}
