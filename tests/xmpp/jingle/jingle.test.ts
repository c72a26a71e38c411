// Jingle (XEP-0166): what is read, what is refused, and that what is written is read again.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseDocument, serialize, type XmlElement } from '../../../src/xml/index.ts';
import {
  DEFAULT_JINGLE_LIMITS,
  JINGLE_ACTIONS,
  jingleElement,
  readJingle,
  REASONS,
  type Jingle,
} from '../../../src/xmpp/index.ts';

function parse(text: string): XmlElement {
  const parsed = parseDocument(Buffer.from(text));
  assert.ok(parsed.ok);
  return parsed.value;
}

const wrap = (inside: string, attributes = "action='session-initiate' sid='a73sjjvkla37jfea'"): XmlElement =>
  parse(`<jingle xmlns='urn:xmpp:jingle:1' ${attributes}>${inside}</jingle>`);

function read(element: XmlElement): Jingle {
  const result = readJingle(element);
  assert.ok(result.ok, result.ok ? '' : result.error.message);
  return result.value;
}

const codeOf = (element: XmlElement): string => {
  const result = readJingle(element);
  return result.ok ? 'read' : result.error.code;
};

describe('what is read', () => {
  test('every action of §7.2, and no other', () => {
    for (const action of JINGLE_ACTIONS)
      assert.equal(read(wrap('', `action='${action}' sid='s'`)).action, action);
    assert.equal(JINGLE_ACTIONS.length, 15);
    assert.equal(codeOf(wrap('', "action='session-begin' sid='s'")), 'ERR_JINGLE_SYNTAX');
  });

  test('XEP-0167, example 1 with XEP-0176: contents, description, transport', () => {
    const jingle = read(
      wrap(
        `<content creator='initiator' name='voice'>
          <description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'>
            <payload-type id='96' name='speex' clockrate='16000'/>
            <payload-type id='18' name='G729'/>
            <payload-type id='103' name='L16' clockrate='16000' channels='2'/>
          </description>
          <transport xmlns='urn:xmpp:jingle:transports:ice-udp:1' pwd='asd88fgpdd777uzjYhagZg' ufrag='8hhy'>
            <candidate component='1' foundation='1' generation='0' id='el0747fg11' ip='10.0.1.1' network='1' port='8998' priority='2130706431' protocol='udp' type='host'/>
            <candidate component='1' foundation='2' generation='0' id='y3s2b30v3r' ip='192.0.2.3' network='1' port='45664' priority='1694498815' protocol='udp' rel-addr='10.0.1.1' rel-port='8998' type='srflx'/>
          </transport>
        </content>`,
        "action='session-initiate' initiator='romeo@montague.lit/orchard' sid='a73sjjvkla37jfea'",
      ),
    );
    const [content] = jingle.contents;
    assert.deepEqual(
      [jingle.initiator, content?.name, content?.creator],
      ['romeo@montague.lit/orchard', 'voice', 'initiator'],
    );
    assert.ok(content?.description?.kind === 'rtp' && content.transport?.kind === 'ice-udp');
    assert.deepEqual(
      content.description.payloads.map(({ id, name, clockrate, channels }) => [
        id,
        name,
        clockrate,
        channels,
      ]),
      [
        [96, 'speex', 16_000, undefined],
        [18, 'G729', undefined, undefined],
        [103, 'L16', 16_000, 2],
      ],
    );
    assert.deepEqual(
      content.transport.candidates.map(({ ip, port, type, relPort }) => [ip, port, type, relPort]),
      [
        ['10.0.1.1', 8998, 'host', undefined],
        ['192.0.2.3', 45_664, 'srflx', 8998],
      ],
    );
  });

  test('§7.4: every reason, with its text and the session to use instead', () => {
    for (const condition of REASONS) {
      const { reason } = read(wrap(`<reason><text>why</text><${condition}/></reason>`));
      assert.deepEqual(reason, { condition, text: 'why' });
    }
    const other = read(
      wrap('<reason><alternative-session><sid>b84tkkwlmb48kgfb</sid></alternative-session></reason>'),
    );
    assert.deepEqual(other.reason, { condition: 'alternative-session', alternative: 'b84tkkwlmb48kgfb' });
    assert.equal(read(wrap('<reason><tired/></reason>')).reason, undefined);
  });

  test('a description and a transport that nobody here knows are kept as they came', () => {
    const inside =
      "<content creator='initiator' name='f'><description xmlns='urn:x'><a/></description><transport xmlns='urn:y'/></content>";
    const jingle = read(wrap(inside));
    assert.ok(jingle.contents[0]?.description?.kind === 'other');
    assert.ok(
      serialize(jingleElement(jingle)).includes(
        "<description xmlns='urn:x'><a/></description><transport xmlns='urn:y'/>",
      ),
    );
  });

  test('what a session-info says is kept', () => {
    const jingle = read(
      wrap("<ringing xmlns='urn:xmpp:jingle:apps:rtp:info:1'/>", "action='session-info' sid='s'"),
    );
    assert.deepEqual(
      jingle.infos.map(({ name, ns }) => [name, ns]),
      [['ringing', 'urn:xmpp:jingle:apps:rtp:info:1']],
    );
  });

  test('parts that are not of the schema are left out, and the rest is read', () => {
    const jingle = read(
      wrap(`<content creator='initiator' name='v'>
        <description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'>
          <payload-type id='128' name='a' clockrate='1'/><payload-type name='b'/><payload-type id='0'/><payload-type id='0' name='twice'/>
          <bandwidth type='AS'>many</bandwidth>
        </description>
        <transport xmlns='urn:xmpp:jingle:transports:ice-udp:1'>
          <candidate component='0' foundation='1' ip='1.2.3.4' port='1' priority='1' protocol='udp'/>
          <candidate component='1' foundation='1' ip='1.2.3.4' port='65536' priority='1' protocol='udp'/>
          <candidate component='1' foundation='1' ip='1.2 3.4' port='1' priority='1' protocol='udp'/>
          <candidate component='1' foundation='1' ip='1.2.3.4' port='1' priority='1' protocol='UDP'/>
          <fingerprint xmlns='urn:xmpp:jingle:apps:dtls:0' hash='sha-1'>no</fingerprint>
        </transport>
      </content>`),
    );
    const [content] = jingle.contents;
    assert.ok(content?.description?.kind === 'rtp' && content.transport?.kind === 'ice-udp');
    assert.deepEqual(
      content.description.payloads.map(({ id, name }) => [id, name]),
      [[0, undefined]],
    );
    assert.deepEqual(content.description.bandwidths, []);
    assert.deepEqual(
      content.transport.candidates.map(({ protocol, type }) => [protocol, type]),
      [['udp', 'host']],
    );
    assert.deepEqual(content.transport.fingerprints, []);
  });
});

