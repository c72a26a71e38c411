// Presence documents (RFC 3863, 4479, 4480, 4482, 5196) read and written; what came before them (row PRES-92).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { utf8Bytes, utf8Text } from '../../src/base/index.ts';
import {
  formatPidf,
  readCpimPidf,
  readPidf,
  readPresenceBody,
  readXpidf,
  RPID_ACTIVITIES,
  RPID_MOODS,
  type PidfDocument,
  type PidfTuple,
  type RichPresence,
  type RpidActivity,
} from '../../src/mime/index.ts';

const NS = 'urn:ietf:params:xml:ns:pidf';

function parsed(text: string): PidfDocument {
  const result = readPidf(utf8Bytes(text));
  return result.ok ? result.value : assert.fail(result.error.message);
}

function code(text: string): string {
  const result = readPidf(utf8Bytes(text));
  return result.ok ? 'ok' : result.error.code;
}

const tuple = (fields: Partial<PidfTuple>): PidfTuple => ({
  id: 't',
  notes: [],
  deviceIds: [],
  rich: {},
  ...fields,
});

const doing = (...words: RpidActivity[]): RichPresence => ({ activities: [{ words, other: [], notes: [] }] });

const document = (inside: string, more = ''): string =>
  `<presence xmlns="${NS}" entity="pres:a@example.com"${more}>${inside}</presence>`;
const open = (inside = '', id = 't'): string =>
  `<tuple id="${id}"><status><basic>open</basic></status>${inside}</tuple>`;

/** RFC 3863 §4.3.1. */
const EXAMPLE = `<?xml version="1.0" encoding="UTF-8"?>
   <presence xmlns="urn:ietf:params:xml:ns:pidf"
        xmlns:im="urn:ietf:params:xml:ns:pidf:im"
        xmlns:myex="http://id.example.com/presence/"
        entity="pres:someone@example.com">
     <tuple id="bs35r9">
       <status>
         <basic>open</basic>
         <im:im>busy</im:im>
         <myex:location>home</myex:location>
       </status>
       <contact priority="0.8">im:someone@mobilecarrier.net</contact>
       <note xml:lang="en">Don't Disturb Please!</note>
       <note xml:lang="fr">Ne derangez pas, s'il vous plait</note>
       <timestamp>2001-10-27T16:49:29Z</timestamp>
     </tuple>
     <tuple id="eg92n8">
       <status>
         <basic>open</basic>
       </status>
       <contact priority="1.0">mailto:someone@example.com</contact>
     </tuple>
     <note>I'll be in Tokyo next week</note>
   </presence>`;

