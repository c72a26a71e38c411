export {
  inspectCertificate,
  type CertificateRemark,
  type InspectedCertificate,
} from './certificate-remarks.ts';
export { certificateBlocks, isValidAt, leadsToAuthority } from './certificate-chain.ts';
export { readCertificateNames, type CertificateNames } from './certificate-names.ts';
export { CertificateStore, type CertificateStoreEnv } from './certificate-store.ts';
export { chooseCredentials } from './certificate-choice.ts';
export {
  readCredentials,
  type CertificateEntry,
  type CertificateFault,
  type Credentials,
  type PemFile,
} from './credentials.ts';
export {
  coversSipHost,
  coversXmppDomain,
  matchesDnsId,
  sipDomainsOf,
  type XmppService,
} from './identity-rules.ts';
export { peerIdentity, type PeerIdentity } from './peer-identity.ts';
export { SessionCache } from './session-cache.ts';
export { TlsAcceptor, type TlsAcceptorOptions } from './tls-acceptor.ts';
export { secureClient, type TlsClientOptions } from './tls-client.ts';
