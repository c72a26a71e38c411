// Presence documents as stanzas (RFC 8048 §6.3; rows PRES-80 … PRES-93, RPID-01 … RPID-18). What is expected comes from
// the clause or row that the test names.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { utf8Bytes } from '../../../src/base/index.ts';
import {
  checkEntity,
  goneResources,
  toXmppPresence,
  type ResourcePresence,
  type ToXmppOptions,
} from '../../../src/interwork/presence/index.ts';
import { readPresenceBody } from '../../../src/mime/index.ts';
import { element, serialize } from '../../../src/xml/index.ts';
import { RPID_SHOWS } from './rows.ts';

const NOW = Date.UTC(2026, 10, 25, 12);

const HEAD =
  `<presence xmlns='urn:ietf:params:xml:ns:pidf' xmlns:dm='urn:ietf:params:xml:ns:pidf:data-model' ` +
  `xmlns:r='urn:ietf:params:xml:ns:pidf:rpid' entity='pres:romeo@example.net'>`;

function translated(
  inside: string,
  options: Partial<ToXmppOptions> = {},
  type = 'application/pidf+xml',
): readonly ResourcePresence[] {
  const text = inside.startsWith('<?xml') ? inside : `${HEAD}${inside}</presence>`;
  const document = readPresenceBody(type, utf8Bytes(text));
  assert.ok(document?.ok, JSON.stringify(document));
  return toXmppPresence(document.value, { wallMs: NOW, ...options });
}

/** The stanza as it would be sent, without addresses; the resource before it. */
function stanza({ resource, available, children, lang }: ResourcePresence): string {
  const attributes = { type: available ? undefined : 'unavailable', 'xml:lang': lang };
  return `${resource}: ${serialize(element('presence', 'jabber:client', attributes, ...children))}`;
}

const stanzas = (inside: string, options: Partial<ToXmppOptions> = {}): string[] =>
  translated(inside, options).map(stanza);

/** A tuple with this status, and what follows it. */
const tuple = (status: string, rest = '', id = 'ID-a'): string =>
  `<tuple id='${id}'><status>${status}</status>${rest}</tuple>`;
const OPEN = '<basic>open</basic>';
const CLOSED = '<basic>closed</basic>';

describe('the examples of RFC 8048', () => {
  test('example 4 → 6, with the show that was forgotten there (Table 2, note 3)', () => {
    const pidf = `<?xml version='1.0' encoding='UTF-8'?>
  <presence xmlns='urn:ietf:params:xml:ns:pidf'
            entity='pres:romeo@example.net'>
    <tuple id='ID-dr4hcr0st3lup4c'>
      <status>
        <basic>open</basic>
        <show xmlns='jabber:client'>away</show>
      </status>
    </tuple>
  </presence>`;
    assert.deepEqual(translated(pidf).map(stanza), [
      'dr4hcr0st3lup4c: <presence><show>away</show></presence>',
    ]);
  });
  test('example 20 → 21', () => {
    const pidf = `<?xml version='1.0' encoding='UTF-8'?>
  <presence xmlns='urn:ietf:params:xml:ns:pidf'
            entity='pres:romeo@example.net'>
    <tuple id='ID-dr4hcr0st3lup4c'>
      <status>
        <basic>closed</basic>
      </status>
    </tuple>
  </presence>`;
    assert.deepEqual(translated(pidf).map(stanza), [`dr4hcr0st3lup4c: <presence type='unavailable'/>`]);
  });
});

/** What stands in the document; options; the stanzas. */
type Golden = readonly [
  row: string,
  inside: string,
  options: Partial<ToXmppOptions>,
  expected: readonly string[],
];

const status = (...children: string[]): string[] => [
  children.length === 0 ? 'a: <presence/>' : `a: <presence>${children.join('')}</presence>`,
];
const note = (text: string, lang = ''): string =>
  `<note${lang === '' ? '' : ` xml:lang='${lang}'`}>${text}</note>`;
const person = (inside: string): string => `<dm:person id='p'>${inside}</dm:person>`;
const idle = (since = ''): string =>
  since === ''
    ? '<r:user-input>idle</r:user-input>'
    : `<r:user-input last-input='${since}'>idle</r:user-input>`;

