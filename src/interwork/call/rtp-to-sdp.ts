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
  type SourceGroup,
  type SourceParameter,
} from '../../sdp/index.ts';
import type { FeedbackSet, PayloadType, RtpDescription, RtpParameter } from '../../xmpp/index.ts';
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

const NAME = /^[^\s/]{1,64}$/;

/** The payload types that SDP can say: with a name, or one that RFC 3551 assigns (SDP-08). */
export function sdpPayloads(rtp: RtpDescription): readonly Payload[] {
  const found: Payload[] = [];
  for (const payload of rtp.payloads) {
    const { id } = payload;
    const known = staticPayload(id);
    const name = payload.name ?? known?.name;
    const clockRate = payload.clockrate ?? known?.clockRate;
    if (name === undefined || clockRate === undefined || !NAME.test(name)) continue;
    const channels = payload.channels ?? (payload.name === undefined ? (known?.channels ?? 1) : 1);
    const parameters = parametersText(payload);
    found.push(
      parameters === '' ? { id, name, clockRate, channels } : { id, name, clockRate, channels, parameters },
    );
  }
  return found;
}

/** A value of a client must not become lines of its own. */
function parametersText({ parameters }: PayloadType): string {
  if (parameters.length === 0) return '';
  return formatParameters(
    parameters.map(({ name, value }) => ({ name: oneLine(name), value: oneLine(value) })),
  );
}

function oneLine(text: string): string {
  // To look costs a fifth of replacing, and hardly any text has one.
  // oxlint-disable-next-line no-control-regex -- these are what must not get into a line
  if (!/[\u0000-\u001f\u007f]/.test(text)) return text.trim();
  // oxlint-disable-next-line no-control-regex -- the same
  return text.replaceAll(/[\u0000-\u001f\u007f]+/g, ' ').trim();
}

/**
 * The a= lines of a description, those of its transport not among them. `party`: whose description it is; `payloads`: its
 * payload types as SDP says them; `protocol`: that of the m= line.
 */
export function rtpAttributes(
  rtp: RtpDescription,
  party: Party,
  payloads: readonly Payload[],
  protocol: string,
): readonly Attribute[] {
  const lines: Attribute[] = [];
  // Those that SDP can say come in the same order, so that one step further finds the next.
  let at = 0;
  for (const payload of payloads) {
    for (const line of payloadAttributes(payload)) lines.push(line);
    while (at < rtp.payloads.length && rtp.payloads[at]?.id !== payload.id) at += 1;
    const own = rtp.payloads[at];
    if (own !== undefined) addFeedback(lines, own, payload.id);
  }
  addFeedback(lines, rtp, '*');
  const ptime = smallest(rtp.payloads, 'ptime');
  const maxptime = smallest(rtp.payloads, 'maxptime');
  if (ptime !== undefined) lines.push({ name: 'ptime', value: String(ptime) });
  if (maxptime !== undefined) lines.push({ name: 'maxptime', value: String(maxptime) });
  if (rtp.rtcpMux) lines.push({ name: 'rtcp-mux' });
  if (rtp.allowMixed) lines.push({ name: 'extmap-allow-mixed' });
  for (const { id, uri, senders, parameters = [] } of rtp.extensions) {
    if (!/^\S+$/.test(uri)) continue;
    const direction = directionOfSenders(senders ?? 'both', party);
    const more = wordsText(parameters);
    lines.push(
      headerExtensionAttribute({ id, uri, direction, ...(more === '' ? {} : { attributes: more }) }),
    );
  }
  for (const line of encryptionAttributes(rtp, protocol)) lines.push(line);
  addSources(lines, rtp);
  return lines;
}

/** SDP-10: of several the smallest. */
function smallest(payloads: readonly PayloadType[], name: 'ptime' | 'maxptime'): number | undefined {
  let found: number | undefined;
  for (const payload of payloads) {
    const value = payload[name];
    if (value !== undefined && (found === undefined || value < found)) found = value;
  }
  return found;
}

function addFeedback(lines: Attribute[], { feedback, trrInt }: FeedbackSet, payload: number | '*'): void {
  for (const { type, subtype, parameters = [] } of feedback) {
    const text = oneLine(`${subtype ?? ''} ${wordsText(parameters)}`);
    lines.push(
      feedbackAttribute({ payload, type: oneLine(type), parameter: text === '' ? undefined : text }),
    );
  }
  if (trrInt === undefined) return;
  lines.push(feedbackAttribute({ payload, type: 'trr-int', parameter: String(trrInt) }));
}

/** Parameters as words of a line: a=b, or the name alone (XEP-0293 §3, XEP-0294 §3). */
function wordsText(parameters: readonly RtpParameter[]): string {
  return parameters
    .map(({ name, value }) => oneLine(value === '' ? name : `${name}=${value}`))
    .filter((word) => word !== '')
    .join(' ');
}

const NONE: readonly Attribute[] = [];

function encryptionAttributes({ encryption }: RtpDescription, protocol: string): readonly Attribute[] {
  if (encryption === undefined) return NONE;
  const isLine = (...words: (string | undefined)[]): boolean =>
    words.every((word) => word === undefined || /^[^\s]+$/.test(word));
  // RFC 4568 §6: keys are for SRTP alone. Clients say them next to a fingerprint, which then is what counts (SDP-06).
  const allowed = protocol.startsWith('UDP/TLS/') ? [] : encryption.cryptos;
  const cryptos = allowed
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

function addSources(lines: Attribute[], rtp: RtpDescription): void {
  // SDP-19: both forms, since each is read by somebody.
  const msid = firstMsid(rtp);
  if (msid !== undefined && msid !== '') lines.push({ name: 'msid', value: oneLine(msid) });
  const sources = new Map(rtp.sources.map(({ ssrc, parameters }) => [ssrc, parameters]));
  for (const group of rtp.groups) {
    if (/^\S+$/.test(group.semantics) && isDeclared(group, sources)) lines.push(sourceGroupAttribute(group));
  }
  for (const [ssrc, parameters] of sources) {
    const written: SourceParameter[] = [];
    for (const { name, value } of parameters) {
      if (!/^[^\s:]+$/.test(name)) continue;
      written.push(value === undefined ? { name } : { name, value: oneLine(value) });
    }
    for (const line of sourceAttributes({ ssrc, parameters: written })) lines.push(line);
  }
}

/**
 * RFC 5576 §4.2: each source of a group has a line of its own, or browsers refuse the whole description. Some clients leave
 * that of the retransmissions away (stanza 12): it is of the same sender and stream as the others (RFC 4588 §5.2). False: none of
 * the group is known.
 */
function isDeclared(group: SourceGroup, sources: Map<number, readonly SourceParameter[]>): boolean {
  const known = group.sources.map((ssrc) => sources.get(ssrc)).find((parameters) => parameters !== undefined);
  if (known === undefined) return false;
  const shared = known.filter(({ name }) => name === 'cname' || name === 'msid');
  for (const ssrc of group.sources) if (!sources.has(ssrc)) sources.set(ssrc, shared);
  return true;
}

function firstMsid(rtp: RtpDescription): string | undefined {
  for (const { parameters } of rtp.sources) {
    for (const { name, value } of parameters) if (name === 'msid') return value;
  }
  return undefined;
}
