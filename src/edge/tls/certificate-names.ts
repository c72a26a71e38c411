// The names in a certificate, by kind, read from its DER (RFC 5280 §4.1, §4.2.1.6; RFC 4985; RFC 6120 §13.7.1.4).
// What is no well-formed name of its kind is no name: it matches nothing, and says nothing about the others.

import { fault, formatIpAddress, ok, type Bytes, type Result } from '../../base/index.ts';
import {
  BOOLEAN,
  childrenOf,
  contentOf,
  context,
  contextConstructed,
  IA5_STRING,
  isOid,
  OCTET_STRING,
  PRINTABLE_STRING,
  readDer,
  SEQUENCE,
  SET,
  UTF8_STRING,
  type DerElement,
} from './der.ts';

export interface CertificateNames {
  /** True when there is the extension, whatever is in it: common names then mean nothing (RFC 5922 §7.1). */
  readonly hasAlternativeName: boolean;
  /** dNSName, lower case; perhaps with "*" as its whole left-most label. */
  readonly dns: readonly string[];
  /** uniformResourceIdentifier, as written. */
  readonly uris: readonly string[];
  /** iPAddress, as canonical text. */
  readonly addresses: readonly string[];
  /** id-on-xmppAddr, as written. */
  readonly xmppAddresses: readonly string[];
  /** id-on-dnsSRV, lower case: `_service.name`. */
  readonly services: readonly string[];
  /** Common names of the subject that are DNS names, lower case, the last (most specific) one last. */
  readonly commonNames: readonly string[];
}

const CLAUSE = 'RFC 5280 §4.1';
/** 2.5.29.17 */
const SUBJECT_ALT_NAME = [0x55, 0x1d, 0x11];
/** 2.5.4.3 */
const COMMON_NAME = [0x55, 0x04, 0x03];
/** 1.3.6.1.5.5.7.8.5 and .7 */
const XMPP_ADDR = [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x08, 0x05];
const DNS_SRV = [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x08, 0x07];

