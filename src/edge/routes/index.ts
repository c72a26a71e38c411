export {
  formatRoutesFault,
  loadRoutes,
  loadRoutesOrFail,
  type LoadOptions,
  type RoutesFault,
} from './load.ts';
export { ThreadWatchdog, type WatchdogOptions } from './watchdog.ts';
