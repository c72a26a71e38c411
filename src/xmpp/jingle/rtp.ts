// <description/> of RTP (XEP-0167 1.2.3) with feedback (XEP-0293), header extensions (XEP-0294), sources (XEP-0339) and
// ZRTP hashes (XEP-0262).

import { element, type XmlElement } from '../../xml/index.ts';
import { NS_HDREXT, NS_RTCP_FB, NS_RTP, NS_SSMA, NS_ZRTP } from './namespaces.ts';
import { SENDERS, type Senders } from './senders.ts';
import { MAX_UINT32, oneOf, truth, whole } from './values.ts';

export interface RtpParameter {
  /** '' for a text that has no name (SDP-09). */
  readonly name: string;
  readonly value: string;
}

/** `<rtcp-fb/>`. */
export interface RtpFeedback {
  readonly type: string;
  readonly subtype?: string | undefined;
  /** What more is said. Absent: nothing. */
  readonly parameters?: readonly RtpParameter[] | undefined;
}

/** What may be said for one payload type, and for all of a description. */
export interface FeedbackSet {
  readonly feedback: readonly RtpFeedback[];
  /** `<rtcp-fb-trr-int/>`: milliseconds. */
  readonly trrInt?: number | undefined;
}

export interface PayloadType extends FeedbackSet {
  /** 0 to 127. */
  readonly id: number;
  /** Absent only for what RFC 3551 assigns. */
  readonly name?: string | undefined;
  readonly clockrate?: number | undefined;
  /** Absent: 1. */
  readonly channels?: number | undefined;
  /** Milliseconds. */
  readonly ptime?: number | undefined;
  readonly maxptime?: number | undefined;
  readonly parameters: readonly RtpParameter[];
}

export interface RtpCrypto {
  readonly tag: string;
  readonly suite: string;
  readonly keyParams: string;
  readonly sessionParams?: string | undefined;
}

export interface ZrtpHash {
  readonly version: string;
  readonly hash: string;
}

export interface RtpEncryption {
  readonly required: boolean;
  readonly cryptos: readonly RtpCrypto[];
  readonly zrtp: readonly ZrtpHash[];
}

export interface RtpBandwidth {
  readonly type: string;
  readonly value: number;
}

export interface RtpExtension {
  readonly id: number;
  readonly uri: string;
  /** Absent: both. */
  readonly senders?: Senders | undefined;
  /** Absent: none. A word alone is a name with the value '' (XEP-0294 §3). */
  readonly parameters?: readonly RtpParameter[] | undefined;
}

export interface RtpSource {
  readonly ssrc: number;
  readonly parameters: readonly { readonly name: string; readonly value?: string | undefined }[];
}

export interface RtpSourceGroup {
  readonly semantics: string;
  readonly sources: readonly number[];
}

export interface RtpDescription extends FeedbackSet {
  readonly kind: 'rtp';
  /** audio or video; others can be written too. */
  readonly media: string;
  readonly payloads: readonly PayloadType[];
  readonly bandwidths: readonly RtpBandwidth[];
  readonly rtcpMux: boolean;
  readonly encryption?: RtpEncryption | undefined;
  readonly extensions: readonly RtpExtension[];
  readonly allowMixed: boolean;
  readonly sources: readonly RtpSource[];
  readonly groups: readonly RtpSourceGroup[];
}

/** Reads a `<description/>`; undefined when it does not say which medium. Parts that are not of the schema are left out. */
export function readRtpDescription(description: XmlElement): RtpDescription | undefined {
  const media = description.attr('media');
  if (media === undefined || !/^[a-z][a-z0-9-]{0,31}$/.test(media)) return undefined;
  const payloads = new Map<number, PayloadType>();
  const bandwidths: RtpBandwidth[] = [];
  const extensions: RtpExtension[] = [];
  const sources = new Map<number, RtpSource>();
  const groups: RtpSourceGroup[] = [];
  for (const child of description.children) {
    if (typeof child === 'string') continue;
    // By name first: a text of both, made for each child, would have to be hashed before it could be compared.
    switch (child.name) {
      case 'payload-type': {
        const payload = child.ns === NS_RTP ? readPayload(child) : undefined;
        if (payload !== undefined && !payloads.has(payload.id)) payloads.set(payload.id, payload);
        break;
      }
      case 'bandwidth': {
        const type = child.ns === NS_RTP ? child.attr('type') : undefined;
        const value = whole(child.text().trim(), MAX_UINT32);
        if (type !== undefined && type !== '' && value !== undefined) bandwidths.push({ type, value });
        break;
      }
      case 'rtp-hdrext': {
        const extension = child.ns === NS_HDREXT ? readExtension(child) : undefined;
        if (extension !== undefined) extensions.push(extension);
        break;
      }
      case 'source': {
        const source = child.ns === NS_SSMA ? readSource(child) : undefined;
        if (source !== undefined && !sources.has(source.ssrc)) sources.set(source.ssrc, source);
        break;
      }
      case 'ssrc-group': {
        const group = child.ns === NS_SSMA ? readSourceGroup(child) : undefined;
        if (group !== undefined) groups.push(group);
        break;
      }
      default:
    }
  }
  const encryption = description.child('encryption', NS_RTP);
  return {
    kind: 'rtp',
    media,
    payloads: [...payloads.values()],
    bandwidths,
    rtcpMux: description.child('rtcp-mux', NS_RTP) !== undefined,
    ...(encryption === undefined ? {} : { encryption: readEncryption(encryption) }),
    extensions,
    allowMixed: description.child('extmap-allow-mixed', NS_HDREXT) !== undefined,
    sources: [...sources.values()],
    groups,
    ...readFeedback(description),
  };
}

