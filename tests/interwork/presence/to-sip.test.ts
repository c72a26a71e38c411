// Presence stanzas as a document (RFC 8048 §6.2; rows PRES-60 … PRES-73, RPID-14). What is expected comes from the clause
// or row that the test names.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { utf8Text } from '../../../src/base/index.ts';
import {
  toSipPresence,
  type ToSipOptions,
  type XmppResource,
} from '../../../src/interwork/presence/index.ts';
import { formatPidf } from '../../../src/mime/index.ts';
import { readStanza } from '../../xmpp/read-xml.ts';

const ENTITY = 'pres:juliet@example.com';
const AT = Date.UTC(2026, 10, 25, 12);
const STAMP = '<timestamp>2026-11-25T12:00:00Z</timestamp>';

const resource = (name: string, inner = '', attributes = '', receivedMs = AT): XmppResource => ({
  resource: name,
  stanza: readStanza(`<presence from='juliet@example.com/${name}' ${attributes}>${inner}</presence>`),
  receivedMs,
});

/** The document as it is written, from the end of the root's start tag to its end tag. */
function written(resources: readonly XmppResource[], options: ToSipOptions = {}): string {
  const text = utf8Text(formatPidf(toSipPresence(ENTITY, resources, options))) ?? '';
  const [, inside] =
    /^<\?xml[^>]*\?>\r\n<presence [^>]* entity="pres:juliet@example.com">(.*)<\/presence>\r\n$/s.exec(text) ??
    [];
  assert.ok(inside !== undefined, text);
  return inside;
}

const tuple = (id: string, status: string, rest = '', stamp = STAMP): string =>
  `<tuple id="${id}"><status>${status}</status>${rest}${stamp}</tuple>`;
const OPEN = '<basic>open</basic>';
const CLOSED = '<basic>closed</basic>';
const show = (value: string): string => `${OPEN}<show xmlns="jabber:client">${value}</show>`;
const person = (activities: string): string =>
  `<dm:person id="person"><rpid:activities>${activities}</rpid:activities></dm:person>`;

describe('RFC 8048 example 18 → 19', () => {
  test('without the show that nobody sent', () => {
    const stanza = readStanza(`<presence from='juliet@example.com/yn0cl4bnw0yr3vym'/>`);
    const document = toSipPresence(ENTITY, [{ resource: 'yn0cl4bnw0yr3vym', stanza, receivedMs: AT }]);
    assert.equal(
      utf8Text(formatPidf(document)),
      '<?xml version="1.0" encoding="UTF-8"?>\r\n' +
        '<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="pres:juliet@example.com">' +
        '<tuple id="ID-yn0cl4bnw0yr3vym"><status><basic>open</basic></status>' +
        '<timestamp>2026-11-25T12:00:00Z</timestamp></tuple></presence>\r\n',
    );
  });
});

type Golden = readonly [
  row: string,
  resources: readonly XmppResource[],
  options: ToSipOptions,
  expected: string,
];

const contact = (): string => 'sip:j@h';
const withPriority = (priority: number): readonly XmppResource[] => [
  resource('a', `<priority>${priority}</priority>`),
];
const IDLE = `<idle xmlns='urn:xmpp:idle:1' since='2026-11-25T11:00:00Z'/>`;
const XA_PERSON = person('<rpid:away/>');

