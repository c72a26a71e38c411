// XML: whatever comes, in whatever pieces, the parser does not throw, finds the same, and what it accepts is written
// and read back the same.

import assert from 'node:assert/strict';
import { parseDocument, serialize, XmlStreamParser, type XmlElement } from '../../src/xml/index.ts';
import type { FuzzTarget } from './target.ts';

const STREAM =
  "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' " +
  "xmlns:stream='http://etherx.jabber.org/streams' id='3BF96D32' from='sip.example.org'>";

const SEEDS: readonly string[] = [
  `${STREAM}<handshake/>`,
  `${STREAM}<message from='a@b/c' to='d@e' type='chat' id='1'><body>Wherefore &amp; why\r\n?</body>` +
    "<active xmlns='http://jabber.org/protocol/chatstates'/></message>\n<presence xml:lang='de'/></stream:stream>",
  `${STREAM}<iq type="get"><p:q xmlns:p='u:1' xmlns:q="u:2" p:a='1' q:a='&#x9;2\t'><![CDATA[<é😀]]]]></p:q></iq>`,
  `${STREAM}<stream:error><not-well-formed xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>`,
  '<?xml version="1.0" encoding="UTF-8"?>\n<!-- c --><isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing">' +
    '<state>active</state><?p q?></isComposing>',
  "<a xmlns='u'><b xmlns=''/>]]&gt;<c/></a>",
];

const LIMITS = { stanzaBytes: 4096, depth: 8, attributes: 8, elements: 64, nameLength: 32, namespaces: 8 };

/** What a stream delivers when cut into pieces of `size` octets, as text to compare. */
function deliver(input: Uint8Array, size: number): { log: string[]; stanzas: XmlElement[] } {
  const log: string[] = [];
  const stanzas: XmlElement[] = [];
  const parser = new XmlStreamParser(
    { limits: LIMITS, contentNamespaces: ['jabber:component:accept'] },
    {
      streamOpen: (header, info) => log.push(`open ${serialize(header)} ${info.declarations.join(' ')}`),
      element: (element) => {
        stanzas.push(element);
        log.push(serialize(element));
      },
      streamClose: () => log.push('close'),
      error: (error) => log.push(`${error.condition} ${error.message}`),
    },
  );
  for (let at = 0; at < input.length; at += size) parser.write(input.subarray(at, at + size));
  parser.end();
  return { log, stanzas };
}

function readsBack(element: XmlElement): void {
  const text = serialize(element, '');
  const again = parseDocument(text);
  assert.ok(again.ok, `refused what was written: ${text}`);
  assert.equal(serialize(again.value, ''), text);
  assert.deepEqual(again.value, element);
}

export const target: FuzzTarget = {
  name: 'xml',
  seeds: () => SEEDS.map((text) => Buffer.from(text, 'utf8')),
  run(input: Uint8Array): void {
    const whole = deliver(input, Math.max(1, input.length));
    for (const size of [1, 2, 3, 7])
      assert.deepEqual(deliver(input, size).log, whole.log, `pieces of ${size}`);
    const errors = whole.log.filter((line) => /^[a-z-]+ [a-z"]/.test(line) && !line.startsWith('open '));
    assert.ok(errors.length <= 1, 'more than one error');
    for (const stanza of whole.stanzas) readsBack(stanza);
    const document = parseDocument(input, LIMITS);
    if (document.ok) readsBack(document.value);
  },
};
