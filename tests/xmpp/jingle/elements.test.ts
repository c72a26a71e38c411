// Elements beside the session itself, from the examples of their XEPs: read, and written as they stand there.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { serialize, XmlElement } from '../../../src/xml/index.ts';
import {
  dtmfElement,
  dtmfError,
  errorElement,
  errorReply,
  initiationElement,
  initiationMessage,
  isTransferred,
  JINGLE_ERRORS,
  jingleElement,
  jingleError,
  readDtmf,
  readInitiation,
  readJingle,
  readJingleError,
  readRtpInfo,
  readStanzaError,
  readTransfer,
  rtpInfoElement,
  stanzaError,
  transferElement,
  transferredReason,
  type Initiation,
} from '../../../src/xmpp/index.ts';
import { readStanza } from '../read-xml.ts';
import { parse } from './session-play.ts';

/** The text of an example without what stands between elements; order of attributes is that of our serializer. */
const canonical = (text: string): string => serialize(sorted(parse(text.replaceAll(/>\s+</g, '><').trim())));
const written = (element: XmlElement): string => serialize(sorted(element));

function sorted(el: XmlElement): XmlElement {
  const pairs: [string, string][] = [];
  for (let at = 0; at < el.attributes.length; at += 2) {
    pairs.push([el.attributes[at] ?? '', el.attributes[at + 1] ?? '']);
  }
  pairs.sort(([left], [right]) => (left < right ? -1 : 1));
  const children = el.children.map((child) => (typeof child === 'string' ? child : sorted(child)));
  return new XmlElement(el.name, el.ns, pairs.flat(), children);
}

describe('XEP-0166 §10: conditions of errors', () => {
  const TABLE = [
    ['out-of-order', 'unexpected-request'],
    ['tie-break', 'conflict'],
    ['unknown-session', 'item-not-found'],
    ['unsupported-info', 'feature-not-implemented'],
  ] as const;

  test('each with the condition that the table pairs it with', () => {
    assert.deepEqual(
      TABLE.map(([jingle]) => jingle),
      JINGLE_ERRORS,
    );
    for (const [jingle, condition] of TABLE) {
      const error = jingleError(jingle);
      assert.equal(error.condition, condition);
      // RFC 6120 §8.3.3.
      if (jingle === 'out-of-order') assert.equal(error.type, 'wait');
      assert.equal(readJingleError(error), jingle);
    }
  });

  const EXAMPLES = {
    'unknown-session': `<iq from='romeo@montague.lit/orchard' id='ur71vs62' to='juliet@capulet.lit/balcony' type='error'>
      <error type='cancel'>
        <item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
        <unknown-session xmlns='urn:xmpp:jingle:errors:1'/>
      </error>
    </iq>`,
    'unsupported-info': `<iq from='romeo@montague.lit/orchard' id='hq7rg186' to='juliet@capulet.lit/balcony' type='error'>
      <error type='modify'>
        <feature-not-implemented xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
        <unsupported-info xmlns='urn:xmpp:jingle:errors:1'/>
      </error>
    </iq>`,
    'tie-break': `<iq from='romeo@montague.lit/orchard' id='hb2f164w' to='juliet@capulet.lit/balcony' type='error'>
      <error type='cancel'>
        <conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
        <tie-break xmlns='urn:xmpp:jingle:errors:1'/>
      </error>
    </iq>`,
  } as const;
  for (const condition of ['unknown-session', 'unsupported-info', 'tie-break'] as const) {
    test(`the example of ${condition}`, () => {
      const text = EXAMPLES[condition].replace('<iq', "<iq xmlns='jabber:client'");
      const stanza = readStanza(text);
      assert.equal(readJingleError(readStanzaError(stanza)), condition);
      const id = stanza.attr('id') ?? '';
      const asked = readStanza(
        `<iq from='juliet@capulet.lit/balcony' id='${id}' to='romeo@montague.lit/orchard' type='set'><x xmlns='urn:x'/></iq>`,
      );
      assert.equal(written(errorReply(asked, jingleError(condition))), canonical(text));
    });
  }

  test('what is not of Jingle says nothing of it', () => {
    assert.equal(readJingleError(stanzaError('item-not-found')), undefined);
    const foreign = parse("<unknown-session xmlns='urn:x'/>");
    assert.equal(readJingleError(stanzaError('item-not-found', { application: foreign })), undefined);
    const unknown = parse("<tired xmlns='urn:xmpp:jingle:errors:1'/>");
    assert.equal(readJingleError(stanzaError('conflict', { application: unknown })), undefined);
  });
});

