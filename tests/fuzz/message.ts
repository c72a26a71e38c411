// Fuzz target: a whole message through its translation, both ways. Nothing that a peer sends adds a header line, a
// stanza or an element (what goes out is read back and counted).
//
// An input that begins with "<" is a stanza, any other a SIP request.

import assert from 'node:assert/strict';
import { toSip, toXmpp } from '../../src/interwork/message/index.ts';
import { AddressBook } from '../../src/mapping/index.ts';
import { buildRequest, formatNameAddr, parseMessage, serializeMessage } from '../../src/sip/index.ts';
import { NS_CLIENT, parseDocument, serialize, type XmlElement } from '../../src/xml/index.ts';
import { errorReply, mayAnswerWithError, readMessage, readNick, stanzaError } from '../../src/xmpp/index.ts';
import { recordedSip, recordedStanzas } from './recorded.ts';
import type { FuzzTarget } from './target.ts';

const SIP_SEEDS: readonly string[] = [
  'MESSAGE sip:juliet@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK776;rport\r\n' +
    'Max-Forwards: 70\r\nFrom: "Rom\u00e9o & \\"co\\"" <sip:romeo@example.net>;tag=49583\r\n' +
    'To: sip:juliet@example.com\r\nCall-ID: asd88asd77a@1.2.3.4\r\nCSeq: 1 MESSAGE\r\nSubject: the <weather>\r\n' +
    'Date: Sun, 22 Nov 2026 21:53:46 GMT\r\nContent-Language: de, fr\r\nContent-Type: text/plain\r\n' +
    'Content-Length: 18\r\n\r\nWatson, come here.',
];
const STANZA_SEEDS: readonly string[] = [
  "<message from='juliet@example.com/balcony' to='romeo@example.net' type='chat' id='s1y-0123456789012345678901' " +
    "xml:lang='en'><subject>I implore you!</subject><body>Art thou not Romeo &amp; a Montague?</body>" +
    "<body xml:lang='cs'>Nep\u0159ipl\u00fdv\u00e1</body><thread>e0ffe42b28561960c6b12b944a092794b9683a38</thread>" +
    "<nick xmlns='http://jabber.org/protocol/nick'>Juliet &quot;J&quot;</nick>" +
    "<delay xmlns='urn:xmpp:delay' stamp='2002-09-10T23:08:25Z'/></message>",
  "<message from='juliet@example.com/balcony' to='tel\\3a+1@example.net'><composing " +
    "xmlns='http://jabber.org/protocol/chatstates'/><thread>x</thread></message>",
  "<message from='a@example.com' to='b@example.net' id='e'><body>[encrypted]</body><encrypted " +
    "xmlns='eu.siacs.conversations.axolotl'/><encryption xmlns='urn:xmpp:eme:0' namespace='x'/></message>",
];

const book = new AddressBook(
  [
    { home: 'sip', sip: '*', xmpp: 'example.net' },
    { home: 'xmpp', xmpp: 'example.com', sip: 'example.com' },
  ],
  {},
);

export const target: FuzzTarget = {
  name: 'message',
  seeds: () => [
    ...SIP_SEEDS.map((text) => Buffer.from(text, 'utf8')),
    ...recordedSip(),
    ...[...STANZA_SEEDS, ...recordedStanzas()].map((text) => Buffer.from(text, 'utf8')),
  ],
  run(input) {
    if (input[0] === 0x3c) stanzaToSip(input);
    else sipToStanza(input);
  },
};

/** 2026-11-23T00:00:00Z. */
const NOW_MS = 1_795_392_000_000;

function sipToStanza(input: Uint8Array): void {
  const parsed = parseMessage(input, { stream: false });
  if (parsed.kind !== 'message' || parsed.message.kind !== 'request') return;
  const request = parsed.message;
  const from = book.sipSenderToJid(request.from.uri, request.from.params.get('gr'));
  const to = book.sipTargetToJid(request.requestUri);
  const result = toXmpp(request, {
    from: from.ok ? from.value.jidText : 'romeo@example.net',
    to: to.ok ? to.value.jidText : 'juliet@example.com',
    type: 'normal',
    thread: undefined,
    first: true,
    wallMs: NOW_MS,
  });
  if (result.kind === 'refused') {
    for (const { name, value } of result.headers) assert.doesNotMatch(`${name}${value}`, /[\r\n]/);
  }
  if (result.kind !== 'message' && result.kind !== 'composing') return;
  const again = readsBack(result.stanza);
  const names = Array.from(again.elements(), ({ name }) => name);
  assert.equal(new Set(names).size, names.length, `an element twice: ${names.join(' ')}`);
  if (result.kind === 'message') {
    assert.deepEqual(
      names.filter((name) => !['subject', 'body', 'thread', 'delay', 'nick', 'request'].includes(name)),
      [],
    );
    assert.ok(names.includes('body'));
    assert.match(result.id, /^s[0-9a-z]{1,2}-[\w-]{22}$/);
  }
}

function stanzaToSip(input: Uint8Array): void {
  const document = parseDocument(
    Buffer.concat([Buffer.from(`<stream xmlns='${NS_CLIENT}'>`), input, Buffer.from('</stream>')]),
  );
  if (!document.ok) return;
  for (const stanza of document.value.elements()) {
    const message = readMessage(stanza);
    const result = toSip(message, { encrypted: 'fallback' });
    if (result.kind === 'refused' && mayAnswerWithError(stanza)) readsBack(errorReply(stanza, result.error));
    if (mayAnswerWithError(stanza)) readsBack(errorReply(stanza, stanzaError('service-unavailable')));
    if (result.kind !== 'message') continue;
    const to = message.to === undefined ? undefined : book.jidTargetToSip(message.to);
    const from = message.from === undefined ? undefined : book.jidSenderToSip(message.from);
    const requestUri = to?.ok === true ? to.value.uri : 'sip:romeo@example.net';
    const sender = from?.ok === true ? from.value.uri : 'sip:juliet@example.com';
    const { callId = 'fresh', maxForwards, headers, body } = result.draft;
    assert.ok(maxForwards >= 0 && maxForwards <= 254);
    const nick = readNick(stanza) ?? '';
    const written = serializeMessage(
      buildRequest({
        method: 'MESSAGE',
        requestUri,
        via: 'SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx',
        from: formatNameAddr({ displayName: nick, uri: sender, params: new Map([['tag', 't']]) }),
        to: formatNameAddr({ uri: requestUri }),
        callId,
        cseq: 1,
        maxForwards,
        headers,
        body,
      }),
    );
    const again = parseMessage(written, { stream: true });
    if (again.kind !== 'message') assert.fail(`wrote what cannot be read: ${again.fault.message}`);
    // Via, Max-Forwards, From, To, Call-ID, CSeq, Content-Length.
    assert.equal(again.message.headers.length, 7 + headers.length, 'other fields than were written');
    assert.equal(again.message.callId, callId);
    assert.equal(again.message.from.uri, sender);
    assert.equal(again.message.kind === 'request' && again.message.requestUri, requestUri);
    assert.equal(Buffer.compare(again.message.body, body), 0);
  }
}

/** Exactly one element comes of it, and the same. */
function readsBack(stanza: XmlElement): XmlElement {
  const text = serialize(stanza, '');
  const again = parseDocument(text);
  assert.ok(again.ok, `wrote what cannot be read: ${text}`);
  assert.deepEqual(again.value, stanza);
  return again.value;
}