describe('the examples of the documents', () => {
  test('RFC 3863 §4.3.1: status extensions are left out', () => {
    assert.deepEqual(parsed(EXAMPLE), {
      entity: 'pres:someone@example.com',
      tuples: [
        tuple({
          id: 'bs35r9',
          basic: 'open',
          contact: { uri: 'im:someone@mobilecarrier.net', priority: 0.8 },
          notes: [
            { text: "Don't Disturb Please!", lang: 'en' },
            { text: "Ne derangez pas, s'il vous plait", lang: 'fr' },
          ],
          timestampMs: Date.UTC(2001, 9, 27, 16, 49, 29),
        }),
        tuple({ id: 'eg92n8', basic: 'open', contact: { uri: 'mailto:someone@example.com', priority: 1 } }),
      ],
      persons: [],
      devices: [],
      notes: [{ text: "I'll be in Tokyo next week" }],
    });
  });

  test('RFC 3863 §4.3.2: any prefix, unknown elements between', () => {
    const text = `<impp:presence xmlns:impp="${NS}" xmlns:myex="http://id.example.com/presence/"
        entity="pres:someone@example.com">
     <impp:tuple id="ck38g9">
       <impp:status><impp:basic>open</impp:basic></impp:status>
       <myex:mytupletag>Extended value in tuple</myex:mytupletag>
       <impp:contact priority="0.65">tel:+09012345678</impp:contact>
     </impp:tuple>
     <myex:mytag>My extended presentity information</myex:mytag>
   </impp:presence>`;
    assert.deepEqual(parsed(text).tuples, [
      tuple({ id: 'ck38g9', basic: 'open', contact: { uri: 'tel:+09012345678', priority: 0.65 } }),
    ]);
  });

  test('RFC 8048 example 4: show of XMPP', () => {
    const text = `<?xml version='1.0' encoding='UTF-8'?>
  <presence xmlns='urn:ietf:params:xml:ns:pidf'
            entity='pres:romeo@example.net'>
    <tuple id='ID-dr4hcr0st3lup4c'>
      <status>
        <basic>open</basic>
        <show xmlns='jabber:client'>away</show>
      </status>
    </tuple>
  </presence>`;
    assert.deepEqual(parsed(text).tuples, [tuple({ id: 'ID-dr4hcr0st3lup4c', basic: 'open', show: 'away' })]);
  });

  test('RFC 4480 §4', () => {
    assert.deepEqual(parsed(RPID_EXAMPLE), {
      entity: 'pres:someone@example.com',
      tuples: [
        tuple({
          id: 'bs35r9',
          basic: 'open',
          deviceIds: ['urn:device:0003ba4811e3'],
          rich: { relationship: 'self', serviceClass: 'electronic' },
          contact: { uri: 'im:someone@mobile.example.net', priority: 0.8 },
          notes: [
            { text: "Don't Disturb Please!", lang: 'en' },
            { text: "Ne derangez pas, s'il vous plait", lang: 'fr' },
          ],
          timestampMs: Date.UTC(2005, 9, 27, 16, 49, 29),
        }),
        tuple({
          id: 'ty4658',
          basic: 'open',
          rich: { relationship: 'assistant' },
          contact: { uri: 'mailto:secretary@example.com', priority: 1 },
        }),
        tuple({
          id: 'eg92n8',
          basic: 'open',
          deviceIds: ['urn:x-mac:0003ba4811e3'],
          rich: {
            class: 'email',
            serviceClass: 'electronic',
            statusIcon: { uri: 'http://example.com/mail.png' },
          },
          contact: { uri: 'mailto:someone@example.com', priority: 1 },
        }),
      ],
      persons: [
        {
          id: 'p1',
          rich: {
            activities: [
              {
                words: ['away'],
                other: [],
                notes: [{ text: 'Far away' }],
                fromMs: Date.UTC(2005, 4, 30, 7),
                untilMs: Date.UTC(2005, 4, 30, 12),
              },
            ],
            class: 'calendar',
            moods: [{ words: ['angry'], other: [{ text: 'brooding' }], notes: [] }],
            placeIs: { audio: 'noisy', notes: [] },
            placeType: { words: ['residence'], other: [], notes: [] },
            privacy: { kinds: [], notes: [] },
            sphere: { name: 'bowling league' },
            statusIcon: { uri: 'http://example.com/play.gif' },
            timeOffset: { minutes: -240 },
          },
          notes: [{ text: 'Scoring 120' }],
          timestampMs: Date.UTC(2005, 4, 30, 11, 9, 44),
        },
      ],
      devices: [
        {
          id: 'pc147',
          deviceId: 'urn:device:0003ba4811e3',
          rich: {
            userInput: {
              state: 'idle',
              lastInputMs: Date.UTC(2004, 9, 21, 18, 20),
              idleThresholdSeconds: 600,
            },
          },
          notes: [{ text: 'PC' }],
        },
      ],
      notes: [{ text: "I'll be in Tokyo next week" }],
    });
  });

  test('RFC 4482 §4, its end tags put right: contact information', () => {
    const text = document(
      `<dm:person id="p1"><c:card>http://example.com/~alice/card.vcd</c:card>
       <c:display-name>Alice Lewis</c:display-name><c:homepage>http://example.com/~alice</c:homepage>
       <c:icon>http://example.com/~alice/me.png</c:icon><c:map>http://example.com/~alice/gml-map.xml</c:map>
       <c:sound>http://example.com/~alice/hello.wav</c:sound>
       <dm:timestamp>2005-11-21T09:00:00+05:00</dm:timestamp></dm:person>`,
      ` xmlns:dm="${NS}:data-model" xmlns:c="${NS}:cipid"`,
    );
    assert.deepEqual(parsed(text).persons, [
      {
        id: 'p1',
        rich: {
          card: 'http://example.com/~alice/card.vcd',
          displayNames: [{ text: 'Alice Lewis' }],
          homepage: 'http://example.com/~alice',
          icon: 'http://example.com/~alice/me.png',
          map: 'http://example.com/~alice/gml-map.xml',
          sound: 'http://example.com/~alice/hello.wav',
        },
        notes: [],
        timestampMs: Date.UTC(2005, 10, 21, 4),
      },
    ]);
  });

  test('RFC 4479 §7.1: capabilities of the service', () => {
    const text = document(
      open(`<caps:servcaps><caps:extensions><caps:supported><caps:pref/></caps:supported></caps:extensions>
        <caps:methods><caps:supported><caps:MESSAGE/><caps:OPTIONS/><x xmlns="urn:x"/></caps:supported></caps:methods>
        <caps:audio>true</caps:audio><caps:video>false</caps:video></caps:servcaps>`),
      ` xmlns:caps="${NS}:caps"`,
    );
    assert.deepEqual(parsed(text).tuples[0]?.capabilities, {
      flags: { audio: true, video: false },
      supported: { extensions: ['pref'], methods: ['MESSAGE', 'OPTIONS'] },
      notSupported: {},
    });
  });
});

