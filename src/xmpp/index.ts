export {
  bareJid,
  equalBare,
  equalJid,
  formatBareJid,
  formatJid,
  isIpv4,
  isIpv6,
  jidFromParts,
  parseJid,
  prepareDomain,
  prepareLocal,
  prepareResource,
  type Jid,
} from './jid/index.ts';
export {
  NS_STANZAS,
  defaultErrorType,
  isStanzaCondition,
  isStanzaErrorType,
  stanzaConditions,
  type StanzaCondition,
  type StanzaErrorType,
} from './stanza/condition.ts';
export {
  errorElement,
  errorReply,
  mayAnswerWithError,
  readStanzaError,
  stanzaError,
  type StanzaError,
} from './stanza/error.ts';
export { stanzaKind, type StanzaKind } from './stanza/stanza.ts';
export {
  messageType,
  readMessage,
  type LocalizedText,
  type Message,
  type MessageThread,
  type MessageType,
} from './stanza/message.ts';
export { readPresence, type Presence, type PresenceType, type Show } from './stanza/presence.ts';
export { iqResult, readIq, type Iq, type IqType } from './stanza/iq.ts';
export {
  FEATURE_JID_ESCAPING,
  NS_ACTIVITY,
  NS_CAPS,
  NS_CARBONS,
  NS_CHAT_MARKERS,
  NS_CHAT_STATES,
  NS_CORRECT,
  NS_DELAY,
  NS_DISCO_INFO,
  NS_DISCO_ITEMS,
  NS_EME,
  NS_FALLBACK,
  NS_GEOLOC,
  NS_HINTS,
  NS_IDLE,
  NS_LAST,
  NS_LEGACY_PGP,
  NS_MAM,
  NS_MOOD,
  NS_NICK,
  NS_OMEMO,
  NS_OMEMO_LEGACY,
  NS_OOB,
  NS_OPENPGP,
  NS_OTR,
  NS_PING,
  NS_PUBSUB_EVENT,
  NS_REACTIONS,
  NS_RECEIPTS,
  NS_REPLY,
  NS_RETRACT,
  NS_TIME,
  NS_VCARD,
  NS_VERSION,
  NS_XHTML_IM,
} from './xep/namespaces.ts';
export { parseDateTime } from './xep/date-time.ts';
export { delayElement, readDelay, type Delay } from './xep/delay.ts';
export { chatStateElement, readChatState, type ChatState } from './xep/chat-state.ts';
export {
  displayedElement,
  markableElement,
  readReportGiven,
  readReportWish,
  receiptElement,
  receiptRequestElement,
  type ReportGiven,
  type ReportWish,
} from './xep/receipt.ts';
export { idleElement, readIdle } from './xep/idle.ts';
export { moodElement, MOODS, readMood, type Mood, type MoodWord } from './xep/mood.ts';
export {
  activityElement,
  readActivity,
  type Activity,
  type ActivityWord,
  type SpecificActivity,
} from './xep/activity.ts';
export type { PepText } from './xep/pep-text.ts';
export { geolocElement, readGeoloc, type Geoloc, type GeolocField } from './xep/geoloc.ts';
export { vCardElement, type VCard } from './xep/vcard.ts';
export { nickElement, readNick } from './xep/nick.ts';
export { readEncryption, type Encryption } from './xep/encryption.ts';
export { hasHint, hintElement, readWrapper, type Hint, type Wrapper } from './xep/wrapper.ts';
export { readFallbacks, readReference, type Fallback, type MessageReference } from './xep/reference.ts';
export { outOfBandElement, readOutOfBand, type OutOfBand } from './xep/oob.ts';
export {
  discoInfoElement,
  discoItemsElement,
  readDiscoInfo,
  type DiscoIdentity,
  type DiscoInfo,
  type DiscoItem,
} from './xep/disco.ts';
export { capsElement, capsVersion, isCapsHash, readCaps, type Caps, type CapsHash } from './xep/caps.ts';
export { eventMessage, isEventMessage, readEvent, type PepEvent } from './xep/pep-event.ts';
export { answerIq, type CitizenContext } from './xep/citizen.ts';
export { userCaps } from './xep/user-caps.ts';
export {
  NS_STREAM,
  NS_STREAM_ERRORS,
  isStreamCondition,
  isStreamError,
  readStreamError,
  streamConditions,
  streamErrorElement,
  streamErrorMeaning,
  type RetryClass,
  type StreamCondition,
  type StreamError,
} from './stream/stream-error.ts';
export {
  NS_COMPONENT,
  handshakeDigest,
  initialComponentState,
  stepComponent,
  type ComponentEffect,
  type ComponentEnv,
  type ComponentEvent,
  type ComponentState,
  type ComponentTransition,
  type StreamFailure,
  type StreamFailureReason,
} from './stream/component-stream.ts';
export {
  awaitsConfirmation,
  initialBarrierState,
  stepBarrier,
  type BarrierEffect,
  type BarrierEvent,
  type BarrierPurpose,
  type BarrierState,
  type BarrierTransition,
} from './stream/barrier.ts';
export {
  FORGET_AFTER_MISSES,
  MAX_SESSION_MANAGERS,
  QUICK_ROUTER_MS,
  SLOW_ROUTER_MS,
  initialSessionManagersState,
  introducedSessionManager,
  sessionManagerAnswered,
  stepSessionManagers,
  type SessionManager,
  type SessionManagersEffect,
  type SessionManagersEvent,
  type SessionManagersState,
  type SessionManagersTransition,
} from './stream/session-managers.ts';
export { DEFAULT_BACK_OFF, backOffMs, type BackOffOptions } from './stream/back-off.ts';
export {
  DEFAULT_JINGLE_LIMITS,
  JINGLE_ACTIONS,
  NS_DTLS,
  NS_GROUPING,
  NS_HDREXT,
  NS_ICE_OPTION,
  NS_ICE_UDP,
  NS_JINGLE,
  NS_JINGLE_ERRORS,
  NS_RAW_UDP,
  NS_RTCP_FB,
  NS_RTP,
  NS_RTP_AUDIO,
  NS_RTP_ERRORS,
  NS_RTP_INFO,
  NS_RTP_VIDEO,
  NS_SSMA,
  NS_ZRTP,
  REASONS,
  iceTransportElement,
  isSameContent,
  jingleElement,
  rawTransportElement,
  readIceTransport,
  readJingle,
  readRawTransport,
  readReason,
  readRtpDescription,
  reasonElement,
  rtpDescriptionElement,
  type Application,
  type Content,
  type ContentGroup,
  type Creator,
  type FeedbackSet,
  type IceCandidate,
  type IceFingerprint,
  type IceTransport,
  type Jingle,
  type JingleAction,
  type JingleLimits,
  type PayloadType,
  type RawCandidate,
  type RawTransport,
  type Reason,
  type ReasonCondition,
  type RemoteCandidate,
  type RtpBandwidth,
  type RtpCrypto,
  type RtpDescription,
  type RtpEncryption,
  type RtpExtension,
  type RtpFeedback,
  type RtpParameter,
  type RtpSource,
  type RtpSourceGroup,
  type Senders,
  type Transport,
  type ZrtpHash,
} from './jingle/index.ts';
