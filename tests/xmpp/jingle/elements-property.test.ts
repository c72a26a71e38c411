// Elements of Jingle with anything in any place: readers say no, they do not throw; what they read is written and read again
// as it was.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseDocument, serialize, XmlElement } from '../../../src/xml/index.ts';
import {
  dtmfElement,
  initiationElement,
  jingleElement,
  NS_DTMF,
  NS_JINGLE,
  NS_JINGLE_ERRORS,
  NS_JINGLE_MESSAGE,
  NS_RTP,
  NS_RTP_INFO,
  NS_TRANSFER,
  readDtmf,
  readInitiation,
  readJingle,
  readJingleError,
  readRtpInfo,
  readStanzaError,
  readTransfer,
  rtpInfoElement,
  transferElement,
} from '../../../src/xmpp/index.ts';

const NAMES = [
  ...[
    'jingle',
    'content',
    'description',
    'transport',
    'reason',
    'text',
    'success',
    'alternative-session',
    'sid',
  ],
  ...[
    'propose',
    'ringing',
    'proceed',
    'reject',
    'retract',
    'finish',
    'migrated',
    'tie-break',
    'dtmf',
    'transfer',
  ],
  ...['hold', 'mute', 'unknown-session', 'error', 'transferred', 'busy'],
];
const SPACES = [
  ...[NS_JINGLE, NS_JINGLE, NS_JINGLE_MESSAGE, NS_JINGLE_MESSAGE, NS_RTP, NS_RTP_INFO, NS_DTMF, NS_TRANSFER],
  ...[NS_JINGLE_ERRORS, 'jabber:client', 'urn:x'],
];
const ATTRIBUTES = [
  'id',
  'sid',
  'action',
  'creator',
  'name',
  'senders',
  'code',
  'duration',
  'volume',
  'to',
  'from',
  'media',
];
const VALUES = [
  '',
  '1',
  '0',
  '100',
  '-1',
  '9'.repeat(30),
  'initiator',
  'both',
  'session-info',
  'session-initiate',
  'a',
  '#',
  'x'.repeat(257),
];

const text = fc.oneof(fc.constantFrom(...VALUES), fc.stringMatching(/^[ -~é𐀀]{0,20}$/u));
const attributes = fc
  .dictionary(fc.constantFrom(...ATTRIBUTES), text, { maxKeys: 5 })
  .map((record) => Object.entries(record).flat());
const tree = fc.letrec<{ node: XmlElement }>((tie) => ({
  node: fc
    .record({
      ...{ name: fc.constantFrom(...NAMES), ns: fc.constantFrom(...SPACES), attributes },
      children: fc.array(
        fc.oneof(
          { depthSize: 'small' },
          text.filter((each) => each !== ''),
          tie('node'),
        ),
        { maxLength: 4 },
      ),
    })
    .map(({ name, ns, attributes: list, children }) => new XmlElement(name, ns, list, children)),
})).node;

function reread(element: XmlElement): XmlElement {
  const parsed = parseDocument(Buffer.from(serialize(element)));
  assert.ok(parsed.ok);
  return parsed.value;
}

test('any tree: read or refused, and read again as it was', () => {
  let found = 0;
  fc.assert(
    fc.property(tree, (node) => {
      readJingleError(readStanzaError(node));
      const dtmf = readDtmf(node);
      if (dtmf.ok) assert.deepEqual(readDtmf(reread(dtmfElement(dtmf.value))), dtmf);
      const transfer = readTransfer(node);
      if (transfer.ok) assert.deepEqual(readTransfer(reread(transferElement(transfer.value))), transfer);
      const info = readRtpInfo(node);
      if (info !== undefined) assert.deepEqual(readRtpInfo(reread(rtpInfoElement(info))), info);
      const initiation = readInitiation(new XmlElement('message', 'jabber:client', [], [node]));
      if (initiation?.ok === true) {
        found += 1;
        const again = new XmlElement(
          'message',
          'jabber:client',
          [],
          [reread(initiationElement(initiation.value))],
        );
        assert.deepEqual(stable(readInitiation(again)), stable(initiation));
      }
      const jingle = readJingle(node);
      if (jingle.ok)
        assert.deepEqual(stable(readJingle(reread(jingleElement(jingle.value)))), stable(jingle));
    }),
    { numRuns: 3000 },
  );
  assert.ok(found > 0, 'some of them are read');
});

/** Elements that are kept as they came, as text: the parser joins neighbouring texts. */
function stable(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => (each instanceof XmlElement ? serialize(each) : each));
}