function readPayload(payload: XmlElement): PayloadType | undefined {
  const id = whole(payload.attr('id'), 127);
  if (id === undefined) return undefined;
  const parameters: RtpParameter[] = [];
  for (const child of payload.elements()) {
    if (child.name !== 'parameter' || child.ns !== NS_RTP) continue;
    const name = child.attr('name') ?? '';
    const value = child.attr('value');
    // stanza.js writes a text that has no name as a name that has no value.
    parameters.push(value === undefined ? { name: '', value: name } : { name, value });
  }
  return {
    id,
    name: payload.attr('name'),
    clockrate: whole(payload.attr('clockrate'), MAX_UINT32, 1),
    channels: whole(payload.attr('channels'), 255, 1),
    ptime: whole(payload.attr('ptime'), MAX_UINT32, 1),
    maxptime: whole(payload.attr('maxptime'), MAX_UINT32, 1),
    parameters,
    ...readFeedback(payload),
  };
}

function readFeedback(of: XmlElement): FeedbackSet {
  const feedback: RtpFeedback[] = [];
  for (const child of of.elements()) {
    const type = child.name === 'rtcp-fb' && child.ns === NS_RTCP_FB ? child.attr('type') : undefined;
    if (type === undefined || type === '') continue;
    const subtype = child.attr('subtype');
    const said = subtype === undefined || subtype === '' ? { type } : { type, subtype };
    feedback.push({ ...said, ...readMore(child) });
  }
  const trrInt = whole(of.child('rtcp-fb-trr-int', NS_RTCP_FB)?.attr('value'), MAX_UINT32);
  return { feedback, ...(trrInt === undefined ? {} : { trrInt }) };
}

function readEncryption(encryption: XmlElement): RtpEncryption {
  const cryptos: RtpCrypto[] = [];
  const zrtp: ZrtpHash[] = [];
  for (const child of encryption.elements()) {
    if (child.ns === NS_ZRTP && child.name === 'zrtp-hash') {
      zrtp.push({ version: child.attr('version') ?? '', hash: child.text().trim() });
    }
    if (child.ns !== NS_RTP || child.name !== 'crypto') continue;
    const tag = child.attr('tag');
    const suite = child.attr('crypto-suite');
    const keyParams = child.attr('key-params');
    const sessionParams = child.attr('session-params');
    if (tag === undefined || suite === undefined || keyParams === undefined) continue;
    cryptos.push({ tag, suite, keyParams, ...(sessionParams === undefined ? {} : { sessionParams }) });
  }
  return { required: truth(encryption.attr('required')), cryptos, zrtp };
}

function readExtension(extension: XmlElement): RtpExtension | undefined {
  const id = whole(extension.attr('id'), 4351, 1);
  const uri = extension.attr('uri');
  if (id === undefined || uri === undefined || uri === '') return undefined;
  const senders = oneOf(extension.attr('senders'), SENDERS);
  return {
    id,
    uri,
    ...(senders === undefined || senders === 'both' ? {} : { senders }),
    ...readMore(extension),
  };
}

/** The parameters of feedback and header extensions, which stand in their own namespaces. */
function readMore(of: XmlElement): { readonly parameters?: readonly RtpParameter[] } {
  const parameters: RtpParameter[] = [];
  for (const child of of.elements()) {
    const name = child.name === 'parameter' && child.ns === of.ns ? child.attr('name') : undefined;
    if (name !== undefined && name !== '') parameters.push({ name, value: child.attr('value') ?? '' });
  }
  return parameters.length === 0 ? {} : { parameters };
}

