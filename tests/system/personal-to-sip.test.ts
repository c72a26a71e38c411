// Mood, activity and place of XMPP users in the documents of their SIP watchers (XEP-0163, XEP-0107, XEP-0108, XEP-0080; rows
// RPID-03 … RPID-17), and what a contact takes (RFC 5196).

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { serialize } from '../../src/xml/index.ts';
import { header } from '../peers/sip-text.ts';
import { pause, play, type Rig } from './rig.ts';
import { textOf, unique } from './sip-peer.ts';

const JULIET = 'juliet@example.com';
const ROMEO = 'romeo@example.net';
const MOOD = 'http://jabber.org/protocol/mood';
const ACTIVITY = 'http://jabber.org/protocol/activity';
const GEOLOC = 'http://jabber.org/protocol/geoloc';
const EVENT = 'http://jabber.org/protocol/pubsub#event';

describe('XMPP → SIP', () => {
  const answers = (rig: Rig): void => {
    rig.xmpp.react = (stanza) => {
      const [from, to] = [stanza.attr('to'), stanza.attr('from')];
      if (stanza.attr('type') === 'subscribe')
        return `<presence from='${from}' to='${to}' type='subscribed'/>`;
      return stanza.attr('type') === 'probe' ? `<presence from='${from}/balcony' to='${to}'/>` : undefined;
    };
  };
  const event = (payload: string, node = MOOD, to = `${ROMEO}/orchard`): string =>
    `<message from='${JULIET}' to='${to}' type='headline'><event xmlns='${EVENT}'><items node='${node}'>` +
    `<item id='current'>${payload}</item></items></event></message>`;
  const mood = (word: string): string => `<mood xmlns='${MOOD}'><${word}/></mood>`;

  async function notified(rig: Rig): Promise<string> {
    const request = await rig.sip.requests.next('a NOTIFY', () => true, 8000);
    assert.match(request.startLine, /^NOTIFY/, 'an event is no message');
    return textOf(request);
  }

  async function subscribe(rig: Rig): Promise<void> {
    const headers = Object.entries({
      Event: 'presence',
      Contact: `<sip:romeo@127.0.0.1:${rig.sip.port}>`,
      Expires: '3600',
    });
    const parts = { method: 'SUBSCRIBE', callId: unique('call'), fromTag: unique('t'), headers };
    const answer = await rig.sip.ask(parts, rig.port);
    assert.equal(answer.startLine.split(' ')[1], '200');
    assert.ok(header(answer, 'to').includes('tag='));
    await notified(rig);
  }
  const mayHold = ['presence_contacts', 'served_subscriptions'];

  play('RPID-15: mood and activity in the document; changed, and gone', { mayHold }, async (rig) => {
    answers(rig);
    await subscribe(rig);
    assert.doesNotMatch(await notified(rig), /rpid:mood/);
    rig.xmpp.write(event(mood('happy')));
    // To another watcher, of an unknown node, and what is told of nobody: no NOTIFY, no MESSAGE, no error.
    rig.xmpp.write(event(mood('sad'), MOOD, 'benvolio@example.net'));
    rig.xmpp.write(
      event('<tune xmlns="http://jabber.org/protocol/tune"/>', 'http://jabber.org/protocol/tune'),
    );
    rig.xmpp.write(
      event(`<activity xmlns='${ACTIVITY}'><working><in_a_meeting/></working></activity>`, ACTIVITY),
    );
    const both = await notified(rig);
    assert.match(both, /<rpid:mood[^>]*><rpid:happy\/>/);
    assert.match(both, /<rpid:meeting\/>/);
    rig.xmpp.write(event(`<mood xmlns='${MOOD}'/>`));
    assert.doesNotMatch(await notified(rig), /rpid:mood/);
    // He goes, and comes without what he was doing.
    rig.xmpp.write(`<presence from='${JULIET}/balcony' to='${ROMEO}' type='unavailable'/>`);
    rig.xmpp.write(`<presence from='${JULIET}/balcony' to='${ROMEO}'/>`);
    assert.doesNotMatch(await notified(rig), /rpid:meeting/);
    assert.deepEqual(rig.sip.requests.untaken, []);
    const answered = rig.xmpp.stanzas.untaken.filter(({ name }) => name !== 'presence');
    assert.deepEqual(
      answered.map((each) => serialize(each)),
      [],
    );
  });

  play('RFC 5196: what a contact takes', { mayHold }, async (rig) => {
    answers(rig);
    await subscribe(rig);
    const text = await notified(rig);
    assert.match(text, /<(\w+):servcaps[^>]*><\1:methods><\1:supported><\1:MESSAGE\/>/);
  });

  const place = `<geoloc xmlns='${GEOLOC}'><country>Italy</country><lat>45.44</lat><lon>10.99</lon></geoloc>`;
  for (const [location, shown] of [
    ['hide', false],
    ['share', true],
  ] as const) {
    play(`RPID-17: presence.location: ${location}`, { mayHold, presence: { location } }, async (rig) => {
      answers(rig);
      await subscribe(rig);
      await notified(rig);
      rig.xmpp.write(event(place, GEOLOC));
      if (!shown) {
        await pause(100);
        rig.xmpp.write(event(mood('happy')));
      }
      assert.equal((await notified(rig)).includes('45.44'), shown);
    });
  }
});