describe('XEP-0167: informational messages', () => {
  const NS = 'urn:xmpp:jingle:apps:rtp:info:1';
  for (const text of [
    ...['active', 'hold', 'unhold', 'ringing'].map((name) => `<${name} xmlns='${NS}'/>`),
    `<mute xmlns='${NS}' creator='responder' name='voice'/>`,
    `<unmute xmlns='${NS}' creator='responder' name='voice'/>`,
    `<mute xmlns='${NS}' creator='initiator' name='${'n'.repeat(256)}'/>`,
    `<mute xmlns='${NS}'/>`,
  ]) {
    test(text, () => {
      const info = readRtpInfo(parse(text));
      assert.ok(info !== undefined);
      assert.equal(written(rtpInfoElement(info)), canonical(text));
    });
  }
  test('anything else is none', () => {
    for (const text of [`<trying xmlns='${NS}'/>`, "<hold xmlns='urn:x'/>"]) {
      assert.equal(readRtpInfo(parse(text)), undefined);
    }
    const odd = `<mute xmlns='${NS}' creator='me' name='${'n'.repeat(257)}'/>`;
    assert.deepEqual(readRtpInfo(parse(odd)), { kind: 'mute' });
  });
});

describe('XEP-0181: tones', () => {
  test('the example', () => {
    const text = "<dtmf xmlns='urn:xmpp:jingle:dtmf:0' code='7' duration='400' volume='42'/>";
    const dtmf = readDtmf(parse(text));
    assert.ok(dtmf.ok);
    assert.deepEqual(dtmf.value, { code: '7', duration: 400, volume: 42 });
    assert.equal(written(dtmfElement(dtmf.value)), canonical(text));
  });
  test('every code of the schema; 100 ms by default', () => {
    for (const code of '0123456789#*ABCD') {
      const dtmf = readDtmf(parse(`<dtmf xmlns='urn:xmpp:jingle:dtmf:0' code='${code}'/>`));
      assert.deepEqual(dtmf.ok && dtmf.value, { code, duration: 100 });
    }
  });
  for (const attributes of [
    "code='E'",
    "code='12'",
    "code=''",
    '',
    "code='1' duration='-1'",
    "code='1' duration='x'",
    "code='1' duration='60001'",
  ]) {
    test(`refused: ${attributes}`, () => {
      const dtmf = readDtmf(parse(`<dtmf xmlns='urn:xmpp:jingle:dtmf:0' ${attributes}/>`));
      assert.equal(dtmf.ok ? 'read' : dtmf.error.code, 'ERR_JINGLE_SYNTAX');
    });
  }
  test('a volume that is none is left out', () => {
    const dtmf = readDtmf(parse("<dtmf xmlns='urn:xmpp:jingle:dtmf:0' code='1' volume='64'/>"));
    assert.deepEqual(dtmf.ok && dtmf.value, { code: '1', duration: 100 });
  });
  test('the errors of its examples, all of type cancel', () => {
    const text = (why: 'unsupported' | 'code' | 'method'): string => {
      const { type, condition } = dtmfError(why);
      return `${type} ${condition}`;
    };
    assert.equal(text('unsupported'), 'cancel service-unavailable');
    assert.equal(text('code'), 'cancel feature-not-implemented');
    assert.equal(text('method'), 'cancel not-acceptable');
    const xml = serialize(errorElement(dtmfError('method'), 'jabber:client'));
    assert.ok(xml.includes("<not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"));
  });
});

