// Fuzz target: the SIP parser, its readers, the serializer, and the framer on the same octets.

import {
  DEFAULT_SIP_LIMITS,
  SipFramer,
  accept,
  buildResponse,
  buildWreckResponse,
  contactList,
  contentDisposition,
  contentType,
  date,
  expires,
  identityValues,
  nameAddrList,
  parseChallenges,
  passportIdentity,
  readPassport,
  parseMessage,
  proxyAuthenticate,
  reasonHeader,
  recordRouteList,
  requireTags,
  retryAfter,
  routeList,
  serializeMessage,
  subject,
  supported,
  viaList,
  warnings,
  withTopVia,
  wwwAuthenticate,
  type SipMessage,
} from '../../src/sip/index.ts';
import { TORTURE, tortureMessage } from '../torture/outcomes.ts';
import type { FuzzTarget } from './target.ts';

const READERS: readonly ((message: SipMessage) => { readonly ok: boolean })[] = [
  accept,
  contactList,
  contentDisposition,
  contentType,
  date,
  expires,
  proxyAuthenticate,
  reasonHeader,
  recordRouteList,
  requireTags,
  retryAfter,
  routeList,
  supported,
  warnings,
  wwwAuthenticate,
  (message) => nameAddrList(message, 'p-asserted-identity'),
  (message) => parseChallenges(message.header('authorization') ?? ''),
  (message) => {
    passportIdentity(message.from.uri);
    const values = message.kind === 'request' ? identityValues(message) : { ok: false as const };
    if (!values.ok) return values;
    const [first] = values.value;
    return first?.full === undefined ? values : readPassport(first.full.header, first.full.payload);
  },
];

/** With everything by which a sender can prove who he is. */
const PROVED = [
  'MESSAGE sip:alice@example.com SIP/2.0',
  'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1',
  'From: <sip:+12155551212@example.com;user=phone>;tag=1',
  'To: <sip:alice@example.com>',
  'Call-ID: c',
  'CSeq: 1 MESSAGE',
  'Date: Tue, 16 Aug 2016 19:23:38 GMT',
  'P-Asserted-Identity: "Bob" <sip:bob@example.com>, <tel:+12155551212>',
  'Authorization: Digest username="bob", realm="example.com", nonce="n", uri="sip:alice@example.com", response="00", qop=auth, nc=00000001, cnonce="c"',
  'Identity: eyJhbGciOiJFUzI1NiJ9.eyJkZXN0Ijp7InVyaSI6WyJzaXA6YWxpY2VAZXhhbXBsZS5jb20iXX0sImlhdCI6MTQ3MTM3NTQxOCwib3JpZyI6eyJ0biI6IjEyMTU1NTUxMjEyIn19.VLBC;info=<https://cert.example.org/passport.cer>;alg=ES256',
  'Content-Length: 0',
  '',
  '',
].join('\r\n');

export const target: FuzzTarget = {
  name: 'sip',
  seeds: () => [...TORTURE.map(({ file }) => tortureMessage(file)), Buffer.from(PROVED, 'latin1')],
  run(input) {
    checkParser(input);
    checkFramer(input);
  },
};

function checkParser(input: Uint8Array): void {
  const parsed = parseMessage(input, { stream: false });
  if (parsed.kind === 'malformed') {
    if (parsed.wreck === undefined) return;
    if (parsed.wreck.method === 'ACK') throw new Error('an ACK would be answered');
    const head = Buffer.from(serializeMessage(buildWreckResponse(parsed.wreck, 400, 'Bad Request', 'tag')));
    checkLines(head, 1 + parsed.wreck.vias.length + given(parsed.wreck) + 1);
    return;
  }
  const { message } = parsed;
  for (const read of READERS) read(message);
  if (subject(message)?.isWellFormed() === false) throw new Error('a lone surrogate in the subject');
  if (!message.from.displayName.isWellFormed()) throw new Error('a lone surrogate in a display name');
  if (message.to.params.get('tag') !== message.to.tag) throw new Error('two readings of one tag');
  if (message.via.params.get('branch') !== message.via.branch) throw new Error('two readings of one branch');
  const written = serializeMessage(message);
  checkLines(
    Buffer.from(written).subarray(0, written.length - message.body.length),
    1 + message.headers.length,
  );
  const again = parseMessage(written, { stream: false });
  if (again.kind !== 'message') throw new Error(`refused its own output: ${again.fault.message}`);
  if (JSON.stringify(again.message.headers) !== JSON.stringify(message.headers))
    throw new Error('fields differ');
  if (Buffer.compare(again.message.body, message.body) !== 0) throw new Error('bodies differ');
  if (message.kind !== 'request') return;
  const answer = parseMessage(serializeMessage(buildResponse(message, 404, { toTag: 'tag' })), {
    stream: true,
  });
  if (answer.kind !== 'message') throw new Error(`an answer that cannot be read: ${answer.fault.message}`);
  const before = viaList(message);
  const marked = withTopVia(message, { received: '192.0.2.1', rport: 5060 });
  if (marked.via.params.get('received') !== '192.0.2.1') throw new Error('received is not what we wrote');
  const after = viaList(marked);
  if (before.ok && (!after.ok || after.value.length !== before.value.length))
    throw new Error('Via values changed');
}

function given(wreck: {
  readonly from: string;
  readonly to: string;
  readonly callId: string;
  readonly cseq: string;
}): number {
  return [wreck.from, wreck.to, wreck.callId, wreck.cseq].filter((value) => value !== '').length;
}

/** Exactly so many lines and a blank one, each ended by CRLF, no CR or LF elsewhere. */
function checkLines(head: Uint8Array, count: number): void {
  const text = Buffer.from(head).toString('latin1');
  const lines = text.split('\r\n');
  if (lines.length !== count + 2 || lines.some((line) => /[\r\n]/.test(line)) || !text.endsWith('\r\n\r\n')) {
    throw new Error('a head with other lines than its fields');
  }
}

function checkFramer(input: Uint8Array): void {
  const whole = framed([input]);
  // Octet by octet costs ten times all the rest: one input in eight.
  const step = (input.length & 7) === 0 ? 1 : 1 + (input.length >> 1);
  const pieces: Uint8Array[] = [];
  for (let pos = 0; pos < input.length; pos += step) pieces.push(input.subarray(pos, pos + step));
  if (whole !== framed(pieces)) throw new Error('the framer depends on the borders of chunks');
}

function framed(chunks: readonly Uint8Array[]): string {
  const told: string[] = [];
  const framer = new SipFramer(DEFAULT_SIP_LIMITS, {
    message: (bytes) => told.push(Buffer.from(bytes).toString('latin1')),
    ping: () => told.push('ping'),
    pong: () => told.push('pong'),
    fault: (fault) => told.push(fault.code),
  });
  for (const chunk of chunks) framer.write(chunk);
  return `${told.join('|')} ${framer.pending}`;
}