const GOLDEN: readonly Golden[] = [
  ['PRES-80: open', tuple(OPEN), {}, status()],
  ['PRES-80: closed', tuple(CLOSED), {}, [`a: <presence type='unavailable'/>`]],
  [
    'PRES-80: closed is closed, whatever else is told',
    tuple(CLOSED, idle()) + person('<r:activities><r:away/></r:activities>'),
    {},
    [`a: <presence type='unavailable'/>`],
  ],
  ['PRES-81: an id without "ID-"', tuple(OPEN, '', 't4109'), {}, ['t4109: <presence/>']],
  ['PRES-83: Content-Language', tuple(OPEN), { contentLanguage: 'de, en' }, [`a: <presence xml:lang='de'/>`]],
  ['PRES-83: what is no language', tuple(OPEN), { contentLanguage: '*' }, status()],
  [
    'PRES-84: priority 0',
    tuple(OPEN, `<contact priority='0'>sip:a@b</contact>`),
    {},
    status('<priority>0</priority>'),
  ],
  [
    'PRES-84: priority 0.5',
    tuple(OPEN, `<contact priority='0.5'>sip:a@b</contact>`),
    {},
    status('<priority>64</priority>'),
  ],
  [
    'PRES-84: priority 1',
    tuple(OPEN, `<contact priority='1'>sip:a@b</contact>`),
    {},
    status('<priority>127</priority>'),
  ],
  ['PRES-84: no priority', tuple(OPEN, '<contact>sip:a@b</contact>'), {}, status()],
  [
    'PRES-85: the note of the tuple',
    tuple(OPEN, note('mine')) + note('ours') + person('<dm:note>his</dm:note>'),
    {},
    status('<status>mine</status>'),
  ],
  [
    'PRES-85: else of the person',
    tuple(OPEN) + note('ours') + person('<dm:note>his</dm:note>'),
    {},
    status('<status>his</status>'),
  ],
  [
    'PRES-85: else of what he does',
    tuple(OPEN) + note('ours') + person('<r:activities><r:note>doing</r:note><r:working/></r:activities>'),
    {},
    status('<status>doing</status>'),
  ],
  ['PRES-85: else of the document', tuple(OPEN) + note('ours'), {}, status('<status>ours</status>')],
  [
    'PRES-85: several languages',
    tuple(OPEN, note('one', 'en') + note('un', 'fr') + note('x')),
    {},
    status(`<status xml:lang='en'>one</status>`, `<status xml:lang='fr'>un</status>`, '<status>x</status>'),
  ],
  [
    'RFC 6121 §4.7.2.2: one for each language',
    tuple(OPEN, note('one', 'en') + note('two', 'EN')),
    {},
    status(`<status xml:lang='en'>one</status>`),
  ],
  [
    'PRES-85: what is no language tag is not told as one',
    tuple(OPEN, note('one', 'en_US')),
    {},
    status('<status>one</status>'),
  ],
  [
    'PRES-85: the note of who went',
    tuple(CLOSED, note('bye')),
    {},
    [`a: <presence type='unavailable'><status>bye</status></presence>`],
  ],
  ...['away', 'chat', 'dnd', 'xa'].map((show): Golden => [
    `PRES-86: ${show}`,
    tuple(`${OPEN}<show xmlns='jabber:client'>${show}</show>`),
    {},
    status(`<show>${show}</show>`),
  ]),
  ['PRES-86: another value', tuple(`${OPEN}<show xmlns='jabber:client'>online</show>`), {}, status()],
  [
    'PRES-86: what is said goes before what is concluded',
    tuple(`${OPEN}<show xmlns='jabber:client'>chat</show>`) +
      person('<r:activities><r:busy/></r:activities>'),
    {},
    status('<show>chat</show>'),
  ],
  [
    'PRES-87: several tuples',
    tuple(OPEN, '', 'ID-a') + tuple(CLOSED, '', 'ID-b'),
    {},
    ['a: <presence/>', `b: <presence type='unavailable'/>`],
  ],
  [
    'PRES-88: no basic, and nothing else',
    tuple(`<x xmlns='urn:x'/>`),
    {},
    [`a: <presence type='unavailable'/>`],
  ],
  [
    'PRES-88: no basic, but user input',
    tuple(`<x xmlns='urn:x'/>`, '<r:user-input>active</r:user-input>'),
    {},
    status(),
  ],
  [
    'PRES-88: no basic, but show',
    tuple(`<show xmlns='jabber:client'>dnd</show>`),
    {},
    status('<show>dnd</show>'),
  ],
  [
    'PRES-88: no basic, but activities of the person',
    tuple(`<x xmlns='urn:x'/>`) + person('<r:activities><r:busy/></r:activities>'),
    {},
    status('<show>dnd</show>'),
  ],
  [
    'PRES-88: no basic, and empty activities (baresip)',
    tuple(`<x xmlns='urn:x'/>`) + person('<r:activities/>'),
    {},
    [`a: <presence type='unavailable'/>`],
  ],
  [
    'PRES-89: mailto beside sip',
    tuple(OPEN, '<contact>mailto:a@b</contact>', 'ID-m') + tuple(CLOSED, '<contact>sip:a@b</contact>'),
    {},
    [`a: <presence type='unavailable'/>`],
  ],
  [
    'PRES-89: tel beside one without contact',
    tuple(OPEN, '<contact>tel:+1</contact>', 'ID-m') + tuple(OPEN),
    {},
    status(),
  ],
  ['PRES-89: the only one', tuple(OPEN, '<contact>mailto:a@b</contact>'), {}, status()],
  [
    'PRES-89: schemes in any case',
    tuple(OPEN, '<contact>TEL:+1</contact>', 'ID-m') + tuple(OPEN, '<contact>IM:a@b</contact>'),
    {},
    status(),
  ],
  [
    'RFC 4480 §3.9: the assistant is somebody else',
    tuple(OPEN, '<r:relationship><r:assistant/></r:relationship>', 'ID-b') +
      tuple(CLOSED, '<r:relationship><r:self/></r:relationship>'),
    {},
    [`a: <presence type='unavailable'/>`],
  ],
  [
    'RFC 4480 §3.9: only the assistant: nothing is known',
    tuple(OPEN, '<r:relationship><r:assistant/></r:relationship>'),
    {},
    [],
  ],
  ['no tuples: nothing is known', note('ours'), {}, []],
  ...Object.entries(RPID_SHOWS).map(([word, { row, show }]): Golden => [
    `${row}: ${word}`,
    tuple(OPEN) + person(`<r:activities><r:${word}/></r:activities>`),
    {},
    status(...(show === undefined ? [] : [`<show>${show}</show>`])),
  ]),
  [
    'RPID-13: other',
    tuple(OPEN) + person('<r:activities><r:other>reading</r:other></r:activities>'),
    {},
    status(),
  ],
  [
    'several activities: the one that keeps most from answering',
    tuple(OPEN) + person('<r:activities><r:breakfast/><r:vacation/><r:meeting/></r:activities>'),
    {},
    status('<show>xa</show>'),
  ],
  [
    'several activities: busy before away',
    tuple(OPEN) + person('<r:activities><r:away/><r:busy/></r:activities>'),
    {},
    status('<show>dnd</show>'),
  ],
  [
    'RFC 4480 §3.1: not yet',
    tuple(OPEN) + person(`<r:activities from='2026-11-25T12:00:01Z'><r:busy/></r:activities>`),
    {},
    status(),
  ],
  [
    'RFC 4480 §3.1: not any more',
    tuple(OPEN) + person(`<r:activities until='2026-11-25T11:59:59Z'><r:busy/></r:activities>`),
    {},
    status(),
  ],
  [
    'RFC 4480 §3.1: now',
    tuple(OPEN) +
      person(
        `<r:activities from='2026-11-25T11:00:00Z' until='2026-11-25T13:00:00Z'><r:busy/></r:activities>`,
      ),
    {},
    status('<show>dnd</show>'),
  ],
  [
    'activities in the tuple',
    tuple(OPEN, '<r:activities><r:busy/></r:activities>'),
    {},
    status('<show>dnd</show>'),
  ],
  [
    'RPID-16: idle since',
    tuple(OPEN, idle('2026-11-25T11:00:00Z')),
    {},
    status('<show>away</show>', `<idle xmlns='urn:xmpp:idle:1' since='2026-11-25T11:00:00Z'/>`),
  ],
  ['RPID-16: idle, no time told', tuple(OPEN, idle()), {}, status('<show>away</show>')],
  [
    'RPID-16: active',
    tuple(OPEN, `<r:user-input last-input='2026-11-25T11:00:00Z'>active</r:user-input>`),
    {},
    status(),
  ],
  [
    'RPID-16: idle and busy',
    tuple(OPEN, idle('2026-11-25T11:00:00Z')) + person('<r:activities><r:busy/></r:activities>'),
    {},
    status('<show>dnd</show>', `<idle xmlns='urn:xmpp:idle:1' since='2026-11-25T11:00:00Z'/>`),
  ],
  ['RFC 4480 §3.14: idle of the person', tuple(OPEN) + person(idle()), {}, status('<show>away</show>')],
  [
    'RFC 4479 §7.1: idle of the device that the tuple names',
    tuple(OPEN, '<dm:deviceID>urn:d:1</dm:deviceID>') +
      `<dm:device id='d'>${idle()}<dm:deviceID>urn:d:1</dm:deviceID></dm:device>`,
    {},
    status('<show>away</show>'),
  ],
  [
    'RFC 4479 §7.1: idle of another device',
    tuple(OPEN, '<dm:deviceID>urn:d:2</dm:deviceID>') +
      `<dm:device id='d'>${idle()}<dm:deviceID>urn:d:1</dm:deviceID></dm:device>`,
    {},
    status(),
  ],
  ['RPID-18: off by default', tuple(OPEN, note('Busy')), {}, status('<status>Busy</status>')],
  ...(
    [
      ['away', 'away'],
      ['On the phone', 'away'],
      ['Busy', 'xa'],
      ['DND', 'dnd'],
      ['Do not disturb', 'dnd'],
      ['Busy (DND)', 'dnd'],
    ] as const
  ).map(([text, show]): Golden => [
    `RPID-18: ${text}`,
    tuple(OPEN, note(text)),
    { noteWords: true },
    status(`<show>${show}</show>`, `<status>${text}</status>`),
  ]),
  [
    'RPID-18: only whole notes',
    tuple(OPEN, note('not away')),
    { noteWords: true },
    status('<status>not away</status>'),
  ],
  [
    'RPID-18: RPID goes before',
    tuple(OPEN, note('Busy')) + person('<r:activities><r:sleeping/></r:activities>'),
    { noteWords: true },
    status('<show>xa</show>', '<status>Busy</status>'),
  ],
];

