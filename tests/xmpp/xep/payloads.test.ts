// Sources: XEP-0027, 0066, 0082, 0085, 0172, 0184, 0203, 0280, 0308, 0313, 0334, 0373, 0380, 0384, 0424, 0428, 0444, 0461.

import { formatDateTime } from '../../../src/base/index.ts';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assert as check, integer, property } from 'fast-check';
import { serialize, type XmlElement } from '../../../src/xml/index.ts';
import {
  chatStateElement,
  delayElement,
  discoInfoElement,
  discoItemsElement,
  hasHint,
  nickElement,
  outOfBandElement,
  parseDateTime,
  readChatState,
  readDelay,
  readDiscoInfo,
  readEncryption,
  readFallbacks,
  readNick,
  readOutOfBand,
  readReportGiven,
  readReportWish,
  readReference,
  readWrapper,
  displayedElement,
  hintElement,
  markableElement,
  receiptElement,
  receiptRequestElement,
} from '../../../src/xmpp/index.ts';
import { readStanza } from '../read-xml.ts';

const message = (inner: string, attributes = '') => readStanza(`<message ${attributes}>${inner}</message>`);

describe('XEP-0082: DateTime', () => {
  const good: readonly (readonly [string, number])[] = [
    ['1969-07-21T02:56:15Z', Date.UTC(1969, 6, 21, 2, 56, 15)],
    ['1969-07-20T21:56:15-05:00', Date.UTC(1969, 6, 21, 2, 56, 15)],
    ['2002-09-10T23:08:25.123Z', Date.UTC(2002, 8, 10, 23, 8, 25, 123)],
    ['2002-09-10T23:08:25.1239999+00:30', Date.UTC(2002, 8, 10, 22, 38, 25, 123)],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
    ['2016-12-31T23:59:60Z', Date.UTC(2017, 0, 1)],
    ['0099-01-01T00:00:00Z', -59_042_995_200_000],
  ];
  for (const [text, ms] of good) test(text, () => assert.equal(parseDateTime(text), ms));

  const bad = [
    '',
    '2002-09-10',
    '2002-09-10T23:08:25',
    '20020910T23:08:25',
    '2002-09-10 23:08:25Z',
    '2002-13-10T23:08:25Z',
    '2002-00-10T23:08:25Z',
    '2023-02-29T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2002-04-31T00:00:00Z',
    '2002-09-10T24:08:25Z',
    '2002-09-10T23:60:25Z',
    '2002-09-10T23:08:61Z',
    '2002-09-10T23:08:25+24:00',
    '2002-09-10T23:08:25.Z',
    `2002-09-10T23:08:25.${'0'.repeat(100)}Z`,
    '٢٠٠٢-09-10T23:08:25Z',
  ];
  for (const text of bad) test(`no DateTime: ${text}`, () => assert.equal(parseDateTime(text), undefined));

  test('written and read are the same', () => {
    check(
      property(integer({ min: -62_167_219_200_000, max: 253_402_300_799_999 }), (ms) => {
        assert.equal(parseDateTime(formatDateTime(ms)), ms);
      }),
    );
    assert.equal(formatDateTime(0), '1970-01-01T00:00:00Z');
    assert.equal(formatDateTime(1), '1970-01-01T00:00:00.001Z');
    assert.equal(formatDateTime(Number.MAX_VALUE), '9999-12-31T23:59:59.999Z');
  });
});

describe('XEP-0203: delay', () => {
  test('example 1', () => {
    const stamp = message(
      `<delay xmlns='urn:xmpp:delay' from='capulet.com' stamp='2002-09-10T23:08:25Z'>Offline Storage</delay>`,
    );
    assert.deepEqual(readDelay(stamp), { stampMs: Date.UTC(2002, 8, 10, 23, 8, 25), from: 'capulet.com' });
  });
  test('an unreadable stamp is none; the next may be good', () => {
    const two = message(
      `<delay xmlns='urn:xmpp:delay' stamp='x'/><delay xmlns='urn:xmpp:delay' stamp='1970-01-01T00:00:01Z'/>`,
    );
    assert.equal(readDelay(two)?.stampMs, 1000);
    assert.equal(readDelay(message(`<delay xmlns='urn:xmpp:delay'/>`)), undefined);
    assert.equal(readDelay(message(`<delay xmlns='urn:x' stamp='1970-01-01T00:00:01Z'/>`)), undefined);
  });
  test('written', () => {
    assert.equal(
      serialize(delayElement(0, 'sip.example.org')),
      `<delay xmlns='urn:xmpp:delay' from='sip.example.org' stamp='1970-01-01T00:00:00Z'/>`,
    );
  });
});

