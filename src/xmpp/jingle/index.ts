export {
  NS_DTLS,
  NS_DTMF,
  NS_GROUPING,
  NS_HDREXT,
  NS_ICE_OPTION,
  NS_ICE_UDP,
  NS_JINGLE,
  NS_JINGLE_ERRORS,
  NS_JINGLE_MESSAGE,
  NS_RAW_UDP,
  NS_RTCP_FB,
  NS_RTP,
  NS_RTP_AUDIO,
  NS_RTP_ERRORS,
  NS_RTP_INFO,
  NS_RTP_VIDEO,
  NS_SSMA,
  NS_TRANSFER,
  NS_ZRTP,
} from './namespaces.ts';
export {
  DEFAULT_JINGLE_LIMITS,
  isSameContent,
  JINGLE_ACTIONS,
  jingleElement,
  readJingle,
  type Application,
  type Content,
  type ContentGroup,
  type Jingle,
  type JingleAction,
  type JingleLimits,
  type Transport,
} from './jingle.ts';
export { readReason, reasonElement, REASONS, type Reason, type ReasonCondition } from './reason.ts';
export {
  readRtpDescription,
  rtpDescriptionElement,
  type RtpEncryption,
  type FeedbackSet,
  type PayloadType,
  type RtpBandwidth,
  type RtpCrypto,
  type RtpDescription,
  type RtpExtension,
  type RtpFeedback,
  type RtpParameter,
  type RtpSource,
  type RtpSourceGroup,
  type ZrtpHash,
} from './rtp.ts';
export {
  iceTransportElement,
  readIceTransport,
  type IceCandidate,
  type IceFingerprint,
  type IceTransport,
  type RemoteCandidate,
} from './ice.ts';
export { rawTransportElement, readRawTransport, type RawCandidate, type RawTransport } from './raw-udp.ts';
export type { Creator, Senders } from './senders.ts';
export { jingleError, JINGLE_ERRORS, readJingleError, type JingleErrorCondition } from './jingle-error.ts';
export { readRtpInfo, rtpInfoElement, type RtpInfo } from './rtp-info.ts';
export { dtmfElement, dtmfError, readDtmf, type Dtmf } from './dtmf.ts';
export {
  isTransferred,
  readTransfer,
  transferElement,
  transferredReason,
  type Transfer,
} from './transfer.ts';
export { overrules, type Beginning } from './tie-break.ts';
export { initialSession, stepSession } from './session-machine.ts';
export { GRACE_MS, MAX_QUESTIONS, MAX_REQUESTS, MAX_TONES } from './session-types.ts';
export type {
  ContentName,
  ContentStatus,
  OwnAction,
  SessionContent,
  SessionEffect,
  SessionEnd,
  SessionEndCause,
  SessionEvent,
  SessionInfo,
  SessionPhase,
  SessionQuestion,
  SessionReport,
  SessionState,
  SessionSupport,
  SessionTransition,
} from './session-types.ts';
export {
  initiationElement,
  initiationMessage,
  readInitiation,
  type Initiation,
  type InitiationKind,
} from './initiation.ts';
export { initialInitiation, stepInitiation } from './initiation-machine.ts';
export { DEFAULT_INITIATION_LIMITS } from './initiation-types.ts';
export type {
  InitiationEffect,
  InitiationEnd,
  InitiationEvent,
  InitiationLimits,
  InitiationPhase,
  InitiationReport,
  InitiationRole,
  InitiationState,
  InitiationTransition,
} from './initiation-types.ts';
