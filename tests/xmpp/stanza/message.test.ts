// Source: RFC 6121 §5.2; RFC 6120 §8.2.3.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { iqResult, messageType, readIq, readMessage, stanzaKind } from '../../../src/xmpp/index.ts';
import { readStanza, readStanzas } from '../read-xml.ts';

describe('RFC 6121 §5.2.2: message type', () => {
  for (const type of ['chat', 'error', 'groupchat', 'headline', 'normal'] as const) {
    test(type, () => assert.equal(messageType(type), type));
  }
  for (const type of [undefined, '', 'Chat', 'unknown', 'toString']) {
    test(`${type} MUST be taken as normal`, () => assert.equal(messageType(type), 'normal'));
  }
});

describe('RFC 6121 §5.2: messages', () => {
  const texts = (text: string, streamLang?: string) =>
    readMessage(readStanza(text), streamLang).bodies.map((body) => [body.text, body.lang, body.ownLang]);

  test('§5.2.3: the example with two languages', () => {
    assert.deepEqual(
      texts(`<message from='juliet@example.com/balcony' id='z94nb37h' to='romeo@example.net' type='chat' xml:lang='en'>
        <body>Wherefore art thou, Romeo?</body>
        <body xml:lang='cs'>Pro&#x010D;e&#x017D; jsi ty, Romeo?</body></message>`),
      [
        ['Wherefore art thou, Romeo?', 'en', false],
        ['PročeŽ jsi ty, Romeo?', 'cs', true],
      ],
    );
  });

  test('the language of the stream is inherited', () => {
    assert.deepEqual(texts(`<message><body>x</body></message>`, 'de'), [['x', 'de', false]]);
    assert.deepEqual(texts(`<message xml:lang='en'><body>x</body></message>`, 'de'), [['x', 'en', false]]);
  });

  test('XML 1.0 §2.12: an empty xml:lang takes it back', () => {
    assert.deepEqual(texts(`<message xml:lang='en'><body xml:lang=''>x</body></message>`), [
      ['x', undefined, true],
    ]);
    assert.deepEqual(texts(`<message xml:lang=''><body>x</body></message>`, 'de'), [['x', undefined, false]]);
  });

  test('an empty body is a body; a body of another namespace is none', () => {
    assert.deepEqual(texts(`<message><body/></message>`), [['', undefined, false]]);
    assert.deepEqual(texts(`<message><body xmlns='http://www.w3.org/1999/xhtml'>x</body></message>`), []);
  });

  test('white space and line feeds of a body stay', () => {
    assert.deepEqual(texts(`<message><body>  a\n b </body></message>`), [['  a\n b ', undefined, false]]);
  });

  test('§5.2.4, §5.2.5: subjects, thread and its parent, addresses', () => {
    const message = readMessage(
      readStanza(`<message from='a@b/c' to='d@e' id='7' type='headline'><subject>one</subject><subject xml:lang='cs'>dva</subject>
        <thread parent='e0ffe42b'> 0e3141cd </thread><thread>second</thread></message>`),
    );
    assert.deepEqual(
      message.subjects.map((each) => each.text),
      ['one', 'dva'],
    );
    assert.deepEqual(message.thread, { id: '0e3141cd', parent: 'e0ffe42b' });
    assert.deepEqual([message.from, message.to, message.id, message.type], ['a@b/c', 'd@e', '7', 'headline']);
  });

  test('an empty thread names none', () => {
    assert.equal(readMessage(readStanza(`<message><thread> </thread></message>`)).thread, undefined);
  });

  test('recorded: jabberd2 puts payloads under xmlns="jabber:client"', () => {
    const recorded = readFileSync(
      new URL('../../vectors/xmpp/jabberd2-to-component.txt', import.meta.url),
      'utf8',
    );
    const received = recorded.split('\n').filter((line) => line.startsWith('<< '));
    const stanzas = readStanzas(
      received
        .map((line) => line.slice(3).replace(/^<(\w+)/, `<$1 xmlns='jabber:component:accept'`))
        .join(''),
    );
    assert.deepEqual(stanzas.map(stanzaKind), [undefined, 'iq', 'iq', 'message']);
    const last = stanzas.at(-1);
    assert.ok(last);
    assert.deepEqual(readMessage(last).bodies, [{ text: 'c2', lang: 'en', ownLang: false }]);
  });
});

describe('RFC 6120 §8.2.3: iq', () => {
  const cases: readonly (readonly [string, boolean])[] = [
    [`<iq type='get' id='1'><a xmlns='urn:a'/></iq>`, true],
    [`<iq type='set' id='1'><a xmlns='urn:a'/></iq>`, true],
    [`<iq type='result' id='1'/>`, true],
    [`<iq type='result' id='1'><a xmlns='urn:a'/></iq>`, true],
    [`<iq type='error' id='1'><a xmlns='urn:a'/><error type='wait'/></iq>`, true],
    [`<iq type='get' id='1'/>`, false],
    [`<iq type='get' id='1'><a xmlns='urn:a'/><b xmlns='urn:b'/></iq>`, false],
    [`<iq type='get'><a xmlns='urn:a'/></iq>`, false],
    [`<iq type='get' id=''><a xmlns='urn:a'/></iq>`, false],
    [`<iq type='put' id='1'><a xmlns='urn:a'/></iq>`, false],
    [`<iq id='1'><a xmlns='urn:a'/></iq>`, false],
  ];
  for (const [text, good] of cases) test(text, () => assert.equal(readIq(readStanza(text)).ok, good));

  test('the payload is the child that is not <error/>', () => {
    const read = readIq(readStanza(`<iq type='error' id='1'><error type='wait'/><a xmlns='urn:a'/></iq>`));
    assert.equal(read.ok && read.value.payload?.name, 'a');
  });

  test('a result swaps the addresses and keeps the id', () => {
    assert.deepEqual(
      iqResult(readStanza(`<iq type='get' id='1' from='a@b/c' to='d'><x xmlns='urn:x'/></iq>`)).attributes,
      [...['from', 'd', 'to', 'a@b/c', 'id', '1', 'type', 'result']],
    );
  });
});
