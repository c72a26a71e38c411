// What an m= line says of RTP, as a description of Jingle (SDP-07 to SDP-22, SDP-31).

import {
  attribute,
  attributes,
  cryptosOf,
  feedbackOf,
  hasAttribute,
  headerExtensionsOf,
  msidsOf,
  payloadsOf,
  readParameters,
  sourceGroupsOf,
  sourcesOf,
  type Feedback,
  type MediaDescription,
  type SessionDescription,
} from '../../sdp/index.ts';
import type {
  RtpEncryption,
  FeedbackSet,
  PayloadType,
  RtpDescription,
  RtpExtension,
  RtpFeedback,
  RtpParameter,
  RtpSource,
} from '../../xmpp/index.ts';
import { sendersOf, type Party } from './parties.ts';

const NO_PARAMETERS: readonly RtpParameter[] = [];
const NO_FEEDBACK: readonly RtpFeedback[] = [];

/** RTP/AVP, RTP/SAVPF, UDP/TLS/RTP/SAVPF … (SDP-06). */
const RTP = /^(?:UDP\/TLS\/)?RTP\/S?AVPF?$/;

/** Audio or video over RTP: what Jingle can say (SDP-04). */
export function isRtp(medium: MediaDescription): boolean {
  return (medium.media === 'audio' || medium.media === 'video') && RTP.test(medium.protocol);
}

export function rtpOf(session: SessionDescription, medium: MediaDescription, party: Party): RtpDescription {
  const feedback = feedbackOf(medium);
  const encryption = encryptionOf(medium);
  const description: Writable<RtpDescription> = {
    kind: 'rtp',
    media: medium.media,
    payloads: payloadTypesOf(medium, feedback),
    bandwidths: medium.bandwidths.map(({ type, value }) => ({ type, value })),
    rtcpMux: hasAttribute(medium, 'rtcp-mux'),
    extensions: extensionsOf(medium, party),
    allowMixed: hasAttribute(medium, 'extmap-allow-mixed') || hasAttribute(session, 'extmap-allow-mixed'),
    sources: rtpSourcesOf(medium),
    groups: sourceGroupsOf(medium),
    feedback: NO_FEEDBACK,
  };
  if (encryption !== undefined) description.encryption = encryption;
  addFeedback(description, feedback, '*');
  return description;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

function payloadTypesOf(medium: MediaDescription, feedback: readonly Feedback[]): readonly PayloadType[] {
  const ptime = milliseconds(attribute(medium, 'ptime'));
  const maxptime = milliseconds(attribute(medium, 'maxptime'));
  return payloadsOf(medium).map(({ id, name, clockRate, channels, parameters }): PayloadType => {
    // Field by field: a description has twenty of them, and spreading them was a third of the whole translation.
    const payload: Writable<PayloadType> = {
      id,
      name,
      clockrate: clockRate,
      parameters: NO_PARAMETERS,
      feedback: NO_FEEDBACK,
    };
    if (channels !== 1) payload.channels = channels;
    if (ptime !== undefined) payload.ptime = ptime;
    if (maxptime !== undefined) payload.maxptime = maxptime;
    if (parameters !== undefined) payload.parameters = readParameters(parameters);
    addFeedback(payload, feedback, id);
    return payload;
  });
}

/** RFC 8866 §6.4 allows fractions; a whole number is what Jingle can say. */
function milliseconds(text: string | undefined): number | undefined {
  const value = text === undefined ? Number.NaN : Math.round(Number(text.trim() || 'none'));
  return value > 0 && value <= 60_000 ? value : undefined;
}

/** Gives `to` what is said for `payload`; of several intervals the first counts. */
function addFeedback(to: Writable<FeedbackSet>, all: readonly Feedback[], payload: number | '*'): void {
  let own: RtpFeedback[] | undefined;
  let interval: Feedback | undefined;
  for (const each of all) {
    if (each.payload !== payload) continue;
    const { type, parameter } = each;
    if (type === 'trr-int') interval ??= each;
    else (own ??= []).push(parameter === undefined ? { type } : { type, ...subtypeOf(parameter) });
  }
  if (own !== undefined) to.feedback = own;
  const text = interval?.parameter;
  if (text !== undefined && /^\d{1,9}$/.test(text)) to.trrInt = Number(text);
}

/** XEP-0293 §3: one word is the subtype; what follows it are parameters. */
function subtypeOf(text: string): Pick<RtpFeedback, 'subtype' | 'parameters'> {
  const [subtype, ...more] = text.split(/ +/);
  return more.length === 0 ? { subtype } : { subtype, parameters: more.map(wordParameter) };
}

/** XEP-0293 §3, XEP-0294 §3: another form than a=b is a name with an empty value. */
function wordParameter(word: string): RtpParameter {
  const equals = word.indexOf('=');
  return equals <= 0
    ? { name: word, value: '' }
    : { name: word.slice(0, equals), value: word.slice(equals + 1) };
}

function extensionsOf(medium: MediaDescription, party: Party): readonly RtpExtension[] {
  return headerExtensionsOf(medium).map(({ id, uri, direction, attributes: more }) => {
    const senders = sendersOf(direction, party);
    const extension: Writable<RtpExtension> = { id, uri };
    if (senders !== 'both') extension.senders = senders;
    if (more !== undefined) extension.parameters = more.split(/ +/).map(wordParameter);
    return extension;
  });
}

/** SDP-19: a stream and a track stand at each source, since a description of Jingle has no other place for them. */
function rtpSourcesOf(medium: MediaDescription): readonly RtpSource[] {
  const [msid] = msidsOf(medium);
  return sourcesOf(medium).map(({ ssrc, parameters }) => {
    const known = msid === undefined || parameters.some(({ name }) => name === 'msid');
    return { ssrc, parameters: known ? parameters : [...parameters, { name: 'msid', value: msid }] };
  });
}

function encryptionOf(medium: MediaDescription): RtpEncryption | undefined {
  const cryptos = cryptosOf(medium);
  const zrtp = attributes(medium, 'zrtp-hash').flatMap((text) => {
    const [version = '', hash = ''] = text.trim().split(/ +/);
    return hash === '' ? [] : [{ version, hash }];
  });
  if (cryptos.length === 0 && zrtp.length === 0) return undefined;
  // SDP-22: with this profile there is no way without.
  return { required: cryptos.length > 0 && /^RTP\/SAVPF?$/.test(medium.protocol), cryptos, zrtp };
}
