// Mood, activity and contact information ⇄ RPID and CIPID (rows RPID-03 … RPID-13, RPID-15).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { utf8Bytes } from '../../../src/base/index.ts';
import { toSipEvents, toXmppEvents, toXmppVCard } from '../../../src/interwork/presence/index.ts';
import { readPidf, RPID_ACTIVITIES, RPID_MOODS, type PidfDocument } from '../../../src/mime/index.ts';
import { serialize } from '../../../src/xml/index.ts';
import { MOODS } from '../../../src/xmpp/index.ts';
import { readStanza } from '../../xmpp/read-xml.ts';
import { RPID_SHOWS } from './rows.ts';

const NOW = Date.UTC(2026, 10, 25, 12);
const MOOD = 'http://jabber.org/protocol/mood';
const ACTIVITY = 'http://jabber.org/protocol/activity';

function document(inside: string): PidfDocument {
  const text =
    `<presence xmlns='urn:ietf:params:xml:ns:pidf' xmlns:dm='urn:ietf:params:xml:ns:pidf:data-model' ` +
    `xmlns:r='urn:ietf:params:xml:ns:pidf:rpid' xmlns:c='urn:ietf:params:xml:ns:pidf:cipid' entity='sip:a@b'>${inside}</presence>`;
  const result = readPidf(utf8Bytes(text));
  return result.ok ? result.value : assert.fail(result.error.message);
}
const person = (inside: string): PidfDocument => document(`<dm:person id='p'>${inside}</dm:person>`);

const moodOf = (inside: string): string | undefined => {
  const { mood } = toXmppEvents(person(inside), NOW);
  return mood && serialize(mood);
};
const activityOf = (inside: string): string | undefined => {
  const { activity } = toXmppEvents(person(inside), NOW);
  return activity && serialize(activity);
};
const nested = (ns: string, root: string, path: string, rest = ''): string => {
  const [outer, inner] = path.split('/');
  return `<${root} xmlns='${ns}'>${inner === undefined ? `<${outer}/>` : `<${outer}><${inner}/></${outer}>`}${rest}</${root}>`;
};

describe('RPID → XEP-0108', () => {
  for (const word of RPID_ACTIVITIES) {
    const { row, activity } = RPID_SHOWS[word];
    test(`${row}: ${word}`, () => {
      const expected = activity === undefined ? undefined : nested(ACTIVITY, 'activity', activity);
      assert.equal(activityOf(`<r:activities><r:${word}/></r:activities>`), expected);
    });
  }
  test('RPID-13: other, with its text', () => {
    assert.equal(
      activityOf(`<r:activities><r:other xml:lang='en'>reading</r:other></r:activities>`),
      nested(ACTIVITY, 'activity', 'undefined/other', `<text xml:lang='en'>reading</text>`),
    );
  });
  test('RFC 4480 §3.2, the example: the first word that XMPP has, with the note', () => {
    const inside = `<r:activities><r:note>Enjoying the morning paper</r:note><r:vacation/><r:breakfast/><r:other>reading</r:other></r:activities>`;
    assert.equal(
      activityOf(inside),
      nested(ACTIVITY, 'activity', 'inactive/on_vacation', '<text>Enjoying the morning paper</text>'),
    );
  });
  test('RFC 4480 §3.2: unknown counts only alone', () => {
    const inside = '<r:activities><r:unknown/><r:working/></r:activities>';
    assert.equal(activityOf(inside), nested(ACTIVITY, 'activity', 'working'));
  });
  test('not for another time, not empty', () => {
    assert.equal(
      activityOf(`<r:activities until='2026-01-01T00:00:00Z'><r:meal/></r:activities>`),
      undefined,
    );
    assert.equal(activityOf('<r:activities/>'), undefined);
    assert.equal(activityOf(''), undefined);
  });
});

describe('XEP-0108 → RPID', () => {
  const back = (path: string, rest = '') =>
    toSipEvents({ activity: readStanza(nested(ACTIVITY, 'activity', path, rest)) }).activities;
  const cases: readonly (readonly [string, string])[] = [
    ...RPID_ACTIVITIES.flatMap((word): [string, string][] => {
      const { activity } = RPID_SHOWS[word];
      // Two of RPID have one of XEP-0108: the general one comes back.
      if (activity === undefined || word === 'meal' || word === 'in-transit' || word === 'unknown') return [];
      return [[activity, word]];
    }),
    ['eating', 'meal'],
    ['eating/having_tea', 'meal'],
    ['traveling/on_a_train', 'travel'],
    ['working/coding', 'working'],
    ['undefined/other', 'unknown'],
    ['undefined', 'unknown'],
  ];
  for (const [path, word] of cases) {
    test(path, () => assert.deepEqual(back(path), [{ words: [word], other: [], notes: [] }]));
  }
  test('where RPID has no word: in other words', () => {
    assert.deepEqual(back('exercising/walking_the_dog', '<text>in the park</text>'), [
      { words: [], other: [{ text: 'walking the dog', lang: 'en' }], notes: [{ text: 'in the park' }] },
    ]);
    assert.deepEqual(back('grooming'), [{ words: [], other: [{ text: 'grooming', lang: 'en' }], notes: [] }]);
  });
  test('RPID-13: undefined, with text', () => {
    assert.deepEqual(back('undefined/other', `<text xml:lang='de'>Lesen</text>`), [
      { words: [], other: [{ text: 'Lesen', lang: 'de' }], notes: [] },
    ]);
  });
  test('the empty one takes back', () => {
    assert.deepEqual(toSipEvents({ activity: readStanza(`<activity xmlns='${ACTIVITY}'/>`) }), {});
  });
});

