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
  correlationId,
  isNamed,
  LEDGER_INDEXES,
  LEDGER_OUTCOMES,
  ledgerId,
  ledgerSpec,
  ledgerText,
  readLedgerRecord,
  type LedgerDirection,
  type LedgerOutcome,
  type LedgerRecord,
  type LedgerReport,
} from './ledger-record.ts';
