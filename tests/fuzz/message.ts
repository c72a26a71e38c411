// Fuzz target: a whole message through its translation, both ways. Nothing that a peer sends adds a header line, a
// stanza or an element (what goes out is read back and counted).
//
// An input that begins with "<" is a stanza, any other a SIP request.

import assert from 'node:assert/strict';
import { toSip, toXmpp } from '../../src/interwork/message/index.ts';
import { AddressBook } from '../../src/mapping/index.ts';
import { buildRequest, formatNameAddr, parseMessage, serializeMessage } from '../../src/sip/index.ts';
import { NS_CLIENT, parseDocument, serialize, type XmlElement } from '../../src/xml/index.ts';
import { errorReply, mayAnswerWithError, readMessage, readNick } from '../../src/xmpp/index.ts';
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