describe('XEP-0251: transfers', () => {
  const NS = "xmlns='urn:xmpp:jingle:transfer:0'";
  for (const text of [
    `<transfer ${NS} to='boss@execs.example.com/phone'/>`,
    `<transfer ${NS} from='attendant@office.example.com/desk'/>`,
    `<transfer ${NS} from='attendant@office.example.com/desk' sid='663e9f' to='boss@execs.example.com/phone'/>`,
  ]) {
    test(text, () => {
      const transfer = readTransfer(parse(text));
      assert.ok(transfer.ok);
      assert.equal(written(transferElement(transfer.value)), canonical(text));
    });
  }
  for (const attributes of [
    '',
    "sid='1'",
    "to=''",
    `to='${'a'.repeat(3072)}'`,
    `from='${'a'.repeat(3072)}'`,
    `to='a@b' sid='${'s'.repeat(257)}'`,
  ]) {
    test(`refused: ${attributes.slice(0, 20)}`, () => {
      const transfer = readTransfer(parse(`<transfer ${NS} ${attributes}/>`));
      assert.equal(transfer.ok ? 'read' : transfer.error.code, 'ERR_JINGLE_SYNTAX');
    });
  }
  test('the reason of the session that was handed over, in the words of the example', () => {
    const text = `<jingle xmlns='urn:xmpp:jingle:1' action='session-terminate' sid='851ba2'><reason><success/>
      <transferred xmlns='urn:xmpp:jingle:transfer:0'/><text>Unattended transfer success</text></reason></jingle>`;
    const jingle = readJingle(parse(text));
    assert.ok(jingle.ok);
    assert.ok(isTransferred(jingle.value.reason));
    const reason = transferredReason('Unattended transfer success');
    assert.equal(written(jingleElement({ ...jingle.value, reason })), canonical(text));
    assert.equal(isTransferred({ condition: 'success' }), false);
    assert.equal(isTransferred(undefined), false);
  });
  test('XEP-0167: crypto-required is such a detail, and no transfer', () => {
    const text = `<jingle xmlns='urn:xmpp:jingle:1' action='session-terminate' sid='s'><reason><security-error/>
      <crypto-required xmlns='urn:xmpp:jingle:apps:rtp:errors:1'/></reason></jingle>`;
    const jingle = readJingle(parse(text));
    assert.ok(jingle.ok);
    assert.equal(jingle.value.reason?.detail?.name, 'crypto-required');
    assert.equal(isTransferred(jingle.value.reason), false);
    assert.equal(written(jingleElement(jingle.value)), canonical(text));
  });
});

