export { placeOf, withContent, withLines, type ContentEntry, type ContentTable } from './content-table.ts';
export { directionOfSenders, sendersOf, type Party } from './parties.ts';
export { toJingle, type JingleContents, type ToJingleOptions } from './to-xmpp.ts';
export { toSdp, type SdpOfContents, type ToSdpOptions } from './to-sip.ts';
export { iceCandidate, type NewId } from './transport-to-jingle.ts';
export { sdpCandidate } from './transport-to-sdp.ts';
export { causeOfReason, reasonOfStatus, STATUS_OF_REASON } from './reasons.ts';
export { beginCall, stepCall } from './machine.ts';
export type {
  CallDirection,
  CallEffect,
  CallEvent,
  CallOutcome,
  CallPhase,
  CallSide,
  CallState,
  CallTimer,
  CallTransition,
  TrickledMedium,
} from './machine-types.ts';
export {
  CALLS,
  interruptedCall,
  keptCall,
  restoredCall,
  restoredInitiationOf,
  restoredSessionOf,
  type AnsweredCallRecord,
  type CallRecord,
  type KeptXmppLeg,
  type RingingCallRecord,
} from './record.ts';
export {
  beginRelay,
  lacksWebrtc,
  refusesMedia,
  stepRelay,
  type RelayEvent,
  type RelayPhase,
  type RelayState,
  type RelayWhen,
} from './relay.ts';
export {
  BEGIN_TRANSFER,
  FOLLOW_MS,
  MAX_TRANSFERS,
  PATIENCE_MS,
  stepTransfer,
  type TransferEffect,
  type TransferEvent,
  type TransferPhase,
  type TransferState,
} from './transfer.ts';
