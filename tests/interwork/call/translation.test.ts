// Session descriptions and contents of Jingle, row by row of table 7.3, both directions; and that what both can say comes
// back as it was.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  toJingle,
  toSdp,
  type ContentTable,
  type JingleContents,
  type Party,
} from '../../../src/interwork/call/index.ts';
import { formatSdp, parseSdp, type SessionDescription } from '../../../src/sdp/index.ts';
import { parseDocument, serialize, type XmlElement } from '../../../src/xml/index.ts';
import { jingleElement, readJingle, type Content } from '../../../src/xmpp/index.ts';
import { recordedDescriptions } from '../../sdp/bodies.ts';

const HEAD = ['v=0', 'o=- 1 1 IN IP4 192.0.2.1', 's=-', 'c=IN IP4 192.0.2.1', 't=0 0'];
const PWD = 'asd88fgpdd777uzjYhagZg';
const ICE = ['a=ice-ufrag:8hhY', `a=ice-pwd:${PWD}`];

function sdp(...lines: string[]): SessionDescription {
  const result = parseSdp([...HEAD, ...lines].join('\r\n'));
  assert.ok(result.ok, result.ok ? '' : result.error.message);
  return result.value;
}

let ids = 0;
const newId = (): string => `c${++ids}`;

function jingle(
  session: SessionDescription,
  party: Party = 'initiator',
  table: ContentTable = [],
): JingleContents {
  ids = 0;
  return toJingle(session, { party, table, newId });
}

/** The contents as XML, without the namespace declarations that say nothing here. */
function xml(session: SessionDescription, party: Party = 'initiator'): string {
  const { contents, groups } = jingle(session, party);
  const whole = jingleElement({ action: 'session-initiate', sid: 's', contents, groups, infos: [] });
  return serialize(whole);
}

/** The lines of a description made of these contents, o= and the like left away. */
function lines(
  contents: readonly Content[],
  table: ContentTable,
  party: Party = 'initiator',
  offer?: SessionDescription,
): string[] {
  const { description } = toSdp(contents, [], { party, table, origin: sdp().origin, trickle: false, offer });
  return formatSdp(description).trimEnd().split('\r\n').slice(4);
}

/** The contents of a `<jingle/>` that is written down. */
function contentsOf(text: string): readonly Content[] {
  const parsed = parseDocument(
    Buffer.from(`<jingle xmlns='urn:xmpp:jingle:1' action='session-initiate' sid='s'>${text}</jingle>`),
  );
  assert.ok(parsed.ok);
  const read = readJingle(parsed.value);
  assert.ok(read.ok, read.ok ? '' : read.error.message);
  return read.value.contents;
}

const tableOf = (contents: readonly Content[], mid = false): ContentTable =>
  contents.map(({ name, creator }) => ({ name, creator, ...(mid ? { mid: name } : {}) }));

/** Back and forth: the description made of what was made of it. */
function roundTrip(session: SessionDescription, party: Party = 'initiator'): SessionDescription {
  const { contents, groups, table } = jingle(session, party);
  const written = jingleElement({ action: 'session-initiate', sid: 's', contents, groups, infos: [] });
  const read = readJingle(written);
  assert.ok(read.ok);
  return toSdp(read.value.contents, read.value.groups, {
    ...{ party, table, origin: session.origin, before: session, trickle: false },
  }).description;
}

