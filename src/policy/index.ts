export { addressPattern, type AddressPattern, type Party } from './address-pattern.ts';
export { SpeakingAccounts, type SipAccount } from './accounts.ts';
export { Believer, type Belief, type BelieverParts, type Proof } from './believer.ts';
export {
  IDENTITY_BUSY,
  IdentityService,
  type CertificateLookup,
  type CertificateSource,
  type IdentityServiceOptions,
  type IdentityVerdict,
  type SigningCertificate,
} from './identity-service.ts';
export { SpeakerScope, TrustedSources, type TrustedNetwork } from './trusted-sources.ts';
export {
  RateLimits,
  type Demand,
  type Excess,
  type Limited,
  type Rate,
  type RateLimitOptions,
} from './rate-limits.ts';
export { explainPolicy } from './rule-explanation.ts';
export { PolicyRules, type Deed, type Denial, type Direction, type PolicyRule } from './rules.ts';