describe('XEP-0353: the messages of its examples', () => {
  const ID = 'ca3cf894-5325-482f-a412-a6e9f832298d';
  const NEW = '989a46a6-f202-4910-a7c3-83c6ba3f3947';
  const open = (name: string): string => `<${name} xmlns='urn:xmpp:jingle-message:0' id='${ID}'>`;
  const reason = (condition: string, text: string): string =>
    `<reason xmlns='urn:xmpp:jingle:1'><${condition}/><text>${text}</text></reason>`;
  const EXAMPLES: readonly (readonly [string, Initiation])[] = [
    [
      `${open('propose')}<description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'/></propose>`,
      {
        ...{ kind: 'propose', id: ID },
        descriptions: [parse("<description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'/>")],
      },
    ],
    [`${open('ringing')}</ringing>`, { kind: 'ringing', id: ID }],
    [`${open('proceed')}</proceed>`, { kind: 'proceed', id: ID }],
    [
      `${open('retract')}${reason('cancel', 'Retracted')}</retract>`,
      { kind: 'retract', id: ID, reason: { condition: 'cancel', text: 'Retracted' }, tieBreak: false },
    ],
    [
      `${open('reject')}${reason('busy', 'Busy')}</reject>`,
      { kind: 'reject', id: ID, reason: { condition: 'busy', text: 'Busy' }, tieBreak: false },
    ],
    [
      `${open('finish')}${reason('success', 'Success')}</finish>`,
      { kind: 'finish', id: ID, reason: { condition: 'success', text: 'Success' } },
    ],
    [
      `${open('reject')}${reason('expired', 'Tie-Break')}<tie-break/></reject>`,
      { kind: 'reject', id: ID, reason: { condition: 'expired', text: 'Tie-Break' }, tieBreak: true },
    ],
    [
      `${open('finish')}${reason('expired', 'Session migrated')}<migrated to='${NEW}'/></finish>`,
      { kind: 'finish', id: ID, reason: { condition: 'expired', text: 'Session migrated' }, migratedTo: NEW },
    ],
  ];
  for (const [text, expected] of EXAMPLES) {
    test(text.slice(1, 40), () => {
      const message = `<message xmlns='jabber:client' from='romeo@montague.example/orchard' id='m' to='juliet@capulet.example' type='chat'>${text}<store xmlns='urn:xmpp:hints'/></message>`;
      const read = readInitiation(readStanza(message));
      assert.ok(read?.ok);
      assert.deepEqual(read.value, expected);
      const addresses = { from: 'romeo@montague.example/orchard', id: 'm', to: 'juliet@capulet.example' };
      // "All <message/> stanzas … MUST be of type="chat" and contain <store/> hints."
      assert.equal(written(initiationMessage(addresses, expected)), canonical(message));
    });
  }

  test('without a reason', () => {
    for (const name of ['reject', 'retract'] as const) {
      const read = readInitiation(parse(`<message>${open(name)}</${name}></message>`));
      assert.deepEqual(read, { ok: true, value: { kind: name, id: ID, tieBreak: false } });
      assert.equal(
        serialize(initiationElement({ kind: name, id: ID, tieBreak: false })),
        `<${name} xmlns='urn:xmpp:jingle-message:0' id='${ID}'/>`,
      );
    }
  });

  test('a message that has none of them', () => {
    for (const inside of [
      '<body>propose</body>',
      "<propose xmlns='urn:x' id='1'/>",
      "<accept xmlns='urn:xmpp:jingle-message:0' id='1'/>",
    ]) {
      assert.equal(readInitiation(parse(`<message>${inside}</message>`)), undefined);
    }
  });

  const NS = "xmlns='urn:xmpp:jingle-message:0'";
  const BAD: readonly (readonly [string, string, string])[] = [
    ['no id', `<proceed ${NS}/>`, 'ERR_JINGLE_SYNTAX'],
    ['an empty id', `<proceed ${NS} id=''/>`, 'ERR_JINGLE_SYNTAX'],
    ['an id of 257', `<proceed ${NS} id='${'i'.repeat(257)}'/>`, 'ERR_JINGLE_SYNTAX'],
    ['a propose of nothing', `<propose ${NS} id='1'/>`, 'ERR_JINGLE_SYNTAX'],
    [
      '… of what is no description',
      `<propose ${NS} id='1'><x xmlns='urn:x'/></propose>`,
      'ERR_JINGLE_SYNTAX',
    ],
    [
      '… of more than anybody needs',
      `<propose ${NS} id='1'>${"<description xmlns='urn:x'/>".repeat(33)}</propose>`,
      'ERR_JINGLE_LIMIT',
    ],
  ];
  for (const [name, inside, code] of BAD) {
    test(`refused: ${name}`, () => {
      const read = readInitiation(parse(`<message>${inside}</message>`));
      assert.equal(read?.ok === false ? read.error.code : 'read', code);
    });
  }

  test('an id of 256 is one', () => {
    const id = 'i'.repeat(256);
    const read = readInitiation(
      parse(`<message><finish ${NS} id='${id}'><migrated to='${id}'/></finish></message>`),
    );
    assert.deepEqual(read, { ok: true, value: { kind: 'finish', id, migratedTo: id } });
  });

  test('what a session was migrated to has to be an id', () => {
    for (const to of ['', 'i'.repeat(257)]) {
      const read = readInitiation(
        parse(`<message><finish ${NS} id='1'><migrated to='${to}'/></finish></message>`),
      );
      assert.deepEqual(read, { ok: true, value: { kind: 'finish', id: '1' } });
    }
  });
});