// RFC 1123 §2.1, and the underscore that some hosts have.
const LABEL = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const DNS_NAME = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`);
const WILDCARD_NAME = new RegExp(`^\\*(?:\\.${LABEL}){2,}$`);
const SERVICE_NAME = new RegExp(`^_[a-z0-9-]{1,62}\\.${LABEL}(?:\\.${LABEL})*$`);
const MAX_NAME = 253;

/** Reads the names of a certificate (DER). Fault `ERR_TLS_CERTIFICATE_DER` when it is not well-formed. */
export function readCertificateNames(der: Bytes): Result<CertificateNames> {
  const certificate = readDer(der, 0, der.length);
  const body = certificate === undefined ? undefined : childrenOf(der, certificate)?.[0];
  const fields = body?.tag === SEQUENCE ? childrenOf(der, body) : undefined;
  if (fields === undefined || certificate?.tag !== SEQUENCE || certificate.end !== der.length) {
    return broken('is not a certificate');
  }
  // RFC 5280 §4.1: [0] version, serial, signature, issuer, validity, subject, key, [1], [2], [3] extensions.
  const first = fields[0]?.tag === contextConstructed(0) ? 1 : 0;
  const subject = fields[first + 4];
  const commonNames = subject?.tag === SEQUENCE ? readCommonNames(der, subject) : undefined;
  if (commonNames === undefined) return broken('has no readable subject');
  const names = new Names(der);
  const extensions = fields.slice(first + 6).find(({ tag }) => tag === contextConstructed(3));
  if (extensions !== undefined && !names.readExtensions(extensions)) {
    return broken('has extensions that cannot be read');
  }
  return ok({ ...names.found, commonNames });
}

class Names {
  readonly #der: Bytes;
  readonly found = {
    hasAlternativeName: false,
    dns: new Array<string>(),
    uris: new Array<string>(),
    addresses: new Array<string>(),
    xmppAddresses: new Array<string>(),
    services: new Array<string>(),
  };

  constructor(der: Bytes) {
    this.#der = der;
  }

  readExtensions(wrapper: DerElement): boolean {
    const list = childrenOf(this.#der, wrapper)?.[0];
    const extensions = list?.tag === SEQUENCE ? childrenOf(this.#der, list) : undefined;
    if (extensions === undefined) return false;
    for (const extension of extensions) {
      const parts = extension.tag === SEQUENCE ? childrenOf(this.#der, extension) : undefined;
      if (parts === undefined) return false;
      if (!isOid(this.#der, parts[0], SUBJECT_ALT_NAME)) continue;
      // RFC 5280 §4.2: "A certificate MUST NOT include more than one instance of a particular extension."
      if (this.found.hasAlternativeName) return false;
      this.found.hasAlternativeName = true;
      const value = parts[1]?.tag === BOOLEAN ? parts[2] : parts[1];
      if (value?.tag !== OCTET_STRING || !this.#readNames(value)) return false;
    }
    return true;
  }

  #readNames(value: DerElement): boolean {
    const list = readDer(this.#der, value.contentStart, value.end);
    if (list?.tag !== SEQUENCE || list.end !== value.end) return false;
    const names = childrenOf(this.#der, list);
    if (names === undefined) return false;
    for (const name of names) this.#readName(name);
    return true;
  }

  #readName(name: DerElement): void {
    const { found } = this;
    switch (name.tag) {
      case contextConstructed(0):
        this.#readOther(name);
        break;
      case context(2): {
        const dns = asciiText(contentOf(this.#der, name))?.toLowerCase();
        if (dns !== undefined && isPresentedName(dns)) found.dns.push(dns);
        break;
      }
      case context(6): {
        const uri = asciiText(contentOf(this.#der, name));
        if (uri !== undefined) found.uris.push(uri);
        break;
      }
      case context(7): {
        const octets = [...contentOf(this.#der, name)];
        if (octets.length === 4) found.addresses.push(formatIpAddress({ family: 4, octets }));
        if (octets.length === 16) found.addresses.push(formatIpAddress({ family: 6, octets }));
        break;
      }
      default:
    }
  }

  /** otherName: an identifier, and in [0] its value. */
  #readOther(name: DerElement): void {
    const [kind, wrapper, ...rest] = childrenOf(this.#der, name) ?? [];
    if (wrapper?.tag !== contextConstructed(0) || rest.length > 0) return;
    const values = childrenOf(this.#der, wrapper);
    const value = values?.length === 1 ? values[0] : undefined;
    if (value === undefined) return;
    if (isOid(this.#der, kind, XMPP_ADDR) && value.tag === UTF8_STRING) {
      const address = utf8Text(contentOf(this.#der, value));
      if (address !== undefined) this.found.xmppAddresses.push(address);
    }
    if (isOid(this.#der, kind, DNS_SRV) && value.tag === IA5_STRING) {
      const service = asciiText(contentOf(this.#der, value))?.toLowerCase();
      if (service !== undefined && service.length <= MAX_NAME && SERVICE_NAME.test(service)) {
        this.found.services.push(service);
      }
    }
  }
}

/** undefined: the subject is not readable. */
function readCommonNames(der: Bytes, subject: DerElement): string[] | undefined {
  const found: string[] = [];
  for (const set of childrenOf(der, subject) ?? [undefined]) {
    const attributes = set?.tag === SET ? childrenOf(der, set) : undefined;
    if (attributes === undefined) return undefined;
    for (const attribute of attributes) {
      const [type, value] = childrenOf(der, attribute) ?? [];
      if (!isOid(der, type, COMMON_NAME) || value === undefined) continue;
      if (![UTF8_STRING, PRINTABLE_STRING, IA5_STRING].includes(value.tag)) continue;
      const text = asciiText(contentOf(der, value))?.toLowerCase();
      if (text !== undefined && text.length <= MAX_NAME && DNS_NAME.test(text)) found.push(text);
    }
  }
  return found;
}

function isPresentedName(name: string): boolean {
  return name.length <= MAX_NAME && (DNS_NAME.test(name) || WILDCARD_NAME.test(name));
}

/** Printable ASCII, or nothing: no NUL ends a name before its end. */
function asciiText(bytes: Bytes): string | undefined {
  if (bytes.length === 0 || bytes.length > MAX_TEXT) return undefined;
  return bytes.every((octet) => octet > 0x20 && octet < 0x7f) ? String.fromCharCode(...bytes) : undefined;
}

function utf8Text(bytes: Bytes): string | undefined {
  if (bytes.length === 0 || bytes.length > MAX_TEXT) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    // oxlint-disable-next-line no-control-regex
    return /[\u0000-\u001f\u007f]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

/** The longest JID (RFC 7622 §3.1). */
const MAX_TEXT = 3071;

function broken(what: string): ReturnType<typeof fault> {
  return fault('ERR_TLS_CERTIFICATE_DER', `the certificate ${what}`, CLAUSE);
}
