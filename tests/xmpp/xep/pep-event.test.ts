// Notifications of personal events (XEP-0163 §4.3, XEP-0060 §7).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serialize } from '../../../src/xml/index.ts';
import { eventMessage, moodElement, readEvent } from '../../../src/xmpp/index.ts';
import { readStanza } from '../read-xml.ts';

const MOOD = 'http://jabber.org/protocol/mood';
const item = (inside: string, name = 'item'): string => `<${name} id='1'>${inside}</${name}>`;
const items = (inside: string): string => `<items node='${MOOD}'>${inside}</items>`;
const happy = `<mood xmlns='${MOOD}'><happy/></mood>`;

/** Name of the first child of the payload, "taken back", or "nothing". */
function read(event: string): string {
  const told = readEvent(
    readStanza(`<message><event xmlns='http://jabber.org/protocol/pubsub#event'>${event}</event></message>`),
  );
  if (told === undefined) return 'nothing';
  if (told.payload === undefined) return `taken back: ${told.node}`;
  return [...told.payload.elements()][0]?.name ?? 'empty';
}

const CASES: readonly (readonly [string, string, string])[] = [
  ['XEP-0060 §7.1.2.1: an item', items(item(happy)), 'happy'],
  ['the last of several', items(item(`<mood xmlns='${MOOD}'><sad/></mood>`) + item(happy)), 'happy'],
  ['XEP-0107 §2.2: the empty one', items(item(`<mood xmlns='${MOOD}'/>`)), 'empty'],
  ['§7.1.2.2: without a payload', items(item('')), 'nothing'],
  ['§7.2.2.1: retracted', items(item('', 'retract')), `taken back: ${MOOD}`],
  ['§8.5.2: purged', `<purge node='${MOOD}'/>`, `taken back: ${MOOD}`],
  ['§8.4.2: deleted', `<delete node='${MOOD}'/>`, `taken back: ${MOOD}`],
  ['§8.2.6: configured', `<configuration node='${MOOD}'/>`, 'nothing'],
  ['no items', items(''), 'nothing'],
  ['no node', '<items><item/></items>', 'nothing'],
  ['empty', '', 'nothing'],
];
for (const [name, event, expected] of CASES) test(name, () => assert.equal(read(event), expected));

test('what is written: a headline from the account to the client, as in XEP-0163 §4.3', () => {
  const message = eventMessage('a@b', 'c@d/e', MOOD, moodElement({ word: 'happy', texts: [] }));
  assert.equal(
    serialize(message),
    `<message from='a@b' to='c@d/e' type='headline'><event xmlns='http://jabber.org/protocol/pubsub#event'>` +
      `<items node='${MOOD}'><item id='current'>${happy}</item></items></event></message>`,
  );
});