describe('what is refused (§7: bad-request)', () => {
  const CASES: [string, XmlElement, string][] = [
    ['no sid', wrap('', "action='session-info'"), 'ERR_JINGLE_SYNTAX'],
    ['an empty sid', wrap('', "action='session-info' sid=''"), 'ERR_JINGLE_SYNTAX'],
    ['a sid of 257', wrap('', `action='session-info' sid='${'s'.repeat(257)}'`), 'ERR_JINGLE_SYNTAX'],
    [
      'another element',
      parse("<jingle xmlns='urn:xmpp:jingle:0' action='session-info' sid='s'/>"),
      'ERR_JINGLE_SYNTAX',
    ],
    ['a content without a name', wrap("<content creator='initiator'/>"), 'ERR_JINGLE_SYNTAX'],
    ['a content of nobody', wrap("<content creator='me' name='a'/>"), 'ERR_JINGLE_SYNTAX'],
    [
      'senders that there are not',
      wrap("<content creator='initiator' name='a' senders='all'/>"),
      'ERR_JINGLE_SYNTAX',
    ],
    [
      'two contents of one name',
      wrap("<content creator='initiator' name='a'/><content creator='initiator' name='a'/>"),
      'ERR_JINGLE_SYNTAX',
    ],
    [
      'more contents than anybody needs',
      wrap(
        Array.from(
          { length: DEFAULT_JINGLE_LIMITS.maxContents + 1 },
          (_, n) => `<content creator='initiator' name='${n}'/>`,
        ).join(''),
      ),
      'ERR_JINGLE_LIMIT',
    ],
    [
      'more candidates than anybody needs',
      wrap(
        `<content creator='initiator' name='a'><transport xmlns='urn:x'>${'<c/>'.repeat(DEFAULT_JINGLE_LIMITS.maxParts + 1)}</transport></content>`,
      ),
      'ERR_JINGLE_LIMIT',
    ],
    [
      'more of anything',
      wrap('<x xmlns="urn:x"/>'.repeat(DEFAULT_JINGLE_LIMITS.maxContents + 1)),
      'ERR_JINGLE_LIMIT',
    ],
  ];
  for (const [name, element, code] of CASES) test(name, () => assert.equal(codeOf(element), code));

  test('one name of two creators is two contents (§10)', () => {
    assert.equal(
      read(wrap("<content creator='initiator' name='a'/><content creator='responder' name='a'/>")).contents
        .length,
      2,
    );
  });
});