const RPID_EXAMPLE = `<?xml version="1.0" encoding="UTF-8"?>
      <presence xmlns="urn:ietf:params:xml:ns:pidf"
        xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model"
        xmlns:lt="urn:ietf:params:xml:ns:location-type"
        xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid"
        entity="pres:someone@example.com">
     <tuple id="bs35r9">
       <status><basic>open</basic></status>
       <dm:deviceID>urn:device:0003ba4811e3</dm:deviceID>
       <rpid:relationship><rpid:self/></rpid:relationship>
       <rpid:service-class><rpid:electronic/></rpid:service-class>
       <contact priority="0.8">im:someone@mobile.example.net</contact>
       <note xml:lang="en">Don't Disturb Please!</note>
       <note xml:lang="fr">Ne derangez pas, s'il vous plait</note>
       <timestamp>2005-10-27T16:49:29Z</timestamp>
     </tuple>
     <tuple id="ty4658">
       <status><basic>open</basic></status>
       <rpid:relationship><rpid:assistant/></rpid:relationship>
       <contact priority="1.0">mailto:secretary@example.com</contact>
     </tuple>
     <tuple id="eg92n8">
       <status><basic>open</basic></status>
       <dm:deviceID>urn:x-mac:0003ba4811e3</dm:deviceID>
       <rpid:class>email</rpid:class>
       <rpid:service-class><rpid:electronic/></rpid:service-class>
       <rpid:status-icon>http://example.com/mail.png</rpid:status-icon>
       <contact priority="1.0">mailto:someone@example.com</contact>
     </tuple>
     <note>I'll be in Tokyo next week</note>
     <dm:device id="pc147">
       <rpid:user-input idle-threshold="600"
         last-input="2004-10-21T13:20:00-05:00">idle</rpid:user-input>
       <dm:deviceID>urn:device:0003ba4811e3</dm:deviceID>
       <dm:note>PC</dm:note>
     </dm:device>
     <dm:person id="p1">
       <rpid:activities from="2005-05-30T12:00:00+05:00"
          until="2005-05-30T17:00:00+05:00">
          <rpid:note>Far away</rpid:note>
          <rpid:away/>
       </rpid:activities>
       <rpid:class>calendar</rpid:class>
       <rpid:mood><rpid:angry/><rpid:other>brooding</rpid:other></rpid:mood>
       <rpid:place-is><rpid:audio><rpid:noisy/></rpid:audio></rpid:place-is>
       <rpid:place-type><lt:residence/></rpid:place-type>
       <rpid:privacy><rpid:unknown/></rpid:privacy>
       <rpid:sphere>bowling league</rpid:sphere>
       <rpid:status-icon>http://example.com/play.gif</rpid:status-icon>
       <rpid:time-offset>-240</rpid:time-offset>
       <dm:note>Scoring 120</dm:note>
       <dm:timestamp>2005-05-30T16:09:44+05:00</dm:timestamp>
     </dm:person>
   </presence>`;

