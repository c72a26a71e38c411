export { domainHome, type Evidence, type Home } from './domain-home.ts';
export { addressPattern, type AddressPattern, type Party } from './address-pattern.ts';
export {
  CallRules,
  dialledNumber,
  numberPattern,
  type CallDeed,
  type CallDenial,
  type CallRule,
} from './call-rules.ts';
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
export { readRouteModule, type ReadRoutes, type RouteFinding, type RouteHooks } from './route-module.ts';
export { isRouteAction, type RouteAction, type RouteVerb } from './route-action.ts';
export type { AddressKind, CheckedRewrite } from './route-rewrite.ts';
export { RouteRuns, type Routed, type RouteRunsEnv, type Watchdog } from './route-runs.ts';
export { faultOfAnswer, OCCASIONS, type Occasion } from './route-table.ts';
export { requestView, stanzaView } from './route-views.ts';
export { DEFAULT_DEADLINE_MS, Routes, type RoutesOptions } from './routes.ts';
export {
  HOOKS,
  type RouteDirection,
  type DomainRuleView,
  type FailureView,
  type HookName,
  type PartyView,
  type ResponseView,
  type RouteContext,
  type RouteScript,
  type SipRequestView,
  type SourceView,
  type StanzaView,
  type Verbs,
} from './route-types.ts';
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