describe('XEP-0085: chat states', () => {
  for (const state of ['active', 'composing', 'gone', 'inactive', 'paused'] as const) {
    test(state, () => {
      assert.equal(readChatState(message(serialize(chatStateElement(state)))), state);
      assert.equal(chatStateElement(state).ns, 'http://jabber.org/protocol/chatstates');
    });
  }
  test('none', () => {
    assert.equal(
      readChatState(
        message(`<active xmlns='urn:x'/><toString xmlns='http://jabber.org/protocol/chatstates'/>`),
      ),
      undefined,
    );
  });
});

describe('XEP-0184, XEP-0333: receipts and markers', () => {
  const request = serialize(receiptRequestElement());
  const markable = serialize(markableElement());
  for (const [what, payload, attributes, wish] of [
    ['a receipt', request, `id='1'`, { receipt: true, marker: false }],
    ['a marker', markable, `id='1'`, { receipt: false, marker: true }],
    ['both', markable + request, `id='1'`, { receipt: true, marker: true }],
    ['both, without id: nothing', markable + request, '', undefined],
    ['with an empty id: nothing', request, `id=''`, undefined],
    ['another namespace', `<request xmlns='urn:x'/>`, `id='1'`, undefined],
    ['an answer', serialize(receiptElement('2')) + serialize(displayedElement('2')), `id='1'`, undefined],
  ] as const) {
    test(`asked for: ${what}`, () => assert.deepEqual(readReportWish(message(payload, attributes)), wish));
  }
  for (const [what, payload, given] of [
    ['a receipt', serialize(receiptElement('a"<1')), { received: 'a"<1', displayed: undefined }],
    ['a marker', serialize(displayedElement('a"<1')), { received: undefined, displayed: 'a"<1' }],
    [
      'both',
      serialize(displayedElement('2')) + serialize(receiptElement('1')),
      { received: '1', displayed: '2' },
    ],
    ['of version 1.0', `<received xmlns='urn:xmpp:receipts'/>`, { received: '', displayed: undefined }],
    [
      'a marker that was taken out of XEP-0333',
      `<received xmlns='urn:xmpp:chat-markers:0' id='1'/>`,
      undefined,
    ],
    ['a request', request + markable, undefined],
    ['nothing', '', undefined],
  ] as const) {
    test(`given: ${what}`, () => assert.deepEqual(readReportGiven(message(payload)), given));
  }
});

describe('XEP-0172 and XEP-0066', () => {
  test('nickname', () => {
    assert.equal(readNick(message(serialize(nickElement('Ishmael & Co')))), 'Ishmael & Co');
    assert.equal(readNick(message(`<nick xmlns='http://jabber.org/protocol/nick'> </nick>`)), undefined);
  });
  const nick = (text: string): XmlElement => message(serialize(nickElement(text)));
  test('a nickname is cut after 128 characters, and what stands before the cut is whole', () => {
    assert.equal(readNick(nick('n'.repeat(128))), 'n'.repeat(128));
    assert.equal(readNick(nick('n'.repeat(1400))), 'n'.repeat(128));
    // Outside of the basic plane a character is two units.
    assert.equal(readNick(nick('😀'.repeat(128))), '😀'.repeat(128));
    assert.equal(readNick(nick('😀'.repeat(129))), '😀'.repeat(128));
    assert.equal(readNick(nick(`n${'😀'.repeat(1000)}`)), `n${'😀'.repeat(127)}`);
    assert.equal(readNick(nick(`${'n'.repeat(127)} x`)), 'n'.repeat(127));
    assert.equal(readNick(nick('Ishmael'), 3), 'Ish');
  });
  test('address of a file', () => {
    const oob = outOfBandElement('http://www.jabber.org/a?b&c', 'A logo');
    assert.deepEqual(readOutOfBand(message(serialize(oob))), {
      url: 'http://www.jabber.org/a?b&c',
      description: 'A logo',
    });
    assert.equal(readOutOfBand(message(`<x xmlns='jabber:x:oob'><url/></x>`)), undefined);
    assert.equal(readOutOfBand(message(`<x xmlns='jabber:x:data'><url>u</url></x>`)), undefined);
  });
});