describe('details', () => {
  test('RFC 3863 §4.1.5: a priority that is no qvalue counts as none', () => {
    const priority = (value: string): number | undefined =>
      parsed(document(open(`<contact priority="${value}">sip:a@b</contact>`))).tuples[0]?.contact?.priority;
    const cases: readonly (readonly [string, number | undefined])[] = [
      ['0', 0],
      ['0.', 0],
      ['0.021', 0.021],
      ['0.5', 0.5],
      ['1.00', 1],
      ['1.001', undefined],
      ['0.0001', undefined],
      ['-0.1', undefined],
      ['2', undefined],
      ['.5', undefined],
      ['', undefined],
    ];
    for (const [value, expected] of cases) assert.equal(priority(value), expected, value);
  });
  test('RFC 3863 §4.1.6, XML 1.0 §2.12: the language of a note is its own, else that of what it stands in', () => {
    const text = document(
      `<tuple id="t" xml:lang="it"><status><basic>open</basic></status><note>a</note><note xml:lang="fr">b</note><note xml:lang="">c</note></tuple><note>d</note>`,
      ' xml:lang="de"',
    );
    assert.deepEqual(parsed(text).tuples[0]?.notes, [
      { text: 'a', lang: 'it' },
      { text: 'b', lang: 'fr' },
      { text: 'c' },
    ]);
    assert.deepEqual(parsed(text).notes, [{ text: 'd', lang: 'de' }]);
  });
  test('an empty note says nothing', () => {
    assert.deepEqual(parsed(document('<note> \n </note>')).notes, []);
  });
  test('PRES-86: other values of show are dropped, and so is a show of another namespace', () => {
    for (const show of [
      '<show xmlns="jabber:client">available</show>',
      '<show>away</show>',
      '<x xmlns="jabber:client">away</x>',
    ]) {
      const text = document(`<tuple id="t"><status><basic>open</basic>${show}</status></tuple>`);
      assert.deepEqual(parsed(text).tuples, [tuple({ basic: 'open' })], show);
    }
  });
  test('RFC 3863 §4.1.3: a status without basic', () => {
    assert.deepEqual(parsed(document('<tuple id="t"><status><x xmlns="urn:x"/></status></tuple>')).tuples, [
      tuple({}),
    ]);
  });
  // baresip 1.0.0 writes it before it knows its own state.
  for (const word of ['?', 'ajar', '']) {
    test(`a basic status "${word}" is none (PRES-88)`, () => {
      const text = document(`<tuple id="t"><status><basic>${word}</basic></status></tuple>`);
      assert.deepEqual(parsed(text).tuples, [tuple({})]);
    });
  }
  test('RFC 4480 §3.1: several activities for several times', () => {
    const text = document(
      `<dm:person id="p"><r:activities until="2026-01-01T00:00:00Z"><r:away/></r:activities><r:activities from="2026-01-01T00:00:00Z"><r:busy/><r:nonsense/></r:activities></dm:person>`,
      ` xmlns:dm="${NS}:data-model" xmlns:r="${NS}:rpid"`,
    );
    const at = Date.UTC(2026, 0, 1);
    assert.deepEqual(parsed(text).persons[0]?.rich.activities, [
      { words: ['away'], other: [], notes: [], untilMs: at },
      { words: ['busy'], other: [], notes: [], fromMs: at },
    ]);
  });
  test('activities within the status, where pjsip puts them', () => {
    const text = document(
      '<tuple id="t"><status><basic>open</basic><r:activities><r:busy/></r:activities></status></tuple>',
      ` xmlns:r="${NS}:rpid"`,
    );
    assert.deepEqual(parsed(text).tuples, [tuple({ basic: 'open', rich: doing('busy') })]);
  });
  test('RFC 4480 §3.14: user input that is neither active nor idle is none', () => {
    const text = document(open('<r:user-input>gone</r:user-input>'), ` xmlns:r="${NS}:rpid"`);
    assert.deepEqual(parsed(text).tuples[0]?.rich, {});
  });
  test('two persons with one id are kept (Kamailio)', () => {
    const person = '<dm:person id="p4159"/>';
    assert.equal(parsed(document(person + person, ` xmlns:dm="${NS}:data-model"`)).persons.length, 2);
  });
});

describe('RFC 3863 §4.2.3: what must be understood', () => {
  const rich = (inside: string): RichPresence | undefined =>
    parsed(
      document(
        open(`<r:activities><r:away/>${inside}</r:activities>`),
        ` xmlns:p="${NS}" xmlns:r="${NS}:rpid" xmlns:x="urn:x"`,
      ),
    ).tuples[0]?.rich;
  const away = doing('away');
  const cases: readonly (readonly [string, string, RichPresence])[] = [
    ['unknown without a mark', '<x:a/>', away],
    ['unknown, marked 1', '<x:a p:mustUnderstand="1"/>', {}],
    ['unknown, marked true', '<x:a p:mustUnderstand="true"/>', {}],
    ['unknown, marked 0', '<x:a p:mustUnderstand="0"/>', away],
    ['known, marked', '<r:busy p:mustUnderstand="1"/>', doing('away', 'busy')],
    ['marked within what is ignored', '<x:a><x:b p:mustUnderstand="1"/></x:a>', away],
    [
      'marked within what is marked and known',
      '<r:busy p:mustUnderstand="1"><x:b p:mustUnderstand="1"/></r:busy>',
      {},
    ],
    ['a mark of no namespace', '<x:a mustUnderstand="1"/>', away],
  ];
  for (const [what, inside, expected] of cases) test(what, () => assert.deepEqual(rich(inside), expected));
});

