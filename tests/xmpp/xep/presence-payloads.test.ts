// Sources: XEP-0054, 0107, 0108, 0319.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { serialize } from '../../../src/xml/index.ts';
import {
  activityElement,
  idleElement,
  moodElement,
  MOODS,
  readActivity,
  readIdle,
  readMood,
  vCardElement,
} from '../../../src/xmpp/index.ts';
import { readStanza } from '../read-xml.ts';

describe('XEP-0319: last user interaction', () => {
  const at = Date.UTC(1969, 6, 21, 2, 56, 15);
  test('example 1', () => {
    const stanza = readStanza(
      `<presence from='juliet@capulet.com/balcony'><show>away</show><idle xmlns='urn:xmpp:idle:1' since='1969-07-21T02:56:15Z'/></presence>`,
    );
    assert.equal(readIdle(stanza), at);
  });
  test('example 2, and what is not readable', () => {
    for (const inner of [
      '',
      `<idle xmlns='urn:xmpp:idle:1'/>`,
      `<idle xmlns='urn:xmpp:idle:1' since='long ago'/>`,
    ]) {
      assert.equal(readIdle(readStanza(`<presence>${inner}</presence>`)), undefined, inner);
    }
  });
  test('written', () => {
    assert.equal(serialize(idleElement(at)), `<idle xmlns='urn:xmpp:idle:1' since='1969-07-21T02:56:15Z'/>`);
  });
});

describe('XEP-0107: mood', () => {
  const xml = `<mood xmlns='http://jabber.org/protocol/mood'><happy/><text>Yay, the mood spec has been approved!</text></mood>`;
  const mood = { word: 'happy' as const, texts: [{ text: 'Yay, the mood spec has been approved!' }] };
  test('read and written', () => {
    assert.deepEqual(readMood(readStanza(xml)), mood);
    assert.equal(serialize(moodElement(mood)), xml);
  });
  test('a more specific one within is ignored', () => {
    const text = `<mood xmlns='http://jabber.org/protocol/mood'><happy><ecstatic xmlns='https://example.org/'/></happy></mood>`;
    assert.deepEqual(readMood(readStanza(text)), { word: 'happy', texts: [] });
  });
  test('the empty one takes back; others are none', () => {
    assert.equal(serialize(moodElement(undefined)), `<mood xmlns='http://jabber.org/protocol/mood'/>`);
    for (const text of [
      `<mood xmlns='http://jabber.org/protocol/mood'/>`,
      `<mood xmlns='http://jabber.org/protocol/mood'><text>x</text></mood>`,
      `<mood xmlns='urn:x'><happy/></mood>`,
      `<moody xmlns='http://jabber.org/protocol/mood'><happy/></moody>`,
    ]) {
      assert.equal(readMood(readStanza(text)), undefined, text);
    }
  });
  test('84 words', () => assert.equal(new Set(MOODS).size, 84));
});

describe('XEP-0108: activity', () => {
  const xml = `<activity xmlns='http://jabber.org/protocol/activity'><relaxing><partying/></relaxing><text xml:lang='en'>My nurse&apos;s birthday!</text></activity>`;
  const activity = {
    general: 'relaxing' as const,
    specific: 'partying' as const,
    texts: [{ text: "My nurse's birthday!", lang: 'en' }],
  };
  test('example 1, read and written', () => {
    const payload = readStanza(xml);
    assert.deepEqual(readActivity(payload), activity);
    assert.deepEqual(activityElement(activity), payload);
  });
  test('without a specific one, or with one that is not known', () => {
    for (const inner of [
      '<working/>',
      `<working><x xmlns='urn:x'/></working>`,
      '<working><nonsense/></working>',
    ]) {
      const text = `<activity xmlns='http://jabber.org/protocol/activity'>${inner}</activity>`;
      assert.deepEqual(readActivity(readStanza(text)), { general: 'working', texts: [] }, inner);
    }
    assert.equal(
      serialize(activityElement({ general: 'working', texts: [] })),
      `<activity xmlns='http://jabber.org/protocol/activity'><working/></activity>`,
    );
  });
  test('the empty one takes back; others are none', () => {
    assert.equal(
      serialize(activityElement(undefined)),
      `<activity xmlns='http://jabber.org/protocol/activity'/>`,
    );
    for (const text of [
      `<activity xmlns='http://jabber.org/protocol/activity'/>`,
      `<activity xmlns='http://jabber.org/protocol/activity'><nonsense/></activity>`,
      `<activity xmlns='urn:x'><working/></activity>`,
    ]) {
      assert.equal(readActivity(readStanza(text)), undefined, text);
    }
  });
});

test('XEP-0054: the parts of a vCard that contact information fills, in the order of the DTD', () => {
  assert.equal(
    serialize(
      vCardElement({
        name: 'Alice & Co',
        url: 'http://example.com/~alice',
        photoUrl: 'http://example.com/me.png',
        soundUrl: 'http://example.com/hello.wav',
      }),
    ),
    `<vCard xmlns='vcard-temp'><FN>Alice &amp; Co</FN><PHOTO><EXTVAL>http://example.com/me.png</EXTVAL></PHOTO>` +
      `<SOUND><EXTVAL>http://example.com/hello.wav</EXTVAL></SOUND><URL>http://example.com/~alice</URL></vCard>`,
  );
  assert.equal(serialize(vCardElement({})), `<vCard xmlns='vcard-temp'/>`);
});
