export { toXmppPresence, goneResources, type ResourcePresence, type ToXmppOptions } from './to-xmpp.ts';
export { toSipPresence, type ToSipOptions, type XmppResource } from './to-sip.ts';
export { toSipEvents, toXmppEvents, toXmppVCard, type EventOptions, type PersonalEvents } from './events.ts';
export { checkEntity } from './entity.ts';
export { resourcesOf, tupleIdOf } from './tuple-id.ts';
export { contactPriority, xmppPriority } from './priority.ts';