describe('documents that are none', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['another root', `<presences xmlns="${NS}" entity="a"/>`, 'ERR_MIME_PIDF'],
    ['another namespace', '<presence xmlns="urn:x" entity="a"/>', 'ERR_MIME_PIDF'],
    ['a presence stanza', '<presence xmlns="jabber:client" from="a@b"/>', 'ERR_MIME_PIDF'],
    ['no entity', `<presence xmlns="${NS}"/>`, 'ERR_MIME_PIDF'],
    ['an empty entity', `<presence xmlns="${NS}" entity=" "/>`, 'ERR_MIME_PIDF'],
    ['a tuple without id', document('<tuple><status/></tuple>'), 'ERR_MIME_PIDF'],
    ['a tuple without status', document('<tuple id="t"/>'), 'ERR_MIME_PIDF'],
    ['two tuples with one id', document(open() + open()), 'ERR_MIME_PIDF'],
    [
      '65 tuples',
      document(Array.from({ length: 65 }, (_, i) => open('', `t${i}`)).join('')),
      'ERR_MIME_PIDF',
    ],
    [
      '17 persons',
      document('<person xmlns="urn:ietf:params:xml:ns:pidf:data-model" id="p"/>'.repeat(17)),
      'ERR_MIME_PIDF',
    ],
    [
      '65 devices',
      document('<device xmlns="urn:ietf:params:xml:ns:pidf:data-model" id="d"/>'.repeat(65)),
      'ERR_MIME_PIDF',
    ],
    [
      '257 notes',
      document(`<note>x</note>`.repeat(200) + open('<note>x</note>'.repeat(57))),
      'ERR_MIME_PIDF',
    ],
    ['nothing', '', 'not-well-formed'],
    ['half', `<presence xmlns="${NS}" entity="a">`, 'not-well-formed'],
    ['17 elements deep', document('<x>'.repeat(16) + '</x>'.repeat(16)), 'policy-violation'],
    ['too big', document(`<note>${'x'.repeat(65_536)}</note>`), 'policy-violation'],
    ['too many elements', document('<x/>'.repeat(4097)), 'policy-violation'],
    [
      'an entity of its own',
      `<!DOCTYPE presence [<!ENTITY a "b">]>${document('<note>&a;</note>')}`,
      'restricted-xml',
    ],
    ['a foreign entity', document('<note>&a;</note>'), 'restricted-xml'],
  ];
  for (const [what, text, expected] of cases) test(what, () => assert.equal(code(text), expected));
  test('64 tuples and 256 notes are read', () => {
    const tuples = Array.from({ length: 64 }, (_, i) => open('<note>x</note>'.repeat(4), `t${i}`)).join('');
    assert.equal(parsed(document(tuples)).tuples.length, 64);
  });
});

describe('what real peers were seen to send is read, and written again it is the same', () => {
  for (const peer of ['baresip', 'kamailio', 'linphone']) {
    const file = new URL(`../vectors/presence/${peer}.pidf`, import.meta.url);
    const documents = readFileSync(file, 'utf8').split('----\n');
    test(`${peer}: ${documents.length} documents`, () => {
      for (const text of documents) {
        const first = parsed(text);
        assert.match(first.entity, /^sip:\w+@sip\.test$/);
        assert.equal(first.tuples.length + first.persons.length > 0, true);
        const again = readPidf(formatPidf(first));
        assert.deepEqual(again.ok && again.value, first);
      }
    });
  }
  test('baresip closed', () => {
    const texts = readFileSync(new URL('../vectors/presence/baresip.pidf', import.meta.url), 'utf8').split(
      '----\n',
    );
    const closed = texts.map(parsed).filter(({ tuples }) => tuples[0]?.basic === 'closed');
    assert.equal(closed.length > 0, true);
    assert.deepEqual(closed[0]?.tuples[0]?.contact?.uri, closed[0]?.entity);
  });
});