describe('IM-15: encrypted messages', () => {
  const cases: readonly (readonly [string, string, string | undefined])[] = [
    [
      'XEP-0384 0.3',
      `<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'/><payload>x</payload></encrypted><body>fallback</body>`,
      'OMEMO',
    ],
    ['XEP-0384 0.8', `<encrypted xmlns='urn:xmpp:omemo:2'/>`, 'OMEMO'],
    ['XEP-0384 0.4–0.7', `<encrypted xmlns='urn:xmpp:omemo:1'/>`, 'OMEMO'],
    ['XEP-0373', `<openpgp xmlns='urn:xmpp:openpgp:0'>BASE64</openpgp>`, 'OpenPGP for XMPP'],
    [
      'XEP-0027',
      `<body>This message is encrypted.</body><x xmlns='jabber:x:encrypted'>qANQR1</x>`,
      'Legacy OpenPGP',
    ],
    [
      'XEP-0380: label of a known method',
      `<body>b</body><encryption xmlns='urn:xmpp:eme:0' namespace='urn:xmpp:otr:0'/>`,
      'OTR',
    ],
    [
      'XEP-0380: label of an unknown method',
      `<body>b</body><encryption xmlns='urn:xmpp:eme:0' namespace='im.ocat:1' name='Ocat'/>`,
      'Ocat',
    ],
    ['XEP-0380: without name', `<encryption xmlns='urn:xmpp:eme:0' namespace='im.ocat:1'/>`, 'im.ocat:1'],
    ['OTR query', `<body>?OTRv23? Alice wants privacy</body>`, 'OTR'],
    ['OTR version 1 query', `<body>?OTR? x</body>`, 'OTR'],
    ['OTR data', `<body>?OTR:AAMDJ</body>`, 'OTR'],
    ['OTR fragment', `<body>?OTR|1a2b|3c4d,1,2,xx,</body>`, 'OTR'],
    ['OTR fragment of version 2', `<body>?OTR,1,2,xx,</body>`, 'OTR'],
    ['OTR error', `<body>?OTR Error: no</body>`, 'OTR'],
    ['talk about OTR', `<body>?OTR is what</body>`, undefined],
    ['talk about OTR later', `<body>what is ?OTR:</body>`, undefined],
    ['plain', `<body>hello</body>`, undefined],
    ['one language in OTR', `<body>?OTR:x</body><body xml:lang='cs'>y</body>`, 'OTR'],
    ['another element of the namespace', `<devices xmlns='urn:xmpp:omemo:2'/><body>x</body>`, undefined],
    ['the OTR text in another element', `<subject>?OTR:x</subject><body>x</body>`, undefined],
  ];
  for (const [what, inner, name] of cases) {
    test(what, () => assert.equal(readEncryption(message(inner))?.name, name));
  }
  test('a label’s name is cut', () => {
    const label = message(`<encryption xmlns='urn:xmpp:eme:0' namespace='x' name='${'n'.repeat(1000)}'/>`);
    assert.equal(readEncryption(label)?.name.length, 64);
  });
});