describe('RPID-15: mood', () => {
  for (const word of RPID_MOODS.filter((each) => each !== 'unknown')) {
    test(`${word}, both ways`, () => {
      const xmpp = nested(MOOD, 'mood', word);
      assert.equal(moodOf(`<r:mood><r:${word}/></r:mood>`), xmpp);
      assert.deepEqual(toSipEvents({ mood: readStanza(xmpp) }).moods, [
        { words: [word], other: [], notes: [] },
      ]);
    });
  }
  test('the example of RFC 4480 §3.5: one word, and the note', () => {
    assert.equal(
      moodOf(`<r:mood><r:note>I'm ready for the bar BOF!</r:note><r:sleepy/><r:thirsty/></r:mood>`),
      nested(MOOD, 'mood', 'sleepy', `<text>I'm ready for the bar BOF!</text>`),
    );
  });
  test('of several words the first one that XMPP has', () => {
    const inside = '<r:mood><r:unknown/><r:thirsty/><r:sleepy/></r:mood>';
    assert.equal(moodOf(inside), nested(MOOD, 'mood', 'thirsty'));
  });
  test('other and unknown are undefined', () => {
    assert.equal(
      moodOf('<r:mood><r:other>brooding</r:other></r:mood>'),
      nested(MOOD, 'mood', 'undefined', '<text>brooding</text>'),
    );
    assert.equal(moodOf('<r:mood><r:unknown/></r:mood>'), nested(MOOD, 'mood', 'undefined'));
    assert.equal(moodOf('<r:mood/>'), undefined);
  });
  test('what XEP-0107 has beyond RPID is told in other words', () => {
    const known: readonly string[] = RPID_MOODS;
    const beyond = MOODS.filter((word) => !known.includes(word) && word !== 'undefined');
    // 84, without "undefined", less the 59 that both have.
    assert.equal(beyond.length, 24);
    for (const word of beyond) {
      assert.deepEqual(toSipEvents({ mood: readStanza(nested(MOOD, 'mood', word)) }).moods, [
        { words: [], other: [{ text: word.replaceAll('_', ' '), lang: 'en' }], notes: [] },
      ]);
    }
  });
  test('undefined: its text, else unknown', () => {
    const back = (rest: string) =>
      toSipEvents({ mood: readStanza(nested(MOOD, 'mood', 'undefined', rest)) }).moods;
    assert.deepEqual(back('<text>so so</text>'), [{ words: [], other: [{ text: 'so so' }], notes: [] }]);
    assert.deepEqual(back(''), [{ words: ['unknown'], other: [], notes: [] }]);
  });
});

describe('contact information as a vCard', () => {
  const card = (inside: PidfDocument): string | undefined => {
    const found = toXmppVCard(inside);
    return found && serialize(found);
  };
  const information =
    '<c:card>http://example.com/~alice/card.vcd</c:card><c:display-name>Alice Lewis</c:display-name>' +
    '<c:homepage>http://example.com/~alice</c:homepage><c:icon>http://example.com/~alice/me.png</c:icon>' +
    '<c:map>http://example.com/~alice/gml-map.xml</c:map><c:sound>http://example.com/~alice/hello.wav</c:sound>';
  test('RFC 4482 §4', () => {
    assert.equal(
      card(person(information)),
      `<vCard xmlns='vcard-temp'><FN>Alice Lewis</FN><PHOTO><EXTVAL>http://example.com/~alice/me.png</EXTVAL></PHOTO>` +
        `<SOUND><EXTVAL>http://example.com/~alice/hello.wav</EXTVAL></SOUND><URL>http://example.com/~alice</URL></vCard>`,
    );
  });
  test('of a service, where the person has none; not of an assistant', () => {
    const tuple = (rest: string): PidfDocument =>
      document(`<tuple id='t'><status><basic>open</basic></status>${rest}</tuple>`);
    assert.equal(
      card(tuple('<c:card>http://h/c</c:card>')),
      `<vCard xmlns='vcard-temp'><URL>http://h/c</URL></vCard>`,
    );
    assert.equal(
      card(tuple('<r:relationship><r:assistant/></r:relationship><c:card>http://h/c</c:card>')),
      undefined,
    );
  });
  test('none', () => assert.equal(card(person('')), undefined));
});