describe('writing', () => {
  test('the schema’s order, customary prefixes, declared once and only where used', () => {
    const text = utf8Text(
      formatPidf({
        entity: 'pres:juliet@example.com',
        tuples: [
          tuple({
            id: 'ID-balcony',
            basic: 'open',
            show: 'away',
            contact: { uri: 'sip:juliet@example.com;gr=balcony', priority: 0.007 },
            notes: [{ text: 'O Romeo & <you>', lang: 'en' }],
            timestampMs: Date.UTC(2026, 0, 2, 3, 4, 5),
            rich: { userInput: { state: 'idle', lastInputMs: Date.UTC(2026, 0, 2) } },
          }),
        ],
        persons: [
          { id: 'person', rich: { activities: [{ words: ['away'], other: [], notes: [] }] }, notes: [] },
        ],
        devices: [],
        notes: [],
      }),
    );
    assert.equal(
      text,
      '<?xml version="1.0" encoding="UTF-8"?>\r\n' +
        '<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" ' +
        'xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid" entity="pres:juliet@example.com">' +
        '<tuple id="ID-balcony"><status><basic>open</basic><show xmlns="jabber:client">away</show></status>' +
        '<rpid:user-input last-input="2026-01-02T00:00:00Z">idle</rpid:user-input>' +
        '<contact priority="0.007">sip:juliet@example.com;gr=balcony</contact>' +
        '<note xml:lang="en">O Romeo &amp; &lt;you&gt;</note><timestamp>2026-01-02T03:04:05Z</timestamp></tuple>' +
        '<dm:person id="person"><rpid:activities><rpid:away/></rpid:activities></dm:person>' +
        '</presence>\r\n',
    );
  });

  test('RFC 4479 §3.2: several persons, tuples, devices and notes follow each other with nothing between', () => {
    const twice = <T>(make: (id: string) => T): T[] => [make('a'), make('b')];
    const text = utf8Text(
      formatPidf({
        entity: 'pres:a@b',
        tuples: twice((id) => tuple({ id, basic: 'open' })),
        persons: twice((id) => ({ id, rich: {}, notes: [] })),
        devices: [],
        notes: twice((id) => ({ text: id })),
      }),
    );
    assert.equal(
      (text ?? '').replace(/^[^]*entity="pres:a@b">/, '').replaceAll(/<status>.*?<\/status>/g, ''),
      '<tuple id="a"></tuple><tuple id="b"></tuple><note>a</note><note>b</note>' +
        '<dm:person id="a"/><dm:person id="b"/></presence>\r\n',
    );
  });

  test('the person and the device of RFC 4480 §4, as they were read', () => {
    const { persons, devices } = parsed(RPID_EXAMPLE);
    const text = utf8Text(formatPidf({ entity: 'pres:a@b', tuples: [], persons, devices, notes: [] })) ?? '';
    const inside = text.slice(text.indexOf('<dm:device'), text.indexOf('</presence>'));
    assert.equal(
      inside,
      '<dm:device id="pc147"><rpid:user-input idle-threshold="600" last-input="2004-10-21T18:20:00Z">idle</rpid:user-input>' +
        '<dm:deviceID>urn:device:0003ba4811e3</dm:deviceID><dm:note>PC</dm:note></dm:device>' +
        '<dm:person id="p1"><rpid:activities from="2005-05-30T07:00:00Z" until="2005-05-30T12:00:00Z">' +
        '<rpid:note>Far away</rpid:note><rpid:away/></rpid:activities><rpid:class>calendar</rpid:class>' +
        '<rpid:mood><rpid:angry/><rpid:other>brooding</rpid:other></rpid:mood>' +
        '<rpid:place-is><rpid:audio><rpid:noisy/></rpid:audio></rpid:place-is>' +
        '<rpid:place-type><lt:residence/></rpid:place-type><rpid:privacy><rpid:unknown/></rpid:privacy>' +
        '<rpid:sphere>bowling league</rpid:sphere><rpid:status-icon>http://example.com/play.gif</rpid:status-icon>' +
        '<rpid:time-offset>-240</rpid:time-offset><dm:note>Scoring 120</dm:note>' +
        '<dm:timestamp>2005-05-30T11:09:44Z</dm:timestamp></dm:person>',
    );
  });

  test('characters that XML cannot carry become U+FFFD', () => {
    const text = utf8Bytes(document(''));
    assert.equal(readPidf(text).ok, true);
    const written = formatPidf({
      entity: 'sip:a@b',
      tuples: [],
      persons: [],
      devices: [],
      notes: [{ text: 'a\u0000b\ud800c' }],
    });
    assert.deepEqual(parsed(utf8Text(written) ?? '').notes, [{ text: 'a\ufffdb\ufffdc' }]);
  });
});

