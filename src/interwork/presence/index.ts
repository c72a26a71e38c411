export { toXmppPresence, goneResources, type ResourcePresence, type ToXmppOptions } from './to-xmpp.ts';
export { toSipPresence, type ToSipOptions, type XmppResource } from './to-sip.ts';
export { toSipEvents, toXmppEvents, toXmppVCard, type EventOptions, type PersonalEvents } from './events.ts';
export { PERSONAL_NODES, type PersonalNode, type PersonalNodeParts } from './personal-nodes.ts';
export { checkEntity, entityKey } from './entity.ts';
export { listChanges, withoutContent, type ListedChange } from './listed.ts';
export { resourcesOf, tupleIdOf } from './tuple-id.ts';
export { contactPriority, xmppPriority } from './priority.ts';
export {
  stepWatcher,
  type WatcherEffect,
  type WatcherEvent,
  type WatcherState,
  type WatcherTransition,
} from './machine-watcher.ts';
export {
  stepContact,
  type ContactEffect,
  type ContactEvent,
  type ContactState,
  type ContactTransition,
} from './machine-contact.ts';
export { errorOfEnd, eventOfOver, eventOfPause, finalStatuses } from './watcher-ends.ts';
export {
  authorizationOf,
  stateAfterRestart,
  watcherKey,
  WATCHERS,
  type Authorization,
  type WatcherRecord,
} from './watcher-record.ts';
export { presenceStanza, resourceStanza } from './watcher-stanzas.ts';
export { DECISIONS, type DecisionRecord } from './decision-record.ts';
export { PUBLISHERS, type PublisherRecord } from './publisher-record.ts';
export { composePresence } from './compose.ts';
export { decideWatcher, NS_COMMON_POLICY, PRES_RULES_TYPE, type WatcherDecision } from './watcher-rules.ts';
