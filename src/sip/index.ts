// The SIP room: messages, header fields, URIs, transactions, authentication, location (RFC 3261 family).

export type {
  AnswerableWreck,
  CSeq,
  HeaderField,
  NameAddr,
  Params,
  ParsedMessage,
  SipFault,
  SipMessage,
  SipRequest,
  SipResponse,
  Via,
} from './message/types.ts';
export type { LocalEndpoint, Source, Target, Transport, TransportName, TransportSink } from './transport.ts';
export { parseMessage, type ParseOptions } from './message/parse.ts';
export { serializeHead, serializeMessage } from './message/serialize.ts';
export { DEFAULT_SIP_LIMITS, type SipLimits } from './message/limits.ts';
export {
  DEFAULT_MAX_FORWARDS,
  buildRequest,
  buildResponse,
  buildWreckResponse,
  type RequestParts,
  type ResponseParts,
} from './message/build.ts';
export {
  withBody,
  withFirstHeader,
  withHeader,
  withTopVia,
  withoutHeader,
  type ReceivedFrom,
} from './message/change.ts';
export { headerField, rawHeaderField } from './message/field.ts';
export { reasonPhrase } from './message/reason-phrases.ts';
export { SipFramer, type FramerSink } from './message/framing.ts';
export { formatNameAddr, parseNameAddr, type NameAddrParts } from './header/name-addr.ts';
export { BRANCH_COOKIE, formatVia, parseVia, type ViaParts } from './header/via.ts';
export { contentType, requestUri } from './header/remembered.ts';
export { parseMediaType, type MediaType } from './header/media-type.ts';
export { listValues, singleValue, splitCommaList, type FieldSource } from './header/single.ts';
export { parseUri, type OtherUri, type Uri } from './uri/uri.ts';
export {
  equalSipUri,
  formatSipUri,
  isParamChar,
  isUriHeaderChar,
  isUserChar,
  parseSipUri,
  type SipUri,
  type SipUriParts,
  type UriHeader,
} from './uri/sip-uri.ts';
export { equalTelUri, formatTelUri, parseTelUri, type TelUri } from './uri/tel-uri.ts';
export { equalImPresUri, parseImPresUri, type ImPresUri } from './uri/im-pres-uri.ts';
export { formatXmppUri, parseXmppUri, type XmppUri } from './uri/xmpp-uri.ts';
export { normalizeEscapes, percentDecode, percentDecodeUtf8, percentEncode } from './uri/percent.ts';
export { isHostname, isIpv4, readHost, readIpv6 } from './uri/host.ts';
export { parseCSeq } from './header/cseq.ts';
export { parseViaLine } from './header/via.ts';
export { NO_PARAMS, formatParams, quote } from './header/params.ts';
export { isToken } from './header/chars.ts';
export {
  contactList,
  nameAddr,
  nameAddrList,
  recordRouteList,
  routeList,
  viaList,
} from './header/addresses.ts';
export {
  allow,
  contentDisposition,
  contentEncoding,
  contentLanguage,
  event,
  parseTokenWithParams,
  proxyRequire,
  reasonHeader,
  requireTags,
  subject,
  subscriptionState,
  supported,
  unsupported,
  type ContentDisposition,
  type EventHeader,
  type ReasonValue,
  type TokenWithParams,
} from './header/tokens.ts';
export {
  accept,
  acceptEncoding,
  acceptLanguage,
  acceptsType,
  type AcceptRange,
  type AcceptToken,
} from './header/accept.ts';
export {
  date,
  expires,
  formatRetryAfter,
  formatSipDate,
  minExpires,
  parseDeltaSeconds,
  parseRetryAfter,
  parseSipDate,
  retryAfter,
  type RetryAfter,
} from './header/time.ts';
export { formatWarning, parseWarning, warnings, type Warning } from './header/warning.ts';
export { parseChallenges, proxyAuthenticate, wwwAuthenticate, type Challenge } from './header/challenge.ts';
export {
  isDnsName,
  type DnsAnswer,
  type DnsResolver,
  type NaptrRecord,
  type SrvRecord,
} from './locate/dns-resolver.ts';
export { DnsCache, type Kept } from './locate/dns-cache.ts';
export { sipEvidence, srvEvidence, type ServiceEvidence } from './locate/evidence.ts';
export { orderSrv, type Weighted } from './locate/srv-order.ts';
export { Locator, type LocatorEnv, type LocatorLimits, type LocatorOptions } from './locate/locator.ts';
export { transportTraits } from './locate/transports.ts';
export { NextHops, type NextHop, type NextHopConfig, type NextHopList } from './locate/next-hops.ts';
export type { LocateFault, LocateFaultCode, LocateResult, LocatedTarget } from './locate/plan.ts';
export { specialUse, type SpecialUse } from './locate/private-targets.ts';
export { TransportSupport } from './locate/transports.ts';
export {
  DEFAULT_TRANSACTION_LIMITS,
  TransactionLayer,
  type PendingCounts,
  type TransactionEnv,
  type TransactionLimits,
} from './transaction/layer.ts';
export type { Refusal, TransactionUser } from './transaction/user.ts';
export type { ClientFailure, ClientHandlers, ClientTransaction } from './transaction/client-transaction.ts';
export type { ResponseOptions, ServerTransaction } from './transaction/server-transaction.ts';
export type { ResolveSentBy } from './transaction/server-side.ts';
export { DEFAULT_TIMERS, type TimersConfig } from './transaction/timing.ts';
export { MAX_UDP_REQUEST_BYTES, transportForSize } from './transaction/size-rule.ts';
export {
  DigestClient,
  NO_ANSWERS,
  type AuthRetry,
  type AuthState,
  type Credential,
  type DigestClientOptions,
} from './auth/digest-client.ts';
export { identityValues, type IdentityValue } from './identity/identity-header.ts';
export {
  passportIdentity,
  readPassport,
  samePassportIdentity,
  signingInput,
  type PassportClaims,
  type PassportIdentity,
  type ReadPassport,
} from './identity/passport.ts';
export {
  DigestServer,
  OFFERED_ALGORITHMS,
  type Authentication,
  type DigestServerOptions,
  type DigestUser,
  type DigestUserSecret,
  type OfferedAlgorithm,
} from './auth/digest-server.ts';
export {
  digestAlgorithm,
  digestResponse,
  digestSecret,
  type DigestAlgorithm,
  type DigestInput,
  type DigestQop,
} from './auth/digest.ts';
export {
  REGISTERED_METHODS,
  capabilityHeaders,
  checkRequest,
  type Capabilities,
  type Rejection,
} from './usage/request-checks.ts';
export {
  CompletedStore,
  type CompletedStoreOptions,
  type Fingerprint,
} from './transaction/completed-store.ts';
export { KeyedHash } from './transaction/keyed-hash.ts';
export {
  allowEvents,
  equalEvents,
  eventName,
  formatEvent,
  stateOfSubscription,
  type EventName,
  type StateOfSubscription,
} from './header/events.ts';
export {
  contactTarget,
  dialogFromNotify,
  dialogFromRequest,
  dialogFromResponse,
  dialogKey,
  keyOfDialog,
  keyOfRequest,
  type Dialog,
} from './dialog/dialog.ts';
export {
  afterTargetRefresh,
  buildDialogRequest,
  receiveInDialog,
  type DialogRequest,
  type DialogRequestParts,
} from './dialog/requests.ts';
export {
  beginSubscription,
  forkedSubscription,
  stepSubscription,
  type SubscriptionEffect,
  type SubscriptionEvent,
  type Sending,
  type SubscriptionState,
  type SubscriptionTransition,
} from './subscription/subscription.ts';
export { isKeptSubscription, keptState, type KeptSubscription } from './subscription/kept.ts';
export { retryAfterEnd, type End, type FailureReason, type Retry } from './subscription/end.ts';
export {
  beginFetch,
  beginNotifier,
  formatNotifierState,
  restoredNotifier,
  stepNotifier,
  type NotifierEffect,
  type NotifierEnd,
  type NotifierEvent,
  type NotifierState,
  type NotifierTransition,
  type NotifyFailure,
  type NotifyState,
  type TerminationReason,
} from './subscription/notifier.ts';
export { NOTIFIER_SUBSCRIPTIONS, type NotifierRecord } from './subscription/notifier-record.ts';
export { refreshDelayMs, retryDelayMs } from './subscription/times.ts';
export {
  BEGIN_SUBSCRIBER,
  stepSubscriber,
  type SubscriberEffect,
  type SubscriberEvent,
  type SubscriberState,
  type SubscriberTransition,
} from './subscription/subscriber.ts';
export {
  BEGIN_EXCHANGE,
  stepExchange,
  type ExchangeEffect,
  type ExchangeEvent,
  type ExchangeState,
} from './usage/exchange.ts';
export { sipEtag, sipIfMatch } from './header/entity-tag.ts';
export {
  beginPublication,
  restoredPublication,
  stepPublication,
  type PublicationEffect,
  type PublicationEvent,
  type PublicationState,
  type PublicationTransition,
  type PublishOperation,
} from './publication/publication.ts';
export {
  receivePublish,
  unexpired,
  type CompositorRules,
  type PublishAnswer,
  type PublishedStates,
  type PublishOutcome,
  type PublishRequest,
} from './publication/compositor.ts';
export { formatRAck, rAck, rSeq, type RAck } from './header/reliability.ts';
export { formatSessionExpires, minSe, sessionExpires, type SessionExpires } from './header/session-timer.ts';
export {
  formatReplaces,
  parseReplaces,
  referSub,
  referTo,
  referredBy,
  replaces,
  uriWithReplaces,
  type ReferTarget,
  type Replaces,
} from './header/transfer.ts';
export { formatReason, hasOption, infoPackage, recvInfo } from './header/call.ts';
export { isDialog } from './dialog/kept.ts';
export type { Description, Offer } from './invite/offers.ts';
export type {
  Change,
  ChangeEffect,
  ChangeEvent,
  ChangeMethod,
  Changes,
  ChangesTransition,
  Loss,
} from './invite/change.ts';
export { stepChanges } from './invite/changes.ts';
export type { CallEnd } from './invite/end.ts';
export {
  beginCaller,
  stepCaller,
  type CallOffer,
  type CallerEffect,
  type CallerEvent,
  type CallerState,
  type CallerTransition,
} from './invite/caller.ts';
export { beginCallee, stepCallee } from './invite/callee.ts';
export type {
  CalleeEffect,
  CalleeEvent,
  CalleeState,
  CalleeTransition,
  Invitation,
} from './invite/invitation.ts';
export type { Progress } from './invite/reliable.ts';
export { beginSession, stepSession } from './invite/session.ts';
export {
  DEFAULT_SESSION_RULES,
  type MortalSession,
  type OpenSession,
  type SessionEffect,
  type SessionEvent,
  type SessionRules,
  type SessionStart,
  type SessionState,
  type SessionTransition,
} from './invite/session-state.ts';
export {
  ABSOLUTE_MIN_SE,
  answerTimer,
  timerOfAnswer,
  timerOfResponse,
  type SessionTimer,
  type TimerAnswer,
  type TimerOffer,
  type TimerPolicy,
} from './invite/session-timer.ts';
export { isKeptSession, keptSession, restoredSession, type KeptSession } from './invite/kept.ts';
export {
  isKeptInvite,
  keptReceivedInvite,
  keptSentInvite,
  readKeptInvite,
  type KeptInvite,
  type KeptReceivedInvite,
  type KeptSentInvite,
} from './invite/kept-invite.ts';
export { replaceVerdict, type ReplaceVerdict, type ReplaceableDialog } from './invite/replaces.ts';
export { infoVerdict, type InfoRequest, type InfoRules, type InfoVerdict } from './invite/info.ts';
export { afterTheirRefresh, buildAckTo2xx, optionField, seenInDialog } from './invite/in-dialog.ts';
export { SIPFRAG_TYPE, formatSipfrag, parseSipfrag, type SipfragStatus } from './invite/sipfrag.ts';
export {
  BEGIN_REFERRER,
  beginReferred,
  stepReferred,
  stepReferrer,
  type ReferOutcome,
  type ReferredEffect,
  type ReferredEvent,
  type ReferredState,
  type ReferredTransition,
  type ReferrerEffect,
  type ReferrerEvent,
  type ReferrerState,
  type ReferrerTransition,
} from './invite/refer.ts';
