// The Identity header field (RFC 8224 §4): a PASSporT, full or compact, and where its certificate is.

import { fault, ok, type Err, type Fault, type Result } from '../../base/index.ts';
import { readParams } from '../header/params.ts';
import { splitCommaList } from '../header/single.ts';
import type { SipRequest } from '../message/types.ts';

export interface IdentityValue {
  /** base64url of the JOSE header and of the payload; both undefined in the compact form. */
  readonly full: { readonly header: string; readonly payload: string } | undefined;
  /** base64url. */
  readonly signature: string;
  /** `info`, as it stands between the angle brackets. */
  readonly info: string;
  /** Default ES256 (§4.1). */
  readonly alg: string;
  /** An extension of PASSporT, lower case; undefined: the baseline. */
  readonly ppt: string | undefined;
}

/** More is no sender but an attack. */
const MAX_VALUES = 8;
/** RFC 8224 §4 says base64; RFC 8225 §4 says base64url, and that is what is sent. */
const DIGEST = /^([A-Za-z0-9_-]*)\.([A-Za-z0-9_-]*)\.([A-Za-z0-9_-]+)[ \t]*/;
const INFO = /;[ \t]*info[ \t]*=[ \t]*<([^<>"\s]*)>/i;

/** All values, in order; code ERR_SIP_IDENTITY_HEADER when one is broken, or there are too many. */
export function identityValues(request: SipRequest): Result<readonly IdentityValue[]> {
  const values: IdentityValue[] = [];
  for (const { id, value } of request.headers) {
    if (id !== 'identity') continue;
    // "Identity" is a list since RFC 8224: IANA has it as such, and some write it in one line.
    for (const part of splitCommaList(value)) {
      if (values.length === MAX_VALUES) return broken(`more than ${MAX_VALUES}`);
      const read = readValue(part);
      if (!read.ok) return read;
      values.push(read.value);
    }
  }
  return ok(values);
}

function readValue(raw: string): Result<IdentityValue> {
  const digest = DIGEST.exec(raw);
  if (digest === null) return broken('no PASSporT');
  const [all, header = '', payload = '', signature = ''] = digest;
  if ((header === '') !== (payload === '')) return broken('half of a PASSporT');
  const rest = raw.slice(all.length);
  const info = INFO.exec(rest);
  if (info === null) return broken('no info');
  // The parameter `info` is an URI in angle brackets, which no other parameter is.
  const others = readParams(rest.slice(0, info.index) + rest.slice(info.index + info[0].length), 0);
  if (others === undefined) return broken('its parameters');
  const { params } = others;
  return ok({
    full: header === '' ? undefined : { header, payload },
    signature,
    info: info[1] ?? '',
    alg: params.get('alg') ?? 'ES256',
    ppt: params.get('ppt')?.toLowerCase(),
  });
}

function broken(what: string): Err<Fault> {
  return fault('ERR_SIP_IDENTITY_HEADER', `not an Identity: ${what}`, 'RFC 8224 §4');
}
