// A description of Jingle as the lines of an m= section (SDP-07 to SDP-22, SDP-31).

import {
  cryptoAttribute,
  feedbackAttribute,
  formatParameters,
  headerExtensionAttribute,
  payloadAttributes,
  sourceAttributes,
  sourceGroupAttribute,
  staticPayload,
  type Attribute,
  type Payload,
} from '../../sdp/index.ts';
import type { FeedbackSet, PayloadType, RtpDescription } from '../../xmpp/index.ts';
import { directionOfSenders, type Party } from './parties.ts';

/**
 * SDP-06: the profile by what the content has. `feedback`: an AVPF profile even where no feedback is named, since a
 * fingerprint means what browsers and Jingle clients speak.
 */
export function protocolOf(rtp: RtpDescription, hasFingerprint: boolean): string {
  if (hasFingerprint) return 'UDP/TLS/RTP/SAVPF';
  const isSecure = (rtp.encryption?.cryptos.length ?? 0) > 0;
  return `RTP/${isSecure ? 'S' : ''}AVP${hasFeedback(rtp) ? 'F' : ''}`;
}

function hasFeedback(rtp: RtpDescription): boolean {
  const says = ({ feedback, trrInt }: FeedbackSet): boolean => feedback.length > 0 || trrInt !== undefined;
  return says(rtp) || rtp.payloads.some(says);
}

/** The payload types that SDP can say: with a name, or one that RFC 3551 assigns (SDP-08). */
export function sdpPayloads(rtp: RtpDescription): readonly Payload[] {
  return rtp.payloads.flatMap((payload): readonly Payload[] => {
    const known = staticPayload(payload.id);
    const name = payload.name ?? known?.name;
    const clockRate = payload.clockrate ?? known?.clockRate;
    if (name === undefined || clockRate === undefined || !/^[^\s/]{1,64}$/.test(name)) return [];
    const channels = payload.channels ?? (payload.name === undefined ? (known?.channels ?? 1) : 1);
    const text = parametersText(payload);
    return [{ id: payload.id, name, clockRate, channels, ...(text === '' ? {} : { parameters: text }) }];
  });
}

/** A value of a client must not become lines of its own. */
function parametersText({ parameters }: PayloadType): string {
  return formatParameters(
    parameters.map(({ name, value }) => ({ name: oneLine(name), value: oneLine(value) })),
  );
}

function oneLine(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are what must not get into a line
  return text.replaceAll(/[\u0000-\u001f\u007f]+/g, ' ').trim();
}

/** The a= lines of a description, those of its transport not among them. `party`: whose description it is. */
export function rtpAttributes(rtp: RtpDescription, party: Party): readonly Attribute[] {
  const payloads = sdpPayloads(rtp);
  const said = (which: (payload: PayloadType) => number | undefined): number | undefined => {
    const values = rtp.payloads.flatMap((payload) => which(payload) ?? []);
    return values.length === 0 ? undefined : Math.min(...values);
  };
  const ptime = said((payload) => payload.ptime);
  const maxptime = said((payload) => payload.maxptime);
  const lines: Attribute[] = [];
  for (const payload of payloads) {
    lines.push(...payloadAttributes(payload));
    const own = rtp.payloads.find(({ id }) => id === payload.id);
    if (own !== undefined) lines.push(...feedbackAttributes(own, payload.id));
  }
  lines.push(...feedbackAttributes(rtp, '*'));
  if (ptime !== undefined) lines.push({ name: 'ptime', value: String(ptime) });
  if (maxptime !== undefined) lines.push({ name: 'maxptime', value: String(maxptime) });
  if (rtp.rtcpMux) lines.push({ name: 'rtcp-mux' });
  if (rtp.allowMixed) lines.push({ name: 'extmap-allow-mixed' });
  for (const { id, uri, senders } of rtp.extensions) {
    if (!/^\S+$/.test(uri)) continue;
    const direction = directionOfSenders(senders ?? 'both', party);
    lines.push(headerExtensionAttribute({ id, uri, direction }));
  }
  lines.push(...encryptionAttributes(rtp), ...sourceLines(rtp));
  return lines;
}

function feedbackAttributes({ feedback, trrInt }: FeedbackSet, payload: number | '*'): readonly Attribute[] {
  const lines = feedback.map(({ type, subtype }) => {
    const parameter = subtype === undefined ? {} : { parameter: oneLine(subtype) };
    return feedbackAttribute({ payload, type: oneLine(type), ...parameter });
  });
  return trrInt === undefined
    ? lines
    : [...lines, feedbackAttribute({ payload, type: 'trr-int', parameter: String(trrInt) })];
}

function encryptionAttributes({ encryption }: RtpDescription): readonly Attribute[] {
  if (encryption === undefined) return [];
  const isLine = (...words: (string | undefined)[]): boolean =>
    words.every((word) => word === undefined || /^[^\s]+$/.test(word));
  const cryptos = encryption.cryptos
    .filter(({ tag, suite, keyParams }) => /^\d{1,9}$/.test(tag) && isLine(suite, keyParams))
    .map(({ sessionParams, ...crypto }) =>
      cryptoAttribute(
        sessionParams === undefined ? crypto : { ...crypto, sessionParams: oneLine(sessionParams) },
      ),
    );
  const hashes = encryption.zrtp
    .filter(({ version, hash }) => isLine(version, hash) && hash !== '')
    .map(({ version, hash }) => ({ name: 'zrtp-hash', value: `${version} ${hash}` }));
  return [...cryptos, ...hashes];
}

function sourceLines(rtp: RtpDescription): readonly Attribute[] {
  const lines: Attribute[] = [];
  // SDP-19: both forms, since each is read by somebody.
  const msid = rtp.sources.flatMap(({ parameters }) => parameters.filter(({ name }) => name === 'msid'))[0]
    ?.value;
  if (msid !== undefined && msid !== '') lines.push({ name: 'msid', value: oneLine(msid) });
  for (const { semantics, sources } of rtp.groups) {
    if (/^\S+$/.test(semantics)) lines.push(sourceGroupAttribute({ semantics, sources }));
  }
  for (const { ssrc, parameters } of rtp.sources) {
    const written = parameters
      .filter(({ name }) => /^[^\s:]+$/.test(name))
      .map(({ name, value }) => (value === undefined ? { name } : { name, value: oneLine(value) }));
    lines.push(...sourceAttributes({ ssrc, parameters: written }));
  }
  return lines;
}
