// Source: RFC 6120 §8.3; rows ERR-R1, ERR-R2.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { element, NS_CLIENT, serialize } from '../../../src/xml/index.ts';
import {
  defaultErrorType,
  errorElement,
  errorReply,
  mayAnswerWithError,
  NS_STANZAS,
  readStanzaError,
  stanzaConditions,
  stanzaError,
  type StanzaError,
} from '../../../src/xmpp/index.ts';
import { readStanza } from '../read-xml.ts';

/** RFC 6120 §8.3.3.1 … 22 "the associated error type SHOULD be"; RFC 3920 §9.3.3 for payment-required. */
const types: readonly (readonly [string, string])[] = [
  ['bad-request', 'modify'],
  ['conflict', 'cancel'],
  ['feature-not-implemented', 'cancel'],
  ['forbidden', 'auth'],
  ['gone', 'cancel'],
  ['internal-server-error', 'cancel'],
  ['item-not-found', 'cancel'],
  ['jid-malformed', 'modify'],
  ['not-acceptable', 'modify'],
  ['not-allowed', 'cancel'],
  ['not-authorized', 'auth'],
  ['payment-required', 'auth'],
  ['policy-violation', 'modify'],
  ['recipient-unavailable', 'wait'],
  ['redirect', 'modify'],
  ['registration-required', 'auth'],
  ['remote-server-not-found', 'cancel'],
  ['remote-server-timeout', 'wait'],
  ['resource-constraint', 'wait'],
  ['service-unavailable', 'cancel'],
  ['subscription-required', 'auth'],
  ['undefined-condition', 'cancel'],
  ['unexpected-request', 'wait'],
];

describe('RFC 6120 §8.3.3: conditions', () => {
  test('each with its type, and no others', () => {
    assert.deepEqual(Object.entries(defaultErrorType), types);
    assert.deepEqual(
      stanzaConditions,
      types.map(([condition]) => condition),
    );
  });

  for (const condition of stanzaConditions) {
    test(`${condition} is written and read`, () => {
      const error = stanzaError(condition, { text: 'why <&>', lang: 'de' });
      const stanza = readStanza(
        serialize(errorReply(readStanza(`<message from='a@b' to='c@d' id='1'/>`), error)),
      );
      const read = readStanzaError(stanza);
      assert.deepEqual(
        [read.type, read.condition, read.text, read.lang, read.unrecognized],
        [defaultErrorType[condition], condition, 'why <&>', 'de', undefined],
      );
    });
  }
});

