// Payload types of RTP: what number stands for which encoding (RFC 8866 §6.6, RFC 3551 §6), with its parameters (§6.15).

import type { Attribute, MediaDescription } from './description.ts';
import { wholeNumber } from './scan.ts';

export interface Payload {
  /** 0 to 127. */
  readonly id: number;
  readonly name: string;
  /** Hertz. */
  readonly clockRate: number;
  /** Audio channels; 1 when nothing is said. */
  readonly channels: number;
  /** The text of its `a=fmtp` lines; several are joined in their order (SDP-37). */
  readonly parameters?: string | undefined;
}

/** One parameter of a format. A text without "=" has the name '' (SDP-09). */
export interface FormatParameter {
  readonly name: string;
  readonly value: string;
}

type Encoding = readonly [name: string, clockRate: number, channels?: number];

/** RFC 3551 §6, tables 4 and 5: what needs no `a=rtpmap`. */
const STATIC_PAYLOADS: ReadonlyMap<number, Encoding> = new Map<number, Encoding>([
  [0, ['PCMU', 8000]],
  [3, ['GSM', 8000]],
  [4, ['G723', 8000]],
  [5, ['DVI4', 8000]],
  [6, ['DVI4', 16_000]],
  [7, ['LPC', 8000]],
  [8, ['PCMA', 8000]],
  [9, ['G722', 8000]],
  [10, ['L16', 44_100, 2]],
  [11, ['L16', 44_100]],
  [12, ['QCELP', 8000]],
  [13, ['CN', 8000]],
  [14, ['MPA', 90_000]],
  [15, ['G728', 8000]],
  [16, ['DVI4', 11_025]],
  [17, ['DVI4', 22_050]],
  [18, ['G729', 8000]],
  [25, ['CelB', 90_000]],
  [26, ['JPEG', 90_000]],
  [28, ['nv', 90_000]],
  [31, ['H261', 90_000]],
  [32, ['MPV', 90_000]],
  [33, ['MP2T', 90_000]],
  [34, ['H263', 90_000]],
]);

/** What a number means without `a=rtpmap`; undefined where RFC 3551 assigns nothing. */
export function staticPayload(id: number): Payload | undefined {
  const encoding = STATIC_PAYLOADS.get(id);
  if (encoding === undefined) return undefined;
  const [name, clockRate, channels = 1] = encoding;
  return { id, name, clockRate, channels };
}

const MAP = /^(\d{1,3}) +([^\s/]+)\/(\d{1,9})(?:\/(\d{1,3}))?\s*$/;

/**
 * The payload types of a medium that is RTP, in the order of its formats. What is not a number from 0 to 127, stands there
 * twice, or has no encoding (a dynamic number without `a=rtpmap`) is left out (SDP-08).
 */
export function payloadsOf(medium: MediaDescription): readonly Payload[] {
  const maps = new Map<number, Encoding>();
  const texts = new Map<string, string>();
  for (const { name, value } of medium.attributes) {
    if (name === 'rtpmap') addEncoding(maps, value ?? '');
    else if (name === 'fmtp') addParameters(texts, value ?? '');
  }
  const payloads: Payload[] = [];
  const taken = new Set<number>();
  for (const format of medium.formats) {
    const id = wholeNumber(format, 3, 127);
    if (id === undefined || taken.has(id)) continue;
    const encoding = maps.get(id) ?? STATIC_PAYLOADS.get(id);
    if (encoding === undefined) continue;
    const name = encoding[0];
    const clockRate = encoding[1];
    const channels = encoding[2] ?? 1;
    if (clockRate === 0 || channels === 0) continue;
    taken.add(id);
    const parameters = texts.get(format);
    // Not by spreading: that costs more than everything else about a payload.
    if (parameters === undefined) payloads.push({ id, name, clockRate, channels });
    else payloads.push({ id, name, clockRate, channels, parameters });
  }
  return payloads;
}

/** Takes the value of an `a=rtpmap`. The first of a number counts: a second one contradicts it. */
function addEncoding(maps: Map<number, Encoding>, value: string): void {
  const parts = MAP.exec(value);
  if (parts === null) return;
  const id = Number(parts[1]);
  if (maps.has(id)) return;
  const channels = parts[4];
  maps.set(id, [parts[2] ?? '', Number(parts[3]), channels === undefined ? 1 : Number(channels)]);
}

/** Takes the value of an `a=fmtp` to what the lines of the same format said before (SDP-37). */
function addParameters(texts: Map<string, string>, value: string): void {
  const space = value.indexOf(' ');
  if (space <= 0) return;
  const format = value.slice(0, space);
  const text = value.slice(space + 1).trim();
  const before = texts.get(format);
  if (before === undefined || before === '') texts.set(format, text);
  else if (text !== '') texts.set(format, `${before};${text}`);
}

/** The lines of a payload: `a=rtpmap`, which is written for static ones too, and `a=fmtp`. */
export function payloadAttributes({
  id,
  name,
  clockRate,
  channels,
  parameters,
}: Payload): readonly Attribute[] {
  const suffix = channels === 1 ? '' : `/${channels}`;
  const map: Attribute = { name: 'rtpmap', value: `${id} ${name}/${clockRate}${suffix}` };
  return parameters === undefined ? [map] : [map, { name: 'fmtp', value: `${id} ${parameters}` }];
}

/** The parameters of a format; none of them is lost, and their order stays. */
export function readParameters(text: string): readonly FormatParameter[] {
  const parameters: FormatParameter[] = [];
  for (const part of text.split(';')) {
    const each = part.trim();
    if (each === '') continue;
    const equals = each.indexOf('=');
    if (equals <= 0) parameters.push({ name: '', value: each });
    else
      parameters.push({ name: each.slice(0, equals).trimEnd(), value: each.slice(equals + 1).trimStart() });
  }
  return parameters;
}

export function formatParameters(parameters: readonly FormatParameter[]): string {
  let text = '';
  for (const [n, { name, value }] of parameters.entries()) {
    if (n > 0) text += ';';
    text += name === '' ? value : `${name}=${value}`;
  }
  return text;
}