describe('PIDF → XMPP', () => {
  for (const [row, inside, options, expected] of GOLDEN) {
    test(row, () => assert.deepEqual(stanzas(inside, options), expected));
  }
});

describe('what a stanza can hold', () => {
  test('a note is at most 1024 units long, and no character is halved', () => {
    const [presence] = translated(tuple(OPEN, note('x'.repeat(1023) + '\u{1f600}'.repeat(9))));
    assert.equal(presence?.children[0]?.text(), 'x'.repeat(1023));
    const [whole] = translated(tuple(OPEN, note('x'.repeat(1022) + '\u{1f600}'.repeat(9))));
    assert.equal(whole?.children[0]?.text(), `${'x'.repeat(1022)}\u{1f600}`);
  });
  test('at most eight languages', () => {
    const notes = Array.from({ length: 12 }, (_, i) => note(`n${i}`, `x-${i}`)).join('');
    assert.equal(translated(tuple(OPEN, notes))[0]?.children.length, 8);
  });
  test('line ends', () => {
    assert.deepEqual(stanzas(tuple(OPEN, note('a&#13;&#10;b'))), status('<status>a\nb</status>'));
  });
});

test('PRES-92: xpidf of a phone that is in use', () => {
  const text = `<?xml version="1.0"?>
<!DOCTYPE presence PUBLIC "-//IETF//DTD RFCxxxx XPIDF 1.0//EN" "xpidf.dtd">
<presence><presentity uri="sip:bob@example.com;method=SUBSCRIBE"/><atom id="1000"><address uri="sip:bob@example.com;user=ip" priority="0.8"><status status="inuse"/><msnsubstatus substatus="onthephone"/></address></atom></presence>`;
  assert.deepEqual(translated(text, {}, 'application/xpidf+xml').map(stanza), [
    '1000: <presence><show>dnd</show><priority>102</priority></presence>',
  ]);
});

