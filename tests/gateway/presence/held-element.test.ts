// Elements as they are kept: equal to what came, and without what they came in.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { elementOf, heldElement, heldText } from '../../../src/gateway/presence/held-element.ts';
import { element, NS_CLIENT, parseDocument, type XmlElement } from '../../../src/xml/index.ts';
import { liveOctets } from '../../fuzz/heap.ts';
import { plain } from '../../xml/record.ts';

const LONG = 'x'.repeat(20);

const presence = (text: string): XmlElement => {
  const read = parseDocument(Buffer.from(text));
  return read.ok ? read.value : assert.fail(read.error.message);
};

describe('an element that is held', () => {
  // That text is read back as what it was made of is a property of the serializer (tests/xml/serializer.test.ts).
  for (const content of [
    '',
    ' away ',
    '<show>dnd</show><status xml:lang="cs">Na poradě &lt;&amp;&apos;</status><priority>5</priority>',
    "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='https://example.org' ver='x='/>",
    "<x xmlns='u:1' xmlns:a='u:2' a:b='c'><show xmlns=''/>text<presence xmlns='jabber:client'/></x>",
  ]) {
    test(`is equal to the one that came: ${content}`, () => {
      const stanza = presence(
        `<presence xmlns='jabber:client' type='unavailable' xml:lang='cs'>${content}</presence>`,
      );
      assert.deepEqual(plain(heldElement(stanza)), plain(stanza));
      assert.deepEqual(plain(elementOf(heldText(stanza))), plain(stanza));
    });
  }

  test('RFC 6120 §13.12: what passed the limits of its stream is held, though its text is longer', () => {
    // Each apostrophe is six octets in an attribute.
    const stanza = element('presence', NS_CLIENT, { type: "'".repeat(200_000) });
    assert.deepEqual(plain(elementOf(heldText(stanza))), plain(stanza));
  });

  for (const [how, hold] of [
    ['elements', heldElement],
    ['text', heldText],
  ] as const) {
    test(`as ${how} it keeps nothing of the text that it came in`, () => {
      const kept: unknown[] = [];
      const before = liveOctets();
      for (let i = 0; i < 500; i++) {
        const whole = `<all><presence xmlns='${NS_CLIENT}' ${LONG}${i}='${LONG}'><status>${LONG}</status></presence><!--${LONG.repeat(1000)}--></all>`;
        for (const each of presence(whole).elements()) kept.push(hold(each));
      }
      const each = (liveOctets() - before) / kept.length;
      assert.ok(each < 4000, `${each} octets each, of ${LONG.length * 1000} of its text`);
    });
  }
});