describe('property: what is written is read as it was', () => {
  const text = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 20 })
    .map((each) => each.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\r]/gu, '?').trim())
    .filter((each) => each !== '');
  const lang = fc.constantFrom('en', 'de-CH', 'i-default');
  const note = fc.oneof(fc.record({ text }), fc.record({ text, lang }));
  const notes = fc.array(note, { maxLength: 3 });
  const time = fc.integer({ min: 0, max: 4_000_000_000_000 });
  const period = fc.record({ fromMs: time, untilMs: time }, { requiredKeys: [] });
  const words = <Word>(list: readonly Word[]) =>
    fc
      .tuple(fc.uniqueArray(fc.constantFrom(...list), { maxLength: 4 }), notes, notes, period)
      .map(([chosen, other, own, when]) => ({ words: chosen, other, notes: own, ...when }));
  const rich: fc.Arbitrary<RichPresence> = fc.record(
    {
      activities: fc.array(words(RPID_ACTIVITIES), { minLength: 1, maxLength: 2 }),
      moods: fc.array(words(RPID_MOODS), { minLength: 1, maxLength: 2 }),
      class: text,
      placeIs: fc.record({ audio: fc.constant('ok' as const), video: fc.constant('dark' as const), notes }),
      placeType: words(['street', 'residence']),
      privacy: fc
        .tuple(fc.subarray(['audio' as const, 'text' as const, 'video' as const]), notes, period)
        .map(([kinds, own, when]) => ({ kinds, notes: own, ...when })),
      relationship: fc.constantFrom('self' as const, 'assistant' as const, 'other' as const),
      serviceClass: fc.constantFrom('electronic' as const, 'postal' as const),
      sphere: fc.oneof(fc.constant({ name: 'home' }), fc.record({ name: text })),
      statusIcon: fc.record({ uri: text }),
      timeOffset: fc.record({
        minutes: fc.integer({ min: -1440, max: 1440 }),
        description: fc.constant('CET'),
      }),
      userInput: fc.record(
        { state: fc.constantFrom('active' as const, 'idle' as const), lastInputMs: time },
        { requiredKeys: ['state'] },
      ),
      card: text,
      homepage: text,
      icon: text,
      map: text,
      sound: text,
      displayNames: fc.array(note, { minLength: 1, maxLength: 2 }),
    },
    { requiredKeys: [] },
  );
  const id = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 12 })
    .map((each) => each.replace(/[\0-\x20\ufffe\uffff]/gu, '?').trim() || 'x');
  const tuples = fc.uniqueArray(
    fc
      .tuple(
        fc.record({ id, notes, deviceIds: fc.array(text, { maxLength: 2 }), rich }),
        fc.record(
          {
            basic: fc.constantFrom('open' as const, 'closed' as const),
            show: fc.constantFrom('away' as const, 'chat' as const, 'dnd' as const, 'xa' as const),
            contact: fc.oneof(
              fc.record({ uri: text }),
              fc.record({ uri: text, priority: fc.integer({ min: 0, max: 1000 }).map((n) => n / 1000) }),
            ),
            timestampMs: time,
            capabilities: fc.record({
              flags: fc.record({ audio: fc.boolean(), message: fc.boolean() }, { requiredKeys: [] }),
              supported: fc.record({ methods: fc.constant(['MESSAGE', 'OPTIONS']) }, { requiredKeys: [] }),
              notSupported: fc.record({ extensions: fc.constant(['pref']) }, { requiredKeys: [] }),
            }),
          },
          { requiredKeys: [] },
        ),
      )
      .map(([must, may]) => ({ ...must, ...may })),
    { selector: (each) => each.id, maxLength: 4 },
  );
  const documents = fc.record({
    entity: text,
    tuples,
    persons: fc.array(fc.record({ id, rich, notes }), { maxLength: 2 }),
    devices: fc.array(fc.record({ id, deviceId: text, rich, notes, timestampMs: time }), { maxLength: 2 }),
    notes,
  });
  test('any document', () => {
    fc.assert(
      fc.property(documents, (original) => {
        const again = readPidf(formatPidf(original));
        assert.deepEqual(again.ok ? again.value : again.error, structuredClone(original));
      }),
      { numRuns: 300 },
    );
  });
});

describe('PRES-92: cpim-pidf', () => {
  const old = (root: string, inside: string): PidfDocument => {
    const result = readCpimPidf(utf8Bytes(`<presence ${root}>${inside}</presence>`));
    return result.ok ? result.value : assert.fail(result.error.message);
  };
  for (const ns of [NS, 'urn:ietf:params:xml:ns:cpim-pidf:', 'urn:ietf:params:xml:ns:cpim-pidf']) {
    test(ns, () => {
      assert.deepEqual(old(`xmlns="${ns}" entity="pres:a@b" xml:lang="de"`, `${open()}<note>da</note>`), {
        entity: 'pres:a@b',
        tuples: [tuple({ basic: 'open' })],
        persons: [],
        devices: [],
        notes: [{ text: 'da', lang: 'de' }],
      });
    });
  }
  test('the first drafts: <presentity/>', () => {
    const ns = 'urn:ietf:params:xml:ns:cpim-pidf:';
    assert.equal(old(`xmlns="${ns}"`, `<presentity id="pres:a@b"/>${open()}`).entity, 'pres:a@b');
  });
  test('any other namespace is none', () => {
    assert.equal(readCpimPidf(utf8Bytes('<presence xmlns="urn:x" entity="a"/>')).ok, false);
  });
});

