// The descriptions of a call with audio and video: the offer that Chromium made (tests/vectors), with a video line as it makes
// one, the answer to it, and the same as contents of Jingle. All candidates are there and it says so (RFC 8838 §8.2), so that the
// gateway waits for no more.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toJingle } from '../../src/interwork/call/index.ts';
import { parseSdp } from '../../src/sdp/index.ts';
import { serialize } from '../../src/xml/index.ts';
import { jingleElement } from '../../src/xmpp/index.ts';

const RECORDED = join(import.meta.dirname, '../../tests/vectors/sdp/chromium-offer.txt');
const SHARED =
  /^(?:c=|a=(?:rtcp|ice-\w+|fingerprint|setup|sendrecv|msid|rtcp-mux|rtcp-rsize|candidate|end-of-candidates)(?:[:\r ]|$))/;

/** What Chromium offers for video, its third codec left out. */
const CODECS = ['96 VP8', '98 VP9'].flatMap((codec): readonly string[] => {
  const [payload = '', name] = codec.split(' ');
  const repair = Number(payload) + 1;
  return [
    `a=rtpmap:${payload} ${name}/90000`,
    ...['goog-remb', 'transport-cc', 'ccm fir', 'nack', 'nack pli'].map(
      (feedback) => `a=rtcp-fb:${payload} ${feedback}`,
    ),
    ...(name === 'VP9' ? [`a=fmtp:${payload} profile-id=0`] : []),
    `a=rtpmap:${repair} rtx/90000`,
    `a=fmtp:${repair} apt=${payload}`,
  ];
});

const EXTENSIONS = [
  'a=extmap:14 urn:ietf:params:rtp-hdrext:toffset',
  'a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  'a=extmap:13 urn:3gpp:video-orientation',
  'a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  'a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid',
];

const SOURCES = [
  'a=ssrc-group:FID 2231627014 632943048',
  'a=ssrc:2231627014 cname:hxxbZGEX8l6jmqBG',
  'a=ssrc:632943048 cname:hxxbZGEX8l6jmqBG',
];

function offered(): string {
  const audio = readFileSync(RECORDED, 'utf8').trimEnd().split(/\r?\n/);
  const port = audio.find((line) => line.startsWith('m='))?.split(' ')[1];
  const lines = audio.map((line) => (line === 'a=group:BUNDLE 0' ? 'a=group:BUNDLE 0 1' : line));
  lines.push('a=end-of-candidates');
  const transport = lines
    .slice(lines.findIndex((line) => line.startsWith('m=')))
    .filter((line) => SHARED.test(line));
  const video = [
    `m=video ${port} UDP/TLS/RTP/SAVPF 96 97 98 99`,
    ...[...transport, 'a=mid:1', ...EXTENSIONS, ...CODECS, ...SOURCES],
  ];
  return `${[...lines, ...video].join('\r\n')}\r\n`;
}

/** SDP, with CRLF. */
export const OFFER = offered();
export const ANSWER = answerTo(OFFER);

/** Every line of an offer is taken (RFC 3264 §6, RFC 8842 §5.3); as SDP or as Jingle. */
export function answerTo(offer: string): string {
  return offer.replaceAll('actpass', 'active');
}

/** What stands in `<jingle/>` of a session-initiate with that offer. */
export const OFFERED_CONTENTS = contentsOf(OFFER);

function contentsOf(text: string): string {
  const read = parseSdp(text);
  if (!read.ok) throw new Error(read.error.message);
  let id = 0;
  const { contents, groups } = toJingle(read.value, {
    ...{ party: 'initiator', table: [], newId: () => `c${++id}` },
  });
  return inside(
    serialize(jingleElement({ action: 'session-initiate', sid: 's', contents, groups, infos: [] })),
  );
}

/** The children of the `<jingle/>` in a text, as text. */
export function inside(text: string): string {
  const begin = text.indexOf('>', text.indexOf('<jingle ')) + 1;
  return text.slice(begin, text.lastIndexOf('</jingle>'));
}
