// Messages of rtpengine's ng protocol: a cookie that joins an answer with its request, a space, and a map in bencoding.
// Source: rtpengine 10.5, README, "The ng Control Protocol".

import {
  concatBytes,
  err,
  fault,
  latin1Bytes,
  latin1Text,
  ok,
  utf8TextLossy,
  type Bytes,
  type Result,
} from '../../base/index.ts';
import { formatBencode, parseBencode, type BencodeInput, type BencodeMap } from './bencode.ts';

export type NgCommand = 'ping' | 'offer' | 'answer' | 'delete';

/** Keys of a request besides `command`. */
export type NgKeys = Readonly<Record<string, BencodeInput>>;

/** What rtpengine says to a request. */
export type NgAnswer =
  | { readonly kind: 'ok'; readonly sdp?: Bytes | undefined }
  | { readonly kind: 'pong' }
  /** It takes no new call for now. */
  | { readonly kind: 'full' }
  | { readonly kind: 'refused'; readonly reason: string };

/** A UDP datagram holds no more. */
export const MAX_NG_OCTETS = 65_507;
const MAX_COOKIE = 64;
const MAX_REASON = 200;
const SPACE = 0x20;

export function formatNgRequest(cookie: string, command: NgCommand, keys: NgKeys): Bytes {
  return concatBytes([latin1Bytes(`${cookie} `), formatBencode({ ...keys, command })]);
}

/** The cookie of a datagram and what stands behind it; ERR_RTPENGINE_SYNTAX. */
export function splitNg(datagram: Bytes): Result<{ readonly cookie: string; readonly body: Bytes }> {
  const space = datagram.subarray(0, MAX_COOKIE + 1).indexOf(SPACE);
  if (space < 1) return fault('ERR_RTPENGINE_SYNTAX', 'has no cookie');
  return ok({ cookie: latin1Text(datagram, 0, space), body: datagram.subarray(space + 1) });
}

/** Reads an answer; ERR_RTPENGINE_SYNTAX. Statistics and whatever else stands in it are passed over. */
export function readNgAnswer(body: Bytes): Result<NgAnswer> {
  const value = parseBencode(body);
  if (!value.ok) return value;
  if (!(value.value instanceof Map)) return fault('ERR_RTPENGINE_SYNTAX', 'is no map');
  const map: BencodeMap = value.value;
  const result = text(map, 'result');
  switch (result) {
    case 'ok': {
      const sdp = map.get('sdp');
      return ok({ kind: 'ok', ...(sdp instanceof Uint8Array ? { sdp } : {}) });
    }
    case 'pong':
      return ok({ kind: 'pong' });
    case 'load limit':
      return ok({ kind: 'full' });
    case 'error':
      return ok({ kind: 'refused', reason: (text(map, 'error-reason') ?? 'no reason').slice(0, MAX_REASON) });
    default:
      return err({ code: 'ERR_RTPENGINE_SYNTAX', message: 'has no result' });
  }
}

function text(map: BencodeMap, key: string): string | undefined {
  const value = map.get(key);
  return value instanceof Uint8Array ? utf8TextLossy(value) : undefined;
}