describe('PRES-87: a tuple that is gone', () => {
  const now = translated(tuple(OPEN) + tuple(CLOSED, '', 'ID-b'));
  test('becomes unavailable', () => {
    assert.deepEqual(goneResources(['c', 'a', 'b', 'd'], now).map(stanza), [
      `c: <presence type='unavailable'/>`,
      `d: <presence type='unavailable'/>`,
    ]);
  });
  test('nothing was known, nothing is gone (PRES-93)', () => assert.deepEqual(goneResources([], now), []));
  test('a document without tuples: all are gone', () => {
    assert.deepEqual(goneResources(['a'], translated('')).map(stanza), [`a: <presence type='unavailable'/>`]);
  });
});

describe('PRES-91: whose presence it is', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['pres:romeo@example.net', 'sip:romeo@example.net', true],
    ['im:romeo@example.net', 'sip:romeo@example.net', true],
    ['sip:romeo@example.net', 'pres:romeo@example.net', true],
    ['sips:romeo@example.net', 'sip:romeo@example.net', true],
    [' sip:romeo@example.net\n', 'sip:romeo@example.net', true],
    ['sip:romeo@EXAMPLE.net:5060;transport=tcp', 'sip:romeo@example.net', true],
    ['sip:romeo@example.net;gr=phone', 'sip:romeo@example.net', true],
    ['sip:r%6Fmeo@example.net', 'sip:romeo@example.net', true],
    ['pres:j%C3%BCrgen@example.net', 'sip:j%C3%BCrgen@example.net', true],
    ['pres:jürgen@example.net', 'sip:j%C3%BCrgen@example.net', true],
    ['pres:juliet@example.net', 'sip:romeo@example.net', false],
    ['pres:romeo@example.com', 'sip:romeo@example.net', false],
    ['pres:example.net', 'sip:romeo@example.net', false],
    ['sip:anonymous@anonymous.invalid', 'sip:romeo@example.net', false],
    ['tel:+15551234', 'sip:romeo@example.net', false],
    ['romeo@example.net', 'sip:romeo@example.net', false],
    ['http://example.net/romeo', 'sip:romeo@example.net', false],
    ['', 'sip:romeo@example.net', false],
  ];
  for (const [entity, expected, same] of cases) {
    test(`${JSON.stringify(entity)} for ${expected}`, () => {
      const result = checkEntity(entity, expected);
      assert.equal(result.ok ? 'ok' : result.error.code, same ? 'ok' : 'ERR_PRESENCE_ENTITY');
    });
  }
});

test('PRES-81: which resources name a device: those of RFC 8048 §6.2, and those of a GRUU (RFC 5627 §3.1)', () => {
  const contact = (uri: string): string => `<contact>${uri}</contact>`;
  const cases: readonly (readonly [id: string, rest: string, device: true | undefined])[] = [
    ['ID-phone', '', true],
    // Nothing is left of it.
    ['ID-', '', undefined],
    ['t4109', '', undefined],
    ['t4109', contact('sip:romeo@example.net'), undefined],
    ['desk', contact('sip:romeo@example.net;gr=desk'), true],
    ['desk', contact('sip:romeo@example.net;gr=other'), undefined],
    ['desk', contact('pres:romeo@example.net'), undefined],
  ];
  for (const [id, rest, device] of cases) {
    const [told] = translated(tuple(OPEN, rest, id));
    assert.equal(told?.device, device, `${id} ${rest}`);
  }
});