describe('IM-16: copies and archives', () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    [`<received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'/></received>`, 'carbon'],
    [`<sent xmlns='urn:xmpp:carbons:2'/>`, 'carbon'],
    [`<private xmlns='urn:xmpp:carbons:2'/>`, undefined],
    [`<result xmlns='urn:xmpp:mam:2' id='1'/>`, 'archive'],
    [`<result xmlns='urn:xmpp:mam:1' id='1'/>`, 'archive'],
    [`<fin xmlns='urn:xmpp:mam:2'/>`, 'archive'],
    [`<forwarded xmlns='urn:xmpp:forward:0'/>`, undefined],
  ];
  for (const [inner, wrapper] of cases) test(inner, () => assert.equal(readWrapper(message(inner)), wrapper));
  test('XEP-0334: hints', () => {
    assert.equal(hasHint(message(serialize(hintElement('store'))), 'store'), true);
    const hinted = message(`<no-copy xmlns='urn:xmpp:hints'/><no-store xmlns='urn:x'/>`);
    assert.equal(hasHint(hinted, 'no-copy'), true);
    assert.equal(hasHint(hinted, 'no-store'), false);
  });
});

describe('IM-17: messages about messages', () => {
  const cases: readonly (readonly [string, string, string | undefined, string?])[] = [
    ['XEP-0308 example 3', `<replace id='bad1' xmlns='urn:xmpp:message-correct:0'/>`, 'correction', 'bad1'],
    ['XEP-0424', `<retract id='wrong-1' xmlns='urn:xmpp:message-retract:1'/>`, 'retraction', 'wrong-1'],
    [
      'XEP-0424 0.3',
      `<apply-to id='o1' xmlns='urn:xmpp:fasten:0'><retract xmlns='urn:xmpp:message-retract:0'/></apply-to>`,
      'retraction',
      'o1',
    ],
    [
      'XEP-0422 with something else',
      `<apply-to id='o1' xmlns='urn:xmpp:fasten:0'><x xmlns='urn:x'/></apply-to>`,
      undefined,
    ],
    [
      'XEP-0444',
      `<reactions id='744f' xmlns='urn:xmpp:reactions:0'><reaction>👋</reaction></reactions>`,
      'reaction',
      '744f',
    ],
    [
      'XEP-0461',
      `<reply to='anna@example.com' id='message-id1' xmlns='urn:xmpp:reply:0'/>`,
      'reply',
      'message-id1',
    ],
    ['without id', `<reply xmlns='urn:xmpp:reply:0'/>`, 'reply', ''],
    ['none', `<reply xmlns='urn:x'/>`, undefined],
  ];
  for (const [what, inner, kind, id] of cases) {
    test(what, () => {
      const expected = kind === undefined ? undefined : { kind, id };
      assert.deepEqual(readReference(message(inner)), expected);
    });
  }
  test('XEP-0428: ranges of the body; no range is the whole', () => {
    const both = message(
      `<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='0' end='33'/><body start='5' end='2'/><body start='x' end='2'/></fallback>` +
        `<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:message-retract:1'/>`,
    );
    assert.deepEqual(readFallbacks(both), [
      { for: 'urn:xmpp:reply:0', bodyRanges: [{ start: 0, end: 33 }] },
      { for: 'urn:xmpp:message-retract:1', bodyRanges: [] },
    ]);
    assert.deepEqual(readFallbacks(message('')), []);
  });
});

describe('XEP-0030: documents', () => {
  test('information is written and read', () => {
    const info = discoInfoElement(
      [{ category: 'gateway', type: 'sip', name: 'a<b' }],
      ['urn:x', 'jid\\20escaping'],
      'n',
    );
    assert.equal(info.attr('node'), 'n');
    const read = readDiscoInfo(readStanza(serialize(info)));
    assert.deepEqual(read.identities, [{ category: 'gateway', type: 'sip', name: 'a<b' }]);
    assert.deepEqual([...read.features], ['urn:x', 'jid\\20escaping']);
  });
  test('items', () => {
    const items = discoItemsElement([{ jid: 'a@b', name: 'n' }]);
    assert.deepEqual(
      [...items.elements()].map((item) => item.attributes),
      [['jid', 'a@b', 'name', 'n']],
    );
  });
});