const GOLDEN: readonly Golden[] = [
  ...['error', 'probe', 'subscribe', 'subscribed', 'unsubscribe', 'unsubscribed'].map((type): Golden => [
    `PRES-60: ${type} makes no notification`,
    [resource('a'), resource('b', '', `type='${type}'`)],
    {},
    tuple('ID-a', OPEN),
  ]),
  ['PRES-61: a resource that is no NCName', [resource('a b')], {}, tuple('ID-a_x0020_b', OPEN)],
  ['PRES-61: no resource', [resource('')], {}, tuple('ID-', OPEN)],
  ['PRES-64: id is not mapped', [resource('a', '', `id='x1'`)], {}, tuple('ID-a', OPEN)],
  ['PRES-65: no type', [resource('a')], {}, tuple('ID-a', OPEN)],
  ['PRES-65: unavailable', [resource('a', '', `type='unavailable'`)], {}, tuple('ID-a', CLOSED)],
  [
    'PRES-66: xml:lang of the stanza',
    [resource('a', '<status>da</status>', `xml:lang='de'`)],
    {},
    tuple('ID-a', OPEN, '<note xml:lang="de">da</note>'),
  ],
  [
    'PRES-66: xml:lang of the stream',
    [resource('a', '<status>da</status>')],
    { streamLang: 'de' },
    tuple('ID-a', OPEN, '<note xml:lang="de">da</note>'),
  ],
  [
    'PRES-66: what is no language is not told as one',
    [resource('a', '<status>da</status>', `xml:lang='de_DE'`)],
    {},
    tuple('ID-a', OPEN, '<note>da</note>'),
  ],
  [
    'PRES-67: -1 is not mapped',
    withPriority(-1),
    { contact },
    tuple('ID-a', OPEN, '<contact>sip:j@h</contact>'),
  ],
  ['PRES-67: none', [resource('a')], { contact }, tuple('ID-a', OPEN, '<contact>sip:j@h</contact>')],
  ...(
    [
      [0, '0'],
      [1, '0.007'],
      [2, '0.015'],
      [126, '0.992'],
      [127, '1'],
    ] as const
  ).map(([priority, q]): Golden => [
    `PRES-67: ${priority}`,
    withPriority(priority),
    { contact },
    tuple('ID-a', OPEN, `<contact priority="${q}">sip:j@h</contact>`),
  ]),
  [
    'PRES-68, RPID-14: away',
    [resource('a', '<show>away</show>')],
    {},
    tuple('ID-a', show('away')) + person('<rpid:away/>'),
  ],
  [
    'PRES-68, RPID-14: dnd',
    [resource('a', '<show>dnd</show>')],
    {},
    tuple('ID-a', show('dnd')) + person('<rpid:busy/>'),
  ],
  [
    'PRES-68, RPID-14: xa',
    [resource('a', '<show>xa</show>')],
    {},
    tuple('ID-a', show('xa'), '<rpid:user-input>idle</rpid:user-input>') + XA_PERSON,
  ],
  ['PRES-68, RPID-14: chat', [resource('a', '<show>chat</show>')], {}, tuple('ID-a', show('chat'))],
  ['PRES-68: another value', [resource('a', '<show>online</show>')], {}, tuple('ID-a', OPEN)],
  [
    'PRES-68: without RPID',
    [resource('a', '<show>away</show>' + IDLE)],
    { rich: false },
    tuple('ID-a', show('away')),
  ],
  [
    'PRES-69: status',
    [resource('a', '<status>at the window</status>')],
    {},
    tuple('ID-a', OPEN, '<note>at the window</note>'),
  ],
  [
    'PRES-69: several languages',
    [resource('a', `<status xml:lang='en'>a</status><status xml:lang='it'>b</status>`)],
    {},
    tuple('ID-a', OPEN, '<note xml:lang="en">a</note><note xml:lang="it">b</note>'),
  ],
  [
    'PRES-70: several resources',
    [resource('a'), resource('b', '<show>dnd</show>')],
    {},
    tuple('ID-a', OPEN) + tuple('ID-b', show('dnd')),
  ],
  [
    'PRES-56: one of several gone',
    [resource('a'), resource('b', '', `type='unavailable'`)],
    {},
    tuple('ID-a', OPEN),
  ],
  [
    'PRES-71: the last one gone, with its words',
    [resource('a', '<status>bye</status>', `type='unavailable'`)],
    {},
    tuple('ID-a', CLOSED, '<note>bye</note>'),
  ],
  [
    'PRES-71: the last of several',
    [resource('b', '', `type='unavailable'`, AT), resource('a', '', `type='unavailable'`, AT - 1)],
    {},
    tuple('ID-b', CLOSED),
  ],
  [
    'PRES-71: nobody, and who it was is known',
    [],
    { lastResource: 'balcony' },
    tuple('ID-balcony', CLOSED, '', ''),
  ],
  ['PRES-71: nobody was ever there', [], {}, tuple('ID-', CLOSED, '', '')],
  [
    'PRES-71: a closed tuple has no contact',
    [resource('a', '', `type='unavailable'`)],
    { contact },
    tuple('ID-a', CLOSED),
  ],
  [
    'PRES-72: delay',
    [resource('a', `<delay xmlns='urn:xmpp:delay' stamp='2026-11-25T10:00:00Z'/>`)],
    {},
    tuple('ID-a', OPEN, '', '<timestamp>2026-11-25T10:00:00Z</timestamp>'),
  ],
  [
    'PRES-72: idle',
    [resource('a', IDLE)],
    {},
    tuple('ID-a', OPEN, '<rpid:user-input last-input="2026-11-25T11:00:00Z">idle</rpid:user-input>'),
  ],
  [
    'RFC 4480 §3.14: idle without the time',
    [resource('a', IDLE)],
    { lastInput: false },
    tuple('ID-a', OPEN, '<rpid:user-input>idle</rpid:user-input>'),
  ],
  [
    'PRES-73: capabilities, avatar, muc are not mapped',
    [
      resource(
        'a',
        `<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='n' ver='v'/><x xmlns='vcard-temp:x:update'><photo>1</photo></x><x xmlns='http://jabber.org/protocol/muc'/>`,
      ),
    ],
    {},
    tuple('ID-a', OPEN),
  ],
  [
    'two of one resource: the later one',
    [resource('a', '<show>dnd</show>', '', AT), resource('a', '', '', AT - 1)],
    {},
    tuple('ID-a', show('dnd')) + person('<rpid:busy/>'),
  ],
  [
    'one that went and came again',
    [resource('a', '', `type='unavailable'`, AT - 1), resource('a')],
    {},
    tuple('ID-a', OPEN),
  ],
];

