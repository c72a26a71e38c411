export {
  formatRoutesFault,
  loadRoutes,
  loadRoutesOrFail,
  type LoadOptions,
  type RoutesFault,
} from './load.ts';
export { ThreadWatchdog, type WatchdogOptions } from './watchdog.ts';
export {
  callStanza,
  messageStanza,
  presenceStanza,
  sipRequest,
  testContext,
  testFailure,
  testResponse,
  testRoutes,
  type TestedAnswer,
  type TestedChanges,
  type TestedLine,
  type TestedRoutes,
  type TestMessage,
  type TestRequest,
} from './testing.ts';