describe('PRES-92: xpidf', () => {
  const xpidf = (status: string, head = ''): string => `${head}<presence>
<presentity uri="sip:bob@example.com;method=SUBSCRIBE" />
<atom atomid="a1" id="a1">
<address uri="sip:bob@192.0.2.1:5060;user=ip" priority="0.800000">
${status}
</address>
</atom>
</presence>`;
  const read = (text: string): PidfDocument => {
    const result = readXpidf(utf8Bytes(text));
    return result.ok ? result.value : assert.fail(result.error.message);
  };
  const contact = { uri: 'sip:bob@192.0.2.1:5060;user=ip', priority: 0.8 };
  const cases: readonly (readonly [string, PidfTuple])[] = [
    ['<status status="open" />', tuple({ id: 'a1', basic: 'open', contact })],
    ['<status status="closed" />', tuple({ id: 'a1', basic: 'closed', contact })],
    ['<status status="inuse" />', tuple({ id: 'a1', basic: 'open', contact, rich: doing('busy') })],
    [
      '<status status="open" /><msnsubstatus substatus="online" />',
      tuple({ id: 'a1', basic: 'open', contact }),
    ],
    [
      '<status status="inuse" /><msnsubstatus substatus="onthephone" />',
      tuple({ id: 'a1', basic: 'open', contact, rich: doing('on-the-phone') }),
    ],
    [
      '<status status="open" /><msnsubstatus substatus="outtolunch" />',
      tuple({ id: 'a1', basic: 'open', contact, rich: doing('lunch') }),
    ],
    [
      '<status status="open" /><msnsubstatus substatus="berightback" />',
      tuple({ id: 'a1', basic: 'open', contact, rich: doing('away') }),
    ],
    [
      '<status status="open" /><msnsubstatus substatus="constructor" />',
      tuple({ id: 'a1', basic: 'open', contact }),
    ],
  ];
  for (const [status, expected] of cases) {
    test(status, () => {
      assert.deepEqual(read(xpidf(status)), {
        entity: 'sip:bob@example.com',
        tuples: [expected],
        persons: [],
        devices: [],
        notes: [],
      });
    });
  }
  test('with the document type that its writers put there, which is not fetched', () => {
    const head = `<?xml version="1.0"?>\n<!DOCTYPE presence\nPUBLIC "-//IETF//DTD RFCxxxx XPIDF 1.0//EN" "xpidf.dtd">\n`;
    assert.equal(read(xpidf('<status status="open"/>', head)).tuples.length, 1);
    assert.equal(
      read(xpidf('<status status="open"/>', '<!DOCTYPE presence SYSTEM "xpidf.dtd">')).tuples.length,
      1,
    );
  });
  test('a document type that declares something is refused, and so are two', () => {
    for (const head of [
      '<!DOCTYPE presence [<!ENTITY a "b">]>',
      '<!DOCTYPE presence SYSTEM "x" [<!ENTITY a "b">]>',
      '<!DOCTYPE presence><!DOCTYPE presence>',
      '<!DOCTYPE other>',
    ]) {
      const result = readXpidf(utf8Bytes(xpidf('<status status="open"/>', head)));
      assert.equal(result.ok ? 'ok' : result.error.code, 'restricted-xml', head);
    }
  });
  test('a priority of more than three places is rounded to what PIDF can say', () => {
    const text = xpidf('<status status="open"/>').replace('0.800000', '0.65535');
    assert.equal(read(text).tuples[0]?.contact?.priority, 0.655);
  });
  test('two addresses of one atom are two tuples', () => {
    const text = `<presence><presentity uri="sip:b@c"/><atom id="x"><address uri="sip:1@c"><status status="open"/></address><address uri="sip:2@c"><status status="closed"/></address></atom></presence>`;
    assert.deepEqual(
      read(text).tuples.map(({ id, basic, contact: own }) => [id, basic, own?.uri]),
      [
        ['x', 'open', 'sip:1@c'],
        ['x-2', 'closed', 'sip:2@c'],
      ],
    );
  });
  for (const [what, text] of [
    ['no presentity', '<presence/>'],
    ['PIDF', document('')],
    ['an atom without id', '<presence><presentity uri="sip:a@b"/><atom/></presence>'],
    ['an unknown status', xpidf('<status status="odd"/>')],
    ['no status', xpidf('')],
  ] as const) {
    test(what, () => {
      const result = readXpidf(utf8Bytes(text));
      assert.equal(result.ok ? 'ok' : result.error.code, 'ERR_MIME_PIDF');
    });
  }
});

test('PRES-91: a body of another type is none', () => {
  assert.equal(readPresenceBody('application/pidf-diff+xml', utf8Bytes('')), undefined);
  assert.equal(readPresenceBody('application/pidf+xml', utf8Bytes(document('')))?.ok, true);
  assert.equal(readPresenceBody('application/cpim-pidf+xml', utf8Bytes(document('')))?.ok, true);
  assert.equal(readPresenceBody('application/xpidf+xml', utf8Bytes(document('')))?.ok, false);
});