describe('rows, from SDP', () => {
  const audio = (...more: string[]): SessionDescription =>
    sdp('m=audio 49170 RTP/AVP 96', 'a=rtpmap:96 opus/48000/2', ...more);
  const FOUND: [string, SessionDescription, string][] = [
    ['SDP-03: a mid is the name', audio('a=mid:a1'), "name='a1'"],
    ['SDP-03: without one the medium is', audio(), "name='audio'"],
    ['SDP-08: channels', audio(), "<payload-type id='96' name='opus' clockrate='48000' channels='2'"],
    [
      'SDP-08: 1 channel is not said',
      sdp('m=audio 1 RTP/AVP 0'),
      "<payload-type id='0' name='PCMU' clockrate='8000'/>",
    ],
    [
      'SDP-09: parameters',
      audio('a=fmtp:96 minptime=10; useinbandfec=1'),
      "<parameter name='minptime' value='10'/><parameter name='useinbandfec' value='1'/>",
    ],
    [
      'SDP-09: a text without a name',
      sdp('m=audio 1 RTP/AVP 101', 'a=rtpmap:101 telephone-event/8000', 'a=fmtp:101 0-15'),
      "<parameter name='' value='0-15'/>",
    ],
    [
      'SDP-10: ptime at each payload',
      sdp('m=audio 1 RTP/AVP 0 8', 'a=ptime:20', 'a=maxptime:60'),
      "<payload-type id='8' name='PCMA' clockrate='8000' ptime='20' maxptime='60'/>",
    ],
    ['SDP-11: bandwidth', sdp('m=audio 1 RTP/AVP 0', 'b=AS:64'), "<bandwidth type='AS'>64</bandwidth>"],
    ['SDP-12: rtcp-mux', audio('a=rtcp-mux'), '<rtcp-mux/>'],
    [
      'SDP-14: feedback of a payload',
      audio('a=rtcp-fb:96 nack pli'),
      "<rtcp-fb xmlns='urn:xmpp:jingle:apps:rtp:rtcp-fb:0' type='nack' subtype='pli'/></payload-type>",
    ],
    [
      'SDP-14: feedback of all',
      audio('a=rtcp-fb:* transport-cc'),
      "channels='2'/><rtcp-fb xmlns='urn:xmpp:jingle:apps:rtp:rtcp-fb:0' type='transport-cc'/>",
    ],
    [
      'SDP-14: trr-int',
      audio('a=rtcp-fb:* trr-int 100'),
      "<rtcp-fb-trr-int xmlns='urn:xmpp:jingle:apps:rtp:rtcp-fb:0' value='100'/>",
    ],
    [
      'SDP-15: header extension',
      audio('a=extmap:1 urn:x'),
      "<rtp-hdrext xmlns='urn:xmpp:jingle:apps:rtp:rtp-hdrext:0' id='1' uri='urn:x'/>",
    ],
    [
      'SDP-15: its direction as SDP-20',
      audio('a=extmap:1/recvonly urn:x'),
      "id='1' uri='urn:x' senders='responder'/>",
    ],
    ['SDP-16: of the session too', sdp('a=extmap-allow-mixed', 'm=audio 1 RTP/AVP 0'), '<extmap-allow-mixed'],
    [
      'SDP-17: sources',
      audio('a=ssrc:7 cname:x', 'a=ssrc:7 flag'),
      "ssrc='7'><parameter name='cname' value='x'/><parameter name='flag'/></source>",
    ],
    [
      'SDP-18: groups of sources',
      audio('a=ssrc-group:FID 1 2'),
      "semantics='FID'><source ssrc='1'/><source ssrc='2'/></ssrc-group>",
    ],
    [
      'SDP-19: msid at the source',
      audio('a=msid:s t', 'a=ssrc:7 cname:x'),
      "<parameter name='msid' value='s t'/>",
    ],
    ['SDP-20: sendonly of the initiator', audio('a=sendonly'), "senders='initiator'"],
    ['SDP-20: of the session', sdp('a=inactive', 'm=audio 1 RTP/AVP 0'), "senders='none'"],
    [
      'SDP-22: keys in the description',
      sdp('m=audio 1 RTP/SAVP 0', 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:K|2^20|1:32'),
      "<encryption required='1'><crypto crypto-suite='AES_CM_128_HMAC_SHA1_80' key-params='inline:K|2^20|1:32' tag='1'/></encryption>",
    ],
    [
      'SDP-22: not required with AVP',
      sdp('m=audio 1 RTP/AVP 0', 'a=crypto:1 A inline:K'),
      '<encryption><crypto',
    ],
    [
      'SDP-23: fingerprint',
      audio(...ICE, 'a=setup:actpass', 'a=fingerprint:SHA-256 ab:cd'),
      "<fingerprint xmlns='urn:xmpp:jingle:apps:dtls:0' hash='sha-256' setup='actpass'>AB:CD</fingerprint>",
    ],
    ['SDP-24: credentials', audio(...ICE), `ufrag='8hhY' pwd='${PWD}'`],
    ['SDP-24: of the session', sdp(...ICE, 'm=audio 1 RTP/AVP 0'), "ufrag='8hhY'"],
    [
      'SDP-25: candidate',
      audio(...ICE, 'a=candidate:1 1 UDP 2130706431 192.0.2.1 49170 typ host generation 0 network-id 2'),
      "<candidate component='1' foundation='1' generation='0' id='c1' ip='192.0.2.1' network='2' port='49170' priority='2130706431' protocol='udp' type='host'/>",
    ],
    [
      'SDP-25: related address',
      audio(...ICE, 'a=candidate:1 1 udp 1 192.0.2.1 49170 typ srflx raddr 10.0.0.1 rport 5'),
      "rel-addr='10.0.0.1' rel-port='5' type='srflx'/>",
    ],
    ['SDP-26: the end of candidates', audio(...ICE, 'a=end-of-candidates'), '<gathering-complete/>'],
    [
      'SDP-27: trickle',
      audio(...ICE, 'a=ice-options:trickle'),
      "<trickle xmlns='http://gultsch.de/xmpp/drafts/jingle/transports/ice-udp/option'/>",
    ],
    [
      'SDP-29: remote candidates',
      audio(...ICE, 'a=remote-candidates:1 192.0.2.3 45664'),
      "<remote-candidate component='1' ip='192.0.2.3' port='45664'/>",
    ],
    [
      'SDP-30: no ICE',
      audio(),
      "<transport xmlns='urn:xmpp:jingle:transports:raw-udp:1'><candidate component='1' generation='0' id='c1' ip='192.0.2.1' port='49170'/><candidate component='2' generation='0' id='c2' ip='192.0.2.1' port='49171'/></transport>",
    ],
    ['SDP-13: where RTCP goes', audio('a=rtcp:5000 IN IP4 192.0.2.9'), "id='c2' ip='192.0.2.9' port='5000'"],
    [
      'SDP-31: ZRTP',
      audio('a=zrtp-hash:1.10 fe30'),
      "<zrtp-hash xmlns='urn:xmpp:jingle:apps:rtp:zrtp:1' version='1.10'>fe30</zrtp-hash>",
    ],
    [
      'SDP-33: the address is not among the candidates',
      audio(...ICE, 'a=candidate:1 1 udp 1 192.0.2.7 1 typ host'),
      'urn:xmpp:jingle:transports:raw-udp:1',
    ],
    [
      'SDP-37: several a=fmtp',
      audio('a=fmtp:96 a=1', 'a=fmtp:96 b=2'),
      "<parameter name='a' value='1'/><parameter name='b' value='2'/>",
    ],
    ['SDP-38: IPv6', sdp('m=audio 1 RTP/AVP 0', 'c=IN IP6 2001:db8::1'), "ip='2001:db8::1'"],
    [
      'SDP-21: groups',
      sdp('a=group:BUNDLE a v', 'm=audio 1 RTP/AVP 0', 'a=mid:a', 'm=video 1 RTP/AVP 31', 'a=mid:v'),
      "<group xmlns='urn:xmpp:jingle:apps:grouping:0' semantics='BUNDLE'><content name='a'/><content name='v'/></group>",
    ],
  ];
  for (const [name, session, wanted] of FOUND) {
    test(name, () => assert.ok(xml(session).includes(wanted), xml(session)));
  }

  const ABSENT: [string, SessionDescription, string][] = [
    ['SDP-12: none', audio(), 'rtcp-mux'],
    ['SDP-20: both is not said', audio('a=sendrecv'), 'senders'],
    [
      'SDP-25: over TCP',
      audio(
        ...ICE,
        'a=candidate:1 1 udp 2 192.0.2.1 49170 typ host',
        'a=candidate:2 1 tcp 1 192.0.2.1 9 typ host tcptype active',
      ),
      'tcp',
    ],
    ['SDP-28: ice-lite', audio('a=ice-lite', ...ICE), 'lite'],
    ['SDP-30: with rtcp-mux one candidate', audio('a=rtcp-mux'), "component='2'"],
    ['SDP-32: rtcp-rsize', audio('a=rtcp-rsize'), 'rsize'],
    ['SDP-34: what nobody knows', audio('a=x-mine:1'), 'x-mine'],
    ['SDP-21: a name that is not there', sdp('a=group:BUNDLE z', 'm=audio 1 RTP/AVP 0', 'a=mid:a'), '<group'],
  ];
  for (const [name, session, unwanted] of ABSENT)
    test(name, () => assert.ok(!xml(session).includes(unwanted), xml(session)));

  const SENDERS: [string, Party, string | undefined][] = [
    ['sendrecv', 'initiator', undefined],
    ['sendonly', 'initiator', 'initiator'],
    ['recvonly', 'initiator', 'responder'],
    ['inactive', 'initiator', 'none'],
    ['sendrecv', 'responder', undefined],
    ['sendonly', 'responder', 'responder'],
    ['recvonly', 'responder', 'initiator'],
    ['inactive', 'responder', 'none'],
  ];
  for (const [direction, party, senders] of SENDERS) {
    test(`SDP-20: ${direction} in the description of the ${party}, and back`, () => {
      const [content] = jingle(audio(`a=${direction}`), party).contents;
      assert.ok(content !== undefined);
      assert.equal(content.senders, senders);
      assert.ok(lines([content], tableOf([content]), party).includes(`a=${direction}`));
    });
  }

  test('SDP-02, SDP-04: what Jingle cannot say, or what is rejected, keeps its place and is told', () => {
    const result = jingle(
      sdp(
        'm=audio 0 RTP/AVP 0',
        'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
        'm=video 3 RTP/AVP 31',
        'm=audio 5 RTP/AVP x',
        'm=video 7 udp 31',
      ),
    );
    assert.deepEqual(
      result.contents.map(({ name }) => name),
      ['video'],
    );
    assert.deepEqual([result.rejected, result.unsupported], [[0], [1, 3, 4]]);
    assert.deepEqual(
      result.table.map(({ name }) => name),
      ['audio', 'application', 'video', 'audio3', 'video4'],
    );
  });

  test('RFC 9143 §6: a bundle-only line with port 0 is not rejected', () => {
    const { contents, rejected } = jingle(sdp('m=audio 0 RTP/AVP 0', 'a=bundle-only', ...ICE));
    assert.deepEqual([contents.length, rejected], [1, []]);
  });

  test('SDP-02: names stay for the whole call; new lines come at the end', () => {
    const first = jingle(sdp('m=audio 1 RTP/AVP 0')).table;
    const table: ContentTable = first.map((entry) => ({ ...entry, name: 'voice' }));
    const next = jingle(
      sdp('m=audio 1 RTP/AVP 0', 'm=audio 3 RTP/AVP 0', 'm=video 5 RTP/AVP 31'),
      'responder',
      table,
    );
    assert.deepEqual(
      next.table.map(({ name, creator }) => [name, creator]),
      [
        ['voice', 'initiator'],
        ['audio', 'responder'],
        ['video', 'responder'],
      ],
    );
  });
});

describe('rows, from Jingle', () => {
  const RTP = "xmlns='urn:xmpp:jingle:apps:rtp:1'";
  const RAW =
    "<transport xmlns='urn:xmpp:jingle:transports:raw-udp:1'><candidate component='1' generation='0' id='a' ip='192.0.2.5' port='4000'/></transport>";
  const ice = (inside = '', more = `ufrag='8hhY' pwd='${PWD}'`): string =>
    `<transport xmlns='urn:xmpp:jingle:transports:ice-udp:1' ${more}>${inside}</transport>`;
  const candidate = (type: string, ip: string, port: number, component = 1): string =>
    `<candidate component='${component}' foundation='1' generation='0' id='x' ip='${ip}' port='${port}' priority='1' protocol='udp' type='${type}'/>`;
  const content = (inside: string, transport = RAW, more = ''): string =>
    `<content creator='initiator' name='audio' ${more}><description ${RTP} media='audio'>${inside}</description>${transport}</content>`;
  const PCMU = "<payload-type id='0' name='PCMU' clockrate='8000'/>";
  const DTLS =
    "<fingerprint xmlns='urn:xmpp:jingle:apps:dtls:0' hash='sha-256' setup='actpass'>ab:cd</fingerprint>";

  const SSMA = "xmlns='urn:xmpp:jingle:apps:rtp:ssma:0'";
  const CASES: [string, string, string[]][] = [
    [
      'SDP-05: raw-udp',
      content(PCMU),
      ['m=audio 4000 RTP/AVP 0', 'c=IN IP4 192.0.2.5', 'a=rtpmap:0 PCMU/8000', 'a=sendrecv'],
    ],
    [
      'SDP-05: the lowest risk first',
      content(
        PCMU,
        ice(
          candidate('host', '10.0.0.1', 1) +
            candidate('relay', '192.0.2.6', 2) +
            candidate('srflx', '192.0.2.7', 3),
        ),
      ),
      ['m=audio 2 RTP/AVP 0', 'c=IN IP4 192.0.2.6'],
    ],
    [
      'SDP-05: none known yet',
      content(PCMU, ice()),
      ['m=audio 9 RTP/AVP 0', 'c=IN IP4 0.0.0.0', 'a=ice-ufrag:8hhY', `a=ice-pwd:${PWD}`],
    ],
    [
      'SDP-05: a name of a browser is no address',
      content(PCMU, ice(candidate('host', 'a.local', 1))),
      ['m=audio 9 RTP/AVP 0', 'c=IN IP4 0.0.0.0'],
    ],
    [
      'SDP-06: fingerprint',
      content(PCMU, ice(DTLS)),
      ['m=audio 9 UDP/TLS/RTP/SAVPF 0', 'a=fingerprint:sha-256 AB:CD', 'a=setup:actpass'],
    ],
    [
      'SDP-06: keys',
      content(
        `${PCMU}<encryption required='1'><crypto tag='1' crypto-suite='A' key-params='inline:K'/></encryption>`,
      ),
      ['m=audio 4000 RTP/SAVP 0', 'a=crypto:1 A inline:K'],
    ],
    [
      'SDP-06: feedback',
      content(`${PCMU}<rtcp-fb xmlns='urn:xmpp:jingle:apps:rtp:rtcp-fb:0' type='nack'/>`),
      ['m=audio 4000 RTP/AVPF 0', 'a=rtcp-fb:* nack'],
    ],
    [
      'SDP-08: a static number needs no name',
      content("<payload-type id='8'/>"),
      ['m=audio 4000 RTP/AVP 8', 'a=rtpmap:8 PCMA/8000'],
    ],
    ['SDP-08: a dynamic one does', content(`${PCMU}<payload-type id='99'/>`), ['m=audio 4000 RTP/AVP 0']],
    [
      'SDP-10: the smallest',
      content(
        "<payload-type id='0' name='PCMU' clockrate='8000' ptime='40'/><payload-type id='8' name='PCMA' clockrate='8000' ptime='20'/>",
      ),
      ['m=audio 4000 RTP/AVP 0 8', 'a=ptime:20'],
    ],
    ['SDP-12: rtcp-mux', content(`${PCMU}<rtcp-mux/>`), ['a=rtcp-mux']],
    [
      'SDP-13: RTCP elsewhere',
      content(PCMU, ice(candidate('host', '192.0.2.5', 4000) + candidate('host', '192.0.2.5', 4007, 2))),
      ['a=rtcp:4007 IN IP4 192.0.2.5'],
    ],
    [
      'SDP-18, RFC 5576 §4.2: a source of a group that the client does not name has a line too, with the CNAME of the others',
      content(
        `${PCMU}<source ${SSMA} ssrc='7'><parameter name='cname' value='x'/><parameter name='msid' value='s t'/></source>` +
          `<ssrc-group ${SSMA} semantics='FID'><source ssrc='7'/><source ssrc='8'/></ssrc-group>`,
      ),
      [
        'a=msid:s t',
        'a=ssrc-group:FID 7 8',
        'a=ssrc:7 cname:x',
        'a=ssrc:7 msid:s t',
        'a=ssrc:8 cname:x',
        'a=ssrc:8 msid:s t',
      ],
    ],
    [
      'SDP-19: msid in both forms',
      content(
        `${PCMU}<source xmlns='urn:xmpp:jingle:apps:rtp:ssma:0' ssrc='7'><parameter name='msid' value='s t'/></source>`,
      ),
      ['a=msid:s t', 'a=ssrc:7 msid:s t'],
    ],
    ['SDP-20: senders', content(PCMU, RAW, "senders='initiator'"), ['a=sendonly']],
    [
      'SDP-25: candidate',
      content(PCMU, ice(candidate('host', '2001:db8::1', 5))),
      ['c=IN IP6 2001:db8::1', 'a=candidate:1 1 udp 1 2001:db8::1 5 typ host generation 0'],
    ],
    ['SDP-26: the end of candidates', content(PCMU, ice('<gathering-complete/>')), ['a=end-of-candidates']],
    [
      'SDP-09: a text as stanza.js says it, a name without value',
      content(
        "<payload-type id='101' name='telephone-event' clockrate='8000'><parameter name='0-15'/></payload-type>",
      ),
      ['a=fmtp:101 0-15'],
    ],
    [
      'SDP-14: feedback with parameters',
      content(
        `${PCMU}<rtcp-fb xmlns='urn:xmpp:jingle:apps:rtp:rtcp-fb:0' type='ccm' subtype='tmmbr'><parameter name='smaxpr' value='120'/><parameter name='x'/></rtcp-fb>`,
      ),
      ['a=rtcp-fb:* ccm tmmbr smaxpr=120 x'],
    ],
    [
      'SDP-15: a header extension with parameters',
      content(
        `${PCMU}<rtp-hdrext xmlns='urn:xmpp:jingle:apps:rtp:rtp-hdrext:0' id='1' uri='urn:x'><parameter name='short' value=''/><parameter name='rate' value='5'/></rtp-hdrext>`,
      ),
      ['a=extmap:1 urn:x short rate=5'],
    ],
    [
      'SDP-13: an offer with rtcp-mux says where RTCP goes without it (RFC 5761 §5.1.3)',
      content(
        `${PCMU}<rtcp-mux/>`,
        ice(candidate('host', '192.0.2.5', 4000) + candidate('host', '192.0.2.5', 4007, 2)),
      ),
      [
        'a=rtcp-mux',
        'a=rtcp:4007 IN IP4 192.0.2.5',
        'a=candidate:1 2 udp 1 192.0.2.5 4007 typ host generation 0',
      ],
    ],
  ];
  for (const [name, text, wanted] of CASES) {
    test(name, () => {
      const contents = contentsOf(text);
      const written = lines(contents, tableOf(contents));
      for (const line of wanted)
        assert.ok(written.includes(line), `${line} is not in\n${written.join('\n')}`);
    });
  }

  /** What an answer, or a line of another protocol, leaves out. */
  const LEFT_OUT: [string, string, SessionDescription | undefined, RegExp][] = [
    [
      'SDP-13: an answer with rtcp-mux has nothing for RTCP (RFC 5761 §5.1.3)',
      content(
        `${PCMU}<rtcp-mux/>`,
        ice(candidate('host', '192.0.2.5', 4000) + candidate('host', '192.0.2.5', 4007, 2)),
      ),
      sdp('m=audio 1 RTP/AVP 0', 'a=rtcp-mux'),
      /4007/,
    ],
    [
      'SDP-22: no keys with DTLS (RFC 4568 §6)',
      content(
        `${PCMU}<encryption><crypto tag='1' crypto-suite='A' key-params='inline:K'/></encryption>`,
        ice(DTLS),
      ),
      undefined,
      /a=crypto/,
    ],
  ];
  for (const [name, text, offer, unwanted] of LEFT_OUT) {
    test(name, () => {
      const contents = contentsOf(text);
      const written = lines(
        contents,
        tableOf(contents),
        offer === undefined ? 'initiator' : 'responder',
        offer,
      );
      assert.ok(written.includes('a=sendrecv'));
      assert.doesNotMatch(written.join('\n'), unwanted);
    });
  }

  test('SDP-22: keys and a fingerprint in answer to an offer of SRTP: the keys are what it asked for', () => {
    const keys = "<encryption><crypto tag='1' crypto-suite='A' key-params='inline:K'/></encryption>";
    const contents = contentsOf(content(PCMU + keys, ice(DTLS)));
    const offer = sdp('m=audio 1 RTP/SAVP 0', 'a=crypto:1 A inline:K');
    const written = lines(contents, tableOf(contents), 'responder', offer);
    assert.ok(written.includes('m=audio 9 RTP/SAVP 0') && written.includes('a=crypto:1 A inline:K'));
  });

  const REFUSED: [string, string][] = [
    ['SDP-39: another disposition', content(PCMU, RAW, "disposition='early-session'")],
    ['no payload with a name', content("<payload-type id='99'/>")],
    ['no transport', content(PCMU, '')],
    [
      'a transport that SDP has no lines for',
      content(PCMU, "<transport xmlns='urn:xmpp:jingle:transports:s5b:1'/>"),
    ],
    [
      'another application',
      "<content creator='initiator' name='audio'><description xmlns='urn:x'/></content>",
    ],
    [
      'raw-udp without a candidate',
      content(PCMU, "<transport xmlns='urn:xmpp:jingle:transports:raw-udp:1'/>"),
    ],
    [
      'credentials that are no line',
      content(PCMU, ice('', "ufrag='8hhY&#10;a=x' pwd='asd88fgpdd777uzjYhagZg'")),
    ],
    ['no credentials', content(PCMU, ice('', ''))],
  ];
  for (const [name, text] of REFUSED) {
    test(`refused in its place: ${name}`, () => {
      const contents = contentsOf(text);
      const result = toSdp(contents, [], {
        party: 'initiator',
        table: tableOf(contents),
        origin: sdp().origin,
        trickle: false,
      });
      assert.deepEqual(result.unsupported, contents);
      assert.deepEqual(
        result.description.media.map(({ port }) => port),
        [0],
      );
    });
  }

  test('SDP-02: an answer has the lines of the offer: kinds, protocols, rejected ones in their places', () => {
    const offer = sdp(
      'a=group:BUNDLE a d v',
      'm=audio 1 RTP/SAVPF 0',
      'a=mid:a',
      'm=application 9 UDP/DTLS/SCTP x',
      'a=mid:d',
      'm=video 3 RTP/AVP 31',
      'a=mid:v',
    );
    const { table, contents } = jingle(offer);
    const [audio] = contents;
    assert.ok(audio !== undefined);
    const { description } = toSdp(
      [{ ...audio, transport: contentsOf(content(PCMU))[0]?.transport }],
      [{ semantics: 'BUNDLE', contents: ['a', 'v'] }],
      {
        ...{ party: 'responder', table, origin: offer.origin, offer, trickle: false },
      },
    );
    assert.deepEqual(
      description.media.map(({ media, port, protocol, attributes }) => [
        media,
        port,
        protocol,
        attributes.find(({ name }) => name === 'mid')?.value,
      ]),
      [
        ['audio', 4000, 'RTP/SAVPF', 'a'],
        ['application', 0, 'UDP/DTLS/SCTP', 'd'],
        ['video', 0, 'RTP/AVP', 'v'],
      ],
    );
    assert.deepEqual(description.attributes, [{ name: 'group', value: 'BUNDLE a' }]);
  });

  test('SDP-18, RFC 5576 §4.2: a group of which the client names no source says nothing', () => {
    const contents = contentsOf(
      content(`${PCMU}<ssrc-group ${SSMA} semantics='FID'><source ssrc='7'/><source ssrc='8'/></ssrc-group>`),
    );
    assert.deepEqual(
      lines(contents, tableOf(contents)).filter((line) => line.startsWith('a=ssrc')),
      [],
    );
  });

  test('nothing that a client says becomes a line of its own', () => {
    const evil = '&#13;&#10;a=evil:1&#10;m=audio 1 RTP/AVP 0';
    const text =
      `<content creator='initiator' name='audio'><description ${RTP} media='audio'>` +
      `<payload-type id='96' name='opus' clockrate='48000'><parameter name='a${evil}' value='b${evil}'/>` +
      `<rtcp-fb xmlns='urn:xmpp:jingle:apps:rtp:rtcp-fb:0' type='nack${evil}' subtype='pli${evil}'><parameter name='n${evil}' value='v${evil}'/></rtcp-fb></payload-type>` +
      `<payload-type id='97' name='x${evil}' clockrate='8000'/><bandwidth type='AS${evil}'>1</bandwidth>` +
      `<encryption><crypto tag='1' crypto-suite='A${evil}' key-params='inline:K'/><crypto tag='2' crypto-suite='A' key-params='inline:K' session-params='x${evil}'/>` +
      `<zrtp-hash xmlns='urn:xmpp:jingle:apps:rtp:zrtp:1' version='1'>a${evil}</zrtp-hash></encryption>` +
      `<rtp-hdrext xmlns='urn:xmpp:jingle:apps:rtp:rtp-hdrext:0' id='1' uri='urn:x${evil}'/>` +
      `<rtp-hdrext xmlns='urn:xmpp:jingle:apps:rtp:rtp-hdrext:0' id='2' uri='urn:y'><parameter name='n${evil}' value='v${evil}'/></rtp-hdrext>` +
      `<source xmlns='urn:xmpp:jingle:apps:rtp:ssma:0' ssrc='7'><parameter name='msid' value='s${evil}'/><parameter name='c${evil}' value='d'/></source>` +
      `<ssrc-group xmlns='urn:xmpp:jingle:apps:rtp:ssma:0' semantics='F${evil}'><source ssrc='1'/></ssrc-group></description>` +
      ice(
        `<fingerprint xmlns='urn:xmpp:jingle:apps:dtls:0' hash='sha-1${evil}' setup='active'>AB</fingerprint>` +
          `<candidate component='1' foundation='1${evil}' generation='0' id='x' ip='1' port='1' priority='1' protocol='udp' type='host'/>` +
          `<candidate component='1' foundation='1' generation='0' id='x' ip='1.2.3.4' port='1' priority='1' protocol='udp' type='host' rel-addr='1${evil}'/>` +
          `<remote-candidate component='1' ip='1${evil}' port='1'/>`,
      ) +
      '</content>';
    const contents = contentsOf(text);
    const { description } = toSdp(contents, [{ semantics: `B\r\na=evil:1`, contents: ['audio'] }], {
      ...{ party: 'initiator', table: tableOf(contents, true), origin: sdp().origin, trickle: false },
    });
    const read = parseSdp(formatSdp(description));
    assert.ok(read.ok);
    assert.equal(read.value.media.length, 1);
    assert.equal(
      formatSdp(description)
        .split('\r\n')
        .filter((line) => line.startsWith('a=evil')).length,
      0,
    );
    assert.ok(description.media[0]?.formats.includes('96'));
  });
});

describe('what both can say comes back as it was', () => {
  for (const [name, text] of recordedDescriptions()) {
    test(name, () => {
      const read = parseSdp(text);
      assert.ok(read.ok);
      for (const party of ['initiator', 'responder'] as const) {
        const once = roundTrip(read.value, party);
        // What Jingle has no word for is gone after the first time (SDP-28, SDP-32, SDP-34); then nothing more is lost.
        assert.deepEqual(roundTrip(once, party), once);
        assert.deepEqual(
          once.media.map(({ media, port }) => [media, port === 0]),
          read.value.media.map(({ media, port, protocol }) => [media, port === 0 || !/AVP/.test(protocol)]),
        );
        const kept = (of: SessionDescription, wanted: RegExp): string[] =>
          formatSdp(of)
            .split('\r\n')
            .filter((line) => wanted.test(line))
            .toSorted();
        const SAME =
          /^a=(?:rtpmap:(?!\d+ \S+\/\d+\/1$)|mid:|rtcp-mux|crypto:|fingerprint:|setup:|ice-ufrag:|ice-pwd:|send|recv|inactive)/;
        if (once.media.every(({ port }) => port !== 0)) {
          const wanted = kept(read.value, SAME);
          // Hash names are compared without case, and written in one.
          const written = formatSdp(once).toLowerCase();
          for (const line of wanted) assert.ok(written.includes(line.toLowerCase()), line);
        }
      }
    });
  }

  const payload = fc.record({
    id: fc.integer({ min: 96, max: 127 }),
    name: fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,8}$/),
    rate: fc.constantFrom(8000, 16_000, 48_000, 90_000),
    channels: fc.constantFrom(1, 2),
    fmtp: fc.option(fc.stringMatching(/^[a-z]{1,4}=[0-9a-z=]{1,6}(?:;[a-z]{1,4}=[0-9]{1,3}){0,2}$/), {
      nil: undefined,
    }),
  });
  const medium = fc.record({
    media: fc.constantFrom('audio', 'video'),
    payloads: fc.uniqueArray(payload, { minLength: 1, maxLength: 4, selector: ({ id }) => id }),
    direction: fc.constantFrom('sendrecv', 'sendonly', 'recvonly', 'inactive'),
    mux: fc.boolean(),
    dtls: fc.boolean(),
    candidates: fc.array(
      fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 65_535 }), fc.constantFrom('host', 'srflx', 'relay')),
      { maxLength: 3 },
    ),
    ssrc: fc.option(fc.nat(), { nil: undefined }),
  });

  test('whatever a browser or a phone could say', () => {
    fc.assert(
      fc.property(
        fc.array(medium, { minLength: 1, maxLength: 4 }),
        fc.constantFrom<Party>('initiator', 'responder'),
        (media, party) => {
          const text = media.flatMap((each, n) => [
            `m=${each.media} ${each.dtls ? 9 : 5000 + n} ${each.dtls ? 'UDP/TLS/RTP/SAVPF' : 'RTP/AVP'} ${each.payloads.map(({ id }) => id).join(' ')}`,
            ...(each.dtls ? ['c=IN IP4 0.0.0.0'] : []),
            `a=mid:${n}`,
            ...(each.dtls ? [...ICE, 'a=fingerprint:sha-256 AB:CD', 'a=setup:actpass'] : []),
            ...(each.dtls
              ? each.candidates.map(
                  ([ip, port, type], id) =>
                    `a=candidate:${id} 1 udp ${id + 1} ${ip} ${port} typ ${type} generation 0`,
                )
              : []),
            ...each.payloads.flatMap(({ id, name, rate, channels, fmtp }) => [
              `a=rtpmap:${id} ${name}/${rate}${channels === 1 ? '' : '/2'}`,
              ...(fmtp === undefined ? [] : [`a=fmtp:${id} ${fmtp}`]),
            ]),
            ...(each.mux ? ['a=rtcp-mux'] : []),
            ...(each.ssrc === undefined ? [] : [`a=ssrc:${each.ssrc} cname:x`]),
            `a=${each.direction}`,
          ]);
          const session = sdp(...text);
          const back = roundTrip(session, party);
          for (const [n, wanted] of session.media.entries()) {
            const got = back.media[n];
            assert.ok(got !== undefined);
            assert.deepEqual(
              [got.media, got.protocol, got.formats],
              [wanted.media, wanted.protocol, wanted.formats],
            );
            const sorted = (of: typeof wanted): string[] =>
              of.attributes.map(({ name, value }) => `${name}:${value}`).toSorted();
            assert.deepEqual(sorted(got), sorted(wanted));
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

test('a name of a content that is no token gets a mid of its own (SDP-03)', async () => {
  const { withContent } = await import('../../../src/interwork/call/index.ts');
  let table: ContentTable = [];
  for (const name of ['audio', 'my voice', 'ü', '1']) table = withContent(table, name, 'initiator', true);
  assert.deepEqual(
    table.map(({ mid }) => mid),
    ['audio', '1', '2', '3'],
  );
});

/** Only to be sure that what the tests read is what is written. */
test('the XML of the tests is read as XML', () => {
  const parsed = parseDocument(Buffer.from(xml(sdp('m=audio 1 RTP/AVP 0'))));
  assert.ok(parsed.ok);
  const element: XmlElement = parsed.value;
  assert.equal(element.name, 'jingle');
});
