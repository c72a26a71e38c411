export { toXmpp, type ToXmpp, type ToXmppContext } from './to-xmpp.ts';
export { toSip, type MessageDraft, type ToSip, type ToSipContext } from './to-sip.ts';
export { isReportFinished, stepReport, type ReportEvent, type ReportState } from './machine-report.ts';
export {
  PEERS_COLLECTION,
  REPORTS_COLLECTION,
  type AskedRecord,
  type OwedRecord,
  type PeerRecord,
  type ReportRecord,
} from './record.ts';
export { reportEvent, reportStanza } from './report-stanza.ts';
export {
  decodeAsked,
  encodeAsked,
  MESSAGE_ID_TOKEN,
  REPORT_MS,
  STORED_ASKED,
  type AskedMessage,
} from './report-token.ts';
export { wrapForReports } from './wrap.ts';
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
export {
  correlationId,
  isNamed,
  LEDGER_OUTCOMES,
  ledgerId,
  ledgerText,
  readLedgerRecord,
  type LedgerDirection,
  type LedgerOutcome,
  type LedgerRecord,
  type LedgerReport,
} from './ledger-record.ts';
export {
  endedMsOf,
  noteReport,
  readRow,
  ROW_OCTETS,
  textOctetsOf,
  writeRow,
  type PackedRows,
} from './ledger-rows.ts';
export { cellsOf, LEDGER_REPORTS, recordOf, type LedgerCells } from './ledger-cells.ts';
export {
  LEDGER,
  linesOf,
  mayHold,
  noteLine,
  notesPage,
  reportedAs,
  rowsPage,
  withNote,
  type LedgerNote,
  type LedgerPage,
} from './ledger-page.ts';
