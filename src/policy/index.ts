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
  type Direction,
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