function readSource(source: XmlElement): RtpSource | undefined {
  const ssrc = whole(source.attr('ssrc'), MAX_UINT32);
  if (ssrc === undefined) return undefined;
  const parameters: { name: string; value?: string }[] = [];
  for (const child of source.elements()) {
    const name = child.name === 'parameter' ? child.attr('name') : undefined;
    const value = child.attr('value');
    if (name !== undefined && name !== '') parameters.push(value === undefined ? { name } : { name, value });
  }
  return { ssrc, parameters };
}

function readSourceGroup(group: XmlElement): RtpSourceGroup | undefined {
  const semantics = group.attr('semantics');
  if (semantics === undefined || semantics === '') return undefined;
  const sources: number[] = [];
  for (const child of group.elements()) {
    const ssrc = child.name === 'source' ? whole(child.attr('ssrc'), MAX_UINT32) : undefined;
    if (ssrc !== undefined) sources.push(ssrc);
  }
  return { semantics, sources };
}

export function rtpDescriptionElement(rtp: RtpDescription): XmlElement {
  return element(
    'description',
    NS_RTP,
    { media: rtp.media },
    // The sequence of the schema (XEP-0167 §16.1); what other XEPs add is in none.
    ...rtp.payloads.map(payloadElement),
    rtp.rtcpMux ? element('rtcp-mux', NS_RTP) : undefined,
    rtp.encryption === undefined ? undefined : encryptionElement(rtp.encryption),
    ...rtp.bandwidths.map(({ type, value }) => element('bandwidth', NS_RTP, { type }, String(value))),
    ...feedbackElements(rtp),
    ...rtp.extensions.map(({ id, uri, senders, parameters }) =>
      element('rtp-hdrext', NS_HDREXT, { id: String(id), uri, senders }, ...more(NS_HDREXT, parameters)),
    ),
    rtp.allowMixed ? element('extmap-allow-mixed', NS_HDREXT) : undefined,
    ...rtp.groups.map(({ semantics, sources }) =>
      element(
        'ssrc-group',
        NS_SSMA,
        { semantics },
        ...sources.map((ssrc) => sourceElement({ ssrc, parameters: [] })),
      ),
    ),
    ...rtp.sources.map(sourceElement),
  );
}

function payloadElement(payload: PayloadType): XmlElement {
  const { id, name, clockrate, channels, ptime, maxptime } = payload;
  return element(
    'payload-type',
    NS_RTP,
    {
      ...{ id: String(id), name, clockrate: numberText(clockrate), channels: numberText(channels) },
      ...{ ptime: numberText(ptime), maxptime: numberText(maxptime) },
    },
    ...payload.parameters.map((each) => element('parameter', NS_RTP, { name: each.name, value: each.value })),
    ...feedbackElements(payload),
  );
}

function numberText(value: number | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}

function feedbackElements({ feedback, trrInt }: FeedbackSet): readonly XmlElement[] {
  const elements = feedback.map(({ type, subtype, parameters }) =>
    element('rtcp-fb', NS_RTCP_FB, { type, subtype }, ...more(NS_RTCP_FB, parameters)),
  );
  return trrInt === undefined
    ? elements
    : [...elements, element('rtcp-fb-trr-int', NS_RTCP_FB, { value: String(trrInt) })];
}

function more(ns: string, parameters: readonly RtpParameter[] = []): readonly XmlElement[] {
  return parameters.map(({ name, value }) => element('parameter', ns, { name, value }));
}

function encryptionElement({ required, cryptos, zrtp }: RtpEncryption): XmlElement {
  return element(
    'encryption',
    NS_RTP,
    { required: required ? '1' : undefined },
    ...cryptos.map(({ tag, suite, keyParams, sessionParams }) =>
      element('crypto', NS_RTP, {
        ...{ 'crypto-suite': suite, 'key-params': keyParams, 'session-params': sessionParams, tag },
      }),
    ),
    ...zrtp.map(({ version, hash }) => element('zrtp-hash', NS_ZRTP, { version }, hash)),
  );
}

function sourceElement({ ssrc, parameters }: RtpSource): XmlElement {
  const children = parameters.map(({ name, value }) => element('parameter', NS_SSMA, { name, value }));
  return element('source', NS_SSMA, { ssrc: String(ssrc) }, ...children);
}