test('what is written is read again as it was', () => {
  const jingle = read(
    wrap(
      `<group xmlns='urn:xmpp:jingle:apps:grouping:0' semantics='BUNDLE'><content name='a'/></group>
      <content creator='responder' name='a' senders='none' disposition='early-session'>
        <description xmlns='urn:xmpp:jingle:apps:rtp:1' media='video'>
          <payload-type id='96' name='VP8' clockrate='90000' ptime='20'><parameter name='x' value='y'/>
            <rtcp-fb xmlns='urn:xmpp:jingle:apps:rtp:rtcp-fb:0' type='nack' subtype='pli'/></payload-type>
          <bandwidth type='AS'>512</bandwidth><rtcp-mux/>
          <encryption required='1'><crypto crypto-suite='A' key-params='inline:K' session-params='P' tag='1'/>
            <zrtp-hash xmlns='urn:xmpp:jingle:apps:rtp:zrtp:1' version='1.10'>fe</zrtp-hash></encryption>
          <rtcp-fb-trr-int xmlns='urn:xmpp:jingle:apps:rtp:rtcp-fb:0' value='100'/>
          <rtp-hdrext xmlns='urn:xmpp:jingle:apps:rtp:rtp-hdrext:0' id='1' uri='urn:x' senders='responder'/>
          <extmap-allow-mixed xmlns='urn:xmpp:jingle:apps:rtp:rtp-hdrext:0'/>
          <ssrc-group xmlns='urn:xmpp:jingle:apps:rtp:ssma:0' semantics='FID'><source ssrc='1'/><source ssrc='2'/></ssrc-group>
          <source xmlns='urn:xmpp:jingle:apps:rtp:ssma:0' ssrc='1'><parameter name='cname' value='c'/><parameter name='f'/></source>
        </description>
        <transport xmlns='urn:xmpp:jingle:transports:ice-udp:1' pwd='p' ufrag='u'>
          <trickle xmlns='http://gultsch.de/xmpp/drafts/jingle/transports/ice-udp/option'/>
          <fingerprint xmlns='urn:xmpp:jingle:apps:dtls:0' hash='sha-256' setup='active'>AB:CD</fingerprint>
          <candidate component='1' foundation='1' generation='2' id='i' ip='10.0.1.1' network='1' port='8998' priority='1' protocol='udp' rel-addr='10.0.0.1' rel-port='1' type='srflx'/>
          <remote-candidate component='1' ip='1.2.3.4' port='5'/><gathering-complete/>
        </transport>
      </content>
      <content creator='initiator' name='b'>
        <transport xmlns='urn:xmpp:jingle:transports:raw-udp:1'><candidate component='2' generation='1' id='r' ip='::1' port='7'/></transport>
      </content>
      <reason><busy/><text>later</text></reason>`,
      "action='content-add' sid='s' initiator='a@x.example/1' responder='b@y.example/2'",
    ),
  );
  const again = read(parse(serialize(jingleElement(jingle))));
  assert.deepEqual(again, jingle);
  assert.equal(jingle.contents.length, 2);
});
