export {
  stepWatcher,
  type WatcherEffect,
  type WatcherEvent,
  type WatcherState,
  type WatcherTransition,
} from './machine-watcher.ts';
export { errorOfEnd, eventOfOver, eventOfPause, NO_SUCH_USER } from './watcher-ends.ts';
export {
  authorizationOf,
  stateAfterRestart,
  watcherKey,
  WATCHERS,
  type Authorization,
  type WatcherRecord,
} from './watcher-record.ts';
export { presenceStanza, resourceJid, resourceStanza } from './watcher-stanzas.ts';
export type { PresenceReader, ResourcePresence } from './presence-reader.ts';
