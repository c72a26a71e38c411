export { toXmpp, type ToXmpp, type ToXmppContext } from './to-xmpp.ts';
export { toSip, type MessageDraft, type ToSip, type ToSipContext } from './to-sip.ts';
export { isMessageId, maxForwardsFor, messageId } from './message-id.ts';
export {
  stepToXmpp,
  ToXmppState,
  type ToXmppEffect,
  type ToXmppEvent,
  type ToXmppTransition,
} from './machine-to-xmpp.ts';
export {
  QUEUED,
  stepToSip,
  type ToSipEffect,
  type ToSipEvent,
  type ToSipState,
  type ToSipTransition,
} from './machine-to-sip.ts';
export {
  isUnreachable,
  stepDurable,
  type DurableEffect,
  type DurableEvent,
  type DurableState,
  type DurableTransition,
} from './machine-durable.ts';
export { OUTBOX, type OutboxRecord } from './outbox-record.ts';
