// Certificates of servers that connect to us. An XMPP server is a client of TLS there, and public authorities issue for
// servers only, so that OpenSSL refuses them as clients ("INVALID_PURPOSE"), and by that answer hides what else it found.
// Such a chain is looked at again here, with the purpose that it has (RFC 5280 §6.1; RFC 6120 §13.7.2 asks for no purpose).

import { X509Certificate } from 'node:crypto';
import { getCACertificates, type TLSSocket } from 'node:tls';
import { BoundedMap, type Clock } from '../../base/index.ts';
import { certificateBlocks, isValidAt, leadsToAuthority } from './certificate-chain.ts';
import { authorityBounds } from './certificate-extensions.ts';
import { reasonOf } from './peer-identity.ts';

/** Certificates of a chain, and how long one that was found good is remembered: a resumed session has its leaf only. */
const MAX_CHAIN = 8;
const MAX_KNOWN = 10_000;
const KNOWN_MS = 3_600_000;
const REFUSED_FOR_PURPOSE = 'INVALID_PURPOSE';
/** id-kp-serverAuth and anyExtendedKeyUsage (RFC 5280 §4.2.1.12). */
const SERVER_USAGES: ReadonlySet<string> = new Set(['1.3.6.1.5.5.7.3.1', '2.5.29.37.0']);
const MIN_RSA_BITS = 2048;

export class ServerChains {
  readonly #clock: Clock;
  readonly #read: () => readonly X509Certificate[];
  /** Read when they are needed first: Node's own are some hundred and fifty. */
  #authorities: readonly X509Certificate[] | undefined;
  readonly #known = new BoundedMap<string, true>({ maxEntries: MAX_KNOWN });

  /** `authorities`: those that are trusted now. */
  constructor(clock: Clock, authorities: () => readonly X509Certificate[]) {
    this.#clock = clock;
    this.#read = authorities;
  }

  /** Whether the peer's certificate, which OpenSSL refused for its purpose, is a good one of a server. */
  accepts(socket: TLSSocket): boolean {
    if (socket.authorized || reasonOf(socket.authorizationError) !== REFUSED_FOR_PURPOSE) return false;
    const leaf = socket.getPeerX509Certificate();
    if (leaf === undefined) return false;
    const wallMs = this.#clock.wall();
    const nowMs = this.#clock.now();
    if (isValidAt(leaf, wallMs) && this.#known.get(leaf.fingerprint256, nowMs) === true) return true;
    this.#authorities ??= this.#read();
    if (!isServerChain(leaf, issuersOf(leaf), this.#authorities, wallMs)) return false;
    this.#known.set(leaf.fingerprint256, true, nowMs, KNOWN_MS);
    return true;
  }

  /** Other authorities are trusted from now on. */
  forget(): void {
    this.#known.clear();
    this.#authorities = undefined;
  }
}

/** The authorities of a PEM text; undefined: those that Node trusts, NODE_EXTRA_CA_CERTS among them. */
export function authoritiesOf(pem: string | undefined): readonly X509Certificate[] {
  const texts = pem === undefined ? getCACertificates('default') : certificateBlocks(pem);
  return texts.map((text) => new X509Certificate(text));
}

function issuersOf(leaf: X509Certificate): readonly X509Certificate[] {
  const issuers: X509Certificate[] = [];
  for (let issuer = leaf.issuerCertificate; issuer !== undefined; issuer = issuer.issuerCertificate) {
    if (
      issuers.length === MAX_CHAIN ||
      issuers.some((each) => each.fingerprint256 === issuer?.fingerprint256)
    )
      break;
    issuers.push(issuer);
  }
  return issuers;
}

/**
 * Up from the leaf to an authority: each is valid now, strong, of the next one's signature, and for servers; who issues is an
 * authority whose path is long enough. One that may vouch for some names only is not followed: its names are not compared here.
 */
export function isServerChain(
  leaf: X509Certificate,
  between: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
  wallMs: number,
): boolean {
  return leadsToAuthority({
    ...{ leaf, between, authorities, maxBetween: MAX_CHAIN - 1 },
    isGood: (each) => isValidAt(each, wallMs) && isStrong(each) && isForServers(each),
    issued: (issuer, subject, below) => issued(issuer, subject, below, wallMs),
  });
}

/** `below`: authorities between this one and the leaf. */
function issued(issuer: X509Certificate, subject: X509Certificate, below: number, wallMs: number): boolean {
  if (!issuer.ca || !isValidAt(issuer, wallMs) || !subject.checkIssued(issuer)) return false;
  const bounds = authorityBounds(issuer.raw);
  if (bounds === undefined || bounds.hasNameConstraints) return false;
  if (bounds.pathLength !== undefined && below > bounds.pathLength) return false;
  return subject.verify(issuer.publicKey);
}

/** What OpenSSL asks for at its security level 2: no SHA-1 or MD5, no short RSA keys. */
function isStrong({ signatureAlgorithm, publicKey }: X509Certificate): boolean {
  if (signatureAlgorithm === undefined || /md5|sha1(?!\d)/i.test(signatureAlgorithm)) return false;
  const bits = publicKey.asymmetricKeyDetails?.modulusLength;
  return bits === undefined || bits >= MIN_RSA_BITS;
}

function isForServers({ keyUsage }: X509Certificate): boolean {
  return keyUsage === undefined || keyUsage.some((usage) => SERVER_USAGES.has(usage));
}
