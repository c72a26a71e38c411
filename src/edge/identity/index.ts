// The room of Identity certificates (RFC 8224 §7.2): fetched, checked, remembered.

export { readAuthorities } from './authorities.ts';
export {
  CertificateStore,
  type CertificateStoreEnv,
  type CertificateStoreOptions,
} from './certificate-store.ts';