describe('RFC 6120 §8.3: reading <error/>', () => {
  const S = `xmlns='${NS_STANZAS}'`;
  const cases: readonly (readonly [string, string, Partial<StanzaError>])[] = [
    [
      '§8.3.3.5: gone with an address',
      `<error type='cancel'><gone ${S}> xmpp:romeo@afterlife.example.net </gone></error>`,
      { condition: 'gone', address: 'xmpp:romeo@afterlife.example.net' },
    ],
    ['gone without', `<error type='cancel'><gone ${S}/></error>`, { condition: 'gone', address: undefined }],
    [
      '§8.3.3.14: redirect',
      `<error type='modify'><redirect ${S}>xmpp:x@y</redirect></error>`,
      { condition: 'redirect', type: 'modify', address: 'xmpp:x@y' },
    ],
    [
      'no address with another condition',
      `<error type='cancel'><conflict ${S}>xmpp:x@y</conflict></error>`,
      { condition: 'conflict', address: undefined },
    ],
    [
      '§8.3.2: the type as sent',
      `<error type='wait'><service-unavailable ${S}/></error>`,
      { condition: 'service-unavailable', type: 'wait' },
    ],
    [
      'type missing: that of the condition',
      `<error><forbidden ${S}/></error>`,
      { condition: 'forbidden', type: 'auth' },
    ],
    [
      'type unknown: that of the condition',
      `<error type='toString'><forbidden ${S}/></error>`,
      { type: 'auth' },
    ],
    ['type continue', `<error type='continue'><forbidden ${S}/></error>`, { type: 'continue' }],
    [
      'ERR-X25: unknown condition',
      `<error type='wait'><strange ${S}/></error>`,
      { condition: 'undefined-condition', type: 'wait', unrecognized: true },
    ],
    [
      'a name of Object is no condition',
      `<error type='wait'><constructor ${S}/></error>`,
      { unrecognized: true },
    ],
    [
      'ERR-X22: undefined-condition itself is known',
      `<error type='modify'><undefined-condition ${S}/></error>`,
      { condition: 'undefined-condition', unrecognized: undefined },
    ],
    [
      'two conditions: the first',
      `<error type='cancel'><gone ${S}>xmpp:x@y</gone><redirect ${S}>xmpp:z@y</redirect></error>`,
      { condition: 'gone', address: 'xmpp:x@y' },
    ],
    [
      'no condition',
      `<error type='auth' code='401'/>`,
      { condition: 'undefined-condition', type: 'auth', unrecognized: true },
    ],
    ['no <error/> at all', '', { condition: 'undefined-condition', type: 'cancel', unrecognized: true }],
    [
      'language inherited from the stanza',
      `<error type='wait'><conflict ${S}/><text ${S}>x</text></error>`,
      { text: 'x', lang: 'fr' },
    ],
    [
      'own language',
      `<error type='wait'><conflict ${S}/><text ${S} xml:lang='cs'>x</text></error>`,
      { lang: 'cs' },
    ],
    [
      'no language without text',
      `<error type='wait'><conflict ${S}/><text ${S}> </text></error>`,
      { text: undefined, lang: undefined },
    ],
    [
      'text in another namespace is none',
      `<error type='wait'><conflict ${S}/><text>x</text></error>`,
      { text: undefined },
    ],
  ];
  for (const [name, error, expected] of cases) {
    test(name, () => {
      const read = readStanzaError(
        readStanza(`<message type='error' from='a@b' to='c@d' xml:lang='fr'>${error}</message>`),
      );
      for (const [key, value] of Object.entries(expected))
        assert.equal(Object.entries(read).find(([k]) => k === key)?.[1], value, key);
    });
  }

  test('§8.3.4: application-specific condition', () => {
    const read = readStanzaError(
      readStanza(
        `<iq type='error' id='1'><error type='cancel'><too-many xmlns='urn:app'/><undefined-condition ${S}/></error></iq>`,
      ),
    );
    assert.deepEqual(
      [read.condition, read.application?.name, read.application?.ns],
      ['undefined-condition', 'too-many', 'urn:app'],
    );
  });

  test('written: address only with gone and redirect, text with a language, application condition', () => {
    const el = errorElement(
      {
        type: 'cancel',
        condition: 'gone',
        address: 'xmpp:x@y',
        text: 'moved',
        application: element('a', 'urn:app'),
      },
      NS_CLIENT,
    );
    assert.equal(el.child('gone', NS_STANZAS)?.text(), 'xmpp:x@y');
    assert.equal(el.child('text', NS_STANZAS)?.attr('xml:lang'), 'en');
    assert.ok(el.child('a', 'urn:app'));
    assert.equal(
      errorElement(stanzaError('conflict', { address: 'xmpp:x@y' }), NS_CLIENT)
        .child('conflict')
        ?.text(),
      '',
    );
  });
});

describe('ERR-R1: what is never answered with an error', () => {
  const cases: readonly (readonly [string, boolean])[] = [
    [`<message from='a@b'/>`, true],
    [`<message from='a@b' type='chat'/>`, true],
    [`<message from='a@b' type='error'/>`, false],
    [`<presence from='a@b'/>`, true],
    [`<presence from='a@b' type='error'/>`, false],
    [`<iq from='a@b' type='get'/>`, true],
    [`<iq from='a@b' type='set'/>`, true],
    [`<iq from='a@b' type='result'/>`, false],
    [`<iq from='a@b' type='error'/>`, false],
    [`<iq from='a@b' type='odd'/>`, true],
    [`<message from='a@b' type='result'/>`, true],
    [`<message/>`, false],
    [`<message from=''/>`, false],
    [`<message xmlns='urn:x' from='a@b'/>`, false],
    [`<handshake from='a@b'/>`, false],
  ];
  for (const [text, may] of cases) {
    test(`${text}: ${may ? 'may' : 'never'}`, () => assert.equal(mayAnswerWithError(readStanza(text)), may));
  }
});

describe('ERR-R2: the error stanza', () => {
  test('from the address used, to the sender, same id; nothing of the content', () => {
    const stanza = readStanza(
      `<message from='a@b/c' to='d@e' id='x&amp;"1' type='chat' xml:lang='de'><body>secret</body></message>`,
    );
    assert.equal(
      serialize(errorReply(stanza, stanzaError('item-not-found'))),
      serialize(
        readStanza(
          `<message from='d@e' to='a@b/c' id='x&amp;"1' type='error'><error type='cancel'><item-not-found xmlns='${NS_STANZAS}'/></error></message>`,
        ),
      ),
    );
  });

  test('a stanza without id is answered without id', () => {
    assert.equal(
      errorReply(readStanza(`<message from='a@b' to='d@e/f'/>`), stanzaError('conflict')).attr('id'),
      undefined,
    );
  });
});