describe('XMPP → PIDF', () => {
  for (const [row, resources, options, expected] of GOLDEN) {
    test(row, () => assert.equal(written(resources, options), expected));
  }
});

describe('RPID-14: the person does what the most available resource says', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['away dnd -', ''],
    ['away dnd chat', ''],
    ['away dnd', '<rpid:busy/>'],
    ['xa away', '<rpid:away/>'],
    ['xa', '<rpid:away/>'],
  ];
  for (const [shows, expected] of cases) {
    test(shows, () => {
      const resources = shows
        .split(' ')
        .map((each, i) => resource(`r${i}`, each === '-' ? '' : `<show>${each}</show>`));
      const text = written(resources);
      assert.equal(text.slice(text.lastIndexOf('</tuple>') + 8), expected === '' ? '' : person(expected));
    });
  }
});

describe('mood and activity of the person', () => {
  const mood = readStanza(`<mood xmlns='http://jabber.org/protocol/mood'><happy/></mood>`);
  const activity = readStanza(
    `<activity xmlns='http://jabber.org/protocol/activity'><talking><on_the_phone/></talking></activity>`,
  );
  test('beside the show', () => {
    const text = written([resource('a', '<show>away</show>')], { events: { mood, activity } });
    assert.equal(
      text.slice(text.indexOf('<dm:person')),
      '<dm:person id="person"><rpid:activities><rpid:away/><rpid:on-the-phone/></rpid:activities><rpid:mood><rpid:happy/></rpid:mood></dm:person>',
    );
  });
  test('RFC 4480 §3.2: "unknown" does not stand with others', () => {
    const unknown = readStanza(
      `<activity xmlns='http://jabber.org/protocol/activity'><undefined/></activity>`,
    );
    const text = written([resource('a', '<show>dnd</show>')], { events: { activity: unknown } });
    assert.equal(text.slice(text.indexOf('<dm:person')), person('<rpid:busy/>'));
  });
  test('not of who is away, and not where RPID is not wanted', () => {
    assert.ok(!written([], { events: { mood } }).includes('person'));
    assert.ok(!written([resource('a')], { events: { mood }, rich: false }).includes('person'));
  });
});
