// What a SIP-side URI says about who is meant (rows ADDR-01 … 03, 10 … 14, 60, 63 … 65), and how it is written
// (ADDR-33, 34, 36, 38). Ports, passwords, transports and the like say only how to get there.

import { type Result } from '../base/index.ts';
import {
  isParamChar,
  isUserChar,
  parseUri,
  percentDecodeUtf8,
  percentEncode,
  type SipUri,
  type TelUri,
} from '../sip/index.ts';
import { addressFault, type AddressFault } from './address-fault.ts';

export interface SipAddress {
  /** Decoded; '' for a whole domain. */
  readonly user: string;
  /** Lower case, without final dot, IPv6 in brackets. */
  readonly host: string;
  /** Decoded `gr` of a public GRUU; '' when there is none. */
  readonly instance: string;
}

/** Of a URI that is read. */
export interface ReadSipAddress extends SipAddress {
  /** A `sips` URI, which asks for TLS on every hop (ADDR-63). */
  readonly secure: boolean;
}

export interface SipAddressOptions {
  /** `gr` outside of the angle brackets, raw (ADDR-13); it counts only when the URI has none. */
  readonly headerGr?: string | undefined;
  /** The SIP domain of telephone numbers; without one `tel` URIs are of an unknown scheme (ADDR-60). */
  readonly telephonyDomain?: string | undefined;
}

/** Reads a sip, sips, im, pres or tel URI (a byte string, as written). Faults `unmappable`, `scheme`. */
export function readSipAddress(
  uri: string,
  options: SipAddressOptions,
): Result<ReadSipAddress, AddressFault> {
  const parsed = parseUri(uri);
  if (!parsed.ok) return addressFault('unmappable', parsed.error.message, parsed.error.clause);
  const read = parsed.value;
  switch (read.scheme) {
    case 'other':
      return strangeScheme(read.name);
    case 'sips':
    case 'sip':
      return fromSipUri(read, options.headerGr);
    case 'im':
    case 'pres':
      return decoded(read.user, read.host, undefined);
    case 'tel':
      if (options.telephonyDomain === undefined) return strangeScheme('tel');
      return decoded(telephoneUser(read), options.telephonyDomain, undefined);
    default:
      return strangeScheme(read.scheme);
  }
}

function fromSipUri(uri: SipUri, headerGr: string | undefined): Result<ReadSipAddress, AddressFault> {
  // ADDR-12: `gr` without a value marks a temporary GRUU, which tells nothing about the device.
  const gr = uri.params.has('gr') ? uri.params.get('gr') : headerGr;
  return decoded(uri.user ?? '', uri.host, gr, uri.scheme === 'sips');
}

function decoded(
  user: string,
  host: string,
  gr: string | undefined,
  secure = false,
): Result<ReadSipAddress, AddressFault> {
  const text = percentDecodeUtf8(user);
  if (!text.ok) return addressFault('unmappable', text.error.message, text.error.clause);
  const instance = percentDecodeUtf8(gr ?? '');
  if (!instance.ok) return addressFault('unmappable', instance.error.message, instance.error.clause);
  return {
    ok: true,
    value: {
      user: text.value,
      host: host.endsWith('.') ? host.slice(0, -1) : host,
      instance: instance.value,
      secure,
    },
  };
}

/** RFC 3261 §19.1.6: the number; a local one is nothing without its context. */
function telephoneUser(uri: TelUri): string {
  return uri.global || uri.context === undefined ? uri.number : `${uri.number};phone-context=${uri.context}`;
}

function strangeScheme(scheme: string): Result<never, AddressFault> {
  return addressFault('scheme', `a ${scheme} URI stands for nobody here`, 'RFC 3261 §8.2.2.1');
}

/** The SIP URI of an address. `phone`: RFC 3261 §19.1.6, `user=phone` (ADDR-61). */
export function formatSipAddress(address: SipAddress, phone = false): string {
  let uri = 'sip:';
  if (address.user !== '') uri += `${percentEncode(address.user, isUserChar)}@`;
  uri += address.host;
  if (phone) uri += ';user=phone';
  // ADDR-36: inside the URI, whatever the examples of the RFCs print.
  return address.instance === '' ? uri : `${uri};gr=${percentEncode(address.instance, isParamChar)}`;
}

// RFC 7247 §6.5 step 5 names ( ) , . ; [ \ ]; RFC 3986 cannot carry the others bare.
const NOT_BARE_IN_MAILBOX = '(),.;[\\]":<>@ %#^`{|}';

/** The `im` or `pres` URI of an address, which has no place for an instance (ADDR-34); undefined for a whole domain. */
export function formatImPresAddress(scheme: 'im' | 'pres', address: SipAddress): string | undefined {
  if (address.user === '') return undefined;
  const user = percentEncode(
    address.user,
    (code) => code > 0x20 && code < 0x7f && !NOT_BARE_IN_MAILBOX.includes(String.fromCharCode(code)),
  );
  return `${scheme}:${user}@${address.host}`;
}

/** ADDR-61: a global number, which alone may be marked as a telephone number. */
export function isGlobalNumber(user: string): boolean {
  return /^\+[0-9]+$/.test(user);
}
